/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* The rows of `text` as "a|b/c|d", each row's line number in front: "1:a|b/2:c|d"; an error as its number at the end. */
static void read_all(struct arena *a, const char *text, char *ret, size_t room) {
  struct csv csv;
  struct slice fields[CSV_COLUMNS_MAX];
  size_t count, n = 0;
  int r;
  csv_open(&csv, slice_text(text));
  ret[0] = '\0';
  while ((r = csv_row(&csv, a, fields, &count)) == 0) {
    n += (size_t)snprintf(ret + n, room - n, "%s%u:", n ? "/" : "", csv.line);
    for (size_t i = 0; i < count; i++)
      n += (size_t)snprintf(ret + n, room - n, "%s%.*s", i ? "|" : "", (int)fields[i].len, fields[i].at);
  }
  if (r != CSV_END)
    snprintf(ret + n, room - n, "!%d", r);
}

static void test_rows(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } cases[] = {
      {"", ""},
      {"\n\r\n", ""},
      {"a,b\nc,d", "1:a|b/2:c|d"},
      {"a,b\r\nc,d\r\n", "1:a|b/2:c|d"},
      {"\xef\xbb\xbf" "a,b\n", "1:a|b"},
      {"a;b\nc;d,e\n", "1:a|b/2:c|d,e"},
      {"a\tb\nc\td\n", "1:a|b/2:c|d"},
      {"\"a,b\",c\n", "1:a,b|c"},
      {"\"say \"\"hi\"\"\",x\n", "1:say \"hi\"|x"},
      {"\"two\nlines\",x\nnext,y\n", "1:two\nlines|x/3:next|y"},
      {" a , b \n", "1:a|b"},
      {"a,,b,\n", "1:a||b|"},
      {"\n\na,b\n\n\nc,d\n", "3:a|b/6:c|d"},
      {"\"\",\"\"\n", "1:|"},
      {"\"a\"b,c\n", "1:ab|c"},
      {"a\"b,c\n", "1:a\"b|c"},
      {"a,\"open\nand never closed", "!2"},
  };
  struct arena *a = arena_new(4096, 1024 * 1024);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char got[512];
    read_all(a, cases[i].text, got, sizeof(got));
    assert_string_equal(got, cases[i].want);
  }
  arena_free(&a);
}

static void test_limits(void **state) {
  (void)state;
  struct arena *a = arena_new(4096, 64 * 1024);
  struct csv csv;
  struct slice fields[CSV_COLUMNS_MAX];
  size_t count;
  char *wide = calloc(1, 1000), *large = calloc(1, 200001);
  memset(wide, ',', 999);
  csv_open(&csv, slice_text(wide));
  assert_int_equal(csv_row(&csv, a, fields, &count), CSV_TOO_MANY);
  memset(large, 'x', 200000);
  csv_open(&csv, slice_text(large));
  arena_reset(a);
  assert_int_equal(csv_row(&csv, a, fields, &count), -ENOMEM);
  free(wide);
  free(large);
  arena_free(&a);
}

/* Cut anywhere, and every byte turned: never beyond the text. */
static void test_any_bytes(void **state) {
  (void)state;
  static const char text[] = "id,name\r\n1,\"Ann \"\"A\"\" B\"\r\n2,\"two\nlines\"\r\n";
  struct arena *a = arena_new(4096, 1024 * 1024);
  char got[2048], other[sizeof(text)];
  for (size_t i = 0; i < sizeof(text) - 1; i++) {
    char *cut = malloc(i + 1); /* exact, so that a sanitizer sees the step too far */
    memcpy(cut, text, i);
    cut[i] = '\0';
    read_all(a, cut, got, sizeof(got));
    free(cut);
    for (int c = 1; c < 256; c += 7) {
      memcpy(other, text, sizeof(text));
      other[i] = (char)c;
      arena_reset(a);
      read_all(a, other, got, sizeof(got));
    }
  }
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_any_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
