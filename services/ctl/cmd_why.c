/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell why ITEM: where it is, why it was offered to whom it was, and why it waits. */
#include "base/clock.h"
#include "conversation.h"
#include "definition.h"
#include "dispatch/record.h"
#include "instant.h"
#include "item.h"
#include "record_show.h"
#include "step.h"
#include "hours/hours.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHAIN_MOST = 2000, WORDS_MAX = 4096 };
enum why_field { WHY_STATE, WHY_AGENTS, WHY_RECORD, WHY_OFFER, WHY_BEFORE, WHY_LINE, WHY_DUE };

struct why {
  struct desk_view *view;
  struct desk *desk;
  const char *id;
  bool all, numbers;
  int64_t now_ms;
  json_t *item;
  json_t *offers;              /* the latest first */
  redisReply *answer;
};

static const char *text_of(const json_t *object, const char *name) {
  const char *s = json_string_value(json_object_get(object, name));
  return s ? s : "";
}

/* ---- a record */

static struct slice record_now(const struct why *w) {
  const redisReply *a = w->answer;
  const redisReply *r = a->type == REDIS_REPLY_ARRAY && a->elements > WHY_RECORD ? a->element[WHY_RECORD] : NULL;
  return r && r->type == REDIS_REPLY_STRING ? slice_of(r->str, r->len) : SLICE("");
}

/* What a record says, in words, and with --numbers as tables. */
static void print_record(const struct why *w, struct slice text, const char *before) {
  auto_clean(buf_free) struct buf words = BUF_INIT(WORDS_MAX);
  struct rule_record *r = must_calloc(1, sizeof(*r));
  if (rule_record_read(text, r) < 0) {
    printf("    %sthe record of this decision cannot be read\n", before);
  } else {
    record_words(r, &words);
    printf("    %s%s\n", before, words.at);
    if (w->numbers)
      record_print(r);
  }
  free(r);
}

static json_t *decision_json(struct slice text) {
  struct rule_record *r = must_calloc(1, sizeof(*r));
  json_t *j = rule_record_read(text, r) < 0 ? json_null() : record_json(r);
  free(r);
  return j;
}

/* ---- offers, out of the journal */

static bool is_about(const struct why *w, const struct entry *e) {
  return slice_equal(e->meta[META_WORK_ITEM], slice_text(w->id));
}

static json_t *ended_json(const struct entry *e) {
  json_t *j = json_object();
  json_object_set_new(j, "agent", slice_json(e->meta[META_AGENT]));
  json_object_set_new(j, "how", slice_json(e->meta[META_EVIDENCE]));
  json_set_time(j, "at", entry_at(e));
  return j;
}

static json_t *offer_json(const struct entry *e, json_t *ended) {
  json_t *j = json_object(), *agents = json_array();
  struct slice rest = e->meta[META_AGENT], name;
  uint64_t until = 0;
  while (slice_split(&rest, ' ', &name))
    if (name.len)
      json_array_append_new(agents, slice_json(name));
  json_object_set_new(j, "cursor", json_string(e->cursor));
  json_set_time(j, "at", entry_at(e));
  json_object_set_new(j, "agents", agents);
  if (slice_to_u64(e->meta[META_EVIDENCE], INT64_MAX, &until) == 0)
    json_set_time(j, "until", (int64_t)until);
  json_object_set_new(j, "decision", decision_json(e->event));
  json_object_set_new(j, "record", slice_json(e->event));
  json_object_set_new(j, "ended", ended);
  return j;
}

/* The offers of the item, each with how it ended for whom; the latest, or all. */
static void read_offers(struct why *w) {
  struct chain chain;
  struct entry e;
  json_t *ended = json_array();
  chain_open(&chain, w->view, text_of(w->item, "conversation"));
  for (int n = 0; n < CHAIN_MOST && (w->all || json_array_size(w->offers) == 0) && chain_next(&chain, &e); n++) {
    if (!is_about(w, &e))
      continue;
    if (slice_equal(e.type, SLICE("offer"))) {
      json_array_append_new(w->offers, offer_json(&e, ended));
      ended = json_array();
    } else if (slice_equal(e.type, SLICE("offer_end")) || slice_equal(e.type, SLICE("claim"))) {
      json_array_insert_new(ended, 0, ended_json(&e));
    }
  }
  json_decref(ended);
  chain_close(&chain);
}

