/* SPDX-License-Identifier: Apache-2.0 */
/* HTML cut into its pieces: text, start tags, end tags. What is neither is passed over: comments and conditional ones,
 * doctype, CDATA, processing instructions. Linear: every search that can fail is made once. Inside common/text only.
 * Pure. */
#ifndef TEXT_HTML_SCAN_H
#define TEXT_HTML_SCAN_H

#include "base/arena.h"

enum html_piece { HTML_PIECE_NONE, HTML_PIECE_TEXT, HTML_PIECE_START, HTML_PIECE_END };

struct html_scan {
  struct slice rest;            /* not read yet */
  const char *last_end;         /* the last '>' of the input, NULL when there is none */
  const char *last_comment_end; /* the last "-->" */
};

void html_scan_begin(struct html_scan *s, struct slice html);
/* Lends the text as written, or an element's name as written. Behind a START its attributes have to be read next:
 * html_tag_read(). NONE is the end of the input. */
enum html_piece html_scan_next(struct html_scan *s, struct slice *ret);
/* Passes over what only `name`'s own end tag ends, that tag included, and lends what stood before it. */
struct slice html_scan_raw(struct html_scan *s, const char *name);
/* `html` itself when it is clean UTF-8, else a mended copy that lives in *ret_arena, which is the caller's to free
 * (NULL when there is none). Returns 0, -ENOMEM. */
int must_check html_scan_mend(struct slice html, struct slice *ret, struct arena **ret_arena);

#endif
