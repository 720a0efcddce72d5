/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels are rows, because senders' labels are habits and not facts: who writes "gb2312" sends GBK, who writes
 * "iso-8859-1" sends windows-1252 (WHATWG Encoding). iconv is told to convert and never to transliterate; what it
 * cannot is U+FFFD.
 */
#include "mime/charset.h"
#include "text/utf8.h"
#include <iconv.h>

enum { LABEL_MAX = 40, HTML_HEAD = 1024 };

struct label {
  const char *label, *name;
};

/* Anything else goes to iconv as it is. */
static const struct label labels[] = {
    {"utf-8", "UTF-8"},
    {"utf8", "UTF-8"},
    {"unicode-1-1-utf-8", "UTF-8"},
    {"utf-8mb4", "UTF-8"},
    {"us-ascii", "WINDOWS-1252"},
    {"ascii", "WINDOWS-1252"},
    {"ansi_x3.4-1968", "WINDOWS-1252"},
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso8859-1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"iso-8859-1:1987", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"latin-1", "WINDOWS-1252"},
    {"l1", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"},
    {"x-cp1252", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"cp-1252", "WINDOWS-1252"},
    {"windows1252", "WINDOWS-1252"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-8-e", "ISO-8859-8"},
    {"iso-8859-9", "WINDOWS-1254"},
    {"latin5", "WINDOWS-1254"},
    {"iso-8859-11", "CP874"},
    {"tis-620", "CP874"},
    {"windows-874", "CP874"},
    {"gb2312", "GB18030"},
    {"gb_2312-80", "GB18030"},
    {"csgb2312", "GB18030"},
    {"chinese", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"euc-cn", "GB18030"},
    {"big5", "BIG5-HKSCS"},
    {"x-x-big5", "BIG5-HKSCS"},
    {"ks_c_5601-1987", "CP949"},
    {"ks_c_5601", "CP949"},
    {"ksc5601", "CP949"},
    {"euc-kr", "CP949"},
    {"windows-949", "CP949"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"ms_kanji", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP-MS"},
    {"x-euc-jp", "EUC-JP-MS"},
    {"koi8-ru", "KOI8-U"},
    {"x-mac-roman", "MACINTOSH"},
    {"mac", "MACINTOSH"},
    {"x-mac-cyrillic", "MAC-CYRILLIC"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"dos-866", "IBM866"},
    {"unknown-8bit", ""},
    {"x-unknown", ""},
    {"unknown", ""},
    {"x-user-defined", ""},
    {"8bit", ""},
    {"binary", ""},
    {"default", ""},
    {"default_charset", ""},
    {"none", ""},
    {"", ""},
};

const char *charset_find(struct slice label, char ret_room[64]) {
  label = slice_trim(label);
  if (label.len > 2 && (label.at[0] == '"' || label.at[0] == '\''))
    label = slice_of(label.at + 1, label.len - 2);
  for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
    if (slice_equal_nocase(label, slice_text(labels[i].label)))
      return labels[i].name;
  if (label.len > LABEL_MAX)
    return NULL;
  for (size_t i = 0; i < label.len; i++) {
    char c = label.at[i];
    /* No '/': "//IGNORE" would be an order to iconv. */
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c && strchr("-_.:+", c)))
      return NULL;
    ret_room[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
  }
  ret_room[label.len] = '\0';
  return ret_room;
}

/* Converts everything; what cannot be is U+FFFD and counted. False when iconv does not know the name. */
static bool convert(struct reading *r, const char *name, struct slice bytes, struct slice *ret, size_t *ret_broken) {
  iconv_t cd = iconv_open("UTF-8", name);
  if (cd == (iconv_t)-1)
    return false;
  /* Each byte is at most one character, and a character at most 4 bytes; some sets hold two in one byte, so iconv is
   * believed and not the arithmetic: what does not fit is cut. */
  size_t room = 4 * bytes.len + 64;
  char *out = reading_alloc(r, room), *to = out, *from = (char *)(uintptr_t)bytes.at;
  size_t left = bytes.len, broken = 0;
  while (out && left) {
    size_t n = iconv(cd, &from, &left, &to, &room);
    if (n != (size_t)-1 || (errno != EILSEQ && errno != EINVAL))
      break;
    if (room < 3)
      break;
    memcpy(to, "\xEF\xBF\xBD", 3);
    to += 3;
    room -= 3;
    broken++;
    from++;
    left--;
  }
  if (out && left == 0)
    iconv(cd, NULL, NULL, &to, &room);
  iconv_close(cd);
  *ret = slice_of(out ? out : "", out ? (size_t)(to - out) : 0);
  *ret_broken = broken;
  return true;
}

static bool is_ascii(struct slice s) {
  size_t i = 0;
  for (uint64_t word; i + sizeof(word) <= s.len; i += sizeof(word)) {
    memcpy(&word, s.at + i, sizeof(word));
    if (word & 0x8080808080808080u)
      return false;
  }
  while (i < s.len && (uint8_t)s.at[i] < 0x80)
    i++;
  return i == s.len;
}

/* ESC $ B and the like, in text that claims to be plain: Japanese mail has done so since before MIME. */
static bool is_iso_2022_jp(struct slice s) {
  for (const char *at = s.at; (at = memchr(at, 0x1B, s.len - (size_t)(at - s.at))); at++) {
    size_t left = s.len - (size_t)(at - s.at);
    if (left >= 3 && at[1] == '$' && (at[2] == 'B' || at[2] == '@'))
      return true;
  }
  return false;
}

static const char *mark_of(struct slice s, size_t *ret_len) {
  static const struct {
    const char *bytes;
    size_t len;
    const char *name;
  } marks[] = {
      {"\xEF\xBB\xBF", 3, "UTF-8"},
      {"\xFF\xFE\0\0", 4, "UTF-32LE"},
      {"\xFF\xFE", 2, "UTF-16LE"},
      {"\xFE\xFF", 2, "UTF-16BE"},
  };
  for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
    if (s.len >= marks[i].len && memcmp(s.at, marks[i].bytes, marks[i].len) == 0) {
      *ret_len = marks[i].len;
      return marks[i].name;
    }
  }
  return NULL;
}

