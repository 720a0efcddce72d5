/* SPDX-License-Identifier: Apache-2.0 */
#include "record_show.h"
#include "base/clock.h"
#include <stdio.h>

enum { WORDS_MAX = 4096 };

static const char *const set_names[RULE_SETS] = {
    [RULE_PARKED] = "has time", [RULE_ON_TIME] = "on time", [RULE_LATE] = "late"};

/* ---- what stands behind the logarithms */

/* How urgent it is by its age alone; NAN when the record does not say what the customer is worth. */
static double clock_of(const struct rule_record *r, const struct rule_item *item) {
  const struct rule_queue *q = &r->queues[item->queue];
  return exp(rule_index(q, item->set, item->score) - item->ln_value - q->base);
}

static double waited_ms(const struct rule_record *r, const struct rule_item *item) {
  return r->queues[item->queue].now_ms - item->arrival_ms;
}

/* Against the item that is taken; of those that are not, against the first of them. */
static double urgency_of(const struct rule_record *r, const struct rule_item_row *row) {
  const struct rule_item_row *first = r->item_count ? &r->items[0] : &r->held[0];
  return exp(row->index - first->index);
}

void record_words(const struct rule_record *r, struct buf *ret) {
  buf_clear(ret);
  buf_add_text(ret, "");
  (void)!rule_words(r, ret); /* cut, if it is that long */
}

/* ---- JSON */

static json_t *text_json(struct slice s) {
  json_t *j = json_stringn(s.at, s.len);
  return j ? j : json_string("");
}

/* What is not known is left out. */
static void set_real(json_t *to, const char *name, double n) {
  if (isfinite(n))
    json_object_set_new(to, name, json_real(n));
}

static void set_queue(json_t *to, const char *name, const struct rule_record *r, size_t queue) {
  if (queue != RULE_NO_QUEUE)
    json_object_set_new(to, name, text_json(r->queues[queue].name));
}

static json_t *weights_json(const struct rule_weights *w) {
  json_t *j = json_object();
  size_t count;
  const struct rule_weight_about *about = rule_weights_about(&count);
  for (size_t i = 0; i < count; i++)
    set_real(j, about[i].name, *(const double *)((const char *)w + about[i].offset));
  return j;
}

static json_t *queue_json(const struct rule_queue *q) {
  json_t *j = json_object();
  json_object_set_new(j, "name", text_json(q->name));
  set_real(j, "target_ms", q->target_ms);
  json_object_set_new(j, "real_time", json_boolean(q->real_time));
  json_object_set_new(j, "able", json_integer(q->able));
  json_object_set_new(j, "keep", json_integer(q->keep));
  set_real(j, "scarcity", q->scarcity);
  return j;
}

static json_t *item_json(const struct rule_record *r, const struct rule_item_row *row) {
  const struct rule_item *item = &row->item;
  json_t *j = json_object();
  json_object_set_new(j, "id", text_json(item->id));
  set_queue(j, "queue", r, item->queue);
  json_object_set_new(j, "set", json_string(set_names[item->set]));
  if (item->needs.len)
    json_object_set_new(j, "needs", text_json(item->needs));
  set_real(j, "value", exp(item->ln_value));
  set_real(j, "waited_ms", waited_ms(r, item));
  set_real(j, "clock", clock_of(r, item));
  set_real(j, "speed", exp(row->ln_speed));
  set_real(j, "known", exp(row->ln_known));
  set_real(j, "urgency", urgency_of(r, row));
  set_real(j, "index", row->index);
  set_real(j, "score", item->score);
  set_queue(j, "kept_for", r, row->kept_for);
  return j;
}

static json_t *agent_json(const struct rule_record *r, const struct rule_agent_row *row) {
  json_t *j = json_object(), *lost = json_array();
  char at[RFC3339_LEN + 1];
  json_object_set_new(j, "agent", text_json(row->agent));
  set_real(j, "cost", row->cost);
  set_real(j, "price", row->price);
  set_real(j, "speed", exp(row->ln_speed));
  set_real(j, "known", exp(row->ln_known));
  set_real(j, "crowded", row->crowded);
  json_object_set_new(j, "used", json_integer(row->used));
  json_object_set_new(j, "units", json_integer(row->units));
  if (row->idle_since_ms > 0 && row->idle_since_ms < 253402300800e3) {
    clock_rfc3339((int64_t)row->idle_since_ms, at);
    json_object_set_new(j, "idle_since", json_string(at));
  }
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (row->lost >> q & 1)
      json_array_append_new(lost, text_json(r->queues[q].name));
  json_object_set_new(j, "lost", lost);
  set_queue(j, "kept_for", r, row->kept_for);
  json_object_set_new(j, "alike", json_integer((json_int_t)row->alike));
  return j;
}

static void set_items(json_t *to, const char *name, const struct rule_record *r, const struct rule_item_row *rows,
                      size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, item_json(r, &rows[i]));
  json_object_set_new(to, name, list);
}

static void set_agents(json_t *to, const char *name, const struct rule_record *r, const struct rule_agent_row *rows,
                       size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, agent_json(r, &rows[i]));
  json_object_set_new(to, name, list);
}

