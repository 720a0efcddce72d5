/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate_show.h"
#include "base/clock.h"
#include <math.h>
#include <stdio.h>

enum { CELL = 40, STRANGERS_TOLD = 10 };

/* ---- figures as text */

/* "1h 05m", "3m 20s", "0.4s". */
static void time_text(double ms, char ret[CELL]) {
  double s = fabs(ms) / 1000;
  const char *sign = ms < 0 ? "-" : "";
  if (s < 10 && s > 0)
    snprintf(ret, CELL, "%s%.1fs", sign, s);
  else if (s < 60)
    snprintf(ret, CELL, "%s%.0fs", sign, s);
  else if (s < 3600)
    snprintf(ret, CELL, "%s%dm %02ds", sign, (int)(s / 60), (int)s % 60);
  else if (s < 48 * 3600)
    snprintf(ret, CELL, "%s%dh %02dm", sign, (int)(s / 3600), (int)(s / 60) % 60);
  else
    snprintf(ret, CELL, "%s%dd %02dh", sign, (int)(s / 86400), (int)(s / 3600) % 24);
}

static void figure_text(enum measure_unit unit, double x, char ret[CELL]) {
  if (isnan(x)) {
    snprintf(ret, CELL, "-");
    return;
  }
  switch (unit) {
  case UNIT_COUNT: snprintf(ret, CELL, "%.0f", x); break;
  case UNIT_SHARE: snprintf(ret, CELL, "%.1f %%", 100 * x); break;
  case UNIT_RATIO: snprintf(ret, CELL, "%.2f", x); break;
  case UNIT_TIME: time_text(x, ret); break;
  }
}

static void difference_text(enum measure_unit unit, double x, char ret[CELL]) {
  char text[CELL];
  if (isnan(x)) {
    ret[0] = '\0';
    return;
  }
  if (unit == UNIT_SHARE)
    snprintf(text, CELL, "%.1f", 100 * x);
  else
    figure_text(unit, x, text);
  snprintf(ret, CELL, "%s%.30s", x > 0 ? "+" : "", text);
}

static void interval_text(enum measure_unit unit, const struct measured *f, char ret[2 * CELL + 8]) {
  char low[CELL], high[CELL];
  ret[0] = '\0';
  if (isnan(f->low))
    return;
  difference_text(unit, f->low, low);
  difference_text(unit, f->high, high);
  snprintf(ret, 2 * CELL + 8, "%s … %s", low, high);
}

/* ---- the table */

/* Nothing to tell on either side. */
static bool is_empty(enum measure m, const struct measured *f) {
  bool nothing = isnan(f->old) && isnan(f->changed);
  bool event = m == MEASURE_UNANSWERED || m == MEASURE_OVERFLOWED || m == MEASURE_DIVERTED || m == MEASURE_RELAXED;
  return nothing || (event && !(f->old > 0) && !(f->changed > 0));
}

static void print_figure(enum measure m, const struct measured *f) {
  const struct measure_about *about = &measures_about[m];
  char old[CELL], changed[CELL], difference[CELL], interval[2 * CELL + 8];
  if (is_empty(m, f))
    return;
  figure_text(about->unit, f->old, old);
  figure_text(about->unit, f->changed, changed);
  difference_text(about->unit, f->changed - f->old, difference);
  interval_text(about->unit, f, interval);
  int wide = interval[0] ? 26 : 24; /* the ellipsis takes three bytes */
  printf("  %-28s %10s %10s %11s  %-*s %s\n", about->words, old, changed, difference, wide, interval,
         measure_word_text(measure_word(m, f)));
}

static void print_rows(const char *title, const struct measure_row *row) {
  const char *only = row->in_old && row->in_changed ? "" : row->in_old ? " (not in the new one)" : " (new)";
  printf("%s%s%s\n", title, row->name, only);
  for (size_t m = 0; m < MEASURES; m++)
    print_figure((enum measure)m, &row->figures[m]);
}

static void print_agents(const struct comparison *c) {
  printf("agents %34s %24s\n", "items", "load");
  for (size_t i = 0; i < c->agent_count; i++) {
    const struct measured *items = &c->agents[i].figures[MEASURE_ITEMS], *load = &c->agents[i].figures[MEASURE_LOAD];
    char text[6][CELL];
    figure_text(UNIT_COUNT, items->old, text[0]);
    figure_text(UNIT_COUNT, items->changed, text[1]);
    difference_text(UNIT_COUNT, items->changed - items->old, text[2]);
    figure_text(UNIT_SHARE, load->old, text[3]);
    figure_text(UNIT_SHARE, load->changed, text[4]);
    difference_text(UNIT_SHARE, load->changed - load->old, text[5]);
    printf("  %-20s %7s %7s %6s  %8s %8s %6s\n", c->agents[i].name, text[0], text[1], text[2], text[3], text[4],
           text[5]);
  }
}

