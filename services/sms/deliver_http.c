/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver_http.h"
#include "base/point.h"
#include "curl/curl_loop.h"
#include "provider_out.h"
#include "text/sms_segments.h"
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_FIRST = 8 * 1024, ARENA_MOST = 2 * 1024 * 1024, REPLY_MAX = 64 * 1024, DESTINATION_MAX = 300, RETRY_MAX_S = 86400 };

struct attempt;

/* One channel that something can go out over. */
struct line {
  const struct channel_config *config;
  const struct provider_out *provider;
  struct deliver_http *d;
  char destination[DESTINATION_MAX], callback[1024];
  char *secret;
  int64_t free_at_us;              /* by its rate */
  struct attempt *first, *last;    /* that wait for it */
  uv_timer_t turn;
};

struct deliver_http {
  uv_loop_t *loop;
  struct deliver_http_options options;
  struct outbound *store;
  struct line **lines;
  size_t count;
  struct attempt *all;
};

/* One try; the message belongs to the store until outbound_done(). */
struct attempt {
  struct attempt *above, *below, *next;
  struct line *line;
  char id[OUTBOUND_ID_LEN + 1];
  struct arena *arena;
  struct out_request request;
  CURL *easy;
  struct curl_slist *headers;
  struct buf reply;
  size_t sent;
  uint32_t part, parts;            /* this try is of part number `part`, from 0, of so many; parts 1: of the whole */
  bool asked, committed;           /* the store was asked whether the body may go; it may */
};

/* ---- ends */

static void free_attempt(struct attempt *a) {
  struct deliver_http *d = a->line->d;
  *(a->above ? &a->above->below : &d->all) = a->below;
  if (a->below)
    a->below->above = a->above;
  if (a->easy) {
    curl_loop_remove(d->options.curl, a->easy);
    curl_easy_cleanup(a->easy);
  }
  curl_slist_free_all(a->headers);
  buf_free(&a->reply);
  arena_free(&a->arena);
  free(a);
}

static void end(struct attempt *a, const struct outbound_result *result) {
  struct outbound *store = a->line->d->store;
  char id[OUTBOUND_ID_LEN + 1];
  memcpy(id, a->id, sizeof(id));
  struct outbound_result r = *result;
  r.parts = a->parts;
  outbound_done(store, id, &r); /* copies what it keeps */
  free_attempt(a);
}

static void end_simply(struct attempt *a, enum outbound_outcome outcome, bool down, const char *why) {
  const struct outbound_result r = {.outcome = outcome, .destination_down = down, .why = why, .code = "", .provider_id = SLICE("")};
  end(a, &r);
}

/* ---- the request */

static void on_done(void *arg, CURL *easy, CURLcode outcome);

static void on_committed(void *arg) {
  struct attempt *a = arg;
  POINT("http.committed");
  a->committed = true;
  if (a->request.body.len)
    curl_easy_pause(a->easy, CURLPAUSE_CONT);
  else if (curl_loop_add(a->line->d->options.curl, a->easy, on_done, a) != 0)
    end_simply(a, OUTBOUND_DEFERRED, false, "the request cannot be started");
}

static size_t on_read(char *ret, size_t size, size_t count, void *arg) {
  struct attempt *a = arg;
  if (!a->asked) {
    a->asked = true;
    outbound_committing(a->line->d->store, a->id, on_committed, a);
  }
  if (!a->committed)
    return CURL_READFUNC_PAUSE;
  size_t left = a->request.body.len - a->sent, room = size * count, n = left < room ? left : room;
  memcpy(ret, a->request.body.at + a->sent, n);
  a->sent += n;
  return n;
}

