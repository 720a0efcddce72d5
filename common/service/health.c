/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers monitors. It is meant for a loopback or management address: reasons name programs and times, never customers.
 */
#include "service/health.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include <jansson.h>
#include <stdlib.h>

struct health {
  struct http_server *server;
  struct health_source source;
};

void health_json(struct slice reasons, struct buf *ret) {
  json_t *list = json_array();
  struct slice reason;
  while (slice_split(&reasons, '\n', &reason)) {
    if (reason.len == 0)
      continue;
    json_t *text = json_stringn(reason.at, reason.len);
    json_array_append_new(list, text ? text : json_string("(not UTF-8)"));
  }
  json_t *body = json_array_size(list) ? json_pack("{s:s, s:O}", "status", "unhealthy", "reasons", list)
                                       : json_pack("{s:s}", "status", "ok");
  json_decref(list);
  char *text = json_dumps(body, JSON_COMPACT);
  json_decref(body);
  buf_add_text(ret, text ? text : "{}");
  buf_add_char(ret, '\n');
  free(text);
}

static void answer_health(struct health *h, struct http_request *request) {
  auto_clean(buf_free) struct buf reasons = BUF_INIT(HEALTH_REASONS_MAX), body = BUF_INIT(8 * HEALTH_REASONS_MAX);
  h->source.reasons(h->source.arg, &reasons);
  health_json(buf_slice(&reasons), &body);
  http_reply(request, reasons.len ? 503 : 200, "application/json", buf_slice(&body), NULL, 0);
}

static void answer_metrics(struct health *h, struct http_request *request) {
  auto_clean(buf_free) struct buf body = BUF_INIT(HEALTH_METRICS_MAX);
  h->source.measure(h->source.arg);
  metrics_write(&body);
  http_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&body), NULL, 0);
}

static const struct {
  const char *path;
  void (*answer)(struct health *h, struct http_request *request);
} pages[] = {{"/health", answer_health}, {"/metrics", answer_metrics}};

static void handle(void *arg, struct http_request *request) {
  const char *method = http_method(request), *path = http_path(request);
  static const struct http_reply_header allow = {"Allow", "GET, HEAD"};
  bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
    if (strcmp(path, pages[i].path) != 0)
      continue;
    if (get)
      pages[i].answer(arg, request);
    else
      http_reply(request, 405, "text/plain", SLICE("only GET\n"), &allow, 1);
    return;
  }
  http_reply(request, 404, "text/plain", SLICE("there are /health and /metrics\n"), NULL, 0);
}

int health_open(uv_loop_t *loop, const char *listen, const struct health_source *source, struct health **ret) {
  const struct http_options options = {
      .listen = listen, .max_body = 1, .max_connections = 64, .max_per_address = 64, .deadline_ms = 10000};
  struct health *h = must_calloc(1, sizeof(*h));
  h->source = *source;
  int r = http_open(loop, &options, handle, NULL, h, &h->server);
  if (r < 0) {
    free(h);
    return r;
  }
  *ret = h;
  return 0;
}

const char *health_address(const struct health *h) {
  return http_address(h->server);
}

void health_close(struct health **h) {
  if (!h || !*h)
    return;
  http_close(&(*h)->server);
  free(*h);
  *h = NULL;
}
