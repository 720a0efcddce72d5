/* SPDX-License-Identifier: Apache-2.0 */
#include "text/html_flow.h"
#include "text/html_entity.h"
#include "text/html_look.h"

enum { SYMBOL_TEXT_MAX = 200 };

static bool is_joiner(uint32_t c) {
  return c == 0x200C || c == 0x200D;
}

/* Spaces of some width; newsletters fill the preview of a mail with them. */
static bool is_wide_space(uint32_t c) {
  return c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F;
}

/* A letter of Hangul or Braille that shows nothing. */
static bool is_filler(uint32_t c) {
  return c == 0x3164 || c == 0xFFA0 || c == 0x2800;
}

static bool is_plain(uint32_t c) {
  return !is_joiner(c) && !is_wide_space(c) && !is_filler(c) && !html_is_unseen(c);
}

static bool write_character(struct html_writer *w, uint32_t c) {
  char utf8[4];
  if (is_wide_space(c)) {
    html_write_hard_gap(w);
    return true;
  }
  if (c == ' ' || (c < 0x20 && html_is_space((char)c))) {
    html_write_gap(w, ' ');
    return true;
  }
  if (is_joiner(c))
    html_write_joiner(w, c);
  if (c < 0x20 || !is_plain(c))
    return true;
  return html_write_word(w, slice_of(utf8, html_entity_utf8(c, utf8)));
}

/* A run of bytes that mean themselves. */
static size_t plain_length(struct slice s) {
  size_t i = 0;
  while (i < s.len) {
    uint8_t c = (uint8_t)s.at[i];
    if (c <= ' ' || c == '&' || c == 0x7F)
      break;
    if (c >= 0x80) {
      size_t len;
      if (!is_plain(html_wide_character(slice_of(s.at + i, s.len - i), &len)))
        break;
      i += len;
    } else {
      i++;
    }
  }
  return i;
}

/* The character at the start of `text`, and how many bytes it takes as written. */
static uint32_t next_character(struct slice text, size_t *ret_len) {
  uint32_t c = (uint8_t)text.at[0];
  *ret_len = 1;
  if (c == '&')
    *ret_len = html_entity_read(text, false, &c);
  else if (c >= 0x80)
    c = html_wide_character(text, ret_len);
  *ret_len = *ret_len ? *ret_len : 1; /* a plain '&' */
  return c;
}

static bool write_flowing(struct html_writer *w, struct slice text) {
  while (text.len) {
    size_t len = plain_length(text);
    if (len) {
      if (!html_write_word(w, slice_of(text.at, len)))
        return false;
    } else if (!write_character(w, next_character(text, &len))) {
      return false;
    }
    text = slice_of(text.at + len, text.len - len);
  }
  return true;
}

static bool write_as_typed(struct html_writer *w, struct slice text) {
  while (text.len) {
    const char *amp = memchr(text.at, '&', text.len);
    size_t len = amp ? (size_t)(amp - text.at) : text.len;
    if (len && !html_write_verbatim(w, slice_of(text.at, len)))
      return false;
    text = slice_of(text.at + len, text.len - len);
    if (text.len) {
      char utf8[4];
      uint32_t c = next_character(text, &len);
      struct slice one = slice_of(utf8, html_entity_utf8(c == 0xA0 ? ' ' : c, utf8));
      if ((c >= 0x20 || c == '\n' || c == '\t') && !html_write_verbatim(w, one))
        return false;
      text = slice_of(text.at + len, text.len - len);
    }
  }
  return true;
}

/* What Word and Outlook mean by letters of symbol fonts: bullets, arrows and what ":-)" and "-->" become. */
static const struct symbol {
  const char *letter, *means;
} symbols[] = {
    {"J", "\xE2\x98\xBA"},        {"K", "\xF0\x9F\x98\x90"},    {"L", "\xE2\x98\xB9"},
    {"\xC3\xA0", "\xE2\x86\x92"}, {"\xC3\x9F", "\xE2\x86\x90"}, {"\xC3\xB3", "\xE2\x86\x94"},
    {"\xC3\xBC", "\xE2\x9C\x93"}, {"\xC2\xA7", "\xE2\x80\xA2"}, {"\xC2\xB7", "\xE2\x80\xA2"},
    {"\xC3\x98", "\xE2\x80\xA2"}, {"\xEF\x82\xB7", "\xE2\x80\xA2"}, {"\xEF\x82\xA7", "\xE2\x80\xA2"},
};

static struct slice symbol(struct slice letter) {
  for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
    if (slice_equal(letter, slice_text(symbols[i].letter)))
      return slice_text(symbols[i].means);
  return letter;
}

/* A list's mark of one character that is no digit or letter of counting is a bullet, whichever. */
static struct slice list_mark(struct slice mark) {
  bool one = mark.len == 1 || (mark.len && mark.len <= 4 && (uint8_t)mark.at[0] >= 0x80);
  bool counts = mark.len == 1 && mark.at[0] >= '0' && mark.at[0] <= '9';
  return one && !counts ? SLICE("-") : mark;
}

/* Words of a font whose letters are pictures, one at a time. */
static bool write_symbols(struct html_writer *w, unsigned inherited, struct slice text) {
  char decoded[SYMBOL_TEXT_MAX];
  size_t len = html_attribute_decode(text, HTML_DECODE_WORDS, decoded, sizeof(decoded));
  struct slice rest = slice_of(decoded, len), word;
  size_t step;
  uint32_t first = next_character(text, &step);
  if (is_wide_space(first) || first == ' ' || (first < 0x20 && html_is_space((char)first)))
    html_write_gap(w, ' ');
  while (slice_split(&rest, ' ', &word)) {
    struct slice shown = inherited & HTML_LIST_MARK ? list_mark(word) : symbol(word);
    if (!html_write_word(w, shown))
      return false;
    if (rest.len || (len && decoded[len - 1] == ' '))
      html_write_gap(w, ' ');
  }
  return true;
}

bool html_flow(struct html_writer *w, unsigned inherited, struct slice text) {
  bool short_enough = text.len <= SYMBOL_TEXT_MAX; /* a longer one is text in the wrong font */
  if (inherited & (HTML_SYMBOLS | HTML_LIST_MARK) && short_enough)
    return write_symbols(w, inherited, text);
  return inherited & HTML_AS_TYPED ? write_as_typed(w, text) : write_flowing(w, text);
}
