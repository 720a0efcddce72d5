/* SPDX-License-Identifier: Apache-2.0 */
/* Members that a queue names: by name, and by what agents can do. */
#include "documents.h"
#include "desk/review.h"

#define AGENTS                                                                                                         \
  "agents:\n"                                                                                                          \
  "  - {name: ana, queues: {billing: 1.2}, skills: {billing: 5, zh: 3}}\n"                                             \
  "  - {name: bo, skills: {billing: 3}}\n"                                                                             \
  "  - {name: cy, queues: [support], skills: {zh: 9, billing: 0}}\n"                                                   \
  "  - {name: dora}\n"                                                                                                 \
  "default: {queue: support}\n"

/* "billing support": the agent's queues in order. */
static void expect(const struct desk *d, const char *agent, const char *queues) {
  auto_clean(buf_free) struct buf got = BUF_INIT(10000);
  buf_add_text(&got, "");
  for (size_t i = 0; i < d->agent_count; i++)
    for (size_t k = 0; strcmp(d->agents[i].name, agent) == 0 && k < d->agents[i].queue_count; k++)
      buf_printf(&got, "%s%s", got.len ? " " : "", d->agents[i].queues[k]);
  if (strcmp(got.at, queues) != 0)
    fail_msg("%s: '%s' instead of '%s'", agent, got.at, queues);
}

static void test_by_name_and_by_skill(void **state) {
  (void)state;
  struct desk *d = good("queues:\n"
                        "  - {name: support, members: {agents: [dora, cy]}}\n"
                        "  - {name: billing, members: {skills: [\"billing >= 3\"]}}\n"
                        "  - {name: chinese, members: {skills: [zh, \"billing>=1\"], agents: [bo]}}\n"
                        "  - {name: all, members: {agents: [ana, bo, cy, dora]}}\n"
                        "  - {name: alone}\n" AGENTS);
  expect(d, "ana", "billing chinese all");
  expect(d, "bo", "billing chinese all");
  expect(d, "cy", "support all");
  expect(d, "dora", "support all");
  assert_true(d->agents[0].speeds[0] == 1.2 && d->agents[0].speeds[1] == 1 && d->agents[1].speeds[0] == 1);
  for (size_t i = 0; i < d->queue_count; i++)
    assert_false(d->queues[i].nobody_able);
  desk_free(&d);
}

/* What one rule asks is forgotten before the next. */
static void test_rules_do_not_add_up(void **state) {
  (void)state;
  struct desk *d = good("queues:\n"
                        "  - {name: support}\n"
                        "  - {name: a, members: {skills: [\"zh >= 4\"]}}\n"
                        "  - {name: b, members: {skills: [\"billing >= 3\"]}}\n"
                        "  - {name: c, members: {skills: [french, zh]}}\n"
                        "  - {name: d, members: {skills: [\"zh >= 3\"]}}\n"
                        "  - {name: billing}\n" AGENTS);
  expect(d, "ana", "billing b d");
  expect(d, "bo", "b");
  expect(d, "cy", "support a d");
  assert_true(d->queues[3].nobody_able && d->queues[3].able_place.line == 5 && d->queues[3].able_place.column == 33);
  desk_free(&d);
}

static void write_down(void *arg, const struct desk_finding *f) {
  buf_printf(arg, "%s %u:%u: %s\n", f->wrong ? "wrong" : "alarm", f->place.line, f->place.column, f->text);
}

static void test_nobody_is_told(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf got = BUF_INIT(10000);
  struct desk *d = good("queues: [{name: a, members: {skills: [fr]}}]\n"
                        "agents: [{name: ana, queues: [a]}]\ndefault: {queue: a}\n");
  assert_int_equal(desk_review(d, 1795780800000, write_down, &got), 0);
  assert_string_equal(got.at, "alarm 1:38: no agent has all the skills that make a member of queue 'a'\n");
  desk_free(&d);
}

static void test_complaints(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"5", "29: 'members' must be made of 'key: value' pairs"},
      {"{}", "29: 'members' needs 'agents' or 'skills'"},
      {"{agent: [ana]}", "30: unknown key 'agent' in 'members'; did you mean 'agents'? allowed: agents, skills"},
      {"{agents: ana}", "38: 'agents' must be a list"},
      {"{agents: [anna]}", "39: agent 'anna' is not defined under 'agents'; did you mean 'ana'?"},
      {"{agents: [[ana]]}", "39: the name of an agent is needed here"},
      {"{agents: []}", "38: 'agents' needs at least one entry"},
      {"{agents: ~}", "38: 'agents' needs at least one entry"},
      {"{agents: [ana, ana]}", "44: 'ana' is given twice"},
      {"{skills: billing}", "38: 'skills' must be a list"},
      {"{skills: []}", "38: 'skills' needs at least one entry"},
      {"{skills: [\"zh >= 11\"]}", "39: 'zh >= 11' is not a skill: \"billing >= 3\" (0 to 10) or \"billing\""},
      {"{skills: [zh, zh]}", "43: 'zh' is given twice"},
      {"{skills: [\"zh >= 0\"]}", "38: 'zh >= 0' is asked of nobody: members need 1 at least"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 16);
    char want[1024];
    buf_printf(&yaml, "default: {queue: q}\nqueues: [{name: q, members: %s}]\nagents: [{name: ana, skills: {zh: 3}}]\n",
               cases[i][0]);
    snprintf(want, sizeof(want), "desk.yaml:2:%s", cases[i][1]);
    refused(buf_slice(&yaml), want);
  }
}

/* Everybody in every queue: refused before it fills the memory. */
static void test_too_many(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
  const int agents = 1000, enough = DESK_MAX_MEMBERSHIPS / 1000;
  for (int queues = enough; queues <= enough + 1; queues++) {
    buf_clear(&yaml);
    buf_add_text(&yaml, "default: {queue: q1}\nagents:\n");
    for (int i = 1; i <= agents; i++)
      buf_printf(&yaml, "- {name: a%d, skills: {s: 1}}\n", i);
    buf_add_text(&yaml, "queues:\n");
    for (int i = 1; i <= queues; i++)
      buf_printf(&yaml, "- {name: q%d, members: {skills: [s]}}\n", i);
    if (queues == enough) {
      struct desk *d = good(yaml.at);
      assert_int_equal(d->agents[agents - 1].queue_count, enough);
      desk_free(&d);
    } else {
      refused(buf_slice(&yaml), "desk.yaml:1204:34: with these, agents are members of queues more than 200000 times in all");
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_name_and_by_skill), cmocka_unit_test(test_rules_do_not_add_up),
                                     cmocka_unit_test(test_nobody_is_told), cmocka_unit_test(test_complaints),
                                     cmocka_unit_test(test_too_many)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
