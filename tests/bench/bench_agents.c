/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All agents of a desk under load, as their clients: signs them in, follows the journal, accepts every offer at once
 * and ends the item after a while. Says how long it was from an event's acceptance by the channel program to the offer
 * of its item, by the times in the journal.
 *
 *   bench_agents SOCKET [--agents A] [--seconds S] [--handling MS]      agents are a0000, a0001, …
 *
 * Prints "ready" when they are there, then one JSON line.
 */
#include "base/clock.h"
#include "bench_dispatch_desk.h"
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { OFFERS_MOST = 2000000, SLOTS = 1 << 22, META_ITEM = 3, META_TRACE = 12, BLOCK_MS = 20 };

struct hand {
  char item[24], agent[24];
  int64_t ends_us;
};

struct agents {
  int agents, seconds, handling;
  redisContext *journal, *steps;
  struct buf b;
  struct hand *hands;          /* in order of their ends */
  size_t first, count, asked;
  char at[40];                 /* in the journal */
  uint64_t *items;             /* a hash table of items that wait for their first offer, 0 free */
  int64_t *accepted_ms, *queued_ms;
  int32_t *latency, *wait;
  size_t measured;
  uint64_t offers, odd;
};

static void die(const char *what, const char *why) {
  fprintf(stderr, "bench_agents: %s: %s\n", what, why ? why : "");
  exit(1);
}

static redisContext *connect_to(const char *path) {
  redisContext *c = redisConnectUnix(path);
  if (!c || c->err)
    die("cannot reach", path);
  return c;
}

/* ---- the items that came */

/* FNV-1a; two items of 64 bits alike are as good as impossible here. */
static uint64_t number_of(struct slice item) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < item.len; i++)
    hash = (hash ^ (unsigned char)item.at[i]) * 0x100000001b3u;
  return hash ? hash : 1;
}

static size_t place_of(const struct agents *s, uint64_t item) {
  size_t at = (size_t)(item >> 42) % SLOTS;
  while (s->items[at] && s->items[at] != item)
    at = (at + 1) % SLOTS;
  return at;
}

/* The field of a text whose fields are separated by US. */
static struct slice field(const redisReply *meta, int number) {
  const char *at = meta->str, *end = meta->str + meta->len;
  for (; number > 0 && at < end; at++)
    number -= *at == '\x1f';
  const char *stop = memchr(at, '\x1f', (size_t)(end - at));
  return (struct slice){at, (size_t)((stop ? stop : end) - at)};
}

static void on_event(struct agents *s, const redisReply *meta, int64_t at_ms) {
  struct slice item = field(meta, META_ITEM), trace = field(meta, META_TRACE);
  if (item.len < 2 || trace.len == 0)
    return;
  uint64_t id = number_of(item);
  size_t at = place_of(s, id);
  if (s->items[at]) /* another message under it */
    return;
  s->items[at] = id;
  s->accepted_ms[at] = strtoll(trace.at, NULL, 10);
  s->queued_ms[at] = at_ms;
}

/* ---- offers */

static void put(struct agents *s, const char *function, const struct hand *h, const char *last) {
  desk_call(&s->b, function, last ? 3 : 2, clock_now_ms());
  desk_put(&s->b, h->item);
  desk_put(&s->b, h->agent);
  if (last)
    desk_put(&s->b, last);
  s->asked++;
}

static void on_offer(struct agents *s, const redisReply *meta, int64_t at_ms) {
  struct slice item = field(meta, META_ITEM), agent = field(meta, 9);
  struct hand *h = &s->hands[s->first + s->count++];
  if (s->first + s->count == OFFERS_MOST || item.len >= sizeof(h->item) || agent.len >= sizeof(h->agent))
    die("an unusual offer", meta->str);
  snprintf(h->item, sizeof(h->item), "%.*s", (int)item.len, item.at);
  snprintf(h->agent, sizeof(h->agent), "%.*s", (int)agent.len, agent.at);
  h->ends_us = clock_monotonic_us() + 1000LL * s->handling;
  put(s, "deskbell_accept", h, NULL);
  s->offers++;
  size_t at = place_of(s, number_of(item));
  if (!s->items[at])
    return;
  s->latency[s->measured] = (int32_t)(at_ms - s->accepted_ms[at]);
  s->wait[s->measured++] = (int32_t)(at_ms - s->queued_ms[at]);
}

static void on_entry(struct agents *s, const redisReply *entry) {
  const redisReply *f = entry->element[1];
  int64_t at_ms = strtoll(entry->element[0]->str, NULL, 10);
  snprintf(s->at, sizeof(s->at), "%s", entry->element[0]->str);
  if (strcmp(f->element[1]->str, "event") == 0)
    on_event(s, f->element[3], at_ms);
  else if (strcmp(f->element[1]->str, "offer") == 0)
    on_offer(s, f->element[3], at_ms);
}

static void finish_due(struct agents *s) {
  int64_t now_us = clock_monotonic_us();
  for (; s->count && s->hands[s->first].ends_us <= now_us; s->first++, s->count--)
    put(s, "deskbell_done", &s->hands[s->first], "");
}

