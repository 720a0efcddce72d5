/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch through Redis, in a closed loop: one connection calls deskbell_dispatch as the program does, one plays all
 * agents (they accept at once and finish after a while), one brings new items as fast as others are offered. Needs an
 * empty Redis with the library loaded.
 *
 *   bench_dispatch SOCKET [--items N] [--agents A] [--seconds S] [--rate R] [--idle R] [--most M]
 *                         [--returning PERCENT of events that are of customers served before]
 *                         [--rewrite 1: Redis writes its log anew whenever it has doubled]
 *
 * --items   wait from the beginning to the end
 * --rate    agents finish so many a second together; 0: after 100 ms, faster than anybody is offered something
 * --idle    nobody waits, so many come a second, and a fifth of the agents' capacity is in use
 *
 * Latency: from the sending of what made it possible – an agent's done; idle: the arrival – to the offer's arrival here.
 * Done after which nothing could be taken is not counted. CPU is that of Redis's main thread. Prints one JSON line.
 */
#include "base/agenda.h"
#include "base/clock.h"
#include "bench_dispatch_desk.h"
#include "bench_dispatch_memory.h"
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { BATCH = 64, BATCHES_MOST = 8, PENDING = 16, SLOTS = 4000000, FILL_HOURS = 2, STAGES_MOST_US = 3000000, STAGE_ITEMS = 100,
       WARM_MOST = 10, BURST_CALLS = 4096, TAKEN_MOST = 65536 };
enum { DISPATCH, EAR, AGENTS, ARRIVALS, LINKS };

struct link {
  redisContext *c;
  int asked;                   /* answers awaited */
};

/* An offer of the burst. */
struct taken {
  uint64_t item;
  int agent;
};

struct agent_state {
  int64_t room_us[PENDING];    /* since when they have room for one more; oldest first */
  int count;
};

struct bench {
  int items, agents, seconds, rate, idle, most, returning, rewrite;
  struct link links[LINKS];
  struct buf b;
  struct agenda ends;          /* of what agents have in hand: item, agent; us */
  struct agent_state *states;
  uint64_t next_item, next_customer;
  uint32_t *customers;         /* of an item */
  int64_t *sent_us;            /* of an item, when idle */
  uint64_t *finished;          /* items whose customer may come again */
  size_t finished_count;
  uint64_t offers, calls, empty_calls, wanted, odd, random;
  int64_t asked_us;
  bool more, woken, measuring;
  struct taken *taken;         /* offers of the burst, which are accepted behind it */
  size_t taken_count;
  bool bursting;
  int32_t *latency;
  size_t latency_count;
  pid_t redis;
};

static void die(const char *what, const char *why) {
  fprintf(stderr, "bench_dispatch: %s: %s\n", what, why ? why : "");
  exit(1);
}

static uint64_t chance(struct bench *s) {
  s->random ^= s->random << 13;
  s->random ^= s->random >> 7;
  return s->random ^= s->random << 17;
}

/* ---- Redis */

static struct link connect_to(const char *path) {
  struct link l = {.c = redisConnectUnix(path)};
  if (!l.c || l.c->err)
    die("cannot reach", path);
  return l;
}

static void flush(struct link *l) {
  int done = 0;
  while (!done)
    if (redisBufferWrite(l->c, &done) != REDIS_OK)
      die("writing", l->c->errstr);
}

static void send_buf(struct bench *s, int link, int answers) {
  redisAppendFormattedCommand(s->links[link].c, s->b.at, s->b.len);
  s->links[link].asked += answers;
  buf_clear(&s->b);
  flush(&s->links[link]);
}

/* CPU of Redis's main thread, us. */
static double cpu_us(const struct bench *s) {
  char path[64];
  unsigned long long ns = 0;
  snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)s->redis, (int)s->redis);
  FILE *f = fopen(path, "r");
  if (!f || fscanf(f, "%llu", &ns) != 1)
    die("schedstat", path);
  fclose(f);
  return (double)ns / 1e3;
}

/* ---- what agents have in hand */

