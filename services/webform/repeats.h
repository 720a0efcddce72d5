/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which submissions were taken lately, and what they said: a token or key is good for one message (WF-10, "single
 * use"), and the same message again is answered again, not limited. Fixed size; what falls out of it, and what a
 * restart forgets, is still one event by its id.
 */
#ifndef WEBFORM_REPEATS_H
#define WEBFORM_REPEATS_H

#include "base/id.h"

enum repeat {
  REPEAT_NEW,        /* not seen */
  REPEAT_UNDER_WAY,  /* the same message, not durable yet */
  REPEAT_TAKEN,      /* the same message, durable */
  REPEAT_OTHER,      /* this submission said something else */
};

struct repeats;

struct repeats *repeats_new(void);
void repeats_free(struct repeats **r);
/* `submission`: channel and key; `event`: the id, which also stands for what was said. For REPEAT_OTHER *ret_event
 * (may be NULL) is the event that was taken. */
enum repeat repeats_look(const struct repeats *r, const struct event_id *submission, const struct event_id *event,
                         struct event_id *ret_event);
void repeats_begin(struct repeats *r, const struct event_id *submission, const struct event_id *event);
/* Durable, or not taken after all. */
void repeats_end(struct repeats *r, const struct event_id *submission, const struct event_id *event, bool durable);

#endif
