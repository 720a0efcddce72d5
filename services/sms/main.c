/* SPDX-License-Identifier: Apache-2.0 */
/* The program `sms`: descriptor, start and stop. The way of a request begins in take_webhook.c. */
#include "base/clock.h"
#include "service/service.h"
#include "send.h"
#include "sms.h"
#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 50
#define ARENA_FIRST (64 * 1024)

static const char *health(const struct config *config) {
  return config->sms.health;
}

struct program {
  struct sms sms;
  struct service_run *run;
  struct send *send;
  bool sent, told;                 /* nothing is being sent any more; the service was told so */
};

/* Answers given in this turn leave before the loop ends: the program says "drained" a tick later. */
static void on_tick(uv_timer_t *timer) {
  struct program *p = timer->data;
  keep_tick(&p->sms, clock_monotonic_us());
  if (p->sms.draining && p->sent && !p->told && http_pending(p->sms.http) == 0) {
    p->told = true;
    service_drained(p->run);
  }
}

static size_t largest_body(const struct sms *s) {
  size_t largest = 64 * 1024;
  for (size_t i = 0; i < s->hook_count; i++)
    if (s->hooks[i].config->max_body > largest)
      largest = s->hooks[i].config->max_body;
  return largest;
}

/* The endpoint is announced as a URL, so that is how a kept address comes back. */
static const char *listen_address(struct program *p) {
  const char *listen = service_listen(p->run, "sms", p->sms.config->sms.listen);
  return strncmp(listen, "http://", 7) == 0 ? listen + 7 : listen;
}

static int open_http(struct program *p) {
  struct sms *s = &p->sms;
  const struct http_settings *c = &s->config->sms;
  struct http_options options = {
      .listen = listen_address(p), .max_body = largest_body(s),
      .max_connections = c->max_connections, .max_per_address = c->max_per_address, .deadline_ms = c->deadline_ms,
      .trusted_proxies = (const char *const *)c->trusted_proxies, .trusted_proxy_count = c->trusted_proxy_count};
  int r = http_open(s->loop, &options, take_webhook, webhook_limit, s, &s->http);
  if (r < 0)
    return service_fail(p->run, r, "cannot listen for HTTP on %s: %s", options.listen, strerror(-r));
  return 0;
}

static void announce(struct program *p) {
  struct sms *s = &p->sms;
  char url[2048], name[64];
  snprintf(url, sizeof(url), "http://%s", http_address(s->http));
  service_endpoint(p->run, "sms", url);
  for (size_t i = 0; i < s->hook_count; i++) {
    snprintf(name, sizeof(name), "channel.%s", s->hooks[i].config->name);
    snprintf(url, sizeof(url), "%s" HOOK_PATH "%s", s->hooks[i].base_url, s->hooks[i].config->name);
    service_endpoint(p->run, name, url);
  }
}

/* Only an address that the world knows is worth telling a provider. */
static void hook_url(void *arg, const char *channel, char ret[1024]) {
  const struct program *p = arg;
  const struct channel_config *c = config_channel(p->sms.config, slice_text(channel));
  const struct hook *hook = NULL;
  for (size_t i = 0; i < p->sms.hook_count; i++)
    if (p->sms.hooks[i].config == c)
      hook = &p->sms.hooks[i];
  ret[0] = '\0';
  if (hook && *c->public_url)
    snprintf(ret, 1024, "%s" HOOK_PATH "%s", hook->base_url, channel);
}

static int open_all(struct program *p) {
  struct sms *s = &p->sms;
  struct complaint complaint = {0};
  int r = hooks_open(s, &complaint);
  if (r < 0)
    return service_fail(p->run, r, "%s", complaint.text);
  s->arena = arena_new(ARENA_FIRST, 8 * largest_body(s) + 1024 * 1024);
  s->packed = BUF_INIT(EVENT_MAX_BYTES);
  s->live_max = LIVE_MAX;
  struct channel_options options = {.program = "sms", .config = s->config};
  r = channel_open(s->loop, &options, &s->channel, &complaint);
  if (r < 0)
    return service_fail(p->run, r, "%s", complaint.text);
  r = open_http(p);
  if (r < 0)
    return r;
  hooks_set_urls(s);
  r = send_open(s->loop, s->config, s->channel, hook_url, p, &p->send, &complaint);
  if (r < 0)
    return service_fail(p->run, r, "%s%s%s", complaint.file, complaint.file[0] ? ": " : "", complaint.text);
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  struct program *p = handle->data;
  free(p);
}

/* The spool first: it ends the requests that still wait for a commit. */
static void stop(void *self) {
  struct program *p = self;
  struct sms *s = &p->sms;
  send_close(&p->send);
  channel_close(&s->channel);
  http_close(&s->http);
  hooks_close(s);
  keep_free(s);
  arena_free(&s->arena);
  buf_free(&s->packed);
  uv_close((uv_handle_t *)&s->clock, on_closed);
}

static int start(struct service_run *run, void **ret_self) {
  struct program *p = must_calloc(1, sizeof(*p));
  p->run = run;
  p->sms.loop = service_loop(run);
  p->sms.config = service_config(run);
  uv_timer_init(p->sms.loop, &p->sms.clock);
  p->sms.clock.data = p;
  sms_metrics(&p->sms);
  int r = open_all(p);
  if (r < 0) {
    stop(p);
    return r;
  }
  uv_timer_start(&p->sms.clock, on_tick, TICK_MS, TICK_MS);
  announce(p);
  *ret_self = p;
  service_ready(run);
  return 0;
}

static void on_sent(void *arg) {
  ((struct program *)arg)->sent = true;
}

static void drain(void *self) {
  struct program *p = self;
  p->sms.draining = true;
  send_drain(p->send, on_sent, p);
  http_quiesce(p->sms.http);
}

static void unhealthy(void *self, struct buf *ret_reasons) {
  struct program *p = self;
  channel_unhealthy(p->sms.channel, ret_reasons);
  send_unhealthy(p->send, ret_reasons);
}

static void measure(void *self) {
  struct program *p = self;
  channel_measure(p->sms.channel);
  send_measure(p->send);
}

int main(int argc, char **argv) {
  static const struct service service = {
      .name = "sms", .about = "takes SMS, messengers' and other systems' webhooks",
      .health = health, .start = start, .drain = drain, .stop = stop, .unhealthy = unhealthy, .measure = measure};
  return service_main(&service, argc, argv);
}