/* Exponential, so that ends do not come in waves. */
static int64_t handling_us(struct bench *s) {
  double in_hands = desk_in_hands(s->agents), mean = 100e3;
  if (s->idle)
    mean = in_hands / 5 / s->idle * 1e6;
  else if (s->rate)
    mean = in_hands / s->rate * 1e6;
  double u = (double)(chance(s) >> 11) / 9007199254740992.0;
  return (int64_t)(-mean * __builtin_log(1 - u));
}

/* ---- commands */

static void item_name(uint64_t item, char ret[24]) {
  snprintf(ret, 24, "w%016llx", (unsigned long long)item);
}

static void put_hand(struct bench *s, const char *function, uint64_t item, int agent, const char *last) {
  char name[24], who[16];
  item_name(item, name);
  snprintf(who, sizeof(who), "a%04d", agent);
  desk_call(&s->b, function, last ? 3 : 2, clock_now_ms());
  desk_put(&s->b, name);
  desk_put(&s->b, who);
  if (last)
    desk_put(&s->b, last);
}

static void put_arrivals(struct bench *s, int count, int64_t now_ms) {
  char count_text[12];
  snprintf(count_text, sizeof(count_text), "%d", count);
  desk_call(&s->b, "deskbell_route", 4 + DESK_EVENT_ARGS * count, now_ms);
  desk_put(&s->b, "1");
  desk_put(&s->b, "777600000");
  desk_put(&s->b, "604800000");
  desk_put(&s->b, count_text);
  for (int i = 0; i < count; i++) {
    uint64_t item = s->next_item++ % SLOTS, customer;
    if (s->finished_count && (int)(chance(s) % 100) < s->returning)
      customer = s->customers[s->finished[--s->finished_count]];
    else
      customer = s->next_customer++;
    s->customers[item] = (uint32_t)customer;
    s->sent_us[item] = clock_monotonic_us();
    desk_put_event(&s->b, item, customer);
  }
}

static void call_dispatch(struct bench *s) {
  char most[12];
  snprintf(most, sizeof(most), "%d", s->most);
  desk_call(&s->b, "deskbell_dispatch", 1, clock_now_ms());
  desk_put(&s->b, most);
  s->asked_us = clock_monotonic_us();
  s->woken = false;
  s->calls++;
  send_buf(s, DISPATCH, 1);
}

/* ---- answers */

static void keep_latency(struct bench *s, int64_t us) {
  if (s->measuring && s->latency_count < SLOTS)
    s->latency[s->latency_count++] = (int32_t)us;
}

static void measure_offer(struct bench *s, uint64_t item, int agent, int64_t now_us) {
  struct agent_state *a = &s->states[agent];
  if (s->idle)
    return keep_latency(s, now_us - s->sent_us[item]);
  if (a->count == 0)
    return;
  keep_latency(s, now_us - a->room_us[0]);
  memmove(a->room_us, a->room_us + 1, (size_t)--a->count * sizeof(a->room_us[0]));
}

/* Nothing more can be taken: who had room before this call keeps it. */
static void forget_room(struct bench *s) {
  for (int n = 0; n < s->agents; n++) {
    struct agent_state *a = &s->states[n];
    int old = 0;
    while (old < a->count && a->room_us[old] < s->asked_us)
      old++;
    memmove(a->room_us, a->room_us + old, (size_t)(a->count - old) * sizeof(a->room_us[0]));
    a->count -= old;
  }
}

static void take(struct bench *s, uint64_t item, int agent, int64_t now_us) {
  put_hand(s, "deskbell_accept", item, agent, NULL);
  s->links[AGENTS].asked++;
  agenda_add(&s->ends, (struct agenda_event){
                           .at = now_us + handling_us(s), .what = (uint32_t)item, .detail = (uint32_t)agent});
}

