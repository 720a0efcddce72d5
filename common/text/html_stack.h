/* SPDX-License-Identifier: Apache-2.0 */
/* The elements that are open, and which of them a tag closes without saying so: as HTML's tree construction does where
 * that changes what is seen (HTML Living Standard 13.2.6). Inside common/text only. Pure. */
#ifndef TEXT_HTML_STACK_H
#define TEXT_HTML_STACK_H

#include "text/html_element.h"

enum { HTML_DEPTH_MAX = 256 };

struct html_stack {
  size_t depth, overflow; /* elements open above HTML_DEPTH_MAX are only counted */
  const struct html_element *open[HTML_DEPTH_MAX];
  uint32_t name[HTML_DEPTH_MAX]; /* a hash: elements without a row have their name only */
  uint16_t by_name[256]; /* by the low byte of the hash, so that most stray end tags cost nothing */
};

uint32_t html_stack_name(struct slice name);
/* Whether one of that name may be open. */
static inline bool html_stack_may_have(const struct html_stack *s, uint32_t name) {
  return s->by_name[name & 0xFF];
}
/* Returns false when it is too deep: its tags then mean nothing. */
bool html_stack_push(struct html_stack *s, const struct html_element *element, uint32_t name);
void html_stack_pop(struct html_stack *s);
/* How many elements, from the bottom, stay open when this one starts, or at an end tag of that name. The caller closes
 * the others from the top, with html_stack_pop(). An end tag that matches nothing, or would reach out of its table's
 * cell, closes none. */
size_t html_stack_at_start(const struct html_stack *s, const struct html_element *element);
size_t html_stack_at_end(struct html_stack *s, const struct html_element *element, uint32_t name);
/* The innermost part of a table that is open: a cell, row, section, table; NULL outside. */
const struct html_element *html_stack_table_part(const struct html_stack *s);

#endif
