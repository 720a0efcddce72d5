/* SPDX-License-Identifier: Apache-2.0 */
#include "through.h"
#include "dispatch/record.h"
#include <hiredis/hiredis.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US "\x1f"
#define RS "\x1e"

enum { BASE_MS = 1000000, VALUES_MOST = 64, WORDS_MOST = 16384 };

struct tally {
  uint64_t decisions, offers, same, replayed, differing, calls;
  char first[2 * WORDS_MOST];  /* the first difference, in full; "" none */
};

static struct {
  redisContext *c;
  bool learn;
  const struct rule_queue *queues;
  double values[VALUES_MOST];  /* of items: each is a tag of customers, worth that much */
  int value_count;
  struct tally day, all;
} run;

/* ---- Redis */

static redisReply *answer_of(redisReply *r, const char *what) {
  require(r, run.c->errstr, what);
  require(r->type != REDIS_REPLY_ERROR, r->str, what);
  return r;
}

/* The answer must be one of a word; "" any. */
static void say(const char *expected, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  redisReply *r = answer_of(redisvCommand(run.c, format, ap), format);
  va_end(ap);
  require(!expected[0] || (r->str && strcmp(r->str, expected) == 0), r->str ? r->str : "an unusual answer", format);
  freeReplyObject(r);
}

static long long time_of(const struct engine *e) {
  return BASE_MS + (long long)e->now;
}

static void agent_name(int agent, char ret[16]) {
  snprintf(ret, 16, "a%03d", agent);
}

static void item_name(int item, char ret[24]) {
  snprintf(ret, 24, "w%016d", item);
}

/* ---- the desk */

static int value_number(double value) {
  int n = 0;
  while (n < run.value_count && fabs(run.values[n] - value) > 0)
    n++;
  require(n < VALUES_MOST, "too many", "values");
  if (n == run.value_count)
    run.values[run.value_count++] = value;
  return n;
}

static void plan_weights(struct buf *b, const struct rule_weights *w, const struct day *d) {
  struct rule_weights given = *w;
  given.known_bonus -= log(d->known_gain); /* known agents are as fast for all */
  buf_add_text(b, "W");
#define WEIGHT(member, name, standard, least, most, unit, what) buf_printf(b, US "%.17g", given.member);
#include "dispatch/rule_weights.def"
#undef WEIGHT
  buf_add_text(b, RS "D" US "3" US "120000" US "300000" US "2592000000" US "0" US "60000" RS);
}

/* Most frequent first. */
static void plan_kinds(struct buf *b, const struct day *d) {
  bool given[DAY_QUEUES] = {false};
  for (int n = 0; n < d->queue_count; n++) {
    int most = -1;
    for (int q = 0; q < d->queue_count; q++)
      if (!given[q] && (most < 0 || d->queues[q].per_hour > d->queues[most].per_hour))
        most = q;
    given[most] = true;
    buf_printf(b, "K" US "k%d" US "%d" RS, most, d->queues[most].units);
  }
}

static void plan_queues(struct buf *b, const struct day *d) {
  for (int q = 0; q < d->queue_count; q++) {
    long long target = (long long)(1000 * d->queues[q].target_s);
    buf_printf(b, "Q" US "%s" US "5" US US "take" US "%d" US "%.0f" US "%lld" US "%lld", d->queues[q].name,
               d->queues[q].real_time, 1000 * d->queues[q].handling_s, target, target);
    buf_add_text(b, US "0" US "1" US "1" US "30000" US "0" US "0" US US "0" US US US RS);
  }
}

static void plan_agents(struct buf *b, const struct day *d) {
  for (int g = 0; g < d->group_count; g++) {
    buf_printf(b, "P" US "%d" US "%d" US US, g, d->groups[g].units);
    for (int q = 0; q < d->queue_count; q++)
      if (d->groups[g].speed[q] > 0)
        buf_printf(b, "%s:%.17g ", d->queues[q].name, log(d->groups[g].speed[q]));
    buf_add_text(b, US RS);
  }
  for (int a = 0; a < day_agents(d); a++)
    buf_printf(b, "A" US "a%03d" US "%d" US RS, a, day_group_of(d, a));
  for (int v = 0; v < run.value_count; v++)
    buf_printf(b, "V" US "tag" US "v%d" US "%.17g" RS, v, run.values[v]);
}

