/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a desk before it is in force: each finding once, at its place, and nothing about good ones. */
#include "documents.h"
#include "desk/review.h"

#define NOW_MS 1795780800000 /* 2026-11-27T12:00Z */

/* "wrong 2:5: sentence\n" */
static void write_down(void *arg, const struct desk_finding *f) {
  buf_printf(arg, "%s %u:%u: %s\n", f->wrong ? "wrong" : "alarm", f->place.line, f->place.column, f->text);
}

static size_t lines_that_begin(const char *text, const char *with) {
  size_t count = strncmp(text, with, strlen(with)) == 0;
  for (const char *at = text; (at = strchr(at, '\n')) && at[1]; at++)
    count += strncmp(at + 1, with, strlen(with)) == 0;
  return count;
}

static void expect(const char *yaml, const char *want) {
  auto_clean(buf_free) struct buf got = BUF_INIT(1 << 20);
  struct desk *d = good(yaml);
  buf_add_text(&got, "");
  size_t wrong = desk_review(d, NOW_MS, write_down, &got);
  if (strcmp(got.at, want) != 0)
    fail_msg("%s\ngot:\n%swant:\n%s", yaml, got.at, want);
  assert_int_equal(wrong, lines_that_begin(got.at, "wrong"));
  desk_free(&d);
}

#define TAIL "default: {queue: a}\n"

static void test_circles(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"queues: [{name: a, nobody: b}, {name: b, limit: {waiting: 5, to: c}}, {name: c}]\n" TAIL, ""},
      {"queues: [{name: a, nobody: c}, {name: b, nobody: c}, {name: c}]\n" TAIL, ""},
      {"queues: [{name: a, overflow: [{after: 1m, to: b}]}, {name: b, overflow: [{after: 1m, to: a}]}]\n" TAIL, ""},
      {"queues: [{name: a, nobody: a}]\n" TAIL,
       "wrong 1:28: work items would go in a circle: from 'a' (nobody) to 'a'\n"},
      {"queues: [{name: a, limit: {waiting: 1, to: a}}]\n" TAIL,
       "wrong 1:27: work items would go in a circle: from 'a' (limit) to 'a'\n"},
      {"queues:\n- {name: a, hours: h, after_hours: {to: b}}\n- {name: b, hours: h, after_hours: {to: a}}\n"
       "hours: [{name: h, open: {mon: \"09:00-10:00\"}}]\n" TAIL,
       "wrong 3:36: work items would go in a circle: from 'a' (after_hours) to 'b' (after_hours) to 'a'\n"},
      {"queues:\n- {name: x, nobody: a}\n- {name: a, nobody: b}\n- {name: b, limit: {waiting: 9, to: c}}\n- {name: c, hours: "
       "h, after_hours: {to: a}}\nhours: [{name: h, open: {mon: \"09:00-10:00\"}}]\n" TAIL,
       "wrong 5:36: work items would go in a circle: from 'a' (nobody) to 'b' (limit) to 'c' (after_hours) to 'a'\n"},
      {"queues: [{name: a, nobody: b, limit: {waiting: 1, to: b}}, {name: b, nobody: a}]\n" TAIL,
       "wrong 1:78: work items would go in a circle: from 'a' (nobody) to 'b' (nobody) to 'a'\n"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    expect(cases[i][0], cases[i][1]);
}

static void test_a_long_circle(void **state) {
  (void)state;
  struct buf yaml = BUF_INIT(DESK_MAX_BYTES), got = BUF_INIT(1 << 20);
  buf_add_text(&yaml, "default: {queue: q0}\nqueues:\n");
  for (int i = 0; i < DESK_MAX_QUEUES; i++)
    buf_printf(&yaml, "- {name: q%d, nobody: q%d}\n", i, (i + 1) % DESK_MAX_QUEUES);
  struct desk *d = good(yaml.at);
  assert_int_equal(desk_review(d, NOW_MS, write_down, &got), 1);
  assert_non_null(strstr(got.at, "wrong 502:24: work items would go in a circle: from 'q0' (nobody) to 'q1'"));
  assert_non_null(strstr(got.at, " 'q0'\n"));
  desk_free(&d);
  buf_free(&yaml);
  buf_free(&got);
}

#define A "agents: [{name: ana, queues: [a]}]\n"
#define NOBODY(place, queue)                                                                                           \
  "alarm " place ": work items come to queue '" queue "', and no agent is a member: they are offered to nobody\n"

