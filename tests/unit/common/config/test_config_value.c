/* SPDX-License-Identifier: Apache-2.0 */
/* Values with units, and the forms of texts. */
#include "config/forms.h"
#include "config/value.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct number_case {
  const char *text;
  int64_t value;
  const char *why; /* NULL: good */
};

#define NO_TIME_UNIT "needs a unit: 250ms, 30s, 5m, 2h, 7d"
#define NO_TIME "is not a duration: 250ms, 30s, 5m, 2h, 7d"
#define NO_SIZE_UNIT "needs a unit: 512B, 64KiB, 10MiB, 1GiB"
#define NO_SIZE "is not a size: 512B, 64KiB, 10MiB, 1GiB"

static void check_numbers(const struct number_case *cases, size_t count,
                          const char *(*read)(struct slice, int64_t *)) {
  for (size_t i = 0; i < count; i++) {
    int64_t value = -7;
    const char *why = read(slice_text(cases[i].text), &value);
    assert_string_equal(why ? why : "good", cases[i].why ? cases[i].why : "good");
    assert_int_equal(value, why ? -7 : cases[i].value);
  }
}

static void test_durations(void **state) {
  (void)state;
  static const struct number_case cases[] = {
      {"0", 0, NULL}, {"00", 0, NULL}, {"0s", 0, NULL}, {"250ms", 250, NULL}, {"30s", 30000, NULL},
      {"5m", 300000, NULL},
      {"2h", 7200000, NULL}, {"7d", 604800000, NULL}, {"9223372036854775807ms", INT64_MAX, NULL},
      {"30", 0, NO_TIME_UNIT}, {"99999999999999999999", 0, NO_TIME_UNIT}, {"", 0, NO_TIME}, {"s", 0, NO_TIME},
      {"-1s", 0, NO_TIME}, {"+1s", 0, NO_TIME}, {"1.5h", 0, NO_TIME}, {"30 s", 0, NO_TIME}, {" 30s", 0, NO_TIME},
      {"30S", 0, NO_TIME}, {"30sec", 0, NO_TIME}, {"1h30m", 0, NO_TIME}, {"0x10s", 0, NO_TIME},
      {"9223372036854775807s", 0, "is longer than any clock"}, {"99999999999999999999s", 0, "is longer than any clock"},
  };
  check_numbers(cases, COUNT(cases), value_duration);
}

static void test_size_values(void **state) {
  (void)state;
  static const struct number_case cases[] = {
      {"0", 0, NULL}, {"512B", 512, NULL}, {"64KiB", 65536, NULL}, {"10MiB", 10485760, NULL},
      {"1GiB", 1073741824, NULL}, {"64", 0, NO_SIZE_UNIT}, {"64KB", 0, NO_SIZE}, {"64K", 0, NO_SIZE},
      {"64kib", 0, NO_SIZE}, {"1TiB", 0, NO_SIZE}, {"", 0, NO_SIZE}, {"-1MiB", 0, NO_SIZE}, {"1.5GiB", 0, NO_SIZE},
      {"99999999999GiB", 0, "is larger than any disk"},
  };
  check_numbers(cases, COUNT(cases), value_size);
}

static void test_counts(void **state) {
  (void)state;
  static const struct number_case cases[] = {
      {"0", 0, NULL}, {"42", 42, NULL}, {"010", 10, NULL}, {"9223372036854775807", INT64_MAX, NULL},
      {"9223372036854775808", 0, "is too large a number"}, {"", 0, "is not a whole number"},
      {"-1", 0, "is not a whole number"}, {"1.0", 0, "is not a whole number"}, {"1e3", 0, "is not a whole number"},
      {"0x10", 0, "is not a whole number"}, {"ten", 0, "is not a whole number"},
  };
  check_numbers(cases, COUNT(cases), value_count);
}

