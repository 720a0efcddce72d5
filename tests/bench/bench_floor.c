/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor under routing: deskbell_route by itself, pipelined over some connections, with the events that bench_load
 * makes. Needs a Redis with the library loaded and the desk version given.
 *
 *   bench_floor SOCKET DESK_VERSION [--seconds S] [--connections C] [--batch B] [--customers K] [--bytes B]
 */
#include "base/buf.h"
#include "base/clock.h"
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ON_THE_WAY = 2, CONNECTIONS_MAX = 64, EVENT_ARGS = 26 };

struct floor {
  const char *version;
  int seconds, connections, batch, customers, bytes;
  char *body;
  uint64_t serial;
};

static void put(struct buf *b, const char *s) {
  buf_printf(b, "$%zu\r\n%s\r\n", strlen(s), s);
}

/* Fields and rules of one event, as services/router/lane.c writes them. */
static void put_event(struct floor *f, struct buf *b) {
  char id[32], key[40];
  uint64_t n = f->serial++;
  snprintf(id, sizeof(id), "%016llx%010x", (unsigned long long)(n * 0x9e3779b97f4a7c15u), (unsigned)getpid());
  snprintf(key, sizeof(key), "tel:+1415%07llu", (unsigned long long)((n * 2654435761u) % (uint64_t)f->customers));
  const char *fields[EVENT_ARGS] = {id, "message", "sms", "sender", key, "", "", "", "", "", "", "", "", "0000-0000-0000", f->body,
                          "1764000000000 1764000000001 1764000000002 1764000000003", "", "", "sms", "1",
                          "default", "support", "5", "0", "", ""};
  for (size_t i = 0; i < EVENT_ARGS; i++)
    put(b, fields[i]);
}

static void send_call(struct floor *f, redisContext *c, struct buf *b) {
  char now[24], count[12];
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  snprintf(count, sizeof(count), "%d", f->batch);
  buf_clear(b);
  buf_printf(b, "*%d\r\n", 9 + EVENT_ARGS * f->batch);
  const char *head[] = {"FCALL", "deskbell_route", "1", "{p00}", now, f->version, "777600000", "604800000", count};
  for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
    put(b, head[i]);
  for (int i = 0; i < f->batch; i++)
    put_event(f, b);
  redisAppendFormattedCommand(c, b->at, b->len);
  int done = 0;
  while (!done && redisBufferWrite(c, &done) == REDIS_OK)
    continue;
}

int main(int argc, char **argv) {
  struct floor f = {.seconds = 5, .connections = 4, .batch = 64, .customers = 100000, .bytes = 420};
  if (argc < 3)
    return fprintf(stderr, "usage: bench_floor SOCKET DESK_VERSION [--seconds S] …\n"), 2;
  f.version = argv[2];
  const struct {
    const char *name;
    int *value;
  } rows[] = {{"--seconds", &f.seconds}, {"--connections", &f.connections}, {"--batch", &f.batch},
              {"--customers", &f.customers}, {"--bytes", &f.bytes}};
  for (int i = 3; i + 1 < argc; i += 2)
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
      if (strcmp(argv[i], rows[k].name) == 0)
        *rows[k].value = atoi(argv[i + 1]);
  f.body = must_calloc(1, (size_t)f.bytes + 1);
  memset(f.body, 'x', (size_t)f.bytes);
  redisContext *c[CONNECTIONS_MAX];
  struct buf b = BUF_INIT(64 * 1024 * 1024);
  for (int i = 0; i < f.connections; i++) {
    c[i] = redisConnectUnix(argv[1]);
    if (!c[i] || c[i]->err)
      return fprintf(stderr, "bench_floor: cannot reach %s\n", argv[1]), 1;
    for (int k = 0; k < ON_THE_WAY; k++)
      send_call(&f, c[i], &b);
  }
  int64_t begin = clock_monotonic_us(), end = begin + (int64_t)f.seconds * 1000000;
  uint64_t routed = 0;
  while (clock_monotonic_us() < end)
    for (int i = 0; i < f.connections; i++) {
      redisReply *reply = NULL;
      if (redisGetReply(c[i], (void **)&reply) != REDIS_OK || reply->type != REDIS_REPLY_STRING)
        return fprintf(stderr, "bench_floor: %s\n", reply ? reply->str : c[i]->errstr), 1;
      routed += (uint64_t)f.batch;
      freeReplyObject(reply);
      send_call(&f, c[i], &b);
    }
  double took = (double)(clock_monotonic_us() - begin) / 1e6;
  printf("{\"what\": \"redis function\", \"per_second\": %.0f, \"connections\": %d, \"batch\": %d}\n",
         (double)routed / took, f.connections, f.batch);
  return 0;
}
