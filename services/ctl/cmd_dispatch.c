/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell dispatch try: this message now – which rule, which queue, who, when. Nothing is sent or written. */
#include "base/clock.h"
#include "definition.h"
#include "dispatch/record.h"
#include "instant.h"
#include "record_show.h"
#include "step.h"
#include "hours/hours.h"
#include "try_message.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { RULES_MAX = 64, RULE_FIELDS = 6, HEAD_FIELDS = 5, NUMBER_LEN = 24, WORDS_MAX = 4096 };
enum try_field { TRY_RULE, TRY_CUSTOMER, TRY_QUEUE, TRY_LINE, TRY_DUE, TRY_RECORD, TRY_OUTCOME, TRY_ITEM, TRY_STATE,
                 TRY_AGENTS };
static_assert(HEAD_FIELDS + RULES_MAX * RULE_FIELDS <= STEP_ARGUMENTS, "all rules fit into one call");

struct trial {
  struct desk_view *view;
  struct desk *desk;
  struct try_message message;
  const char *event_file;
  bool numbers;
};

/* ---- asking */

static size_t match(const struct trial *t, uint16_t rules[RULES_MAX]) {
  struct slice to[TRY_TO_MAX];
  const struct try_message *m = &t->message;
  for (size_t i = 0; i < m->to_count; i++)
    to[i] = slice_text(m->to[i]);
  const struct desk_facts facts = {.channel = slice_text(m->channel), .channel_kind = slice_text(m->channel_kind),
                                   .recipients = to, .recipient_count = m->to_count, .subject = slice_text(m->subject),
                                   .text = slice_text(m->text), .automatic = slice_text(m->automatic),
                                   .suspected = m->suspected};
  return desk_match(t->desk, &facts, rules, RULES_MAX);
}

/* On which what a sender writes goes on in one talk; "" a mail, whose conversation its Message-IDs say, or a form. */
static const char *talk_channel(const struct try_message *m) {
  bool talks = strcmp(m->channel_kind, "sms") == 0 || strcmp(m->channel_kind, "webhook") == 0;
  return talks ? m->channel : "";
}

/* The candidates as deskbell_route gets them: what they ask of the customer is answered where the customer is known. */
static redisReply *ask(const struct trial *t) {
  uint16_t rules[RULES_MAX];
  char numbers[RULES_MAX][2][NUMBER_LEN], count[NUMBER_LEN];
  const char *arguments[HEAD_FIELDS + RULES_MAX * RULE_FIELDS];
  size_t n = 0, candidates = match(t, rules);
  snprintf(count, sizeof(count), "%zu", candidates);
  arguments[n++] = t->message.key;
  arguments[n++] = t->message.channel_kind;
  arguments[n++] = t->message.language;
  arguments[n++] = talk_channel(&t->message);
  arguments[n++] = count;
  for (size_t i = 0; i < candidates; i++) {
    const struct desk_rule *rule = &t->desk->rules[rules[i]];
    snprintf(numbers[i][0], NUMBER_LEN, "%d", rule->priority);
    snprintf(numbers[i][1], NUMBER_LEN, "%lld", (long long)rule->answer_within_ms);
    arguments[n++] = rule->name;
    arguments[n++] = rule->queue;
    arguments[n++] = numbers[i][0];
    arguments[n++] = rule->own_within ? numbers[i][1] : ""; /* else the queue's, or a level of it */
    arguments[n++] = rule->skills;
    arguments[n++] = rule->customer;
  }
  return step_call(t->view, "deskbell_try", n, arguments);
}

/* ---- telling */

/* When the queue opens, if nothing of it is offered now; 0: it is open, or never opens. */
static int64_t next_open_ms(const struct trial *t, const char *queue, int64_t now_ms) {
  const struct desk_queue *q = desk_queue_named(t->desk, slice_text(queue));
  bool closed = q && q->hours && q->after != AFTER_TAKE && !hours_open(q->hours, now_ms);
  int64_t at = closed ? hours_next(q->hours, now_ms) : 0;
  return at > 0 ? at : 0;
}

static struct rule_record *read_record(const redisReply *answer) {
  const redisReply *r = answer->elements > TRY_RECORD ? answer->element[TRY_RECORD] : NULL;
  struct rule_record *record = must_calloc(1, sizeof(*record));
  if (r && r->type == REDIS_REPLY_STRING && r->len && rule_record_read(slice_of(r->str, r->len), record) == 0)
    return record;
  free(record);
  return NULL;
}

static bool joins(const redisReply *answer) {
  return strcmp(step_text(answer, TRY_OUTCOME), "joins") == 0;
}

/* No new work: this customer's talk goes on. */
static void tell_joins(const redisReply *answer) {
  const char *state = step_text(answer, TRY_STATE), *agents = step_text(answer, TRY_AGENTS);
  bool aside = strcmp(state, "on_hold") == 0 || strcmp(state, "snoozed") == 0;
  printf("joins work item %s of queue %s, which is %s%s%s%s\n", step_text(answer, TRY_ITEM), step_text(answer, TRY_QUEUE), state,
         agents[0] ? ", with " : "", agents, aside ? ": it waits again" : "");
  printf("    customer %s\n", step_text(answer, TRY_CUSTOMER));
}

