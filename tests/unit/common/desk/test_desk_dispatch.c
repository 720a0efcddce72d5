/* SPDX-License-Identifier: Apache-2.0 */
/* What dispatch is told by a desk: queues, agents, dispatch, value; what each becomes, its default, what is refused. */
#include "documents.h"
#include <math.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void test_defaults(void **state) {
  (void)state;
  struct desk *d = good("queues: [{name: q}, {name: fast, answer_within: 15m}, {name: slow, answer_within: 16m}]\n"
                        "agents: [{name: a, queues: [q]}]\ndefault: {queue: q}\n");
  const struct desk_queue *q = &d->queues[0];
  assert_true(q->next_within_ms == 0 && q->resolve_within_ms == 0 && q->handling_ms == 10 * MINUTE);
  assert_true(q->warn_at > 0.79 && q->warn_at < 0.81);
  assert_true(!q->real_time && !q->hours && q->after == AFTER_HOLD && !q->after_queue && q->language == 0);
  assert_true(!q->nobody && q->limit == 0 && !q->limit_queue && q->offer_to == 1 && q->offer_ms == 30 * SECOND);
  assert_true(q->wrap_ms == 0 && q->relax_count == 0 && q->overflow_count == 0 && q->level_count == 0);
  assert_true(d->queues[1].real_time && d->queues[1].next_within_ms == 15 * MINUTE);
  assert_true(!d->queues[2].real_time && d->queues[2].next_within_ms == 16 * MINUTE);
  const struct desk_agent *a = &d->agents[0];
  assert_true(a->capacity == 4 && a->kind_count == 0 && !a->hours && a->speeds[0] == 1);
  const struct desk_dispatch *x = &d->dispatch;
  assert_true(x->misses == 3 && x->lease_ms == 2 * MINUTE && x->transfer_ms == 5 * MINUTE && x->known_ms == 30 * DAY &&
              x->prefer_ms == 0 && x->again_ms == MINUTE);
  struct rule_weights standard = rule_weights_standard();
  assert_memory_equal(&x->weights, &standard, sizeof(standard));
  assert_int_equal(x->unit_count, 4);
  assert_string_equal(x->units[0].kind, "email");
  assert_string_equal(x->units[3].kind, "form");
  for (size_t i = 0; i < x->unit_count; i++)
    assert_int_equal(x->units[i].units, 1);
  assert_int_equal(d->factor_count, 0);
  assert_false(d->rules[0].own_within);
  desk_free(&d);
}

static const char whole[] =
    "default: {queue: support, answer_within: 2h}\n"
    "agents:\n"
    "  - {name: ana, queues: {billing: 1.2, support: 0.5}, capacity: {email: 4, total: 6, sms: 0}, hours: office}\n"
    "  - {name: bo, queues: {}, capacity: 1000}\n"
    "queues:\n"
    "  - name: billing\n"
    "    answer_within: 5m\n"
    "    next_within: 0\n"
    "    resolve_within: 3d\n"
    "    levels:\n"
    "      - {when: {customer_tags: [Gold], customer_value: \"> 5\"}, answer_within: 0, next_within: 1h}\n"
    "      - {resolve_within: 2d, when: {customer_language: [de]}}\n"
    "    warn_at: 1\n"
    "    hours: office\n"
    "    after_hours: take\n"
    "    real_time: false\n"
    "    handling: 90s\n"
    "    language: 3\n"
    "    relax:\n"
    "      - {after: 60s, skills: {billing: 1}}\n"
    "      - {skills: {zh: 0}, after: 5m}\n"
    "      - {after: 6m, skills: {billing: 1, zh: 0}}\n"
    "    overflow: [{after: 10m, to: support}, {after: 11m, to: third}]\n"
    "    nobody: support\n"
    "    limit: {waiting: 500, to: third}\n"
    "    offer: {to: 5, within: 10s}\n"
    "    wrap_up: 20s\n"
    "  - {name: support, hours: office, after_hours: {to: third}, relax: ~, levels: []}\n"
    "  - {name: third, real_time: true, answer_within: 1d, after_hours: hold, hours: office, offer: {}}\n"
    "dispatch: {units: {form: 3}, misses: 1, lease: 1h, transfer: 0, known: 1d, prefer: 15s, again: 2m,\n"
    "  weights: {late: 2, guard: 1m, reserve: 0, value_most: 8}}\n"
    "value:\n"
    "  - {figure: value, points: {-5: 0.5, 0.25: 1, 100: 2}}\n"
    "  - {points: {12h: 2, 2d: 1}, age: last order}\n"
    "  - {lifetime: m, keeps: 1, years: 3, points: {0: 1}}\n"
    "  - {lifetime: m, keeps: stays, years: 50, points: {0: 1}}\n"
    "  - {tag: VIP_1, factor: 2.5}\n"
    "  - {is: plan, text: Gold, factor: 1.5}\n"
    "hours: [{name: office, open: {mon: \"09:00-17:00\"}}]\n";

