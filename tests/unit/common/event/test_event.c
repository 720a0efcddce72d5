/* SPDX-License-Identifier: Apache-2.0 */
/* The limits and checks of a contact event, its way through protobuf and its JSON face. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/digest.h"
#include "event/event.h"

#define MEBI (1024 * 1024)

static struct arena *arena;
static struct buf packed = BUF_INIT(EVENT_MAX_BYTES);

static int set_up(void **state) {
  (void)state;
  arena = arena_new(64 * 1024, 16 * MEBI);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  buf_free(&packed);
  return 0;
}

static char *filled(size_t len, char with) {
  char *s = arena_alloc(arena, len + 1);
  assert_non_null(s);
  memset(s, with, len);
  s[len] = '\0';
  return s;
}

static contact_event *sample(void) {
  contact_event *e = event_new(arena);
  assert_non_null(e);
  struct event_id id = event_id_make(SLICE("shop"), SLICE("message"), SLICE("SM1"), SLICE(""));
  e->id = arena_alloc(arena, EVENT_ID_LEN + 1);
  event_id_text(&id, e->id);
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = (char *)"shop";
  e->channel_kind = (char *)"sms";
  e->from = event_party_new(arena);
  e->from->address = (char *)"+14155552671";
  e->text = (char *)"Where is my parcel?";
  e->received_at_ms = 1795512600123;
  return e;
}

static void add_fields(contact_event *e, size_t count, size_t len) {
  e->fields = arena_alloc(arena, count * sizeof(*e->fields));
  for (size_t i = 0; i < count; i++) {
    e->fields[i] = arena_alloc(arena, sizeof(**e->fields));
    deskbell__v1__field__init(e->fields[i]);
    e->fields[i]->name = (char *)"answer";
    e->fields[i]->value = filled(len, 'f');
  }
  e->n_fields = count;
}

static void add_recipients(contact_event *e, size_t count) {
  e->to = arena_alloc(arena, count * sizeof(*e->to));
  for (size_t i = 0; i < count; i++) {
    e->to[i] = event_party_new(arena);
    e->to[i]->address = filled(200, 'r');
  }
  e->n_to = count;
}

static void add_references(contact_event *e, size_t count) {
  e->thread = arena_alloc(arena, sizeof(*e->thread));
  deskbell__v1__thread_hints__init(e->thread);
  e->thread->references = arena_alloc(arena, count * sizeof(char *));
  for (size_t i = 0; i < count; i++)
    e->thread->references[i] = arena_printf(arena, "ref-%zu@example.com", i);
  e->thread->n_references = count;
}

static bool warned(const contact_event *e, const char *warning) {
  for (size_t i = 0; i < e->n_warnings; i++)
    if (strcmp(e->warnings[i], warning) == 0)
      return true;
  return false;
}

static contact_event *through(contact_event *e) {
  const char *why = "";
  contact_event *back = NULL;
  assert_int_equal(event_pack(e, arena, &packed), 0);
  assert_true(packed.len <= EVENT_MAX_BYTES);
  int r = event_unpack(buf_slice(&packed), arena, &back, &why);
  if (r)
    fail_msg("%s", why);
  return back;
}

static void test_a_new_event_has_no_null_strings(void **state) {
  (void)state;
  const contact_event *e = event_new(arena);
  assert_string_equal(e->id, "");
  assert_string_equal(e->text, "");
  assert_string_equal(e->reference, "");
  assert_string_equal(event_party_new(arena)->verified, "");
}

static void test_makers_answer_null_at_the_ceiling(void **state) {
  (void)state;
  uint8_t digest[32] = {0};
  struct arena *small = arena_new(16, 16);
  assert_null(event_new(small));
  assert_null(event_party_new(small));
  assert_null(event_blob_new(small, digest, 1));
  arena_free(&small);
}

static void test_everything_survives_packing(void **state) {
  (void)state;
  contact_event *e = sample();
  uint8_t digest[32];
  sha256(SLICE("original"), digest);
  e->original = event_blob_new(arena, digest, 8);
  add_fields(e, 3, 10);
  add_recipients(e, 2);
  add_references(e, 5);
  e->subject = (char *)"Grüße \xf0\x9f\x98\x80";
  const contact_event *back = through(e);
  assert_string_equal(back->id, e->id);
  assert_string_equal(back->subject, e->subject);
  assert_string_equal(back->from->address, "+14155552671");
  assert_int_equal(back->received_at_ms, 1795512600123);
  assert_memory_equal(back->original->sha256.data, digest, 32);
  assert_int_equal(back->n_fields, 3);
  assert_int_equal(back->n_to, 2);
  assert_string_equal(back->thread->references[4], "ref-4@example.com");
  assert_int_equal(back->n_warnings, 0);
}

static void test_check_refuses(void **state) {
  (void)state;
  static const char *const dirty[] = {"\xff", "a\x01z", "\xc0\xaf", "\xed\xa0\x80", "cut \xe2\x82"};
  const char *why;
  contact_event *e = sample();
  assert_int_equal(event_check(e, &why), 0);
  for (size_t i = 0; i < sizeof(dirty) / sizeof(dirty[0]); i++) {
    e = sample();
    e->text = (char *)dirty[i];
    assert_int_equal(event_check(e, &why), EVENT_INVALID);
    assert_string_equal(why, "a string is not clean UTF-8");
    e = sample();
    e->from->name = (char *)dirty[i]; /* in a part of the event too */
    assert_int_equal(event_check(e, &why), EVENT_INVALID);
    e = sample();
    add_references(e, 2);
    e->thread->references[1] = (char *)dirty[i]; /* and in a list */
    assert_int_equal(event_check(e, &why), EVENT_INVALID);
  }
}

