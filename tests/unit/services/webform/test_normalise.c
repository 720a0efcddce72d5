/* SPDX-License-Identifier: Apache-2.0 */
#include "normalise.h"
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW 1700000000000

static struct arena *arena;

static int setup(void **state) {
  (void)state;
  arena = arena_new(1024, 4 * 1024 * 1024);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static const struct channel_config shop = {.name = (char *)"shop",
                                           .kind = CHANNEL_FORM,
                                           .title = (char *)"Contact us",
                                           .language = (char *)"de",
                                           .consent_text = (char *)"",
                                           .uploads = true,
                                           .min_fill_ms = 3000};

static struct posted good(void) {
  struct posted p;
  posted_clear(&p);
  p.value[FIELD_NAME] = "Ana\nLópez";
  p.value[FIELD_EMAIL] = " Ana@Example.COM ";
  p.value[FIELD_SUBJECT] = "Order 4711";
  p.value[FIELD_MESSAGE] = "Where is it?\nThank you";
  return p;
}

static void check(const struct posted *p, struct checked *ret) {
  assert_int_equal(form_check(arena, &shop, p, ret), 0);
}

static void test_good(void **state) {
  (void)state;
  struct posted p = good();
  struct checked c;
  check(&p, &c);
  assert_int_equal(c.error_count, 0);
  assert_string_equal(c.name, "Ana López");
  assert_string_equal(c.raw, "Ana@Example.COM");
  assert_string_equal(c.address, "Ana@example.com");
  assert_string_equal(c.key, "email:ana@example.com");
}

static char *repeat(const char *piece, size_t times) {
  char *text = arena_alloc(arena, strlen(piece) * times + 1);
  text[0] = '\0';
  for (size_t i = 0, len = strlen(piece); i < times; i++)
    memcpy(text + i * len, piece, len + 1);
  return text;
}

static void test_errors(void **state) {
  (void)state;
  const struct {
    enum posted_field set;
    const char *value;
    enum posted_field field; /* of the error; FIELD_COUNT and WORD_NONE: none */
    enum word text;
  } cases[] = {
      {FIELD_NAME, "", FIELD_COUNT, WORD_NONE},
      {FIELD_EMAIL, "", FIELD_EMAIL, WORD_NO_CONTACT},
      {FIELD_EMAIL, "  ", FIELD_EMAIL, WORD_NO_CONTACT},
      {FIELD_EMAIL, "ana", FIELD_EMAIL, WORD_BAD_EMAIL},
      {FIELD_EMAIL, "ana@", FIELD_EMAIL, WORD_BAD_EMAIL},
      {FIELD_EMAIL, "ana@example.com, bob@example.com", FIELD_EMAIL, WORD_BAD_EMAIL},
      {FIELD_EMAIL, "ana@example.com\nBcc: x@example.com", FIELD_EMAIL, WORD_BAD_EMAIL},
      {FIELD_EMAIL, "=?utf-8?Q?agent?=@example.com", FIELD_EMAIL, WORD_BAD_EMAIL},
      {FIELD_PHONE, "call me", FIELD_COUNT, WORD_NONE}, /* beside an e-mail address it is a note */
      {FIELD_MESSAGE, "", FIELD_MESSAGE, WORD_NO_MESSAGE},
      {FIELD_MESSAGE, " \n\t ", FIELD_MESSAGE, WORD_NO_MESSAGE},
      {FIELD_MESSAGE, repeat("é", MESSAGE_MAX), FIELD_COUNT, WORD_NONE},
      {FIELD_MESSAGE, repeat("é", MESSAGE_MAX + 1), FIELD_MESSAGE, WORD_TOO_LONG},
      {FIELD_NAME, repeat("文", 200), FIELD_COUNT, WORD_NONE},
      {FIELD_NAME, repeat("文", 201), FIELD_NAME, WORD_TOO_LONG},
      {FIELD_SUBJECT, repeat("x", 301), FIELD_SUBJECT, WORD_TOO_LONG},
      {FIELD_EMAIL, repeat("x", 321), FIELD_EMAIL, WORD_TOO_LONG},
      {FIELD_PHONE, repeat("1", 51), FIELD_PHONE, WORD_TOO_LONG},
      {FIELD_SUBMISSION, repeat("1", 201), FIELD_SUBMISSION, WORD_TOO_LONG},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct posted p = good();
    struct checked c;
    p.value[cases[i].set] = cases[i].value;
    check(&p, &c);
    if (c.error_count != (cases[i].text != WORD_NONE))
      fail_msg("case %zu: %zu errors", i, c.error_count);
    if (c.error_count) {
      assert_int_equal(c.errors[0].field, cases[i].field);
      assert_int_equal(c.errors[0].text, cases[i].text);
    }
  }
}

static void test_phone(void **state) {
  (void)state;
  static const struct {
    const char *phone;
    const char *key; /* NULL: asked for again */
  } cases[] = {
      {"+1 (415) 555-2671", "tel:+14155552671"}, {"+49 30 901820", "tel:+4930901820"}, {"030 901820", NULL},
      {"12345", NULL},                           {"call me", NULL},                    {"+", NULL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct posted p = good();
    struct checked c;
    p.value[FIELD_EMAIL] = "";
    p.value[FIELD_PHONE] = cases[i].phone;
    check(&p, &c);
    if (cases[i].key) {
      assert_int_equal(c.error_count, 0);
      assert_string_equal(c.key, cases[i].key);
    } else {
      assert_int_equal(c.error_count, 1);
      assert_int_equal(c.errors[0].field, FIELD_PHONE);
      assert_int_equal(c.errors[0].text, WORD_BAD_PHONE);
    }
  }
}

static void test_several_errors_are_all_told(void **state) {
  (void)state;
  struct posted p;
  struct checked c;
  posted_clear(&p);
  check(&p, &c);
  assert_int_equal(c.error_count, 2);
  p.extra_count = POSTED_EXTRA_MAX + 1;
  p.not_text_extra = true;
  for (size_t i = 0; i < FIELD_COUNT; i++)
    p.not_text[i] = true;
  p.file_count = 11;
  check(&p, &c);
  assert_true(c.error_count <= FORM_ERRORS_MAX);
  assert_int_equal(c.error_count, FIELD_COUNT + 3);
}

static void test_files(void **state) {
  (void)state;
  struct posted_file files[11];
  for (size_t i = 0; i < 11; i++)
    files[i] = (struct posted_file){(char *)"a.txt", SLICE("text")};
  struct posted p = good();
  struct checked c;
  p.files = files;
  p.file_count = 10;
  check(&p, &c);
  assert_int_equal(c.error_count, 0);
  p.file_count = 11;
  check(&p, &c);
  assert_int_equal(c.errors[0].text, WORD_TOO_MANY_FILES);
  p.file_count = 3;
  files[1] = (struct posted_file){(char *)"b.exe", SLICE("MZ")};
  files[2] = (struct posted_file){(char *)"c.txt", SLICE("")};
  check(&p, &c);
  assert_int_equal(c.error_count, 2);
  assert_int_equal(c.errors[0].text, WORD_BAD_FILE);
  assert_string_equal(c.errors[0].argument, "b.exe");
  assert_int_equal(c.errors[1].text, WORD_EMPTY_FILE);
  struct channel_config closed = shop;
  closed.uploads = false;
  assert_int_equal(form_check(arena, &closed, &p, &c), 0);
  assert_int_equal(c.errors[0].text, WORD_NO_UPLOADS);
}

/* Equal exactly when the customer said the same. */
static void test_digest(void **state) {
  (void)state;
  struct posted p = good(), q = good();
  struct checked a, b;
  check(&p, &a);
  q.value[FIELD_TOKEN] = "another";
  check(&q, &b);
  assert_memory_equal(a.digest, b.digest, 32);
  static const enum posted_field said[] = {FIELD_NAME,    FIELD_EMAIL,   FIELD_PHONE,
                                           FIELD_SUBJECT, FIELD_MESSAGE, FIELD_CONSENT};
  for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
    q = good();
    q.value[said[i]] = said[i] == FIELD_EMAIL ? "bob@example.com" : "changed";
    check(&q, &b);
    assert_memory_not_equal(a.digest, b.digest, 32);
  }
  /* a text that moved from one field to the next is not the same */
  p = q = good();
  p.value[FIELD_NAME] = "ab";
  p.value[FIELD_SUBJECT] = "c";
  q.value[FIELD_NAME] = "a";
  q.value[FIELD_SUBJECT] = "bc";
  check(&p, &a);
  check(&q, &b);
  assert_memory_not_equal(a.digest, b.digest, 32);
  struct posted_file file = {(char *)"a.txt", SLICE("text")};
  q = p;
  q.files = &file;
  q.file_count = 1;
  check(&q, &b);
  assert_memory_not_equal(a.digest, b.digest, 32);
}

static void test_suspected(void **state) {
  (void)state;
  static const struct {
    enum posted_field field;
    const char *value;
    int64_t fill_ms;
    const char *reason;
  } cases[] = {
      {FIELD_NAME, "Ana", 5000, NULL},
      {FIELD_NAME, "Ana", -1, NULL}, /* not known: no page */
      {FIELD_NAME, "Ana", 3000, NULL},
      {FIELD_NAME, "Ana", 2999, "too-fast"},
      {FIELD_NAME, "Ana", 0, "too-fast"},
      {FIELD_TRAP, "http://spam.example", 5000, "honeypot"},
      {FIELD_TRAP, "x", 0, "honeypot"},
      {FIELD_MESSAGE, "http://a https://b http://c http://d http://e", 5000, NULL},
      {FIELD_MESSAGE, "http://a https://b HTTP://c Https://d http://e http://f", 5000, "many-links"},
      {FIELD_MESSAGE, "http http http https http http http", 5000, NULL},
      {FIELD_NAME, "Win http://x.example", 5000, "link-in-name"},
      {FIELD_SUBJECT, "https://x.example", 5000, "link-in-name"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct posted p = good();
    struct checked c;
    p.value[cases[i].field] = cases[i].value;
    check(&p, &c);
    const char *reason = form_suspected(&shop, &p, &c, cases[i].fill_ms);
    if (cases[i].reason)
      assert_string_equal(reason, cases[i].reason);
    else
      assert_null(reason);
  }
  struct channel_config untimed = shop;
  untimed.min_fill_ms = 0;
  struct posted p = good();
  struct checked c;
  check(&p, &c);
  assert_null(form_suspected(&untimed, &p, &c, 0));
}

static contact_event *make_event(const struct channel_config *channel, struct posted *p, const struct blob_ref *text,
                                 const struct blob_ref *files) {
  static struct checked c;
  assert_int_equal(form_check(arena, channel, p, &c), 0);
  assert_int_equal(c.error_count, 0);
  contact_event *e = form_event(arena, &(struct form_facts){.channel = channel,
                                                            .posted = p,
                                                            .checked = &c,
                                                            .id = "0123456789abcdefghjkmnpqr0",
                                                            .source_id = "key",
                                                            .suspected = NULL,
                                                            .now_ms = NOW,
                                                            .original = {.sha256 = {1}, .size = 99},
                                                            .text = text,
                                                            .files = files});
  assert_non_null(e);
  return e;
}

static void test_event(void **state) {
  (void)state;
  struct posted p = good();
  struct posted_extra extra = {(char *)"order", (char *)"4711"};
  p.extra = &extra;
  p.extra_count = 1;
  p.value[FIELD_PHONE] = "030 / 90 18 20";
  p.mended = true;
  contact_event *e = make_event(&shop, &p, NULL, NULL);
  const char *why = NULL;
  if (event_check(e, &why))
    fail_msg("%s", why);
  assert_int_equal(e->kind, DESKBELL__V1__EVENT_KIND__MESSAGE);
  assert_string_equal(e->channel, "shop");
  assert_string_equal(e->channel_kind, "form");
  assert_string_equal(e->from->address, "Ana@example.com");
  assert_string_equal(e->from->key, "email:ana@example.com");
  assert_string_equal(e->from->name, "Ana López");
  assert_string_equal(e->from->verified, ""); /* typed, not proven (AR-23) */
  assert_string_equal(e->subject, "Order 4711");
  assert_string_equal(e->text, "Where is it?\nThank you");
  assert_string_equal(e->reference, "0123-4567-89ab");
  assert_string_equal(e->signature, "form");
  assert_string_equal(e->suspected, "");
  assert_string_equal(e->language, "de");
  assert_true(e->received_at_ms == NOW);
  assert_int_equal(e->original->size, 99);
  assert_null(e->text_blob);
  assert_null(e->consent);
  assert_int_equal(e->n_warnings, 1);
  assert_string_equal(e->warnings[0], "charset-mended");
  assert_int_equal(e->n_fields, 4);
  assert_string_equal(e->fields[0]->name, "name");
  assert_string_equal(e->fields[0]->label, "Ihr Name");
  assert_string_equal(e->fields[2]->value, "030 / 90 18 20");
  assert_string_equal(e->fields[3]->name, "order");
  struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  assert_int_equal(event_pack(e, arena, &packed), 0);
  buf_free(&packed);
}

static void test_event_with_a_long_text(void **state) {
  (void)state;
  struct posted p = good();
  p.value[FIELD_MESSAGE] = repeat("é", 20000);
  struct blob_ref text = {.sha256 = {2}, .size = 40000};
  contact_event *e = make_event(&shop, &p, &text, NULL);
  const char *why = NULL;
  assert_int_equal(event_check(e, &why), 0);
  assert_int_equal(strlen(e->text), EVENT_TEXT_MAX);
  assert_int_equal(e->text_blob->size, 40000);
  assert_true(utf8_clean(slice_text(e->text)));
}

static void test_event_with_consent_and_files(void **state) {
  (void)state;
  struct channel_config channel = shop;
  channel.consent_text = (char *)"I agree.";
  struct posted_file files[2] = {{(char *)"a.txt", SLICE("text")}, {(char *)"b.csv", SLICE("1;2")}};
  struct blob_ref refs[2] = {{.sha256 = {3}, .size = 4}, {.sha256 = {4}, .size = 3}};
  struct posted p = good();
  p.files = files;
  p.file_count = 2;
  contact_event *e = make_event(&channel, &p, NULL, refs);
  assert_false(e->consent->given);
  assert_true(e->consent->at_ms == NOW);
  assert_string_equal(e->consent->text_version,
                      "sha256:826ff0dab649a97ffdd7779a332accafb35cc161012253a19383db19289d6e02");
  assert_int_equal(e->n_attachments, 2);
  assert_string_equal(e->attachments[1]->name, "b.csv");
  assert_string_equal(e->attachments[1]->type, "text/csv");
  assert_int_equal(e->attachments[1]->blob->size, 3);
  p.value[FIELD_CONSENT] = "yes";
  e = make_event(&channel, &p, NULL, refs);
  assert_true(e->consent->given);
  const char *why = NULL;
  assert_int_equal(event_check(e, &why), 0);
}

static void test_no_memory(void **state) {
  (void)state;
  struct posted p = good();
  struct checked c;
  for (size_t ceiling = 32; ceiling < 256; ceiling += 16) {
    struct arena *small = arena_new(16, ceiling);
    int r = form_check(small, &shop, &p, &c);
    assert_true(r == 0 || r == -ENOMEM);
    arena_free(&small);
  }
  assert_int_equal(form_check(arena, &shop, &p, &c), 0);
  struct form_facts facts = {.channel = &shop, .posted = &p, .checked = &c, .id = "0123456789abcdefghjkmnpqr0",
                             .source_id = "key"};
  size_t made = 0;
  for (size_t ceiling = 64; ceiling < 4096; ceiling += 64) {
    struct arena *small = arena_new(64, ceiling);
    made += form_event(small, &facts) != NULL;
    arena_free(&small);
  }
  assert_in_range(made, 1, 60);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_good),
      CASE(test_errors),
      CASE(test_phone),
      CASE(test_several_errors_are_all_told),
      CASE(test_files),
      CASE(test_digest),
      CASE(test_suspected),
      CASE(test_event),
      CASE(test_event_with_a_long_text),
      CASE(test_event_with_consent_and_files),
      CASE(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
