/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner over groups, control words and text. Text is bytes in the code page of the font of the moment until a run
 * ends, because characters of two bytes are written as two escapes; \u is UTF-16, halves and all.
 */
#include "mime/rtf.h"
#include "base/buf.h"
#include "mime/charset.h"
#include "mime/rtf_word.h"
#include <stdio.h>

enum { FONTS_MAX = 128, HEAD_LEN = 400 };

struct group {
  bool skip;        /* a destination that is no text */
  bool fonts;       /* the font table */
  bool in_tag;      /* HTML as it was */
  bool not_html;    /* \htmlrtf: RTF's own rendering of what the HTML says */
  uint8_t unicode_skip;
  unsigned code_page;
};

struct rtf {
  struct reading *reading;
  struct buf out, run;
  unsigned run_page;
  struct group stack[RTF_DEPTH_MAX], now;
  size_t depth;
  bool html, starred;
  unsigned page;              /* of the document */
  size_t skip_characters;     /* what stands for a \u in older readers */
  uint32_t high_surrogate;
  int font;                   /* whose row of the table is being read */
  unsigned font_pages[FONTS_MAX];
};

static void end_run(struct rtf *t) {
  char label[16];
  if (!t->run.len)
    return;
  snprintf(label, sizeof(label), "cp%u", t->run_page);
  buf_add_slice(&t->out, charset_to_utf8(t->reading, slice_text(label), buf_slice(&t->run)));
  buf_clear(&t->run);
}

static bool is_shown(const struct rtf *t) {
  return !t->now.skip && !t->now.fonts && !(t->html && t->now.not_html && !t->now.in_tag);
}

static void put_text(struct rtf *t, const char *text) {
  if (!is_shown(t))
    return;
  end_run(t);
  buf_add_text(&t->out, text);
}

static void put_byte(struct rtf *t, char c) {
  if (t->skip_characters) {
    t->skip_characters--;
    return;
  }
  if (!is_shown(t))
    return;
  if (t->run.len && t->run_page != t->now.code_page)
    end_run(t);
  t->run_page = t->now.code_page;
  const char *entity = c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : NULL;
  if (entity && t->html && !t->now.in_tag)
    buf_add_text(&t->run, entity);
  else
    buf_add_char(&t->run, c);
}

