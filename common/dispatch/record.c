/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch/record.h"
#include "dispatch/rule_internal.h"
#include <stdlib.h>

#define US "\x1f"
#define RS "\x1e"
static const char set_letters[] = "pol";

/* ---- writing */

static void add_number(struct buf *b, double n) {
  if (isnan(n))
    buf_add_text(b, US);
  else
    buf_printf(b, US "%.17g", n);
}

static void add_queue_number(struct buf *b, size_t queue) {
  if (queue == RULE_NO_QUEUE)
    buf_add_text(b, US);
  else
    buf_printf(b, US "%zu", queue);
}

static void add_name(struct buf *b, struct slice name) {
  buf_add_text(b, US);
  for (size_t i = 0; i < name.len; i++) /* a control could end the field */
    buf_add_char(b, (unsigned char)name.at[i] < 0x20 ? ' ' : name.at[i]);
}

static void add_numbers(struct buf *b, const double *n, size_t count) {
  for (size_t i = 0; i < count; i++)
    add_number(b, n[i]);
}

static void write_weights(const struct rule_weights *w, struct buf *b) {
  const double numbers[] = {
#define WEIGHT(member, name, standard, least, most, unit, what) w->member,
#include "dispatch/rule_weights.def"
#undef WEIGHT
  };
  buf_add_text(b, "w");
  add_numbers(b, numbers, sizeof(numbers) / sizeof(numbers[0]));
  buf_add_text(b, RS);
}

static void write_queue(size_t number, const struct rule_queue *q, struct buf *b) {
  const double numbers[] = {q->target_ms, q->base, q->slope, q->late_base, q->late_slope, q->head_start_ms,
                            q->now_ms,    q->able, q->keep,  q->scarcity,  q->real_time};
  buf_add_text(b, "q");
  add_queue_number(b, number);
  add_name(b, q->name);
  add_numbers(b, numbers, sizeof(numbers) / sizeof(numbers[0]));
  buf_add_text(b, RS);
}

static void write_item(char kind, const struct rule_item_row *row, struct buf *b) {
  const struct rule_item *w = &row->item;
  const double numbers[] = {w->score, row->index, row->ln_speed, row->ln_known};
  buf_add_char(b, kind);
  add_name(b, w->id);
  add_queue_number(b, w->queue);
  buf_printf(b, US "%c", set_letters[w->set]);
  add_numbers(b, numbers, sizeof(numbers) / sizeof(numbers[0]));
  add_queue_number(b, row->kept_for);
  add_number(b, w->arrival_ms);
  add_number(b, w->ln_value);
  add_name(b, w->needs);
  buf_add_text(b, RS);
}

static void write_agent(char kind, const struct rule_agent_row *row, struct buf *b) {
  const double numbers[] = {row->ln_speed, row->ln_known, row->crowded, row->used, row->units, row->idle_since_ms};
  const char *blank = US;
  buf_add_char(b, kind);
  add_name(b, row->agent);
  add_numbers(b, numbers, sizeof(numbers) / sizeof(numbers[0]));
  if (!row->lost)
    buf_add_text(b, US);
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (rule_has(row->lost, q)) {
      buf_printf(b, "%s%zu", blank, q);
      blank = " ";
    }
  add_number(b, row->price);
  add_number(b, row->cost);
  add_queue_number(b, row->kept_for);
  buf_printf(b, US "%zu" RS, row->alike);
}

int rule_record_write(const struct rule_record *r, struct buf *b) {
  write_weights(&r->weights, b);
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (rule_has(r->seen, q))
      write_queue(q, &r->queues[q], b);
  for (size_t i = 0; i < r->item_count; i++)
    write_item('i', &r->items[i], b);
  for (size_t i = 0; i < r->held_count; i++)
    write_item('h', &r->held[i], b);
  for (size_t i = 0; i < r->agent_count; i++)
    write_agent('a', &r->agents[i], b);
  for (size_t i = 0; i < r->spared_count; i++)
    write_agent('s', &r->spared[i], b);
  buf_printf(b, "n" US "%zu" US "%zu" US "%zu" US "%zu" US "%zu" RS, r->items_left, r->held_left, r->agents_left,
             r->spared_left, r->unfit);
  return b->full ? BUF_FULL : 0;
}

/* ---- reading: `wrong` stays set once anything was */

struct row {
  struct slice rest;
  bool wrong;
};

static struct slice take(struct row *r) {
  struct slice field = {"", 0};
  if (!slice_split(&r->rest, US[0], &field))
    r->wrong = true;
  return field;
}

static double take_number_or_none(struct row *r) {
  struct slice field = take(r);
  char text[40], *end;
  if (field.len == 0)
    return NAN;
  if (field.len >= sizeof(text)) {
    r->wrong = true;
    return NAN;
  }
  memcpy(text, field.at, field.len);
  text[field.len] = 0;
  double n = strtod(text, &end);
  if (*end || !isfinite(n))
    r->wrong = true;
  return n;
}

static double take_number(struct row *r) {
  double n = take_number_or_none(r);
  if (isnan(n))
    r->wrong = true;
  return n;
}

static size_t take_count(struct row *r, uint64_t most) {
  uint64_t n = 0;
  if (slice_to_u64(take(r), most, &n))
    r->wrong = true;
  return r->wrong ? 0 : (size_t)n;
}

