/* SPDX-License-Identifier: Apache-2.0 */
/* How many SMS a text is, in which encoding, and where it is cut (SM-01). */
#include "text/sms_segments.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define FAMILY "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7\xE2\x80\x8D\xF0\x9F\x91\xA6" /* 11 */
#define FLAG "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA"                                  /* 4 units */
#define THUMB "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD"                                 /* with a skin tone: 4 */
#define KEYCAP "1\xEF\xB8\x8F\xE2\x83\xA3"                                       /* 3 */
#define HEART "\xE2\x9D\xA4\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x94\xA5"             /* on fire: 5 */
#define E_ACUTE "e\xCC\x81"                                                      /* two characters */
#define SMILE "\xF0\x9F\x98\x80"                                                 /* 2 */
#define WALES "\xF0\x9F\x8F\xB4\xF3\xA0\x81\xA7\xF3\xA0\x81\xA2\xF3\xA0\x81\xB7\xF3\xA0\x81\xAC\xF3\xA0\x81\xB3\xF3\xA0\x81\xBF"
#define HAN "\xE4\xBD\xA0"
#define EURO "\xE2\x82\xAC"

/* `before` times "a", then the text, then `after` times "b". */
static const struct row {
  const char *about;
  size_t before;
  const char *text;
  size_t after;
  enum sms_encoding encoding;
  size_t count, units, left;
} rows[] = {
    {"nothing", 0, "", 0, SMS_GSM7, 0, 0, 160},
    {"one letter", 1, "", 0, SMS_GSM7, 1, 1, 159},
    {"a full message", 160, "", 0, SMS_GSM7, 1, 160, 0},
    {"one more", 161, "", 0, SMS_GSM7, 2, 161, 145},
    {"two full parts", 306, "", 0, SMS_GSM7, 2, 306, 0},
    {"and one more", 307, "", 0, SMS_GSM7, 3, 307, 152},
    {"ten full parts", 1530, "", 0, SMS_GSM7, 10, 1530, 0},
    {"all signs of ASCII in it", 0, "@$_ !\"#%&'()*+,-./0123456789:;<=>?", 0, SMS_GSM7, 1, 34, 126},
    {"capitals and small letters", 0, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 0, SMS_GSM7, 1, 52, 108},
    {"accents in it", 0, "\xC3\xA8\xC3\xA9\xC3\xB9\xC3\xAC\xC3\xB2\xC3\x87\xC3\x98\xC3\xB8\xC3\x85\xC3\xA5", 0, SMS_GSM7, 1, 10, 150},
    {"German", 0, "\xC3\x84\xC3\x96\xC3\x9C\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 0, SMS_GSM7, 1, 7, 153},
    {"Greek capitals that are no Latin ones", 0, "\xCE\x94\xCE\xA6\xCE\x93\xCE\x9B\xCE\xA9\xCE\xA0\xCE\xA8\xCE\xA3\xCE\x98\xCE\x9E", 0, SMS_GSM7, 1, 10, 150},
    {"signs above ASCII", 0, "\xC2\xA3\xC2\xA5\xC2\xA7\xC2\xBF\xC2\xA1\xC2\xA4\xC3\x91\xC3\xB1\xC3\xA0\xC3\x86\xC3\xA6\xC3\x89", 0, SMS_GSM7, 1, 12, 148},
    {"line ends", 0, "a\nb\r\nc", 0, SMS_GSM7, 1, 6, 154},
    {"the extension counts two", 0, "^{}\\[~]|" EURO "\f", 0, SMS_GSM7, 1, 20, 140},
    {"a full message of it", 158, EURO, 0, SMS_GSM7, 1, 160, 0},
    {"one too many by its second half", 159, EURO, 0, SMS_GSM7, 2, 161, 145},
    {"never cut: a septet stays free", 152, EURO, 10, SMS_GSM7, 2, 164, 141},
    {"fits exactly at the end of a part", 151, EURO, 10, SMS_GSM7, 2, 163, 143},
    {"small c with cedilla is not in it", 0, "\xC3\xA7", 0, SMS_UCS2, 1, 1, 69},
    {"capital E with grave is not in it", 0, "\xC3\x88", 0, SMS_UCS2, 1, 1, 69},
    {"Greek alpha is not in it", 0, "\xCE\xB1", 0, SMS_UCS2, 1, 1, 69},
    {"the back quote is not in it", 1, "`", 1, SMS_UCS2, 1, 3, 67},
    {"TAB is not in it", 1, "\t", 1, SMS_UCS2, 1, 3, 67},
    {"DEL is not in it", 0, "\x7F", 0, SMS_UCS2, 1, 1, 69},
    {"typographic quotes", 0, "\xE2\x80\x9CHello\xE2\x80\x9D", 0, SMS_UCS2, 1, 7, 63},
    {"an accent as a character of its own", 0, E_ACUTE, 0, SMS_UCS2, 1, 2, 68},
    {"a full message of Han", 0, HAN, 69, SMS_UCS2, 1, 70, 0},
    {"one more", 0, HAN, 70, SMS_UCS2, 2, 71, 63},
    {"two full parts of Han", 0, HAN, 133, SMS_UCS2, 2, 134, 0},
    {"and one more", 0, HAN, 134, SMS_UCS2, 3, 135, 66},
    {"extension characters count one in UCS-2", 0, HAN "{}" EURO, 0, SMS_UCS2, 1, 4, 66},
    {"an emoji is two units", 0, SMILE, 0, SMS_UCS2, 1, 2, 68},
    {"surrogates at the end of a message", 68, SMILE, 0, SMS_UCS2, 1, 70, 0},
    {"surrogates are not cut", 66, SMILE, 20, SMS_UCS2, 2, 88, 45},
    {"a skin tone stays with its hand", 64, THUMB, 20, SMS_UCS2, 2, 88, 43},
    {"a flag is not cut", 65, FLAG, 20, SMS_UCS2, 2, 89, 43},
    {"two flags are two", 63, FLAG FLAG, 20, SMS_UCS2, 2, 91, 43},
    {"a keycap is not cut", 65, KEYCAP, 20, SMS_UCS2, 2, 88, 44},
    {"a family is not cut", 60, FAMILY, 20, SMS_UCS2, 2, 91, 36},
    {"a heart on fire is not cut", 63, HEART, 20, SMS_UCS2, 2, 88, 42},
    {"a flag of tags is not cut", 60, WALES, 20, SMS_UCS2, 2, 94, 33},
    {"an accent stays with its letter", 66, E_ACUTE, 20, SMS_UCS2, 2, 88, 45},
    {"a joiner between letters joins nothing", 65, "c\xE2\x80\x8D" "d", 20, SMS_UCS2, 2, 88, 46},
    {"a family that fits exactly", 56, FAMILY, 20, SMS_UCS2, 2, 87, 47},
    {"a lone joiner", 0, "\xE2\x80\x8D", 0, SMS_UCS2, 1, 1, 69},
    {"bytes that are no UTF-8", 0, "\xFF\xC3", 0, SMS_UCS2, 1, 2, 68},
    {"a character cut off", 0, "\xF0\x9F\x98", 0, SMS_UCS2, 1, 3, 67},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static char *build(const struct row *r, size_t *ret_len) {
  size_t len = strlen(r->text);
  char *text = malloc(r->before + len + r->after + 1);
  memset(text, 'a', r->before);
  memcpy(text + r->before, r->text, len);
  memset(text + r->before + len, 'b', r->after);
  *ret_len = r->before + len + r->after;
  return text;
}

static void segments_are_counted(void **state) {
  (void)state;
  assert_true(ROWS >= 40);
  for (size_t i = 0; i < ROWS; i++) {
    const struct row *r = &rows[i];
    struct sms_segments s;
    size_t len;
    char *text = build(r, &len);
    sms_segments(slice_of(text, len), &s);
    if (s.encoding != r->encoding || s.count != r->count || s.units != r->units || s.left != r->left)
      fail_msg("%s: encoding %d, %zu segments, %zu units, %zu left", r->about, s.encoding, s.count, s.units, s.left);
    free(text);
  }
}

static void segments_are_the_text(void **state) {
  (void)state;
  for (size_t i = 0; i < ROWS; i++) {
    struct sms_segments whole, part;
    size_t len, at = 0, count = 0;
    char *text = build(&rows[i], &len);
    struct slice rest = slice_of(text, len), one;
    sms_segments(rest, &whole);
    while (sms_segment_take(&rest, &whole, &one)) {
      assert_ptr_equal(one.at, text + at);
      assert_true(one.len > 0);
      at += one.len;
      count++;
      sms_segments(one, &part);
      assert_int_equal(part.count, 1); /* what one part holds fits one message */
    }
    assert_int_equal(at, len);
    assert_int_equal(count, whole.count);
    free(text);
  }
}

/* One cluster longer than a part must be cut somewhere; and much of it must not take long. */
static void endless_clusters_end(void **state) {
  (void)state;
  size_t len = 32 * 1024;
  char *text = malloc(len);
  text[0] = 'e';
  text[1] = 'e';
  for (size_t i = 2; i < len; i += 2)
    memcpy(text + i, "\xCC\x81", 2);
  struct sms_segments s;
  sms_segments(slice_of(text, len), &s);
  assert_int_equal(s.units, 2 + (len - 2) / 2);
  assert_true(s.count >= s.units / 67 && s.count <= s.units / 67 + 2);
  for (size_t i = 0; i + 7 <= len; i += 7) /* pictures joined without end */
    memcpy(text + i, "\xF0\x9F\x91\xA8\xE2\x80\x8D", 7);
  sms_segments(slice_of(text, len / 7 * 7), &s);
  assert_true(s.count >= s.units / 67 && s.count <= s.units / 64);
  free(text);
}

/* Each by itself has room for a whole message, and all of them together are the text. */
static void test_singles(void **state) {
  (void)state;
  static const struct {
    size_t letters;
    const char *more;
    size_t count, most, left;
  } cases[] = {{160, "", 1, 160, 0}, {161, "", 2, 160, 159}, {320, "", 2, 160, 0}, {319, EURO, 3, 160, 158},
               {70, HAN, 2, 70, 69}, {139, HAN, 2, 70, 0}, {0, "", 0, 160, 160}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[400], joined[400] = "";
    memset(text, 'a', cases[i].letters);
    strcpy(text + cases[i].letters, cases[i].more);
    struct sms_segments s;
    struct slice rest = slice_text(text), part;
    sms_singles(rest, &s);
    if (s.count != cases[i].count || s.most != cases[i].most || s.left != cases[i].left)
      fail_msg("case %zu: %zu of %zu, %zu left", i, s.count, s.most, s.left);
    while (sms_segment_take(&rest, &s, &part))
      strncat(joined, part.at, part.len);
    assert_string_equal(joined, text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_singles),
      cmocka_unit_test(segments_are_counted),
      cmocka_unit_test(segments_are_the_text),
      cmocka_unit_test(endless_clusters_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