static int on_rewind(void *arg, curl_off_t offset, int origin) {
  struct attempt *a = arg;
  if (origin != SEEK_SET || offset < 0 || (size_t)offset > a->request.body.len)
    return CURL_SEEKFUNC_FAIL;
  a->sent = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

static size_t on_body(char *at, size_t size, size_t count, void *arg) {
  struct attempt *a = arg;
  size_t len = size * count, room = REPLY_MAX - a->reply.len;
  buf_add(&a->reply, at, len < room ? len : room); /* what is longer is not looked at, and not a fault */
  return len;
}

static void judge(struct attempt *a) {
  struct out_reply reply = {.body = buf_slice(&a->reply)};
  struct outbound_result result;
  curl_off_t pause = 0;
  const struct out_channel c = {.config = a->line->config, .secret = a->line->secret, .callback = a->line->callback};
  curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_easy_getinfo(a->easy, CURLINFO_RETRY_AFTER, &pause);
  reply.retry_after_ms = pause > 0 ? (pause < RETRY_MAX_S ? pause : RETRY_MAX_S) * 1000 : 0;
  a->line->provider->judge(&c, &reply, a->arena, &result);
  end(a, &result);
}

static void on_done(void *arg, CURL *easy, CURLcode outcome) {
  struct attempt *a = arg;
  curl_off_t began = 0;
  char why[200];
  (void)easy;
  POINT("http.answered");
  if (outcome == CURLE_OK) {
    judge(a);
    return;
  }
  curl_easy_getinfo(a->easy, CURLINFO_PRETRANSFER_TIME_T, &began);
  bool maybe_sent = a->committed && (a->request.body.len || began > 0);
  snprintf(why, sizeof(why), maybe_sent ? "the connection ended after the request was sent and before the answer came: %s" : "%s",
           curl_easy_strerror(outcome));
  /* Who says nothing for so long is dead: were it asked on and on, all that waits for it would end in doubt. */
  bool down = !maybe_sent || outcome == CURLE_OPERATION_TIMEDOUT;
  end_simply(a, maybe_sent ? OUTBOUND_UNSURE : OUTBOUND_DEFERRED, down, why);
}

static void set_request(struct attempt *a) {
  const struct out_request *r = &a->request;
  CURL *c = a->easy;
  for (size_t i = 0; i < r->header_count; i++)
    a->headers = curl_slist_append(a->headers, r->headers[i]);
  a->headers = curl_slist_append(a->headers, "Expect:");
  curl_easy_setopt(c, CURLOPT_URL, r->url);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, a->headers);
  curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)a->line->d->options.deadline_ms);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "Deskbell/" DESKBELL_VERSION);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
  if (r->user) {
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(c, CURLOPT_USERNAME, r->user);
    curl_easy_setopt(c, CURLOPT_PASSWORD, r->password);
  }
  if (r->body.len) {
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c, CURLOPT_READDATA, a);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_rewind);
    curl_easy_setopt(c, CURLOPT_SEEKDATA, a);
  }
  if (strcmp(r->method, r->body.len ? "POST" : "GET") != 0)
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
}

static void start(struct attempt *a) {
  POINT("http.start");
  a->easy = curl_loop_easy("http,https");
  if (!a->easy) {
    end_simply(a, OUTBOUND_DEFERRED, false, "no memory for a request");
    return;
  }
  set_request(a);
  if (!a->request.body.len) {
    outbound_committing(a->line->d->store, a->id, on_committed, a);
    return;
  }
  if (curl_loop_add(a->line->d->options.curl, a->easy, on_done, a) != 0)
    end_simply(a, OUTBOUND_DEFERRED, false, "the request cannot be started");
}

/* ---- the rate of a channel */

static int64_t now_us(void) {
  return (int64_t)(uv_hrtime() / 1000);
}

static void on_turn(uv_timer_t *timer) {
  struct line *l = timer->data;
  while (l->first && l->free_at_us <= now_us()) {
    struct attempt *a = l->first;
    l->first = a->next;
    l->free_at_us = (l->free_at_us ? l->free_at_us : now_us()) + (int64_t)(1000000 / l->config->out_rate);
    if (l->free_at_us < now_us())
      l->free_at_us = now_us(); /* what was not used is gone: no burst after a pause */
    start(a);
  }
  if (l->first)
    uv_timer_start(&l->turn, on_turn, (uint64_t)((l->free_at_us - now_us()) / 1000 + 1), 0);
}

