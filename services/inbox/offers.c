/* SPDX-License-Identifier: Apache-2.0 */
/*
 * It listens before it looks, so that an offer made between the two is not missed. One look at a time; news while one
 * is under way makes another.
 */
#include "offers.h"
#include "answer.h"
#include "base/clock.h"
#include "http/stream.h"
#include "work.h"
#include <stdlib.h>

struct waiting {
  struct inbox *inbox;
  struct http_request *request; /* NULL: answered */
  struct listener *listener;
  struct access_row row;
  struct arena *arena;
  struct ask ask;
  uv_timer_t timer;
  struct http_reply_header headers[ANSWER_HEADERS];
  size_t header_count;
  bool looking, again, ends;    /* ends: answer whatever the look finds */
};

static void look(struct waiting *w);

/* ---- ending */

static void on_closed(uv_handle_t *handle) {
  struct waiting *w = handle->data;
  arena_free(&w->arena);
  free(w);
}

static void finish(struct waiting *w, const struct result *r) {
  if (!w->request)
    return;
  struct http_request *request = w->request;
  w->request = NULL;
  listener_remove(&w->listener);
  uv_timer_stop(&w->timer);
  answer_result(w->inbox, request, r, w->headers, w->header_count);
  if (!w->looking)
    uv_close((uv_handle_t *)&w->timer, on_closed);
}

static void finish_empty(struct waiting *w) {
  struct result r = result_ok(json_pack("{s:[], s:s}", "data", "position", tail_position(w->inbox->tail)));
  finish(w, &r);
  result_free(&r);
}

/* ---- looking */

static bool is_known(const struct waiting *w, const char *item) {
  return item && slice_lists(w->ask.text[FIELD_KNOWN], ',', slice_text(item));
}

static bool has_new(const struct waiting *w, const json_t *body) {
  const json_t *data = json_object_get(body, "data");
  for (size_t i = 0; i < json_array_size(data); i++)
    if (!is_known(w, json_string_value(json_object_get(json_array_get(data, i), "item"))))
      return true;
  return false;
}

static void on_looked(void *arg, const struct result *r) {
  struct waiting *w = arg;
  w->looking = false;
  if (!w->request) {
    uv_close((uv_handle_t *)&w->timer, on_closed);
    return;
  }
  bool again = w->again;
  w->again = false;
  if (r->status != 200 || w->ends || has_new(w, r->body))
    finish(w, r);
  else if (again)
    look(w);
}

static void look(struct waiting *w) {
  struct caller caller = {.role = w->row.role};
  memcpy(caller.agent, w->row.agent, sizeof(caller.agent));
  const struct ask ask = ask_new(VERB_OFFERS);
  w->looking = true;
  work_start(w->inbox, &caller, &ask, arena_new(1024, WORK_ARENA), on_looked, w);
}

/* ---- what wakes it */

static void on_hear(void *arg, struct notice *n) {
  struct waiting *w = arg;
  if (strcmp(n->event, "offer") != 0 || !notice_concerns(n, slice_text(w->row.agent)))
    return;
  if (w->looking)
    w->again = true;
  else
    look(w);
}

static void on_told(void *arg, const char *why) {
  struct waiting *w = arg;
  if (strcmp(why, "lost") == 0) {
    if (w->looking)
      w->again = true;
    else
      look(w);
    return;
  }
  if (strcmp(why, "signed-out") == 0) {
    struct result r = result_problem(PROBLEM_SIGNED_OUT, NULL);
    finish(w, &r);
    result_free(&r);
    return;
  }
  finish_empty(w);
}

static void on_time(uv_timer_t *timer) {
  finish_empty(timer->data);
}

static void on_gone(void *arg) {
  finish_empty(arg); /* nobody reads it, unless only one direction was closed */
}

void offers_begin(struct inbox *inbox, struct http_request *request, const struct access_row *row,
                  const struct ask *ask, struct arena *arena, const struct http_reply_header *headers,
                  size_t header_count) {
  struct waiting *w = must_calloc(1, sizeof(*w));
  const struct listener_user user = {.hear = on_hear, .told = on_told, .arg = w};
  *w = (struct waiting){.inbox = inbox, .request = request, .row = *row, .arena = arena, .ask = *ask};
  memcpy(w->headers, headers, header_count * sizeof(*headers));
  w->header_count = header_count;
  uv_timer_init(inbox->loop, &w->timer);
  w->timer.data = w;
  int64_t wait_s = ask_has(ask, FIELD_WAIT) ? ask->number[FIELD_WAIT] : OFFERS_WAIT_USUAL_S;
  w->ends = wait_s == 0;
  w->listener = listener_add(inbox->listeners, row, &user, clock_monotonic_ms());
  if (!w->listener) {
    struct result r = result_problem(PROBLEM_STREAMS, NULL);
    finish(w, &r);
    result_free(&r);
    return;
  }
  if (wait_s > 0) {
    uv_timer_start(&w->timer, on_time, (uint64_t)wait_s * 1000, 0);
    http_watch(request, on_gone, w);
  }
  look(w);
}
