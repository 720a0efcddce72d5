/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT /v1/desk, POST /v1/desk/check, POST /v1/desk/versions/{version}/rollback: a desk definition is checked as `deskbell
 * desk check` does, and put into force in one step, on top of the version that the caller looked at. A check of the
 * largest definition takes some 40 ms, in which others wait.
 */
#include "base/clock.h"
#include "judge/judge.h"
#include "log/log.h"
#include "show.h"
#include "text/utf8.h"
#include "work.h"
#include <stdio.h>

enum { FINDINGS_MOST = 100, DETAIL_MOST = 170 };

/* ---- what is found */

struct findings {
  struct arena *arena;
  json_t *wrong, *alarms;
  size_t more;              /* wrong ones beyond FINDINGS_MOST */
};

/* Mended, because a sentence that was cut may end in the middle of a character that it quotes. */
static void add_finding(struct findings *f, json_t *list, unsigned line, unsigned column, const char *text) {
  const char *words = utf8_mend(f->arena, slice_text(text), NULL);
  json_array_append_new(list, json_pack("{s:I, s:I, s:s}", "line", (json_int_t)line, "column", (json_int_t)column,
                                        "text", words ? words : ""));
}

static void hear(void *arg, const struct desk_finding *f) {
  struct findings *all = arg;
  json_t *list = f->wrong ? all->wrong : all->alarms;
  if (json_array_size(list) < FINDINGS_MOST)
    add_finding(all, list, f->place.line, f->place.column, f->text);
  else if (f->wrong)
    all->more++;
}

/* False: it cannot be in force. */
static bool judge(struct work *w, struct slice document, struct findings *ret) {
  auto_clean(desk_free) struct desk *desk = NULL;
  struct complaint c = {.text = ""};
  *ret = (struct findings){.arena = w->arena, .wrong = json_array(), .alarms = json_array()};
  if (desk_parse(document, "desk definition", &desk, &c) == 0)
    return judge_desk(desk, clock_now_ms(), hear, ret) == 0;
  add_finding(ret, ret->wrong, c.line, c.column, c.text);
  return false;
}

static void refuse(struct work *w, struct findings *f) {
  struct result r = result_problem(PROBLEM_DESK, NULL);
  const json_t *first = json_array_get(f->wrong, 0);
  struct slice words = slice_text(json_string_value(json_object_get(first, "text")));
  snprintf(r.detail, sizeof(r.detail), "line %d: %.*s", (int)json_integer_value(json_object_get(first, "line")),
           (int)utf8_cut(words, DETAIL_MOST), words.at);
  r.body = json_pack("{s:O, s:O, s:I}", "findings", f->wrong, "alarms", f->alarms, "more", (json_int_t)f->more);
  work_end(w, r);
}

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
  char now[24], next[24], before[24];
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  snprintf(next, sizeof(next), "%lld", (long long)expected + 1);
  snprintf(before, sizeof(before), "%lld", (long long)expected);
  const char *step = verb_row(w->ask.verb)->step;
  const char *argv[] = {"FCALL", step, "1", TAG, now, next, before, document.at, w->caller.agent};
  size_t lengths[sizeof(argv) / sizeof(argv[0])];
  for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
    lengths[i] = argv[i] == document.at ? document.len : strlen(argv[i]);
  w->acted = true;
  work_ask(w, on_applied, sizeof(argv) / sizeof(argv[0]), argv, lengths);
}

static void judge_and_go(struct work *w, struct slice document) {
  struct findings f;
  if (!judge(w, document, &f)) {
    refuse(w, &f);
  } else {
    w->body = json_pack("{s:O}", "alarms", f.alarms);
    if (w->ask.verb == VERB_DESK_CHECK) {
      json_t *body = w->body;
      w->body = NULL;
      work_end(w, result_ok(body));
    } else {
      put_in_force(w, document);
    }
  }
  json_decref(f.wrong);
  json_decref(f.alarms);
}

void desk_apply(struct work *w) {
  judge_and_go(w, w->ask.text[FIELD_DOCUMENT]);
}

static void on_old(struct work *w, redisReply *reply) {
  if (reply->type == REDIS_REPLY_STRING)
    judge_and_go(w, show_text(reply));
  else
    work_fail(w, PROBLEM_NOT_FOUND, "There is no such version of the desk definition.");
}

void desk_rollback(struct work *w) {
  const char *version = arena_printf(w->arena, "%lld", (long long)w->ask.number[FIELD_VERSION]);
  if (!version)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_old, "HGET", TAG ":desk:documents", version);
}
