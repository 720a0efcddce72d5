/* SPDX-License-Identifier: Apache-2.0 */
/* Random desks and days: capacity is never exceeded, nobody who could take something idles, the same is the same. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "small_desk.h"

enum { SEEDS = 400, DAY_MINUTES = 600, PROBES = 40, ITEMS = 160 };

static struct small_desk s;
static struct small_run r, again;
static uint64_t state;

static unsigned draw(unsigned below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(state >> 33) % below;
}

static void random_desk(void) {
  static const char *const queues[] = {"a", "b", "c", "d"}, *const agents[] = {"k", "l", "m", "n", "o"};
  static const char *const skills[] = {"", "zh>=3", "de>=5,zh>=2"};
  static struct desk_skill most[] = {{(char *)"zh", 0}};
  static struct desk_relax steps[] = {{7 * MINUTE, most, 1}};
  static struct desk_overflow overflow[] = {{20 * MINUTE, (char *)"a"}};
  size_t queue_count = 1 + draw(4), agent_count = 1 + draw(5);
  small_desk(&s);
  s.desk.dispatch.weights.reserve = draw(2) ? 0 : 0.75;
  s.desk.dispatch.prefer_ms = draw(3) ? 0 : 5 * MINUTE;
  for (size_t q = 0; q < queue_count; q++) {
    struct desk_queue *queue = small_queue(&s, queues[q], (int[]){1, 20, 60, 480}[draw(4)]);
    queue->real_time = queue->answer_within_ms == MINUTE;
    queue->relax = draw(2) ? steps : NULL;
    queue->relax_count = queue->relax ? 1 : 0;
    queue->overflow = draw(3) == 0 ? overflow : NULL;
    queue->overflow_count = queue->overflow ? 1 : 0;
    s.rules[q].skills = (char *)skills[draw(3)];
    s.rules[q].priority = 1 + (int)draw(9);
  }
  for (size_t a = 0; a < agent_count; a++) {
    struct desk_agent *agent = small_agent(&s, agents[a], 1 + (int)draw(5));
    agent->queue_count = 1 + draw((unsigned)queue_count);
    if (draw(2))
      small_skill(&s, agent, "zh", (int)draw(6));
    if (draw(2))
      small_skill(&s, agent, "de", (int)draw(9));
  }
}

static void random_day(struct small_run *run) {
  int at = 0;
  small_run_begin(run, &s, DAY_MINUTES);
  for (int i = 0; i < ITEMS; i++) {
    at += (int)draw(4);
    if (at >= DAY_MINUTES)
      break;
    struct simulate_item *item = small_item(run, at, (int)draw((unsigned)s.desk.queue_count), 1 + (int)draw(40));
    item->kind = (uint16_t)draw(2);
    item->customer = draw(30);
    item->known = draw(2) ? draw(4) : SIMULATE_NONE;
  }
}

static int units_of(size_t item) {
  return r.items[item].kind ? 2 : 1;
}

static int64_t taken_at(size_t item) {
  return r.items[item].arrival_ms + r.result.outcomes[item].wall_ms;
}

static int used(size_t agent, int64_t at) {
  int units = 0;
  for (size_t i = 0; i < r.in.count; i++)
    if (r.result.outcomes[i].agent == agent && taken_at(i) <= at && at < taken_at(i) + r.items[i].handling_ms)
      units += units_of(i);
  return units;
}

static bool member(size_t agent, size_t queue) {
  return queue < s.agents[agent].queue_count;
}

/* Where nothing is asked but membership. */
static bool fits(size_t agent, size_t item) {
  return member(agent, r.places[item].rule) && s.rules[r.places[item].rule].skills[0] == '\0';
}

static void check_moment(unsigned seed, int64_t at) {
  for (size_t a = 0; a < s.desk.agent_count; a++) {
    int room = s.agents[a].capacity - used(a, at);
    if (room < 0)
      fail_msg("seed %u: agent %zu has %d units too many", seed, a, -room);
    for (size_t i = 0; s.desk.dispatch.weights.reserve <= 0 && s.desk.dispatch.prefer_ms == 0 && i < r.in.count; i++) {
      bool waits = r.items[i].arrival_ms < at && (r.result.outcomes[i].agent == SIMULATE_NONE || taken_at(i) > at);
      if (waits && fits(a, i) && room >= units_of(i))
        fail_msg("seed %u: item %zu waits while agent %zu has room for %d", seed, i, a, room);
    }
  }
}

static void check_skills(unsigned seed) {
  for (size_t i = 0; i < r.in.count; i++) {
    const struct simulate_outcome *o = &r.result.outcomes[i];
    if (o->agent != SIMULATE_NONE && !member(o->agent, o->queue) && !(o->flags & SIMULATE_OVERFLOWED))
      fail_msg("seed %u: item %zu went to a stranger", seed, i);
  }
}

static void test_random_days(void **unused) {
  (void)unused;
  for (unsigned seed = 1; seed <= SEEDS; seed++) {
    state = seed * 7919u;
    random_desk();
    uint64_t day = state;
    random_day(&r);
    small_run_play(&r);
    for (int n = 0; n < PROBES; n++)
      check_moment(seed, MONDAY + 1 + (int64_t)draw(DAY_MINUTES) * MINUTE);
    check_skills(seed);
    state = day;
    random_day(&again);
    small_run_play(&again);
    assert_memory_equal(r.result.outcomes, again.result.outcomes, r.in.count * sizeof(*r.result.outcomes));
    assert_int_equal(r.result.cut, 0);
    small_run_end(&r);
    small_run_end(&again);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_days)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
