/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_dispatch_memory.h"
#include "bench_dispatch_desk.h"
#include <stdio.h>

static long long ask_number(redisContext *c, const char *format, const char *arg) {
  redisReply *r = desk_ask(c, format, arg);
  long long n = r->integer;
  freeReplyObject(r);
  return n;
}

static double usage(redisContext *c, const char *key) {
  return (double)ask_number(c, "MEMORY USAGE %s SAMPLES 0", key);
}

static double usage_of_all(redisContext *c, const char *pattern) {
  double sum = 0;
  redisReply *r = desk_ask(c, "KEYS %s", pattern);
  for (size_t i = 0; i < r->elements; i++)
    sum += usage(c, r->element[i]->str);
  freeReplyObject(r);
  return sum;
}

static void sample_items(redisContext *c, const char *line, struct memory *m, int *samples) {
  redisReply *r = desk_ask(c, "ZRANGE %s 0 3", line);
  for (size_t i = 0; i < r->elements; i++, ++*samples) {
    char key[64];
    snprintf(key, sizeof(key), "{p00}:item:%s", r->element[i]->str);
    m->item += usage(c, key);
    m->place += (double)ask_number(c, "HSTRLEN %s place", key);
  }
  freeReplyObject(r);
}

struct memory memory_of(redisContext *c) {
  struct memory m = {0};
  int samples = 0;
  redisReply *lines = desk_ask(c, "KEYS {p00}:line:*");
  for (size_t i = 0; i < lines->elements; i++) {
    m.waiting += ask_number(c, "ZCARD %s", lines->element[i]->str);
    sample_items(c, lines->element[i]->str, &m, &samples);
  }
  freeReplyObject(lines);
  m.lines = ask_number(c, "SCARD %s", "{p00}:lines");
  const char *patterns[] = {"{p00}:line:*", "{p00}:timer:*", "{p00}:known:*", "{p00}:due"};
  for (size_t i = 0; m.waiting && i < sizeof(patterns) / sizeof(patterns[0]); i++)
    m.index += usage_of_all(c, patterns[i]) / (double)m.waiting;
  if (samples)
    m.item /= samples, m.place /= samples;
  return m;
}
