/* SPDX-License-Identifier: Apache-2.0 */
/* One start tag of HTML: the attributes that matter for plain text. Inside common/text only. Pure. */
#ifndef TEXT_HTML_TAG_H
#define TEXT_HTML_TAG_H

#include "text/html_element.h"

struct html_tag {
  const struct html_element *element;
  struct slice href, alt; /* as written */
  bool hidden;            /* by an attribute or its style */
};

/* Reads the attributes from *rest, which begins behind the tag's name, up to and including its '>'. The first of equal
 * attributes counts. */
void html_tag_read(struct slice *rest, struct html_tag *ret);
/* The character at the start of `s`, valid UTF-8 of two bytes or more. */
uint32_t html_wide_character(struct slice s, size_t *ret_len);
/* An attribute's words: entities decoded, white space dropped (links) or made single spaces; cut at `room`.
 * Returns the length. */
size_t html_attribute_decode(struct slice value, bool spaces, char *ret, size_t room);
bool html_is_space(char c);

#endif
