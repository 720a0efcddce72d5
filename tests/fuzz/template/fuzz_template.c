/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any source with any values, parted by NUL: the source, then a value for each variable in order. Whatever the values
 * are, the text has no control character, line break or bidi control that its source did not have.
 */
#include "template/clean.h"
#include "template/template.h"
#include "text/utf8.h"

#define ARENA_MAX (1 << 20)

static void read_values(struct slice rest, struct template_values *ret) {
  struct slice part;
  for (unsigned v = 0; v < TEMPLATE_VARIABLES && slice_split(&rest, '\0', &part); v++)
    ret->of[v] = part;
}

static size_t count_of(struct slice s, struct slice what) {
  size_t count = 0;
  const char *at = s.at, *end = s.at + s.len;
  while (at < end && (at = memmem(at, (size_t)(end - at), what.at, what.len))) {
    count++;
    at += what.len;
  }
  return count;
}

static void compare(struct slice source, struct slice text) {
  static const struct slice others[] = {
      SLICE("\x7F"),         SLICE("\xC2\x85"),     SLICE("\xE2\x80\xA8"), SLICE("\xE2\x80\xA9"), SLICE("\xE2\x80\xAE"),
      SLICE("\xE2\x80\xAD"), SLICE("\xE2\x81\xA6"), SLICE("\xE2\x80\x8F"), SLICE("\xE2\x80\x8B"), SLICE("\xEF\xBB\xBF"),
  };
  for (char c = 1; c < 0x20; c++)
    assert(count_of(text, slice_of(&c, 1)) <= count_of(source, slice_of(&c, 1)));
  /* in bytes that are no UTF-8 what the values bring may complete what the source began */
  for (size_t i = 0; utf8_valid(source) && i < sizeof(others) / sizeof(others[0]); i++)
    assert(count_of(text, others[i]) <= count_of(source, others[i]));
  assert(utf8_valid(text) || !utf8_valid(source));
}

/* What is clean stays as it is. */
static void check_value(struct slice value, size_t longest) {
  char once[CLEAN_ROOM], twice[CLEAN_ROOM];
  size_t len = clean_value(value, longest, once);
  assert(utf8_valid(slice_of(once, len)));
  assert(slice_equal(slice_of(once, len), slice_of(twice, clean_value(slice_of(once, len), longest, twice))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice rest = slice_of(data, size), source = {"", 0};
  struct template_values values = {0};
  struct complaint c = {0};
  const char *gap = NULL;
  char *text = NULL;
  slice_split(&rest, '\0', &source);
  read_values(rest, &values);
  for (unsigned v = 0; v < TEMPLATE_VARIABLES; v++) {
    check_value(values.of[v], 200);
    check_value(values.of[v], 5);
  }
  struct arena *a = arena_new(4096, ARENA_MAX);
  int good = template_check(source, &c), r = template_render(source, &values, a, &text, &gap);
  assert(good == 0 ? r >= 0 : r != 0 && c.text[0] != '\0');
  assert((r == 0) == (text != NULL) && (r == TEMPLATE_GAP) == (gap != NULL));
  if (text) {
    assert(strlen(text) <= TEMPLATE_TEXT_MAX);
    compare(source, slice_text(text));
  }
  arena_free(&a);
  return 0;
}