/* Its conversation was taken apart since: the step knows where the last one is. */
static void read_last_offer(struct why *w) {
  const char *cursor = step_text(w->answer, WHY_OFFER);
  redisReply *reply = NULL;
  struct entry e;
  if (json_array_size(w->offers) || !cursor[0] || entry_get(w->view, cursor, &reply, &e) < 0)
    return;
  json_array_append_new(w->offers, offer_json(&e, json_array()));
  freeReplyObject(reply);
}

static void print_offer(const struct why *w, const json_t *offer) {
  char before[64];
  size_t i;
  json_t *end;
  snprintf(before, sizeof(before), "%.19sZ ", text_of(offer, "at"));
  print_record(w, slice_text(text_of(offer, "record")), before);
  json_array_foreach(json_object_get(offer, "ended"), i, end)
    printf("        %.19sZ %s: %s\n", text_of(end, "at"), text_of(end, "agent"), text_of(end, "how"));
}

/* ---- where it is */

static const char *state_words(const char *state) {
  static const struct {
    const char *state, *words;
  } rows[] = {
#define STATE(name, held, text) {#name, text},
#define MOVE(from, to, who, durable)
#include "dispatch/life.def"
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strcmp(rows[i].state, state) == 0)
      return rows[i].words;
  return state;
}

static const struct desk_queue *queue_of(const struct why *w) {
  return desk_queue_named(w->desk, slice_text(text_of(w->item, "queue")));
}

/* Nothing of its queue is offered before it opens. */
static bool is_closed(const struct why *w) {
  const struct desk_queue *q = queue_of(w);
  return q && q->hours && q->after != AFTER_TAKE && !hours_open(q->hours, w->now_ms);
}

/* When its queue opens, if it is closed; 0: it is open, or never opens. */
static int64_t next_open_ms(const struct why *w) {
  int64_t at = is_closed(w) ? hours_next(queue_of(w)->hours, w->now_ms) : 0;
  return at > 0 ? at : 0;
}

static bool has_decision(const struct why *w) {
  return record_now(w).len > 0 && !is_closed(w);
}

static bool is_waiting(const struct why *w) {
  return strcmp(step_text(w->answer, WHY_STATE), "waiting") == 0;
}

static void print_state(const struct why *w) {
  const char *agents = step_text(w->answer, WHY_AGENTS);
  printf("%s  %s", w->id, state_words(step_text(w->answer, WHY_STATE)));
  if (is_waiting(w))
    printf(" %s", text_of(w->item, "queue"));
  else if (agents[0])
    printf(" (%s)", agents);
  printf(", since %.19sZ", text_of(w->item, "changed"));
  if (text_of(w->item, "until")[0])
    printf(", until %.19sZ", text_of(w->item, "until"));
  if (text_of(w->item, "into")[0])
    printf(", went on in %s", text_of(w->item, "into"));
  printf("\n");
  if (text_of(w->item, "reason")[0])
    printf("    ! %s\n", text_of(w->item, "reason"));
  if (text_of(w->item, "note")[0])
    printf("    note: %s\n", text_of(w->item, "note"));
}

static void print_waiting(const struct why *w) {
  char near[INSTANT_LEN];
  int64_t due_ms = step_number(w->answer, WHY_DUE), open_ms = next_open_ms(w);
  if (is_waiting(w))
    printf("    %lld before it in its line", (long long)step_number(w->answer, WHY_BEFORE));
  if (due_ms > 0)
    printf("%sanswer due %s", is_waiting(w) ? "; " : "    ", instant_near(due_ms, w->now_ms, near));
  if (is_waiting(w) || due_ms > 0)
    printf("\n");
  if (is_waiting(w) && is_closed(w))
    printf("    %s is closed; it %s%s\n", text_of(w->item, "queue"), open_ms ? "opens " : "never opens",
           open_ms ? instant_near(open_ms, w->now_ms, near) : "");
  if (is_waiting(w) && w->numbers)
    printf("    line %s\n", step_text(w->answer, WHY_LINE));
  if (is_waiting(w) && has_decision(w))
    print_record(w, record_now(w), "now: ");
}

