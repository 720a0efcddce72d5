/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth_token.h"
#include "base/encode.h"
#include "base/file.h"
#include "curl/curl_loop.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MS 30000L
#define ANSWER_MAX (64 * 1024)
#define SECRET_MAX (16 * 1024)
#define WHY_MAX 500
#define LIFE_UNKNOWN_S 300     /* no expires_in: not used for longer */
#define RENEW_BEFORE_MS 300000 /* or a tenth of its life, whichever is less */

struct waiter {
  struct waiter *next;
  oauth_answer *answer;
  void *arg;
};

struct oauth_token {
  uv_loop_t *loop;
  struct oauth_options options;
  uv_idle_t soon;
  struct waiter *waiting, **end;
  struct buf token;
  int64_t renew_ms; /* on the loop's clock: it is good until then; 0: there is none */
  char *refresh;    /* the newest one, when it could not be written back */
  CURL *easy;       /* being asked */
  struct curl_slist *headers;
  struct buf body;
  char error[CURL_ERROR_SIZE];
};

static bool is_set(const char *s) {
  return s && s[0];
}

/* Secrets do not stay in freed memory. */
static void wipe(struct buf *b) {
  if (b->at)
    explicit_bzero(b->at, b->cap);
  buf_free(b);
}

static int64_t now(const struct oauth_token *t) {
  return (int64_t)uv_now(t->loop);
}

/* ---- answers */

/* Each is taken off the list before it is called: it may forget others, and ask again. */
static void answer_all(struct oauth_token *t, int outcome, const char *why) {
  size_t count = 0;
  for (const struct waiter *w = t->waiting; w; w = w->next)
    count++;
  while (count-- && t->waiting) {
    struct waiter *w = t->waiting;
    t->waiting = w->next;
    if (!t->waiting)
      t->end = &t->waiting;
    w->answer(w->arg, outcome, outcome ? SLICE("") : buf_slice(&t->token), why);
    free(w);
  }
}

/* ---- the provider's answer */

static void add_clean(struct buf *out, const char *label, const char *text) {
  if (!text)
    return;
  buf_add_text(out, label);
  for (size_t i = 0; text[i] && i < 200; i++)
    buf_add_char(out, text[i] >= ' ' && text[i] <= '~' ? text[i] : ' ');
}

static bool is_refusal(const char *error) {
  static const char *const refusals[] = {"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope",
                                         "invalid_request", "unsupported_grant_type", "access_denied"};
  for (size_t i = 0; error && i < sizeof(refusals) / sizeof(refusals[0]); i++)
    if (strcmp(error, refusals[i]) == 0)
      return true;
  return false;
}

static int64_t life_of(const json_t *answer) {
  const json_t *life = json_object_get(answer, "expires_in");
  uint64_t seconds = 0;
  if (json_is_integer(life) && json_integer_value(life) >= 0)
    seconds = (uint64_t)json_integer_value(life);
  else if (json_is_real(life) && json_real_value(life) > 0 && json_real_value(life) < 1e9)
    seconds = (uint64_t)json_real_value(life);
  else if (!json_is_string(life) || slice_to_u64(slice_text(json_string_value(life)), 1000000000, &seconds))
    seconds = LIFE_UNKNOWN_S; /* Microsoft's first endpoint sends it as a string */
  return (int64_t)(seconds > 1000000000 ? 1000000000 : seconds) * 1000;
}

/* A new refresh token replaces the old one, which may be worthless from now on. */
static void keep_refresh(struct oauth_token *t, const char *refresh) {
  auto_clean(buf_free) struct buf old = BUF_INIT(SECRET_MAX);
  if (file_read(t->options.refresh_token_file, &old) == 0 &&
      slice_equal(slice_trim(buf_slice(&old)), slice_text(refresh)))
    return;
  struct buf line = BUF_INIT(SECRET_MAX);
  buf_printf(&line, "%s\n", refresh);
  int r = line.full ? -E2BIG : file_write_atomic(t->options.refresh_token_file, buf_slice(&line), 0600);
  wipe(&line);
  free(t->refresh);
  t->refresh = NULL;
  if (r == 0)
    return;
  t->refresh = must_strdup(refresh);
  char why[WHY_MAX];
  snprintf(why, sizeof(why), "the new refresh token cannot be written to %s: %s", t->options.refresh_token_file,
           strerror(-r));
  if (t->options.unsaved)
    t->options.unsaved(t->options.arg, why);
}

