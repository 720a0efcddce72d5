/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's text, byte by byte; US is shown as '|', the end of a row as a line break. */
#include "tests/unit/common/desk/documents.h"
#include "plan/plan.h"

static const char whole[] =
    "queues:\n"
    "  - name: billing\n"
    "    priority: 3\n"
    "    answer_within: 4h\n"
    "    next_within: 8h\n"
    "    resolve_within: 3d\n"
    "    levels:\n"
    "      - {when: {customer_tags: [gold], customer_open: \">= 2\"}, answer_within: 1h, resolve_within: 0}\n"
    "      - {when: {customer_consent: [news], customer_last_agent: [ana]}, next_within: 2h}\n"
    "    warn_at: 0.9\n"
    "    hours: office\n"
    "    after_hours: {to: support}\n"
    "    handling: 12m\n"
    "    language: 3\n"
    "    relax:\n"
    "      - {after: 60s, skills: {billing: 1}}\n"
    "      - {after: 5m, skills: {zh: 2, billing: 0}}\n"
    "      - {after: 1h, skills: {zh: 0}}\n"
    "    overflow: [{after: 10m, to: support}, {after: 20m, to: chat}]\n"
    "    nobody: support\n"
    "    limit: {waiting: 500, to: support}\n"
    "    offer: {to: 2, within: 45s}\n"
    "    wrap_up: 30s\n"
    "  - {name: support, after_hours: take, hours: office, real_time: false, answer_within: 10m, next_within: 0}\n"
    "  - {name: chat, answer_within: 15m}\n"
    "  - {name: apart}\n"
    "agents:\n"
    "  - {name: ana, queues: {support: 1, billing: 1.2}, skills: {zh: 5, billing: 8}, "
    "capacity: {total: 6, sms: 2, email: 4}, hours: office}\n"
    "  - {name: bo, queues: [billing]}\n"
    "  - {name: eve, queues: {billing: 1.2, support: 1.0}, skills: {billing: 8, zh: 5}, "
    "capacity: {email: 4, total: 6, sms: 2}}\n"
    "  - {name: zoe}\n"
    "  - {name: dan, capacity: 4, queues: {billing: 1}}\n"
    "dispatch:\n"
    "  units: {sms: 2}\n"
    "  misses: 2\n"
    "  prefer: 30s\n"
    "  weights: {ageing: 4.5, late_growth: 2h, flexibility: 0}\n"
    "value:\n"
    "  - {figure: margin_12m, points: {-100: 0.5, 0: 1, 1000.5: 2}}\n"
    "  - {age: Last Order, points: {12h: 1.5, 180d: 1}}\n"
    "  - {lifetime: margin_12m, keeps: 0.8, years: 5, points: {0: 0.5, 20000: 4}}\n"
    "  - {lifetime: margin_12m, keeps: loyalty, years: 1, points: {7: 1}}\n"
    "  - {tag: VIP, factor: 2}\n"
    "  - {is: plan, text: \"gold: plus\", factor: 1.1}\n"
    "default: {queue: support}\n"
    "hours:\n"
    "  - {name: office, zone: Europe/Berlin, open: {mon-fri: \"09:00-17:00\"}}\n";

static const char golden[] =
    "W|4.5|1|7200000|0.5|0|0|0.75|10|0.20000000000000001|900000|0.25|16\n"
    "D|2|120000|300000|2592000000|30000|60000\n"
    "K|email|1\n"
    "K|sms|2\n"
    "K|webhook|1\n"
    "K|form|1\n"
    "Q|billing|3|office|support|0|720000|14400000|28800000|259200000|0.90000000000000002|2|45000|30000|3|support|500|"
    "support|60000:billing=1 300000:zh=2,billing=0 3600000:zh=0,billing=0|600000:support 1200000:chat\n"
    "L|billing|tag=gold;open>=2|3600000||0\n"
    "L|billing|agent=ana;consent=news||7200000|\n"
    "Q|support|5|office|take|0|600000|600000|0|0|0.80000000000000004|1|30000|0|0||0|||\n"
    "Q|chat|5||hold|1|600000|900000|900000|0|0.80000000000000004|1|30000|0|0||0|||\n"
    "Q|apart|5||hold|0|600000|0|0|0|0.80000000000000004|1|30000|0|0||0|||\n"
    "P|0|6|email:4 sms:2|billing:0.18232155679395459 support:0|billing:8 zh:5\n"
    "P|1|4||billing:0|\n"
    "P|2|4|||\n"
    "A|ana|0|office\n"
    "A|bo|1|\n"
    "A|eve|0|\n"
    "A|zoe|2|\n"
    "A|dan|1|\n"
    "V|figure|margin_12m|-100:0.5 0:1 1000.5:2\n"
    "V|age|Last Order|0.5:1.5 180:1\n"
    "V|lifetime|margin_12m|0:0.5 20000:4|0.80000000000000004|5\n"
    "V|lifetime|margin_12m|7:1|loyalty|1\n"
    "V|tag|vip|2\n"
    "V|is|plan|1.1000000000000001|gold: plus\n";

