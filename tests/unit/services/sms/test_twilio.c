/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies as Twilio posts them, and the events they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_source.h"
#include "normalise_twilio.h"

static struct arena *arena;
static struct fake_blobs blobs;
static char *own[] = {(char *)"+15005550006"};
static bool own_known;

static int set_up(void **state) {
  (void)state;
  arena = arena_new(65536, 1 << 24);
  own_known = false;
  blobs.outcome = 0;
  blobs.count = 0;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static int normalise(const char *body, contact_event **ret) {
  struct form form;
  struct source source = fake_source(arena, &blobs, true);
  if (own_known) {
    source.own_numbers = own;
    source.own_number_count = 1;
  }
  assert_int_equal(form_parse_urlencoded(arena, slice_text(body), &form), 0);
  return normalise_twilio(&source, &form, ret);
}

static contact_event *event_of(const char *body) {
  contact_event *e = NULL;
  assert_int_equal(normalise(body, &e), 0);
  assert_string_equal(e->channel, "shop");
  assert_string_equal(e->channel_kind, "sms");
  assert_string_equal(e->signature, "twilio");
  assert_int_equal(e->received_at_ms, 1795512600123);
  fake_check(arena, e);
  return e;
}

#define SMS "ToCountry=US&SmsMessageSid=SM1&NumMedia=0&SmsSid=SM1&SmsStatus=received&To=%2B15005550006&NumSegments=1" \
            "&MessageSid=SM1&AccountSid=AC1&From=%2B14155552671&ApiVersion=2010-04-01&FromCity=ZURICH"

static void test_a_message(void **state) {
  (void)state;
  const contact_event *e = event_of(SMS "&Body=Where+is+my+parcel%3F");
  assert_int_equal(e->kind, DESKBELL__V1__EVENT_KIND__MESSAGE);
  assert_string_equal(e->text, "Where is my parcel?");
  assert_string_equal(e->source_id, "SM1");
  assert_string_equal(e->from->address, "+14155552671");
  assert_string_equal(e->from->key, "tel:+14155552671");
  assert_string_equal(e->from->raw, "+14155552671");
  assert_string_equal(e->from->verified, "signature:twilio");
  assert_string_equal(e->to[0]->address, "+15005550006");
  assert_string_equal(fake_field(e, "FromCity"), "ZURICH");
  assert_string_equal(fake_field(e, "ApiVersion"), "(none)");
  assert_int_equal(e->n_warnings, 0);
  assert_null(e->automatic);
}

static void test_the_id_is_that_of_the_message(void **state) {
  (void)state;
  const contact_event *one = event_of(SMS "&Body=a"), *again = event_of("MessageSid=SM1&Body=b"),
                      *other = event_of("SmsSid=SM2&Body=a"), *third = event_of("SmsMessageSid=SM1");
  assert_string_equal(one->id, again->id);
  assert_string_equal(one->id, third->id);
  assert_string_not_equal(one->id, other->id);
  contact_event *none;
  assert_int_equal(normalise("Body=a&From=%2B14155552671", &none), NORMALISE_BAD);
  assert_int_equal(normalise("", &none), NORMALISE_BAD);
  assert_int_equal(normalise("MessageSid=", &none), NORMALISE_BAD);
}

static void test_senders(void **state) {
  (void)state;
  static const struct {
    const char *from, *address, *key;
  } rows[] = {
      {"%2B14155552671", "+14155552671", "tel:+14155552671"},
      {"+14155552671", "+14155552671", "tel:+14155552671"}, /* the plus was not escaped */
      {"whatsapp%3A%2B14155552671", "+14155552671", "tel:+14155552671"},
      {"whatsapp:+14155552671", "+14155552671", "tel:+14155552671"},
      {"WhatsApp%3A%2B14155552671", "+14155552671", "tel:+14155552671"},
      {"rcs%3A%2B14155552671", "+14155552671", "tel:+14155552671"},
      {"whatsapp%3AUS.1234567", "whatsapp:US.1234567", "whatsapp:US.1234567"}, /* AD-12 */
      {"messenger%3A1234567890123", "messenger:1234567890123", "messenger:1234567890123"},
      {"40404", "", "short:40404"}, /* not answerable (AD-10) */
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char body[256];
    snprintf(body, sizeof(body), "MessageSid=SM1&From=%s&Body=hi&ProfileName=Ann%%20%%0d%%0aB", rows[i].from);
    const contact_event *e = event_of(body);
    assert_string_equal(e->from->address, rows[i].address);
    assert_string_equal(e->from->key, rows[i].key);
    assert_string_equal(e->from->name, "Ann B");
  }
  const contact_event *e = event_of("MessageSid=SM1&Body=hi");
  assert_null(e->from);
  e = event_of("MessageSid=SM1&Body=hi&From=%ff%00%01");
  assert_string_equal(e->from->address, "");
  assert_true(fake_warned(e, "address-invalid"));
}

static void test_media(void **state) {
  (void)state;
  const contact_event *e = event_of(
      "MessageSid=MM1&From=%2B14155552671&Body=&NumMedia=2&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2FMedia%2FME1"
      "&MediaContentType0=Image%2FJPEG&MediaUrl1=https%3A%2F%2Fapi.twilio.com%2FMedia%2F..&MediaContentType1=b%3Cad");
  assert_int_equal(e->n_attachments, 2);
  assert_string_equal(e->attachments[0]->name, "ME1");
  assert_string_equal(e->attachments[0]->type, "image/jpeg");
  assert_null(e->attachments[0]->blob); /* never fetched here */
  assert_string_equal(e->attachments[1]->name, "attachment-2");
  assert_string_equal(e->attachments[1]->type, "application/octet-stream");
  assert_string_equal(fake_field(e, "media_url_0"), "https://api.twilio.com/Media/ME1");
  assert_string_equal(fake_field(e, "media_url_1"), "https://api.twilio.com/Media/..");
  assert_int_equal(blobs.count, 0);
}

static void test_many_media_are_bounded(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf body = BUF_INIT(1 << 20);
  buf_add_text(&body, "MessageSid=MM1");
  for (int i = 0; i < 900; i++)
    buf_printf(&body, "&MediaUrl%d=https://example.com/%d", i, i);
  assert_int_equal(event_of(body.at)->n_attachments, 100);
}

static void test_opt_out(void **state) {
  (void)state;
  static const struct {
    Deskbell__V1__EventKind kind;
    const char *body;
  } rows[] = {
      {DESKBELL__V1__EVENT_KIND__OPT_OUT, "Body=STOP"},
      {DESKBELL__V1__EVENT_KIND__OPT_OUT, "Body=+stop.%0a"},
      {DESKBELL__V1__EVENT_KIND__OPT_OUT, "Body=arret&OptOutType=STOP"},
      {DESKBELL__V1__EVENT_KIND__OPT_IN, "Body=start"},
      {DESKBELL__V1__EVENT_KIND__OPT_IN, "Body=YES&OptOutType=START"},
      {DESKBELL__V1__EVENT_KIND__MESSAGE, "Body=YES"},
      {DESKBELL__V1__EVENT_KIND__MESSAGE, "Body=HELP&OptOutType=HELP"},
      {DESKBELL__V1__EVENT_KIND__MESSAGE, "Body=please+cancel+my+order"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char body[512];
    snprintf(body, sizeof(body), "%s&%s", SMS, rows[i].body);
    const contact_event *e = event_of(body);
    assert_int_equal(e->kind, rows[i].kind);
    assert_true(*e->text); /* still visible to staff */
  }
}

static void test_status_callbacks(void **state) {
  (void)state;
#define STATUS "SmsSid=SM9&MessageSid=SM9&AccountSid=AC1&From=%2B15005550006&To=%2B14155552671"
  const contact_event *sent = event_of(STATUS "&SmsStatus=sent&MessageStatus=sent"),
                      *delivered = event_of(STATUS "&SmsStatus=delivered&MessageStatus=delivered"),
                      *again = event_of(STATUS "&MessageStatus=delivered"),
                      *failed = event_of(STATUS "&MessageStatus=undelivered&ErrorCode=30003"),
                      *otherwise = event_of(STATUS "&MessageStatus=undelivered&ErrorCode=30005");
  assert_int_equal(sent->kind, DESKBELL__V1__EVENT_KIND__STATUS);
  assert_string_equal(failed->status->provider_status, "undelivered");
  assert_string_equal(failed->status->error_code, "30003");
  assert_string_equal(failed->status->of_source_id, "SM9");
  assert_string_equal(failed->from->address, "+14155552671"); /* the customer's side */
  assert_string_equal(failed->to[0]->address, "+15005550006");
  assert_string_equal(again->id, delivered->id);
  assert_string_not_equal(sent->id, delivered->id);
  assert_string_not_equal(failed->id, otherwise->id);
  assert_string_not_equal(sent->id, event_of("MessageSid=SM9&Body=x")->id);
  assert_string_equal(event_of("MessageSid=SM9&MessageStatus=never+seen")->status->provider_status, "never seen");
}

static void test_our_own_number_is_an_echo(void **state) {
  (void)state;
  own_known = true;
  const contact_event *e = event_of("MessageSid=SM1&From=%2B15005550006&To=%2B15005550006&Body=hi");
  assert_string_equal(e->automatic->kind, "loopback");
  e = event_of("MessageSid=SM1&From=%2B14155552671&To=%2B15005550007&Body=hi");
  assert_null(e->automatic);
  assert_true(fake_warned(e, "recipient-not-ours"));
}

static void test_whatsapp_extras(void **state) {
  (void)state;
  const contact_event *e = event_of(
      "MessageSid=SM1&From=whatsapp%3A%2B14155552671&MessageType=button&ButtonText=Yes%2C+please&ButtonPayload=p1"
      "&WaId=14155552671&OriginalRepliedMessageSid=SM0&Latitude=47.1&Longitude=8.5");
  assert_string_equal(e->text, "Yes, please");
  assert_string_equal(e->raw_type, "button");
  assert_string_equal(e->thread->in_reply_to[0], "SM0");
  assert_string_equal(fake_field(e, "ButtonPayload"), "p1");
  assert_string_equal(fake_field(e, "Latitude"), "47.1");
  assert_string_equal(fake_field(e, "WaId"), "14155552671");
}

static void test_broken_text_is_mended(void **state) {
  (void)state;
  const contact_event *e = event_of(SMS "&Body=a%ffb%00c%0d%0ad");
  assert_string_equal(e->text, "a\xef\xbf\xbd" "bc\nd");
  assert_true(fake_warned(e, "invalid-utf8"));
}

static void test_long_text_goes_to_a_blob(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf body = BUF_INIT(1 << 20);
  buf_add_text(&body, SMS "&Body=");
  for (int i = 0; i < 40000; i++)
    buf_add_char(&body, 'x');
  contact_event *e = event_of(body.at);
  assert_int_equal(blobs.count, 1);
  assert_int_equal(e->text_blob->size, 40000);
  blobs.outcome = 2; /* the disk is full: later */
  assert_int_equal(normalise(body.at, &e), NORMALISE_DEFER);
}

static void test_no_memory(void **state) {
  (void)state;
  for (size_t room = 1024; room < 16384; room += 512) { /* wherever it runs out */
    struct arena *small = arena_new(1024, room);
    struct source source = fake_source(small, &blobs, true);
    struct form form;
    contact_event *e;
    assert_int_equal(form_parse_urlencoded(arena, SLICE(SMS "&Body=STOP&MediaUrl0=x&ProfileName=a"), &form), 0);
    int r = normalise_twilio(&source, &form, &e);
    assert_true(r == 0 || r == -ENOMEM);
    arena_free(&small);
  }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_message),
      CASE(test_the_id_is_that_of_the_message),
      CASE(test_senders),
      CASE(test_media),
      CASE(test_many_media_are_bounded),
      CASE(test_opt_out),
      CASE(test_status_callbacks),
      CASE(test_our_own_number_is_an_echo),
      CASE(test_whatsapp_extras),
      CASE(test_broken_text_is_mended),
      CASE(test_long_text_goes_to_a_blob),
      CASE(test_no_memory),
  };
  int failed = cmocka_run_group_tests_name("sms twilio", tests, NULL, NULL);
  buf_free(&blobs.last);
  return failed;
}
