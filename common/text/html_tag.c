/* SPDX-License-Identifier: Apache-2.0 */
/* A quote that is never closed would swallow the rest of the mail; here it is part of its value. Once that has
 * happened no later quote of its kind exists, so the search for it fails at most twice in all. */
#include "text/html_tag.h"
#include "text/html_entity.h"

enum { LONGEST_NAME = 15, DIGITS_MAX = 6 };

static const char *const names[] = {
#define ATTRIBUTE(id, name, check, most, on) name,
#include "text/html_attributes.def"
#undef ATTRIBUTE
};

uint32_t html_wide_character(struct slice s, size_t *ret_len) {
  uint8_t lead = (uint8_t)s.at[0];
  *ret_len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t c = lead & (0xFFu >> (*ret_len + 1));
  for (size_t i = 1; i < *ret_len; i++)
    c = c << 6 | ((uint8_t)s.at[i] & 0x3Fu);
  return c;
}

bool html_is_unseen(uint32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x180E || c == 0x200B || c == 0x202D || c == 0x202E ||
         (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF || (c >= 0x7F && c <= 0x9F);
}

/* One attribute from *rest, which ends at the tag's '>' or '/'. */
static bool next_attribute(struct slice *rest, struct slice *ret_name, struct slice *ret_value) {
  const char *at = rest->at, *end = rest->at + rest->len;
  while (at < end && (html_is_space(*at) || *at == '/'))
    at++;
  const char *name = at;
  while (at < end && *at != '>' && *at != '/' && !html_is_space(*at) && (*at != '=' || at == name))
    at++;
  *ret_name = slice_of(name, (size_t)(at - name));
  *ret_value = slice_of(at, 0);
  const char *equals = at;
  while (equals < end && html_is_space(*equals))
    equals++;
  if (ret_name->len && equals < end && *equals == '=') {
    at = equals + 1;
    while (at < end && html_is_space(*at))
      at++;
    char quote = at < end && (*at == '"' || *at == '\'') ? *at : '\0';
    const char *close = quote ? memchr(at + 1, quote, (size_t)(end - at - 1)) : NULL;
    const char *value = close ? at + 1 : at;
    if (close)
      at = close + 1;
    else
      while (at < end && *at != '>' && !html_is_space(*at))
        at++;
    *ret_value = slice_of(value, (size_t)((close ? close : at) - value));
  }
  *rest = slice_of(at, (size_t)(end - at));
  return ret_name->len > 0;
}

static enum html_attribute find(struct slice name) {
  char lowered[LONGEST_NAME + 1];
  if (name.len > LONGEST_NAME)
    return HTML_ATTRIBUTES;
  for (size_t i = 0; i < name.len; i++)
    lowered[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 0x20) : name.at[i];
  lowered[name.len] = '\0';
  size_t low = 0, high = HTML_ATTRIBUTES;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(lowered, names[middle]);
    if (order == 0)
      return (enum html_attribute)middle;
    if (order > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return HTML_ATTRIBUTES;
}

void html_tag_read(struct slice *rest, const struct html_element *element, struct html_tag *tag) {
  struct slice name, value;
  *tag = (struct html_tag){.element = element};
  while (next_attribute(rest, &name, &value)) {
    enum html_attribute which = find(name);
    if (which != HTML_ATTRIBUTES && !tag->value[which].at)
      tag->value[which] = value;
  }
  if (rest->len)
    *rest = slice_of(rest->at + 1, rest->len - 1);
}

/* What takes the place of a character of an attribute; 0 when nothing does. */
static uint32_t decoded_as(uint32_t c, enum html_decode how, bool behind_space) {
  bool wide_space = c == 0xA0 && (how == HTML_DECODE_LINK || how == HTML_DECODE_WORDS);
  if (c > ' ' && c != 0x7F && !wide_space)
    return html_is_unseen(c) ? 0 : c;
  if (how == HTML_DECODE_WORDS)
    return behind_space ? 0 : ' ';
  return how == HTML_DECODE_STYLE || (how == HTML_DECODE_URL && c == ' ') ? ' ' : 0;
}

size_t html_attribute_decode(struct slice value, enum html_decode how, char *ret, size_t room) {
  size_t len = 0;
  while (value.len && len < room) {
    uint32_t c = (uint8_t)value.at[0];
    size_t step = c == '&' ? html_entity_read(value, true, &c) : 1;
    char utf8[4];
    if ((uint8_t)value.at[0] >= 0x80)
      c = html_wide_character(value, &step);
    c = decoded_as(c, how, !len || ret[len - 1] == ' ');
    size_t wide = c ? html_entity_utf8(c, utf8) : 0;
    if (wide > room - len)
      break;
    memcpy(ret + len, utf8, wide);
    len += wide;
    step = step ? step : 1;
    value = slice_of(value.at + step, value.len - step);
  }
  return len;
}

int html_attribute_number(struct slice value) {
  int number = -1;
  value = slice_trim(value);
  for (size_t i = 0; i < value.len && i < DIGITS_MAX && value.at[i] >= '0' && value.at[i] <= '9'; i++)
    number = (number < 0 ? 0 : 10 * number) + (value.at[i] - '0');
  return number;
}
