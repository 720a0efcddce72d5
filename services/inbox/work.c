/* SPDX-License-Identifier: Apache-2.0 */
#include "work.h"
#include "base/clock.h"
#include "base/point.h"
#include "log/log.h"
#include <stdlib.h>

void work_end(struct work *w, struct result r) {
  struct inbox *inbox = w->inbox;
  if (r.status >= 500)
    metric_add(inbox->failed, 1);
  w->done(w->arg, &r);
  result_free(&r);
  json_decref(w->body);
  inbox->working--;
  struct arena *arena = w->arena;
  arena_free(&arena);
}

void work_fail(struct work *w, enum problem problem, const char *detail) {
  work_end(w, result_problem(problem, detail));
}

void work_no_version(struct work *w) {
  work_fail(w, PROBLEM_NOT_FOUND, "There is no such version of the desk definition, or it is not kept any more.");
}

/* ---- asking Redis */

/* Refusals for a while: the library is not there yet, no memory, a replica. */
static bool for_a_while(const char *error) {
  static const char *const words[] = {"Function not found", "OOM ", "LOADING", "READONLY", "BUSY", "MISCONF"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (strstr(error, words[i]))
      return true;
  return false;
}

static void on_answer(void *arg, redisReply *reply) {
  struct work *w = arg;
  if (w->acted)
    POINT("inbox.answered");
  if (!reply) {
    work_fail(w, w->acted ? PROBLEM_LOST : PROBLEM_AWAY, NULL);
    return;
  }
  if (reply->type == REDIS_REPLY_ERROR) {
    bool soon = for_a_while(reply->str);
    log_warn("redis_refuses", KV("why", reply->str), KV("function", verb_row(w->ask.verb)->step));
    work_fail(w, soon ? PROBLEM_AWAY : PROBLEM_STRANGE, NULL);
    return;
  }
  w->next(w, reply);
}

void work_ask(struct work *w, void (*next)(struct work *w, redisReply *reply), int argc, const char **argv,
              const size_t *lengths) {
  w->next = next;
  if (redis_send_argv(w->inbox->redis, argc, argv, lengths, on_answer, w) < 0)
    work_fail(w, PROBLEM_AWAY, NULL);
}

const char *work_number(struct work *w, int64_t n) {
  const char *text = arena_printf(w->arena, "%lld", (long long)n);
  return text ? text : "0"; /* the arena has room for a thousand such */
}

const char *work_now(struct work *w) {
  return work_number(w, clock_now_ms());
}

const char *work_limit(struct work *w) {
  return work_number(w, ask_has(&w->ask, FIELD_LIMIT) ? w->ask.number[FIELD_LIMIT] : WORK_ROWS);
}

void work_rows(struct work *w, const redisReply *reply, size_t fields, json_t *(*row)(redisReply *const *f)) {
  if (reply->type != REDIS_REPLY_ARRAY) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  json_t *data = json_array();
  for (size_t i = 0; i < reply->elements; i++)
    if (reply->element[i]->type == REDIS_REPLY_ARRAY && reply->element[i]->elements >= fields)
      json_array_append_new(data, row(reply->element[i]->element));
  work_end(w, result_ok(json_pack("{s:o}", "data", data)));
}

/* ---- a step */

/* "OK", or an array of a word and a detail. */
static void on_step(struct work *w, redisReply *reply) {
  const redisReply *word = reply, *detail = NULL;
  if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 1) {
    word = reply->element[0];
    detail = reply->elements > 1 ? reply->element[1] : NULL;
  }
  if (word->type != REDIS_REPLY_STRING && word->type != REDIS_REPLY_STATUS) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  bool said = detail && detail->type == REDIS_REPLY_STRING;
  struct result r = step_result(&w->ask, &w->caller, slice_of(word->str, word->len),
                                said ? slice_of(detail->str, detail->len) : SLICE(""));
  if (w->ask.verb == VERB_PRESENCE && r.status == 200 && ask_has(&w->ask, FIELD_KEEP))
    listeners_keep(w->inbox->listeners, w->caller.agent, w->ask.number[FIELD_KEEP] * 1000);
  work_end(w, r);
}

static void take_step(struct work *w) {
  struct step_call call;
  int64_t keep_ms = w->inbox->config->inbox.keep_ms;
  if (step_call(&w->ask, &w->caller, &w->holding, clock_now_ms(), keep_ms, w->arena, &call) < 0) {
    work_fail(w, PROBLEM_MEMORY, NULL);
    return;
  }
  w->acted = true;
  work_ask(w, on_step, call.argc, call.argv, call.len);
}