static void test_queue(void **state) {
  (void)state;
  struct desk *d = good(whole);
  const struct desk_queue *q = &d->queues[0], *support = &d->queues[1], *third = &d->queues[2];
  assert_true(q->answer_within_ms == 5 * MINUTE && q->next_within_ms == 0 && q->resolve_within_ms == 3 * DAY);
  assert_int_equal(q->level_count, 2);
  assert_string_equal(q->levels[0].customer, "tag=gold;value>5");
  assert_true(q->levels[0].answer_within_ms == 0 && q->levels[0].next_within_ms == HOUR &&
              q->levels[0].resolve_within_ms == DESK_AS_QUEUE);
  assert_true(q->levels[1].answer_within_ms == DESK_AS_QUEUE && q->levels[1].resolve_within_ms == 2 * DAY);
  assert_true(q->warn_at == 1 && q->hours == &d->hours[0] && q->after == AFTER_TAKE && !q->real_time);
  assert_true(q->handling_ms == 90 * SECOND && q->language == 3);
  assert_int_equal(q->relax_count, 3);
  assert_true(q->relax[0].after_ms == MINUTE && q->relax[0].count == 1 && q->relax[0].most[0].level == 1);
  assert_int_equal(q->relax[1].count, 2); /* what was softened stays so */
  assert_string_equal(q->relax[1].most[0].name, "zh");
  assert_string_equal(q->relax[1].most[1].name, "billing");
  assert_int_equal(q->relax[1].most[1].level, 1);
  assert_int_equal(q->relax[2].count, 2);
  assert_int_equal(q->overflow_count, 2);
  assert_true(q->overflow[1].after_ms == 11 * MINUTE);
  assert_string_equal(q->overflow[1].queue, "third");
  assert_string_equal(q->nobody, "support");
  assert_int_equal(q->limit, 500);
  assert_string_equal(q->limit_queue, "third");
  assert_true(q->offer_to == 5 && q->offer_ms == 10 * SECOND && q->wrap_ms == 20 * SECOND);
  assert_true(support->after == AFTER_TO && support->relax_count == 0 && support->level_count == 0);
  assert_string_equal(support->after_queue, "third");
  assert_true(third->real_time && third->after == AFTER_HOLD && third->offer_to == 1);
  assert_true(q->place.line == 6 && q->nobody_place.line == 24 && q->limit_place.line == 25);
  assert_true(support->after_place.line == 28 && d->hours[0].place.line == 39);
  assert_ptr_equal(desk_queue_named(d, SLICE("third")), third);
  assert_null(desk_queue_named(d, SLICE("none")));
  desk_free(&d);
}

static void test_agents_and_dispatch(void **state) {
  (void)state;
  struct desk *d = good(whole);
  const struct desk_agent *a = &d->agents[0];
  assert_int_equal(a->queue_count, 2);
  assert_string_equal(a->queues[0], "billing");
  assert_true(a->speeds[0] == 1.2 && a->speeds[1] == 0.5 && a->capacity == 6 && a->hours == &d->hours[0]);
  assert_int_equal(a->kind_count, 2);
  assert_string_equal(a->kinds[1].kind, "sms");
  assert_int_equal(a->kinds[1].units, 0);
  assert_true(a->place.line == 3 && a->capacity_place.line == 3 && a->capacity_place.column > a->place.column);
  assert_true(d->agents[1].capacity == 1000 && d->agents[1].queue_count == 0);
  const struct desk_dispatch *x = &d->dispatch;
  assert_true(x->misses == 1 && x->lease_ms == HOUR && x->transfer_ms == 0 && x->known_ms == DAY &&
              x->prefer_ms == 15 * SECOND && x->again_ms == 2 * MINUTE);
  assert_true(x->units[0].units == 1 && x->units[3].units == 3);
  assert_true(x->weights.late == 2 && x->weights.guard_ms == 60000 && x->weights.reserve == 0 &&
              x->weights.value_most == 8 && x->weights.ageing == 4);
  assert_null(rule_weights_wrong(&x->weights));
  assert_true(d->rules[0].own_within && d->rules[0].answer_within_ms == 2 * HOUR);
  desk_free(&d);
}

