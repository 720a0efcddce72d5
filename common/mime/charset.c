/* SPDX-License-Identifier: Apache-2.0 */
/* A label is believed until the bytes say otherwise. What is tried instead are few things in a fixed order: the whole
 * text is gone through at most ten times and kept at most twice. */
#include "mime/charset.h"
#include "text/utf8.h"

enum { HTML_HEAD = 1024 };

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

static enum charset mark_of(struct slice s, size_t *ret_len) {
  static const struct {
    struct slice bytes;
    enum charset set;
  } marks[] = {
      {{"\xEF\xBB\xBF", 3}, CHARSET_UTF_8},
      {{"\xFF\xFE\0\0", 4}, CHARSET_UTF_32LE},
      {{"\0\0\xFE\xFF", 4}, CHARSET_UTF_32BE},
      {{"\xFF\xFE", 2}, CHARSET_UTF_16LE},
      {{"\xFE\xFF", 2}, CHARSET_UTF_16BE},
  };
  for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
    if (s.len >= marks[i].bytes.len && memcmp(s.at, marks[i].bytes.at, marks[i].bytes.len) == 0) {
      *ret_len = marks[i].bytes.len;
      return marks[i].set;
    }
  }
  return CHARSET_NONE;
}

/* What speaks for UTF-8: characters of several bytes, which are not made by chance; and against it. */
struct evidence {
  size_t wide, broken;
};

static struct evidence look_for_utf8(struct slice s) {
  struct evidence e = {0};
  for (size_t i = 0; i < s.len;) {
    uint8_t c = (uint8_t)s.at[i];
    size_t len = c < 0xC2 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 1;
    bool whole = len > 1 && len <= s.len - i && utf8_valid(slice_of(s.at + i, len));
    e.wide += whole;
    e.broken += !whole && c >= 0x80;
    i += whole ? len : 1;
  }
  return e;
}

static size_t count_replaced(struct slice s) {
  size_t count = 0;
  for (size_t i = 0; i + 2 < s.len; i++)
    count += s.at[i] == '\xEF' && s.at[i + 1] == '\xBF' && s.at[i + 2] == '\xBD';
  return count;
}

static struct slice broken_utf8(struct reading *r, struct slice bytes) {
  const char *mended = utf8_mend(r->arena, bytes, NULL);
  r->failed |= !mended;
  if (mended)
    r->replaced += count_replaced(slice_text(mended)) - count_replaced(bytes);
  reading_warn(r, "charset-broken");
  return bytes; /* who shows it mends it in the same way */
}

/* Whether `set` explains every byte; then they are *ret. */
static bool converts(struct reading *r, enum charset set, struct slice bytes, struct slice *ret) {
  size_t broken;
  if (set == CHARSET_NONE || set == CHARSET_UNKNOWN)
    return false;
  if (set == CHARSET_UTF_8) {
    *ret = bytes;
    return !is_ascii(bytes) && utf8_valid(bytes);
  }
  return charset_explains(r, set, bytes) && charset_convert(r, set, bytes, ret, &broken);
}

/* Nothing is said, or nonsense. `other`: what the piece says in another place. */
static struct slice guess(struct reading *r, enum charset other, struct slice bytes) {
  struct slice text;
  size_t broken;
  if (utf8_valid(bytes))
    return bytes;
  struct evidence e = look_for_utf8(bytes);
  if (e.wide > 3 * e.broken)
    return broken_utf8(r, bytes);
  if (converts(r, other, bytes, &text) || converts(r, r->likely, bytes, &text)) {
    reading_warn(r, "charset-guessed");
    return text;
  }
  if (e.wide)
    return broken_utf8(r, bytes);
  reading_warn(r, "charset-guessed");
  if (!charset_convert(r, CHARSET_W1252, bytes, &text, &broken))
    return bytes;
  r->replaced += broken;
  return text;
}

/* Japanese senders mix their three sets up; which it is shows in the bytes. */
static bool other_japanese(struct reading *r, enum charset said, struct slice bytes, struct slice *ret) {
  static const enum charset kin[] = {CHARSET_JP7, CHARSET_SJIS, CHARSET_EUC_JP};
  const size_t count = sizeof(kin) / sizeof(kin[0]);
  size_t i = 0;
  while (i < count && kin[i] != said)
    i++;
  if (i == count)
    return false;
  for (i = 0; i < count; i++)
    if (kin[i] != said && (kin[i] != CHARSET_JP7 || is_iso_2022_jp(bytes)) && converts(r, kin[i], bytes, ret))
      return true;
  return false;
}