/* A text in the arena, "" when it is none. */
static struct slice keep(struct work *w, const redisReply *r) {
  char *copy = r->type == REDIS_REPLY_STRING ? arena_copy(w->arena, slice_of(r->str, r->len)) : NULL;
  return copy ? slice_of(copy, r->len) : SLICE("");
}

static void on_held(struct work *w, redisReply *reply) {
  enum problem problem;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  struct slice queue = keep(w, reply->element[2]);
  w->holding = (struct holding){keep(w, reply->element[0]), keep(w, reply->element[1]), queue,
                                keep(w, reply->element[3]),
                                definition_serves(w->inbox->definition, slice_text(w->caller.agent), queue)};
  if (step_may(&w->ask, &w->caller, &w->holding, &problem))
    work_fail(w, problem, NULL);
  else
    take_step(w);
}

static void look_first(struct work *w) {
  char *key = arena_printf(w->arena, TAG ":item:%s", w->ask.text[FIELD_ITEM].at);
  if (!key)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_held, "HMGET", key, "state", "agent", "queue", "offered");
}

/* ---- which */

/* Whose queue it is counts, and is not known yet. */
static bool too_early(const struct work *w) {
  enum verb verb = w->ask.verb;
  bool looks = step_looks(&w->ask) || verb == VERB_ITEM || verb == VERB_WHY || verb == VERB_WAITING;
  return looks && w->caller.role != ACCESS_SUPERVISOR && !definition_known(w->inbox->definition);
}

static void begin(struct work *w) {
  if (too_early(w)) {
    work_fail(w, PROBLEM_AWAY, "The desk definition is not known yet.");
    return;
  }
  switch (w->ask.verb) {
  case VERB_ME:
  case VERB_OFFERS: show_me(w); return;
  case VERB_ITEM: show_item(w); return;
  case VERB_WHY: show_why(w); return;
  case VERB_QUEUES: show_queues(w); return;
  case VERB_WAITING: show_waiting(w); return;
  case VERB_AGENTS: show_agents(w); return;
  case VERB_ASIDE: show_aside(w); return;
  case VERB_DESK: show_definition(w); return;
  case VERB_DESK_VERSIONS: show_versions(w); return;
  case VERB_DESK_VERSION: show_version(w); return;
  case VERB_DESK_DIFF: show_diff(w); return;
  case VERB_DESK_CHECK:
  case VERB_DESK_APPLY: desk_apply(w); return;
  case VERB_DESK_ROLLBACK: desk_rollback(w); return;
  case VERB_CLAIM:
    if (ask_has(&w->ask, FIELD_AGENT) && w->caller.role != ACCESS_SUPERVISOR &&
        !slice_equal(w->ask.text[FIELD_AGENT], slice_text(w->caller.agent))) {
      work_fail(w, PROBLEM_FORBIDDEN, "Only a supervisor takes an item for somebody else.");
      return;
    }
    break;
  case VERB_TRANSFER:
    if (ask_has(&w->ask, FIELD_QUEUE) && definition_known(w->inbox->definition) &&
        !definition_has_queue(w->inbox->definition, w->ask.text[FIELD_QUEUE])) {
      work_fail(w, PROBLEM_FIELD, "There is no such queue.");
      return;
    }
    break;
  default: break;
  }
  if (step_looks(&w->ask))
    look_first(w);
  else
    take_step(w);
}

void work_start(struct inbox *inbox, const struct caller *caller, const struct ask *ask, struct arena *arena,
                work_done *done, void *arg) {
  struct work *w = arena_zalloc(arena, sizeof(*w));
  if (!w) {
    struct result r = result_problem(PROBLEM_MEMORY, NULL);
    done(arg, &r);
    result_free(&r);
    arena_free(&arena);
    return;
  }
  *w = (struct work){.inbox = inbox, .arena = arena, .caller = *caller, .ask = *ask, .done = done, .arg = arg};
  w->holding = (struct holding){SLICE(""), SLICE(""), SLICE(""), SLICE(""), false};
  w->cursor = SLICE("");
  inbox->working++;
  metric_add(inbox->asked, 1);
  const char *refused = verb_refuses(ask->verb, caller->role);
  if (refused)
    work_fail(w, PROBLEM_FORBIDDEN, refused);
  else
    begin(w);
}