static void test_nobody_there(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"queues: [{name: a}, {name: b}]\ndefault: {queue: b}\n", ""}, /* by hand */
      {"queues: [{name: a}, {name: b}]\ndefault: {queue: a}\n" A, ""}, /* nothing comes to b */
      {"queues: [{name: a}, {name: b}]\ndefault: {queue: b}\n" A, NOBODY("1:21", "b")},
      {"queues: [{name: b, nobody: a}, {name: a}]\ndefault: {queue: b}\n" A, ""},
      {"queues: [{name: b, overflow: [{after: 1m, to: a}]}, {name: a}]\ndefault: {queue: b}\n" A, ""},
      {"queues: [{name: b, nobody: c}, {name: a}, {name: c}]\ndefault: {queue: b}\n" A,
       NOBODY("1:10", "b") NOBODY("1:43", "c")},
      {"queues: [{name: a, limit: {waiting: 9, to: c}}, {name: c}]\ndefault: {queue: a}\n" A, NOBODY("1:49", "c")},
      {"queues: [{name: a}, {name: c}]\ndefault: {queue: a}\nrules: [{name: r, when: {suspected: true}, then: {queue: c}}]\n"
       A, NOBODY("1:21", "c")},
      {"queues: [{name: a, nobody: b}, {name: b, nobody: a}]\ndefault: {queue: a}\nagents: [{name: x}]\n",
       "wrong 1:50: work items would go in a circle: from 'a' (nobody) to 'b' (nobody) to 'a'\n" NOBODY("1:10", "a")
           NOBODY("1:32", "b")},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    expect(cases[i][0], cases[i][1]);
}

#define NO_ROOM(place)                                                                                                 \
  "wrong " place ": agent 'x' has no capacity for a work item of any kind: each takes more units (dispatch: units) "    \
  "than the agent has for it\n"

#define NO_ROOM_FOR(place, kinds)                                                                                      \
  "alarm " place ": no agent who could take work items of queue 'a' has room for one of kind " kinds                    \
  ": should one come, it is offered to nobody\n"

static void test_capacity(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"dispatch: {units: {email: 2, sms: 2, webhook: 2, form: 2}}\nagents: [{name: x, queues: [a], capacity: 1}]\n",
       NO_ROOM("2:43")},
      {"dispatch: {units: {email: 2, sms: 2, webhook: 2}}\nagents: [{name: x, queues: [a], capacity: 1}]\n",
       NO_ROOM_FOR("3:10", "email, sms, webhook")},
      {"dispatch: {units: {webhook: 5}}\nagents: [{name: x, queues: [a], capacity: 4}]\n", NO_ROOM_FOR("3:10", "webhook")},
      {"dispatch: {units: {webhook: 5}}\nagents: [{name: x, queues: [a], capacity: 4}, {name: y, queues: [a], capacity: 5}]\n",
       ""},
      {"rules: [{name: r, when: {channel_kind: [sms]}, then: {queue: b}}]\nagents: [{name: y, queues: [a]}, {name: x, queues: [b], "
       "capacity: {email: 0, form: 0, total: 4}}]\n", ""},
      {"agents: [{name: x, queues: [a], capacity: {email: 0, sms: 3}}]\n", NO_ROOM_FOR("2:10", "email")},
      {"dispatch: {units: {email: 5, sms: 5, webhook: 5, form: 5}}\nagents: [{name: x, queues: [a]}]\n", NO_ROOM("2:10")},
      {"agents: [{name: x, queues: [a], capacity: {email: 0, sms: 0, webhook: 0, form: 0}}]\n", NO_ROOM("1:43")},
      {"agents: [{name: x, queues: [a], capacity: {email: 0, sms: 0, webhook: 0, form: 1}}]\n",
       NO_ROOM_FOR("2:10", "email, sms, webhook")},
      {"agents: [{name: y, queues: [a]}, {name: x, capacity: {email: 0, sms: 0, webhook: 0, form: 0}}]\n", ""},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf yaml = BUF_INIT(1 << 14);
    buf_printf(&yaml, "%squeues: [{name: a}, {name: b}]\ndefault: {queue: a}\n", cases[i][0]);
    expect(yaml.at, cases[i][1]);
    buf_free(&yaml);
  }
}

