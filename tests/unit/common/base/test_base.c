/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/id.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static void test_slice_split_and_trim(void **state) {
  (void)state;
  struct slice s = SLICE("a,,b"), head;
  const char *want[] = {"a", "", "b"};
  for (size_t i = 0; i < 3; i++) {
    assert_true(slice_split(&s, ',', &head));
    assert_true(slice_equal(head, slice_text(want[i])));
  }
  assert_false(slice_split(&s, ',', &head));
  assert_true(slice_equal(slice_trim(SLICE(" \t x y \r\n")), SLICE("x y")));
  assert_true(slice_equal(slice_trim(SLICE(" \t ")), SLICE("")));
  assert_true(slice_equal_nocase(SLICE("Content-Type"), SLICE("content-TYPE")));
  assert_false(slice_equal_nocase(SLICE("Content-Type"), SLICE("content-typ")));
}

static void test_slice_lists(void **state) {
  (void)state;
  assert_true(slice_lists(SLICE("ana bo"), ' ', SLICE("ana")) && slice_lists(SLICE("ana bo"), ' ', SLICE("bo")));
  assert_true(slice_lists(SLICE("bo"), ' ', SLICE("bo")) && slice_lists(SLICE("a,,b"), ',', SLICE("b")));
  assert_false(slice_lists(SLICE("anabo"), ' ', SLICE("ana")) || slice_lists(SLICE("ana bo"), ',', SLICE("ana")));
  assert_false(slice_lists(SLICE(""), ' ', SLICE("")) || slice_lists(slice_of(NULL, 0), ' ', SLICE("a")));
}