static int take_token(struct oauth_token *t, const json_t *answer) {
  const char *token = json_string_value(json_object_get(answer, "access_token"));
  const char *refresh = json_string_value(json_object_get(answer, "refresh_token"));
  if (!is_set(token) || strlen(token) > SECRET_MAX)
    return OAUTH_UNREACHABLE;
  for (const char *c = token; *c; c++)
    if (*c <= ' ' || *c > '~') /* it goes into a line of IMAP */
      return OAUTH_UNREACHABLE;
  if (is_set(refresh) && is_set(t->options.refresh_token_file))
    keep_refresh(t, refresh);
  wipe(&t->token);
  buf_add_text(&t->token, token);
  const int64_t life_ms = life_of(answer);
  t->renew_ms = now(t) + life_ms - (life_ms / 10 < RENEW_BEFORE_MS ? life_ms / 10 : RENEW_BEFORE_MS);
  return 0;
}

static int judge(struct oauth_token *t, long status, struct buf *why) {
  json_t *answer = json_loadb(t->body.at ? t->body.at : "", t->body.len, JSON_REJECT_DUPLICATES, NULL);
  const char *error = json_string_value(json_object_get(answer, "error"));
  int outcome = OAUTH_UNREACHABLE;
  if (status == 200 && !error)
    outcome = take_token(t, answer);
  if (outcome && is_refusal(error))
    outcome = OAUTH_REFUSED;
  if (outcome) {
    buf_printf(why, "no access token from %s: ", t->options.token_url);
    if (error) {
      add_clean(why, "", error);
      add_clean(why, ": ", json_string_value(json_object_get(answer, "error_description")));
    } else if (status == 200) {
      buf_add_text(why, "the answer has no access_token that can be used");
    } else {
      buf_printf(why, "HTTP status %ld", status);
    }
  }
  json_decref(answer);
  return outcome;
}

static void end_request(struct oauth_token *t) {
  if (!t->easy)
    return;
  curl_loop_remove(t->options.curl, t->easy);
  curl_easy_cleanup(t->easy);
  curl_slist_free_all(t->headers);
  t->easy = NULL;
  t->headers = NULL;
  wipe(&t->body);
}

static void on_done(void *arg, CURL *easy, CURLcode result) {
  struct oauth_token *t = arg;
  auto_clean(buf_free) struct buf why = BUF_INIT(WHY_MAX);
  int outcome = OAUTH_UNREACHABLE;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (result == CURLE_OK)
    outcome = judge(t, status, &why);
  else
    buf_printf(&why, "no access token from %s: %s", t->options.token_url,
               t->error[0] ? t->error : curl_easy_strerror(result));
  end_request(t);
  answer_all(t, outcome, why.at ? why.at : "");
}

/* ---- asking */

static size_t on_body(char *at, size_t size, size_t count, void *arg) {
  struct oauth_token *t = arg;
  return buf_add(&t->body, at, size * count) ? 0 : size * count;
}

static void add_field(struct buf *form, const char *name, struct slice value) {
  buf_printf(form, "%s%s=", form->len ? "&" : "", name);
  percent_encode(value, form);
}

/* Reads a file's one line into the form. Returns 0, or OAUTH_SETUP with `why`. */
static int add_secret(struct buf *form, const char *name, const char *path, struct buf *why) {
  struct buf secret = BUF_INIT(SECRET_MAX);
  int r = file_read(path, &secret);
  struct slice line = slice_trim(buf_slice(&secret));
  if (r == 0 && line.len)
    add_field(form, name, line);
  else
    buf_printf(why, "%s cannot be read: %s", path, r < 0 ? strerror(-r) : r > 0 ? "it is too long" : "it is empty");
  const bool good = r == 0 && line.len;
  wipe(&secret);
  return good ? 0 : OAUTH_SETUP;
}

static int write_form(struct oauth_token *t, struct buf *form, struct buf *why) {
  const struct oauth_options *o = &t->options;
  const bool refresh = is_set(o->refresh_token_file);
  int r = 0;
  add_field(form, "grant_type", refresh ? SLICE("refresh_token") : SLICE("client_credentials"));
  add_field(form, "client_id", slice_text(o->client_id));
  if (refresh && t->refresh)
    add_field(form, "refresh_token", slice_text(t->refresh));
  else if (refresh)
    r = add_secret(form, "refresh_token", o->refresh_token_file, why);
  if (!r && is_set(o->client_secret_file))
    r = add_secret(form, "client_secret", o->client_secret_file, why);
  if (is_set(o->scope))
    add_field(form, "scope", slice_text(o->scope));
  return r;
}

/* "https" or, to this machine only, "http"; NULL: neither. */
static const char *protocol_of(const char *url) {
  static const char *const here[] = {"http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]:",
                                     "http://[::1]/",     "http://localhost:", "http://localhost/"};
  struct slice s = slice_text(url);
  if (slice_starts_nocase(s, SLICE("https://")))
    return "https";
  for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
    if (slice_starts_nocase(s, slice_text(here[i])))
      return "http";
  return NULL;
}

