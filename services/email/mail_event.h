/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the record knows of a mail and its bytes do not say, set on the event that was made of them: how it came,
 * where it was read, where its bytes are, and that only its header is here. Used in the parser and, for quarantine
 * entries, beside it.
 */
#ifndef EMAIL_MAIL_EVENT_H
#define EMAIL_MAIL_EVENT_H

#include "event/event.h"
#include "mail_record.h"

/* The event lives in `a`. Returns 0 or -ENOMEM. */
int must_check mail_event_complete(contact_event *e, const struct mail_record *record, struct arena *a);
/* The place alone, for an event that has no mail. Returns 0 or -ENOMEM. */
int must_check mail_event_set_place(contact_event *e, const struct mail_place *from, struct arena *a);
/* Does the event say of its way what the record says? */
bool mail_event_came_so(const contact_event *e, const struct mail_record *record);

#endif
