/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of the generic provider, and the events they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_source.h"
#include "normalise_generic.h"

static struct arena *arena;
static struct fake_blobs blobs;
static bool sms;

static int set_up(void **state) {
  (void)state;
  arena = arena_new(65536, 1 << 24);
  sms = false;
  blobs.outcome = 0;
  blobs.count = 0;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static int normalise(const char *body, struct normalised *ret) {
  struct source source = fake_source(arena, &blobs, sms);
  return normalise_generic(&source, slice_text(body), SLICE("msg_1"), ret);
}

static contact_event *one(const char *body) {
  struct normalised n;
  int r = normalise(body, &n);
  if (r)
    fail_msg("%s: %d %s", body, r, n.why ? n.why : "");
  assert_int_equal(n.count, 1);
  assert_string_equal(n.events[0]->signature, "standard-webhooks");
  fake_check(arena, n.events[0]);
  return n.events[0];
}

static void test_a_whole_message(void **state) {
  (void)state;
  const contact_event *e = one(
      "{\"type\":\"message\",\"id\":\"m1\",\"from\":{\"address\":\"+14155552671\",\"name\":\"Ann\"},"
      "\"to\":[\"shop@example.com\",{\"address\":\"desk-7\"}],\"subject\":\"Order\\n4711\",\"text\":\"Hello\\r\\nthere\","
      "\"timestamp\":\"2026-11-24T09:30:00Z\",\"language\":\"de-CH\",\"of\":\"m0\","
      "\"attachments\":[{\"name\":\"../a/b.pdf\",\"type\":\"Application/PDF; x=y\",\"content\":\"aGVsbG8=\"},"
      "{\"url\":\"https://example.com/p/photo.jpg?x=1\"}],"
      "\"fields\":{\"order\":9007199254740993,\"total\":1.10,\"gift\":true,\"tags\":[1,\"b\"],\"none\":null}}");
  assert_int_equal(e->kind, DESKBELL__V1__EVENT_KIND__MESSAGE);
  assert_string_equal(e->source_id, "m1");
  assert_string_equal(e->from->key, "tel:+14155552671");
  assert_string_equal(e->from->name, "Ann");
  assert_string_equal(e->from->verified, "signature:standard-webhooks");
  assert_int_equal(e->n_to, 2);
  assert_string_equal(e->to[0]->key, "email:shop@example.com");
  assert_string_equal(e->to[1]->key, "id:shop:desk-7");
  assert_string_equal(e->subject, "Order 4711");
  assert_string_equal(e->text, "Hello\nthere");
  assert_int_equal(e->occurred_at_ms, 1795512600000);
  assert_string_equal(e->language, "de-CH");
  assert_string_equal(e->thread->in_reply_to[0], "m0");
  assert_int_equal(e->n_attachments, 2);
  assert_string_equal(e->attachments[0]->name, "b.pdf");
  assert_string_equal(e->attachments[0]->type, "application/pdf");
  assert_int_equal(e->attachments[0]->blob->size, 5);
  assert_string_equal(blobs.last.at, "hello");
  assert_null(e->attachments[1]->blob);
  assert_string_equal(fake_field(e, "media_url_1"), "https://example.com/p/photo.jpg?x=1");
  assert_string_equal(fake_field(e, "order"), "9007199254740993");
  assert_string_equal(fake_field(e, "total"), "1.10");
  assert_string_equal(fake_field(e, "gift"), "true");
  assert_string_equal(fake_field(e, "tags"), "[1,\"b\"]");
  assert_string_equal(fake_field(e, "none"), "(none)");
  assert_int_equal(e->n_warnings, 0);
}

static void test_ids(void **state) {
  (void)state;
  const char *by_id = one("{\"id\":\"m1\",\"text\":\"a\"}")->id;
  assert_string_equal(one("{\"id\":\"m1\",\"text\":\"b\"}")->id, by_id);
  assert_string_not_equal(one("{\"text\":\"a\"}")->id, by_id);
  assert_string_equal(one("{\"text\":\"a\"}")->source_id, "msg_1");
  assert_string_equal(one("{\"id\":18446744073709551615,\"text\":\"a\"}")->source_id, "18446744073709551615");
  assert_string_equal(one("{\"id\":9007199254740993,\"text\":\"a\"}")->source_id, "9007199254740993");
  assert_string_not_equal(one("{\"id\":9007199254740993,\"text\":\"a\"}")->id,
                          one("{\"id\":9007199254740992,\"text\":\"a\"}")->id);
}

static void test_addresses(void **state) {
  (void)state;
  static const struct {
    bool sms;
    const char *from, *key;
  } rows[] = {
      {false, "\"Ann@Example.ORG\"", "email:ann@example.org"},
      {false, "\"mailto:ann@example.org\"", "email:ann@example.org"},
      {false, "\"+14155552671\"", "tel:+14155552671"},
      {false, "\"tel:+14155552671\"", "tel:+14155552671"},
      {false, "\"whatsapp:+14155552671\"", "tel:+14155552671"},
      {false, "\"user-42\"", "id:shop:user-42"},
      {false, "42", "id:shop:42"}, /* not a short code: nobody said that this is a phone */
      {false, "{\"address\":123456789012345678901}", "id:shop:123456789012345678901"},
      {false, "\"not@@mail\"", "id:shop:not@@mail"},
      {true, "\"40404\"", "short:40404"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char body[256];
    sms = rows[i].sms;
    snprintf(body, sizeof(body), "{\"text\":\"a\",\"from\":%s}", rows[i].from);
    assert_string_equal(one(body)->from->key, rows[i].key);
  }
  assert_null(one("{\"text\":\"a\"}")->from);
  assert_null(one("{\"text\":\"a\",\"from\":[]}")->from);
  const contact_event *e = one("{\"text\":\"a\",\"from\":{\"name\":\"Ann\"}}");
  assert_string_equal(e->from->name, "Ann");
  assert_string_equal(e->from->key, "");
}

static void test_types(void **state) {
  (void)state;
  static const struct {
    Deskbell__V1__EventKind kind;
    const char *body, *raw_type;
  } rows[] = {
      {DESKBELL__V1__EVENT_KIND__MESSAGE, "{\"text\":\"stop\"}", ""}, /* a system says what it means by the type */
      {DESKBELL__V1__EVENT_KIND__MESSAGE, "{\"type\":\"Message\",\"text\":\"a\"}", ""},
      {DESKBELL__V1__EVENT_KIND__EDIT, "{\"type\":\"edit\",\"of\":\"m1\",\"text\":\"new\"}", ""},
      {DESKBELL__V1__EVENT_KIND__EDIT, "{\"type\":\"delete\",\"of\":\"m1\"}", "delete"},
      {DESKBELL__V1__EVENT_KIND__OPT_OUT, "{\"type\":\"opt_out\",\"from\":\"+14155552671\"}", ""},
      {DESKBELL__V1__EVENT_KIND__OPT_IN, "{\"type\":\"opt-in\",\"from\":\"+14155552671\"}", ""},
      {DESKBELL__V1__EVENT_KIND__STATUS, "{\"type\":\"reaction\",\"emoji\":\"x\"}", "reaction"},
      {DESKBELL__V1__EVENT_KIND__STATUS, "{\"type\":\"status\",\"of\":\"o1\",\"status\":\"read\"}", ""},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const contact_event *e = one(rows[i].body);
    assert_int_equal(e->kind, rows[i].kind);
    assert_string_equal(e->raw_type, rows[i].raw_type);
  }
  sms = true;
  assert_int_equal(one("{\"text\":\" Stop. \"}")->kind, DESKBELL__V1__EVENT_KIND__OPT_OUT);
}

static void test_states(void **state) {
  (void)state;
  const contact_event *sent = one("{\"type\":\"status\",\"of\":\"o1\",\"status\":\"sent\"}"),
                      *failed = one("{\"type\":\"status\",\"id\":\"o1\",\"status\":\"failed\",\"error\":30003}");
  assert_string_equal(sent->status->of_source_id, "o1");
  assert_string_equal(failed->status->of_source_id, "o1");
  assert_string_equal(failed->status->error_code, "30003");
  assert_string_not_equal(sent->id, failed->id);
  assert_string_equal(sent->id, one("{\"type\":\"status\",\"of\":\"o1\",\"status\":\"sent\",\"x\":1}")->id);
}

static void test_what_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "", "{", "[1", "null", "1", "\"text\"", "{}", "{\"type\":\"message\"}", "{\"text\":\"\"}", "{\"text\":5.}",
      "{\"type\":\"status\"}", "{\"type\":\"status\",\"of\":\"o1\"}", "{\"text\":\"\xff\"}", "{\"text\":\"a\"} x",
      "{\"fields\":{\"a\":1}}"};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct normalised n;
    if (normalise(rows[i], &n) != NORMALISE_BAD || !n.why)
      fail_msg("%s", rows[i]);
    assert_null(strpbrk(n.why, "\"\\")); /* goes into a JSON answer as it is */
  }
}