static void on_dispatched(struct bench *s, const redisReply *r) {
  if (r->type != REDIS_REPLY_ARRAY)
    die("deskbell_dispatch", r->str);
  int64_t now_us = clock_monotonic_us();
  s->more = strcmp(r->element[0]->str, "1") == 0;
  for (size_t i = 2; i + 2 < r->elements; i += 3) {
    uint64_t item = desk_item(r->element[i]->str);
    int agent = atoi(r->element[i + 1]->str + 1);
    s->offers++;
    s->wanted++;
    if (s->bursting) {
      s->taken[s->taken_count++] = (struct taken){item, agent};
      continue;
    }
    measure_offer(s, item, agent, now_us);
    take(s, item, agent, now_us);
  }
  s->empty_calls += r->elements <= 2;
  if (s->b.len)
    send_buf(s, AGENTS, 0);
  if (!s->more)
    forget_room(s);
}

static void on_answer(struct bench *s, int link, const redisReply *r) {
  if (r->type == REDIS_REPLY_ERROR)
    die("refused", r->str);
  if (link == EAR) {
    s->woken = true;
    return;
  }
  s->links[link].asked--;
  if (link == DISPATCH)
    on_dispatched(s, r);
  else if (link == AGENTS && strcmp(r->str, "OK") != 0)
    s->odd++;
  else if (link == ARRIVALS && strspn(r->str, "r") != strlen(r->str))
    die("an event was not routed", r->str);
}

static void hear(struct bench *s, int link) {
  redisContext *c = s->links[link].c;
  redisReply *r;
  if (redisBufferRead(c) != REDIS_OK)
    die("reading", c->errstr);
  while (redisGetReplyFromReader(c, (void **)&r) == REDIS_OK && r) {
    on_answer(s, link, r);
    freeReplyObject(r);
  }
}

/* ---- the loop */

static void finish_due(struct bench *s, int64_t now_us) {
  int count = 0;
  while (s->ends.count && s->ends.events[0].at <= now_us && count < 4 * BATCH) {
    struct agenda_event e = agenda_take(&s->ends);
    struct agent_state *a = &s->states[e.detail];
    put_hand(s, "deskbell_done", e.what, (int)e.detail, "");
    if (a->count < PENDING)
      a->room_us[a->count++] = now_us;
    if (s->finished_count < SLOTS)
      s->finished[s->finished_count++] = e.what;
    count++;
  }
  if (count)
    send_buf(s, AGENTS, count);
}

static void bring(struct bench *s, int64_t begin_us, int64_t now_us) {
  static uint64_t brought;
  if (s->idle) {
    uint64_t due = (uint64_t)((double)(now_us - begin_us) * s->idle / 1e6);
    s->wanted = due > brought ? due - brought : 0;
  }
  int least = s->idle ? 1 : 16;
  while (s->wanted >= (uint64_t)least && s->links[ARRIVALS].asked < BATCHES_MOST) {
    int count = s->wanted < BATCH ? (int)s->wanted : BATCH;
    put_arrivals(s, count, clock_now_ms());
    send_buf(s, ARRIVALS, 1);
    s->wanted -= (uint64_t)count;
    brought += (uint64_t)count;
  }
}

static void turn(struct bench *s, int64_t begin_us) {
  struct pollfd fds[LINKS];
  int64_t now_us = clock_monotonic_us();
  finish_due(s, now_us);
  bring(s, begin_us, now_us);
  if (!s->links[DISPATCH].asked && (s->more || s->woken))
    call_dispatch(s);
  for (int i = 0; i < LINKS; i++)
    fds[i] = (struct pollfd){.fd = s->links[i].c->fd, .events = POLLIN};
  if (poll(fds, LINKS, 1) < 0)
    die("poll", NULL);
  for (int i = 0; i < LINKS; i++)
    if (fds[i].revents)
      hear(s, i);
}

static void run_for(struct bench *s, int64_t us) {
  static int64_t begin_us;
  if (!begin_us)
    begin_us = clock_monotonic_us();
  for (int64_t end_us = clock_monotonic_us() + us; clock_monotonic_us() < end_us;)
    turn(s, begin_us);
}

static void settle(struct bench *s, int link) {
  while (s->links[link].asked)
    hear(s, link);
}

