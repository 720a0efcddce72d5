/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One post to a form, from its bytes to the spool and the answer. Idempotent: the event's id is made from the
 * channel, the submission's key (of the page's token, or the client's own) and what was said, so that the same post
 * repeated, also at the same time, is one event with one reference. A key that comes back with other words is
 * asked about, never dropped.
 *
 * If the process dies: before the spool's commit nobody was told anything; after it the message is there, and the
 * repeat that the customer sends is the same event.
 */
#ifndef WEBFORM_TAKE_FORM_H
#define WEBFORM_TAKE_FORM_H

#include "answer.h"

/* Answers `asker`'s POST, at once or when it is durable. Copies *asker. */
void take_form(const struct asker *asker);
/* A new page. */
void show_form(const struct asker *asker);

#endif
