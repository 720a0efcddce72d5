/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/me and GET /v1/offers: what is in an agent's hands, and what is offered to them. */
#include "show.h"
#include "base/clock.h"
#include "work.h"

enum { HEAD = 3, ROW = 4 };

/* Presence, used, units, then per item: id, state, since, until. */
static void on_mine(struct work *w, redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements < HEAD || (reply->elements - HEAD) % ROW) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  bool offers = w->ask.verb == VERB_OFFERS;
  json_t *items = json_array(), *body = json_object();
  for (size_t i = HEAD; i + ROW <= reply->elements; i += ROW) {
    redisReply *const *row = &reply->element[i];
    if (!offers || slice_equal(show_text(row[1]), SLICE("offered")))
      json_array_append_new(items, show_item_row(row));
  }
  if (!offers) {
    json_object_set_new(body, "agent", json_string(w->caller.agent));
    json_object_set_new(body, "role", json_string(access_role_text(w->caller.role)));
    show_set(body, "presence", show_text(reply->element[0]));
    json_object_set_new(body, "used", json_integer((json_int_t)show_int(reply->element[1])));
    json_object_set_new(body, "units", json_integer((json_int_t)show_int(reply->element[2])));
    json_t *queues = definition_queues(w->inbox->definition, slice_text(w->caller.agent));
    if (queues)
      json_object_set_new(body, "queues", queues);
  }
  json_object_set_new(body, offers ? "data" : "items", items);
  json_object_set_new(body, "position", json_string(tail_position(w->inbox->tail)));
  work_end(w, result_ok(body));
}

void show_me(struct work *w) {
  char *now = arena_printf(w->arena, "%lld", (long long)clock_now_ms());
  if (!now)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_mine, "FCALL", "deskbell_mine", "1", TAG, now, w->caller.agent);
}
