/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"
#include "queue.h"
#include "step.h"
#include <stdio.h>
#include <stdlib.h>

enum { ASIDE_MOST = 5000 }; /* deskbell_aside looks at no more: proto/redis.md */
enum queue_field { QUEUE_NAME, QUEUE_WAITING, QUEUE_LATE, QUEUE_OPEN, QUEUE_ON_DUTY, QUEUE_ABLE };

static long long count_of(struct desk_view *v, const char *key, bool *failed) {
  auto_reply *reply = CALL(v, "ZCARD", key);
  *failed = *failed || !reply;
  return reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

/* ---- ls */

static json_t *queue_json(const redisReply *row) {
  return json_pack("{s:s, s:I, s:I, s:b, s:I, s:I}", "name", step_text(row, QUEUE_NAME), "waiting",
                   (json_int_t)step_number(row, QUEUE_WAITING), "late", (json_int_t)step_number(row, QUEUE_LATE),
                   "open", (int)step_number(row, QUEUE_OPEN), "on_duty", (json_int_t)step_number(row, QUEUE_ON_DUTY),
                   "able", (json_int_t)step_number(row, QUEUE_ABLE));
}

/* What an operator at night must see at once. */
static const char *trouble_of(const redisReply *row) {
  if (!step_number(row, QUEUE_WAITING))
    return "";
  if (!step_number(row, QUEUE_OPEN))
    return "  closed";
  return step_number(row, QUEUE_ON_DUTY) ? "" : "  nobody is on duty";
}

static void print_queue(const redisReply *row) {
  printf("%-32s %8lld %8lld %8lld %8lld%s\n", step_text(row, QUEUE_NAME), (long long)step_number(row, QUEUE_WAITING),
         (long long)step_number(row, QUEUE_LATE), (long long)step_number(row, QUEUE_ON_DUTY),
         (long long)step_number(row, QUEUE_ABLE), trouble_of(row));
}

int queue_ls(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
             const char *argument) {
  (void)verb, (void)asked, (void)argument;
  bool failed = false;
  auto_reply *rows = step_call(v, "deskbell_queues", 0, NULL);
  if (!rows)
    return CTL_FAILED;
  long long held = count_of(v, TAG ":held", &failed), aside = count_of(v, TAG ":aside", &failed),
            quarantine = count_of(v, TAG ":quarantine", &failed);
  if (failed)
    return CTL_FAILED;
  if (v->ctl->json) {
    json_t *all = json_object(), *list = json_array();
    for (size_t i = 0; i < rows->elements; i++)
      json_array_append_new(list, queue_json(rows->element[i]));
    json_object_set_new(all, "queues", list);
    json_object_set_new(all, "held", json_integer(held));
    json_object_set_new(all, "aside", json_integer(aside));
    json_object_set_new(all, "quarantine", json_integer(quarantine));
    print_json(all);
    return CTL_OK;
  }
  printf("%-32s %8s %8s %8s %8s\n", "queue", "waiting", "late", "on duty", "able");
  for (size_t i = 0; i < rows->elements; i++)
    print_queue(rows->element[i]);
  printf("%-32s %8lld  (deskbell queue held)\n%-32s %8lld  (deskbell queue aside)\n"
         "%-32s %8lld  (deskbell quarantine ls)\n",
         "held by agents", held, "put aside", aside, "could not be read", quarantine);
  return CTL_OK;
}

/* ---- show */

/* Prints work items, ids or rows that begin with one, as one JSON array or as lines. */
static int print_items(struct desk_view *v, const redisReply *items) {
  json_t *list = json_array();
  for (size_t i = 0; i < items->elements; i++) {
    json_t *item = NULL;
    const redisReply *one = items->element[i];
    int r = item_json(v, one->type == REDIS_REPLY_ARRAY ? step_text(one, 0) : reply_text(one), &item);
    if (r == -EIO) {
      json_decref(list);
      return CTL_FAILED;
    }
    if (r < 0)
      continue; /* gone meanwhile */
    if (!v->ctl->json)
      item_print(item);
    json_array_append_new(list, item);
  }
  if (v->ctl->json)
    print_json(list);
  else
    json_decref(list);
  return CTL_OK;
}

/* Nothing waits; or somebody mistyped the name. */
static int show_nothing(struct desk_view *v, const char *queue) {
  struct desk *desk = NULL;
  int status = definition_in_force(v, &desk);
  if (status == CTL_OK && !desk_queue_named(desk, slice_text(queue)))
    status = ctl_fail(v->ctl, "there is no queue \"%s\"; `deskbell queue ls` lists them", queue);
  else if (status == CTL_OK)
    printf(v->ctl->json ? "[]\n" : "nothing waits in %s\n", queue);
  desk_free(&desk);
  return status;
}

int queue_show(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *queue) {
  char limit[24];
  (void)verb;
  snprintf(limit, sizeof(limit), "%llu", (unsigned long long)asked->limit);
  auto_reply *ids = STEP(v, "deskbell_waiting", queue, limit);
  if (!ids)
    return CTL_FAILED;
  return ids->elements ? print_items(v, ids) : show_nothing(v, queue);
}

/* Those who are not in the desk definition, too: `deskbell agent ls` does not know them. */
int queue_held(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
               const char *argument) {
  char last[24];
  (void)verb, (void)argument;
  snprintf(last, sizeof(last), "%llu", (unsigned long long)asked->limit - 1);
  auto_reply *ids = CALL(v, "ZRANGE", TAG ":held", "0", last);
  if (!ids)
    return CTL_FAILED;
  if (ids->elements || v->ctl->json)
    return print_items(v, ids);
  printf("no agent holds a work item\n");
  return CTL_OK;
}

int queue_aside(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                const char *argument) {
  char limit[24];
  (void)verb, (void)argument;
  if (asked->limit > ASIDE_MOST)
    return ctl_wrong_usage(v->ctl, "of what is put aside at most %d are listed; --agent lists those of one agent", ASIDE_MOST);
  snprintf(limit, sizeof(limit), "%llu", (unsigned long long)asked->limit);
  auto_reply *rows = STEP(v, "deskbell_aside", asked->agent, limit);
  if (!rows)
    return CTL_FAILED;
  if (rows->elements || v->ctl->json)
    return print_items(v, rows);
  printf("nothing is put aside%s%s\n", asked->agent[0] ? " by " : "", asked->agent);
  return CTL_OK;
}

int queue_print_item(struct desk_view *v, const char *id) {
  json_t *item = NULL;
  int r = item_json(v, id, &item);
  if (r == -EIO)
    return CTL_FAILED;
  if (r < 0)
    return ctl_fail(v->ctl, "there is no work item %s", id);
  if (v->ctl->json) {
    print_json(item);
  } else {
    item_print(item);
    json_decref(item);
  }
  return CTL_OK;
}
