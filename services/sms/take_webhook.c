/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of every request before its content is looked at. The order is part of the contract: nothing of the
 * body is parsed before the signature holds (WH-01), and an unknown channel is refused like a wrong signature, at the
 * same cost (WH-03).
 */
#include "base/clock.h"
#include "log/log.h"
#include "sms.h"
#include <arpa/inet.h>
#include <stdio.h>

static const unsigned statuses[VERDICT_COUNT] = {
    [TAKEN] = 200,
    [VERDICT_MALFORMED] = 400,
    [VERDICT_FORBIDDEN] = 403,
    [VERDICT_UNKNOWN_CHANNEL] = 404,
    [VERDICT_WRONG_METHOD] = 405,
    [VERDICT_WRONG_TYPE] = 415,
    [VERDICT_TOO_OFTEN] = 429,
    [VERDICT_DEFERRED] = 503,
};

/* `why` is a static sentence without quotes: it needs no escaping. */
static struct slice explanation(const char *why, char *room, size_t size) {
  int len = snprintf(room, size, "{\"error\":\"%s\"}", why);
  return slice_of(room, len > 0 && (size_t)len < size ? (size_t)len : 0);
}

void answer(struct sms *s, const struct hook *hook, struct http_request *request, enum verdict verdict, const char *why,
            const char *retry_after) {
  struct http_reply_header headers[2];
  size_t count = 0;
  char room[256];
  if (retry_after)
    headers[count++] = (struct http_reply_header){"Retry-After", retry_after};
  if (verdict == VERDICT_WRONG_METHOD)
    headers[count++] = (struct http_reply_header){"Allow", "POST"};
  bool explain = why && verdict == VERDICT_MALFORMED && hook && hook->provider->explain;
  struct slice body = explain ? explanation(why, room, sizeof(room)) : SLICE("");
  metric_add(s->requests[verdict], 1);
  http_reply(request, statuses[verdict], explain ? "application/json" : NULL, body, headers, count);
}

/* Peers are limited one by one; a whole /64 of IPv6 is one, since anybody has that many addresses. */
static struct slice rate_key(const char *peer, char room[8]) {
  struct in6_addr v6;
  if (inet_pton(AF_INET6, peer, &v6) != 1)
    return slice_text(peer);
  memcpy(room, &v6, 8);
  return slice_of(room, 8);
}

static int64_t over_rate(const struct hook *h, const struct http_request *r, int64_t now_ms) {
  char room[8];
  return h->rates ? bucket_take(h->rates, rate_key(http_peer(r), room), now_ms) : 0;
}

/* "application/json", "application/json; charset=utf-8". */
static bool is_type(const char *header, const char *media_type) {
  struct slice rest = slice_text(header), type, parameter;
  if (!slice_split(&rest, ';', &type) || !slice_equal_nocase(slice_trim(type), slice_text(media_type)))
    return false;
  while (slice_split(&rest, ';', &parameter)) {
    parameter = slice_trim(parameter);
    if (slice_starts_nocase(parameter, SLICE("charset=")) &&
        !slice_equal_nocase(parameter, SLICE("charset=utf-8")) &&
        !slice_equal_nocase(parameter, SLICE("charset=\"utf-8\"")))
      return false;
  }
  return true;
}

static void refuse_unknown(struct sms *s, struct intake *in) {
  bool form = is_type(http_header(in->request, "Content-Type"), provider_twilio.media_type);
  in->hook = &s->nobody[form ? 0 : 1];
  enum verdict v = in->hook->provider->verify(in); /* for its cost alone */
  (void)v;
  answer(s, NULL, in->request, VERDICT_UNKNOWN_CHANNEL, NULL, NULL);
}

static void set_source(struct intake *in) {
  const struct channel_config *c = in->hook->config;
  in->source = (struct source){
      .arena = in->arena, .channel = slice_text(c->name), .channel_kind = channel_kind_text(c->kind),
      .sms = c->kind == CHANNEL_SMS, .own_numbers = c->addresses, .own_number_count = c->address_count,
      .received_ms = clock_now_ms()};
}

static void refuse_signature(struct sms *s, const struct intake *in) {
  log_warn("signature_refused", KV("channel", in->hook->config->name), KV("why", in->why ? in->why : "wrong"));
  answer(s, in->hook, in->request, VERDICT_FORBIDDEN, NULL, NULL);
}

static int put_blob(void *arg, struct slice bytes, uint8_t ret_sha256[32]) {
  struct sms *s = arg;
  struct blob_ref ref;
  int r = blob_put(spool_blobs(channel_spool(s->channel)), bytes, &ref);
  if (r == 0)
    memcpy(ret_sha256, ref.sha256, 32);
  return r;
}

static void take_signed(struct sms *s, struct intake *in, int64_t started_us) {
  set_source(in);
  in->source.blobs = (struct blob_sink){put_blob, s};
  enum verdict v = in->hook->provider->normalise(in);
  if (v == VERDICT_FORBIDDEN)
    refuse_signature(s, in);
  else if (v == TAKEN)
    keep(in, started_us);
  else
    answer(s, in->hook, in->request, v, in->why, v == VERDICT_DEFERRED ? RETRY_AFTER : NULL);
}

void take_webhook(void *sms, struct http_request *request) {
  struct sms *s = sms;
  struct intake in = {.sms = s, .request = request, .arena = s->arena};
  int64_t started_us = clock_monotonic_us();
  arena_reset(s->arena);
  in.hook = hooks_find(s, http_path(request));
  if (!in.hook) {
    refuse_unknown(s, &in);
    return;
  }
  if (strcmp(http_method(request), "POST") != 0) {
    answer(s, in.hook, request, VERDICT_WRONG_METHOD, NULL, NULL);
    return;
  }
  int64_t wait_ms = over_rate(in.hook, request, started_us / 1000);
  if (wait_ms) {
    char seconds[32];
    snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait_ms > 3600000 ? 3600 : (wait_ms + 999) / 1000));
    answer(s, in.hook, request, VERDICT_TOO_OFTEN, NULL, seconds);
    return;
  }
  if (!is_type(http_header(request, "Content-Type"), in.hook->provider->media_type)) {
    answer(s, in.hook, request, VERDICT_WRONG_TYPE, NULL, NULL);
    return;
  }
  if (in.hook->provider->verify(&in) != TAKEN)
    refuse_signature(s, &in);
  else
    take_signed(s, &in, started_us);
}

size_t webhook_limit(void *sms, const struct http_request *request) {
  const struct hook *h = hooks_find(sms, http_path(request));
  return h ? h->config->max_body : 64 * 1024;
}
