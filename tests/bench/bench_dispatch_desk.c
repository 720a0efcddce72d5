/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_dispatch_desk.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define US "\x1f"
#define RS "\x1e"

enum { SKILLS = 8, REAL_TIME = 4, UNITS_LEAST = 3, BODY_BYTES = 200, MINUTE_MS = 60000 };

static uint64_t mixed(uint64_t n) {
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
  return n ^ (n >> 31);
}

/* ---- agents */

static int units_of(int profile) {
  return UNITS_LEAST + profile % 4;
}

static int queues_of(int profile) {
  return 2 + profile % 5;
}

static int queue_at(int profile, int n) {
  return (profile * 3 + n * 7) % DESK_QUEUES;
}

static bool member(int profile, int queue) {
  for (int n = 0; n < queues_of(profile); n++)
    if (queue_at(profile, n) == queue)
      return true;
  return false;
}

static int level(int profile, int skill) {
  uint64_t m = mixed((uint64_t)(profile * SKILLS + skill + 1));
  return m % 10 < 6 ? (int)(3 + m / 16 % 8) : 0;
}

double desk_in_hands(int agents) {
  double units = 0;
  for (int a = 0; a < agents; a++)
    units += units_of(a % DESK_PROFILES);
  return units / 1.15;
}

/* ---- the plan */

static int64_t target_ms(int queue) {
  static const int minutes[] = {60, 240, 480, 1440, 120};
  return queue < REAL_TIME ? 2 * MINUTE_MS : (int64_t)minutes[queue % 5] * MINUTE_MS;
}

static void plan_queue(struct buf *b, int q) {
  buf_printf(b, "Q" US "q%02d" US "5" US US "take" US "%d" US "%d" US "%lld" US "%lld" US "0" US "0.8" US "1" US "30000" US "0" US
             "0" US US "0" US US, q, q < REAL_TIME, 60000 + q * 10000, (long long)target_ms(q), (long long)target_ms(q));
  if (q % 5 == 0)
    buf_printf(b, "%d:s%d=1", 30 * MINUTE_MS, q % SKILLS);
  buf_add_text(b, US);
  if (q % 7 == 3)
    buf_printf(b, "%d:q%02d", 60 * MINUTE_MS, (q + 1) % DESK_QUEUES);
  buf_add_text(b, RS);
}

static void plan_profile(struct buf *b, int p) {
  buf_printf(b, "P" US "%d" US "%d" US "email:%d" US, p, units_of(p), units_of(p) - 1);
  for (int n = 0; n < queues_of(p); n++)
    buf_printf(b, "%sq%02d:%.17g", n ? " " : "", queue_at(p, n), log(0.8 + 0.1 * (double)((p + n) % 5)));
  buf_add_text(b, US);
  for (int s = 0; s < SKILLS; s++)
    if (level(p, s))
      buf_printf(b, "s%d:%d ", s, level(p, s));
  buf_add_text(b, RS);
}

void desk_plan(struct buf *b, int agents) {
  buf_add_text(b, "W" US "4" US "1" US "14400000" US "0.5" US "0" US "2" US "0.75" US "10" US "0.20000000000000001" US
                  "900000" US "0.25" US "16" RS
                  "D" US "3" US "120000" US "300000" US "2592000000" US "0" US "60000" RS
                  "K" US "sms" US "1" RS "K" US "email" US "1" RS "K" US "webhook" US "2" RS);
  for (int q = 0; q < DESK_QUEUES; q++)
    plan_queue(b, q);
  for (int p = 0; p < DESK_PROFILES; p++)
    plan_profile(b, p);
  for (int a = 0; a < agents; a++)
    buf_printf(b, "A" US "a%04d" US "%d" US RS, a, a % DESK_PROFILES);
}

/* ---- items */

/* Nobody is asked for what nobody has. */
static bool anybody(int queue, int skill, int least) {
  for (int p = 0; p < DESK_PROFILES; p++)
    if (member(p, queue) && level(p, skill) >= least)
      return true;
  return false;
}

/* Where nobody is a member, the next. */
static int served(int queue) {
  for (;; queue = (queue + 1) % DESK_QUEUES)
    for (int p = 0; p < DESK_PROFILES; p++)
      if (member(p, queue))
        return queue;
}

static const char *kind_of(int queue, uint64_t m) {
  if (queue % 3 == 0)
    return m % 3 == 0 ? "email" : "sms";
  return queue % 3 == 1 ? "email" : m % 8 == 0 ? "webhook" : "sms";
}

void desk_call(struct buf *b, const char *function, int argc, int64_t now_ms) {
  char now[24];
  snprintf(now, sizeof(now), "%lld", (long long)now_ms);
  buf_printf(b, "*%d\r\n", 5 + argc);
  const char *head[] = {"FCALL", function, "1", "{p00}", now};
  for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
    desk_put(b, head[i]);
}

void desk_put(struct buf *b, const char *text) {
  buf_printf(b, "$%zu\r\n%s\r\n", strlen(text), text);
}

void desk_put_event(struct buf *b, uint64_t n, uint64_t customer) {
  static char body[BODY_BYTES + 1];
  uint64_t m = mixed(n);
  int queue = served((int)(m % DESK_QUEUES)), skill = queue % SKILLS;
  char id[32], key[40], priority[4], queue_name[8], within[24] = "", skills[8] = "";
  m /= DESK_QUEUES;
  if (!body[0])
    memset(body, 'x', BODY_BYTES);
  snprintf(id, sizeof(id), "%016llx%010x", (unsigned long long)n, 0);
  snprintf(key, sizeof(key), "tel:+1%010llu", (unsigned long long)customer);
  snprintf(priority, sizeof(priority), "%d", (int)(3 + m % 5));
  snprintf(queue_name, sizeof(queue_name), "q%02d", queue);
  if (queue % 3 == 2 && m / 8 % 5 == 0)
    snprintf(within, sizeof(within), "%lld", (long long)target_ms(queue) / 2);
  if (queue >= REAL_TIME && m / 64 % 10 < 4 && anybody(queue, skill, 3))
    snprintf(skills, sizeof(skills), "s%d>=3", skill);
  const char *fields[DESK_EVENT_ARGS] = {
      id, "message", "sms", "sender", key, "", "", "", "", "", "", "", "", "0000-0000-0000", body,
      "1764000000000 1764000000001 1764000000002 1764000000003", "", "", kind_of(queue, m / 1024), "1",
      "default", queue_name, priority, within, skills, ""};
  for (int i = 0; i < DESK_EVENT_ARGS; i++)
    desk_put(b, fields[i]);
}

uint64_t desk_item(const char *name) {
  return strtoull(name + 1, NULL, 16);
}

redisReply *desk_ask(redisContext *c, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  redisReply *r = redisvCommand(c, format, ap);
  va_end(ap);
  if (!r || r->type == REDIS_REPLY_ERROR) {
    fprintf(stderr, "%s: %s\n", format, r ? r->str : c->errstr);
    exit(1);
  }
  return r;
}
