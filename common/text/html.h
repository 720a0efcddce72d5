/* SPDX-License-Identifier: Apache-2.0 */
/* HTML to plain text, linear in the input whatever it nests or forgets to close, with own depth and output caps.
 * Pure. */
#ifndef TEXT_HTML_H
#define TEXT_HTML_H

#include "base/buf.h"

/* UTF-8 in, UTF-8 out: block elements become lines, list items "- " or their number, quotations "> ", links "text
 * <url>" when they differ, images their alt text; script, style, head and hidden elements are dropped; entities
 * decoded. Appended to `ret` and capped by its ceiling (BUF_FULL; what fits is there). Returns 0, BUF_FULL,
 * -ENOMEM. */
int html_to_text(struct slice html, struct buf *ret);

#endif
