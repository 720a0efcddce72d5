/* SPDX-License-Identifier: Apache-2.0 */
/* Facts in order become items: each time that something waited for an agent, and how long he was at it. */
#include "simulate/history_internal.h"
#include <stdlib.h>

enum state { STATE_UNKNOWN, STATE_WAITS, STATE_ACTIVE, STATE_ASIDE, STATE_OVER, STATE_BEFORE };

#define LEAST_MS 1000          /* of handling */
#define STANDARD_HANDLING_MS (10 * 60000)

struct turn {
  uint32_t contact;
  int64_t arrival_ms, worked_ms, taken_ms; /* taken_ms 0: by nobody */
  bool ended, gone, next;
};

/* Of a work item. */
struct course {
  uint8_t state;
  uint32_t turn, contact, agent, queue;
  int64_t since;
};

struct reading {
  const struct history *h;
  struct past *past;
  struct course *courses;
  struct turn *turns;
  size_t count, room;
};

/* ---- in order */

static int in_order(const void *a, const void *b) {
  const struct fact *x = a, *y = b;
  if (x->at_ms != y->at_ms)
    return x->at_ms < y->at_ms ? -1 : 1;
  if (x->cursor_ms != y->cursor_ms)
    return x->cursor_ms < y->cursor_ms ? -1 : 1;
  if (x->cursor_number != y->cursor_number)
    return x->cursor_number < y->cursor_number ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

static void sort(struct history *h, struct past *p) {
  size_t kept = 0;
  if (h->fact_count)
    qsort(h->facts, h->fact_count, sizeof(*h->facts), in_order);
  for (size_t i = 0; i < h->fact_count; i++) {
    const struct fact *f = &h->facts[i], *last = kept ? &h->facts[kept - 1] : NULL;
    if (last && f->cursor_ms && f->cursor_ms == last->cursor_ms && f->cursor_number == last->cursor_number &&
        f->kind == last->kind && f->work_item == last->work_item)
      p->repeated++;
    else
      h->facts[kept++] = *f;
  }
  h->fact_count = kept;
}

/* ---- turns */

static void begin_turn(struct reading *r, struct course *c, int64_t at, bool next) {
  if (r->count == r->room) {
    r->room = r->room ? 2 * r->room : 1024;
    r->turns = must_realloc(r->turns, r->room * sizeof(*r->turns));
  }
  c->state = STATE_WAITS;
  c->turn = (uint32_t)r->count;
  r->turns[r->count++] = (struct turn){.contact = c->contact, .arrival_ms = at, .next = next};
}

/* As long as it would have taken somebody of usual speed. */
static double speed_of(const struct reading *r, const struct course *c) {
  uint32_t number = names_find(&r->h->old_agents, slice_text(r->h->names.texts[c->agent]));
  if (number == NAMES_NONE || c->queue == SIMULATE_NONE)
    return 1;
  const struct desk_agent *a = &r->h->desks[0]->agents[number];
  for (size_t q = 0; a->speeds && q < a->queue_count; q++)
    if (strcmp(a->queues[q], r->h->queues.texts[c->queue]) == 0)
      return a->speeds[q];
  return 1;
}

static void stop_work(struct reading *r, struct course *c, int64_t at) {
  if (c->state != STATE_ACTIVE)
    return;
  int64_t worked = duty_worked(r->h, r->past, c->agent, c->since, at);
  worked = worked > LEAST_MS ? worked : LEAST_MS;
  r->turns[c->turn].worked_ms += (int64_t)((double)worked * speed_of(r, c));
  c->state = STATE_WAITS;
}

static void end_turn(struct reading *r, struct course *c, int64_t at, enum state state) {
  stop_work(r, c, at);
  r->turns[c->turn].ended = r->turns[c->turn].worked_ms > 0;
  r->turns[c->turn].gone = r->turns[c->turn].worked_ms == 0;
  c->state = (uint8_t)state;
}

static void on_contact(struct reading *r, struct course *c, const struct fact *f) {
  r->past->contacts++;
  if (c->state == STATE_BEFORE)
    return;
  c->contact = f->contact;
  if (c->state == STATE_UNKNOWN)
    begin_turn(r, c, f->at_ms, false);
  else if (c->state == STATE_ASIDE || c->state == STATE_OVER)
    begin_turn(r, c, f->at_ms, true);
  else
    r->past->more++;
}

static void on_claim(struct reading *r, struct course *c, const struct fact *f) {
  if (f->agent == SIMULATE_NONE)
    return;
  stop_work(r, c, f->at_ms);
  if (!r->turns[c->turn].taken_ms)
    r->turns[c->turn].taken_ms = f->at_ms;
  c->state = STATE_ACTIVE;
  c->agent = f->agent;
  c->since = f->at_ms;
}

static void on_fact(struct reading *r, const struct fact *f) {
  struct course *c = &r->courses[f->work_item];
  if (f->queue != SIMULATE_NONE && f->kind == HISTORY_CONTACT)
    c->queue = f->queue;
  if (f->kind == HISTORY_CONTACT) {
    on_contact(r, c, f);
    return;
  }
  if (c->state == STATE_UNKNOWN) {
    c->state = STATE_BEFORE;
    r->past->before++;
  }
  if (c->state == STATE_BEFORE)
    return;
  switch ((enum history_kind)f->kind) {
  case HISTORY_CLAIM: on_claim(r, c, f); break;
  case HISTORY_BACK: stop_work(r, c, f->at_ms); break;
  case HISTORY_LOST: c->state = c->state == STATE_ACTIVE ? STATE_WAITS : c->state; break;
  case HISTORY_ASIDE: end_turn(r, c, f->at_ms, STATE_ASIDE); break;
  case HISTORY_AGAIN:
    if (c->state == STATE_ASIDE || c->state == STATE_OVER)
      begin_turn(r, c, f->at_ms, true);
    break;
  case HISTORY_END:
  case HISTORY_GONE:
    if (c->state == STATE_WAITS || c->state == STATE_ACTIVE)
      end_turn(r, c, f->at_ms, STATE_OVER);
    c->state = STATE_OVER;
    break;
  default: break;
  }
  if (f->kind == HISTORY_BACK && f->queue != SIMULATE_NONE)
    c->queue = f->queue;
}

/* ---- items */

struct means {
  double *sum;                 /* for each queue of the old desk */
  size_t *count;
};

/* Where the old desk puts it. */
static size_t queue_of(const struct history *h, const struct simulate_place *place) {
  uint32_t number = names_find(&h->old_queues, slice_text(h->desks[0]->rules[place->rule].queue));
  return number == NAMES_NONE ? h->desks[0]->queue_count : number;
}

static int64_t usual(const struct desk *d, size_t queue, const struct means *m) {
  if (m->count[queue])
    return (int64_t)(m->sum[queue] / (double)m->count[queue]);
  int64_t said = queue < d->queue_count ? d->queues[queue].handling_ms : 0;
  return said > 0 ? said : STANDARD_HANDLING_MS;
}

static void fill_in(const struct reading *r, struct past *p, const struct turn *t, size_t at, struct means *m) {
  const struct contact *c = &r->h->contacts[t->contact];
  size_t queue = queue_of(r->h, &c->places[0]);
  p->places[0][at] = c->places[0];
  p->places[1][at] = c->places[1];
  p->items[at] = (struct simulate_item){.arrival_ms = t->arrival_ms, .handling_ms = t->ended ? t->worked_ms : 0,
                                        .customer = c->customer, .class = c->class, .known = c->known,
                                        .kind = c->kind, .next = t->next};
  if (t->ended) {
    p->measured++;
    m->sum[queue] += (double)t->worked_ms;
    m->count[queue]++;
  }
}

static void make_items(const struct reading *r, struct past *p) {
  size_t queues = r->h->desks[0]->queue_count;
  struct means m = {must_calloc(queues + 1, sizeof(double)), must_calloc(queues + 1, sizeof(size_t))};
  p->items = must_calloc(r->count + 1, sizeof(*p->items));
  for (size_t i = 0; i < 2; i++)
    p->places[i] = must_calloc(r->count + 1, sizeof(*p->places[i]));
  for (size_t i = 0; i < r->count; i++) {
    if (r->turns[i].gone)
      p->without_agent++;
    else
      fill_in(r, p, &r->turns[i], p->count++, &m);
  }
  for (size_t i = 0; i < p->count; i++)
    if (p->items[i].handling_ms <= 0)
      p->items[i].handling_ms = usual(r->h->desks[0], queue_of(r->h, &p->places[0][i]), &m);
  free(m.sum);
  free(m.count);
}

static int shorter(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* How it was in truth, to see how near the replay comes. */
static void measure_truth(const struct reading *r, struct past *p) {
  int64_t *waits = must_calloc(r->count + 1, sizeof(*waits));
  for (size_t i = 0; i < r->count; i++)
    if (!r->turns[i].gone && r->turns[i].taken_ms)
      waits[p->taken++] = r->turns[i].taken_ms - r->turns[i].arrival_ms;
  if (p->taken) {
    qsort(waits, p->taken, sizeof(*waits), shorter);
    p->taken_median_ms = waits[(p->taken - 1) / 2];
    p->taken_p95_ms = waits[(p->taken * 95 + 99) / 100 - 1];
  }
  free(waits);
}

/* What the past needs of the history is its own from now on. */
static void take_texts(struct texts *from, char ***ret_texts, size_t *ret_count) {
  *ret_texts = from->texts;
  *ret_count = from->count;
  from->texts = NULL;
  from->count = from->room = 0;
}

int history_close(struct history *h, struct past *ret) {
  struct past p = {0};
  struct reading r = {.h = h, .past = &p};
  sort(h, &p);
  p.facts = h->fact_count;
  p.from_ms = h->fact_count ? h->facts[0].at_ms : 0;
  p.to_ms = h->fact_count ? h->facts[h->fact_count - 1].at_ms + 1 : 0;
  if (p.to_ms - p.from_ms > HISTORY_DAYS_MOST * (int64_t)86400000)
    return HISTORY_LONG;
  duty_collect(h, &p);
  r.courses = must_calloc(h->work_items.count + 1, sizeof(*r.courses));
  for (size_t i = 0; i < h->work_items.count; i++)
    r.courses[i].queue = SIMULATE_NONE;
  for (size_t i = 0; i < h->fact_count; i++)
    if (h->facts[i].work_item != SIMULATE_NONE)
      on_fact(&r, &h->facts[i]);
  make_items(&r, &p);
  measure_truth(&r, &p);
  free(r.courses);
  free(r.turns);
  p.classes = h->classes;
  p.class_count = h->class_count;
  h->classes = NULL;
  h->class_count = h->class_room = 0;
  take_texts(&h->kinds, &p.kinds, &p.kind_count);
  take_texts(&h->names, &p.names, &p.name_count);
  take_texts(&h->customers, &p.customers, &p.customer_count);
  if (p.count == 0) {
    past_free(&p);
    return HISTORY_EMPTY;
  }
  *ret = p;
  return 0;
}

static void free_all(char **texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(texts[i]);
  free(texts);
}

void past_free(struct past *p) {
  for (size_t i = 0; p->agents && i < p->name_count; i++) {
    calendar_free(&p->agents[i].ready);
    calendar_free(&p->agents[i].there);
    calendar_free(&p->agents[i].worked);
  }
  free(p->agents);
  classes_free(p->classes, p->class_count);
  free(p->items);
  free(p->places[0]);
  free(p->places[1]);
  free_all(p->kinds, p->kind_count);
  free_all(p->names, p->name_count);
  free_all(p->customers, p->customer_count);
  calendar_free(&p->anybody);
  *p = (struct past){0};
}
