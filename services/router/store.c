/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of calls, each started by the answer of the one before: run_id → release of the library → (load it) →
 * version of the desk definition → (make the first) → its document → its plan, for the steps that dispatch. One chain
 * at a time; a failure ends it and the next refresh starts again.
 *
 * A plan that Redis does not take holds nothing up: events are routed, and dispatch goes on with the plan before.
 */
#include "store.h"
#include "base/clock.h"
#include "plan/plan.h"
#include <stdio.h>
#include <stdlib.h>

/* The library's text, functions.lua and its other parts, joined at build time. */
extern const char functions_lua[], functions_lua_end[];
__asm__(".section .rodata\n"
        ".global functions_lua\n.global functions_lua_end\n"
        "functions_lua:\n.incbin \"" FUNCTIONS_LUA "\"\n"
        "functions_lua_end:\n.byte 0\n.previous\n");

enum { REPLAY_MARGIN_MS = 10000, DAY_MS = 24 * 3600 * 1000 };

struct store {
  struct redis *redis;
  struct store_user user;
  char *tag;
  char run_id[48], trouble[320];
  bool running, loaded_library;
  int64_t heard_ms;
  uint64_t asked_version; /* of the document on its way; the one in use is the desk's */
  struct desk *desk, *next; /* next: read, its plan on the way; NULL: that of `desk` is */
  int64_t planned_day;    /* since 1970, when Redis took the plan of `desk`; 0: it has not */
  int64_t asked_day;      /* of the plan on its way */
  bool looked_again;      /* in this chain, because another definition was applied meanwhile */
  char unplanned[320];    /* why not, as it was said; "" all is well */
};

static void ask(struct store *s, redis_answer *next, int argc, const char **argv, const size_t *lengths) {
  if (redis_send_argv(s->redis, argc, argv, lengths, next, s) < 0)
    s->running = false;
}
#define ASK(s, next, ...)                                                                                           \
  ask(s, next, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__}, NULL)

static void end(struct store *s, const char *trouble) {
  s->running = false;
  if (trouble && strncmp(s->trouble, trouble, sizeof(s->trouble) - 1) != 0)
    s->user.trouble(s->user.arg, trouble);
  snprintf(s->trouble, sizeof(s->trouble), "%s", trouble ? trouble : "");
}

/* True when the chain must end here. */
static bool failed(struct store *s, const redisReply *reply) {
  if (!reply)
    end(s, NULL);
  else if (reply->type == REDIS_REPLY_ERROR)
    end(s, reply->str);
  return !reply || reply->type == REDIS_REPLY_ERROR;
}

static void ask_version(struct store *s);

/* ---- the plan */

static void say_unplanned(struct store *s, const char *words) {
  if (strncmp(s->unplanned, words, sizeof(s->unplanned) - 1) == 0)
    return;
  snprintf(s->unplanned, sizeof(s->unplanned), "%s", words);
  s->user.unplanned(s->user.arg, words[0] ? s->unplanned : NULL);
}

static void end_loaded(struct store *s) {
  struct desk *old = s->next ? s->desk : NULL;
  if (s->next)
    s->desk = s->next;
  s->next = NULL;
  end(s, NULL);
  s->user.loaded(s->user.arg, s->desk);
  desk_free(&old);
}

static void on_planned(void *arg, redisReply *reply) {
  struct store *s = arg;
  bool refused = reply && reply->type == REDIS_REPLY_ERROR;
  if (!reply) {
    end(s, NULL);
  } else if (refused && strncmp(reply->str, "STALE", 5) == 0) {
    bool again = !s->looked_again;
    s->looked_again = true;
    if (again)
      ask_version(s); /* another definition was applied just now */
    else
      end(s, NULL);
  } else {
    s->planned_day = refused ? 0 : s->asked_day;
    say_unplanned(s, refused ? reply->str : "");
    end_loaded(s);
  }
}

/* What the steps in Redis must know of the definition. Calendars go on, so it is made again every day. */
static void ask_plan(struct store *s) {
  const struct desk *desk = s->next ? s->next : s->desk;
  auto_clean(buf_free) struct buf plan = BUF_INIT(PLAN_MAX_BYTES), hours = BUF_INIT(PLAN_MAX_BYTES);
  int64_t now_ms = clock_now_ms();
  if (plan_write(desk, &plan) != 0 || plan_write_hours(desk, now_ms, &hours) != 0) {
    say_unplanned(s, "the desk definition is too large for dispatch: have fewer agents, queues or hours");
    end_loaded(s);
    return;
  }
  char now[24], version[24];
  snprintf(now, sizeof(now), "%lld", (long long)now_ms);
  snprintf(version, sizeof(version), "%llu", (unsigned long long)desk->version);
  const char *argv[] = {"FCALL", "deskbell_plan", "1", s->tag, now, version, buf_slice(&plan).at, buf_slice(&hours).at};
  const size_t lengths[] = {5, 13, 1, strlen(s->tag), strlen(now), strlen(version), plan.len, hours.len};
  s->asked_day = now_ms / DAY_MS;
  ask(s, on_planned, 8, argv, lengths);
}

/* ---- the definition */

