/* SPDX-License-Identifier: Apache-2.0 */
/* A record in the words of the people it concerns. */
#include "dispatch/rule_internal.h"

#define NAMES_SHOWN 3

static void add_text(struct buf *b, struct slice s) {
  buf_printf(b, "%.*s", (int)s.len, s.at);
}

/* "57 s", "12 min", "3.5 h", "2 d" */
static void add_time(struct buf *b, double ms) {
  double seconds = ms / 1000;
  if (seconds < 120)
    buf_printf(b, "%.0f s", seconds);
  else if (seconds < 7200)
    buf_printf(b, "%.0f min", seconds / 60);
  else if (seconds < 2 * 86400)
    buf_printf(b, "%.3g h", seconds / 3600);
  else
    buf_printf(b, "%.3g d", seconds / 86400);
}

static bool clock_known(const struct rule_item *item) {
  return !isnan(item->arrival_ms) && !isnan(item->ln_value);
}

static void add_clock(const struct rule_record *r, const struct rule_item *item, struct buf *b) {
  const struct rule_queue *q = &r->queues[item->queue];
  double waited = q->now_ms - item->arrival_ms;
  if (fabs(item->ln_value) > 1e-9)
    buf_printf(b, "; customer's value x %.3g", exp(item->ln_value));
  buf_add_text(b, "; waited ");
  add_time(b, waited);
  buf_add_text(b, item->set == RULE_LATE ? ", over the " : " of ");
  add_time(b, q->target_ms);
  if (item->set != RULE_LATE)
    buf_printf(b, " (x %.3g)", exp(waited * q->slope));
  else
    buf_printf(b, " promised (x %.3g)", exp(rule_index(q, RULE_LATE, item->score) - item->ln_value - q->base));
}

static void add_urgency(const struct rule_record *r, struct buf *b) {
  const struct rule_item_row *first = &r->items[0], *next = &r->items[1];
  if (r->item_count < 2) {
    buf_add_text(b, "; nothing else could be taken");
    return;
  }
  if (next->index < first->index)
    buf_printf(b, "; %.3g times as urgent as ", exp(first->index - next->index));
  else
    buf_add_text(b, "; as urgent as, and older than ");
  add_text(b, next->item.id);
}

static void add_agent(const struct rule_agent_row *a, struct buf *b) {
  if (fabs(a->ln_speed) > 1e-9)
    buf_printf(b, "; works at %.3g times the usual speed", exp(a->ln_speed));
  if (a->ln_known > 0)
    buf_add_text(b, "; known to this customer");
  buf_printf(b, "; %d of %d units used", a->used, a->units);
}

/* "also fit: Bo, Eve and 4 more" */
static void add_others(const struct rule_record *r, struct buf *b) {
  size_t shown = 0, others = 0;
  for (size_t i = 0; i < r->agent_count; i++)
    others += r->agents[i].alike;
  others -= others ? 1 : 0;
  for (size_t i = 1; i < r->agent_count && shown < NAMES_SHOWN; i++, shown++) {
    buf_add_text(b, shown ? ", " : "; also fit: ");
    add_text(b, r->agents[i].agent);
  }
  if (others > shown)
    buf_printf(b, shown ? " and %zu more" : "; %zu more fit", others - shown);
}

/* Why not the second best, when it is because he is needed elsewhere. */
static void add_needed(const struct rule_record *r, struct buf *b) {
  if (r->agent_count < 2 || !(r->agents[1].price > r->agents[0].price))
    return;
  const struct rule_agent_row *other = &r->agents[1];
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (rule_has(other->lost & ~r->agents[0].lost, q) && r->queues[q].real_time) {
      buf_add_text(b, "; ");
      add_text(b, other->agent);
      buf_printf(b, " is one of %d free for ", r->queues[q].able);
      add_text(b, r->queues[q].name);
      return;
    }
}

static void add_reserve(const struct rule_record *r, const struct rule_item_row *held, struct buf *b) {
  const struct rule_queue *q = &r->queues[held->kept_for];
  add_text(b, held->item.id);
  buf_add_text(b, " has time and ");
  add_text(b, q->name);
  buf_printf(b, " keeps %d, of whom %d are free", q->keep, q->able);
}

static void add_waits(const struct rule_record *r, struct buf *b) {
  buf_add_text(b, "waits: ");
  if (r->held_count)
    add_reserve(r, &r->held[0], b);
  else
    buf_add_text(b, r->unfit ? "nobody who fits has room" : "there is nothing to take");
}

int rule_words(const struct rule_record *r, struct buf *b) {
  if (r->item_count == 0) {
    add_waits(r, b);
    return b->full ? BUF_FULL : 0;
  }
  const struct rule_item *item = &r->items[0].item;
  buf_add_text(b, "offered to ");
  add_text(b, r->agents[0].agent);
  buf_add_text(b, ": ");
  add_text(b, item->needs.len ? item->needs : r->queues[item->queue].name);
  add_urgency(r, b);
  if (clock_known(item))
    add_clock(r, item, b);
  add_agent(&r->agents[0], b);
  add_others(r, b);
  add_needed(r, b);
  if (r->held_count) {
    buf_add_text(b, "; ");
    add_reserve(r, &r->held[0], b);
  }
  return b->full ? BUF_FULL : 0;
}