static void test_slice_to_u64(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t max;
    int r;
    uint64_t value;
  } cases[] = {
      {"0", 10, 0, 0},           {"10", 10, 0, 10},   {"11", 10, -ERANGE, 0}, {"", 10, -EINVAL, 0},
      {"-1", 10, -EINVAL, 0},    {"+1", 10, -EINVAL, 0}, {" 1", 10, -EINVAL, 0}, {"1x", 10, -EINVAL, 0},
      {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
      {"18446744073709551616", UINT64_MAX, -ERANGE, 0},
      {"99999999999999999999999", UINT64_MAX, -ERANGE, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    uint64_t value = 0;
    assert_int_equal(slice_to_u64(slice_text(cases[i].text), cases[i].max, &value), cases[i].r);
    assert_true(value == cases[i].value);
  }
}

static void test_buf_ceiling(void **state) {
  (void)state;
  struct buf b = BUF_INIT(10);
  assert_int_equal(buf_add_text(&b, "12345"), 0);
  assert_int_equal(buf_printf(&b, "%s", "67890"), 0);
  assert_int_equal(buf_add_char(&b, 'x'), BUF_FULL);
  assert_true(b.full);
  assert_string_equal(b.at, "1234567890");
  buf_consume(&b, 4);
  assert_string_equal(b.at, "567890");
  assert_int_equal(buf_printf(&b, "%s", "abcde"), BUF_FULL);
  assert_string_equal(b.at, "567890");
  buf_clear(&b);
  assert_false(b.full);
  assert_int_equal(b.len, 0);
  buf_free(&b);
  buf_free(&b);
  assert_int_equal(buf_slice(&b).len, 0);
}

/* The end of the newest piece comes back, and only that. */
static void test_arena_shrink(void **state) {
  (void)state;
  struct arena *a = arena_new(1024, 4096);
  char *first = arena_alloc(a, 500), *second = arena_alloc(a, 300);
  arena_shrink(a, first, 500, 10);
  assert_int_equal(arena_used(a), 512 + 304);
  arena_shrink(a, second, 300, 17);
  assert_int_equal(arena_used(a), 512 + 32);
  assert_ptr_equal(arena_alloc(a, 1), second + 32);
  arena_shrink(a, NULL, 300, 17);
  arena_shrink(a, second, 300, 17);
  assert_int_equal(arena_used(a), 512 + 48);
  arena_free(&a);
}

static void test_arena_ceiling_and_reset(void **state) {
  (void)state;
  struct arena *a = arena_new(64, 4096);
  for (int round = 0; round < 3; round++) {
    size_t got = 0;
    while (arena_alloc(a, 100))
      got++;
    assert_in_range(got, 20, 41);
    assert_null(arena_alloc(a, SIZE_MAX));
    arena_reset(a);
  }
  assert_string_equal(arena_copy(a, SLICE("abc")), "abc");
  assert_string_equal(arena_printf(a, "%d-%s", 7, "x"), "7-x");
  assert_int_equal((uintptr_t)arena_alloc(a, 1) % 16, 0);
  arena_free(&a);
  arena_free(&a);
}

static void test_encode_round_trips(void **state) {
  (void)state;
  uint8_t bytes[40], back[40];
  for (size_t len = 0; len <= 32; len++) {
    for (size_t i = 0; i < len; i++)
      bytes[i] = (uint8_t)(i * 37 + len);
    char text[128];
    size_t got = 0;
    hex_encode(bytes, len, text);
    assert_int_equal(strlen(text), HEX_LEN(len));
    assert_int_equal(hex_decode(slice_text(text), back, sizeof(back), &got), 0);
    assert_int_equal(got, len);
    assert_memory_equal(bytes, back, len);
    base64_encode(bytes, len, text);
    assert_int_equal(strlen(text), BASE64_LEN(len));
    assert_int_equal(base64_decode(slice_text(text), back, sizeof(back), &got), 0);
    assert_int_equal(got, len);
    assert_memory_equal(bytes, back, len);
    base32_encode(bytes, len, text);
    assert_int_equal(strlen(text), BASE32_LEN(len));
  }
}

static void test_encode_refuses(void **state) {
  (void)state;
  uint8_t out[8];
  size_t got;
  static const char *bad64[] = {"a", "ab", "abc", "ab=c", "a===", "====", "ab==ab==", "ab c", "YWJj\n", "YQ=a", "YR=="};
  for (size_t i = 0; i < sizeof(bad64) / sizeof(*bad64); i++)
    assert_int_equal(base64_decode(slice_text(bad64[i]), out, sizeof(out), &got), -EINVAL);
  assert_int_equal(base64_decode(SLICE("AAAAAAAAAAAAAAAA"), out, sizeof(out), &got), -EINVAL); /* no room */
  assert_int_equal(hex_decode(SLICE("abc"), out, sizeof(out), &got), -EINVAL);
  assert_int_equal(hex_decode(SLICE("zz"), out, sizeof(out), &got), -EINVAL);
}

static void test_percent(void **state) {
  (void)state;
  struct buf b = BUF_INIT(100);
  assert_int_equal(percent_decode(SLICE("a+b%20c%2Bd%zz%4"), true, &b), 0);
  assert_string_equal(b.at, "a b c+d%zz%4");
  buf_clear(&b);
  assert_int_equal(percent_decode(SLICE("a+b%41"), false, &b), 0);
  assert_string_equal(b.at, "a+bA");
  buf_clear(&b);
  assert_int_equal(percent_encode(SLICE("a b/\xc3\xa4~"), &b), 0);
  assert_string_equal(b.at, "a%20b%2F%C3%A4~");
  buf_free(&b);
}

/* RFC 3720 appendix B.4 */
static void test_crc32c(void **state) {
  (void)state;
  uint8_t zeros[32] = {0}, ones[32];
  memset(ones, 0xff, sizeof(ones));
  assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
  assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
  assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
  assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

/* RFC 4231 case 2, RFC 2202 case 2 */
static void test_digests(void **state) {
  (void)state;
  uint8_t out[SHA256_BYTES], again[SHA256_BYTES];
  char text[HEX_LEN(SHA256_BYTES) + 1];
  hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out);
  hex_encode(out, SHA256_BYTES, text);
  assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  hmac_sha1(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out);
  hex_encode(out, SHA1_BYTES, text);
  assert_string_equal(text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  sha256(SLICE("abc"), out);
  struct digest *d = digest_new();
  for (int round = 0; round < 2; round++) { /* used again after its end */
    digest_add(d, SLICE("a"));
    digest_add(d, SLICE("bc"));
    digest_end(d, again);
    assert_memory_equal(out, again, SHA256_BYTES);
  }
  digest_free(&d);
}

static void test_event_id_is_deterministic_and_unambiguous(void **state) {
  (void)state;
  struct event_id a = event_id_make(SLICE("mail"), SLICE("message"), SLICE("x"), SLICE(""));
  struct event_id b = event_id_make(SLICE("mail"), SLICE("message"), SLICE("x"), SLICE(""));
  struct event_id c = event_id_make(SLICE("mai"), SLICE("lmessage"), SLICE("x"), SLICE(""));
  assert_memory_equal(&a, &b, sizeof(a));
  assert_memory_not_equal(&a, &c, sizeof(a));
  char text[EVENT_ID_LEN + 1], upper[EVENT_ID_LEN + 1] = "", reference[REFERENCE_LEN + 1];
  event_id_text(&a, text);
  for (size_t i = 0; i < EVENT_ID_LEN; i++)
    upper[i] = text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
  assert_int_equal(event_id_parse(slice_text(text), &c), 0);
  assert_memory_equal(&a, &c, sizeof(a));
  assert_int_equal(event_id_parse(slice_text(upper), &c), 0);
  assert_memory_equal(&a, &c, sizeof(a));
  event_reference(text, reference);
  assert_int_equal(strlen(reference), REFERENCE_LEN);
  static const char *bad[] = {"", "0", "uuuuuuuuuuuuuuuuuuuuuuuuuu", "0000000000000000000000000!",
                              "00000000000000000000000001"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    assert_int_equal(event_id_parse(slice_text(bad[i]), &c), -EINVAL);
}

static void test_rfc3339(void **state) {
  (void)state;
  char text[RFC3339_LEN + 1];
  clock_rfc3339(0, text);
  assert_string_equal(text, "1970-01-01T00:00:00.000Z");
  clock_rfc3339(-1, text);
  assert_string_equal(text, "1969-12-31T23:59:59.999Z");
  clock_rfc3339(1795425000123, text);
  assert_string_equal(text, "2026-11-23T09:10:00.123Z");
  clock_rfc3339(INT64_MAX, text);
  assert_string_equal(text, "9999-12-31T23:59:59.999Z");
  clock_rfc3339(INT64_MIN, text);
  assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

static void test_files(void **state) {
  (void)state;
  char folder[] = "/tmp/deskbell-base-XXXXXX";
  assert_non_null(mkdtemp(folder));
  char *deep = path_join(folder, "a/b/c"), *file = path_join(deep, "x");
  assert_int_equal(folder_make(deep), 0);
  assert_int_equal(folder_make(deep), 0);
  assert_int_equal(file_write_atomic(file, SLICE("hello"), 0600), 0);
  assert_int_equal(file_write_atomic(file, SLICE("again"), 0600), 0);
  struct buf b = BUF_INIT(5);
  assert_int_equal(file_read(file, &b), 0);
  assert_string_equal(b.at, "again");
  assert_int_equal(file_read(file, &b), FILE_TOO_LARGE);
  assert_int_equal(folder_make(file), -ENOTDIR);
  char *missing = path_join(folder, "none/x");
  assert_int_equal(file_read(missing, &b), -ENOENT);
  assert_int_equal(file_write_atomic(missing, SLICE(""), 0600), -ENOENT);
  buf_free(&b);
  char command[256];
  snprintf(command, sizeof(command), "rm -r '%s'", folder);
  assert_int_equal(system(command), 0);
  free(missing);
  free(file);
  free(deep);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slice_split_and_trim),
      cmocka_unit_test(test_slice_lists),
      cmocka_unit_test(test_slice_to_u64),
      cmocka_unit_test(test_buf_ceiling),
      cmocka_unit_test(test_arena_shrink),
      cmocka_unit_test(test_arena_ceiling_and_reset),
      cmocka_unit_test(test_encode_round_trips),
      cmocka_unit_test(test_encode_refuses),
      cmocka_unit_test(test_percent),
      cmocka_unit_test(test_crc32c),
      cmocka_unit_test(test_digests),
      cmocka_unit_test(test_event_id_is_deterministic_and_unambiguous),
      cmocka_unit_test(test_rfc3339),
      cmocka_unit_test(test_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
