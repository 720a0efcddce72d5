/* SPDX-License-Identifier: Apache-2.0 */
/* Text between tags, as written, into lines: references decoded, white space made one, what nobody sees left out.
 * Inside common/text only. Pure. */
#ifndef TEXT_HTML_FLOW_H
#define TEXT_HTML_FLOW_H

#include "text/html_write.h"

/* `inherited` is what html_look.h says of where it stands: as typed, symbols, the mark of a list. Returns false when
 * the output is full. */
bool html_flow(struct html_writer *w, unsigned inherited, struct slice text);

#endif