static void on_document(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (failed(s, reply))
    return;
  if (reply->type != REDIS_REPLY_STRING) {
    end(s, "the desk definition in force is missing in Redis: apply one with `deskbell desk apply FILE`");
    return;
  }
  struct complaint c;
  struct desk *desk = NULL;
  if (desk_parse(slice_of(reply->str, reply->len), "desk definition", &desk, &c) < 0) {
    char words[700];
    snprintf(words, sizeof(words), "the desk definition in Redis cannot be used: line %u: %s", c.line, c.text);
    end(s, words);
    return;
  }
  desk->version = s->asked_version;
  s->next = desk;
  ask_plan(s);
}

static void on_applied(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (reply && reply->type == REDIS_REPLY_ERROR)
    end(s, reply->str);
  else if (!reply)
    end(s, NULL);
  else
    ask_version(s); /* of ours, or of another router which was first */
}

static void on_version(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (failed(s, reply))
    return;
  desk_free(&s->next); /* of a chain that broke off */
  if (reply->type != REDIS_REPLY_STRING) {
    char now[24];
    snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
    ASK(s, on_applied, "FCALL", "deskbell_desk_apply", "1", s->tag, now, "1", "0", desk_default_yaml());
    return;
  }
  uint64_t version = 0;
  if (slice_to_u64(slice_of(reply->str, reply->len), UINT64_MAX, &version) < 0) {
    end(s, "the version of the desk definition in Redis is not a number");
    return;
  }
  if (s->desk && version == s->desk->version) {
    if (s->planned_day == clock_now_ms() / DAY_MS)
      end_loaded(s);
    else
      ask_plan(s);
    return;
  }
  s->asked_version = version;
  char key[64];
  snprintf(key, sizeof(key), "%s:desk:documents", s->tag);
  ASK(s, on_document, "HGET", key, reply->str);
}

static void ask_version(struct store *s) {
  char key[64];
  snprintf(key, sizeof(key), "%s:desk", s->tag);
  ASK(s, on_version, "GET", key);
}

static void on_library(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (failed(s, reply))
    return;
  s->loaded_library = true;
  ask_version(s);
}

static void load_library(struct store *s) {
  s->planned_day = 0; /* what the steps know of a plan may be read differently by a newer release */
  const char *argv[] = {"FUNCTION", "LOAD", "REPLACE", functions_lua};
  const size_t lengths[] = {8, 4, 7, (size_t)(functions_lua_end - functions_lua)};
  ask(s, on_library, 4, argv, lengths);
}

/* The line `local RELEASE = 'n'` of our own text. */
static struct slice own_release(void) {
  struct slice text = slice_of(functions_lua, (size_t)(functions_lua_end - functions_lua));
  const char *at = memmem(text.at, text.len, "RELEASE = '", 11);
  assert(at);
  const char *stop = strchr(at + 11, '\'');
  return slice_of(at + 11, (size_t)(stop - at - 11));
}

static void on_release(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (!reply) {
    end(s, NULL);
    return;
  }
  bool same = reply->type == REDIS_REPLY_STRING && slice_equal(slice_of(reply->str, reply->len), own_release());
  if (same)
    ask_version(s);
  else
    load_library(s);
}

static void on_info(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (failed(s, reply))
    return;
  const char *at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "run_id:") : NULL;
  char run_id[sizeof(s->run_id)] = "";
  if (at)
    snprintf(run_id, sizeof(run_id), "%.40s", at + 7);
  bool replaced = s->run_id[0] && strcmp(s->run_id, run_id) != 0;
  memcpy(s->run_id, run_id, sizeof(run_id));
  if (replaced)
    s->planned_day = 0; /* it may have lost the plan too */
  if (replaced)
    s->user.replaced(s->user.arg, s->heard_ms - REPLAY_MARGIN_MS);
  ASK(s, on_release, "FCALL", "deskbell_release", "0");
}

static void on_trimmed(void *arg, redisReply *reply) {
  struct store *s = arg;
  if (reply && reply->type == REDIS_REPLY_ERROR)
    s->user.trouble(s->user.arg, reply->str);
}

void store_trim(struct store *s, int64_t before_ms) {
  char before[24];
  snprintf(before, sizeof(before), "%lld", (long long)before_ms);
  const char *argv[] = {"FCALL", "deskbell_trim", "1", s->tag, before, "10000"};
  (void)!redis_send_argv(s->redis, 6, argv, NULL, on_trimmed, s); /* not now: the next time */
}

void store_refresh(struct store *s) {
  if (s->running || !redis_up(s->redis))
    return;
  s->running = true;
  s->looked_again = false;
  ASK(s, on_info, "INFO", "server");
}

void store_heard(struct store *s, int64_t now_ms) {
  s->heard_ms = now_ms;
}

static void on_changed(void *arg, struct redis *r, bool up, const char *why) {
  (void)r;
  struct store *s = arg;
  s->running = false;
  s->trouble[0] = '\0'; /* said again if it lasts */
  s->user.changed(s->user.arg, up, why);
  if (up)
    store_refresh(s);
}

struct store *store_open(uv_loop_t *loop, const struct redis_options *redis, const char *tag,
                         const struct store_user *user) {
  struct store *s = must_calloc(1, sizeof(*s));
  s->user = *user;
  s->tag = must_strdup(tag);
  struct redis_options options = *redis;
  options.changed = on_changed;
  options.arg = s;
  s->redis = redis_open(loop, &options);
  return s;
}

void store_close(struct store **store) {
  if (!store || !*store)
    return;
  struct store *s = *store;
  *store = NULL;
  redis_close(&s->redis);
  desk_free(&s->desk);
  desk_free(&s->next);
  free(s->tag);
  free(s);
}
