/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webform: the hosted form pages and their JSON endpoint. GET /form/<channel> is the page, POST takes it,
 * /form/<channel>/thanks says that it was taken.
 */
#include "form_token.h"
#include "service/service.h"
#include "take_form.h"
#include <stdlib.h>

#define OTHER_BODY_MAX 4096          /* of requests that no form takes */
#define PAGE_MAX (8 * 1024 * 1024)
#define DRAIN_LOOK_MS 10
#define QUERY_MAX 512

struct self {
  struct webform webform;
  struct service_run *run;
  uv_timer_t drain;
};

static const char *const outcome_texts[OUTCOME_COUNT] = {
    [OUTCOME_ACCEPTED] = "accepted",       [OUTCOME_SUSPECTED] = "suspected", [OUTCOME_REPEATED] = "repeated",
    [OUTCOME_REUSED] = "reused",           [OUTCOME_INVALID] = "invalid",     [OUTCOME_UNCONFIRMED] = "unconfirmed",
    [OUTCOME_BROKEN] = "broken",           [OUTCOME_LIMITED] = "limited",     [OUTCOME_FULL] = "full",
    [OUTCOME_FORBIDDEN] = "forbidden",     [OUTCOME_UNSUPPORTED] = "unsupported",
    [OUTCOME_TOO_LARGE] = "too-large",     [OUTCOME_METHOD] = "method",       [OUTCOME_NOT_FOUND] = "not-found",
    [OUTCOME_SHOWN] = "shown",
};

/* --- what is asked for --- */

/* "/form/NAME" or "/form/NAME/thanks"; NULL when it is neither, or there is no such channel. */
static const struct form_channel *route(const struct webform *w, const char *path, bool *ret_thanks) {
  struct slice rest = slice_text(path), empty, form, name, page = SLICE("");
  slice_split(&rest, '/', &empty);
  if (empty.len || !slice_split(&rest, '/', &form) || !slice_equal(form, SLICE("form")) ||
      !slice_split(&rest, '/', &name))
    return NULL;
  *ret_thanks = slice_split(&rest, '/', &page);
  if (rest.at || (*ret_thanks && !slice_equal(page, SLICE("thanks"))))
    return NULL;
  for (size_t i = 0; i < w->channel_count; i++) {
    if (slice_equal(name, slice_text(w->channels[i].config->name)))
      return &w->channels[i];
  }
  return NULL;
}

/* A parameter of the query; both values we read hold nothing that would be percent-encoded. */
static struct slice query_value(struct slice query, const char *name) {
  struct slice piece, key;
  while (query.len <= QUERY_MAX && slice_split(&query, '&', &piece)) {
    if (slice_split(&piece, '=', &key) && slice_equal(key, slice_text(name)) && piece.at)
      return piece;
  }
  return SLICE("");
}

static bool wants_json(const struct http_request *request) {
  const char *accept = http_header(request, "accept");
  if (posted_kind_of(http_header(request, "content-type")) == POSTED_JSON)
    return true;
  return accept && strstr(accept, "application/json") && !strstr(accept, "text/html");
}

static void thanks(const struct asker *asker) {
  struct slice query = http_query(asker->request);
  struct slice reference = query_value(query, "ref");
  const struct webform *w = asker->webform;
  char text[REFERENCE_LEN + 1];
  if (reference.len != REFERENCE_LEN ||
      !thanks_proof_holds(slice_of(w->secret, w->secret_len), asker->channel->config->name, reference,
                          query_value(query, "t"))) {
    answer_plain(asker, 404, OUTCOME_NOT_FOUND, WORD_NOT_FOUND, WORD_NOT_FOUND_TEXT, NULL);
    return;
  }
  memcpy(text, reference.at, reference.len);
  text[reference.len] = '\0';
  answer_thanks(asker, text);
}

static enum origin judge(const struct asker *asker) {
  const struct channel_config *channel = asker->channel->config;
  return origin_judge(&(struct origin_facts){.origin = http_header(asker->request, "origin"),
                                             .host = http_header(asker->request, "host"),
                                             .fetch_site = http_header(asker->request, "sec-fetch-site"),
                                             .public_url = channel->public_url,
                                             .listed = channel->origins,
                                             .listed_count = channel->origin_count});
}

