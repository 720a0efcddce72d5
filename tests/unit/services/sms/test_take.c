/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks over real HTTP into a spool that fails and waits at will: every status, and that nothing is taken twice,
 * half, or before it is durable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "client.h"
#include "fake_channel.h"
#include "sms.h"
#include "webhook/signature.h"

#define TOKEN "12345"
#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static uv_loop_t loop;
static struct sms sms;
static struct config config;
static struct channel_config channels[4];
static struct arena *arena;
static struct buf answered_with = BUF_INIT(1 << 20);
static char folder[] = "/tmp/deskbell-sms-XXXXXX";
static char *twilio_files[] = {(char *)"twilio", NULL}, *generic_files[] = {(char *)"generic", NULL};
static char *bad_files[] = {(char *)"twilio", NULL};

static struct channel_config channel_of(const char *name, enum channel_kind kind, enum channel_provider provider) {
  return (struct channel_config){
      .name = (char *)name, .kind = kind, .provider = provider, .enabled = true, .account_sid = (char *)"",
      .secret_files = provider == PROVIDER_TWILIO ? twilio_files : generic_files, .secret_file_count = 1,
      .public_url = (char *)"", .max_body = 65536};
}

static void configure(void) {
  channels[0] = channel_of("shop", CHANNEL_SMS, PROVIDER_TWILIO);
  channels[1] = channel_of("hook", CHANNEL_WEBHOOK, PROVIDER_GENERIC);
  channels[2] = channel_of("account", CHANNEL_SMS, PROVIDER_TWILIO);
  channels[2].account_sid = (char *)"AC1";
  channels[2].public_url = (char *)"https://desk.example.com/";
  channels[3] = channel_of("closed", CHANNEL_SMS, PROVIDER_TWILIO);
  channels[3].enabled = false;
  config = (struct config){.dir = folder, .channels = channels, .channel_count = 4};
}

static void open_all(void) {
  struct complaint complaint = {0};
  struct http_options options = {.listen = "127.0.0.1:0", .max_body = 65536, .max_connections = 100,
                                 .max_per_address = 100, .deadline_ms = 5000};
  sms.loop = &loop;
  sms.config = &config;
  sms_metrics(&sms);
  int r = hooks_open(&sms, &complaint);
  if (r)
    fail_msg("%s", complaint.text);
  sms.arena = arena_new(65536, 1 << 22);
  sms.packed = BUF_INIT(EVENT_MAX_BYTES);
  sms.live_max = LIVE_MAX;
  assert_int_equal(http_open(&loop, &options, take_webhook, webhook_limit, &sms, &sms.http), 0);
  hooks_set_urls(&sms);
}

static int set_up(void **state) {
  (void)state;
  memset(&sms, 0, sizeof(sms));
  uv_loop_init(&loop);
  arena = arena_new(65536, 1 << 22);
  fake_open(&loop);
  configure();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_commit();
  http_close(&sms.http);
  hooks_close(&sms);
  keep_free(&sms);
  arena_free(&sms.arena);
  buf_free(&sms.packed);
  fake_close();
  while (uv_run(&loop, UV_RUN_DEFAULT) != 0)
    ;
  assert_int_equal(uv_loop_close(&loop), 0);
  arena_free(&arena);
  return 0;
}

static const char *request_of(const char *method, const char *path, const char *headers, const char *body) {
  return arena_printf(arena, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", method, path, headers,
                      strlen(body), body);
}

static unsigned ask(const char *request) {
  return client_ask(&loop, http_address(sms.http), request, &answered_with);
}