static void test_hours(void **state) {
  (void)state;
  expect("queues: [{name: a}]\ndefault: {queue: a}\nhours:\n- {name: never, open: {mon: \"09:00-10:00\"}, closed: "
         "[\"2026-01-01..2030-01-01\"]}\n- {name: late, open: {mon: \"09:00-10:00\"}, closed: [\"2026-01-01..2027-12-01\"]}\n"
         "- {name: unknown, zone: Mars/Olympus, open: {mon: \"09:00-10:00\"}}\n",
         "wrong 4:3: hours 'never' do not open within 400 days from now\n");
}

#define TWO_HOURS                                                                                                      \
  "hours:\n- {name: day, zone: Europe/Berlin, open: {mon-fri: \"09:00-17:00\"}}\n"                                     \
  "- {name: night, open: {mon-sun: \"22:00-05:00\"}}\n"                                                               \
  "- {name: late, open: {fri: \"15:30-23:00\"}}\n"                                                                    \
  "- {name: never, open: {mon: \"09:00-10:00\"}, closed: [\"2026-01-01..2026-12-29\"]}\n"
#define APART(queue, place)                                                                                            \
  "alarm " place ": queue '" queue "' is never open while one of its members is there: look at its hours and theirs\n"

static void test_duty(void **state) {
  (void)state;
  static const struct {
    const char *queue, *agents, *want;
  } cases[] = {
      {"hours: day", "{name: x, queues: [a], hours: day}", ""},
      {"hours: day", "{name: x, queues: [a], hours: late}", ""}, /* half an hour on Fridays */
      {"hours: day", "{name: x, queues: [a], hours: night}", APART("a", "1:10")},
      {"hours: night", "{name: x, queues: [a], hours: day}", APART("a", "1:10")},
      {"hours: night", "{name: x, queues: [a], hours: late}", ""},
      {"hours: day", "{name: x, queues: [a], hours: night}, {name: y, queues: [a]}", ""},
      {"hours: day", "{name: x, queues: [a], hours: night}, {name: y, queues: [a], hours: day}", ""},
      {"hours: day", "{name: x, queues: [a], hours: night}, {name: y, queues: [a], hours: never}", APART("a", "1:10")},
      {"hours: day, after_hours: take", "{name: x, queues: [a], hours: night}", ""},
      {"priority: 5", "{name: x, queues: [a], hours: night}", ""},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf yaml = BUF_INIT(1 << 14);
    buf_printf(&yaml, "queues: [{name: a, %s}]\nagents: [%s]\ndefault: {queue: a}\n" TWO_HOURS, cases[i].queue,
               cases[i].agents);
    expect(yaml.at, cases[i].want);
    buf_free(&yaml);
  }
}

static void test_real_time(void **state) {
  (void)state;
  struct buf yaml = BUF_INIT(1 << 16);
  buf_add_text(&yaml, "default: {queue: q0}\nqueues:\n- {name: slow, answer_within: 1d}\n");
  for (int i = 0; i < RULE_REAL_TIME; i++)
    buf_printf(&yaml, "- {name: q%d, answer_within: 1m}\n", i);
  expect(yaml.at, "");
  buf_add_text(&yaml, "- {name: more, answer_within: 1m}\n- {name: most, answer_within: 1m}\n");
  expect(yaml.at, "wrong 28:3: queue 'more' is one too many for which agents are kept free: at most 24; it needs 'real_time: "
                  "false'\n");
  buf_free(&yaml);
}

/* ---- rules */

#define SKILLED                                                                                                        \
  "queues:\n"                                                                                                          \
  "- {name: a}\n"                                                                                                      \
  "- {name: soft, relax: [{after: 1m, skills: {zh: 4}}, {after: 2m, skills: {zh: 2}}]}\n"                              \
  "- {name: over, overflow: [{after: 1m, to: c}]}\n"                                                                   \
  "- {name: none, nobody: c}\n"                                                                                        \
  "- {name: c}\n"                                                                                                      \
  "- {name: empty}\n"                                                                                                  \
  "agents:\n"                                                                                                          \
  "- {name: ana, queues: [a, soft, over, none], skills: {zh: 3, de: 5}}\n"                                             \
  "- {name: bo, queues: [a, soft], skills: {zh: 1, fr: 9}}\n"                                                          \
  "- {name: cy, queues: [c], skills: {zh: 9, it: 1}}\n"                                                                \
  "default: {queue: a}\n"

