/* SPDX-License-Identifier: Apache-2.0 */
/* Any lines as exported events, played on two desk definitions. */
#include "services/ctl/simulate_read.h"
#include "simulate/measure.h"
#include <math.h>

static const char old_text[] =
    "queues:\n"
    "  - {name: support, answer_within: 1h, hours: office, language: 3, nobody: late, limit: {waiting: 3, to: late}}\n"
    "  - {name: chat, answer_within: 1m}\n"
    "  - {name: late}\n"
    "agents:\n"
    "  - {name: ana, queues: [support, chat], skills: {de: 5}, capacity: 2, hours: office}\n"
    "  - {name: bo, queues: [late]}\n"
    "hours: [{name: office, zone: Europe/Berlin, open: {mon-sun: \"00:00-18:00\"}}]\n"
    "rules: [{name: chat, when: {words: [chat], customer_tags: [vip]}, then: {queue: chat, priority: 2}}]\n"
    "default: {queue: support}\n";
static const char new_text[] =
    "queues:\n"
    "  - name: support\n"
    "    answer_within: 2h\n"
    "    relax: [{after: 1m, skills: {de: 0}}]\n"
    "    overflow: [{after: 2m, to: chat}]\n"
    "    levels: [{when: {customer_value: \">= 5\"}, answer_within: 10m}]\n"
    "    wrap_up: 30s\n"
    "  - {name: chat, answer_within: 30s}\n"
    "agents:\n"
    "  - {name: ana, queues: [support], skills: {de: 5}, capacity: {total: 3, email: 1}}\n"
    "  - {name: eve, queues: [chat]}\n"
    "dispatch: {prefer: 1m}\n"
    "value: [{figure: value, points: {0: 0.5, 100: 2}}, {tag: vip, factor: 2}]\n"
    "rules: [{name: de, when: {customer_language: [de]}, then: {queue: support, skills: [\"de >= 4\"]}}]\n"
    "default: {queue: chat}\n";

static struct desk *desk_of(const char *text) {
  struct desk *d = NULL;
  struct complaint c;
  int r = desk_parse(slice_text(text), "desk", &d, &c);
  assert(r == 0);
  return d;
}

struct side {
  struct simulate_input in;
  struct simulate_result result;
  struct calendar duty[2];
};

static void play(const struct past *p, struct desk *const desks[2], size_t n, struct side *s) {
  for (size_t a = 0; a < 2; a++) {
    enum duty_source source;
    s->duty[a] = past_duty(p, desks[n], a, desks[0], &source);
  }
  s->in = (struct simulate_input){.desk = desks[n], .items = p->items, .places = p->places[n], .count = p->count,
                                  .classes = p->classes, .kinds = p->kinds, .kind_count = p->kind_count, .names = p->names,
                                  .name_count = p->name_count, .duty = s->duty, .from_ms = p->from_ms, .to_ms = p->to_ms};
  simulate_run(&s->in, &s->result);
}

static void replay(const struct past *p, struct desk *const desks[2]) {
  struct side sides[2] = {0};
  struct comparison c;
  for (size_t n = 0; n < 2; n++)
    play(p, desks, n, &sides[n]);
  compare(&(struct comparing){.in = {&sides[0].in, &sides[1].in}, .result = {&sides[0].result, &sides[1].result}}, &c);
  assert((size_t)c.all.figures[MEASURE_ITEMS].old == p->count && (size_t)c.all.figures[MEASURE_ITEMS].changed == p->count);
  comparison_free(&c);
  for (size_t n = 0; n < 2; n++) {
    simulate_result_free(&sides[n].result);
    for (size_t a = 0; a < 2; a++)
      calendar_free(&sides[n].duty[a]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct desk *desks[2];
  if (!desks[0]) {
    desks[0] = desk_of(old_text);
    desks[1] = desk_of(new_text);
  }
  struct simulate_reading r = {.history = history_new(desks[0], desks[1], 0), .desks = {desks[0], desks[1]}};
  struct slice rest = slice_of(data, size), line;
  while (slice_split(&rest, '\n', &line)) {
    json_t *event = json_loadb(line.at, line.len, 0, NULL);
    if (event && simulate_read_event(&r, event))
      r.broken++;
    json_decref(event);
  }
  struct past p;
  if (history_close(r.history, &p) == 0) {
    replay(&p, desks);
    past_free(&p);
  }
  history_free(&r.history);
  return 0;
}
