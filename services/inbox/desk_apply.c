/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT /v1/desk, POST /v1/desk/check, POST /v1/desk/versions/{version}/rollback: a desk definition is judged as `deskbell
 * desk check` does, by a child (judges.c), and put into force in one step, on top of the version the caller looked at.
 */
#include "judges.h"
#include "log/log.h"
#include "show.h"
#include "text/utf8.h"
#include "work.h"
#include <stdio.h>

enum { DETAIL_MOST = 170 };

static const char never[] = "judging it took too much time or memory: have fewer rules, patterns and members, or shorter lists";

/* ---- putting it into force */

/* What is wanted is in force: the answer to a repeat as well. */
static void on_applied(struct work *w, redisReply *reply) {
  bool two = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
  if (!two) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  if (!slice_equal(show_text(reply->element[0]), SLICE("OK"))) {
    work_end(w, step_result(&w->ask, &w->caller, show_text(reply->element[0]), show_text(reply->element[1])));
    return;
  }
  json_t *body = w->body;
  w->body = NULL;
  int64_t version = show_int(reply->element[1]);
  json_object_set_new(body, "version", json_integer((json_int_t)version));
  log_info("desk_applied", KV("by", w->caller.agent), KI("version", version));
  struct result r = result_ok(body);
  r.version = (uint64_t)version;
  work_end(w, r);
}

static void put_in_force(struct work *w, struct slice document) {
  int64_t expected = w->ask.number[FIELD_EXPECTED];
  const char *step = verb_row(w->ask.verb)->step;
  const char *argv[] = {"FCALL", step, "1", TAG, work_now(w), work_number(w, expected + 1),
                        work_number(w, expected), document.at, w->caller.agent};
  size_t lengths[sizeof(argv) / sizeof(argv[0])];
  for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
    lengths[i] = argv[i] == document.at ? document.len : strlen(argv[i]);
  w->acted = true;
  work_ask(w, on_applied, sizeof(argv) / sizeof(argv[0]), argv, lengths);
}

/* ---- judging it */

static void refuse(struct work *w, json_t *wrong, json_t *alarms, json_int_t more) {
  struct result r = result_problem(PROBLEM_DESK, NULL);
  const json_t *first = json_array_get(wrong, 0);
  struct slice words = slice_text(json_string_value(json_object_get(first, "text")));
  snprintf(r.detail, sizeof(r.detail), "line %d: %.*s", (int)json_integer_value(json_object_get(first, "line")),
           (int)utf8_cut(words, DETAIL_MOST), words.at ? words.at : "");
  r.body = json_pack("{s:O, s:O, s:I}", "findings", wrong, "alarms", alarms, "more", more);
  work_end(w, r);
}

static void take_verdict(struct work *w, struct slice document, const json_t *said) {
  json_t *wrong = json_object_get(said, "wrong"), *alarms = json_object_get(said, "alarms");
  json_int_t more = json_integer_value(json_object_get(said, "more"));
  if (json_array_size(wrong)) {
    refuse(w, wrong, alarms, more);
    return;
  }
  json_t *body = json_pack("{s:O}", "alarms", alarms);
  if (more)
    json_object_set_new(body, "more", json_integer(more));
  if (w->ask.verb == VERB_DESK_CHECK) {
    work_end(w, result_ok(body));
    return;
  }
  w->body = body;
  put_in_force(w, document);
}

static void refuse_unjudged(struct work *w) {
  json_t *wrong = json_pack("[{s:i, s:i, s:s}]", "line", 1, "column", 1, "text", never), *none = json_array();
  refuse(w, wrong, none, 0);
  json_decref(wrong);
  json_decref(none);
}

static void on_judged(void *arg, enum judged how, struct slice document, const json_t *said) {
  struct work *w = arg;
  switch (how) {
  case JUDGED: take_verdict(w, document, said); return;
  case JUDGED_NEVER: refuse_unjudged(w); return;
  case JUDGED_STOPPED: work_fail(w, PROBLEM_UNJUDGED, "This program stops."); return;
  case JUDGED_FAULT: work_fail(w, PROBLEM_UNJUDGED, "The program that checks them could not be started, or was killed."); return;
  }
}

static void judge(struct work *w, struct slice document) {
  int r = judges_start(w->inbox->judges, document, on_judged, w);
  if (r == JUDGES_BUSY)
    work_fail(w, PROBLEM_UNJUDGED, "Too many are being checked.");
  else if (r < 0)
    work_fail(w, PROBLEM_MEMORY, NULL);
}

void desk_apply(struct work *w) {
  judge(w, w->ask.text[FIELD_DOCUMENT]);
}

static void on_old(struct work *w, redisReply *reply) {
  if (reply->type == REDIS_REPLY_STRING)
    judge(w, show_text(reply));
  else
    work_no_version(w);
}

void desk_rollback(struct work *w) {
  WORK_ASK(w, on_old, "HGET", TAG ":desk:documents", work_number(w, w->ask.number[FIELD_VERSION]));
}