static void test_skills(void **state) {
  (void)state;
  static const struct {
    const char *queue, *skills, *want; /* wrong, alarm, or '' */
  } cases[] = {
      {"a", "[\"zh >= 3\"]", ""},
      {"a", "[\"zh >= 3\", de]", ""},
      {"a", "[\"zh >= 4\"]", "wrong"},
      {"a", "[\"zh >= 3\", fr]", "wrong"}, /* nobody has both */
      {"a", "[\"es >= 1\"]", "wrong"},
      {"a", "[\"es >= 0\"]", ""},
      {"soft", "[\"zh >= 3\"]", ""},
      {"soft", "[\"zh >= 9\"]", "alarm"},
      {"soft", "[\"zh >= 9\", fr]", "wrong"},
      {"over", "[\"zh >= 9\"]", "alarm"},
      {"over", "[\"zh >= 9\", it]", "alarm"},
      {"over", "[\"zh >= 9\", de]", "wrong"},
      {"none", "[\"zh >= 9\"]", "alarm"},
      {"none", "[\"zh >= 10\"]", "wrong"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 14), got = BUF_INIT(1 << 14);
    buf_printf(&yaml, SKILLED "rules:\n- {name: r, when: {suspected: true}, then: {queue: %s, skills: %s}}\n",
               cases[i].queue, cases[i].skills);
    if (strcmp(cases[i].queue, "soft") != 0) /* what a rule softens, some rule asks for */
      buf_add_text(&yaml, "- {name: s, when: {automatic: none}, then: {queue: soft, skills: [\"zh >= 3\"]}}\n");
    struct desk *d = good(yaml.at);
    buf_add_text(&got, "");
    size_t wrong = desk_review(d, NOW_MS, write_down, &got);
    if (strncmp(got.at, cases[i].want, strlen(cases[i].want)) != 0 || (cases[i].want[0] == '\0') != (got.len == 0) ||
        wrong != (strcmp(cases[i].want, "wrong") == 0))
      fail_msg("%s %s: %s", cases[i].queue, cases[i].skills, got.at);
    desk_free(&d);
  }
}

static void test_words_about_skills(void **state) {
  (void)state;
  expect(SKILLED "rules:\n- {name: r, when: {suspected: true}, then: {queue: a, skills: [\"zh >= 4\", de]}}\n"
                 "- {name: s, when: {automatic: none}, then: {queue: soft, skills: [\"zh >= 9\"]}}\n",
         "wrong 14:63: rule 'r' asks for zh>=4,de>=1 in queue 'a', and no agent can ever take that: neither its members nor "
         "by 'relax', 'overflow' or 'nobody'\n"
         "alarm 15:66: rule 's' asks for zh>=9, which no agent of queue 'soft' has: its work items wait until that is "
         "softened or others may take them\n");
  expect("queues: [{name: a, relax: [{after: 1m, skills: {zh: 0, bilingg: 0}}]}]\nagents: [{name: ana, queues: [a], skills: "
         "{zh: 1}}]\ndefault: {queue: a, skills: [zh]}\nrules: [{name: r, when: {customer_last_agent: [ana, anna]}, then: "
         "{queue: a}}]\n",
         "alarm 4:9: rule 'r' asks for the last agent 'anna', who is not defined under 'agents'\n"
         "alarm 1:10: 'relax' of queue 'a' softens 'bilingg', which no rule asks for\n");
  expect("queues: [{name: a, language: 3, relax: [{after: 1m, skills: {zh: 0}}]}]\nagents: [{name: ana, queues: [a]}]\n"
         "default: {queue: a}\n", "");
  expect(SKILLED "rules:\n- {name: s, when: {automatic: none}, then: {queue: soft, skills: [zh]}}\n"
                 "- {name: r, when: {suspected: true}, then: {queue: empty, skills: [xx]}}\n",
         NOBODY("7:3", "empty"));
  /* nobody is named: by hand */
  expect("queues: [{name: a}]\ndefault: {queue: a, skills: [zh]}\nrules: [{name: r, when: {customer_last_agent: [x]}, then: "
         "{queue: a, skills: [\"de >= 9\"]}}]\n", "");
}