static size_t queue_number(struct row *r, struct slice field, rule_queues seen) {
  uint64_t n = 0;
  if (slice_to_u64(field, RULE_QUEUES - 1, &n) || !rule_has(seen, n))
    r->wrong = true;
  return r->wrong ? 0 : (size_t)n;
}

static size_t take_queue(struct row *r, rule_queues seen, bool may_be_none) {
  struct slice field = take(r);
  return may_be_none && field.len == 0 ? RULE_NO_QUEUE : queue_number(r, field, seen);
}

static void read_weights(struct row *r, struct rule_weights *w) {
#define WEIGHT(member, name, standard, least, most, unit, what) w->member = take_number(r);
#include "dispatch/rule_weights.def"
#undef WEIGHT
}

static void read_queue(struct row *r, struct rule_record *ret) {
  size_t number = take_count(r, RULE_QUEUES - 1);
  struct rule_queue *q = &ret->queues[number];
  *q = (struct rule_queue){.name = take(r)};
  double *const numbers[] = {&q->target_ms,  &q->base,          &q->slope, &q->late_base,
                             &q->late_slope, &q->head_start_ms, &q->now_ms};
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
    *numbers[i] = take_number(r);
  q->able = (int)take_count(r, INT32_MAX);
  q->keep = (int)take_count(r, INT32_MAX);
  q->scarcity = take_number(r);
  q->real_time = take_count(r, 1);
  ret->seen |= (rule_queues)1 << number;
}

static enum rule_set take_set(struct row *r) {
  struct slice field = take(r);
  const char *letter = field.len == 1 && *field.at ? strchr(set_letters, *field.at) : NULL;
  if (!letter)
    r->wrong = true;
  return letter ? (enum rule_set)(letter - set_letters) : RULE_ON_TIME;
}

static void read_item(struct row *r, rule_queues seen, bool held, struct rule_item_row *ret) {
  struct rule_item *w = &ret->item;
  *w = (struct rule_item){.id = take(r), .known_group = RULE_NOBODY};
  w->queue = take_queue(r, seen, false);
  w->set = take_set(r);
  w->score = take_number(r);
  ret->index = take_number(r);
  ret->ln_speed = take_number(r);
  ret->ln_known = take_number(r);
  ret->kept_for = take_queue(r, seen, !held);
  w->arrival_ms = take_number_or_none(r);
  w->ln_value = take_number_or_none(r);
  w->needs = take(r);
}

static rule_queues take_queues(struct row *r, rule_queues seen) {
  struct slice field = take(r), number;
  rule_queues set = 0;
  while (field.len && slice_split(&field, ' ', &number))
    set |= (rule_queues)1 << queue_number(r, number, seen);
  return set;
}

static void read_agent(struct row *r, rule_queues seen, struct rule_agent_row *ret) {
  ret->agent = take(r);
  double *const numbers[] = {&ret->ln_speed, &ret->ln_known, &ret->crowded};
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
    *numbers[i] = take_number(r);
  ret->used = (int)take_count(r, INT32_MAX);
  ret->units = (int)take_count(r, INT32_MAX);
  ret->idle_since_ms = take_number(r);
  ret->lost = take_queues(r, seen);
  ret->price = take_number(r);
  ret->cost = take_number(r);
  ret->kept_for = take_queue(r, seen, true);
  ret->alike = take_count(r, UINT32_MAX);
}

static void read_left(struct row *r, struct rule_record *ret) {
  size_t *const numbers[] = {&ret->items_left, &ret->held_left, &ret->agents_left, &ret->spared_left, &ret->unfit};
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
    *numbers[i] = take_count(r, UINT32_MAX);
}

/* The next free place of a table; wrong when it is full. */
static size_t place(struct row *r, size_t *count, size_t most) {
  if (*count == most)
    r->wrong = true;
  return r->wrong ? 0 : (*count)++;
}

static void read_row(struct row *r, char kind, struct rule_record *ret) {
  switch (kind) {
  case 'w': read_weights(r, &ret->weights); break;
  case 'q': read_queue(r, ret); break;
  case 'i': read_item(r, ret->seen, false, &ret->items[place(r, &ret->item_count, RULE_RECORD_ITEMS)]); break;
  case 'h': read_item(r, ret->seen, true, &ret->held[place(r, &ret->held_count, RULE_RECORD_HELD)]); break;
  case 'a': read_agent(r, ret->seen, &ret->agents[place(r, &ret->agent_count, RULE_RECORD_AGENTS)]); break;
  case 's': read_agent(r, ret->seen, &ret->spared[place(r, &ret->spared_count, RULE_RECORD_HELD)]); break;
  case 'n': read_left(r, ret); break;
  default: break;
  }
}

int rule_record_read(struct slice text, struct rule_record *ret) {
  struct slice line;
  bool weighed = false;
  memset(ret, 0, sizeof(*ret));
  while (text.len && slice_split(&text, RS[0], &line)) {
    struct row row = {line, false};
    struct slice kind = take(&row);
    if (kind.len != 1)
      continue;
    read_row(&row, *kind.at, ret);
    weighed |= *kind.at == 'w';
    if (row.wrong)
      return -EINVAL;
  }
  return weighed && (ret->item_count > 0) == (ret->agent_count > 0) ? 0 : -EINVAL;
}
