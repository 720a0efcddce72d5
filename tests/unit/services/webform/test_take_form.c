/* SPDX-License-Identifier: Apache-2.0 */
/* Posts from bytes to answers, with a server, a spool and a clock that the test owns. */
#include "base/clock.h"
#include "event/event.h"
#include "form_token.h"
#include "log/log.h"
#include "page.h"
#include "take_form.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <cmocka.h>

#define FORM "application/x-www-form-urlencoded"
#define GOOD "name=Ana&email=ana@example.com&message=Hello"
#define SECRET_LEN 32

/* --- the clock --- */

static int64_t now_ms = 1700000000000;

int64_t clock_now_ms(void) {
  return now_ms;
}

int64_t clock_monotonic_ms(void) {
  return now_ms;
}

int64_t clock_monotonic_us(void) {
  return now_ms * 1000;
}

void clock_rfc3339(int64_t unix_ms, char ret[RFC3339_LEN + 1]) {
  snprintf(ret, RFC3339_LEN + 1, "%" PRId64, unix_ms);
}

/* --- the server --- */

struct http_request {
  const char *type, *key, *peer;
  struct slice body;
  unsigned status; /* 0: not answered yet */
  char *answer;
  char headers[4096];
};

const char *http_header(const struct http_request *r, const char *name) {
  if (strcasecmp(name, "content-type") == 0)
    return r->type;
  return strcasecmp(name, "idempotency-key") == 0 ? r->key : NULL;
}

struct slice http_body(const struct http_request *r) {
  return r->body;
}

const char *http_peer(const struct http_request *r) {
  return r->peer;
}

void http_reply(struct http_request *r, unsigned status, const char *type, struct slice body,
                const struct http_reply_header *headers, size_t header_count) {
  (void)type;
  assert_int_equal(r->status, 0); /* once */
  r->status = status;
  r->answer = strndup(body.at, body.len);
  for (size_t i = 0, at = 0; i < header_count; i++)
    at += (size_t)snprintf(r->headers + at, sizeof(r->headers) - at, "%s: %s\n", headers[i].name, headers[i].value);
}

/* --- the spool --- */

struct waiting {
  spool_done *done;
  void *arg;
};

static struct waiting waiting[64];
static size_t waiting_count;
static int take_outcome, put_outcome, put_fails_at;
static size_t put_count;
static struct arena *events;
static contact_event *last_event;

struct spool *channel_spool(struct channel *c) {
  return (struct spool *)c;
}

struct blob_store *spool_blobs(struct spool *s) {
  return (struct blob_store *)s;
}

int blob_put(struct blob_store *s, struct slice bytes, struct blob_ref *ret) {
  (void)s;
  if ((int)put_count++ == put_fails_at)
    return put_outcome;
  sha256(bytes, ret->sha256);
  ret->size = bytes.len;
  return 0;
}

int channel_take(struct channel *c, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done,
                 void *arg) {
  (void)c;
  assert_int_equal(kind, RECORD_EVENT);
  assert_true(taken_ms == now_ms);
  if (take_outcome)
    return take_outcome;
  const char *why;
  assert_int_equal(event_unpack(payload, events, &last_event, &why), 0);
  waiting[waiting_count++] = (struct waiting){done, arg};
  return 0;
}

/* --- one desk --- */

static struct webform webform;
static struct form_channel form_channel;
static struct channel_config shop;

static int setup(void **state) {
  (void)state;
  log_open("webform", LOG_ERROR);
  now_ms = 1700000000000;
  waiting_count = 0;
  take_outcome = put_outcome = 0;
  put_count = 0;
  put_fails_at = -1;
  last_event = NULL;
  events = arena_new(4096, 16 * 1024 * 1024);
  shop = (struct channel_config){.name = (char *)"shop",
                                 .kind = CHANNEL_FORM,
                                 .title = (char *)"Contact us",
                                 .intro = (char *)"",
                                 .language = (char *)"en",
                                 .privacy_url = (char *)"",
                                 .consent_text = (char *)"",
                                 .public_url = (char *)"",
                                 .uploads = true,
                                 .max_body = 10 << 20,
                                 .min_fill_ms = 3000,
                                 .max_fill_ms = 3600000};
  webform = (struct webform){.secret_len = SECRET_LEN, .repeats = repeats_new()};
  webform.page = BUF_INIT(4 * 1024 * 1024);
  webform.event = BUF_INIT(CHANNEL_EVENT_MAX);
  webform.plain_policy = (char *)"";
  for (size_t i = 0; i < OUTCOME_COUNT; i++)
    webform.requests[i] = metric_counter("test_requests_total", "For the test.", NULL, NULL);
  webform.take_seconds = metric_histogram("test_take_seconds", "For the test.", NULL, NULL);
  form_channel = (struct form_channel){.config = &shop, .policy = (char *)"", .guard = guard_new(0)};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  assert_int_equal(waiting_count, 0);
  repeats_free(&webform.repeats);
  guard_free(&form_channel.guard);
  buf_free(&webform.page);
  buf_free(&webform.event);
  arena_free(&events);
  return 0;
}