/* A request as Twilio makes it. */
static const char *twilio(const char *base, const char *path, const char *body) {
  struct form form;
  uint8_t mac[SHA1_BYTES];
  char signature[BASE64_LEN(SHA1_BYTES) + 1];
  assert_int_equal(form_parse_urlencoded(arena, slice_text(body), &form), 0);
  /* The tests' parameters stand in the order of their names. */
  struct buf text = BUF_INIT(65536);
  buf_printf(&text, "%s%s", base, path);
  for (size_t i = 0; i < form.count; i++) {
    buf_add_slice(&text, form.parts[i].name);
    buf_add_slice(&text, form.parts[i].value);
  }
  hmac_sha1(SLICE(TOKEN), buf_slice(&text), mac);
  base64_encode(mac, sizeof(mac), signature);
  buf_free(&text);
  char headers[256];
  snprintf(headers, sizeof(headers), "Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: %s\r\n",
           signature);
  return request_of("POST", path, headers, body);
}

static const char *own_base(void) {
  return arena_printf(arena, "http://%s", http_address(sms.http));
}

/* A request as a Standard Webhooks sender makes it. */
static const char *generic_at(int64_t now_ms, const char *id, const char *type, const char *body) {
  char seconds[32], signature[64], headers[512];
  snprintf(seconds, sizeof(seconds), "%lld", (long long)(now_ms / 1000));
  assert_int_equal(signature_standard_make(SLICE(SECRET), slice_text(id), slice_text(seconds), slice_text(body), signature),
                   0);
  snprintf(headers, sizeof(headers),
           "Content-Type: %s\r\nwebhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: %s\r\n", type, id,
           seconds, signature);
  return request_of("POST", "/hook/hook", headers, body);
}

static const char *generic(const char *body) {
  return generic_at(clock_now_ms(), "msg_1", "application/json", body);
}

static contact_event *taken(size_t i) {
  contact_event *e;
  const char *why = "";
  assert_true(i < fake.events);
  if (event_unpack(buf_slice(&fake.event[i]), arena, &e, &why) != 0)
    fail_msg("%s", why);
  return e;
}

static const char *body_of_answer(void) {
  return strstr(answered_with.at, "\r\n\r\n") + 4;
}

static bool answer_has(const char *text) {
  return strcasestr(answered_with.at, text) != NULL;
}

#define MESSAGE "Body=Hello&From=%2B14155552671&MessageSid=SM1&To=%2B15005550006"

static void test_a_message_of_twilio(void **state) {
  (void)state;
  open_all();
  assert_int_equal(ask(twilio(own_base(), "/hook/shop", MESSAGE)), 200);
  assert_true(answer_has("Content-Type: text/xml\r\n"));
  assert_string_equal(body_of_answer(), "<Response/>");
  assert_int_equal(fake.events, 1);
  contact_event *e = taken(0);
  assert_string_equal(e->text, "Hello");
  assert_string_equal(fake.last_blob.at, MESSAGE); /* the untouched original */
  assert_int_equal(e->original->size, strlen(MESSAGE));
  assert_int_equal(metric_value(sms.requests[TAKEN]), 1);
}

static void test_the_url_as_configured(void **state) {
  (void)state;
  open_all();
  const char *body = "AccountSid=AC1&Body=a&MessageSid=SM1";
  assert_int_equal(ask(twilio("https://desk.example.com", "/hook/account?a=1&b=%20x", body)), 200);
  assert_int_equal(ask(twilio("https://desk.example.com:443", "/hook/account", body)), 200);
  assert_int_equal(ask(twilio(own_base(), "/hook/account", body)), 403); /* behind a proxy this is not the URL */
  assert_int_equal(ask(twilio("https://desk.example.com", "/hook/account", "AccountSid=AC2&Body=a&MessageSid=SM1")),
                   403);
  assert_int_equal(ask(twilio("https://desk.example.com", "/hook/account", "Body=a&MessageSid=SM1")), 403);
  assert_int_equal(fake.events, 2);
}

static void test_a_generic_message(void **state) {
  (void)state;
  open_all();
  assert_int_equal(ask(generic("{\"id\":\"m1\",\"from\":\"ann@example.org\",\"text\":\"Hello\"}")), 200);
  assert_true(answer_has("Content-Type: application/json\r\n"));
  char expected[64];
  snprintf(expected, sizeof(expected), "{\"id\":\"%s\"}", taken(0)->id);
  assert_string_equal(body_of_answer(), expected);
  assert_int_equal(ask(generic_at(clock_now_ms(), "msg_2", "Application/JSON; charset=UTF-8", "{\"text\":\"a\"}")), 200);
  assert_int_equal(fake.events, 2);
}

