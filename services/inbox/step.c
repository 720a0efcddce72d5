/* SPDX-License-Identifier: Apache-2.0 */
#include "step.h"
#include "base/clock.h"
#include "show.h"
#include <inttypes.h>

static void put(struct step_call *c, struct slice s) {
  assert(c->argc < STEP_ARGUMENTS);
  c->argv[c->argc] = s.at;
  c->len[c->argc++] = s.len;
}

static void put_text(struct step_call *c, const char *s) {
  put(c, slice_text(s));
}

static const char *number(struct arena *arena, int64_t n) {
  return arena_printf(arena, "%" PRId64, n);
}

/* ---- may they? */

bool step_looks(const struct ask *ask) {
  switch (ask->verb) {
  case VERB_DONE:
  case VERB_HOLD:
  case VERB_SNOOZE:
  case VERB_RESUME:
  case VERB_REOPEN:
  case VERB_TRANSFER: return true;
  default: return false;
  }
}

int step_may(const struct ask *ask, const struct caller *caller, const struct holding *h, enum problem *ret) {
  struct slice self = slice_text(caller->agent);
  (void)ask;
  *ret = PROBLEM_NOT_YOURS;
  if (h->state.len == 0) {
    *ret = PROBLEM_NOT_FOUND;
    return 1;
  }
  if (caller->role == ACCESS_SUPERVISOR || slice_equal(h->agent, self))
    return 0;
  if (slice_equal(h->state, SLICE("offered")))
    return slice_lists(h->offered, ' ', self) ? 0 : 1;
  bool nobodys = h->agent.len == 0 || slice_equal(h->state, SLICE("done"));
  return nobodys && h->serves ? 0 : 1;
}

/* ---- the call */

/* A supervisor acts on what an agent has in that agent's name; nobody's item becomes the caller's. */
static struct slice acting(const struct caller *caller, const struct holding *h) {
  bool others = caller->role == ACCESS_SUPERVISOR && h->agent.len && !slice_equal(h->state, SLICE("done"));
  return others ? h->agent : slice_text(caller->agent);
}

static struct slice for_whom(const struct ask *ask, const struct caller *caller) {
  return ask_has(ask, FIELD_AGENT) ? ask->text[FIELD_AGENT] : slice_text(caller->agent);
}

static const char *item_verb(enum verb verb) {
  return verb == VERB_HOLD     ? "hold"
         : verb == VERB_SNOOZE ? "snooze"
         : verb == VERB_RESUME ? "resume"
                               : "reopen";
}

static void put_presence(const struct ask *ask, const struct caller *caller, int64_t keep_ms, struct arena *arena,
                         struct step_call *c) {
  int64_t keep = ask_has(ask, FIELD_KEEP) ? ask->number[FIELD_KEEP] * 1000 : keep_ms;
  put_text(c, caller->agent);
  put(c, ask->text[FIELD_PRESENCE]);
  put_text(c, keep < 0 ? "" : number(arena, keep));
  put(c, ask->text[FIELD_WHY]);
}

static void put_claim(const struct ask *ask, const struct caller *caller, bool force, struct step_call *c) {
  put(c, ask->text[FIELD_QUEUE]);
  put(c, for_whom(ask, caller));
  put(c, ask->text[FIELD_ITEM]);
  put_text(c, force ? "1" : "");
}

static void put_item(const struct ask *ask, const struct caller *caller, const struct holding *h, struct arena *arena,
                     struct step_call *c) {
  put(c, ask->text[FIELD_ITEM]);
  put(c, acting(caller, h));
  put_text(c, item_verb(ask->verb));
  put_text(c, number(arena, ask_has(ask, FIELD_UNTIL) ? ask->number[FIELD_UNTIL] : 0));
  put(c, ask->text[FIELD_WHY]);
}

