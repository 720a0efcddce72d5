/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_views COUNT SEED: for each random desk two lines, the view as JSON (common/dispatch/rule.lua says its members)
 * and the decision's record (common/dispatch/record.h).
 */
#include "dispatch/record.h"
#include "tests/unit/common/dispatch/random_desk.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const sets[RULE_SETS] = {"p", "o", "l"};

static void put_text(const char *member, struct slice s) {
  printf("\"%s\":\"%.*s\",", member, (int)s.len, s.at);
}

static void put_number(const char *member, double n) {
  printf("\"%s\":%.17g,", member, n);
}

static void put_weights(const struct rule_weights *w) {
  size_t count;
  const struct rule_weight_about *about = rule_weights_about(&count);
  printf("\"weights\":[");
  for (size_t i = 0; i < count; i++) {
    double value;
    memcpy(&value, (const char *)w + about[i].offset, sizeof(value));
    printf("%s%.17g", i ? "," : "", value);
  }
  printf("],");
}

static void put_queue(const struct rule_queue *q) {
  printf("{");
  put_text("name", q->name);
  put_number("target_ms", q->target_ms);
  put_number("scarcity", q->scarcity);
  put_number("kind", q->kind);
  put_number("units", q->units);
  put_number("able", q->able);
  put_number("now_ms", q->now_ms);
  put_number("base", q->base);
  put_number("slope", q->slope);
  put_number("late_base", q->late_base);
  put_number("late_slope", q->late_slope);
  put_number("head_start_ms", q->head_start_ms);
  put_number("keep", q->keep);
  printf("\"real_time\":%s}", q->real_time ? "true" : "false");
}

static void put_group(const struct rule_group *g, size_t queues) {
  printf("{\"ln_speed\":[");
  for (size_t q = 0; q < queues; q++)
    if (g->ln_speed[q] > RULE_LACKS)
      printf("%s%.17g", q ? "," : "", g->ln_speed[q]);
    else
      printf("%sfalse", q ? "," : "");
  printf("],\"kind_room\":[");
  for (size_t k = 0; k < RULE_KINDS; k++)
    printf("%s%d", k ? "," : "", g->kind_room[k]);
  printf("],");
  put_number("room", g->room);
  put_number("units", g->units);
  put_number("crowded", g->crowded);
  put_text("agent", g->agent);
  put_number("idle_since_ms", g->idle_since_ms);
  printf("\"count\":%zu}", g->count);
}

static void put_item(const struct rule_item *w, size_t groups) {
  printf("{");
  put_text("id", w->id);
  put_number("queue", (double)w->queue);
  put_number("score", w->score);
  put_number("arrival_ms", w->arrival_ms);
  put_number("ln_value", w->ln_value);
  if (w->known_group != RULE_NOBODY) {
    put_text("known", w->known);
    put_number("known_group", (double)w->known_group);
    put_number("known_idle_ms", w->known_idle_ms);
    put_number("ln_known", w->ln_known);
  }
  printf("\"behind\":%s,\"barred\":[", w->behind ? "true" : "false");
  for (size_t g = 0; w->barred && g < groups; g++)
    printf("%s%s", g ? "," : "", w->barred[g] ? "true" : "false");
  printf("],\"set\":\"%s\"}", sets[w->set]);
}

static void put_view(const struct rule_view *v) {
  printf("{");
  put_weights(v->weights);
  printf("\"queues\":[");
  for (size_t q = 0; q < v->queue_count; q++) {
    printf("%s", q ? "," : "");
    put_queue(&v->queues[q]);
  }
  printf("],\"groups\":[");
  for (size_t g = 0; g < v->group_count; g++) {
    printf("%s", g ? "," : "");
    put_group(&v->groups[g], v->queue_count);
  }
  printf("],\"items\":[");
  for (size_t i = 0; i < v->item_count; i++) {
    printf("%s", i ? "," : "");
    put_item(&v->items[i], v->group_count);
  }
  printf("]}\n");
}

/* What random_desk() leaves out: items behind the head, and groups that declined. */
static void add_more(struct desk *d, bool barred[DESK_ITEMS][DESK_MOST]) {
  for (size_t i = 0; i < d->view.item_count; i++) {
    d->items[i].behind = d->items[i].known_group != RULE_NOBODY && desk_pick(1);
    if (desk_pick(3))
      continue;
    for (size_t g = 0; g < d->view.group_count; g++)
      barred[i][g] = desk_pick(2) == 0;
    d->items[i].barred = barred[i];
  }
}

int main(int argc, char **argv) {
  static struct desk d;
  static bool barred[DESK_ITEMS][DESK_MOST];
  unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
  desk_seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
  for (unsigned long n = 0; n < count; n++) {
    struct buf text = BUF_INIT(1 << 20);
    random_desk(&d);
    add_more(&d, barred);
    rule_count(d.queues, d.view.queue_count, d.groups, d.view.group_count);
    int r = rule_decide(&d.view, &d.record);
    if (r < 0 || rule_replay(&d.record, NULL) || rule_record_write(&d.record, &text))
      return 1;
    put_view(&d.view);
    printf("%s\n", text.at);
    buf_free(&text);
  }
  return 0;
}
