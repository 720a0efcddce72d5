/* SPDX-License-Identifier: Apache-2.0 */
/* The desk document: what it becomes, what is refused and in which words, and its limits. */
#include "documents.h"
#include "base/file.h"

static const char whole[] =
    "default: {queue: support, priority: 7}\n"
    "rules:\n"
    "  - name: vip\n"
    "    then: {queue: billing, priority: 2, answer_within: 1h, skills: [\"billing >= 3\", zh, \"de>=0\"]}\n"
    "    when:\n"
    "      customer_language: [DE, pt-BR]\n"
    "      customer_value: \" >=  1000 \"\n"
    "      customer_tags: [VIP, gold_2]\n"
    "      words: [invoice, \"credit note\"]\n"
    "  - name: plain\n"
    "    when: {suspected: false}\n"
    "    then: {queue: billing}\n"
    "agents:\n"
    "  - name: ana\n"
    "    queues: [billing, support]\n"
    "    skills: {zh: 5, billing: 8, none: 0}\n"
    "  - name: bob\n"
    "queues:\n"
    "  - name: billing\n"
    "    priority: 3\n"
    "    answer_within: 4h\n"
    "  - name: support\n";

static void test_whole(void **state) {
  (void)state;
  struct desk *d = good(whole);
  assert_int_equal(d->version, 0);
  assert_int_equal(d->queue_count, 2);
  assert_string_equal(d->queues[0].name, "billing");
  assert_int_equal(d->queues[0].priority, 3);
  assert_int_equal(d->queues[0].answer_within_ms, 4 * 3600 * 1000);
  assert_int_equal(d->queues[1].priority, 5);
  assert_int_equal(d->queues[1].answer_within_ms, 0);
  assert_int_equal(d->agent_count, 2);
  assert_string_equal(d->agents[0].name, "ana");
  assert_int_equal(d->agents[0].queue_count, 2);
  assert_string_equal(d->agents[0].queues[1], "support");
  assert_int_equal(d->agents[0].skill_count, 3);
  assert_string_equal(d->agents[0].skills[1].name, "billing");
  assert_int_equal(d->agents[0].skills[1].level, 8);
  assert_int_equal(d->agents[1].queue_count, 0);
  assert_int_equal(d->rule_count, 3);
  const struct desk_rule *vip = &d->rules[0], *plain = &d->rules[1], *last = &d->rules[2];
  assert_string_equal(vip->name, "vip");
  assert_string_equal(vip->queue, "billing");
  assert_int_equal(vip->priority, 2);
  assert_int_equal(vip->answer_within_ms, 3600 * 1000);
  assert_string_equal(vip->skills, "billing>=3,zh>=1,de>=0");
  assert_string_equal(vip->customer, "tag=vip|gold_2;value>=1000;lang=de|pt-br");
  assert_int_equal(plain->priority, 3);
  assert_int_equal(plain->answer_within_ms, 4 * 3600 * 1000);
  assert_string_equal(plain->skills, "");
  assert_string_equal(plain->customer, "");
  assert_string_equal(last->name, "default");
  assert_string_equal(last->queue, "support");
  assert_int_equal(last->priority, 7);
  assert_string_equal(last->customer, "");
  desk_free(&d);
  assert_null(d);
  desk_free(&d);
  desk_free(NULL);
}