static void put_arguments(const struct ask *ask, const struct caller *caller, const struct holding *h, int64_t keep_ms,
                          struct arena *arena, struct step_call *c) {
  switch (ask->verb) {
  case VERB_PRESENCE: put_presence(ask, caller, keep_ms, arena, c); return;
  case VERB_CLAIM: put_claim(ask, caller, false, c); return;
  case VERB_TAKE_OVER: put_claim(ask, caller, true, c); return;
  case VERB_ACCEPT:
  case VERB_DECLINE:
    put(c, ask->text[FIELD_ITEM]);
    put_text(c, caller->agent);
    if (ask->verb == VERB_DECLINE)
      put(c, ask->text[FIELD_WHY]);
    return;
  case VERB_DONE:
    put(c, ask->text[FIELD_ITEM]);
    put(c, acting(caller, h));
    put_text(c, ask_has(ask, FIELD_SEEN) ? number(arena, ask->number[FIELD_SEEN]) : "");
    put(c, h->agent); /* what was allowed was allowed of that */
    return;
  case VERB_TRANSFER:
    put(c, ask->text[FIELD_ITEM]);
    put(c, ask->text[FIELD_QUEUE]);
    put(c, ask->text[FIELD_AGENT]);
    put_text(c, caller->agent);
    put(c, ask->text[FIELD_NOTE]);
    put(c, h->agent);
    return;
  default: put_item(ask, caller, h, arena, c); return;
  }
}

int step_call(const struct ask *ask, const struct caller *caller, const struct holding *h, int64_t now_ms,
              int64_t keep_ms, struct arena *arena, struct step_call *ret) {
  struct step_call c = {.argc = 0};
  put_text(&c, "FCALL");
  put_text(&c, verb_row(ask->verb)->step);
  put_text(&c, "1");
  put_text(&c, "{p00}");
  put_text(&c, number(arena, now_ms));
  put_arguments(ask, caller, h, keep_ms, arena, &c);
  for (int i = 0; i < c.argc; i++)
    if (!c.argv[i])
      return -ENOMEM;
  *ret = c;
  return 0;
}

/* ---- the answer */

static const struct outcome {
  int verb;                 /* -1: any */
  const char *word;
  unsigned status;
  const char *code, *title;
} outcomes[] = {
#define OUTCOME(word, status, code, title) {-1, word, status, code, title},
#define OUTCOME_OF(verb, word, status, code, title) {VERB_##verb, word, status, code, title},
#include "outcomes.def"
};

static const struct outcome *find_outcome(enum verb verb, struct slice word) {
  for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
    if ((outcomes[i].verb == -1 || outcomes[i].verb == (int)verb) && slice_equal(word, slice_text(outcomes[i].word)))
      return &outcomes[i];
  return NULL;
}

/* Which item, whose; what the caller must know to go on. */
static json_t *success(const struct ask *ask, const struct caller *caller, const struct outcome *o,
                       struct slice detail) {
  json_t *body = json_object();
  bool claim = ask->verb == VERB_CLAIM || ask->verb == VERB_TAKE_OVER;
  if (claim && strcmp(o->code, "none") == 0) {
    json_object_set_new(body, "item", json_null());
    return body;
  }
  show_set(body, "item", claim ? detail : ask->text[FIELD_ITEM]);
  if (claim)
    show_set(body, "agent", for_whom(ask, caller));
  if (ask->verb == VERB_PRESENCE)
    show_set(body, "presence", ask->text[FIELD_PRESENCE]);
  json_object_set_new(body, "already", json_boolean(strcmp(o->code, "already") == 0));
  return body;
}

static json_t *extra(const struct outcome *o, struct slice detail) {
  json_t *body = json_object();
  if (strcmp(o->word, "TAKEN") == 0)
    show_set(body, strcmp(o->code, "in-progress") == 0 ? "item" : "agent", detail);
  if (strcmp(o->word, "ILLEGAL") == 0)
    show_set(body, "state", detail);
  if (strcmp(o->word, "STALE") == 0)
    show_number(body, "version", detail);
  return body;
}

struct result step_result(const struct ask *ask, const struct caller *caller, struct slice word, struct slice detail) {
  const struct outcome *o = find_outcome(ask->verb, word);
  if (!o)
    return result_problem(PROBLEM_STRANGE, NULL);
  struct result r = {.status = o->status, .code = o->code, .title = o->title};
  r.body = o->status == 200 ? success(ask, caller, o, detail) : extra(o, detail);
  return r;
}