static void change_id(contact_event *e) { e->id = (char *)"short"; }
static void change_id_letters(contact_event *e) { e->id = (char *)"uuuuuuuuuuuuuuuuuuuuuuuuuu"; }
static void change_kind(contact_event *e) { e->kind = DESKBELL__V1__EVENT_KIND__EVENT_KIND_UNSPECIFIED; }
static void change_kind_high(contact_event *e) { e->kind = (Deskbell__V1__EventKind)99; }
static void change_kind_negative(contact_event *e) { e->kind = (Deskbell__V1__EventKind)-1; }
static void change_channel(contact_event *e) { e->channel = (char *)""; }
static void change_channel_long(contact_event *e) { e->channel = filled(65, 'c'); }
static void change_text(contact_event *e) { e->text = filled(EVENT_TEXT_MAX + 1, 't'); }
static void change_subject(contact_event *e) { e->subject = filled(16 * 1024 + 1, 's'); }
static void change_references(contact_event *e) { add_references(e, 201); }
static void change_recipients(contact_event *e) { add_recipients(e, 1001); }
static void change_quarantine(contact_event *e) { e->kind = DESKBELL__V1__EVENT_KIND__QUARANTINE; }
static void change_blob(contact_event *e) {
  uint8_t digest[32] = {0};
  e->html = event_blob_new(arena, digest, 1);
  e->html->sha256.len = 31;
}

static void test_check_limits(void **state) {
  (void)state;
  static void (*const changes[])(contact_event *) = {
      change_id,      change_id_letters, change_kind,    change_kind_high,  change_kind_negative,
      change_channel, change_text,       change_subject, change_references, change_recipients,
      change_blob,    change_quarantine, change_channel_long};
  for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
    const char *why = NULL;
    contact_event *e = sample();
    changes[i](e);
    assert_int_equal(event_check(e, &why), EVENT_INVALID);
    assert_non_null(why);
  }
}

static void test_what_fits_is_not_cut(void **state) {
  (void)state;
  contact_event *e = sample();
  add_fields(e, 1, 8000);
  add_recipients(e, 120);
  add_references(e, 100);
  const contact_event *back = through(e);
  assert_int_equal(back->n_warnings, 0);
  assert_int_equal(strlen(back->fields[0]->value), 8000);
  assert_int_equal(back->n_to, 120);
}