static void test_value(void **state) {
  (void)state;
  struct desk *d = good(whole);
  const struct desk_factor *f = d->factors;
  assert_int_equal(d->factor_count, 6);
  assert_int_equal(f[0].kind, FACTOR_FIGURE);
  assert_string_equal(f[0].name, "value");
  assert_int_equal(f[0].point_count, 3);
  assert_true(f[0].points[0].x == -5 && f[0].points[0].factor == 0.5 && f[0].points[1].x == 0.25);
  assert_int_equal(f[1].kind, FACTOR_AGE);
  assert_string_equal(f[1].name, "last order");
  assert_true(f[1].points[0].x == 0.5 && f[1].points[1].x == 2);
  assert_true(f[2].kind == FACTOR_LIFETIME && f[2].keeps == 1 && !f[2].keeps_name && f[2].years == 3);
  assert_true(f[3].kind == FACTOR_LIFETIME && isnan(f[3].keeps) && f[3].years == 50);
  assert_string_equal(f[3].keeps_name, "stays");
  assert_true(f[4].kind == FACTOR_TAG && f[4].factor == 2.5);
  assert_string_equal(f[4].name, "vip_1");
  assert_true(f[5].kind == FACTOR_IS && f[5].factor == 1.5);
  assert_string_equal(f[5].text, "Gold");
  desk_free(&d);
}

static void test_customer_conditions(void **state) {
  (void)state;
  struct desk *d = good("queues: [{name: q}]\ndefault: {queue: q}\nrules: [{name: r, then: {queue: q}, when: {"
                        "customer_consent: [News, sms], customer_open: \" >=2\", customer_last_agent: [ana, bo], "
                        "customer_tags: [x], customer_language: [DE], customer_value: \"< 3\"}}]\n");
  assert_string_equal(d->rules[0].customer, "tag=x;value<3;lang=de;agent=ana|bo;open>=2;consent=news|sms");
  desk_free(&d);
}

/* ---- complaints, each on line 2 of a document that is good but for it */

enum where { QUEUE, AGENT, DISPATCH, WEIGHT, VALUE, WHEN };

#define OFFICE "hours: [{name: office, open: {mon: \"09:00-17:00\"}}]\n"

static const char *const around[][2] = {
    [QUEUE] = {"queues: [{name: q}, {name: other}, {name: r,\n", "}]\ndefault: {queue: q}\n" OFFICE},
    [AGENT] = {"agents: [{name: a,\n", "}]\nqueues: [{name: q}]\ndefault: {queue: q}\n" OFFICE},
    [DISPATCH] = {"dispatch: {\n", "}\nqueues: [{name: q}]\ndefault: {queue: q}\n"},
    [WEIGHT] = {"dispatch: {weights: {\n", "}}\nqueues: [{name: q}]\ndefault: {queue: q}\n"},
    [VALUE] = {"value: [\n", "]\nqueues: [{name: q}]\ndefault: {queue: q}\n"},
    [WHEN] = {"rules: [{name: a, then: {queue: q}, when: {\n", "}}]\nqueues: [{name: q}]\ndefault: {queue: q}\n" OFFICE},
};

#define CUSTOMER_KEYS                                                                                                  \
  "customer_tags, customer_value, customer_language, customer_last_agent, customer_open, customer_consent"