/* Calls, and waits for the answer. */
static redisReply *ask_dispatch(struct bench *s) {
  redisReply *r;
  call_dispatch(s);
  s->links[DISPATCH].asked--;
  if (redisGetReply(s->links[DISPATCH].c, (void **)&r) != REDIS_OK)
    die("dispatch", s->links[DISPATCH].c->errstr);
  return r;
}

/* ---- the burst: all agents have room, and nothing happens but decisions */

struct burst {
  uint64_t offers;
  double took, cpu_us;
  int32_t call_us[BURST_CALLS];
  size_t calls;
};

static void burst_of(struct bench *s, struct burst *ret) {
  s->bursting = true;
  int64_t begin_us = clock_monotonic_us();
  double cpu = cpu_us(s);
  do {
    redisReply *r = ask_dispatch(s);
    on_dispatched(s, r);
    freeReplyObject(r);
    ret->call_us[ret->calls++] = (int32_t)(clock_monotonic_us() - s->asked_us);
  } while (s->more && ret->calls < BURST_CALLS && s->taken_count + (size_t)s->most <= TAKEN_MOST);
  ret->took = (double)(clock_monotonic_us() - begin_us) / 1e6;
  ret->cpu_us = cpu_us(s) - cpu;
  ret->offers = s->taken_count;
  s->bursting = false;
  for (size_t n = 0; n < s->taken_count; n++)
    take(s, s->taken[n].item, s->taken[n].agent, clock_monotonic_us());
  if (s->b.len)
    send_buf(s, AGENTS, 0);
  settle(s, AGENTS);
}

/* Until everybody's hands are full: a call found nothing to offer. */
static void warm_up(struct bench *s) {
  uint64_t empty = s->empty_calls;
  s->woken = true;
  for (int n = 0; n < WARM_MOST && (s->idle || s->rate ? s->empty_calls < empty + 4 : n < 2); n++)
    run_for(s, s->seconds * 250000LL);
}

/* ---- beginning */

static void sign_in(struct bench *s) {
  struct buf plan = BUF_INIT(1024 * 1024);
  desk_plan(&plan, s->agents);
  freeReplyObject(desk_ask(s->links[DISPATCH].c, "SET {p00}:desk 1"));
  freeReplyObject(desk_ask(s->links[DISPATCH].c, "FCALL deskbell_plan 1 {p00} %lld 1 %b %s", (long long)clock_now_ms(),
                           plan.at, plan.len, ""));
  buf_free(&plan);
  for (int a = 0; a < s->agents; a++) {
    char who[16];
    snprintf(who, sizeof(who), "a%04d", a);
    desk_call(&s->b, "deskbell_presence", 4, clock_now_ms());
    desk_put(&s->b, who);
    desk_put(&s->b, "ready");
    desk_put(&s->b, "0");
    desk_put(&s->b, "");
  }
  send_buf(s, AGENTS, s->agents);
  int64_t odd = (int64_t)s->odd;
  settle(s, AGENTS);
  if ((int64_t)s->odd != odd)
    die("an agent could not sign in", NULL);
}

/* What fell due meanwhile is done. */
static void do_what_is_due(struct bench *s) {
  for (bool more = s->items > 0; more;) {
    redisReply *r = desk_ask(s->links[DISPATCH].c, "FCALL deskbell_dispatch 1 {p00} %lld 0", (long long)clock_now_ms());
    more = strcmp(r->element[1]->str, "0") != 0 && atoll(r->element[1]->str) <= clock_now_ms();
    freeReplyObject(r);
  }
}

/* They came evenly over the last hours. Returns events a second. */
static double fill(struct bench *s) {
  int64_t begin_us = clock_monotonic_us(), now_ms = clock_now_ms(), since_ms = FILL_HOURS * 3600000LL;
  for (int n = 0; n < s->items; n += BATCH) {
    int count = s->items - n < BATCH ? s->items - n : BATCH;
    put_arrivals(s, count, now_ms - since_ms + since_ms * n / s->items);
    send_buf(s, ARRIVALS, 1);
    while (s->links[ARRIVALS].asked >= BATCHES_MOST)
      hear(s, ARRIVALS);
  }
  settle(s, ARRIVALS);
  double took = (double)(clock_monotonic_us() - begin_us) / 1e6;
  return took > 0 ? s->items / took : 0;
}

