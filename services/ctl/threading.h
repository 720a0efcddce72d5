/* SPDX-License-Identifier: Apache-2.0 */
/* Why a message is in its conversation, in words an agent understands (proto/redis.md has the codes). Pure. */
#ifndef CTL_THREADING_H
#define CTL_THREADING_H

#include "base/buf.h"
#include "event/event.h"

/* Appends "into v…, by the signed reply token in support+…@example.com; …". `event` may be NULL. */
void threading_words(struct slice conversation, struct slice how, struct slice evidence, const contact_event *event,
                     struct buf *ret);
/* True when `word` is one of the words of the evidence. */
bool threading_has(struct slice evidence, const char *word);

#endif