static void show(struct buf *b) {
  for (size_t i = 0; i < b->len; i++)
    b->at[i] = b->at[i] == '\x1f' ? '|' : b->at[i] == '\x1e' ? '\n' : b->at[i];
}

static void test_golden(void **state) {
  (void)state;
  struct desk *d = good(whole);
  struct buf plan = BUF_INIT(PLAN_MAX_BYTES);
  for (int again = 0; again < 2; again++) {
    buf_clear(&plan);
    assert_int_equal(plan_write(d, &plan), 0);
    show(&plan);
    assert_string_equal(plan.at, golden);
  }
  buf_free(&plan);
  desk_free(&d);
}

static void test_default_desk(void **state) {
  (void)state;
  struct desk *d = good(desk_default_yaml());
  struct buf plan = BUF_INIT(PLAN_MAX_BYTES), hours = BUF_INIT(PLAN_MAX_BYTES);
  assert_int_equal(plan_write(d, &plan), 0);
  show(&plan);
  assert_string_equal(plan.at,
                      "W|4|1|14400000|0.5|0|2|0.75|10|0.20000000000000001|900000|0.25|16\n"
                      "D|3|120000|300000|2592000000|0|60000\n"
                      "K|email|1\nK|sms|1\nK|webhook|1\nK|form|1\n"
                      "Q|support|5||hold|0|600000|0|0|0|0.80000000000000004|1|30000|0|0||0|||\n"
                      "Q|suspected|9||hold|0|600000|0|0|0|0.80000000000000004|1|30000|0|0||0|||\n"
                      "Q|automatic|9||hold|0|600000|0|0|0|0.80000000000000004|1|30000|0|0||0|||\n");
  assert_int_equal(plan_write_hours(d, 0, &hours), 0);
  assert_int_equal(hours.len, 0);
  buf_free(&plan);
  desk_free(&d);
}

/* As many agents as there may be, each unlike the others or all alike: order and numbers hold. */
static void test_many_agents(void **state) {
  (void)state;
  struct buf yaml = BUF_INIT(DESK_MAX_BYTES), plan = BUF_INIT(PLAN_MAX_BYTES);
  buf_add_text(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nagents:\n");
  for (int i = 0; i < DESK_MAX_AGENTS; i++)
    buf_printf(&yaml, "- {name: a%d, queues: [q], skills: {s: %d, t: %d}}\n", i, (i * 7) % 10, (i * 3) % 9);
  struct desk *d = good(yaml.at);
  assert_int_equal(plan_write(d, &plan), 0);
  struct slice rest = buf_slice(&plan), row;
  size_t profiles = 0, agents = 0;
  char want[80];
  while (slice_split(&rest, '\x1e', &row) && row.len) {
    if (row.at[0] == 'P') {
      snprintf(want, sizeof(want), "P\x1f%zu\x1f" "4\x1f\x1fq:0\x1fs:%zu t:%zu", profiles, (profiles * 7) % 10,
               (profiles * 3) % 9);
      assert_true(slice_equal(row, slice_text(want)));
      profiles++;
    } else if (row.at[0] == 'A') {
      snprintf(want, sizeof(want), "A\x1f" "a%zu\x1f%zu\x1f", agents, agents % 30);
      assert_true(slice_equal(row, slice_text(want)));
      agents++;
    }
  }
  assert_int_equal(profiles, 30); /* ten levels of one skill come with three of the other */
  assert_int_equal(agents, DESK_MAX_AGENTS);
  buf_free(&yaml);
  buf_free(&plan);
  desk_free(&d);
}

static void test_full(void **state) {
  (void)state;
  struct desk *d = good(whole);
  for (size_t max = 1; max < sizeof(golden) - 1; max += 37) {
    struct buf small = BUF_INIT(max);
    assert_int_equal(plan_write(d, &small), BUF_FULL);
    buf_free(&small);
    small = BUF_INIT(max);
    assert_int_equal(plan_write_hours(d, 1795780800000, &small), BUF_FULL);
    buf_free(&small);
  }
  struct buf exact = BUF_INIT(sizeof(golden) - 1);
  assert_int_equal(plan_write(d, &exact), 0);
  buf_free(&exact);
  desk_free(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_default_desk),
      cmocka_unit_test(test_many_agents),
      cmocka_unit_test(test_full),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