/* The two-byte sets of the East explain nearly everything, UTF-8 too; four characters of it are no chance any more. */
static bool is_surely_utf8(enum charset said, struct slice bytes) {
  enum { SURE = 4 };
  bool halves = said >= CHARSET_UTF_7 && said <= CHARSET_UTF_32BE;
  if (halves || is_ascii(bytes) || !utf8_valid(bytes))
    return false;
  return look_for_utf8(bytes).wide >= SURE;
}

static struct slice convert_said(struct reading *r, enum charset said, enum charset other, struct slice bytes) {
  struct slice text, better;
  size_t broken = 0;
  if (is_surely_utf8(said, bytes)) {
    reading_warn(r, "charset-wrong");
    return bytes;
  }
  if (!charset_convert(r, said, bytes, &text, &broken)) {
    reading_warn(r, "charset-unknown");
    return guess(r, other, bytes);
  }
  if (broken == 0)
    return text;
  if (converts(r, CHARSET_UTF_8, bytes, &better) || converts(r, other, bytes, &better) ||
      other_japanese(r, said, bytes, &better)) {
    reading_warn(r, "charset-wrong");
    return better;
  }
  reading_warn(r, "charset-broken");
  r->replaced += broken;
  return text;
}

static bool is_latin(enum charset set) {
  return set == CHARSET_W1252 || set == CHARSET_I15 || set == CHARSET_W1254;
}

static struct slice decode(struct reading *r, struct slice label, enum charset other, struct slice bytes) {
  size_t mark_len = 0;
  enum charset marked = mark_of(bytes, &mark_len), said = charset_find(label);
  if (marked != CHARSET_NONE) {
    bytes = slice_of(bytes.at + mark_len, bytes.len - mark_len);
    return marked == CHARSET_UTF_8 ? guess(r, other, bytes) : convert_said(r, marked, other, bytes);
  }
  if (said == CHARSET_UNKNOWN)
    reading_warn(r, "charset-unknown");
  bool plain = said == CHARSET_UNKNOWN || said == CHARSET_NONE || said == CHARSET_UTF_8;
  if (!plain && !is_latin(said))
    return convert_said(r, said, other, bytes);
  if (is_ascii(bytes))
    return is_iso_2022_jp(bytes) ? convert_said(r, CHARSET_JP7, other, bytes) : bytes;
  if (plain)
    return guess(r, other, bytes);
  if (!utf8_valid(bytes))
    return convert_said(r, said, other, bytes);
  if (!slice_equal_nocase(label, SLICE("us-ascii")))
    reading_warn(r, "charset-wrong");
  return bytes;
}

struct slice charset_to_utf8(struct reading *r, struct slice label, struct slice bytes) {
  return bytes.len ? decode(r, label, CHARSET_NONE, bytes) : bytes;
}

/* charset=… anywhere in the head, which is where both spellings of the meta element have it. */
static struct slice label_in_html(struct slice html) {
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

struct slice charset_html_to_utf8(struct reading *r, struct slice label, struct slice html) {
  if (!html.len)
    return html;
  enum charset said = charset_find(label);
  struct slice inside = label_in_html(html);
  /* A meta element can only have been read as ASCII: it does not speak of UTF-16, nor may it of UTF-7. */
  enum charset other = charset_find(inside);
  if (other == CHARSET_UTF_16 || other == CHARSET_UTF_16LE || other == CHARSET_UTF_16BE || other == CHARSET_UTF_7)
    other = CHARSET_UTF_8;
  bool says_nothing = said == CHARSET_NONE || said == CHARSET_UNKNOWN;
  if (says_nothing && other != CHARSET_UNKNOWN && other != CHARSET_UTF_8)
    return decode(r, inside, CHARSET_NONE, html);
  return decode(r, label, other, html);
}

void charset_remember(struct reading *r, struct slice label) {
  enum charset set = charset_find(label);
  bool says_more = set != CHARSET_NONE && set != CHARSET_UNKNOWN && set != CHARSET_UTF_8 && set != CHARSET_W1252 &&
                   set != CHARSET_UTF_7;
  if (says_more && r->likely == CHARSET_NONE)
    r->likely = set;
}