json_t *record_json(const struct rule_record *r) {
  auto_clean(buf_free) struct buf words = BUF_INIT(WORDS_MAX);
  json_t *j = json_object(), *queues = json_array();
  const char *where = NULL;
  record_words(r, &words);
  json_object_set_new(j, "words", text_json(buf_slice(&words)));
  bool same = rule_replay(r, &where) == 0;
  json_object_set_new(j, "reproduced", json_boolean(same));
  if (!same)
    json_object_set_new(j, "differs", json_string(where ? where : "?"));
  json_object_set_new(j, "weights", weights_json(&r->weights));
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (r->seen >> q & 1)
      json_array_append_new(queues, queue_json(&r->queues[q]));
  json_object_set_new(j, "queues", queues);
  set_items(j, "items", r, r->items, r->item_count);
  set_items(j, "held", r, r->held, r->held_count);
  set_agents(j, "agents", r, r->agents, r->agent_count);
  set_agents(j, "spared", r, r->spared, r->spared_count);
  json_object_set_new(j, "more", json_pack("{s:I, s:I, s:I, s:I}", "items", (json_int_t)r->items_left, "held",
                                           (json_int_t)r->held_left, "agents", (json_int_t)r->agents_left, "spared",
                                           (json_int_t)r->spared_left));
  json_object_set_new(j, "unfit", json_integer((json_int_t)r->unfit));
  return j;
}

/* ---- tables */

static void print_name(struct slice s, int width) {
  printf("%-*.*s", width, (int)s.len, s.at);
}

/* "x 2.7", or "-" when the record does not say. */
static void print_factor(double n) {
  if (isfinite(n))
    printf(" %8.3g", n);
  else
    printf(" %8s", "-");
}

static void print_kept(const struct rule_record *r, size_t queue) {
  if (queue == RULE_NO_QUEUE)
    return;
  printf("  kept for ");
  print_name(r->queues[queue].name, 0);
}

static void print_items(const struct rule_record *r, const char *title, const struct rule_item_row *rows, size_t count,
                        size_t more) {
  if (count == 0)
    return;
  printf("      %-18s %-8s %8s %8s %8s %8s %8s %18s  %s\n", title, "", "value", "clock", "speed", "known", "urgency",
         "ln I", "queue");
  for (size_t i = 0; i < count; i++) {
    const struct rule_item_row *row = &rows[i];
    printf("      ");
    print_name(row->item.id, 18);
    printf(" %-8s", set_names[row->item.set]);
    print_factor(exp(row->item.ln_value));
    print_factor(clock_of(r, &row->item));
    print_factor(exp(row->ln_speed));
    print_factor(exp(row->ln_known));
    print_factor(urgency_of(r, row));
    printf(" %18.12g  ", row->index);
    print_name(r->queues[row->item.queue].name, 0);
    print_kept(r, row->kept_for);
    printf("\n");
  }
  if (more)
    printf("      and %zu more\n", more);
}

static void print_lost(const struct rule_record *r, rule_queues lost) {
  const char *before = "  no longer free for ";
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (lost >> q & 1) {
      printf("%s", before);
      print_name(r->queues[q].name, 0);
      before = ", ";
    }
}

static void print_agents(const struct rule_record *r, const char *title, const struct rule_agent_row *rows,
                         size_t count, size_t more) {
  if (count == 0)
    return;
  printf("      %-18s %8s %8s %8s %8s %8s %9s %6s\n", title, "cost", "price", "crowded", "speed", "known", "units",
         "alike");
  for (size_t i = 0; i < count; i++) {
    const struct rule_agent_row *row = &rows[i];
    printf("      ");
    print_name(row->agent, 18);
    printf(" %8.4g %8.4g %8.4g", row->cost, row->price, row->crowded);
    print_factor(exp(row->ln_speed));
    print_factor(exp(row->ln_known));
    printf(" %4d/%-4d %6zu", row->used, row->units, row->alike);
    print_lost(r, row->lost);
    print_kept(r, row->kept_for);
    printf("\n");
  }
  if (more)
    printf("      and %zu more\n", more);
}

static void print_queues(const struct rule_record *r) {
  if (!r->seen)
    return;
  printf("      %-18s %8s %8s %9s %12s %s\n", "queue", "able", "keep", "scarcity", "target", "");
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (r->seen >> q & 1) {
      printf("      ");
      print_name(r->queues[q].name, 18);
      printf(" %8d %8d %9.4g %10.0f s %s\n", r->queues[q].able, r->queues[q].keep, r->queues[q].scarcity,
             r->queues[q].target_ms / 1000, r->queues[q].real_time ? "real time" : "");
    }
}

static void print_weights(const struct rule_weights *w) {
  size_t count;
  const struct rule_weight_about *about = rule_weights_about(&count);
  printf("      weights:");
  for (size_t i = 0; i < count; i++)
    printf(" %s %g", about[i].name, *(const double *)((const char *)w + about[i].offset));
  printf("\n");
}

void record_print(const struct rule_record *r) {
  const char *where = NULL;
  print_items(r, "item", r->items, r->item_count, r->items_left);
  print_items(r, "held back", r->held, r->held_count, r->held_left);
  print_agents(r, "agent", r->agents, r->agent_count, r->agents_left);
  print_agents(r, "spared", r->spared, r->spared_count, r->spared_left);
  print_queues(r);
  print_weights(&r->weights);
  if (r->unfit)
    printf("      %zu items that nobody with room fits\n", r->unfit);
  if (rule_replay(r, &where) == 0)
    printf("      decided again from these numbers alone: the same\n");
  else
    printf("      decided again from these numbers alone: DIFFERENT in %s. Please report it, with --json\n",
           where ? where : "?");
}
