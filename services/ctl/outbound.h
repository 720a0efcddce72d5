/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound messages as the command line reads and shows them (proto/redis.md, "Outbound messages"). */
#ifndef CTL_OUTBOUND_H
#define CTL_OUTBOUND_H

#include "deskbell/v1/outbound.pb-c.h"
#include "journal.h"

/* "waits for its turn"; "" for a state that is none. */
const char *outbound_words(const char *state);
/* Id, state and what is known of its delivery: members as the fields of P:out:ID. Returns 0 (gives a JSON object),
 * -ENOENT, -EIO after saying why. */
int must_check outbound_json(struct desk_view *v, const char *id, json_t **ret);
/* One or two lines for a person. */
void outbound_print(const json_t *message);
/* What it says and to whom, from the packed message; {} when it cannot be read. Uses the view's arena. */
json_t *outbound_content(struct desk_view *v, struct slice packed);
/* The packed message itself, from its key or from the journal. Returns 0 (appended to `ret`), -ENOENT, -EIO. */
int must_check outbound_packed(struct desk_view *v, const char *id, struct buf *ret);

/* Is a journal entry about an outbound message? Lends its id and the rest of its evidence. */
bool outbound_of_entry(const struct entry *e, struct slice *ret_id, struct slice *ret_rest);
/* Everything in the chain of a conversation about one message (id "": about any), the oldest first, as
 * [{outbound, kind, channel, state, conversation, to, steps: [{at, step, detail}]}]. Gives. */
json_t *outbound_traces(struct desk_view *v, const char *conversation, const char *id);

#endif