/* ---- one kind of call at a time: what each costs Redis */

enum { DONE, DISPATCHED, ACCEPTED, ARRIVED, STAGE_KINDS };

struct stages {
  double us[STAGE_KINDS];
  uint64_t count[STAGE_KINDS];
};

static void stage(struct bench *s, struct stages *t, int kind, double began_us, uint64_t count) {
  t->us[kind] += cpu_us(s) - began_us;
  t->count[kind] += count;
}

static void stage_dispatch(struct bench *s, struct stages *t) {
  double began = cpu_us(s);
  uint64_t offers = s->offers;
  do {
    redisReply *r = ask_dispatch(s);
    stage(s, t, DISPATCHED, began, 0);
    began = cpu_us(s);
    on_dispatched(s, r);
    freeReplyObject(r);
    settle(s, AGENTS);
    stage(s, t, ACCEPTED, began, 0);
    began = cpu_us(s);
  } while (s->more);
  t->count[DISPATCHED] += s->offers - offers;
  t->count[ACCEPTED] += s->offers - offers;
}

static struct stages stages_of(struct bench *s) {
  struct stages t = {0};
  settle(s, DISPATCH), settle(s, AGENTS), settle(s, ARRIVALS);
  for (int64_t end_us = clock_monotonic_us() + STAGES_MOST_US; clock_monotonic_us() < end_us;) {
    double began = cpu_us(s);
    int count = 0;
    for (; count < STAGE_ITEMS && s->ends.count; count++) {
      struct agenda_event e = agenda_take(&s->ends);
      put_hand(s, "deskbell_done", e.what, (int)e.detail, "");
    }
    send_buf(s, AGENTS, count);
    settle(s, AGENTS);
    stage(s, &t, DONE, began, (uint64_t)count);
    stage_dispatch(s, &t);
    began = cpu_us(s);
    put_arrivals(s, count ? count : 1, clock_now_ms());
    send_buf(s, ARRIVALS, 1);
    settle(s, ARRIVALS);
    stage(s, &t, ARRIVED, began, (uint64_t)count);
  }
  return t;
}

/* ---- */

static int by_number(const void *a, const void *b) {
  return (*(const int32_t *)a > *(const int32_t *)b) - (*(const int32_t *)a < *(const int32_t *)b);
}

static double latency_ms(const struct bench *s, double share) {
  return s->latency_count ? s->latency[(size_t)(share * (double)(s->latency_count - 1))] / 1e3 : 0;
}

static double share_of(const struct stages *t, int kind) {
  return t->count[kind] ? t->us[kind] / (double)t->count[kind] : 0;
}

static void options_of(struct bench *s, int argc, char **argv) {
  const struct {
    const char *name;
    int *value;
  } rows[] = {{"--items", &s->items}, {"--agents", &s->agents}, {"--seconds", &s->seconds}, {"--rate", &s->rate},
              {"--idle", &s->idle}, {"--most", &s->most}, {"--returning", &s->returning},
              {"--rewrite", &s->rewrite}};
  for (int i = 2; i + 1 < argc; i += 2)
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
      if (strcmp(argv[i], rows[k].name) == 0)
        *rows[k].value = atoi(argv[i + 1]);
  if (s->idle)
    s->items = 0;
}