static void begin(struct engine *e, const struct rule_queue *queues, const struct rule_weights *w) {
  struct buf plan = BUF_INIT(65536);
  run.queues = queues;
  run.value_count = 0;
  for (size_t i = 0; i < e->count; i++)
    value_number(e->items[i].value);
  plan_weights(&plan, w, e->day);
  plan_kinds(&plan, e->day);
  plan_queues(&plan, e->day);
  plan_agents(&plan, e->day);
  say("OK", "FLUSHALL");
  say("OK", "SET {p00}:desk 1");
  say("OK", "FCALL deskbell_plan 1 {p00} %d 1 %b %s", BASE_MS - DAY_AGENTS, plan.at, plan.len, "");
  for (int a = 0; a < e->agent_count; a++)
    say("OK", "FCALL deskbell_presence 1 {p00} %lld a%03d ready 0 %s", BASE_MS + (long long)e->agents[a].idle_since, a, "");
  buf_free(&plan);
}

/* ---- what happens */

static void arrived(struct engine *e, int item) {
  const struct item *w = &e->items[item];
  long long now = time_of(e);
  char name[24], agent[16];
  item_name(item, name);
  say("", "FCALL deskbell_customer_import 1 {p00} %lld %s |v%d| %s %s %s c%016d tel:+%d", now, "",
      value_number(w->value), "", "", "", item, item);
  if (w->known >= 0) {
    agent_name(w->known, agent);
    say("", "HSET {p00}:cust:c%016d last_agent %s last_agent_at %lld", item, agent, now);
  }
  say("r", "FCALL deskbell_route 1 {p00} %lld 1 777600000 604800000 1 %s0000000000 message sms sender tel:+%d "
      "%s %s %s %s %s %s %s %s 0000-0000-0000 x 1_2_3_4 %s %s k%d 1 default %s 5 %s %s %s", now, name + 1, item, "", "",
      "", "", "", "", "", "", "", "", w->queue, e->day->queues[w->queue].name, "", "", "");
}

static void done(struct engine *e, int item, const char *agent) {
  char name[24];
  item_name(item, name);
  say("OK", "FCALL deskbell_done 1 {p00} %lld %s %s %s", time_of(e), name, agent, "");
}

static void ended(struct engine *e, int item) {
  char agent[16];
  agent_name(e->items[item].agent, agent);
  done(e, item, agent);
}

static void gone(struct engine *e, int item) {
  done(e, item, "");
}

/* ---- decisions */

/* The day's own numbers, in the words of the key that holds what is measured. What the functions remember of it, and all else
 * that they do, is not asked any more. */
static void give_loads(const struct engine *e) {
  for (int q = 0; q < e->day->queue_count; q++) {
    const struct rule_queue *r = &run.queues[q];
    char text[96];
    snprintf(text, sizeof(text), "%.17g %lld %.0f k%d", r->scarcity * r->on_duty / r->handling_ms, time_of(e),
             r->handling_ms, q);
    say("", "HSET {p00}:load %s %s", e->day->queues[q].name, text);
  }
  say("", "DEL {p00}:crew");
}

static void add_words(struct buf *b, const char *who, const struct engine *e, int item, int agent,
                      const struct rule_record *r, struct slice text) {
  buf_printf(b, "%s: ", who);
  if (item < 0)
    buf_add_text(b, "nothing");
  else
    buf_printf(b, "item %d (%s, value %g, known %d) to a%03d", item, e->day->queues[e->items[item].queue].name,
               e->items[item].value, e->items[item].known, agent);
  buf_add_text(b, "\n    ");
  if (r && rule_words(r, b) != 0)
    buf_add_text(b, "(long)");
  buf_add_text(b, "\n    ");
  for (size_t i = 0; i < text.len; i++)
    buf_add_char(b, text.at[i] == '\x1f' ? ' ' : text.at[i] == '\x1e' ? '|' : text.at[i]);
  buf_add_text(b, "\n");
}

struct decision {
  int item, agent;
  const struct rule_record *record; /* NULL: there is none */
  struct slice text;
};

static void keep_difference(const struct engine *e, const struct decision *c, const struct decision *redis) {
  struct buf b = BUF_INIT(2 * WORDS_MOST), own = BUF_INIT(WORDS_MOST);
  buf_printf(&b, "  first difference, decision %llu, %lld ms\n", (unsigned long long)run.day.decisions, (long long)e->now);
  if (c->record && rule_record_write(c->record, &own) != 0)
    buf_clear(&own);
  add_words(&b, "  C", e, c->item, c->agent, c->item >= 0 ? c->record : NULL, buf_slice(&own));
  add_words(&b, "  Redis", e, redis->item, redis->agent, redis->record, redis->text);
  snprintf(run.day.first, sizeof(run.day.first), "%.*s", (int)b.len, b.at);
  buf_free(&own);
  buf_free(&b);
}

/* The record of the offer that was written last. */
static redisReply *last_record(struct slice *ret) {
  redisReply *r = answer_of(redisCommand(run.c, "XREVRANGE {p00}:journal + - COUNT 1"), "journal");
  const redisReply *f = r->element[0]->element[1];
  require(strcmp(f->element[1]->str, "offer") == 0, f->element[1]->str, "the last entry is not the offer");
  *ret = (struct slice){f->element[f->elements - 1]->str, f->element[f->elements - 1]->len};
  return r;
}

