/* SPDX-License-Identifier: Apache-2.0 */
/* A quote that is never closed would swallow the rest of the mail; here it is part of its value. Once that has
 * happened no later quote of its kind exists, so the search for it fails at most twice in all. */
#include "text/html_tag.h"
#include "text/html_entity.h"

enum { STYLE_MAX = 2000 };

bool html_is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

uint32_t html_wide_character(struct slice s, size_t *ret_len) {
  uint8_t lead = (uint8_t)s.at[0];
  *ret_len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t c = lead & (0xFFu >> (*ret_len + 1));
  for (size_t i = 1; i < *ret_len; i++)
    c = c << 6 | ((uint8_t)s.at[i] & 0x3Fu);
  return c;
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

/* display:none and the like, as newsletters hide their preview line. */
static bool style_hides(struct slice style) {
  static const char *const hiding[] = {"display:none", "visibility:hidden", "mso-hide:all"};
  char packed[STYLE_MAX + 1];
  size_t len = 0;
  for (size_t i = 0; i < style.len && len < STYLE_MAX; i++)
    if (!html_is_space(style.at[i]))
      packed[len++] = style.at[i] >= 'A' && style.at[i] <= 'Z' ? (char)(style.at[i] | 0x20) : style.at[i];
  packed[len] = '\0';
  for (size_t i = 0; i < sizeof(hiding) / sizeof(hiding[0]); i++)
    if (strstr(packed, hiding[i]))
      return true;
  return false;
}

size_t html_attribute_decode(struct slice value, bool spaces, char *ret, size_t room) {
  size_t len = 0;
  while (value.len && len + 4 <= room) {
    uint32_t c = (uint8_t)value.at[0];
    size_t step = c == '&' ? html_entity_read(value, true, &c) : 1;
    char utf8[4];
    size_t wide = 0;
    if ((uint8_t)value.at[0] >= 0x80)
      c = html_wide_character(value, &step);
    if (c > ' ' && c != 0x7F && c != 0xA0)
      wide = html_entity_utf8(c, utf8);
    else if (spaces && len && ret[len - 1] != ' ')
      wide = html_entity_utf8(' ', utf8);
    memcpy(ret + len, utf8, wide);
    len += wide;
    step = step ? step : 1;
    value = slice_of(value.at + step, value.len - step);
  }
  return len;
}

void html_tag_read(struct slice *rest, struct html_tag *tag) {
  struct slice name, value, style = {0};
  while (next_attribute(rest, &name, &value)) {
    if (slice_equal_nocase(name, SLICE("hidden")))
      tag->hidden = true;
    struct slice *kept = slice_equal_nocase(name, SLICE("href"))    ? &tag->href
                         : slice_equal_nocase(name, SLICE("alt"))   ? &tag->alt
                         : slice_equal_nocase(name, SLICE("style")) ? &style
                                                                    : NULL;
    if (kept && !kept->at)
      *kept = value;
  }
  if (rest->len)
    *rest = slice_of(rest->at + 1, rest->len - 1);
  if (style.len && style_hides(style))
    tag->hidden = true;
}
