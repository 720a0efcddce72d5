/* SPDX-License-Identifier: Apache-2.0 */
/* A work item with its conversation and context, as the command line shows it. */
#ifndef CTL_ITEM_H
#define CTL_ITEM_H

#include "journal.h"

/* Reads item, conversation and the entry that opened it. Returns 0 (gives a JSON object), -ENOENT, -EIO after saying
 * why. Members: id, state, queue, agent, conversation, customer, priority, deadline, skills, rule, desk_version,
 * created, changed, messages, offered (agents), until (end of an offer, a hold, a snooze, a wrap-up), note (of who handed
 * it on), into (the item that what was to be done went on in), reason (why it was opened again or is urgent), event
 * {id, channel, from, subject, text}, context, open_conversations (what else of the customer is open now). */
int must_check item_json(struct desk_view *v, const char *id, json_t **ret);
/* Some lines for a person. */
void item_print(const json_t *item);

#endif