static void print(const struct why *w) {
  print_state(w);
  print_waiting(w);
  for (size_t i = json_array_size(w->offers); i > 0; i--)
    print_offer(w, json_array_get(w->offers, i - 1));
  if (json_array_size(w->offers) == 0)
    printf("    it was not offered to anybody yet\n");
}

static void print_as_json(const struct why *w) {
  json_t *j = json_object(), *offer;
  size_t i;
  json_object_set(j, "item", w->item);
  json_object_set_new(j, "state", json_string(step_text(w->answer, WHY_STATE)));
  json_object_set_new(j, "words", json_string(state_words(step_text(w->answer, WHY_STATE))));
  json_set_time(j, "due", step_number(w->answer, WHY_DUE));
  if (is_waiting(w)) {
    json_object_set_new(j, "before", json_integer(step_number(w->answer, WHY_BEFORE)));
    json_object_set_new(j, "line", slice_json(slice_text(step_text(w->answer, WHY_LINE))));
    json_set_time(j, "next_open", next_open_ms(w));
    if (has_decision(w))
      json_object_set_new(j, "decision", decision_json(record_now(w)));
  }
  json_array_foreach(w->offers, i, offer) json_object_del(offer, "record");
  json_object_set(j, "offers", w->offers);
  print_json(j);
}

/* ---- the command */

/* A work item; or the open one of a conversation, which the customer's reference names too. */
static int find_item(struct desk_view *v, struct arena *a, const char *what, const char **ret) {
  struct conversation c, survivor;
  *ret = what;
  if (what[0] == 'w' && strlen(what) == DERIVED_ID_LEN)
    return CTL_OK;
  int status = conversation_find(v, a, what, &c);
  if (status != CTL_OK)
    return status;
  if (conversation_survivor(v, a, &c, &survivor) < 0)
    return CTL_FAILED;
  if (!survivor.item[0])
    return ctl_fail(v->ctl, "conversation %s has no open work item; `deskbell trace %s` tells what was", survivor.id,
                    what);
  *ret = survivor.item;
  return CTL_OK;
}

static int tell(struct why *w) {
  int status = definition_in_force(w->view, &w->desk);
  if (status != CTL_OK)
    return status;
  w->answer = STEP(w->view, "deskbell_why", w->id);
  int r = w->answer ? item_json(w->view, w->id, &w->item) : -EIO;
  if (r == -EIO)
    return CTL_FAILED;
  if (r < 0 || strcmp(step_outcome(w->answer), "GONE") == 0)
    return ctl_fail(w->view->ctl, "there is no work item %s", w->id);
  read_offers(w);
  read_last_offer(w);
  if (w->view->ctl->json)
    print_as_json(w);
  else
    print(w);
  return CTL_OK;
}

int cmd_why(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"all", no_argument, NULL, 'a'}, {"numbers", no_argument, NULL, 'n'}, {0}};
  struct why w = {.now_ms = clock_now_ms()};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == '?')
      return ctl_wrong_usage(ctl, "wrong option");
    w.all = w.all || o == 'a';
    w.numbers = w.numbers || o == 'n';
  }
  if (optind + 1 != argc)
    return ctl_wrong_usage(ctl, "why which work item?");
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  struct arena *a = arena_new(16 * 1024, 4 * 1024 * 1024);
  w.view = &v;
  w.offers = json_array();
  status = find_item(&v, a, argv[optind], &w.id);
  if (status == CTL_OK)
    status = tell(&w);
  json_decref(w.offers);
  json_decref(w.item);
  reply_free(&w.answer);
  desk_free(&w.desk);
  arena_free(&a);
  desk_view_close(&v);
  return status;
}
