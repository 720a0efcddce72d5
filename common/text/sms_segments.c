/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Works on clusters (extended grapheme clusters, UAX 29). libunistring 1.0 does not know two of its rules, which are
 * added here: pictures joined by U+200D (GB11) and pairs of regional indicators, the flags (GB12).
 */
#include "text/sms_segments.h"
#include <unigbrk.h>

enum { GSM_ONE = 160, GSM_PART = 153, UCS_ONE = 70, UCS_PART = 67, REPLACEMENT = 0xFFFD };

/* Decodes one character of valid UTF-8; anything else is one byte of U+FFFD. */
static uint32_t decode(struct slice s, size_t *ret_len) {
  const uint8_t *at = (const uint8_t *)s.at;
  size_t len = at[0] < 0x80 ? 1 : at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : at[0] >= 0xC2 ? 2 : 0;
  *ret_len = 1;
  if (len == 1)
    return at[0];
  if (len == 0 || len > s.len)
    return REPLACEMENT;
  uint32_t c = at[0] & (0x7Fu >> len);
  for (size_t i = 1; i < len; i++) {
    if ((at[i] & 0xC0) != 0x80)
      return REPLACEMENT;
    c = c << 6 | (at[i] & 0x3Fu);
  }
  *ret_len = len;
  return c;
}

/* ---- GSM 03.38 */

/* Characters above ASCII in the basic set, rising. */
static const uint16_t gsm_more[] = {0xA1, 0xA3, 0xA4, 0xA5, 0xA7, 0xBF, 0xC4, 0xC5, 0xC6, 0xC7, 0xC9, 0xD1, 0xD6, 0xD8,
                                    0xDC, 0xDF, 0xE0, 0xE4, 0xE5, 0xE6, 0xE8, 0xE9, 0xEC, 0xF1, 0xF2, 0xF6, 0xF8, 0xF9,
                                    0xFC, 0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9};

/* How many septets; 0: not in GSM 03.38. */
static size_t septets(uint32_t c) {
  if (c == 0x20AC || c == '\f')
    return 2;
  if (c < 0x80) {
    if (c < 0x20)
      return c == '\n' || c == '\r';
    return c == 0x7F || c == '`' ? 0 : strchr("^{}\\[~]|", (int)c) ? 2 : 1;
  }
  for (size_t i = 0; i < sizeof(gsm_more) / sizeof(gsm_more[0]); i++)
    if (gsm_more[i] == c)
      return 1;
  return 0;
}

/* ---- clusters */

static bool is_regional(uint32_t c) {
  return c >= 0x1F1E6 && c <= 0x1F1FF;
}

/* What may be joined to what is before it by U+200D: pictures, not letters. */
static bool is_picture(uint32_t c) {
  return (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x1F000 && c <= 0x1FAFF);
}

static size_t units_of(uint32_t c, enum sms_encoding encoding) {
  return encoding == SMS_GSM7 ? septets(c) : c > 0xFFFF ? 2 : 1;
}

/* Bytes of the first cluster. It is looked at only as far as a segment reaches, so that all is linear. */
static size_t cluster(struct slice s, size_t most) {
  size_t len, reach = s.len < 4 * most + 4 ? s.len : 4 * most + 4;
  const uint8_t *start = (const uint8_t *)s.at, *end = start + reach, *at = start;
  uint32_t first = decode(s, &len);
  bool flag = is_regional(first);
  while (at < end) {
    at = u8_grapheme_next(at, end);
    if (at >= end)
      return reach;
    bool joined = at - start >= 3 && memcmp(at - 3, "\xE2\x80\x8D", 3) == 0;
    uint32_t next = decode(slice_of(at, (size_t)(end - at)), &len);
    if (!(flag && is_regional(next)) && !(joined && is_picture(next)))
      break;
    flag = false;
  }
  return (size_t)(at - start);
}

/* The units of the first cluster and its bytes; one of more than `most` units is cut between characters. */
static size_t piece(struct slice s, enum sms_encoding encoding, size_t most, size_t *ret_units) {
  size_t whole = cluster(s, most), at = 0, len, units = 0;
  while (at < whole) {
    size_t more = units_of(decode(slice_of(s.at + at, whole - at), &len), encoding);
    if (units + more > most)
      break;
    units += more;
    at += len;
  }
  *ret_units = units;
  return at;
}

/* ---- segments */

static bool fits_gsm(struct slice text, size_t *ret_septets, size_t *ret_utf16) {
  size_t len, gsm = 0, utf16 = 0;
  bool fits = true;
  for (; text.len; text = slice_of(text.at + len, text.len - len)) {
    uint32_t c = decode(text, &len);
    size_t n = septets(c);
    fits = fits && n > 0;
    gsm += n;
    utf16 += units_of(c, SMS_UCS2);
  }
  *ret_septets = gsm;
  *ret_utf16 = utf16;
  return fits;
}

/* How many bytes go into the first segment; *ret_units of it. */
static size_t fill(struct slice text, const struct sms_segments *of, size_t *ret_units) {
  size_t at = 0, units = 0, more;
  while (at < text.len) {
    size_t len = piece(slice_of(text.at + at, text.len - at), of->encoding, of->most, &more);
    if (at > 0 && units + more > of->most)
      break;
    units += more;
    at += len;
  }
  *ret_units = units;
  return at;
}

static void measure(struct slice text, bool joined, struct sms_segments *ret) {
  size_t gsm, utf16, last = 0;
  bool seven = fits_gsm(text, &gsm, &utf16);
  struct sms_segments s = {.encoding = seven ? SMS_GSM7 : SMS_UCS2, .units = seven ? gsm : utf16};
  size_t one = seven ? GSM_ONE : UCS_ONE;
  s.most = s.units <= one || !joined ? one : seven ? GSM_PART : UCS_PART;
  for (; text.len; s.count++) {
    size_t len = fill(text, &s, &last);
    text = slice_of(text.at + len, text.len - len);
  }
  s.left = s.most - last;
  *ret = s;
}

void sms_segments(struct slice text, struct sms_segments *ret) {
  measure(text, true, ret);
}

void sms_singles(struct slice text, struct sms_segments *ret) {
  measure(text, false, ret);
}

bool sms_segment_take(struct slice *text, const struct sms_segments *of, struct slice *ret) {
  size_t units;
  if (text->len == 0)
    return false;
  size_t len = fill(*text, of, &units);
  *ret = slice_of(text->at, len);
  *text = slice_of(text->at + len, text->len - len);
  return true;
}