/* Without a mark the label does not say which half comes first; ASCII's zeros do. */
static const char *half_order(struct slice s) {
  size_t zeros[2] = {0};
  for (size_t i = 0; i < s.len && i < 512; i++)
    zeros[i % 2] += s.at[i] == '\0';
  return zeros[0] > zeros[1] ? "UTF-16BE" : "UTF-16LE";
}

/* One good character of several bytes is not made by chance: the text is UTF-8, and damaged. */
static bool has_wide_character(struct slice s) {
  for (size_t i = 0; i < s.len; i++) {
    uint8_t c = (uint8_t)s.at[i];
    size_t len = c < 0xC2 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 1;
    if (len > 1 && len <= s.len - i && utf8_valid(slice_of(s.at + i, len)))
      return true;
  }
  return false;
}

static struct slice guess(struct reading *r, struct slice bytes) {
  struct slice text;
  size_t broken;
  if (utf8_valid(bytes))
    return bytes;
  if (has_wide_character(bytes)) {
    reading_warn(r, "charset-broken");
    return bytes;
  }
  reading_warn(r, "charset-guessed");
  return convert(r, "WINDOWS-1252", bytes, &text, &broken) ? text : bytes;
}

static bool is_latin(const char *name) {
  return strcmp(name, "WINDOWS-1252") == 0 || strcmp(name, "ISO-8859-15") == 0 || strcmp(name, "WINDOWS-1254") == 0;
}

static struct slice convert_named(struct reading *r, const char *name, struct slice bytes) {
  struct slice text;
  size_t broken = 0;
  if (!convert(r, name, bytes, &text, &broken)) {
    reading_warn(r, "charset-unknown");
    return guess(r, bytes);
  }
  if (broken && !is_ascii(bytes) && utf8_valid(bytes)) {
    reading_warn(r, "charset-wrong");
    return bytes;
  }
  if (broken)
    reading_warn(r, "charset-broken");
  return text;
}

struct slice charset_to_utf8(struct reading *r, struct slice label, struct slice bytes) {
  char room[64];
  size_t mark_len = 0;
  if (bytes.len == 0)
    return bytes;
  const char *marked = mark_of(bytes, &mark_len), *name = charset_find(label, room);
  if (marked) {
    bytes = slice_of(bytes.at + mark_len, bytes.len - mark_len);
    return strcmp(marked, "UTF-8") == 0 ? guess(r, bytes) : convert_named(r, marked, bytes);
  }
  if (!name)
    reading_warn(r, "charset-unknown");
  bool plain = !name || !*name || strcmp(name, "UTF-8") == 0;
  if (plain || is_latin(name)) {
    if (is_ascii(bytes))
      return is_iso_2022_jp(bytes) ? convert_named(r, "ISO-2022-JP", bytes) : bytes;
    if (plain)
      return guess(r, bytes);
    if (utf8_valid(bytes)) {
      if (!slice_equal_nocase(label, SLICE("us-ascii")))
        reading_warn(r, "charset-wrong");
      return bytes;
    }
  }
  if (strcmp(name, "UTF-16") == 0)
    name = half_order(bytes);
  return convert_named(r, name, bytes);
}

/* charset=… anywhere in the head, which is where both spellings of the meta element have it. */
struct slice charset_of_html(struct slice html) {
  static const char word[] = "charset";
  size_t end = html.len < HTML_HEAD ? html.len : HTML_HEAD;
  for (size_t i = 0; i + sizeof(word) < end; i++) {
    if (!slice_starts_nocase(slice_of(html.at + i, end - i), SLICE("charset")))
      continue;
    size_t at = i + sizeof(word) - 1;
    while (at < end && (html.at[at] == ' ' || html.at[at] == '=' || html.at[at] == '"' || html.at[at] == '\''))
      at++;
    size_t start = at;
    while (at < end && html.at[at] > ' ' && !strchr("\"'>;/", html.at[at]))
      at++;
    if (at > start)
      return slice_of(html.at + start, at - start);
  }
  return slice_of("", 0);
}