static void test_cuts_in_order(void **state) {
  (void)state;
  contact_event *e = sample();
  e->text = filled(30000, 't');
  add_fields(e, 2, 30000);
  const contact_event *back = through(e);
  assert_true(warned(back, "cut: fields"));
  assert_false(warned(back, "cut: text"));
  assert_int_equal(strlen(back->fields[1]->value), 4096);
  assert_int_equal(strlen(back->text), 30000);

  e = sample();
  e->text = filled(30000, 't');
  add_recipients(e, 400);
  back = through(e);
  assert_int_equal(back->n_to, 100);
  assert_true(warned(back, "cut: recipients"));
  assert_false(warned(back, "cut: text"));
}

static void test_references_keep_the_root_and_the_newest(void **state) {
  (void)state;
  contact_event *e = sample();
  add_references(e, 300); /* above what a reader accepts, although it fits */
  const contact_event *back = through(e);
  assert_int_equal(back->thread->n_references, 200);
  assert_string_equal(back->thread->references[0], "ref-0@example.com");
  assert_string_equal(back->thread->references[199], "ref-299@example.com");
  assert_true(warned(back, "cut: references"));
}

static void test_text_is_cut_between_characters(void **state) {
  (void)state;
  contact_event *e = sample();
  char *text = arena_alloc(arena, 60001);
  for (size_t i = 0; i < 60000; i += 3)
    memcpy(text + i, "\xe2\x82\xac", 3);
  text[60000] = '\0';
  e->text = text;
  const contact_event *back = through(e); /* event_unpack() checks the UTF-8 */
  assert_true(strlen(back->text) <= EVENT_TEXT_MAX && strlen(back->text) > EVENT_TEXT_MAX - 3);
  assert_true(warned(back, "cut: text"));
}

static void test_the_largest_event_still_packs(void **state) {
  (void)state;
  contact_event *e = sample();
  e->text = filled(200000, 't');
  add_fields(e, 1000, 6000);
  add_recipients(e, 3000);
  add_references(e, 5000);
  char **warnings = arena_alloc(arena, 500 * sizeof(*warnings));
  for (size_t i = 0; i < 500; i++)
    warnings[i] = filled(100, 'w');
  e->warnings = warnings;
  e->n_warnings = 500;
  const contact_event *back = through(e);
  assert_true(back->n_fields > 0);
  assert_true(warned(back, "cut: last fields"));
}

static void test_packing_twice_does_not_warn_twice(void **state) {
  (void)state;
  contact_event *e = sample();
  e->text = filled(40000, 't');
  assert_int_equal(event_pack(e, arena, &packed), 0);
  e->text = filled(40000, 't');
  assert_int_equal(event_pack(e, arena, &packed), 0);
  assert_int_equal(e->n_warnings, 1);
}

static void test_what_cannot_be_cut_is_said(void **state) {
  (void)state;
  contact_event *e = sample();
  e->language = filled(70000, 'l'); /* only a bug of ours does this */
  assert_int_equal(event_pack(e, arena, &packed), EVENT_TOO_LARGE);
  struct buf small = BUF_INIT(16);
  assert_int_equal(event_pack(sample(), arena, &small), EVENT_TOO_LARGE);
  buf_free(&small);
}

static void test_unpack_refuses(void **state) {
  (void)state;
  const char *why = NULL;
  contact_event *back = NULL;
  static const char *const nonsense[] = {"", "\x0a", "\x0a\xff\xff\xff\xff\x7f", "\xff\xff\xff", "not protobuf at all"};
  for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
    assert_int_equal(event_unpack(slice_text(nonsense[i]), arena, &back, &why), EVENT_INVALID);
  assert_null(back);
  char *large = filled(EVENT_MAX_BYTES + 1, 'x');
  assert_int_equal(event_unpack(slice_of(large, EVENT_MAX_BYTES + 1), arena, &back, &why), EVENT_INVALID);
  assert_string_equal(why, "larger than 64 KiB");
}