static void on_request(void *arg, struct http_request *request) {
  struct webform *w = arg;
  bool is_thanks = false;
  struct asker asker = {.webform = w,
                        .channel = route(w, http_path(request), &is_thanks),
                        .request = request,
                        .json = wants_json(request)};
  const char *method = http_method(request);
  bool read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  if (!asker.channel) {
    answer_plain(&asker, 404, OUTCOME_NOT_FOUND, WORD_NOT_FOUND, WORD_NOT_FOUND_TEXT, NULL);
    return;
  }
  if (read) {
    asker.json = false;
    is_thanks ? thanks(&asker) : show_form(&asker);
    return;
  }
  bool post = strcmp(method, "POST") == 0;
  if (is_thanks || (!post && strcmp(method, "OPTIONS") != 0)) {
    answer_plain(&asker, 405, OUTCOME_METHOD, WORD_METHOD, WORD_METHOD_TEXT,
                 is_thanks ? "GET, HEAD" : "GET, HEAD, POST, OPTIONS");
    return;
  }
  enum origin origin = judge(&asker);
  if (origin == ORIGIN_LISTED)
    asker.cors_origin = http_header(request, "origin");
  if (origin == ORIGIN_FORBIDDEN)
    answer_plain(&asker, 403, OUTCOME_FORBIDDEN, WORD_FORBIDDEN, WORD_FORBIDDEN_TEXT, NULL);
  else if (post)
    take_form(&asker);
  else
    answer_preflight(&asker);
}

static size_t on_limit(void *arg, const struct http_request *r) {
  bool is_thanks = false;
  bool post = strcmp(http_method(r), "POST") == 0;
  const struct form_channel *channel = post ? route(arg, http_path(r), &is_thanks) : NULL;
  return channel && !is_thanks ? channel->config->max_body : OTHER_BODY_MAX;
}

/* --- life --- */

static char *policy_of(const struct channel_config *channel) {
  auto_clean(buf_free) struct buf text = BUF_INIT(64 * 1024);
  page_policy(&text, channel);
  return must_strdup(text.at);
}

static size_t open_channels(struct webform *w) {
  size_t max_body = OTHER_BODY_MAX;
  w->channels = must_calloc(w->config->channel_count + 1, sizeof(*w->channels));
  for (size_t i = 0; i < w->config->channel_count; i++) {
    const struct channel_config *config = &w->config->channels[i];
    if (config->kind != CHANNEL_FORM || !config->enabled)
      continue;
    w->channels[w->channel_count++] = (struct form_channel){
        .config = config, .policy = policy_of(config), .guard = guard_new(config->rate)};
    if (config->max_body > max_body)
      max_body = config->max_body;
  }
  return max_body;
}

static int read_secret(struct self *self) {
  struct webform *w = &self->webform;
  struct complaint complaint;
  auto_clean(buf_free) struct buf secret = BUF_INIT(sizeof(w->secret));
  int r = config_desk_secret(w->config, &secret, &complaint);
  if (r < 0)
    return service_fail(self->run, r, "%s: %s", complaint.file, complaint.text);
  memcpy(w->secret, secret.at, secret.len);
  w->secret_len = secret.len;
  explicit_bzero(secret.at, secret.len);
  return 0;
}

static void register_metrics(struct webform *w) {
  for (size_t i = 0; i < OUTCOME_COUNT; i++)
    w->requests[i] = metric_counter("deskbell_webform_requests_total", "Requests by how they ended.", "outcome",
                                    outcome_texts[i]);
  w->take_seconds = metric_histogram("deskbell_webform_take_seconds", "From a whole post to durable.", NULL, NULL);
}

static void stop(void *arg);