/* Says all that is to be said, and hears the answers. */
static void speak(struct agents *s) {
  int done = 0;
  redisReply *r;
  if (s->b.len)
    redisAppendFormattedCommand(s->steps, s->b.at, s->b.len);
  buf_clear(&s->b);
  while (!done)
    if (redisBufferWrite(s->steps, &done) != REDIS_OK)
      die("writing", s->steps->errstr);
  for (; s->asked; s->asked--) {
    if (redisGetReply(s->steps, (void **)&r) != REDIS_OK || r->type == REDIS_REPLY_ERROR)
      die("a step", r ? r->str : s->steps->errstr);
    s->odd += strcmp(r->str, "OK") != 0;
    freeReplyObject(r);
  }
}

static void follow(struct agents *s) {
  redisReply *r = redisCommand(s->journal, "XREAD COUNT 2000 BLOCK %d STREAMS {p00}:journal %s", BLOCK_MS, s->at);
  if (!r || r->type == REDIS_REPLY_ERROR)
    die("the journal", r ? r->str : s->journal->errstr);
  if (r->type == REDIS_REPLY_ARRAY && r->elements) {
    const redisReply *entries = r->element[0]->element[1];
    for (size_t i = 0; i < entries->elements; i++)
      on_entry(s, entries->element[i]);
  }
  freeReplyObject(r);
}

/* ---- */

static void sign_in(struct agents *s) {
  for (int a = 0; a < s->agents; a++) {
    char who[16];
    snprintf(who, sizeof(who), "a%04d", a);
    desk_call(&s->b, "deskbell_presence", 4, clock_now_ms());
    const char *args[] = {who, "ready", "0", ""};
    for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++)
      desk_put(&s->b, args[i]);
    s->asked++;
  }
  speak(s);
  if (s->odd)
    die("sign in", "an agent is not in the desk definition, or was there already");
  redisReply *r = redisCommand(s->journal, "XREVRANGE {p00}:journal + - COUNT 1");
  snprintf(s->at, sizeof(s->at), "%s", r->elements ? r->element[0]->element[0]->str : "0");
  freeReplyObject(r);
}

static int by_number(const void *a, const void *b) {
  return (*(const int32_t *)a > *(const int32_t *)b) - (*(const int32_t *)a < *(const int32_t *)b);
}

static int32_t share_of(const int32_t *sorted, size_t count, double share) {
  return count ? sorted[(size_t)(share * (double)(count - 1))] : 0;
}

static void options_of(struct agents *s, int argc, char **argv) {
  const struct {
    const char *name;
    int *value;
  } rows[] = {{"--agents", &s->agents}, {"--seconds", &s->seconds}, {"--handling", &s->handling}};
  for (int i = 2; i + 1 < argc; i += 2)
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
      if (strcmp(argv[i], rows[k].name) == 0)
        *rows[k].value = atoi(argv[i + 1]);
}

int main(int argc, char **argv) {
  struct agents s = {.agents = 1000, .seconds = 10, .handling = 500, .b = BUF_INIT(16 * 1024 * 1024)};
  if (argc < 2)
    return fprintf(stderr, "usage: bench_agents SOCKET [--agents A] [--seconds S] [--handling MS]\n"), 2;
  options_of(&s, argc, argv);
  s.journal = connect_to(argv[1]);
  s.steps = connect_to(argv[1]);
  s.hands = must_calloc(OFFERS_MOST, sizeof(*s.hands));
  s.items = must_calloc(SLOTS, sizeof(*s.items));
  s.accepted_ms = must_calloc(SLOTS, sizeof(*s.accepted_ms));
  s.queued_ms = must_calloc(SLOTS, sizeof(*s.queued_ms));
  s.latency = must_calloc(OFFERS_MOST, sizeof(*s.latency));
  s.wait = must_calloc(OFFERS_MOST, sizeof(*s.wait));
  sign_in(&s);
  printf("ready\n");
  fflush(stdout);
  for (int64_t end_us = clock_monotonic_us() + s.seconds * 1000000LL; clock_monotonic_us() < end_us;) {
    follow(&s);
    finish_due(&s);
    speak(&s);
  }
  qsort(s.latency, s.measured, sizeof(*s.latency), by_number);
  qsort(s.wait, s.measured, sizeof(*s.wait), by_number);
  printf("{\"agents\": %d, \"offers\": %llu, \"measured\": %zu, "
         "\"accept_to_offer_ms\": {\"p50\": %d, \"p99\": %d, \"p99.9\": %d}, "
         "\"queue_to_offer_ms\": {\"p50\": %d, \"p99\": %d, \"p99.9\": %d}, \"odd\": %llu}\n",
         s.agents, (unsigned long long)s.offers, s.measured, share_of(s.latency, s.measured, 0.5),
         share_of(s.latency, s.measured, 0.99), share_of(s.latency, s.measured, 0.999), share_of(s.wait, s.measured, 0.5),
         share_of(s.wait, s.measured, 0.99), share_of(s.wait, s.measured, 0.999), (unsigned long long)s.odd);
  return 0;
}
