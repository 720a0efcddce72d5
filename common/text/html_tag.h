/* SPDX-License-Identifier: Apache-2.0 */
/* One start tag of HTML: the attributes that matter (html_attributes.def). Inside common/text only. Pure. */
#ifndef TEXT_HTML_TAG_H
#define TEXT_HTML_TAG_H

#include "text/html_element.h"

enum html_attribute {
#define ATTRIBUTE(id, name, check, most, on) HTML_AT_##id,
#include "text/html_attributes.def"
#undef ATTRIBUTE
  HTML_ATTRIBUTES
};

struct html_tag {
  const struct html_element *element;
  struct slice value[HTML_ATTRIBUTES]; /* as written; `at` is NULL for one that is not there */
};

static inline bool html_tag_has(const struct html_tag *tag, enum html_attribute which) {
  return tag->value[which].at;
}
/* Reads the attributes from *rest, which begins behind the tag's name, up to and including its '>'. The first of equal
 * attributes counts. */
void html_tag_read(struct slice *rest, const struct html_element *element, struct html_tag *ret);
/* The character at the start of `s`, valid UTF-8 of two bytes or more. */
uint32_t html_wide_character(struct slice s, size_t *ret_len);
enum html_decode {
  HTML_DECODE_LINK,  /* white space and controls dropped */
  HTML_DECODE_WORDS, /* white space made single spaces, none at the start */
  HTML_DECODE_STYLE, /* white space and controls made spaces */
  HTML_DECODE_URL,   /* controls dropped, spaces kept: as browsers read one */
};
/* An attribute's words: character references decoded, white space as `how` says; cut at `room`, which it never passes
 * when the value as written is no longer. Returns the length. */
size_t html_attribute_decode(struct slice value, enum html_decode how, char *ret, size_t room);
/* The number at the start of a value, at most six digits of it; -1 when there is none. */
int html_attribute_number(struct slice value);
/* Nothing a person sees: soft hyphen, zero width space, byte order mark …; and what reorders a line against its
 * characters (U+202D, U+202E). */
bool html_is_unseen(uint32_t c);
static inline bool html_is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