static void test_unpack_stops_at_the_ceiling(void **state) {
  (void)state;
  contact_event *e = sample(), *back = NULL;
  const char *why = NULL;
  add_fields(e, 100, 100);
  assert_int_equal(event_pack(e, arena, &packed), 0);
  struct arena *small = arena_new(1024, 4096);
  assert_int_equal(event_unpack(buf_slice(&packed), small, &back, &why), -ENOMEM);
  arena_free(&small);
}

static void test_every_truncation_is_handled(void **state) {
  (void)state;
  contact_event *e = sample();
  add_fields(e, 2, 20);
  add_references(e, 2);
  assert_int_equal(event_pack(e, arena, &packed), 0);
  for (size_t len = 0; len < packed.len; len++) {
    struct arena *a = arena_new(4096, 65536);
    char *copy = malloc(len ? len : 1); /* so that the sanitizer sees a read past the end */
    memcpy(copy, packed.at, len);
    contact_event *back = NULL;
    const char *why = NULL;
    int r = event_unpack(slice_of(copy, len), a, &back, &why);
    assert_true(r == 0 || (r == EVENT_INVALID && why));
    free(copy);
    arena_free(&a);
  }
}

static void expect_text(const json_t *in, const char *name, const char *value) {
  const char *is = json_string_value(json_object_get(in, name));
  assert_non_null(is);
  assert_string_equal(is, value);
}