static void test_shadows(void **state) {
  (void)state;
  static const struct {
    const char *first, *second;
    bool shadowed;
  } cases[] = {
      {"suspected: true", "suspected: true", true},
      {"suspected: true", "suspected: false", false},
      {"suspected: true", "suspected: true, channel: [mail]", true},
      {"suspected: true, channel: [mail]", "suspected: true", false},
      {"channel: [mail, sms]", "channel: [sms]", true},
      {"channel: [mail]", "channel: [sms, mail]", false},
      {"channel_kind: [email, form]", "channel_kind: [form, email]", true},
      {"channel_kind: [email]", "channel: [mail]", false},
      {"recipient: [\"*@example.com\"]", "recipient: [\"billing@example.com\"]", true},
      {"recipient: [\"*@example.com\"]", "recipient: [\"b*@EXAMPLE.com\"]", true},
      {"recipient: [\"*\"]", "recipient: [\"a*\", \"b*\"]", true},
      {"recipient: [\"b*@example.com\"]", "recipient: [\"*@example.com\"]", false},
      {"recipient: [\"a*\"]", "recipient: [\"a*\", \"b*\"]", false},
      {"recipient: [\"*\"]", "suspected: true", false},
      {"words: [invoice, \"credit note\"]", "words: [\"Credit  Note\"]", true},
      {"words: [\"credit note\"]", "words: [credit]", false},
      {"words: [a, b]", "words: [b, c]", false},
      {"automatic: [bounce, reply]", "automatic: [reply]", true},
      {"automatic: [bounce]", "automatic: [reply]", false},
      {"automatic: none", "automatic: none, words: [x]", true},
      {"automatic: none", "words: [x]", false},
      {"hours: h", "hours: h", true},
      {"hours: h", "hours: not h", false},
      {"hours: h", "hours: i", false},
      {"hours: h", "words: [x]", false},
      {"customer_tags: [a, b]", "customer_tags: [B]", true},
      {"customer_tags: [a]", "customer_tags: [a, b]", false},
      {"customer_tags: [ab]", "customer_tags: [a]", false},
      {"customer_tags: [a]", "customer_tags: [ab]", false},
      {"customer_language: [de]", "customer_language: [de-at, DE]", true},
      {"customer_language: [de-at]", "customer_language: [de]", false},
      {"customer_language: [de]", "customer_language: [del]", false},
      {"customer_last_agent: [ana, bo]", "customer_last_agent: [bo]", true},
      {"customer_last_agent: [ana]", "customer_last_agent: [bo]", false},
      {"customer_consent: [news]", "customer_consent: [news], customer_value: \"> 5\"", true},
      {"customer_consent: [news]", "customer_consent: [sms]", false},
      {"customer_value: \">= 1000\"", "customer_value: \">= 2000\"", true},
      {"customer_value: \">= 1000\"", "customer_value: \"> 1000\"", true},
      {"customer_value: \"> 1000\"", "customer_value: \">= 1000\"", false},
      {"customer_value: \"> 1000\"", "customer_value: \"= 1000\"", false},
      {"customer_value: \">= 1000\"", "customer_value: \"= 1000\"", true},
      {"customer_value: \"<= -5\"", "customer_value: \"< -5\"", true},
      {"customer_value: \"< -5\"", "customer_value: \"< -4.5\"", false},
      {"customer_value: \"< 5\"", "customer_value: \"> 1\"", false},
      {"customer_value: \"= 5\"", "customer_value: \"= 5\"", true},
      {"customer_value: \"> 5\"", "customer_open: \"> 6\"", false},
      {"customer_open: \">= 2\"", "customer_open: \"> 2\"", true},
      {"customer_open: \"> 2\"", "customer_open: \">= 2\"", false},
      {"customer_tags: [a]", "customer_tags: [a], customer_value: \"> 5\", channel: [mail]", true},
      {"customer_tags: [a], words: [x]", "customer_tags: [a], words: [y]", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 14), got = BUF_INIT(1 << 14);
    buf_printf(&yaml, "queues: [{name: a}]\ndefault: {queue: a}\nhours: [{name: h, open: {mon: \"09:00-10:00\"}}, {name: i, "
               "open: {mon: \"09:00-10:00\"}}]\nrules:\n- {name: between, when: {channel: [other], suspected: true, "
               "automatic: none}, then: {queue: a}}\n- {name: one, when: {%s}, then: {queue: a}}\n- {name: two, when: {%s}, "
               "then: {queue: a}}\n", cases[i].first, cases[i].second);
    struct desk *d = good(yaml.at);
    buf_add_text(&got, "");
    desk_review(d, NOW_MS, write_down, &got);
    const char *want = cases[i].shadowed ? "wrong 7:3: rule 'two' is never used: rule 'one' before it takes all that it "
                                           "would match\n" : "";
    if (strcmp(got.at, want) != 0)
      fail_msg("{%s} {%s}: %s", cases[i].first, cases[i].second, got.at);
    desk_free(&d);
  }
}