static void test_a_batch(void **state) {
  (void)state;
  struct normalised n;
  assert_int_equal(normalise("{\"messages\":[{\"id\":\"a\",\"text\":\"1\"},7,{\"text\":\"2\"},{\"text\":\"\"}],"
                             "\"statuses\":[{\"of\":\"o1\",\"status\":\"read\"},{\"of\":\"o1\"},{\"type\":\"odd\"}]}",
                             &n),
                   0);
  static const Deskbell__V1__EventKind kinds[] = {
      DESKBELL__V1__EVENT_KIND__MESSAGE,    DESKBELL__V1__EVENT_KIND__QUARANTINE, DESKBELL__V1__EVENT_KIND__MESSAGE,
      DESKBELL__V1__EVENT_KIND__QUARANTINE, DESKBELL__V1__EVENT_KIND__STATUS,     DESKBELL__V1__EVENT_KIND__QUARANTINE,
      DESKBELL__V1__EVENT_KIND__STATUS};
  assert_int_equal(n.count, 7);
  assert_true(n.batch);
  assert_int_equal(n.bad, 3);
  assert_int_equal(n.unknown, 1);
  for (size_t i = 0; i < 7; i++) {
    assert_int_equal(n.events[i]->kind, kinds[i]);
    for (size_t k = 0; k < i; k++)
      assert_string_not_equal(n.events[i]->id, n.events[k]->id);
    fake_check(arena, n.events[i]);
  }
  assert_string_equal(n.events[1]->quarantine->reason, "invalid-event");
  assert_string_equal(n.events[1]->source_id, "msg_1#1");
  assert_string_equal(n.events[2]->source_id, "msg_1#2");

  assert_int_equal(normalise("[{\"text\":\"1\"},{\"text\":\"2\"}]", &n), 0);
  assert_int_equal(n.count, 2);
  assert_int_equal(normalise("[]", &n), 0); /* a test of the connection */
  assert_int_equal(n.count, 0);
  assert_int_equal(normalise("{\"messages\":[]}", &n), 0);
  assert_int_equal(n.count, 0);
}

