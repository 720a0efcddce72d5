/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs beside each other. */
#include "simulate/measure_internal.h"
#include "desk/names.h"
#include <math.h>
#include <stdlib.h>

static void clear_row(struct measure_row *row, const char *name) {
  *row = (struct measure_row){.name = name};
  for (size_t m = 0; m < MEASURES; m++)
    row->figures[m] = (struct measured){NAN, NAN, NAN, NAN};
}

static void set_side(struct measure_row *row, size_t side, const double figures[MEASURES]) {
  *(side ? &row->in_changed : &row->in_old) = true;
  for (size_t m = 0; m < MEASURES; m++)
    *(side ? &row->figures[m].changed : &row->figures[m].old) = figures[m];
}

/* ---- in all */

static double load_of(const struct simulate_result *r, size_t agents) {
  double busy = 0, duty = 0;
  for (size_t i = 0; i < agents; i++) {
    busy += r->agents[i].busy_ms;
    duty += r->agents[i].duty_ms;
  }
  return duty > 0 ? busy / duty : NAN;
}

/* Every queue's sums; one more for all. */
static struct sums *sum_up(const struct comparing *c, size_t side) {
  size_t queues = c->in[side]->desk->queue_count;
  struct sums *all = must_calloc(queues + 1, sizeof(*all));
  for (size_t i = 0; i < c->in[side]->count; i++) {
    const struct simulate_outcome *o = &c->result[side]->outcomes[i];
    sums_add(&all[o->queue], o, c->in[1]->places[i].worth);
    sums_add(&all[queues], o, c->in[1]->places[i].worth);
  }
  return all;
}

/* ---- by name */

static struct measure_row *row_for(struct measure_row *rows, size_t *count, struct names *numbers, const char *name) {
  uint32_t number = names_find(numbers, slice_text(name));
  if (number == NAMES_NONE) {
    number = (uint32_t)(*count)++;
    names_add(numbers, slice_text(name), number);
    clear_row(&rows[number], name);
  }
  return &rows[number];
}

static void compare_queues(const struct comparing *c, struct comparison *ret) {
  struct names numbers = {0};
  double figures[MEASURES], *room = must_calloc(c->in[0]->count + 1, sizeof(*room));
  ret->queues = must_calloc(c->in[0]->desk->queue_count + c->in[1]->desk->queue_count + 1, sizeof(*ret->queues));
  for (size_t side = 0; side < 2; side++) {
    size_t queues = c->in[side]->desk->queue_count, count = c->in[side]->count;
    struct sums *sums = sum_up(c, side);
    for (size_t q = 0; q < queues; q++) {
      sums_figures(&sums[q], figures);
      if (sums[q].items > 0)
        measure_quantiles(c->result[side], count, q, room, figures);
      set_side(row_for(ret->queues, &ret->queue_count, &numbers, c->in[side]->desk->queues[q].name), side, figures);
    }
    sums_figures(&sums[queues], figures);
    measure_quantiles(c->result[side], count, MEASURE_ALL, room, figures);
    figures[MEASURE_LOAD] = load_of(c->result[side], c->in[side]->desk->agent_count);
    set_side(&ret->all, side, figures);
    free(sums);
  }
  free(room);
  names_free(&numbers);
}

static void compare_agents(const struct comparing *c, struct comparison *ret) {
  struct names numbers = {0};
  ret->agents = must_calloc(c->in[0]->desk->agent_count + c->in[1]->desk->agent_count + 1, sizeof(*ret->agents));
  for (size_t side = 0; side < 2; side++)
    for (size_t a = 0; a < c->in[side]->desk->agent_count; a++) {
      const struct simulate_agent *from = &c->result[side]->agents[a];
      double figures[MEASURES];
      for (size_t m = 0; m < MEASURES; m++)
        figures[m] = NAN;
      figures[MEASURE_ITEMS] = (double)from->items;
      figures[MEASURE_LOAD] = from->duty_ms > 0 ? from->busy_ms / from->duty_ms : NAN;
      set_side(row_for(ret->agents, &ret->agent_count, &numbers, c->in[side]->desk->agents[a].name), side, figures);
    }
  names_free(&numbers);
}

static size_t queue_named(const struct desk *d, const char *name) {
  for (size_t q = 0; q < d->queue_count; q++)
    if (strcmp(d->queues[q].name, name) == 0)
      return q;
  return MEASURE_ALL;
}

static void draw_intervals(const struct comparing *c, struct comparison *ret) {
  ret->days = bootstrap(c, NULL, ret->all.figures);
  for (size_t i = 0; i < ret->queue_count; i++) {
    struct measure_row *row = &ret->queues[i];
    struct both_queues both = {{queue_named(c->in[0]->desk, row->name), queue_named(c->in[1]->desk, row->name)}};
    if (row->in_old && row->in_changed)
      (void)bootstrap(c, &both, row->figures);
  }
}

void compare(const struct comparing *c, struct comparison *ret) {
  *ret = (struct comparison){0};
  clear_row(&ret->all, "");
  compare_queues(c, ret);
  compare_agents(c, ret);
  draw_intervals(c, ret);
}

void comparison_free(struct comparison *c) {
  free(c->queues);
  free(c->agents);
  *c = (struct comparison){0};
}