static int ask(struct oauth_token *t, struct buf *why) {
  const struct oauth_options *o = &t->options;
  const char *protocol = protocol_of(o->token_url);
  if (!protocol) {
    buf_printf(why, "token_url must begin with https://");
    return OAUTH_SETUP;
  }
  struct buf form = BUF_INIT(4 * SECRET_MAX);
  int r = write_form(t, &form, why);
  if (r) {
    wipe(&form);
    return r;
  }
  t->easy = curl_loop_easy(protocol);
  t->headers = curl_slist_append(NULL, "Accept: application/json");
  t->headers = curl_slist_append(t->headers, "Expect:");
  t->error[0] = '\0';
  curl_easy_setopt(t->easy, CURLOPT_URL, o->token_url);
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long)form.len);
  curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS, form.at);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
  curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "Deskbell/" DESKBELL_VERSION);
  curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
  curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, REQUEST_MS);
  curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
  if (is_set(o->tls_ca_file))
    curl_easy_setopt(t->easy, CURLOPT_CAINFO, o->tls_ca_file);
  if (is_set(o->proxy))
    curl_easy_setopt(t->easy, CURLOPT_PROXY, o->proxy);
  wipe(&form);
  if (curl_loop_add(o->curl, t->easy, on_done, t) == 0)
    return 0;
  curl_easy_cleanup(t->easy);
  t->easy = NULL;
  curl_slist_free_all(t->headers);
  t->headers = NULL;
  buf_add_text(why, "no access token can be asked for");
  return OAUTH_UNREACHABLE;
}

static void answer_from_file(struct oauth_token *t) {
  auto_clean(buf_free) struct buf why = BUF_INIT(WHY_MAX);
  struct buf secret = BUF_INIT(SECRET_MAX);
  int r = file_read(t->options.token_file, &secret);
  struct slice line = slice_trim(buf_slice(&secret));
  wipe(&t->token);
  buf_add_slice(&t->token, line);
  if (r || !line.len)
    buf_printf(&why, "the access token in %s cannot be read: %s", t->options.token_file,
               r < 0 ? strerror(-r) : r > 0 ? "it is too long" : "it is empty");
  const int outcome = r || !line.len ? OAUTH_SETUP : 0;
  wipe(&secret);
  answer_all(t, outcome, why.at ? why.at : "");
}

static void on_soon(uv_idle_t *idle) {
  struct oauth_token *t = idle->data;
  uv_idle_stop(idle);
  if (!t->waiting || t->easy)
    return;
  if (is_set(t->options.token_file)) {
    answer_from_file(t);
    return;
  }
  if (t->renew_ms > now(t)) {
    answer_all(t, 0, "");
    return;
  }
  auto_clean(buf_free) struct buf why = BUF_INIT(WHY_MAX);
  int r = ask(t, &why);
  if (r)
    answer_all(t, r, why.at ? why.at : "");
}

/* ---- life */

struct oauth_token *oauth_token_new(uv_loop_t *loop, const struct oauth_options *options) {
  struct oauth_token *t = must_calloc(1, sizeof(*t));
  t->loop = loop;
  t->options = *options;
  t->token = BUF_INIT(SECRET_MAX);
  t->body = BUF_INIT(ANSWER_MAX);
  t->end = &t->waiting;
  uv_idle_init(loop, &t->soon);
  t->soon.data = t;
  return t;
}

static void on_closed(uv_handle_t *handle) {
  struct oauth_token *t = handle->data;
  wipe(&t->token);
  free(t);
}

void oauth_token_free(struct oauth_token **token) {
  if (!token || !*token)
    return;
  struct oauth_token *t = *token;
  *token = NULL;
  end_request(t);
  while (t->waiting) {
    struct waiter *w = t->waiting;
    t->waiting = w->next;
    free(w);
  }
  t->end = &t->waiting;
  if (t->refresh)
    explicit_bzero(t->refresh, strlen(t->refresh));
  free(t->refresh);
  t->refresh = NULL;
  uv_close((uv_handle_t *)&t->soon, on_closed);
}

void oauth_token_get(struct oauth_token *t, oauth_answer *answer, void *arg) {
  struct waiter *w = must_calloc(1, sizeof(*w));
  *w = (struct waiter){NULL, answer, arg};
  *t->end = w;
  t->end = &w->next;
  uv_idle_start(&t->soon, on_soon);
}

void oauth_token_forget(struct oauth_token *t, void *arg) {
  for (struct waiter **at = &t->waiting; *at;) {
    struct waiter *w = *at;
    if (w->arg != arg) {
      at = &w->next;
      continue;
    }
    *at = w->next;
    free(w);
  }
  for (t->end = &t->waiting; *t->end; t->end = &(*t->end)->next)
    ;
}

void oauth_token_reject(struct oauth_token *t) {
  t->renew_ms = 0;
}