static void token_of(int64_t age_ms, uint8_t number, char ret[FORM_TOKEN_MAX]) {
  uint8_t submission[SUBMISSION_BYTES] = {number};
  form_token_make(slice_of(webform.secret, SECRET_LEN), "shop", now_ms - age_ms, submission, ret);
}

static void post(struct http_request *r, const char *type, const char *body) {
  *r = (struct http_request){.type = type, .key = r->key, .peer = r->peer ? r->peer : "192.0.2.1",
                             .body = slice_text(body)};
  take_form(&(struct asker){.webform = &webform,
                            .channel = &form_channel,
                            .request = r,
                            .json = strcmp(type, "application/json") == 0});
}

static void commit(int outcome) {
  for (size_t i = 0; i < waiting_count; i++)
    waiting[i].done(waiting[i].arg, outcome, i + 1);
  waiting_count = 0;
}

/* Posts a page that was open for `age_ms`. */
static void post_page(struct http_request *r, uint8_t number, int64_t age_ms, const char *fields) {
  char token[FORM_TOKEN_MAX], body[1024];
  token_of(age_ms, number, token);
  snprintf(body, sizeof(body), "%s&token=%s", fields, token);
  post(r, FORM, body);
}

static void release(struct http_request *r) {
  free(r->answer);
  *r = (struct http_request){0};
}

#define assert_has(text, part)                                                                                         \
  do {                                                                                                                 \
    if (!strstr(text, part))                                                                                           \
      fail_msg("no \"%s\" in: %.2000s", part, text);                                                                   \
  } while (0)

/* --- pages --- */

static void test_a_page_is_taken_when_it_is_durable(void **state) {
  (void)state;
  struct http_request r = {0};
  post_page(&r, 1, 5000, GOOD);
  assert_int_equal(r.status, 0); /* nothing is said before (G1) */
  commit(0);
  assert_int_equal(r.status, 303);
  char wanted[128];
  snprintf(wanted, sizeof(wanted), "Location: /form/shop/thanks?ref=%s&t=", last_event->reference);
  assert_has(r.headers, wanted);
  assert_string_equal(last_event->suspected, "");
  assert_string_equal(last_event->source_id, "01000000000000000000000000000000");
  assert_string_equal(last_event->from->key, "email:ana@example.com");
  release(&r);
}

static void test_the_same_post_is_one_event(void **state) {
  (void)state;
  struct http_request r[6] = {0};
  char ids[5][EVENT_ID_LEN + 1];
  for (size_t i = 0; i < 5; i++) { /* at the same time */
    post_page(&r[i], 1, 5000, GOOD);
    memcpy(ids[i], last_event->id, sizeof(ids[i]));
  }
  commit(0);
  last_event = NULL;
  now_ms += 60000;
  post_page(&r[5], 1, 65000, GOOD); /* and once more, later: answered from memory */
  assert_null(last_event);
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(r[i].status, 303);
    assert_string_equal(r[i].headers, r[0].headers);
    if (i < 5)
      assert_string_equal(ids[i], ids[0]);
  }
  /* none of the repeats cost a token of the buckets: the address has four left */
  for (uint8_t n = 2; n < 6; n++) {
    struct http_request more = {0};
    post_page(&more, n, 5000, GOOD);
    commit(0);
    assert_int_equal(more.status, 303);
    release(&more);
  }
  for (size_t i = 0; i < 6; i++)
    release(&r[i]);
}

