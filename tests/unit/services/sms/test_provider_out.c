/* SPDX-License-Identifier: Apache-2.0 */
/* What providers are told, and what their answers mean; and that no value leaves its place in a template. */
#include "provider_out.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state) {
  (void)state;
  arena = arena_new(64 * 1024, 4 * 1024 * 1024);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static outbound_message message(const char *text) {
  outbound_message m = DESKBELL__V1__OUTBOUND_MESSAGE__INIT;
  m.id = (char *)(uintptr_t)"o0000000000000001";
  m.conversation = (char *)(uintptr_t)"v0000000000000001";
  m.to = (char *)(uintptr_t)"+14155550100";
  m.text = (char *)(uintptr_t)text;
  return m;
}

/* A channel with everything unset. */
static struct channel_config blank(enum channel_provider provider) {
  static char *none = (char *)(uintptr_t)"", *numbers[] = {(char *)(uintptr_t)"+14155550199"};
  return (struct channel_config){.name = (char *)(uintptr_t)"sms", .provider = provider, .addresses = numbers, .address_count = 1,
                                 .account_sid = none, .out_url = none, .out_from = none, .out_method = (char *)(uintptr_t)"POST",
                                 .out_type = (char *)(uintptr_t)"application/json", .out_body = none, .out_id = none,
                                 .out_state = none, .out_user = none};
}

static void test_twilio_request(void **state) {
  (void)state;
  struct channel_config config = blank(PROVIDER_TWILIO);
  config.account_sid = (char *)(uintptr_t)"AC1";
  const struct out_channel c = {&config, "token", "https://desk.example/hook/sms"};
  outbound_message m = message("Zoë & Co = 100% +1");
  struct out_request r;
  const char *why = NULL;
  assert_int_equal(provider_out_twilio.make(&c, &m, arena, &r, &why), 0);
  assert_string_equal(r.url, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
  assert_string_equal(r.user, "AC1");
  assert_string_equal(r.password, "token");
  assert_string_equal(r.body.at, "To=%2B14155550100&From=%2B14155550199&Body=Zo%C3%AB%20%26%20Co%20%3D%20100%25%20%2B1"
                                 "&StatusCallback=https%3A%2F%2Fdesk.example%2Fhook%2Fsms");
  config.out_from = (char *)(uintptr_t)"MG1";
  assert_int_equal(provider_out_twilio.make(&c, &m, arena, &r, &why), 0);
  assert_non_null(strstr(r.body.at, "&MessagingServiceSid=MG1&"));
  config.out_from = (char *)(uintptr_t)"whatsapp:+14155550199";
  assert_int_equal(provider_out_twilio.make(&c, &m, arena, &r, &why), 0);
  assert_non_null(strstr(r.body.at, "To=whatsapp%3A%2B14155550100&From=whatsapp%3A%2B14155550199"));
  config.account_sid = (char *)(uintptr_t)"";
  assert_int_equal(provider_out_twilio.make(&c, &m, arena, &r, &why), OUT_IMPOSSIBLE);
  assert_non_null(strstr(why, "account_sid"));
}

static void test_twilio_answers(void **state) {
  (void)state;
  static const struct {
    long status;
    const char *body;
    enum outbound_outcome outcome;
    bool down;
    const char *code, *id;
  } rows[] = {
      {201, "{\"sid\":\"SM1\",\"status\":\"queued\"}", OUTBOUND_ACCEPTED, false, "HTTP 201", "SM1"},
      {201, "oops", OUTBOUND_UNSURE, false, "HTTP 201", ""},
      {400, "{\"code\":21211,\"message\":\"not a valid phone number\",\"status\":400}", OUTBOUND_FAILED, false, "21211", ""},
      {400, "{\"code\":21610,\"message\":\"unsubscribed\",\"status\":400}", OUTBOUND_SUPPRESSED, false, "21610", ""},
      {400, "{\"code\":21611,\"message\":\"queue overflow\"}", OUTBOUND_DEFERRED, true, "21611", ""},
      {400, "{\"code\":99999,\"message\":\"new\"}", OUTBOUND_FAILED, false, "99999", ""},
      {401, "{\"code\":20003,\"message\":\"Authenticate\"}", OUTBOUND_DEFERRED, true, "20003", ""},
      {429, "{\"code\":20429,\"message\":\"Too Many Requests\"}", OUTBOUND_DEFERRED, true, "20429", ""},
      {429, "", OUTBOUND_DEFERRED, true, "HTTP 429", ""},
      {500, "<html>", OUTBOUND_DEFERRED, true, "HTTP 500", ""},
      {503, "{}", OUTBOUND_DEFERRED, true, "HTTP 503", ""},
      {302, "", OUTBOUND_DEFERRED, true, "HTTP 302", ""},
      {404, "", OUTBOUND_DEFERRED, true, "HTTP 404", ""},
      {400, "[]", OUTBOUND_FAILED, false, "HTTP 400", ""},
      {100, "", OUTBOUND_DEFERRED, true, "HTTP 100", ""},
  };
  struct channel_config config = blank(PROVIDER_TWILIO);
  const struct out_channel c = {&config, "", ""};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const struct out_reply reply = {.status = rows[i].status, .body = slice_text(rows[i].body), .retry_after_ms = 7000};
    struct outbound_result r;
    provider_out_twilio.judge(&c, &reply, arena, &r);
    if (r.outcome != rows[i].outcome || r.destination_down != rows[i].down || strcmp(r.code, rows[i].code) != 0 ||
        !slice_equal(r.provider_id, slice_text(rows[i].id)) || r.retry_after_ms != 7000)
      fail_msg("row %zu: %d %d %s %.*s", i, r.outcome, r.destination_down, r.code, (int)r.provider_id.len, r.provider_id.at);
  }
}