static void test_default_desk(void **state) {
  (void)state;
  struct desk *d = good(desk_default_yaml());
  assert_int_equal(d->queue_count, 3);
  assert_int_equal(d->rule_count, 3);
  assert_string_equal(d->rules[0].name, "suspected");
  assert_string_equal(d->rules[0].queue, "suspected");
  assert_int_equal(d->rules[0].priority, 9);
  assert_string_equal(d->rules[1].name, "automatic");
  assert_string_equal(d->rules[1].queue, "automatic");
  assert_int_equal(d->rules[1].priority, 9);
  assert_string_equal(d->rules[2].queue, "support");
  assert_null(d->words);
  uint16_t rule;
  struct desk_facts facts = {.suspected = true};
  assert_int_equal(desk_match(d, &facts, &rule, 1), 1);
  assert_int_equal(rule, 0);
  facts.suspected = false;
  assert_int_equal(desk_match(d, &facts, &rule, 1), 1);
  assert_int_equal(rule, 2);
  static const struct {
    const char *kind;
    uint16_t rule;
  } automatic[] = {{"bounce", 1}, {"reply", 1}, {"report", 2}, {"list", 2}, {"bulk", 2}, {"", 2}};
  for (size_t i = 0; i < COUNT(automatic); i++) {
    facts.automatic = slice_text(automatic[i].kind);
    assert_int_equal(desk_match(d, &facts, &rule, 1), 1);
    assert_int_equal(rule, automatic[i].rule);
  }
  desk_free(&d);
  struct buf file = BUF_INIT(1 << 20);
  assert_int_equal(file_read(DEPLOY_CONFIG "/desk.yaml", &file), 0);
  assert_string_equal(file.at, desk_default_yaml());
  buf_free(&file);
}

/* What the sample shows in comments can be taken as it stands: "#  - name: x" and "#agents:". */
static void test_sample_without_comments(void **state) {
  (void)state;
  struct buf yaml = BUF_INIT(1 << 16);
  struct slice rest = slice_text(desk_default_yaml()), line;
  while (slice_split(&rest, '\n', &line)) {
    bool shown = line.len > 2 && line.at[0] == '#' && (line.at[1] != ' ' || line.at[2] == ' ');
    buf_add_slice(&yaml, shown ? slice_of(line.at + 1, line.len - 1) : line);
    buf_add_text(&yaml, "\n");
  }
  struct desk *d = good(yaml.at);
  assert_int_equal(d->queue_count, 4);
  assert_int_equal(d->agent_count, 1);
  assert_int_equal(d->factor_count, 3);
  assert_int_equal(d->hours_count, 1);
  assert_int_equal(d->rule_count, 4);
  desk_free(&d);
  buf_free(&yaml);
}

/* ---- complaints. Each case is put into a document that is good but for it. */

enum place { TOP, QUEUE, AGENT, RULE, WHEN, THEN, FALLBACK, PLACES };

/* The case stands on line 2 of each. */
static const char *const around[PLACES][2] = {
    [TOP] = {"queues: [{name: q}]\n", "\n"},
    [QUEUE] = {"queues: [{name: q},\n", "]\ndefault: {queue: q}\n"},
    [AGENT] = {"agents: [\n", "]\nqueues: [{name: q}, {name: billing}]\ndefault: {queue: q}\n"},
    [RULE] = {"rules: [{name: a, when: {suspected: true}, then: {queue: q}},\n",
              "]\nqueues: [{name: q}]\ndefault: {queue: q}\n"},
    [WHEN] = {"rules: [{name: a, then: {queue: q}, when:\n", "}]\nqueues: [{name: q}]\ndefault: {queue: q}\n"},
    [THEN] = {"rules: [{name: a, when: {suspected: true}, then:\n",
              "}]\nqueues: [{name: q}, {name: billing}]\ndefault: {queue: q}\n"},
    [FALLBACK] = {"default:\n", "\nqueues: [{name: q}]\n"},
};

#define NO_NAME "is not a name: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit"
#define NO_TAG "is not allowed here: 1 to 64 of a-z, 0-9, '_' and '-'"
#define WHEN_KEYS                                                                                                      \
  "channel, channel_kind, recipient, words, customer_tags, customer_value, customer_language, customer_last_agent, "    \
  "customer_open, customer_consent, suspected, automatic, hours"
#define QUEUE_KEYS                                                                                                     \
  "name, priority, answer_within, next_within, resolve_within, levels, warn_at, hours, after_hours, real_time, "        \
  "handling, language, relax, overflow, nobody, limit, offer, wrap_up, members"