/* ---- what it rests on */

static const char *const duty_words[] = {[DUTY_PRESENCE] = "their sign-ins",
                                         [DUTY_HOURS] = "their hours",
                                         [DUTY_WORK] = "their first and last work of each day",
                                         [DUTY_COLLEAGUES] = "the hours in which anybody worked",
                                         [DUTY_ALWAYS] = "nothing: always on duty"};

static void print_head(const struct simulate_report *r) {
  char from[RFC3339_LEN + 1], to[RFC3339_LEN + 1];
  const struct past *p = r->past;
  clock_rfc3339(p->from_ms, from);
  clock_rfc3339(p->to_ms, to);
  printf("%zu work items of %zu contact events, %s … %s\n", p->count, p->contacts, from, to);
  printf("handling times: %zu measured, %zu by the mean of their queue\n", p->measured, p->count - p->measured);
  if (p->taken) {
    char half[CELL], most[CELL];
    time_text((double)p->taken_median_ms, half);
    time_text((double)p->taken_p95_ms, most);
    printf("in truth, by the wall's clock: half were taken within %s, 95 %% within %s\n", half, most);
  }
  printf("old: %s\nnew: %s\n\n", r->old_name, r->new_name);
}

/* Whose work the others have to do now. */
static void print_strangers(const struct simulate_report *r, size_t side) {
  size_t count = 0, at = 0;
  const char *name, *which = side ? "new" : "old";
  while (past_stranger(r->past, r->desks[side], &at))
    count++;
  if (r->desks[side]->agent_count == 0)
    printf("Mind that the %s definition has no agents: nothing is answered in it.\n", which);
  if (count == 0)
    return;
  printf("%zu agent%s who worked %s not in the %s definition:", count, count > 1 ? "s" : "", count > 1 ? "are" : "is",
         which);
  at = 0;
  for (size_t n = 0; n < STRANGERS_TOLD && (name = past_stranger(r->past, r->desks[side], &at)); n++)
    printf("%s %s", n ? "," : "", name);
  printf("%s\n", count > STRANGERS_TOLD ? ", …" : "");
}

static void print_notes(const struct simulate_report *r) {
  const struct past *p = r->past;
  printf("\nAnswered is when an agent took it. Waiting runs on the clock of the queue, which stands while it is "
         "closed.\n");
  if (r->comparison->days < 2)
    printf("All of it is one day: what of a difference is chance cannot be told.\n");
  else
    printf("Interval: 95 %% of %d draws from the %zu days%s.\n", MEASURE_RESAMPLES, r->comparison->days,
           r->comparison->days < 5 ? "; so few days tell little" : "");
  for (size_t side = 0; side < 2; side++)
    for (size_t s = 0; s < DUTY_SOURCES; s++)
      if (r->duty[side][s])
        printf("Duty of %zu agents (%s) by %s.\n", r->duty[side][s], side ? "new" : "old", duty_words[s]);
  for (size_t side = 0; side < 2; side++)
    print_strangers(r, side);
  if (p->before)
    printf("%zu work items had begun before the first event and are left out: the replay begins with empty queues.\n",
           p->before);
  if (p->without_agent)
    printf("%zu ended without an agent (merged, closed unseen) and are left out.\n", p->without_agent);
  if (p->repeated)
    printf("%zu events came twice and count once.\n", p->repeated);
  if (r->broken)
    printf("%zu lines could not be read and are left out.\n", r->broken);
  if (r->full)
    printf("More than %d contact events or %d events in all: what came after them is left out.\n",
           HISTORY_CONTACTS_MOST, HISTORY_FACTS_MOST);
  for (size_t side = 0; side < 2; side++)
    if (r->cut[side])
      printf("%zu of %zu decisions (%s) did not see all: more than %d kinds of work waited at once; the least urgent\n"
             "were left out of these.\n", r->cut[side], r->decisions[side], side ? "new" : "old", RULE_QUEUES);
  printf("A replay cannot know how customers would have reacted (written again, given up) nor how agents would have\n"
         "worked at another pace; offers are accepted at once. Take differences as a direction, not as a promise.\n");
}