static int open_http(struct self *self, size_t max_body) {
  struct webform *w = &self->webform;
  const struct http_settings *settings = &w->config->webform;
  const char *listen = service_listen(self->run, "webform", settings->listen);
  if (strncmp(listen, "http://", 7) == 0) /* as we announced it before a restart */
    listen += 7;
  int r = http_open(service_loop(self->run),
                    &(struct http_options){.listen = listen,
                                           .max_body = max_body,
                                           .max_connections = settings->max_connections,
                                           .max_per_address = settings->max_per_address,
                                           .deadline_ms = settings->deadline_ms,
                                           .trusted_proxies = (const char *const *)settings->trusted_proxies,
                                           .trusted_proxy_count = settings->trusted_proxy_count},
                    on_request, on_limit, w, &w->http);
  return r < 0 ? service_fail(self->run, r, "cannot listen on %s", listen) : 0;
}

static void announce(struct self *self) {
  const struct webform *w = &self->webform;
  char value[256], name[64];
  snprintf(value, sizeof(value), "http://%s", http_address(w->http));
  service_endpoint(self->run, "webform", value);
  for (size_t i = 0; i < w->channel_count; i++) {
    snprintf(name, sizeof(name), "channel.%s", w->channels[i].config->name);
    snprintf(value, sizeof(value), "http://%s/form/%s", http_address(w->http), w->channels[i].config->name);
    service_endpoint(self->run, name, value);
  }
}

static int open_all(struct self *self) {
  struct webform *w = &self->webform;
  struct complaint complaint = {0};
  size_t max_body = open_channels(w);
  int r = read_secret(self);
  if (r < 0)
    return r;
  r = channel_open(service_loop(self->run), &(struct channel_options){.program = "webform", .config = w->config},
                   &w->channel, &complaint);
  if (r < 0)
    return service_fail(self->run, r, "%s", complaint.text);
  return open_http(self, max_body);
}

static int start(struct service_run *run, void **ret_self) {
  struct self *self = must_calloc(1, sizeof(*self));
  struct webform *w = &self->webform;
  self->run = run;
  w->config = service_config(run);
  w->page = BUF_INIT(PAGE_MAX);
  w->event = BUF_INIT(CHANNEL_EVENT_MAX);
  w->repeats = repeats_new();
  w->plain_policy = policy_of(NULL);
  register_metrics(w);
  uv_timer_init(service_loop(run), &self->drain);
  self->drain.data = self;
  int r = open_all(self);
  if (r < 0) {
    stop(self);
    return r;
  }
  *ret_self = self;
  announce(self);
  service_ready(run);
  return 0;
}

static void on_drain(uv_timer_t *timer) {
  struct self *self = timer->data;
  if (http_pending(self->webform.http) > 0)
    return;
  uv_timer_stop(timer);
  service_drained(self->run);
}

/* What was taken is in the spool; the router gets it now or after the next start. */
static void drain(void *arg) {
  struct self *self = arg;
  http_quiesce(self->webform.http);
  uv_timer_start(&self->drain, on_drain, 0, DRAIN_LOOK_MS);
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void stop(void *arg) {
  struct self *self = arg;
  struct webform *w = &self->webform;
  /* In this order: closing the spool answers what waits for it, and those answers still need the server. */
  channel_close(&w->channel);
  http_close(&w->http);
  for (size_t i = 0; i < w->channel_count; i++) {
    free(w->channels[i].policy);
    guard_free(&w->channels[i].guard);
  }
  free(w->channels);
  free(w->plain_policy);
  repeats_free(&w->repeats);
  buf_free(&w->page);
  buf_free(&w->event);
  memset(w->secret, 0, sizeof(w->secret));
  uv_close((uv_handle_t *)&self->drain, on_closed);
}

static void unhealthy(void *arg, struct buf *ret_reasons) {
  struct self *self = arg;
  channel_unhealthy(self->webform.channel, ret_reasons);
}

static void measure(void *arg) {
  struct self *self = arg;
  channel_measure(self->webform.channel);
}

static const char *health(const struct config *config) {
  return config->webform.health;
}

int main(int argc, char **argv) {
  static const struct service service = {
      .name = "webform",
      .about = "Form pages and their JSON endpoint.",
      .health = health,
      .start = start,
      .drain = drain,
      .stop = stop,
      .unhealthy = unhealthy,
      .measure = measure,
  };
  return service_main(&service, argc, argv);
}