static const struct {
  enum place place;
  const char *yaml, *want; /* at line 2; the column leads */
} cases[] = {
    {TOP, "", "1: the desk needs 'default'"},
    {TOP, "default: {queue: q}\nrule: []", "3:1: unknown key 'rule' in the desk; did you mean 'rules'? allowed: "
                                           "queues, agents, rules, default, hours, templates, acknowledge, dispatch, "
                                           "value"},
    {TOP, "default: {queue: q}\nrules: 5", "3:8: 'rules' must be a list"},
    {TOP, "default: {queue: q}\nagents: {a: b}", "3:9: 'agents' must be a list"},
    {QUEUE, " {priority: 1}", "2: a queue needs 'name'"},
    {QUEUE, " {name: Q}", "9: 'Q' " NO_NAME},
    {QUEUE, " {name: ~}", "9: a name is needed here"},
    {QUEUE, " {name: q}", "9: queue 'q' is defined twice"},
    {QUEUE, " {name: r, priority: 0}", "22: '0' is not a priority: 1 to 9"},
    {QUEUE, " {name: r, priority: 10}", "22: '10' is not a priority: 1 to 9"},
    {QUEUE, " {name: r, priority: high}", "22: 'high' is not a priority: 1 to 9"},
    {QUEUE, " {name: r, priority: [1]}", "22: '' is not a priority: 1 to 9"},
    {QUEUE, " {name: r, answer_within: 30}", "27: '30' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
    {QUEUE, " {name: r, answer_within: 366d}", "27: '366d' is too large for 'answer_within': 0 to 365d"},
    {QUEUE, " {name: r, answer_within: ~}", "27: 'answer_within' has no value"},
    {QUEUE, " {name: r, skil: 1}", "12: unknown key 'skil' in a queue; allowed: " QUEUE_KEYS},
    {QUEUE, " r", "2: a queue must be made of 'key: value' pairs"},
    {AGENT, " {name: a}, {name: a}", "20: agent 'a' is defined twice"},
    {AGENT, " {name: a, queues: [biling]}",
     "21: queue 'biling' is not defined under 'queues'; did you mean 'billing'?"},
    {AGENT, " {name: a, queues: [nothing]}", "21: queue 'nothing' is not defined under 'queues'"},
    {AGENT, " {name: a, queues: [q, q]}", "24: 'q' is given twice"},
    {AGENT, " {name: a, queues: [[q]]}", "21: the name of a queue is needed here"},
    {AGENT, " {name: a, queues: q}", "20: 'queues' must be a list"},
    {AGENT, " {name: a, skills: [zh]}", "20: 'skills' must be a map: {billing: 5, zh: 8}"},
    {AGENT, " {name: a, skills: {zh: 11}}", "25: '11' is not a skill level: 0 to 10"},
    {AGENT, " {name: a, skills: {ZH: 1}}", "21: 'ZH' " NO_NAME},
    {AGENT, " {name: a, address: ana}", "21: 'ana' is no e-mail address"},
    {AGENT, " {name: a, address: \"*\"}", "21: '*' is no e-mail address"},
    {AGENT, " {name: a, address: \"@example.com\"}", "21: '@example.com' is no e-mail address"},
    {AGENT, " {name: a, address: [x@example.com]}", "21: '' is no e-mail address"},
    {AGENT, " {name: a, address: A@x.example}, {name: b, address: a@X.example}",
     "54: 'a@X.example' is another agent's address already"},
    {RULE, " {name: a, when: {suspected: true}, then: {queue: q}}", "9: rule 'a' is defined twice"},
    {RULE, " {name: default, when: {suspected: true}, then: {queue: q}}",
     "9: 'default' is the name of the last rule; name this one otherwise"},
    {RULE, " {name: b, then: {queue: q}}", "2: a rule needs 'when'"},
    {RULE, " {name: b, when: {suspected: true}}", "2: a rule needs 'then'"},
    {RULE, " {when: {suspected: true}, then: {queue: q}}", "2: a rule needs 'name'"},
    {WHEN, " {}", "2: a rule needs a condition; what is left goes by 'default'"},
    {WHEN, " ~", "2: 'when' must be made of 'key: value' pairs"},
    {WHEN, " {chanel: [a]}", "3: unknown key 'chanel' in 'when'; did you mean 'channel'? allowed: " WHEN_KEYS},
    {WHEN, " {channel: mail}", "12: 'channel' must be a list"},
    {WHEN, " {channel: []}", "12: 'channel' needs at least one entry"},
    {WHEN, " {channel: ~}", "12: 'channel' needs at least one entry"},
    {WHEN, " {channel: [Mail]}", "13: 'Mail' " NO_NAME},
    {WHEN, " {channel_kind: [mail]}", "18: 'mail' is not a kind of channel: email, sms, webhook, form"},
    {WHEN, " {channel_kind: [[a]]}", "18: '' is not a kind of channel: email, sms, webhook, form"},
    {WHEN, " {recipient: [\"\"]}",
     "15: '' is not a recipient: an address of 1 to 320 bytes, '*' for any run of characters"},
    {WHEN, " {words: invoice}", "10: 'words' must be a list"},
    {WHEN, " {words: []}", "10: 'words' needs at least one entry"},
    {WHEN, " {words: [c++]}", "11: 'c++' must begin and end with a letter or digit"},
    {WHEN, " {words: [\" x\"]}", "11: ' x' must begin and end with a letter or digit"},
    {WHEN, " {words: [\"\"]}", "11: '' must begin and end with a letter or digit"},
    {WHEN, " {words: [\"!?\"]}", "11: '!?' must begin and end with a letter or digit"},
    {WHEN, " {words: [{a: b}]}", "11: an entry of 'words' must be a text"},
    {WHEN, " {words: [a a a a a a a a a a a a a a a a a a a a a a a a a]}",
     "11: 'a a a a a a a a a a a a a a a a a a a a a a a a a' is too long: at most 24 words of 96 bytes"},
    {WHEN, " {customer_tags: [a b]}", "19: 'a b' " NO_TAG},
    {WHEN, " {customer_tags: [\"a|b\"]}", "19: 'a|b' " NO_TAG},
    {WHEN, " {customer_tags: [\"a;b\"]}", "19: 'a;b' " NO_TAG},
    {WHEN, " {customer_tags: [é]}", "19: 'é' " NO_TAG},
    {WHEN, " {customer_tags: [\"\"]}", "19: '' " NO_TAG},
    {WHEN, " {customer_tags: []}", "18: 'customer_tags' needs at least one entry"},
    {WHEN, " {customer_language: [de_de.utf8]}", "23: 'de_de.utf8' " NO_TAG},
    {WHEN, " {customer_value: 1000}", "19: '1000' needs a comparison: \">= 1000\" (>=, >, <=, <, =)"},
    {WHEN, " {customer_value: \"!= 1\"}", "19: '!= 1' needs a comparison: \">= 1000\" (>=, >, <=, <, =)"},
    {WHEN, " {customer_value: [1]}", "19: '' needs a comparison: \">= 1000\" (>=, >, <=, <, =)"},
    {WHEN, " {customer_value: \">= x\"}",
     "19: '>= x' needs a number after the comparison: \">= 1000\", \"< 99.5\""},
    {WHEN, " {customer_value: \">=\"}", "19: '>=' needs a number after the comparison: \">= 1000\", \"< 99.5\""},
    {WHEN, " {customer_value: \"=> 5\"}", "19: '=> 5' needs a number after the comparison: \">= 1000\", \"< 99.5\""},
    {WHEN, " {customer_value: \">= 1e9\"}",
     "19: '>= 1e9' needs a number after the comparison: \">= 1000\", \"< 99.5\""},
    {WHEN, " {suspected: maybe}", "14: 'maybe' is not true or false"},
    {WHEN, " {automatic: []}", "14: 'automatic' needs at least one entry, or the word none"},
    {WHEN, " {automatic: ~}", "14: 'automatic' needs at least one entry, or the word none"},
    {WHEN, " {automatic: bounce}", "14: 'automatic' must be a list"},
    {WHEN, " {automatic: [none]}", "15: 'none' is no kind of automatic mail: reply, bounce, report, list, bulk"},
    {WHEN, " {automatic: [bounce, loopback]}",
     "23: 'loopback' is no kind of automatic mail: reply, bounce, report, list, bulk"},
    {WHEN, " {automatic: [\"\"]}", "15: '' is no kind of automatic mail: reply, bounce, report, list, bulk"},
    {WHEN, " {automatic: [[bounce]]}", "15: '' is no kind of automatic mail: reply, bounce, report, list, bulk"},
    {THEN, " {priority: 1}", "2: 'then' needs 'queue'"},
    {THEN, " {queue: bilings}", "10: queue 'bilings' is not defined under 'queues'; did you mean 'billing'?"},
    {THEN, " {queue: q, priority: 0}", "23: '0' is not a priority: 1 to 9"},
    {THEN, " {queue: q, skills: zh}", "21: 'skills' must be a list"},
    {THEN, " {queue: q, skills: [\"zh >= 11\"]}",
     "22: 'zh >= 11' is not a skill: \"billing >= 3\" (0 to 10) or \"billing\""},
    {THEN, " {queue: q, skills: [\"zh >=\"]}", "22: 'zh >=' is not a skill: \"billing >= 3\" (0 to 10) or \"billing\""},
    {THEN, " {queue: q, skills: [\"zh > 3\"]}", "22: 'zh > 3' " NO_NAME},
    {THEN, " {queue: q, skills: [{zh: 3}]}", "22: '' is not a skill: \"billing >= 3\" (0 to 10) or \"billing\""},
    {THEN, " {queue: q, skills: [zh, \"zh >= 2\"]}", "26: 'zh >= 2' is given twice"},
    {FALLBACK, " {priority: 1}", "2: 'default' needs 'queue'"},
    {FALLBACK, " q", "2: 'default' must be made of 'key: value' pairs"},
    {FALLBACK, " {queue: r}", "10: queue 'r' is not defined under 'queues'"},
};

static void test_complaints(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf yaml = BUF_INIT(1 << 16);
    char want[1024];
    buf_printf(&yaml, "%s%s%s", around[cases[i].place][0], cases[i].yaml, around[cases[i].place][1]);
    bool has_line = strspn(cases[i].want, "0123456789") < strcspn(cases[i].want, " ") - 1;
    const char *line = has_line ? "" : cases[i].place == TOP ? "1:" : "2:";
    snprintf(want, sizeof(want), "desk.yaml:%s%s", line, cases[i].want);
    refused(buf_slice(&yaml), want);
    buf_free(&yaml);
  }
}