static void test_a_batch(void **state) {
  (void)state;
  open_all();
  assert_int_equal(ask(generic("[{\"text\":\"a\"},5,{\"text\":\"b\"}]")), 200);
  assert_int_equal(fake.events, 3);
  assert_int_equal(fake.blobs, 1);
  assert_int_equal(taken(1)->kind, DESKBELL__V1__EVENT_KIND__QUARANTINE);
  assert_non_null(strstr(body_of_answer(), taken(2)->id));
  assert_int_equal(ask(generic("[]")), 200);
  assert_string_equal(body_of_answer(), "{\"ids\":[]}");
}

static void test_refusals(void **state) {
  (void)state;
  open_all();
  const struct {
    unsigned status;
    const char *request;
  } rows[] = {
      {404, request_of("POST", "/hook/nobody", "Content-Type: application/json\r\n", "{}")},
      {404, request_of("POST", "/hook/nobody", "Content-Type: application/x-www-form-urlencoded\r\n", MESSAGE)},
      {404, request_of("POST", "/hook/closed", "Content-Type: application/x-www-form-urlencoded\r\n", MESSAGE)},
      {404, request_of("POST", "/hook/shop/x", "Content-Type: application/json\r\n", "{}")},
      {404, request_of("POST", "/hook/", "", "")},
      {404, request_of("GET", "/", "", "")},
      {405, request_of("GET", "/hook/shop", "", "")},
      {405, request_of("PUT", "/hook/hook", "Content-Type: application/json\r\n", "{}")},
      {415, request_of("POST", "/hook/shop", "Content-Type: application/json\r\n", "{}")},
      {415, request_of("POST", "/hook/shop", "", MESSAGE)},
      {415, request_of("POST", "/hook/hook", "Content-Type: application/x-www-form-urlencoded\r\n", "a=b")},
      {415, generic_at(clock_now_ms(), "m", "application/json; charset=iso-8859-1", "{\"text\":\"a\"}")},
      {403, request_of("POST", "/hook/shop", "Content-Type: application/x-www-form-urlencoded\r\n", MESSAGE)},
      {403, request_of("POST", "/hook/shop",
                       "Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: AAAA\r\n", MESSAGE)},
      {403, request_of("POST", "/hook/hook", "Content-Type: application/json\r\n", "{\"text\":\"a\"}")},
      {403, generic_at(clock_now_ms() - 400000, "m", "application/json", "{\"text\":\"a\"}")},
      {403, generic_at(clock_now_ms() + 400000, "m", "application/json", "{\"text\":\"a\"}")},
      {400, twilio(own_base(), "/hook/shop", "Body=a")},
      {400, generic("{}")},
      {400, generic("not json")},
      {400, generic("{\"text\":\"\xff\"}")},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    unsigned status = ask(rows[i].request);
    if (status != rows[i].status)
      fail_msg("row %zu: %u instead of %u", i, status, rows[i].status);
    assert_false(answer_has("text/plain"));
    if (status != 400 || strstr(rows[i].request, "/hook/shop"))
      assert_string_equal(body_of_answer(), ""); /* PV-01 */
    else
      assert_non_null(strstr(body_of_answer(), "{\"error\":\""));
    assert_true(status != 405 || answer_has("Allow: POST\r\n"));
  }
  assert_int_equal(fake.events, 0);
  assert_int_equal(fake.blobs, 0);
}

static void test_the_body_of_404_is_that_of_403(void **state) {
  (void)state;
  open_all();
  const char *headers = "Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: AAAA\r\n";
  auto_clean(buf_free) struct buf forbidden = BUF_INIT(65536);
  assert_int_equal(ask(request_of("POST", "/hook/shop", headers, MESSAGE)), 403);
  buf_add_slice(&forbidden, buf_slice(&answered_with));
  assert_int_equal(ask(request_of("POST", "/hook/none", headers, MESSAGE)), 404);
  assert_int_equal(forbidden.len - strlen("Forbidden"), answered_with.len - strlen("Not Found"));
}