static const struct {
  enum where where;
  const char *yaml, *want; /* column and text */
} cases[] = {
    {QUEUE, " next_within: 30", "15: '30' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
    {QUEUE, " resolve_within: 366d", "18: '366d' is too large for 'resolve_within': 0 to 365d"},
    {QUEUE, " warn_at: 0", "11: '0' is not a share of a target: 0.01 to 1"},
    {QUEUE, " warn_at: 1.5", "11: '1.5' is not a share of a target: 0.01 to 1"},
    {QUEUE, " warn_at: high", "11: 'high' is not a share of a target: 0.01 to 1"},
    {QUEUE, " hours: offce", "9: hours 'offce' are not defined under 'hours'; did you mean 'office'?"},
    {QUEUE, " hours: [office]", "9: the name of hours is needed here"},
    {QUEUE, " hours: not office", "9: hours 'not office' are not defined under 'hours'"},
    {QUEUE, " hours: office, after_hours: close",
     "30: 'close' is nothing to do after hours: hold, take, or {to: QUEUE}"},
    {QUEUE, " hours: office, after_hours: {to: nowhere}", "35: queue 'nowhere' is not defined under 'queues'"},
    {QUEUE, " hours: office, after_hours: {queue: q}", "30: 'after_hours' needs 'to'"},
    {QUEUE, " hours: office, after_hours: [q]", "30: '' is nothing to do after hours: hold, take, or {to: QUEUE}"},
    {QUEUE, " after_hours: hold", "15: 'after_hours' needs 'hours'"},
    {QUEUE, " real_time: yes", "13: 'yes' is not true or false"},
    {QUEUE, " real_time: true", "13: 'real_time' needs 'answer_within': agents are kept free by its length"},
    {QUEUE, " handling: 0", "12: '0' is too small for 'handling': 1s to 30d"},
    {QUEUE, " handling: 31d", "12: '31d' is too large for 'handling': 1s to 30d"},
    {QUEUE, " language: 11", "12: '11' is not a skill level: 0 to 10"},
    {QUEUE, " relax: {after: 1m}", "9: 'relax' must be a list"},
    {QUEUE, " relax: [{after: 1m}]", "10: a step of 'relax' needs 'skills'"},
    {QUEUE, " relax: [{skills: {a: 1}}]", "10: a step of 'relax' needs 'after'"},
    {QUEUE, " relax: [{after: 0, skills: {a: 1}}]", "18: '0' is too small for 'after': 1s to 365d"},
    {QUEUE, " relax: [{after: 1m, skills: {}}]", "30: 'skills' needs at least one entry"},
    {QUEUE, " relax: [{after: 1m, skills: [a]}]", "30: 'skills' must be a map: {billing: 5, zh: 8}"},
    {QUEUE, " relax: [{after: 1m, skills: {a: 1}}, {after: 1m, skills: {a: 0}}]",
     "39: 'after' must rise from step to step of 'relax'"},
    {QUEUE, " relax: [{after: 1m, skills: {a: 1}}, {after: 2m, skills: {a: 2}}]",
     "39: 'a' was softened to 1 in the step before; it cannot rise to 2"},
    {QUEUE, " relax: [{after: 1m, skills: {a: 1}}, {after: 2m, skills: {b: 2}}, {after: 3m, skills: {a: 3}}]",
     "68: 'a' was softened to 1 in the step before; it cannot rise to 3"},
    {QUEUE, " overflow: [{after: 1m}]", "13: a step of 'overflow' needs 'to'"},
    {QUEUE, " overflow: [{after: 1m, to: r}]", "13: queue 'r' overflows to itself"},
    {QUEUE, " overflow: [{after: 1m, to: nowhere}]", "29: queue 'nowhere' is not defined under 'queues'"},
    {QUEUE, " overflow: [{after: 1m, to: q}, {after: 2m, to: q}]", "33: queue 'q' is given twice in 'overflow'"},
    {QUEUE, " overflow: [{after: 2m, to: q}, {after: 2m, to: other}]",
     "33: 'after' must rise from step to step of 'overflow'"},
    {QUEUE, " nobody: othr", "10: queue 'othr' is not defined under 'queues'; did you mean 'other'?"},
    {QUEUE, " nobody: [q]", "10: the name of a queue is needed here"},
    {QUEUE, " limit: 5", "9: 'limit' must be made of 'key: value' pairs"},
    {QUEUE, " limit: {waiting: 5}", "9: 'limit' needs 'to'"},
    {QUEUE, " limit: {waiting: 0, to: q}", "19: '0' is not a number of waiting items: 1 to 1000000"},
    {QUEUE, " limit: {waiting: 1000001, to: q}", "19: '1000001' is not a number of waiting items: 1 to 1000000"},
    {QUEUE, " offer: 2", "9: 'offer' must be made of 'key: value' pairs"},
    {QUEUE, " offer: {to: 0}", "14: '0' is not a number of agents: 1 to 5"},
    {QUEUE, " offer: {to: 6}", "14: '6' is not a number of agents: 1 to 5"},
    {QUEUE, " offer: {within: 0s}", "18: '0s' is too small for 'within': 1s to 1d"},
    {QUEUE, " offer: {within: 2d}", "18: '2d' is too large for 'within': 1s to 1d"},
    {QUEUE, " wrap_up: 9h", "11: '9h' is too large for 'wrap_up': 0 to 8h"},
    {QUEUE, " levels: [{answer_within: 1h}]", "11: a level needs 'when'"},
    {QUEUE, " levels: [{when: {}, answer_within: 1h}]", "18: 'when' of a level needs a condition"},
    {QUEUE, " levels: [{when: {customer_tags: [a]}}]",
     "11: a level needs 'answer_within', 'next_within' or 'resolve_within'"},
    {QUEUE, " levels: [{when: {channel: [mail]}, answer_within: 1h}]",
     "19: unknown key 'channel' in 'when' of a level; allowed: " CUSTOMER_KEYS},
    {QUEUE, " levels: [{when: {customer_tags: [a]}, warn_at: 1}]",
     "40: unknown key 'warn_at' in a level; allowed: when, answer_within, next_within, resolve_within"},
    {AGENT, " queues: {q: 0}", "14: '0' is not a speed: 0.1 to 10"},
    {AGENT, " queues: {q: 11}", "14: '11' is not a speed: 0.1 to 10"},
    {AGENT, " queues: {q: fast}", "14: 'fast' is not a speed: 0.1 to 10"},
    {AGENT, " queues: {x: 1}", "11: queue 'x' is not defined under 'queues'"},
    {AGENT, " capacity: 0", "12: '0' is not a capacity: 1 to 1000"},
    {AGENT, " capacity: 1001", "12: '1001' is not a capacity: 1 to 1000"},
    {AGENT, " capacity: [4]", "12: '' is not a capacity: 1 to 1000"},
    {AGENT, " capacity: {total: 0}", "20: '0' is not a capacity: 1 to 1000"},
    {AGENT, " capacity: {mail: 2}",
     "13: unknown key 'mail' in 'capacity'; did you mean 'email'? allowed: total, email, sms, webhook, form"},
    {AGENT, " capacity: {email: -1}", "20: '-1' is not a number of units: 0 to 1000"},
    {AGENT, " capacity: {email: 5}", "20: 5 for email is more than the 4 in all; 'total' says how many those are"},
    {AGENT, " capacity: {total: 3, sms: 4}",
     "28: 4 for sms is more than the 3 in all; 'total' says how many those are"},
    {AGENT, " hours: ofice", "9: hours 'ofice' are not defined under 'hours'; did you mean 'office'?"},
    {DISPATCH, " mises: 3",
     "2: unknown key 'mises' in 'dispatch'; did you mean 'misses'? allowed: units, misses, lease, "
     "transfer, known, prefer, again, weights"},
    {DISPATCH, " misses: 0", "10: '0' is not a number of offers: 1 to 100"},
    {DISPATCH, " misses: 101", "10: '101' is not a number of offers: 1 to 100"},
    {DISPATCH, " lease: 1s", "9: '1s' is too small for 'lease': 5s to 1d"},
    {DISPATCH, " lease: 2d", "9: '2d' is too large for 'lease': 5s to 1d"},
    {DISPATCH, " transfer: 31d", "12: '31d' is too large for 'transfer': 0 to 30d"},
    {DISPATCH, " known: forever", "9: 'forever' is not a duration: 250ms, 30s, 5m, 2h, 7d"},
    {DISPATCH, " units: 2", "9: 'units' must be a map: {email: 4, sms: 2}"},
    {DISPATCH, " units: {email: 0}", "17: '0' is not a number of units: 1 to 1000"},
    {DISPATCH, " units: {total: 4}", "10: unknown key 'total' in 'units'; allowed: email, sms, webhook, form"},
    {DISPATCH, " weights: 4", "11: 'weights' must be a map: {ageing: 4}"},
    {WEIGHT, " agein: 4",
     "2: unknown key 'agein' in 'weights'; did you mean 'ageing'? allowed: ageing, late, "
     "late_growth, known_bonus, slowdown, flexibility, reserve, reserve_ratio, guard_share, guard, value_least, value_most"},
    {WEIGHT, " ageing: 1", "10: '1' is not a value of 'ageing': 1.01 to 1000"},
    {WEIGHT, " ageing: 4h", "10: '4h' is not a value of 'ageing': 1.01 to 1000"},
    {WEIGHT, " late_growth: 4", "15: '4' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
    {WEIGHT, " late_growth: 1s", "15: '1s' is too small for 'late_growth': 1m to 30d"},
    {WEIGHT, " value_least: 2", "15: '2' is not a value of 'value_least': 0.001 to 1"},
    {VALUE, " {points: {0: 1}}", "2: a factor of 'value' needs one of figure, age, lifetime, tag, is"},
    {VALUE, " margin", "2: a factor of 'value' needs one of figure, age, lifetime, tag, is"},
    {VALUE, " {figure: m}", "2: a factor 'figure' needs 'points'"},
    {VALUE, " {figure: m, age: d, points: {0: 1}}",
     "14: unknown key 'age' in a factor 'figure'; allowed: figure, points"},
    {VALUE, " {figure: \"\", points: {0: 1}}", "11: '' is no member of a profile: 1 to 64 bytes in one line"},
    {VALUE, " {figure: m, points: {}}", "22: 'points' must be a map: {0: 0.5, 1000: 2}"},
    {VALUE, " {figure: m, points: [0, 1]}", "22: 'points' must be a map: {0: 0.5, 1000: 2}"},
    {VALUE, " {figure: m, points: {1: 1, 0: 2}}", "29: '0' must be more than what stands before it in 'points'"},
    {VALUE, " {figure: m, points: {0: 1, 0.0: 2}}", "29: '0.0' must be more than what stands before it in 'points'"},
    {VALUE, " {figure: m, points: {0: 0}}", "26: '0' is not a factor: 0.001 to 1000"},
    {VALUE, " {figure: m, points: {0: 1001}}", "26: '1001' is not a factor: 0.001 to 1000"},
    {VALUE, " {figure: m, points: {30d: 1}}",
     "23: '30d' is not a number to the left of a factor: -999999999 to 999999999"},
    {VALUE, " {figure: m, points: {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 1, "
     "11: 1, 12: 1, 13: 1, 14: 1, 15: 1, 16: 1, 17: 1, 18: 1, 19: 1, 20: 1, 21: 1}}",
     "22: 'points' has 21 entries; at most 20 are allowed"},
    {VALUE, " {age: d, points: {30: 1}}", "20: '30' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
    {VALUE, " {age: d, points: {}}", "19: 'points' must be a map: {30d: 1.5, 365d: 1}"},
    {VALUE, " {age: d, points: {1d: 1, 24h: 1}}", "27: '24h' must be more than what stands before it in 'points'"},
    {VALUE, " {lifetime: m, points: {0: 1}}", "2: a factor 'lifetime' needs 'keeps'"},
    {VALUE, " {lifetime: m, keeps: 1.1, years: 1, points: {0: 1}}",
     "23: '1.1' is not a share of customers who stay a year: 0 to 1"},
    {VALUE, " {lifetime: m, keeps: -1, years: 1, points: {0: 1}}",
     "23: '-1' is neither a share of customers who stay a year (0 to 1) nor a member of a profile"},
    {VALUE, " {lifetime: m, keeps: 0.5, years: 0, points: {0: 1}}", "35: '0' is not a number of years: 1 to 50"},
    {VALUE, " {lifetime: m, keeps: 0.5, years: 51, points: {0: 1}}", "35: '51' is not a number of years: 1 to 50"},
    {VALUE, " {tag: a b, factor: 2}", "8: 'a b' is not allowed here: 1 to 64 of a-z, 0-9, '_' and '-'"},
    {VALUE, " {tag: a}", "2: a factor 'tag' needs 'factor'"},
    {VALUE, " {tag: a, factor: 2, points: {0: 1}}", "22: unknown key 'points' in a factor 'tag'; allowed: tag, factor"},
    {VALUE, " {is: plan, factor: 2}", "2: a factor 'is' needs 'text'"},
    {VALUE, " {is: plan, text: \"\", factor: 2}", "19: '' is no text of a profile: 1 to 200 bytes in one line"},
    {WHEN, "customer_last_agent: [Ana]",
     "23: 'Ana' is not a name: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit"},
    {WHEN, "customer_last_agent: []", "22: 'customer_last_agent' needs at least one entry"},
    {WHEN, "customer_open: 2", "16: '2' needs a comparison: \">= 2\" (>=, >, <=, <, =)"},
    {WHEN, "customer_open: \">= 1.5\"", "16: '>= 1.5' needs a number after the comparison: \">= 2\" (0 to 1000)"},
    {WHEN, "customer_open: \">= 1001\"", "16: '>= 1001' needs a number after the comparison: \">= 2\" (0 to 1000)"},
    {WHEN, "customer_consent: [a b]", "20: 'a b' is not allowed here: 1 to 64 of a-z, 0-9, '_' and '-'"},
    {WHEN, "hours: closed", "8: hours 'closed' are not defined under 'hours'"},
    {WHEN, "hours: not ofice",
     "8: hours 'ofice' are not defined under 'hours'; did you mean 'office' or 'not office'?"},
    {WHEN, "hours: ~", "8: the name of hours is needed here: office, or \"not office\""},
};

static void test_complaints(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf yaml = BUF_INIT(1 << 16);
    char want[1024];
    buf_printf(&yaml, "%s%s%s", around[cases[i].where][0], cases[i].yaml, around[cases[i].where][1]);
    snprintf(want, sizeof(want), "desk.yaml:2:%s", cases[i].want);
    refused(buf_slice(&yaml), want);
    buf_free(&yaml);
  }
}

static void test_limits(void **state) {
  (void)state;
  static const struct {
    const char *head, *a, *b, *tail, *want;
    size_t most;
  } limits[] = {
      {"queues: [{name: q, levels: [", "{when: {customer_open: \"= ", "\"}, answer_within: 1h}",
       "]}]\ndefault: {queue: q}\n",
       "desk.yaml:1:28: 'levels' has 11 entries; at most 10 are allowed", DESK_MAX_STEPS},
      {"default: {queue: q}\nqueues: [{name: q}]\nvalue: [", "{tag: t", ", factor: 2}", "]\n",
       "desk.yaml:3:8: 'value' has 21 entries; at most 20 are allowed", DESK_MAX_FACTORS},
      {"default: {queue: q}\nqueues: [{name: q}]\nvalue: [{figure: m, points: {", "1", ": 1", "}}]\n", NULL, 10},
      {"default: {queue: q}\nqueues: [{name: q, relax: [{after: 1s, skills: {", "s", ": 1", "}}]}]\n",
       "desk.yaml:2:48: 'skills' has 101 entries; at most 100 are allowed", 100},
  };
  for (size_t i = 0; i < COUNT(limits); i++) {
    struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
    list_of(&yaml, limits[i].head, limits[i].a, limits[i].b, limits[i].most, limits[i].tail);
    struct desk *d = good(yaml.at);
    desk_free(&d);
    buf_clear(&yaml);
    list_of(&yaml, limits[i].head, limits[i].a, limits[i].b, limits[i].most + 1, limits[i].tail);
    if (limits[i].want)
      refused(buf_slice(&yaml), limits[i].want);
    buf_free(&yaml);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults), cmocka_unit_test(test_queue), cmocka_unit_test(test_agents_and_dispatch),
      cmocka_unit_test(test_value), cmocka_unit_test(test_customer_conditions), cmocka_unit_test(test_complaints),
      cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