static void take_turn(struct attempt *a) {
  struct line *l = a->line;
  if (l->config->out_rate <= 0) {
    start(a);
    return;
  }
  a->next = NULL;
  *(l->first ? &l->last->next : &l->first) = a;
  l->last = a;
  on_turn(&l->turn);
}

/* ---- hooks */

/* The message that this try is of: all of it, or one part with its own text (SM-01). What was begun in parts is ended in
 * parts, whatever the channel says now. Returns 0, OUT_IMPOSSIBLE, -ENOMEM. */
static int cut(struct attempt *a, const outbound_message *whole, outbound_message *ret, const char **ret_why) {
  const struct channel_config *c = a->line->config;
  struct slice rest = slice_text(whole->text), text = SLICE("");
  struct sms_segments s;
  *ret = *whole;
  a->parts = 1;
  if (c->kind != CHANNEL_SMS || (c->out_split != SPLIT_US && a->part == 0))
    return 0;
  sms_singles(rest, &s);
  a->parts = s.count > 1 ? (uint32_t)s.count : 1;
  for (uint32_t i = 0; i <= a->part; i++)
    if (!sms_segment_take(&rest, &s, &text))
      text = SLICE("");
  bool many = s.count > (a->part ? OUTBOUND_PARTS_MAX : c->out_parts_max);
  if (many || a->part >= a->parts) {
    *ret_why = many ? "it is longer than the channel's out_parts_max allows" : "there is no such part of it";
    return OUT_IMPOSSIBLE;
  }
  if (a->parts == 1)
    return 0;
  ret->text = arena_copy(a->arena, text);
  ret->id = arena_printf(a->arena, "%s-%u", whole->id, a->part + 1); /* a provider that knows an id sends it once */
  return ret->text && ret->id ? 0 : -ENOMEM;
}

static struct line *line_of(const struct deliver_http *d, const char *channel) {
  for (size_t i = 0; i < d->count; i++)
    if (strcmp(d->lines[i]->config->name, channel) == 0)
      return d->lines[i];
  return NULL;
}

const char *deliver_http_destination(void *arg, const outbound_message *m) {
  const struct line *l = line_of(arg, m->channel);
  return l ? l->destination : NULL;
}

bool deliver_http_resend(void *arg, const outbound_message *m) {
  const struct line *l = line_of(arg, m->channel);
  return m->kind == DESKBELL__V1__OUTBOUND_KIND__REPLY && l && l->config->unsure == UNSURE_AGAIN;
}

void deliver_http_attempt(void *arg, const char *id, const outbound_message *m, uint32_t attempt) {
  struct deliver_http *d = arg;
  struct line *l = line_of(d, m->channel);
  const char *why = "its channel is gone";
  (void)attempt;
  if (!l) {
    const struct outbound_result gone = {.outcome = OUTBOUND_FAILED, .why = why, .code = "", .provider_id = SLICE("")};
    outbound_done(d->store, id, &gone);
    return;
  }
  struct attempt *a = must_calloc(1, sizeof(*a));
  snprintf(a->id, sizeof(a->id), "%s", id);
  a->line = l;
  a->reply = BUF_INIT(REPLY_MAX);
  a->arena = arena_new(ARENA_FIRST, ARENA_MOST);
  a->below = d->all;
  if (d->all)
    d->all->above = a;
  d->all = a;
  const struct out_channel c = {.config = l->config, .secret = l->secret, .callback = l->callback};
  outbound_message part;
  a->part = outbound_part(d->store, id);
  int r = cut(a, m, &part, &why);
  if (r == 0)
    r = l->provider->make(&c, &part, a->arena, &a->request, &why);
  if (r)
    end_simply(a, r == OUT_IMPOSSIBLE ? OUTBOUND_FAILED : OUTBOUND_DEFERRED, false, r == OUT_IMPOSSIBLE ? why : "no memory");
  else
    take_turn(a);
}

/* ---- life */