static void test_documents(void **state) {
  (void)state;
  refused(SLICE(""), "desk.yaml:1:1: the desk needs 'queues'");
  refused(SLICE("[a]"), "desk.yaml:1:1: the document must be made of 'key: value' lines");
  refused(SLICE("queues: &a []\ndefault: *a\n"),
          "desk.yaml:1:9: aliases and anchors are not allowed; write the value out (a text that begins with '*' or '&' "
          "needs quotes)");
  refused(SLICE("queues: []\ndefault: {queue: q}\n"), "desk.yaml:2:18: queue 'q' is not defined under 'queues'");
  refused(SLICE("queues: ~\ndefault: {queue: q}\n"), "desk.yaml:2:18: queue 'q' is not defined under 'queues'");
}

static void test_values(void **state) {
  (void)state;
  static const char *const values[][2] = {
      {"\">= 1000\"", "value>=1000"}, {"\"> 0.5\"", "value>0.5"}, {"\"<= -3\"", "value<=-3"}, {"\"<99\"", "value<99"},
      {"\"= 7\"", "value=7"}, {"\"=0\"", "value=0"},
  };
  for (size_t i = 0; i < COUNT(values); i++) {
    struct buf yaml = BUF_INIT(1 << 12);
    buf_printf(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nrules: [{name: a, then: {queue: q}, when: "
               "{customer_value: %s}}]\n", values[i][0]);
    struct desk *d = good(yaml.at);
    assert_string_equal(d->rules[0].customer, values[i][1]);
    desk_free(&d);
    buf_free(&yaml);
  }
}

/* ---- limits: the most is good, one more is refused */

static void test_limits(void **state) {
  (void)state;
  static const struct {
    const char *head, *a, *b, *tail, *want;
    size_t most;
  } limits[] = {
      {"queues: [", "{name: q", "}", "]\ndefault: {queue: q0}\n",
       "desk.yaml:1:9: 'queues' has 501 entries; at most 500 are allowed", DESK_MAX_QUEUES},
      {"queues: [{name: q}]\ndefault: {queue: q}\nrules: [", "{name: r", ", when: {suspected: true}, then: {queue: q}}",
       "]\n", "desk.yaml:3:8: 'rules' has 501 entries; at most 500 are allowed", DESK_MAX_RULES},
      {"queues: [{name: q}]\ndefault: {queue: q}\nagents: [", "{name: a", "}", "]\n",
       "desk.yaml:3:9: 'agents' has 5001 entries; at most 5000 are allowed", DESK_MAX_AGENTS},
      {"queues: [{name: q}]\ndefault: {queue: q}\nagents: [{name: a, skills: {", "s", ": 1", "}}]\n",
       "desk.yaml:3:28: 'skills' has 101 entries; at most 100 are allowed", 100},
      {"queues: [{name: q}]\ndefault: {queue: q}\nrules: [{name: r, then: {queue: q}, when: {words: [", "w", "",
       "]}}]\n", "desk.yaml:3:51: 'words' has 201 entries; at most 200 are allowed", 200},
      {"queues: [{name: q}]\ndefault: {queue: q}\nrules: [{name: r, then: {queue: q}, when: {channel: [", "w", "",
       "]}}]\n", "desk.yaml:3:53: 'channel' has 201 entries; at most 200 are allowed", 200},
      {"queues: [{name: q}]\ndefault: {queue: q}\nrules: [{name: r, then: {queue: q}, when: {customer_tags: [", "w",
       "-long-long-long-long-long-long-long-long-long-long-long-lon", "]}}]\n",
       "desk.yaml:3:59: 'customer_tags' has 51 entries; at most 50 are allowed", 50},
      {"queues: [{name: q}]\nrules: []\ndefault: {queue: q, skills: [", "w-long-long-long-long-long", ">= 10", "]}\n",
       "desk.yaml:3:29: 'skills' has 21 entries; at most 20 are allowed", 20},
  };
  for (size_t i = 0; i < COUNT(limits); i++) {
    struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
    list_of(&yaml, limits[i].head, limits[i].a, limits[i].b, limits[i].most, limits[i].tail);
    struct desk *d = good(yaml.at);
    desk_free(&d);
    buf_clear(&yaml);
    list_of(&yaml, limits[i].head, limits[i].a, limits[i].b, limits[i].most + 1, limits[i].tail);
    refused(buf_slice(&yaml), limits[i].want);
    buf_free(&yaml);
  }
}

static void test_words_of_all_rules(void **state) {
  (void)state;
  struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
  buf_add_text(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nrules:\n");
  for (size_t rule = 0; rule < DESK_MAX_WORDS / 200 + 1; rule++) {
    buf_printf(&yaml, "- {name: r%zu, then: {queue: q}, when: {words: [", rule);
    for (size_t i = 0; i < 200; i++) /* the last rule brings one new word and repeats */
      buf_printf(&yaml, "%sw%zu", i ? "," : "", rule == DESK_MAX_WORDS / 200 && i > 0 ? i : rule * 200 + i);
    buf_add_text(&yaml, "]}}\n");
  }
  refused(buf_slice(&yaml),
          "desk.yaml:54:48: 'w10000' is one word too many: at most 10000 different ones in all rules");
  buf_free(&yaml);
}

static void test_size(void **state) {
  (void)state;
  char *large = malloc(DESK_MAX_BYTES + 1);
  memset(large, '#', DESK_MAX_BYTES + 1);
  refused(slice_of(large, DESK_MAX_BYTES + 1), "desk.yaml:0:0: larger than 1MiB (1048577 bytes)");
  free(large);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),     cmocka_unit_test(test_default_desk), cmocka_unit_test(test_complaints),
      cmocka_unit_test(test_documents), cmocka_unit_test(test_sample_without_comments),
      cmocka_unit_test(test_values),    cmocka_unit_test(test_limits),
      cmocka_unit_test(test_size),      cmocka_unit_test(test_words_of_all_rules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
