/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"
#include "queue.h"
#include "step.h"
#include <stdio.h>

/* Says what was not done and why, else shows the item. */
static int told(struct desk_view *v, const struct queue_asked *asked, const char *item, const redisReply *answer) {
  int status = answer ? step_said(v, item, asked->agent, answer) : CTL_FAILED;
  return answer && status == CTL_OK ? queue_print_item(v, item) : status;
}

/* ---- taking */

static int claimed_nothing(struct desk_view *v, const struct queue_asked *asked, const char *queue) {
  if (asked->item[0])
    return ctl_fail(v->ctl, "%s: %s cannot take it now", asked->item, asked->agent);
  if (v->ctl->json)
    printf("null\n");
  else if (queue[0])
    printf("nothing waits in %s that %s may take\n", queue, asked->agent);
  else
    printf("nothing waits that %s may take\n", asked->agent);
  return CTL_OK;
}

int queue_claim(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                const char *queue) {
  (void)verb;
  auto_reply *answer = STEP(v, "deskbell_claim", queue, asked->agent, asked->item, asked->force ? "1" : "");
  if (!answer)
    return CTL_FAILED;
  if (strcmp(step_outcome(answer), "NONE") == 0)
    return claimed_nothing(v, asked, queue);
  const char *what = asked->item[0] ? asked->item : queue[0] ? queue : asked->agent;
  int status = step_said(v, what, asked->agent, answer);
  return status == CTL_OK ? queue_print_item(v, step_detail(answer)) : status;
}

int queue_accept(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                 const char *item) {
  (void)verb;
  auto_reply *answer = STEP(v, "deskbell_accept", item, asked->agent);
  return told(v, asked, item, answer);
}

int queue_decline(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                  const char *item) {
  (void)verb;
  auto_reply *answer = STEP(v, "deskbell_decline", item, asked->agent, asked->why);
  return told(v, asked, item, answer);
}

/* ---- its life */

int queue_move(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *item) {
  char until[24];
  snprintf(until, sizeof(until), "%lld", (long long)asked->until_ms);
  auto_reply *answer = STEP(v, "deskbell_item", item, asked->agent, verb->name, until, asked->why);
  if (strcmp(verb->name, "reopen") == 0 && strcmp(step_outcome(answer), "TAKEN") == 0)
    return ctl_fail(v->ctl, "%s: its conversation has another open work item, %s", item, step_detail(answer));
  return told(v, asked, item, answer);
}

int queue_done(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *item) {
  (void)verb;
  auto_reply *answer = STEP(v, "deskbell_done", item, asked->agent, asked->seen);
  return told(v, asked, item, answer);
}

/* What is mistyped must not wait where nobody looks. */
static int check_queue(struct desk_view *v, const char *queue) {
  struct desk *desk = NULL;
  int status = definition_in_force(v, &desk);
  if (status == CTL_OK && !desk_queue_named(desk, slice_text(queue)))
    status = ctl_fail(v->ctl, "there is no queue \"%s\"; `deskbell queue ls` lists them", queue);
  desk_free(&desk);
  return status;
}

int queue_requeue(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                  const char *item) {
  (void)verb;
  int status = asked->queue[0] ? check_queue(v, asked->queue) : CTL_OK;
  if (status != CTL_OK)
    return status;
  auto_reply *answer = STEP(v, "deskbell_requeue", item, asked->queue, asked->agent, asked->by, asked->note);
  return told(v, asked, item, answer);
}