/* Two rules, neither of which takes all of a third. */
static void test_shadows_of_several(void **state) {
  (void)state;
  static const struct {
    const char *one, *two, *three;
    bool shadowed;
  } cases[] = {
      {"words: [x]", "words: [y]", "words: [y, x]", true},
      {"words: [x]", "words: [y]", "words: [x, z]", false},
      {"words: [x]", "words: [y]", "channel: [mail]", false},
      {"words: [x], channel: [mail]", "words: [y]", "words: [x, y]", false},
      {"words: [x], channel: [mail]", "words: [y]", "words: [x, y], channel: [mail]", true},
      {"words: [x], channel: [mail]", "words: [x], channel: [form]", "words: [x], channel: [mail, form]", true},
      {"words: [x], channel: [mail]", "words: [y], channel: [form]", "words: [x, y], channel: [mail, form]", false},
      {"channel_kind: [sms]", "channel_kind: [email]", "channel_kind: [email, sms]", true},
      {"recipient: [\"a@*\"]", "recipient: [\"*@b\"]", "recipient: [\"c@b\", \"a@x\"]", true},
      {"recipient: [\"a@*\"]", "recipient: [\"*@b\"]", "recipient: [\"c@b\", \"b@x\"]", false},
      {"hours: h", "hours: not h", "words: [x]", true},
      {"hours: h", "hours: not i", "words: [x]", false},
      {"hours: h, words: [x]", "hours: not h", "words: [x]", true},
      {"hours: h, words: [x]", "hours: not h", "words: [y]", false},
      {"hours: not h", "hours: h", "hours: i", false},
      {"customer_tags: [a]", "customer_tags: [b]", "customer_tags: [b, a], suspected: true", true},
      {"customer_language: [de]", "customer_language: [fr]", "customer_language: [de-at, fr]", true},
      {"customer_last_agent: [ana]", "customer_last_agent: [bo]", "customer_last_agent: [ana, bo, cy]", false},
      {"customer_consent: [a]", "customer_consent: [b]", "customer_consent: [a, b]", true},
      {"customer_value: \"< 5\"", "customer_value: \">= 5\"", "words: [x]", false}, /* a customer without value */
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 14), got = BUF_INIT(1 << 14);
    buf_printf(&yaml, "queues: [{name: a}]\ndefault: {queue: a}\nhours: [{name: h, open: {mon: \"09:00-10:00\"}}, {name: i, "
               "open: {mon: \"09:00-10:00\"}}]\nrules:\n- {name: one, when: {%s}, then: {queue: a}}\n- {name: two, when: {%s}, "
               "then: {queue: a}}\n- {name: three, when: {%s}, then: {queue: a}}\n", cases[i].one, cases[i].two, cases[i].three);
    struct desk *d = good(yaml.at);
    buf_add_text(&got, "");
    assert_int_equal(desk_review(d, NOW_MS, write_down, &got), 0);
    const char *want = cases[i].shadowed ? "alarm 7:3: rule 'three' is never used: rules before it together take all that it "
                                           "would match\n" : "";
    if (strcmp(got.at, want) != 0)
      fail_msg("{%s} {%s} {%s}: %s", cases[i].one, cases[i].two, cases[i].three, got.at);
    desk_free(&d);
  }
}

static void test_default_desk(void **state) {
  (void)state;
  expect(desk_default_yaml(), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_circles),  cmocka_unit_test(test_a_long_circle), cmocka_unit_test(test_nobody_there),
      cmocka_unit_test(test_capacity), cmocka_unit_test(test_hours),         cmocka_unit_test(test_real_time),
      cmocka_unit_test(test_duty),
      cmocka_unit_test(test_skills),   cmocka_unit_test(test_words_about_skills),
      cmocka_unit_test(test_shadows),  cmocka_unit_test(test_default_desk), cmocka_unit_test(test_shadows_of_several),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