static void put_character(struct rtf *t, uint32_t c) {
  char text[5] = {0};
  if (c >= 0xD800 && c < 0xDC00) {
    t->high_surrogate = c;
    return;
  }
  if (c >= 0xDC00 && c < 0xE000)
    c = t->high_surrogate ? 0x10000 + ((t->high_surrogate - 0xD800) << 10) + (c - 0xDC00) : 0xFFFD;
  t->high_surrogate = 0;
  if (c < 0x80) {
    text[0] = (char)c;
  } else if (c < 0x800) {
    text[0] = (char)(0xC0 | c >> 6);
    text[1] = (char)(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text[0] = (char)(0xE0 | c >> 12);
    text[1] = (char)(0x80 | (c >> 6 & 0x3F));
    text[2] = (char)(0x80 | (c & 0x3F));
  } else {
    text[0] = (char)(0xF0 | c >> 18);
    text[1] = (char)(0x80 | (c >> 12 & 0x3F));
    text[2] = (char)(0x80 | (c >> 6 & 0x3F));
    text[3] = (char)(0x80 | (c & 0x3F));
  }
  put_text(t, text);
}

/* --- groups and words --- */

static void open_group(struct rtf *t) {
  if (t->depth < RTF_DEPTH_MAX)
    t->stack[t->depth] = t->now;
  t->depth++;
  t->skip_characters = 0;
}

static void close_group(struct rtf *t) {
  t->skip_characters = 0;
  if (t->depth == 0)
    return;
  t->depth--;
  if (t->depth < RTF_DEPTH_MAX)
    t->now = t->stack[t->depth];
}

static void set_font(struct rtf *t, long number) {
  bool known = number >= 0 && number < FONTS_MAX;
  if (t->now.fonts)
    t->font = known ? (int)number : -1;
  else
    t->now.code_page = known && t->font_pages[number] ? t->font_pages[number] : t->page;
}

static void obey(struct rtf *t, enum rtf_meaning meaning, bool has_number, long number) {
  switch (meaning) {
  case RTF_CODE_PAGE:
    if (number > 0 && number <= 65535)
      t->page = t->now.code_page = (unsigned)number;
    break;
  case RTF_FONT:
    set_font(t, number);
    break;
  case RTF_FONT_SET:
    if (t->now.fonts && t->font >= 0)
      t->font_pages[t->font] = rtf_page_of_set(number);
    break;
  case RTF_UNICODE_SKIP:
    t->now.unicode_skip = number >= 0 && number <= 10 ? (uint8_t)number : 1;
    break;
  case RTF_UNICODE:
    put_character(t, (uint32_t)(number < 0 ? number + 65536 : number) & 0xFFFF);
    t->skip_characters = t->now.unicode_skip;
    break;
  case RTF_HTML_TAG:
    t->now.in_tag = t->html;
    t->now.skip |= !t->html;
    break;
  case RTF_NOT_HTML:
    t->now.not_html = !has_number || number != 0;
    break;
  case RTF_FONT_TABLE:
    t->now.fonts = true;
    break;
  case RTF_SKIP:
    t->now.skip = true;
    break;
  case RTF_PLAIN_WORD:
    break;
  }
}

static void do_word(struct rtf *t, struct slice name, bool has_number, long number) {
  const struct rtf_word *word = rtf_word_find(name);
  bool starred = t->starred;
  t->starred = false;
  if (!word) {
    t->now.skip |= starred; /* a destination this reader does not know */
    return;
  }
  if (starred && word->meaning == RTF_PLAIN_WORD)
    t->now.skip = true;
  if (word->text && t->skip_characters)
    t->skip_characters--;
  else if (word->text)
    put_text(t, word->text);
  obey(t, word->meaning, has_number, number);
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\word123 ": from behind the backslash; returns how much was read. */
static size_t read_word(struct rtf *t, struct slice s) {
  size_t len = 0, digits;
  while (len < s.len && is_letter(s.at[len]) && len < 32)
    len++;
  struct slice name = slice_of(s.at, len);
  bool minus = len < s.len && s.at[len] == '-';
  digits = len + minus;
  long number = 0;
  size_t at = digits;
  for (; at < s.len && s.at[at] >= '0' && s.at[at] <= '9' && at - digits < 9; at++)
    number = number * 10 + (s.at[at] - '0');
  bool has_number = at > digits;
  do_word(t, name, has_number, minus ? -number : number);
  len = has_number ? at : len;
  return len + (len < s.len && s.at[len] == ' ');
}

static size_t read_symbol(struct rtf *t, struct slice s) {
  char c = s.at[0];
  if (c == '\'' && s.len >= 3 && hex_value(s.at[1]) >= 0 && hex_value(s.at[2]) >= 0) {
    put_byte(t, (char)(hex_value(s.at[1]) * 16 + hex_value(s.at[2])));
    return 3;
  }
  if (c == '*')
    t->starred = true;
  else if (c == '{' || c == '}' || c == '\\')
    put_byte(t, c);
  else if (c == '~')
    put_text(t, t->html ? "&nbsp;" : "\xC2\xA0");
  else if (c == '_')
    put_text(t, "-");
  else if (c == '\n' || c == '\r')
    put_text(t, "\n");
  return 1;
}

static void scan(struct rtf *t, struct slice s) {
  for (size_t i = 0; i < s.len && !t->out.full && !t->reading->failed;) {
    char c = s.at[i++];
    if (c == '\\' && i < s.len) {
      struct slice rest = slice_of(s.at + i, s.len - i);
      i += is_letter(rest.at[0]) ? read_word(t, rest) : read_symbol(t, rest);
    } else if (c == '{') {
      open_group(t);
    } else if (c == '}') {
      close_group(t);
    } else if (c != '\r' && c != '\n' && c != '\0' && c != '\\') {
      put_byte(t, c);
    }
    if (c != '\\')
      t->starred = false;
  }
}

struct slice rtf_read(struct reading *r, struct slice rtf, unsigned code_page, size_t most, bool *ret_html) {
  size_t head = rtf.len < HEAD_LEN ? rtf.len : HEAD_LEN;
  struct rtf *t = reading_zalloc(r, sizeof(*t));
  *ret_html = head && memmem(rtf.at, head, "\\fromhtml1", 10);
  if (!t)
    return slice_of("", 0);
  t->reading = r;
  t->out = BUF_INIT(most);
  t->run = BUF_INIT(most);
  t->html = *ret_html;
  t->page = t->now.code_page = code_page ? code_page : 1252;
  t->now.unicode_skip = 1;
  t->font = -1;
  scan(t, rtf);
  end_run(t);
  struct slice text = slice_of(reading_copy(r, buf_slice(&t->out)), r->failed ? 0 : t->out.len);
  buf_free(&t->out);
  buf_free(&t->run);
  return text;
}