static bool goes_out(const struct channel_config *c) {
  return (c->kind == CHANNEL_SMS || c->kind == CHANNEL_WEBHOOK) && config_channel_goes_out(c);
}

/* "api.twilio.com": what is between "//" and the next '/' of the URL. */
static void name_destination(struct line *l) {
  const char *url = *l->config->out_url ? l->config->out_url : "https://api.twilio.com/", *host = strstr(url, "//");
  host = host ? host + 2 : url;
  snprintf(l->destination, sizeof(l->destination), "%.*s", (int)strcspn(host, "/?"), host);
}

static int read_secret(struct line *l, const struct config *config, struct complaint *complaint) {
  struct channel_config only = *l->config;
  char *secrets[2] = {NULL, NULL};
  size_t count = 0;
  if (*l->config->out_secret_file) {
    only.secret_files = (char **)(uintptr_t)&l->config->out_secret_file;
    only.secret_file_count = 1;
  }
  int r = l->config->provider == PROVIDER_TWILIO || *l->config->out_secret_file
              ? config_secrets(config, &only, secrets, 2, &count, complaint)
              : 0;
  l->secret = count ? secrets[0] : must_strdup("");
  if (count > 1) {
    explicit_bzero(secrets[1], strlen(secrets[1]));
    free(secrets[1]);
  }
  return r;
}

static int check_templates(const struct channel_config *c, struct complaint *complaint) {
  struct slice name;
  const char *wrong = !out_template_ok(c->out_url, &name) ? "out_url" : !out_template_ok(c->out_body, &name) ? "out_body" : NULL;
  for (size_t i = 0; !wrong && i < c->out_header_count; i++)
    wrong = out_template_ok(c->out_headers[i], &name) ? NULL : "out_headers";
  return wrong ? complain(complaint, "", 0, 0, "channel '%s': {{%.*s}} in %s is not known; allowed: to, from, text, id, "
                          "conversation, subject, secret", c->name, (int)name.len, name.at, wrong)
               : 0;
}

static int open_line(struct deliver_http *d, const struct channel_config *config, struct complaint *complaint) {
  struct line *l = must_calloc(1, sizeof(*l));
  d->lines[d->count++] = l;
  l->config = config;
  l->d = d;
  l->provider = config->provider == PROVIDER_TWILIO ? &provider_out_twilio : &provider_out_generic;
  uv_timer_init(d->loop, &l->turn);
  l->turn.data = l;
  name_destination(l);
  if (d->options.callback_url)
    d->options.callback_url(d->options.arg, config->name, l->callback);
  int r = check_templates(config, complaint);
  return r ? r : read_secret(l, d->options.config, complaint);
}

int deliver_http_open(uv_loop_t *loop, const struct deliver_http_options *options, struct deliver_http **ret,
                      struct complaint *complaint) {
  struct deliver_http *d = must_calloc(1, sizeof(*d));
  const struct config *config = options->config;
  d->loop = loop;
  d->options = *options;
  d->lines = must_calloc(config->channel_count + 1, sizeof(*d->lines));
  int r = 0;
  for (size_t i = 0; r == 0 && i < config->channel_count; i++)
    if (goes_out(&config->channels[i]))
      r = open_line(d, &config->channels[i], complaint);
  if (r < 0) {
    deliver_http_close(&d);
    return r;
  }
  *ret = d;
  return 0;
}

void deliver_http_serve(struct deliver_http *d, struct outbound *store) {
  d->store = store;
}

static void free_line(uv_handle_t *handle) {
  struct line *l = handle->data;
  if (l->secret)
    explicit_bzero(l->secret, strlen(l->secret));
  free(l->secret);
  free(l);
}

void deliver_http_close(struct deliver_http **deliverer) {
  if (!deliverer || !*deliverer)
    return;
  struct deliver_http *d = *deliverer;
  *deliverer = NULL;
  while (d->all)
    free_attempt(d->all);
  for (size_t i = 0; i < d->count; i++)
    uv_close((uv_handle_t *)&d->lines[i]->turn, free_line);
  free(d->lines);
  free(d);
}