static void test_too_large(void **state) {
  (void)state;
  channels[0].max_body = 100;
  open_all();
  assert_int_equal(ask("POST /hook/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n"), 413);
  assert_false(answer_has("text/plain"));
}

static void test_not_before_it_is_durable(void **state) {
  (void)state;
  open_all();
  fake.manual = true;
  const char *request = twilio(own_base(), "/hook/shop", MESSAGE);
  int fd = client_connect(http_address(sms.http));
  client_say(fd, request);
  while (fake.waiting_count == 0)
    client_turn(&loop, -1);
  for (int i = 0; i < 10; i++)
    uv_run(&loop, UV_RUN_NOWAIT);
  char byte;
  assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
  assert_int_equal(http_pending(sms.http), 1);
  fake_commit();
  assert_int_equal(client_read(&loop, fd, &answered_with), 200);
  close(fd);
}

static void expect_deferred(const char *request) {
  assert_int_equal(ask(request), 503);
  assert_true(answer_has("Retry-After: 30\r\n"));
  assert_string_equal(body_of_answer(), "");
}

static void test_a_full_spool_defers(void **state) {
  (void)state;
  open_all();
  const char *request = twilio(own_base(), "/hook/shop", MESSAGE);
  fake.take_outcome = SPOOL_FULL;
  expect_deferred(request);
  fake.take_outcome = 0;
  fake.blob_outcome = BLOB_FULL;
  expect_deferred(request);
  fake.blob_outcome = -EIO;
  expect_deferred(request);
  fake.blob_outcome = 0;
  assert_int_equal(fake.events, 0);
  fake.done_outcome = -EIO; /* the commit itself fails */
  expect_deferred(request);
  fake.done_outcome = SPOOL_FULL;
  expect_deferred(request);
  fake.done_outcome = 0;
  assert_int_equal(ask(request), 200);
}

static void test_a_batch_that_half_fits(void **state) {
  (void)state;
  open_all();
  fake.take_outcome = SPOOL_FULL;
  fake.take_room = 2;
  fake.manual = true;
  const char *request = generic("[{\"text\":\"a\"},{\"text\":\"b\"},{\"text\":\"c\"}]");
  expect_deferred(request); /* at once, though two of them wait for their commit */
  assert_int_equal(fake.waiting_count, 2);
  fake_commit();
  fake.take_outcome = 0;
  fake.manual = false;
  assert_int_equal(ask(request), 200);
  assert_int_equal(fake.events, 5);
  assert_string_equal(taken(0)->id, taken(2)->id); /* the repeat is the same */
}

static void test_a_slow_commit_is_not_waited_for(void **state) {
  (void)state;
  open_all();
  fake.manual = true;
  int fd = client_connect(http_address(sms.http));
  client_say(fd, twilio(own_base(), "/hook/shop", MESSAGE));
  while (fake.waiting_count == 0)
    client_turn(&loop, -1);
  keep_tick(&sms, clock_monotonic_us() + 1000000);
  assert_int_equal(http_pending(sms.http), 1);
  keep_tick(&sms, clock_monotonic_us() + 1500000);
  assert_int_equal(client_read(&loop, fd, &answered_with), 503);
  while (http_pending(sms.http))
    client_turn(&loop, fd);
  fake_commit(); /* it became durable after all: nobody is left to tell */
  assert_int_equal(sms.kept_count, 0);
  close(fd);
}