static void test_json(void **state) {
  (void)state;
  contact_event *e = sample();
  uint8_t digest[32];
  sha256(SLICE(""), digest);
  e->original = event_blob_new(arena, digest, 0);
  e->from->name = (char *)"Zoë";
  add_recipients(e, 1);
  add_fields(e, 1, 3);
  event_attachment *a = arena_alloc(arena, sizeof(*a));
  deskbell__v1__attachment__init(a);
  a->name = (char *)"a.pdf";
  a->type = (char *)"application/pdf";
  a->blob = e->original;
  e->attachments = &a;
  e->n_attachments = 1;
  json_t *j = event_json(e);
  expect_text(j, "kind", "message");
  expect_text(j, "channel", "shop");
  expect_text(j, "text", "Where is my parcel?");
  expect_text(j, "received_at", "2026-11-24T09:30:00.123Z");
  expect_text(json_object_get(j, "from"), "address", "+14155552671");
  expect_text(json_object_get(j, "from"), "name", "Zoë");
  const json_t *attachment = json_array_get(json_object_get(j, "attachments"), 0);
  expect_text(attachment, "name", "a.pdf");
  expect_text(attachment, "sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect_text(json_array_get(json_object_get(j, "fields"), 0), "value", "fff");
  assert_null(json_object_get(j, "occurred_at")); /* unknown: left out */
  assert_null(json_object_get(j, "subject"));
  assert_null(json_object_get(j, "status"));
  json_decref(j);
}

static void test_json_of_a_status(void **state) {
  (void)state;
  contact_event *e = sample();
  e->kind = DESKBELL__V1__EVENT_KIND__STATUS;
  e->status = arena_alloc(arena, sizeof(*e->status));
  deskbell__v1__delivery_status__init(e->status);
  e->status->provider_status = (char *)"undelivered";
  e->status->error_code = (char *)"30003";
  json_t *j = event_json(e);
  expect_text(j, "kind", "status");
  expect_text(json_object_get(j, "status"), "error_code", "30003");
  assert_int_equal(json_object_size(json_object_get(j, "status")), 2);
  json_decref(j);
  e->status->of_outbound = (char *)"o0123456789abcdef";
  e->status->state = (char *)"deferred";
  e->status->attempt = 3;
  e->status->next_try_ms = 1795512600123;
  e->status->why = (char *)"greylisted";
  e->status->permanent = true;
  j = event_json(e);
  const json_t *s = json_object_get(j, "status");
  expect_text(s, "of_outbound", "o0123456789abcdef");
  expect_text(s, "state", "deferred");
  expect_text(s, "next_try", "2026-11-24T09:30:00.123Z");
  expect_text(s, "why", "greylisted");
  assert_int_equal(json_integer_value(json_object_get(s, "attempt")), 3);
  assert_true(json_is_true(json_object_get(s, "permanent")));
  json_decref(j);
  assert_string_equal(event_kind_text((Deskbell__V1__EventKind)42), "unspecified");
  assert_string_equal(event_kind_text(DESKBELL__V1__EVENT_KIND__OPT_OUT), "opt-out");
}

/* ---- spans of the text */

struct run {
  uint32_t begin, end;
  const char *kind;
};

static contact_event *spanned(const char *text, const struct run *runs, size_t count) {
  contact_event *e = sample();
  e->text = (char *)(uintptr_t)text;
  e->spans = arena_alloc(arena, (count + 1) * sizeof(*e->spans));
  for (size_t i = 0; i < count; i++) {
    Deskbell__V1__TextSpan *span = arena_alloc(arena, sizeof(*span));
    deskbell__v1__text_span__init(span);
    span->begin = runs[i].begin;
    span->end = runs[i].end;
    span->kind = (char *)(uintptr_t)runs[i].kind;
    e->spans[i] = span;
  }
  e->n_spans = count;
  return e;
}

static void test_spans_are_checked(void **state) {
  (void)state;
  static const char text[] = "a\u00e4 > b\nc"; /* nine bytes; the second character has two */
  static const struct {
    struct run runs[3];
    size_t count;
    bool fits;
  } rows[] = {
      {{{0, 9, "quote"}}, 1, true},
      {{{0, 1, "quote"}, {1, 3, "attribution"}, {8, 9, "signature"}}, 3, true},
      {{{0, 0, "quote"}}, 1, false},                  /* empty */
      {{{4, 3, "quote"}}, 1, false},                  /* backwards */
      {{{0, 10, "quote"}}, 1, false},                 /* beyond the text */
      {{{9, 10, "quote"}}, 1, false},
      {{{9, 9, "quote"}}, 1, false},
      {{{UINT32_MAX - 1, UINT32_MAX, "quote"}}, 1, false},
      {{{2, 4, "quote"}}, 1, false},                  /* begins inside a character */
      {{{0, 2, "quote"}}, 1, false},                  /* ends inside one */
      {{{0, 4, "quote"}, {3, 8, "quote"}}, 2, false}, /* overlapping */
      {{{0, 4, "quote"}, {0, 4, "quote"}}, 2, false}, /* twice */
      {{{4, 8, "quote"}, {0, 3, "quote"}}, 2, false}, /* out of order */
      {{{0, 8, "quote"}, {3, 4, "quote"}, {8, 9, "quote"}}, 3, false}, /* one in another */
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const char *why = NULL;
    contact_event *e = spanned(text, rows[i].runs, rows[i].count), *back = NULL;
    int r = event_check(e, &why);
    assert_int_equal(r, rows[i].fits ? 0 : EVENT_INVALID);
    if (!rows[i].fits)
      assert_string_equal(why, "the spans do not fit the text");
    size_t size = deskbell__v1__contact_event__get_packed_size(e); /* what another program packed is checked too */
    uint8_t *bytes = arena_alloc(arena, size);
    deskbell__v1__contact_event__pack(e, bytes);
    assert_int_equal(event_unpack(slice_of(bytes, size), arena, &back, &why), r);
  }
}

static void test_too_many_spans(void **state) {
  (void)state;
  const char *why = NULL;
  struct run *runs = arena_alloc(arena, (EVENT_SPANS_MAX + 1) * sizeof(*runs));
  for (uint32_t i = 0; i <= EVENT_SPANS_MAX; i++)
    runs[i] = (struct run){2 * i, 2 * i + 1, "quote"};
  const char *text = filled(2 * EVENT_SPANS_MAX + 2, 't');
  assert_int_equal(event_check(spanned(text, runs, EVENT_SPANS_MAX), &why), 0);
  assert_int_equal(event_check(spanned(text, runs, EVENT_SPANS_MAX + 1), &why), EVENT_INVALID);
  assert_int_equal(through(spanned(text, runs, EVENT_SPANS_MAX + 1))->n_spans, EVENT_SPANS_MAX); /* packing drops it */
}

static void test_spans_are_clipped_with_the_text(void **state) {
  (void)state;
  const struct run runs[] = {{10, 20, "attribution"}, {20, 30000, "quote"}, {30100, 39990, "signature"}};
  contact_event *e = spanned(filled(40000, 't'), runs, 3);
  const contact_event *back = through(e);
  size_t len = strlen(back->text);
  assert_int_equal(len, EVENT_TEXT_MAX);
  assert_true(warned(back, "cut: text"));
  assert_int_equal(back->n_spans, 3);
  assert_int_equal(back->spans[1]->end, 30000);
  assert_int_equal(back->spans[2]->begin, 30100);
  assert_int_equal(back->spans[2]->end, len);

  e = spanned(filled(40000, 't'), runs, 3);
  add_fields(e, 15, 4000); /* so that the text is cut before the last one */
  back = through(e);
  len = strlen(back->text);
  assert_true(len > 20 && len < 30000);
  assert_int_equal(back->n_spans, 2);
  assert_int_equal(back->spans[1]->end, len);
}

/* The sender's words are in what was cut off: then the text is read as it is. */
static void test_no_spans_when_nothing_else_is_left(void **state) {
  (void)state;
  const struct run runs[] = {{0, 5, "attribution"}, {8, 35000, "quote"}};
  char *text = filled(40000, 't');
  memcpy(text + 5, " \n\t", 3);
  assert_int_equal(through(spanned(text, runs, 2))->n_spans, 0);
  text[6] = 'x';
  assert_int_equal(through(spanned(text, runs, 2))->n_spans, 2);
}

static void test_json_of_spans(void **state) {
  (void)state;
  const struct run runs[] = {{7, 21, "attribution"}, {21, 30, "quote"}, {34, 41, "signature"}};
  json_t *j = event_json(spanned("Yes!\n\n\nAnna schrieb:\n> W\u00e4nn?\nJa.\n-- \nJoe", runs, 3));
  expect_text(j, "text", "Yes!\n\n\nAnna schrieb:\n> W\u00e4nn?\nJa.\n-- \nJoe");
  expect_text(j, "text_stripped", "Yes!\n\n\nJa.\n");
  expect_text(j, "text_quoted", "Anna schrieb:\n> W\u00e4nn?\n-- \nJoe");
  const json_t *spans = json_object_get(j, "spans");
  assert_int_equal(json_array_size(spans), 3);
  expect_text(json_array_get(spans, 1), "kind", "quote");
  assert_int_equal(json_integer_value(json_object_get(json_array_get(spans, 1), "begin")), 21);
  assert_int_equal(json_integer_value(json_object_get(json_array_get(spans, 1), "end")), 30);
  json_decref(j);

  j = event_json(spanned("Yes!", NULL, 0));
  assert_null(json_object_get(j, "text_stripped")); /* readers use the text */
  assert_null(json_object_get(j, "text_quoted"));
  assert_null(json_object_get(j, "spans"));
  json_decref(j);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_new_event_has_no_null_strings),
      CASE(test_makers_answer_null_at_the_ceiling),
      CASE(test_everything_survives_packing),
      CASE(test_check_refuses),
      CASE(test_check_limits),
      CASE(test_what_fits_is_not_cut),
      CASE(test_cuts_in_order),
      CASE(test_references_keep_the_root_and_the_newest),
      CASE(test_text_is_cut_between_characters),
      CASE(test_the_largest_event_still_packs),
      CASE(test_packing_twice_does_not_warn_twice),
      CASE(test_what_cannot_be_cut_is_said),
      CASE(test_unpack_refuses),
      CASE(test_unpack_stops_at_the_ceiling),
      CASE(test_every_truncation_is_handled),
      CASE(test_json),
      CASE(test_json_of_a_status),
      CASE(test_spans_are_checked),
      CASE(test_too_many_spans),
      CASE(test_spans_are_clipped_with_the_text),
      CASE(test_no_spans_when_nothing_else_is_left),
      CASE(test_json_of_spans),
  };
  return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