static void replay(struct decision *d, struct rule_record *record) {
  run.day.replayed++;
  if (rule_record_read(d->text, record) != 0 || rule_replay(record, NULL) != 0)
    run.day.differing++;
  else
    d->record = record;
}

/* The answer's items are 'more', 'next', and three for the offer. */
static redisReply *dispatch(const struct engine *e) {
  for (;;) {
    run.day.calls++;
    redisReply *r = answer_of(redisCommand(run.c, "FCALL deskbell_dispatch 1 {p00} %lld 1", time_of(e)), "dispatch");
    if (r->elements > 2 || strcmp(r->element[0]->str, "1") != 0)
      return r;
    freeReplyObject(r);
  }
}

static void decide(struct engine *e, const struct rule_record *own, int *item, int *agent) {
  static struct rule_record record;
  struct decision c = {*item, *agent, own, {0}}, redis = {-1, -1, NULL, {0}};
  redisReply *entry = NULL;
  if (!run.learn)
    give_loads(e);
  redisReply *r = dispatch(e);
  run.day.decisions++;
  if (r->elements > 2) {
    redis.item = (int)strtol(r->element[2]->str + 1, NULL, 10);
    redis.agent = (int)strtol(r->element[3]->str + 1, NULL, 10);
    entry = last_record(&redis.text);
    replay(&redis, &record);
    say("OK", "FCALL deskbell_accept 1 {p00} %lld %s %s", time_of(e), r->element[2]->str, r->element[3]->str);
    run.day.offers++;
  }
  if (c.item == redis.item && c.agent == redis.agent)
    run.day.same++;
  else if (!run.day.first[0])
    keep_difference(e, &c, &redis);
  *item = redis.item;
  *agent = redis.agent;
  if (entry)
    freeReplyObject(entry);
  freeReplyObject(r);
}

/* ---- the table */

struct sums {
  double j[2][SEEDS_MOST], sla[2][SEEDS_MOST];
};

static void print_day(const struct day *d, const struct sums *s, size_t seeds) {
  const struct tally *t = &run.day;
  printf("%-10s %8llu %8llu %9.4f%%  %8llu %4llu   %.4f %.4f   %.2f%% %.2f%%\n", d->name, (unsigned long long)t->decisions,
         (unsigned long long)t->offers, 100 * (double)t->same / (double)t->decisions, (unsigned long long)t->replayed,
         (unsigned long long)t->differing, interval_of(s->j[0], seeds).mean, interval_of(s->j[1], seeds).mean,
         100 * interval_of(s->sla[0], seeds).mean, 100 * interval_of(s->sla[1], seeds).mean);
  if (t->first[0])
    printf("%s", t->first);
  fflush(stdout);
}

static void run_day(const struct day *d, const struct through_options *o) {
  static const struct ours_other other = {begin, arrived, ended, gone, decide};
  static struct sums s;
  struct policy alone = ours("ours", &o->weights), beside = ours_beside("through Redis", &o->weights, &other);
  double got[MEASURES];
  run.day = (struct tally){0};
  for (size_t seed = 0, count; seed < o->seeds; seed++) {
    struct item *items = day_make(d, TEST_SEED + seed, &count);
    for (int p = 0; p < 2; p++) {
      contest_day(d, p ? &beside : &alone, items, count, got);
      s.j[p][seed] = got[MEASURE_J];
      s.sla[p][seed] = got[MEASURE_VALUE_SLA];
    }
    free(items);
  }
  print_day(d, &s, o->seeds);
  run.all.decisions += run.day.decisions;
  run.all.same += run.day.same;
  run.all.replayed += run.day.replayed;
  run.all.differing += run.day.differing;
}

int through(const struct through_options *o) {
  run.c = redisConnectUnix(o->socket);
  run.learn = o->learn;
  require(run.c && !run.c->err, "cannot be reached", o->socket);
  printf("Through Redis%s; %zu days of each kind\n%-10s %8s %8s %10s  %8s %4s   %-13s   %s\n", o->learn ? ", which learns" : "",
         o->seeds, "", "decided", "offers", "as in C", "replayed", "not", "J: C, Redis", "value-SLA: C, Redis");
  for (size_t d = 0; d < days_count; d++)
    if (!o->day || strcmp(o->day, days[d].name) == 0)
      run_day(&days[d], o);
  printf("%llu of %llu decisions the same; of %llu records %llu gave another decision\n", (unsigned long long)run.all.same,
         (unsigned long long)run.all.decisions, (unsigned long long)run.all.replayed, (unsigned long long)run.all.differing);
  redisFree(run.c);
  return run.all.differing || (!o->learn && run.all.same != run.all.decisions) ? 1 : 0;
}
