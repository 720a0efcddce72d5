/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell queue: its verbs and what they are asked. Internal to cmd_queue.c, queue_see.c, queue_work.c. */
#ifndef CTL_QUEUE_H
#define CTL_QUEUE_H

#include "item.h"

/* "" or 0: not given. */
struct queue_asked {
  const char *agent, *queue, *item, *seen, *why, *by, *note;
  int64_t until_ms;
  uint64_t limit;
  bool force;
};

struct queue_verb {
  const char *name;
  const char *what;        /* its argument, "a queue"; "" none */
  bool may_lack;           /* ... which may be left out */
  bool needs_agent, needs_until;
  /* `argument`: "" when there is none. Returns an exit status. */
  int (*run)(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *argument);
};

/* Seeing (queue_see.c). */
int queue_ls(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *argument);
int queue_show(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *queue);
int queue_held(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
               const char *argument);
/* Of asked->agent, "" of all: what is on hold or snoozed. */
int queue_aside(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                const char *argument);
/* Prints one item, after something was done with it. */
int queue_print_item(struct desk_view *v, const char *id);

/* Working on an item (queue_work.c). */
int queue_claim(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *queue);
int queue_accept(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *item);
int queue_decline(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                  const char *item);
/* hold, snooze, resume, reopen: the step knows the verb by its name. */
int queue_move(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *item);
int queue_done(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked, const char *item);
int queue_requeue(struct desk_view *v, const struct queue_verb *verb, const struct queue_asked *asked,
                  const char *item);

#endif