void simulate_show(const struct simulate_report *r) {
  print_head(r);
  printf("  %-28s %10s %10s %11s  %-24s\n", "", "old", "new", "difference", "95 % interval");
  print_rows("in all", &r->comparison->all);
  for (size_t q = 0; q < r->comparison->queue_count; q++) {
    const struct measure_row *row = &r->comparison->queues[q];
    if (row->figures[MEASURE_ITEMS].old > 0 || row->figures[MEASURE_ITEMS].changed > 0)
      print_rows("queue ", row);
  }
  print_agents(r->comparison);
  print_notes(r);
}

/* ---- JSON */

static json_t *number(double x) {
  return isnan(x) ? json_null() : json_real(x);
}

static json_t *row_json(const struct measure_row *row) {
  json_t *j = json_object();
  if (row->name[0])
    json_object_set_new(j, "name", json_string(row->name));
  json_object_set_new(j, "in_old", json_boolean(row->in_old));
  json_object_set_new(j, "in_new", json_boolean(row->in_changed));
  for (size_t m = 0; m < MEASURES; m++) {
    const struct measured *f = &row->figures[m];
    if (isnan(f->old) && isnan(f->changed))
      continue;
    json_t *one = json_pack("{s:o, s:o, s:o}", "old", number(f->old), "new", number(f->changed), "difference",
                            number(f->changed - f->old));
    if (!isnan(f->low))
      json_object_set_new(one, "interval", json_pack("[f, f]", f->low, f->high));
    const char *word = measure_word_text(measure_word((enum measure)m, f));
    if (word[0])
      json_object_set_new(one, "word", json_string(word));
    json_object_set_new(j, measures_about[m].name, one);
  }
  return j;
}

static json_t *rows_json(const struct measure_row *rows, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, row_json(&rows[i]));
  return list;
}

static json_t *duty_json(const size_t duty[DUTY_SOURCES]) {
  static const char *const names[] = {[DUTY_PRESENCE] = "presence", [DUTY_HOURS] = "hours", [DUTY_WORK] = "work",
                                      [DUTY_COLLEAGUES] = "colleagues", [DUTY_ALWAYS] = "always"};
  json_t *j = json_object();
  for (size_t s = 0; s < DUTY_SOURCES; s++)
    json_object_set_new(j, names[s], json_integer((json_int_t)duty[s]));
  return j;
}

static json_t *side_json(const struct simulate_report *r, size_t side) {
  return json_pack("{s:s, s:o, s:I, s:I}", "desk", side ? r->new_name : r->old_name, "duty", duty_json(r->duty[side]),
                   "decisions", (json_int_t)r->decisions[side], "decisions_cut", (json_int_t)r->cut[side]);
}

json_t *simulate_json(const struct simulate_report *r) {
  const struct past *p = r->past;
  char from[RFC3339_LEN + 1], to[RFC3339_LEN + 1];
  clock_rfc3339(p->from_ms, from);
  clock_rfc3339(p->to_ms, to);
  json_t *j = json_pack("{s:s, s:s, s:b}", "from", from, "to", to, "limit_reached", r->full);
  const struct {
    const char *name;
    size_t count;
  } counts[] = {{"contact_events", p->contacts}, {"items", p->count},
                {"measured", p->measured},       {"left_out_before", p->before},
                {"repeated", p->repeated},       {"left_out_without_agent", p->without_agent},
                {"broken", r->broken},           {"days", r->comparison->days}};
  for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
    json_object_set_new(j, counts[i].name, json_integer((json_int_t)counts[i].count));
  if (p->taken)
    json_object_set_new(j, "truth",
                        json_pack("{s:I, s:I, s:I}", "taken", (json_int_t)p->taken, "wall_median_ms",
                                  (json_int_t)p->taken_median_ms, "wall_p95_ms", (json_int_t)p->taken_p95_ms));
  json_object_set_new(j, "old", side_json(r, 0));
  json_object_set_new(j, "new", side_json(r, 1));
  json_object_set_new(j, "all", row_json(&r->comparison->all));
  json_object_set_new(j, "queues", rows_json(r->comparison->queues, r->comparison->queue_count));
  json_object_set_new(j, "agents", rows_json(r->comparison->agents, r->comparison->agent_count));
  return j;
}