static void set_up(struct bench *s, const char *path) {
  for (int i = 0; i < LINKS; i++)
    s->links[i] = connect_to(path);
  s->states = must_calloc((size_t)s->agents, sizeof(*s->states));
  s->customers = must_calloc(SLOTS, sizeof(*s->customers));
  s->sent_us = must_calloc(SLOTS, sizeof(*s->sent_us));
  s->finished = must_calloc(SLOTS, sizeof(*s->finished));
  s->latency = must_calloc(SLOTS, sizeof(*s->latency));
  s->taken = must_calloc(TAKEN_MOST, sizeof(*s->taken));
  /* While Redis writes its log anew, and for some time after, each page that is written to is copied first. */
  freeReplyObject(desk_ask(s->links[DISPATCH].c, "CONFIG SET auto-aof-rewrite-percentage %d", s->rewrite ? 100 : 0));
  redisReply *r = desk_ask(s->links[DISPATCH].c, "INFO server");
  const char *at = strstr(r->str, "process_id:");
  s->redis = at ? (pid_t)atoi(at + strlen("process_id:")) : 0;
  freeReplyObject(r);
  redisAppendCommand(s->links[EAR].c, "SUBSCRIBE {p00}:dispatch");
  flush(&s->links[EAR]);
}

int main(int argc, char **argv) {
  struct bench s = {.items = 10000, .agents = 1000, .seconds = 10, .most = 8, .returning = 30, .random = 88172645463325252u,
                    .b = BUF_INIT(64 * 1024 * 1024)};
  if (argc < 2)
    return fprintf(stderr, "usage: bench_dispatch SOCKET [--items N] …\n"), 2;
  options_of(&s, argc, argv);
  set_up(&s, argv[1]);
  sign_in(&s);
  double filled = fill(&s);
  do_what_is_due(&s);
  struct memory memory = memory_of(s.links[DISPATCH].c);
  do_what_is_due(&s);
  static struct burst burst;
  if (!s.idle)
    burst_of(&s, &burst);
  qsort(burst.call_us, burst.calls, sizeof(*burst.call_us), by_number);
  warm_up(&s);
  double cpu = cpu_us(&s);
  int64_t begin_us = clock_monotonic_us();
  uint64_t offers = s.offers, calls = s.calls, empty = s.empty_calls;
  s.measuring = true;
  run_for(&s, s.seconds * 1000000LL);
  double took = (double)(clock_monotonic_us() - begin_us) / 1e6;
  cpu = cpu_us(&s) - cpu;
  offers = s.offers - offers;
  s.measuring = false;
  qsort(s.latency, s.latency_count, sizeof(*s.latency), by_number);
  struct stages t = s.idle ? (struct stages){0} : stages_of(&s);
  printf("{\"items\": %d, \"agents\": %d, \"lines\": %lld, \"filled_per_second\": %.0f, "
         "\"burst\": {\"offers\": %llu, \"per_second\": %.0f, \"redis_us\": %.1f, \"call_ms\": {\"p50\": %.2f, \"p99\": %.2f}}, "
         "\"offers_per_second\": %.0f, "
         "\"calls_per_second\": %.0f, \"empty_calls_per_second\": %.0f, \"in_hands\": %zu, "
         "\"latency_ms\": {\"p50\": %.2f, \"p99\": %.2f, \"p99.9\": %.2f}, \"redis_cpu\": %.2f, "
         "\"redis_us_per_offer\": {\"all\": %.1f, \"done\": %.1f, \"dispatch\": %.1f, \"accept\": %.1f, \"route\": %.1f}, "
         "\"bytes_per_item\": {\"beside\": %.0f, \"item\": %.0f, \"place\": %.0f}, \"odd\": %llu}\n",
         s.items, s.agents, memory.lines, filled, (unsigned long long)burst.offers,
         burst.took > 0 ? (double)burst.offers / burst.took : 0, burst.offers ? burst.cpu_us / (double)burst.offers : 0,
         burst.calls ? burst.call_us[burst.calls / 2] / 1e3 : 0, burst.calls ? burst.call_us[burst.calls * 99 / 100] / 1e3 : 0,
         (double)offers / took, (double)(s.calls - calls) / took,
         (double)(s.empty_calls - empty) / took, s.ends.count, latency_ms(&s, 0.5), latency_ms(&s, 0.99),
         latency_ms(&s, 0.999), cpu / 1e6 / took, offers ? cpu / (double)offers : 0, share_of(&t, DONE),
         share_of(&t, DISPATCHED), share_of(&t, ACCEPTED), share_of(&t, ARRIVED), memory.index, memory.item, memory.place,
         (unsigned long long)s.odd);
  return 0;
}