static void test_generic_request(void **state) {
  (void)state;
  static char *headers[] = {(char *)(uintptr_t)"Authorization: Bearer {{secret}}", (char *)(uintptr_t)"X-Text: {{text}}"};
  struct channel_config config = blank(PROVIDER_GENERIC);
  config.out_url = (char *)(uintptr_t)"https://api.example/send/{{to}}?k={{secret}}";
  config.out_body = (char *)(uintptr_t)"{\"to\":\"{{to}}\",\"from\":\"{{ from }}\",\"text\":\"{{text}}\",\"ref\":\"{{id}}\"}";
  config.out_headers = headers;
  config.out_header_count = 2;
  const struct out_channel c = {&config, "k/1&2", ""};
  outbound_message m = message("\"quoted\"\\\n\x01 ü\r\nX: y");
  struct out_request r;
  const char *why;
  assert_int_equal(provider_out_generic.make(&c, &m, arena, &r, &why), 0);
  assert_string_equal(r.url, "https://api.example/send/%2B14155550100?k=k%2F1%262");
  assert_string_equal(r.body.at, "{\"to\":\"+14155550100\",\"from\":\"+14155550199\",\"text\":\"\\\"quoted\\\"\\\\\\u000a\\u0001 "
                                 "ü\\u000d\\u000aX: y\",\"ref\":\"o0000000000000001\"}");
  assert_string_equal(r.headers[0], "Content-Type: application/json; charset=utf-8");
  assert_string_equal(r.headers[1], "Authorization: Bearer k/1&2");
  assert_string_equal(r.headers[2], "X-Text: \"quoted\"\\?? ????X: y");
  config.out_type = (char *)(uintptr_t)"application/x-www-form-urlencoded";
  config.out_body = (char *)(uintptr_t)"text={{text}}&to={{to}}";
  assert_int_equal(provider_out_generic.make(&c, &m, arena, &r, &why), 0);
  assert_string_equal(r.body.at, "text=%22quoted%22%5C%0A%01%20%C3%BC%0D%0AX%3A%20y&to=%2B14155550100");
  config.out_method = (char *)(uintptr_t)"GET";
  assert_int_equal(provider_out_generic.make(&c, &m, arena, &r, &why), 0);
  assert_int_equal(r.body.len, 0);
}

static void test_generic_answers(void **state) {
  (void)state;
  static char *good[] = {(char *)(uintptr_t)"0", (char *)(uintptr_t)"ok"};
  static const struct {
    long status;
    const char *body, *id;
    enum outbound_outcome outcome;
  } rows[] = {
      {200, "{\"messages\":[{\"message-id\":\"m1\",\"status\":\"0\"}]}", "m1", OUTBOUND_ACCEPTED},
      {202, "{\"messages\":[{\"message-id\":17,\"status\":\"OK\"}]}", "17", OUTBOUND_ACCEPTED},
      {200, "{\"messages\":[{\"status\":\"4\",\"error-text\":\"bad\"}]}", "", OUTBOUND_FAILED},
      {200, "{\"messages\":[]}", "", OUTBOUND_UNSURE},
      {200, "thanks", "", OUTBOUND_UNSURE},
      {500, "{\"messages\":[{\"status\":\"0\"}]}", "", OUTBOUND_DEFERRED},
      {400, "{}", "", OUTBOUND_FAILED},
  };
  struct channel_config config = blank(PROVIDER_GENERIC);
  config.out_id = (char *)(uintptr_t)"messages.0.message-id";
  config.out_state = (char *)(uintptr_t)"messages.0.status";
  config.out_state_good = good;
  config.out_state_good_count = 2;
  const struct out_channel c = {&config, "", ""};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const struct out_reply reply = {.status = rows[i].status, .body = slice_text(rows[i].body)};
    struct outbound_result r;
    provider_out_generic.judge(&c, &reply, arena, &r);
    if (r.outcome != rows[i].outcome || !slice_equal(r.provider_id, slice_text(rows[i].id)))
      fail_msg("row %zu: %d %.*s", i, r.outcome, (int)r.provider_id.len, r.provider_id.at);
  }
}

static void test_unknown_places(void **state) {
  (void)state;
  struct slice name;
  assert_true(out_template_ok("{{to}} {{ text }} {{nothing", &name));
  assert_true(out_template_ok("", &name));
  assert_false(out_template_ok("{{to}} {{password}}", &name));
  assert_true(slice_equal(name, SLICE("password")));
  assert_false(out_template_ok("{{}}", &name));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_twilio_request), TEST(test_twilio_answers), TEST(test_generic_request),
      TEST(test_generic_answers), TEST(test_unknown_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
