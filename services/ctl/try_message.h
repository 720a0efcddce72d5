/* SPDX-License-Identifier: Apache-2.0 */
/* A message that nobody sent, for `deskbell dispatch try`: out of options, or of a CloudEvent as `deskbell events`
 * prints it. */
#ifndef CTL_TRY_MESSAGE_H
#define CTL_TRY_MESSAGE_H

#include "journal.h"

#define TRY_TO_MAX 100

/* All texts: "" not said. Of options they are borrowed, of an event they live in it. */
struct try_message {
  const char *channel, *channel_kind, *from, *language, *subject, *text, *automatic;
  const char *to[TRY_TO_MAX];
  size_t to_count;
  bool suspected;
  const char *key;         /* of `from`, in the arena; "" none */
  json_t *event;
};

/* FILE, "-" standard input: the first event in it. Returns CTL_OK, or an exit status after saying why. */
int must_check try_message_read(const struct ctl *ctl, const char *path, struct try_message *ret);
/* What options leave open: the kind of the channel, the key of the sender. The same outcomes. */
int must_check try_message_complete(const struct desk_view *v, struct arena *a, struct try_message *m);
void try_message_free(struct try_message *m);

#endif
