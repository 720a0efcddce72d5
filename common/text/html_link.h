/* SPDX-License-Identifier: Apache-2.0 */
/* What plain text says of where a link leads. Inside common/text only. Pure. */
#ifndef TEXT_HTML_LINK_H
#define TEXT_HTML_LINK_H

#include "base/slice.h"

enum {
  HTML_LINK_MAX = 8000,  /* a longer href is not read */
  HTML_LINK_SHOWN = 200, /* a longer URL is cut behind its host: "https://host/…" says where, its tracking does not */
  HTML_LINK_ROOM = HTML_LINK_SHOWN + 8,
};

/* The URL to show behind a link's text, in `ret` of HTML_LINK_ROOM bytes; 0 when the text says it already, when it
 * leads nowhere outside, or when the link has no text at all. What link checkers (Safe Links and their like) wrap is
 * shown unwrapped. `href` is as written. */
size_t html_link_shown(struct slice href, struct slice text, char *ret);

#endif