static void test_a_disk_that_hangs(void **state) {
  (void)state;
  open_all();
  fake.manual = true;
  sms.live_max = 3;
  const char *request = twilio(own_base(), "/hook/shop", MESSAGE);
  for (size_t i = 0; i < 3; i++) { /* each is told to come again; their commits are still to come */
    int fd = client_connect(http_address(sms.http));
    client_say(fd, request);
    while (fake.waiting_count == i)
      client_turn(&loop, -1);
    keep_tick(&sms, clock_monotonic_us() + 1500000);
    assert_int_equal(client_read(&loop, fd, &answered_with), 503);
    close(fd);
  }
  expect_deferred(request); /* at once, and nothing more is handed to the spool */
  assert_int_equal(fake.waiting_count, 3);
  fake_commit();
  fake.manual = false;
  assert_int_equal(ask(request), 200);
  assert_int_equal(sms.live, 0);
}

static void test_the_peer_leaves(void **state) {
  (void)state;
  open_all();
  fake.manual = true;
  int fd = client_connect(http_address(sms.http));
  client_say(fd, twilio(own_base(), "/hook/shop", MESSAGE));
  while (fake.waiting_count == 0)
    client_turn(&loop, -1);
  close(fd);
  uv_run(&loop, UV_RUN_NOWAIT);
  fake_commit();
  fake.manual = false;
  assert_int_equal(ask(twilio(own_base(), "/hook/shop", MESSAGE)), 200);
}

static void test_rate(void **state) {
  (void)state;
  channels[0].rate = 0.001;
  open_all();
  const char *request = twilio(own_base(), "/hook/shop", MESSAGE);
  assert_int_equal(ask(request), 200);
  assert_int_equal(ask(request), 429);
  assert_true(answer_has("Retry-After: 1000\r\n") || answer_has("Retry-After: 999\r\n"));
  assert_string_equal(body_of_answer(), "");
  assert_int_equal(ask(generic("{\"text\":\"a\"}")), 200); /* the other channel has its own */
}

static void test_many_at_once(void **state) {
  (void)state;
  open_all();
  int fds[50];
  const char *request = twilio(own_base(), "/hook/shop", MESSAGE);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 50; i++) {
      fds[i] = client_connect(http_address(sms.http));
      client_say(fds[i], request);
    }
    for (int i = 0; i < 50; i++) {
      assert_int_equal(client_read(&loop, fds[i], &answered_with), 200);
      close(fds[i]);
    }
  }
  assert_int_equal(fake.events, 150);
  assert_int_equal(sms.kept_count, 0);
}

static void test_bad_secrets_are_found_at_start(void **state) {
  (void)state;
  struct complaint complaint = {0};
  channels[1].secret_files = bad_files; /* Twilio's is no Standard Webhooks secret */
  sms.config = &config;
  assert_int_equal(hooks_open(&sms, &complaint), -EINVAL);
  assert_non_null(strstr(complaint.text, "hook"));
  assert_null(strstr(complaint.text, TOKEN));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void write_secret(const char *name, const char *secret) {
  char *path = path_join(folder, name);
  assert_int_equal(file_write_atomic(path, slice_text(secret), 0600), 0);
  free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_message_of_twilio),
      CASE(test_the_url_as_configured),
      CASE(test_a_generic_message),
      CASE(test_a_batch),
      CASE(test_refusals),
      CASE(test_the_body_of_404_is_that_of_403),
      CASE(test_too_large),
      CASE(test_not_before_it_is_durable),
      CASE(test_a_full_spool_defers),
      CASE(test_a_batch_that_half_fits),
      CASE(test_a_slow_commit_is_not_waited_for),
      CASE(test_a_disk_that_hangs),
      CASE(test_the_peer_leaves),
      CASE(test_rate),
      CASE(test_many_at_once),
      CASE(test_bad_secrets_are_found_at_start),
  };
  if (!mkdtemp(folder))
    return 1;
  write_secret("twilio", TOKEN "\n");
  write_secret("generic", "whsec_" SECRET "\n");
  int failed = cmocka_run_group_tests_name("sms take", tests, NULL, NULL);
  char *paths[] = {path_join(folder, "twilio"), path_join(folder, "generic")};
  for (size_t i = 0; i < 2; i++) {
    unlink(paths[i]);
    free(paths[i]);
  }
  rmdir(folder);
  buf_free(&answered_with);
  return failed;
}