static void test_a_batch_is_bounded(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf body = BUF_INIT(1 << 20);
  struct normalised n;
  for (int most = 1000; most <= 1001; most++) {
    buf_clear(&body);
    for (int i = 0; i < most; i++)
      buf_add_text(&body, i ? ",{\"text\":\"a\"}" : "[{\"text\":\"a\"}");
    buf_add_char(&body, ']');
    assert_int_equal(normalise(body.at, &n), most > 1000 ? NORMALISE_BAD : 0);
  }
}

static void test_what_is_mended(void **state) {
  (void)state;
  static const struct {
    const char *body, *warning;
  } rows[] = {
      {"{\"text\":\"a\",\"text\":\"b\"}", "duplicate-keys"},
      {"{\"text\":\"a\",\"timestamp\":\"soon\"}", "timestamp-invalid"},
      {"{\"text\":\"a\",\"language\":\"<b>\"}", "language-invalid"},
      {"{\"attachments\":[{\"name\":\"a\",\"content\":\"%%%\"}]}", "attachment-unreadable"},
      {"{\"attachments\":[{\"name\":\"a\",\"url\":\"javascript:1\"}]}", "attachment-unreadable"},
      {"{\"attachments\":[{\"name\":\"a\",\"url\":\"file:///etc/passwd\"}]}", "attachment-unreadable"},
      {"{\"text\":\"x\",\"attachments\":[5]}", "attachment-unreadable"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_true(fake_warned(one(rows[i].body), rows[i].warning));
  assert_string_equal(one(rows[0].body)->text, "b");
  assert_string_equal(one("{\"text\":\"a\\u0000b\\u0007c\"}")->text, "abc");
  assert_string_equal(one("{\"text\":\"a\",\"subject\":5}")->subject, "5");
  assert_int_equal(one("{\"text\":\"a\",\"timestamp\":1795512600}")->occurred_at_ms, 1795512600000);
  assert_int_equal(one("{\"text\":\"a\",\"timestamp\":1795512600.25}")->occurred_at_ms, 1795512600250);
}

static void test_large_parts(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf body = BUF_INIT(1 << 22);
  buf_add_text(&body, "{\"text\":\"");
  for (int i = 0; i < 100000; i++)
    buf_add_text(&body, "\xc3\xa9");
  buf_add_text(&body, "\",\"fields\":{\"a\":0");
  for (int i = 0; i < 1500; i++)
    buf_printf(&body, ",\"f%d\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"", i);
  buf_add_text(&body, "}}");
  contact_event *e = one(body.at);
  assert_int_equal(e->text_blob->size, 200000);
  assert_true(fake_warned(e, "too-many-fields"));
  assert_true(fake_warned(e, "cut: text"));
  struct normalised n;
  blobs.outcome = 2;
  assert_int_equal(normalise(body.at, &n), NORMALISE_DEFER);
}

static void test_no_memory(void **state) {
  (void)state;
  for (size_t room = 1024; room < 16384; room += 512) {
    struct arena *small = arena_new(1024, room);
    struct source source = fake_source(small, &blobs, true);
    struct normalised n;
    int r = normalise_generic(&source,
                              SLICE("[{\"id\":1.5,\"from\":\"+14155552671\",\"text\":\"a\",\"fields\":{\"a\":1},"
                                    "\"attachments\":[{\"content\":\"aGVsbG8=\"}]},5,{\"type\":\"status\",\"of\":1,"
                                    "\"status\":2}]"),
                              SLICE("w"), &n);
    assert_true(r == 0 || r == -ENOMEM);
    arena_free(&small);
  }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_whole_message),
      CASE(test_ids),
      CASE(test_addresses),
      CASE(test_types),
      CASE(test_states),
      CASE(test_what_is_refused),
      CASE(test_a_batch),
      CASE(test_a_batch_is_bounded),
      CASE(test_what_is_mended),
      CASE(test_large_parts),
      CASE(test_no_memory),
  };
  int failed = cmocka_run_group_tests_name("sms generic", tests, NULL, NULL);
  buf_free(&blobs.last);
  return failed;
}