static void test_decimals(void **state) {
  (void)state;
  static const char broken[] = "is not a number such as 10 or 0.5";
  static const char digits[] = "has too many digits: at most 9 before the point and 6 behind it";
  static const struct {
    const char *text;
    double value;
    const char *why, *printed;
  } cases[] = {
      {"0", 0, NULL, "0"}, {"10", 10, NULL, "10"}, {"0.5", 0.5, NULL, "0.5"}, {"0.000001", 0.000001, NULL, "0.000001"},
      {"999999999.999999", 999999999.999999, NULL, "999999999.999999"}, {"100.100", 100.1, NULL, "100.1"},
      {"", 0, broken, NULL}, {".5", 0, broken, NULL}, {"5.", 0, broken, NULL}, {"-1", 0, broken, NULL},
      {"1,5", 0, broken, NULL}, {"1e3", 0, broken, NULL}, {"nan", 0, broken, NULL}, {"inf", 0, broken, NULL},
      {"1.2.3", 0, broken, NULL}, {"1.0000001", 0, digits, NULL}, {"1000000000", 0, digits, NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    double value = -7;
    char printed[VALUE_LEN];
    const char *why = value_decimal(slice_text(cases[i].text), &value);
    assert_string_equal(why ? why : "good", cases[i].why ? cases[i].why : "good");
    assert_true(value == (why ? -7 : cases[i].value));
    if (!why)
      assert_string_equal(decimal_text(value, printed), cases[i].printed);
  }
}

static void test_bools(void **state) {
  (void)state;
  static const char *const bad[] = {"yes", "no", "on", "off", "True", "FALSE", "1", "0", "", "true "};
  bool value = false;
  assert_null(value_bool(SLICE("true"), &value));
  assert_true(value);
  assert_null(value_bool(SLICE("false"), &value));
  assert_false(value);
  for (size_t i = 0; i < COUNT(bad); i++)
    assert_string_equal(value_bool(slice_text(bad[i]), &value), "is not true or false");
}

/* What is printed reads back to the same. */
static void test_unit_texts(void **state) {
  (void)state;
  static const struct {
    int64_t ms;
    const char *duration;
    const char *size;
  } cases[] = {
      {0, "0", "0"}, {1, "1ms", "1B"}, {1000, "1s", "1000B"}, {1024, "1024ms", "1KiB"}, {90000, "90s", "90000B"},
      {3600000, "1h", "3600000B"}, {86400000, "1d", "84375KiB"}, {1 << 30, "1073741824ms", "1GiB"},
      {INT64_MAX, "9223372036854775807ms", "9223372036854775807B"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char text[VALUE_LEN];
    int64_t back = -1;
    assert_string_equal(duration_text(cases[i].ms, text), cases[i].duration);
    assert_null(value_duration(slice_text(text), &back));
    assert_int_equal(back, cases[i].ms);
    assert_string_equal(size_text(cases[i].ms, text), cases[i].size);
    assert_null(value_size(slice_text(text), &back));
    assert_int_equal(back, cases[i].ms);
  }
}

static void test_quoted(void **state) {
  (void)state;
  struct buf b = BUF_INIT(1000);
  quoted_text(&b, "a \"b\" \\ c\n\td é \xE2\x80\xA8\xE2\x80\xA9 \xEF\xBB\xBF\xEF\xBF\xBE\xEF\xBF\xBF");
  assert_string_equal(b.at, "\"a \\\"b\\\" \\\\ c\\n\\td é \\u2028\\u2029 \\uFEFF\\uFFFE\\uFFFF\"");
  buf_free(&b);
}

struct form_case {
  bool (*fits)(struct slice);
  const char *good[12], *bad[24];
};

static const struct form_case forms[] = {
    {form_line, {"", "a b", "é 中"}, {"a\nb", "\t", "\x7F", "\xC2\x85"}},
    {form_prose, {"", "a\nb\tc"}, {"a\rb", "\x1B", "\xC2\x9F"}},
    {form_name, {"a", "0-9", "mail", "abcdefghijklmnopqrstuvwxyz012345"},
     {"", "-a", "A", "a_b", "a b", "é", "abcdefghijklmnopqrstuvwxyz0123456"}},
    {form_listen, {"127.0.0.1:0", "[::1]:8080", "0.0.0.0:65535", "desk.example.com:80", "localhost:1", "[::]:0"},
     {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[::1]", "[1]:80", "a:b", "a b:80", "*:80",
      "127.0.0.1:*", "a:-1", "a:+1", "a:000080"}},
    {form_link, {"tcp://127.0.0.1:*", "tcp://127.0.0.1:5555", "ipc:///run/x.ipc", "tcp://[::1]:1"},
     {"", "ipc://x", "ipc:///", "tcp://127.0.0.1:0", "tcp://127.0.0.1", "tcp://*:5", "inproc://x", "udp://a:1",
      "127.0.0.1:5"}},
    {form_redis, {"unix:/run/redis.sock", "127.0.0.1:6379", "redis.example.com:6379"},
     {"", "unix:redis.sock", "unix:/", "127.0.0.1", "127.0.0.1:0", "redis://h:1"}},
    {form_domain, {"example.com", "a", "xn--bcher-kva.example", "127.0.0.1"},
     {"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "bücher.example", "a b",
      "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl.x"}},
    {form_url, {"https://desk.example.com", "http://localhost:8080/a/b?c=d#e", "https://[::1]:8080/", "https://[::1]"},
     {"", "desk.example.com", "ftp://x", "https://", "https:///x", "https://a b", "https://x/\"", "javascript:alert(1)",
      "https://user@host/", "https://x/<", "https://x/é", "HTTPS://x"}},
    {form_origin, {"https://www.example.com", "http://localhost:3000"},
     {"", "https://x/", "https://x/path", "*", "null", "x.example"}},
    {form_language, {"en", "pt-BR", "zh-Hant-TW", "de-CH-1996"},
     {"", "e", "en_US", "en-", "-en", "1n", "abcdefghi", "en--us"}},
    {form_ip, {"127.0.0.1", "::1", "2001:db8::1"}, {"", "127.0.0", "localhost", "127.0.0.1/8", "[::1]", "1.2.3.4 "}},
    {form_recipient, {"support@example.com", "@example.com", "*", "a.b-c_d@x", "büro@example.com"},
     {"", "support", "@", "a@", "a+b@example.com", "a@b@c", "*@example.com", "a b@example.com", "<a@b>", "a@bücher.de",
      "a@*"}},
    {form_number, {"+14155552671", "whatsapp:+14155552671", "12345", "ACME", "Acme Ltd"},
     {"", "+", "+0123456789", "+1415", "+1415555267100000", "+1415x552671", "ab", "a:b", "a@b"}},
    {form_authserv_id, {"mx.example.com", "-", "MX_1", "mx.bücher.example"},
     {"", "a b", "a;b", "a=b", "\"a\"", "a(b)", "a\tb", "a@b"}},
    {form_header, {"X-Spam-Flag: YES", "X-Spam-Status:Yes*", "a:*"},
     {"", "X-Spam-Flag", ": YES", "X-Spam-Flag:", "X-Spam-Flag: ", "X Spam: YES", "X-Späm: YES", "A: b\nB: c"}},
};

static void test_forms(void **state) {
  (void)state;
  /* exactly sized copies, so that the sanitizer sees a read beyond the end */
  for (size_t i = 0; i < COUNT(forms); i++)
    for (size_t n = 0; n < COUNT(forms[i].good) + COUNT(forms[i].bad); n++) {
      bool good = n < COUNT(forms[i].good);
      const char *text = good ? forms[i].good[n] : forms[i].bad[n - COUNT(forms[i].good)];
      if (!text)
        continue;
      char *copy = malloc(strlen(text) ? strlen(text) : 1);
      memcpy(copy, text, strlen(text));
      if (forms[i].fits(slice_of(copy, strlen(text))) != good)
        fail_msg("form %zu: '%s' should be %s", i, text, good ? "good" : "bad");
      free(copy);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_durations), cmocka_unit_test(test_size_values), cmocka_unit_test(test_counts),
      cmocka_unit_test(test_decimals),  cmocka_unit_test(test_bools),       cmocka_unit_test(test_unit_texts),
      cmocka_unit_test(test_quoted),    cmocka_unit_test(test_forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
