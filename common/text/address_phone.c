/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phone numbers. Without a library of numbering plans nothing is guessed (AD-10, AD-13): a number is E.164 because it
 * says so with a plus, or because the provider's format says so for it; everything else is a sender's name or wrong.
 */
#include "text/address.h"
#include "text/address_scan.h"
#include "text/utf8.h"
#include <unictype.h>
#include <unistr.h>

enum {
  DIGITS_MIN = 8,
  DIGITS_MAX = 15,
  SHORT_CODE_MIN = 3,
  SHORT_CODE_MAX = DIGITS_MIN - 1,
  SENDER_NAME_MAX = 11,
  RAW_MAX = 128,
};

static bool is_invisible(ucs4_t c) {
  return c != ' ' && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z);
}

struct slice address_trim(struct slice s) {
  s = slice_trim(s);
  while (s.len && ((uint8_t)s.at[0] >= 0x80 || s.at[0] == ' ')) {
    ucs4_t c;
    int len = u8_mbtoucr(&c, (const uint8_t *)s.at, s.len);
    if (len <= 0 || (c != ' ' && !is_invisible(c)))
      break;
    s = slice_of(s.at + len, s.len - (size_t)len);
  }
  while (s.len && ((uint8_t)s.at[s.len - 1] >= 0x80 || s.at[s.len - 1] == ' ')) {
    size_t len = 1;
    while (len < s.len && len < 4 && ((uint8_t)s.at[s.len - len] & 0xC0) == 0x80)
      len++;
    ucs4_t c;
    if (u8_mbtoucr(&c, (const uint8_t *)s.at + s.len - len, len) != (int)len || (c != ' ' && !is_invisible(c)))
      break;
    s.len -= len;
  }
  return s;
}

bool address_has_invisible(struct slice s) {
  for (size_t i = 0; i < s.len;) {
    ucs4_t c = (uint8_t)s.at[i];
    int len = c < 0x80 ? 1 : u8_mbtoucr(&c, (const uint8_t *)s.at + i, s.len - i);
    if (len <= 0 || c < 0x20 || c == 0x7F || (c >= 0x80 && is_invisible(c)))
      return true;
    i += (size_t)len;
  }
  return false;
}

bool address_is_phone_scheme(struct slice scheme) {
  static const struct slice schemes[] = {
      {"tel", 3}, {"sms", 3}, {"whatsapp", 8}, {"rcs", 3}, {"viber", 5}, {"signal", 6},
  };
  for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
    if (slice_equal_nocase(scheme, schemes[i]))
      return true;
  return false;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* What people write between digits; the non-ASCII ones are dashes, the no-break space and direction marks. */
static size_t separator_len(struct slice s) {
  if (strchr(" -./()\t", s.at[0]) && s.at[0])
    return 1;
  ucs4_t c;
  int len = (uint8_t)s.at[0] >= 0x80 ? u8_mbtoucr(&c, (const uint8_t *)s.at, s.len) : -1;
  if (len > 0 && (is_invisible(c) || (c >= 0x2010 && c <= 0x2015) || c == 0x2212))
    return (size_t)len;
  return 0;
}

/* The digits of `s` alone. False when there is anything but digits and separators, or too many. */
static bool collect_digits(struct slice s, char ret[DIGITS_MAX + 1], size_t *ret_count) {
  size_t count = 0;
  while (s.len) {
    size_t step = 1;
    if (is_digit(s.at[0])) {
      if (count == DIGITS_MAX)
        return false;
      ret[count++] = s.at[0];
    } else if (count && s.len >= 3 && memcmp(s.at, "(0)", 3) == 0) {
      step = 3; /* "+49 (0)30 …": the zero is for callers inside the country only */
    } else if ((step = separator_len(s)) == 0) {
      return false;
    }
    s = slice_of(s.at + step, s.len - step);
  }
  ret[count] = '\0';
  *ret_count = count;
  return true;
}

static int give(struct arena *a, const char *prefix, struct slice value, const char *key_prefix, char **ret_address,
                char **ret_key) {
  char *address = arena_printf(a, "%s%.*s", prefix, (int)value.len, value.at);
  char *key = arena_printf(a, "%s%s%.*s", key_prefix, prefix, (int)value.len, value.at);
  if (!address || !key)
    return -ENOMEM;
  *ret_address = address;
  *ret_key = key;
  return 0;
}

static bool is_short_code(struct slice s) {
  if (s.len < SHORT_CODE_MIN || s.len > SHORT_CODE_MAX)
    return false;
  for (size_t i = 0; i < s.len; i++)
    if (!is_digit(s.at[i]))
      return false;
  return true;
}

/* GSM 03.38 names of up to eleven characters; without a letter it is a mistyped number. */
static bool is_sender_name(struct slice s) {
  bool letter = false;
  if (s.len == 0 || s.len > SENDER_NAME_MAX || s.at[0] == '+')
    return false;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.at[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && !is_digit(c) && !(c && strchr(" &._+-", c)))
      return false;
    letter |= is_letter;
  }
  return letter;
}

int address_phone(struct arena *a, struct slice raw, bool digits_are_e164, char **ret_address, char **ret_key,
                  bool *ret_answerable) {
  if (raw.len > RAW_MAX)
    return ADDRESS_INVALID;
  struct slice s = raw, scheme, rest = raw;
  bool schemed = raw.len && memchr(raw.at, ':', raw.len) && slice_split(&rest, ':', &scheme) &&
                 address_is_phone_scheme(address_trim(scheme));
  if (schemed)
    s = rest;
  /* AD-11: "+1415…" read as a form value is " 1415…". */
  bool spaced = s.len >= 2 && s.at[0] == ' ' && is_digit(s.at[1]);
  s = address_trim(s);
  bool plus = s.len && s.at[0] == '+';
  char digits[DIGITS_MAX + 1];
  size_t count;
  int r = ADDRESS_INVALID;
  bool answerable = plus || spaced || digits_are_e164;
  if (answerable && collect_digits(plus ? slice_of(s.at + 1, s.len - 1) : s, digits, &count) &&
      count >= DIGITS_MIN && digits[0] != '0') {
    r = give(a, "+", slice_of(digits, count), "tel:", ret_address, ret_key);
  } else if (!plus && !schemed && (is_short_code(s) || is_sender_name(s))) {
    answerable = false;
    r = give(a, "", s, "short:", ret_address, ret_key);
  }
  if (r == 0)
    *ret_answerable = answerable;
  return r;
}