/* Back, change, send again: the token is used, the words are new. They must neither be lost nor taken unasked. */
static void test_a_used_token_with_other_words_is_asked_about(void **state) {
  (void)state;
  struct http_request r = {0};
  post_page(&r, 1, 5000, GOOD);
  commit(0);
  char first[REFERENCE_LEN + 1];
  memcpy(first, last_event->reference, sizeof(first));
  release(&r);
  last_event = NULL;
  post_page(&r, 1, 9000, "email=ana%40example.com&message=And+one+more+thing");
  assert_int_equal(r.status, 409);
  assert_null(last_event);
  assert_has(r.answer, "And one more thing</textarea>");
  assert_has(r.answer, first);
  /* sending that page again is a message of its own, and not "too fast" */
  char *token = strstr(r.answer, "name=\"token\" value=\"") + 20, body[512];
  snprintf(body, sizeof(body), "email=ana%%40example.com&message=And+one+more+thing&token=%.*s",
           (int)strcspn(token, "\""), token);
  struct http_request again = {0};
  post(&again, FORM, body);
  commit(0);
  assert_int_equal(again.status, 303);
  assert_string_equal(last_event->suspected, "");
  assert_string_not_equal(last_event->reference, first);
  release(&r);
  release(&again);
}

static void test_suspected_posts_get_the_same_answer(void **state) {
  (void)state;
  static const struct {
    const char *fields;
    int64_t age_ms;
    const char *reason;
  } cases[] = {
      {GOOD, 2999, "too-fast"},
      {GOOD "&homepage=http%3A%2F%2Fspam.example", 5000, "honeypot"},
      {GOOD "+http://a+http://b+http://c+http://d+http://e+http://f", 5000, "many-links"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct http_request r = {0};
    post_page(&r, (uint8_t)i, cases[i].age_ms, cases[i].fields);
    commit(0);
    assert_int_equal(r.status, 303);
    assert_string_equal(last_event->suspected, cases[i].reason);
    release(&r);
  }
}

static void test_tokens_that_do_not_count(void **state) {
  (void)state;
  static const struct {
    const char *extra;
    int64_t age_ms; /* < 0: no token of ours */
    const char *told;
  } cases[] = {
      {"", 3600001, "was open for a long time"},
      {"", -1, "could not confirm"},
      {"&token=", -1, "could not confirm"},
      {"&token=1700000000000.00.00", -1, "could not confirm"},
      {"&token=%22%3E%3Cscript%3E", -1, "could not confirm"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct http_request r = {0};
    char fields[256];
    snprintf(fields, sizeof(fields), "%s%s", GOOD, cases[i].extra);
    if (cases[i].age_ms < 0)
      post(&r, FORM, fields);
    else
      post_page(&r, 1, cases[i].age_ms, fields);
    assert_int_equal(r.status, 400);
    assert_has(r.answer, cases[i].told);
    assert_has(r.answer, "value=\"ana@example.com\"");
    assert_has(r.answer, "Hello</textarea>");
    assert_null(strstr(r.answer, "<script"));
    /* the page in hand can be sent at once */
    char *token = strstr(r.answer, "name=\"token\" value=\"") + 20, body[512];
    snprintf(body, sizeof(body), "%s+%zu&token=%.*s", GOOD, i, (int)strcspn(token, "\""), token);
    struct http_request again = {0};
    post(&again, FORM, body);
    commit(0);
    assert_int_equal(again.status, 303);
    assert_string_equal(last_event->suspected, "");
    release(&r);
    release(&again);
  }
}

static void test_errors_keep_values_and_token(void **state) {
  (void)state;
  struct http_request r = {0};
  char token[FORM_TOKEN_MAX];
  token_of(5000, 1, token);
  post_page(&r, 1, 5000, "name=%3Cb%3EAna&email=nonsense&message=&order=4711");
  assert_int_equal(r.status, 422);
  assert_has(r.answer, token);
  assert_has(r.answer, "value=\"&lt;b&gt;Ana\"");
  assert_has(r.answer, "value=\"nonsense\"");
  assert_has(r.answer, "name=\"order\" value=\"4711\"");
  assert_has(r.answer, "id=\"message-error\"");
  assert_null(last_event);
  release(&r);
}

static void test_limits_say_when(void **state) {
  (void)state;
  struct http_request r = {0};
  for (uint8_t i = 0; i < 6; i++) {
    char fields[128];
    snprintf(fields, sizeof(fields), GOOD "+%u", i);
    release(&r);
    post_page(&r, i, 5000, fields);
    commit(0);
  }
  assert_int_equal(r.status, 429); /* the sixth to one address */
  assert_has(r.headers, "Retry-After: 60\n");
  assert_has(r.answer, "again in 60 seconds");
  assert_has(r.answer, "Hello 5</textarea>");
  release(&r);
}

static void test_unreadable_and_oversize(void **state) {
  (void)state;
  struct http_request r = {0};
  post(&r, "multipart/form-data; boundary=b", "--b\r\ntorn");
  assert_int_equal(r.status, 400);
  assert_has(r.answer, "arrived damaged");
  release(&r);
  post(&r, "text/plain", "message=Hello");
  assert_int_equal(r.status, 415);
  release(&r);
  char *large = malloc(POSTED_TEXT_MAX + 2);
  memset(large, 'a', POSTED_TEXT_MAX + 1);
  large[POSTED_TEXT_MAX + 1] = '\0';
  post(&r, FORM, large);
  assert_int_equal(r.status, 413);
  free(large);
  release(&r);
}

/* --- the spool says no --- */

static void test_full_spool_defers_and_keeps(void **state) {
  (void)state;
  static const struct {
    int take, done, put, put_at;
    unsigned status;
  } cases[] = {
      {SPOOL_FULL, 0, 0, -1, 503}, {0, SPOOL_FULL, 0, -1, 503}, {0, -EIO, 0, -1, 503},    {0, -ECANCELED, 0, -1, 503},
      {0, 0, BLOB_FULL, 0, 503},   {0, 0, -ENOSPC, 0, 503},     {0, 0, BLOB_TOO_LARGE, 0, 413},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct http_request r = {0};
    take_outcome = cases[i].take;
    put_outcome = cases[i].put;
    put_fails_at = cases[i].put_at;
    put_count = 0;
    post_page(&r, 1, 5000, GOOD);
    commit(cases[i].done);
    assert_int_equal(r.status, cases[i].status);
    if (r.status == 503) {
      assert_has(r.headers, "Retry-After: 30\n");
      assert_has(r.answer, "Hello</textarea>");
    }
    release(&r);
    take_outcome = 0;
    put_fails_at = -1;
    now_ms += 60000;
    teardown(NULL);
    setup(NULL);
  }
  /* what failed was not remembered as taken: the same page sent again is taken */
  struct http_request r = {0};
  post_page(&r, 1, 5000, GOOD);
  commit(SPOOL_FULL);
  assert_int_equal(r.status, 503);
  release(&r);
  post_page(&r, 1, 5000, GOOD);
  assert_int_equal(r.status, 0);
  commit(0);
  assert_int_equal(r.status, 303);
  release(&r);
}

static void test_uploads(void **state) {
  (void)state;
  char token[FORM_TOKEN_MAX], body[2048];
  token_of(5000, 1, token);
#define PART(name, rest) "--b\r\nContent-Disposition: form-data; name=" name rest "\r\n"
  snprintf(body, sizeof(body),
           PART("email", "\r\n\r\nana@example.com") PART("message", "\r\n\r\nSee file") PART("token", "\r\n\r\n%s")
               PART("files", "; filename=\"../note.txt\"\r\nContent-Type: text/html\r\n\r\n<b>") "--b--",
           token);
  struct http_request r = {0};
  post(&r, "multipart/form-data; boundary=b", body);
  commit(0);
  assert_int_equal(r.status, 303);
  assert_int_equal(last_event->n_attachments, 1);
  assert_string_equal(last_event->attachments[0]->name, "note.txt");
  assert_string_equal(last_event->attachments[0]->type, "text/plain"); /* ours, not what the client says */
  assert_int_equal(last_event->attachments[0]->blob->size, 3);
  assert_int_equal(last_event->original->size, strlen(body));
  release(&r);
  /* a file that the blob store does not take is the customer's to change */
  put_count = 0;
  put_fails_at = 1;
  put_outcome = BLOB_TOO_LARGE;
  repeats_free(&webform.repeats);
  webform.repeats = repeats_new();
  post(&r, "multipart/form-data; boundary=b", body);
  assert_int_equal(r.status, 422);
  assert_has(r.answer, "“note.txt” is too large.");
  release(&r);
}

/* --- JSON --- */

#define JSON "application/json"
#define GOOD_JSON "{\"email\":\"ana@example.com\",\"message\":\"Hello\"}"

static void test_json(void **state) {
  (void)state;
  struct http_request r = {0};
  post(&r, JSON, GOOD_JSON);
  commit(0);
  assert_int_equal(r.status, 202);
  char wanted[128];
  snprintf(wanted, sizeof(wanted), "{\"id\":\"%s\",\"reference\":\"%s\"}", last_event->id, last_event->reference);
  assert_string_equal(r.answer, wanted);
  char *first = strdup(r.answer);
  release(&r);
  /* the same words, otherwise written: one event */
  last_event = NULL;
  post(&r, JSON, "{ \"message\" : \"Hel\\u006co\", \"email\":\"ana@example.com\" }");
  assert_int_equal(r.status, 202);
  assert_string_equal(r.answer, first);
  assert_null(last_event);
  release(&r);
  free(first);
  post(&r, JSON, "{\"email\":\"x\",\"message\":5}");
  assert_int_equal(r.status, 422);
  assert_has(r.answer, "{\"errors\":[{\"field\":\"message\",\"message\":\"This must be a text.\"}");
  assert_has(r.answer, "\"field\":\"email\"");
  release(&r);
  post(&r, JSON, "[");
  assert_int_equal(r.status, 400);
  assert_has(r.answer, "{\"errors\":[{\"field\":\"\"");
  release(&r);
  post(&r, JSON, "{\"email\":\"bob@example.com\",\"message\":\"Hello\",\"homepage\":\"x\"}");
  commit(0);
  assert_int_equal(r.status, 202);
  assert_string_equal(last_event->suspected, "honeypot");
  release(&r);
  post(&r, JSON, "{\"email\":\"bob@example.com\",\"message\":\"Hello\",\"token\":\"x\"}");
  assert_int_equal(r.status, 400);
  release(&r);
}

static void test_json_keys(void **state) {
  (void)state;
  struct http_request r = {.key = "order-4711"};
  post(&r, JSON, GOOD_JSON);
  commit(0);
  assert_int_equal(r.status, 202);
  assert_string_equal(last_event->source_id, "order-4711");
  char *first = strdup(r.answer);
  free(r.answer);
  post(&r, JSON, GOOD_JSON);
  assert_string_equal(r.answer, first);
  free(r.answer);
  free(first);
  post(&r, JSON, "{\"email\":\"ana@example.com\",\"message\":\"Something else\"}");
  assert_int_equal(r.status, 422);
  assert_has(r.answer, "already used for another message");
  free(r.answer);
  /* equal words under another key are meant twice */
  r.key = "order-4712";
  post(&r, JSON, GOOD_JSON);
  commit(0);
  assert_int_equal(r.status, 202);
  assert_string_equal(last_event->source_id, "order-4712");
  free(r.answer);
  static const char *const bad[] = {"", "two words", "tab\t", "\xC3\xA9"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    r.key = bad[i];
    post(&r, JSON, GOOD_JSON);
    assert_int_equal(r.status, 422);
    free(r.answer);
  }
  r = (struct http_request){0};
  post(&r, JSON, "{\"email\":\"ana@example.com\",\"message\":\"Hello\",\"submission\":\"mine\"}");
  commit(0);
  assert_string_equal(last_event->source_id, "mine");
  release(&r);
}

static void test_json_has_the_same_limits(void **state) {
  (void)state;
  struct http_request r = {0};
  for (int i = 0; i < 6; i++) {
    char body[256];
    release(&r);
    snprintf(body, sizeof(body), "{\"email\":\"ana@example.com\",\"message\":\"Hello %d\"}", i);
    post(&r, JSON, body);
    commit(0);
  }
  assert_int_equal(r.status, 429);
  assert_has(r.headers, "Retry-After: 60\n");
  assert_has(r.answer, "\"errors\"");
  release(&r);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_a_page_is_taken_when_it_is_durable),
      CASE(test_the_same_post_is_one_event),
      CASE(test_a_used_token_with_other_words_is_asked_about),
      CASE(test_suspected_posts_get_the_same_answer),
      CASE(test_tokens_that_do_not_count),
      CASE(test_errors_keep_values_and_token),
      CASE(test_limits_say_when),
      CASE(test_unreadable_and_oversize),
      CASE(test_full_spool_defers_and_keeps),
      CASE(test_uploads),
      CASE(test_json),
      CASE(test_json_keys),
      CASE(test_json_has_the_same_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
