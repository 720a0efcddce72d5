/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/queues, GET /v1/queues/{queue}/items, GET /v1/agents, GET /v1/aside. */
#include "show.h"
#include "work.h"

enum { QUEUE_FIELDS = 6, AGENT_FIELDS = 7, ASIDE_FIELDS = 6 };

static json_t *queue_json(redisReply *const *f) {
  json_t *q = json_object();
  show_set(q, "name", show_text(f[0]));
  json_object_set_new(q, "waiting", json_integer((json_int_t)show_int(f[1])));
  json_object_set_new(q, "late", json_integer((json_int_t)show_int(f[2])));
  json_object_set_new(q, "open", json_boolean(show_int(f[3])));
  json_object_set_new(q, "on_duty", json_integer((json_int_t)show_int(f[4])));
  json_object_set_new(q, "able", json_integer((json_int_t)show_int(f[5])));
  return q;
}

static void on_queues(struct work *w, redisReply *reply) {
  work_rows(w, reply, QUEUE_FIELDS, queue_json);
}

void show_queues(struct work *w) {
  WORK_ASK(w, on_queues, "FCALL", "deskbell_queues", "1", TAG, work_now(w));
}

static json_t *agent_json(redisReply *const *f) {
  json_t *a = json_object();
  show_set(a, "name", show_text(f[0]));
  show_set(a, "presence", show_text(f[1]));
  show_moment(a, "since", show_text(f[2]));
  show_moment(a, "until", show_text(f[3]));
  json_object_set_new(a, "used", json_integer((json_int_t)show_int(f[4])));
  json_object_set_new(a, "units", json_integer((json_int_t)show_int(f[5])));
  show_words(a, "items", show_text(f[6]), ' ');
  return a;
}

static void on_agents(struct work *w, redisReply *reply) {
  work_rows(w, reply, AGENT_FIELDS, agent_json);
}

void show_agents(struct work *w) {
  WORK_ASK(w, on_agents, "FCALL", "deskbell_agents", "1", TAG, work_now(w), "");
}

static json_t *aside_json(redisReply *const *f) {
  json_t *item = show_item_row(f);
  show_set(item, "agent", show_text(f[4]));
  show_set(item, "queue", show_text(f[5]));
  return item;
}

static void on_aside(struct work *w, redisReply *reply) {
  work_rows(w, reply, ASIDE_FIELDS, aside_json);
}

/* An agent's own; a supervisor's choice, and without one all. */
void show_aside(struct work *w) {
  bool supervisor = w->caller.role == ACCESS_SUPERVISOR;
  struct slice agent = ask_has(&w->ask, FIELD_AGENT) ? w->ask.text[FIELD_AGENT]
                       : supervisor                  ? SLICE("")
                                                     : slice_text(w->caller.agent);
  if (!supervisor && !slice_equal(agent, slice_text(w->caller.agent)))
    work_fail(w, PROBLEM_FORBIDDEN, "Only a supervisor sees what others put aside.");
  else
    WORK_ASK(w, on_aside, "FCALL", "deskbell_aside", "1", TAG, work_now(w), agent.at, work_limit(w));
}

static void on_waiting(struct work *w, redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  json_t *data = json_array();
  for (size_t i = 0; i < reply->elements; i++) {
    json_t *one = json_object();
    show_set(one, "item", show_text(reply->element[i]));
    json_array_append_new(data, one);
  }
  work_end(w, result_ok(json_pack("{s:o}", "data", data)));
}

void show_waiting(struct work *w) {
  const struct definition *d = w->inbox->definition;
  struct slice queue = w->ask.text[FIELD_QUEUE];
  if (!definition_known(d))
    work_fail(w, PROBLEM_AWAY, "The desk definition is not known yet.");
  else if (!definition_has_queue(d, queue))
    work_fail(w, PROBLEM_NOT_FOUND, "There is no such queue.");
  else if (w->caller.role != ACCESS_SUPERVISOR && !definition_serves(d, slice_text(w->caller.agent), queue))
    work_fail(w, PROBLEM_FORBIDDEN, "Not a queue of this agent.");
  else
    WORK_ASK(w, on_waiting, "FCALL", "deskbell_waiting", "1", TAG, work_now(w), queue.at, work_limit(w));
}