static void tell_json(const struct trial *t, const redisReply *answer, const struct rule_record *record) {
  json_t *j = json_object();
  json_object_set_new(j, "rule", json_string(step_text(answer, TRY_RULE)));
  json_object_set_new(j, "desk_version", json_integer((json_int_t)t->desk->version));
  if (step_text(answer, TRY_CUSTOMER)[0])
    json_object_set_new(j, "customer", json_string(step_text(answer, TRY_CUSTOMER)));
  json_object_set_new(j, "queue", json_string(step_text(answer, TRY_QUEUE)));
  json_object_set_new(j, "line", slice_json(slice_text(step_text(answer, TRY_LINE))));
  json_set_time(j, "due", step_number(answer, TRY_DUE));
  json_set_time(j, "next_open", next_open_ms(t, step_text(answer, TRY_QUEUE), clock_now_ms()));
  json_object_set_new(j, "outcome", json_string(step_text(answer, TRY_OUTCOME)));
  if (joins(answer)) {
    json_object_set_new(j, "item", json_string(step_text(answer, TRY_ITEM)));
    json_object_set_new(j, "state", json_string(step_text(answer, TRY_STATE)));
    json_object_set_new(j, "agents", json_string(step_text(answer, TRY_AGENTS)));
  }
  if (record)
    json_object_set_new(j, "decision", record_json(record));
  print_json(j);
}

static void tell(const struct trial *t, const redisReply *answer, const struct rule_record *record) {
  auto_clean(buf_free) struct buf words = BUF_INIT(WORDS_MAX);
  char near[INSTANT_LEN];
  const char *queue = step_text(answer, TRY_QUEUE), *customer = step_text(answer, TRY_CUSTOMER);
  if (joins(answer)) {
    tell_joins(answer);
    return;
  }
  int64_t now_ms = clock_now_ms(), due_ms = step_number(answer, TRY_DUE), open_ms = next_open_ms(t, queue, now_ms);
  printf("queue %s, by rule \"%s\" of desk version %llu\n", queue, step_text(answer, TRY_RULE),
         (unsigned long long)t->desk->version);
  printf("    customer %s\n", customer[0] ? customer : "not known");
  if (due_ms > 0)
    printf("    answer due %s\n", instant_near(due_ms, now_ms, near));
  if (open_ms > 0)
    printf("    %s is closed; it opens %s\n", queue, instant_near(open_ms, now_ms, near));
  printf("    line %s\n", step_text(answer, TRY_LINE));
  if (!record) {
    printf("    %s\n", step_text(answer, TRY_OUTCOME));
    return;
  }
  record_words(record, &words);
  printf("    %s\n", words.at);
  if (t->numbers)
    record_print(record);
}

/* ---- the command */

static int try(struct trial *t, struct arena *a) {
  int status = t->event_file ? try_message_read(t->view->ctl, t->event_file, &t->message) : CTL_OK;
  if (status == CTL_OK)
    status = try_message_complete(t->view, a, &t->message);
  if (status == CTL_OK)
    status = definition_in_force(t->view, &t->desk);
  auto_reply *answer = status == CTL_OK ? ask(t) : NULL;
  if (!answer)
    return status == CTL_OK ? CTL_FAILED : status;
  struct rule_record *record = read_record(answer);
  if (t->view->ctl->json)
    tell_json(t, answer, record);
  else
    tell(t, answer, record);
  free(record);
  return CTL_OK;
}

static int run(struct ctl *ctl, struct trial *t) {
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  struct arena *a = arena_new(16 * 1024, 1024 * 1024);
  t->view = &v;
  status = try(t, a);
  desk_free(&t->desk);
  arena_free(&a);
  desk_view_close(&v);
  return status;
}

static int read_option(const struct ctl *ctl, int o, struct trial *t) {
  struct try_message *m = &t->message;
  const char **texts[] = {['c'] = &m->channel, ['f'] = &m->from, ['s'] = &m->subject, ['x'] = &m->text,
                          ['l'] = &m->language, ['e'] = &t->event_file};
  if (o == 'n') {
    t->numbers = true;
  } else if (o == 't') {
    if (m->to_count == TRY_TO_MAX)
      return ctl_wrong_usage(ctl, "at most %d --to", TRY_TO_MAX);
    m->to[m->to_count++] = optarg;
  } else if (o == '?' || (size_t)o >= sizeof(texts) / sizeof(texts[0]) || !texts[o]) {
    return ctl_wrong_usage(ctl, "wrong option");
  } else {
    *texts[o] = optarg;
  }
  return CTL_OK;
}

int cmd_dispatch(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"channel", required_argument, NULL, 'c'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"to", required_argument, NULL, 't'},
                                          {"subject", required_argument, NULL, 's'},
                                          {"text", required_argument, NULL, 'x'},
                                          {"language", required_argument, NULL, 'l'},
                                          {"event", required_argument, NULL, 'e'},
                                          {"numbers", no_argument, NULL, 'n'},
                                          {0}};
  struct trial t = {
      .message = {
          .channel = "", .channel_kind = "", .from = "", .language = "", .subject = "", .text = "", .automatic = ""}};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    int status = read_option(ctl, o, &t);
    if (status != CTL_OK)
      return status;
  }
  if (optind + 1 != argc || strcmp(argv[optind], "try") != 0)
    return ctl_wrong_usage(ctl, "dispatch try: which message?");
  bool described = t.message.channel[0] || t.message.from[0] || t.message.to_count;
  if (t.event_file && described)
    return ctl_wrong_usage(ctl, "--event is a whole message: leave the other options out");
  if (!t.event_file && !t.message.channel[0])
    return ctl_wrong_usage(ctl, "over which channel? --channel C, or --event FILE");
  int status = run(ctl, &t);
  try_message_free(&t.message);
  return status;
}
