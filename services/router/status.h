/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a status event says of an outbound message, as deskbell_route takes it (proto/redis.md, "Outbound messages"). A
 * program of ours names our id and a state of common/outbound/delivery.def; a provider names its own id and a word of
 * its own, which is translated here (SM-20). Pure.
 */
#ifndef ROUTER_STATUS_H
#define ROUTER_STATUS_H

#include "event/event.h"

/* Texts joined by 0x1F, in the arena; "" when the event is no status or names nothing that was sent; NULL at the
 * arena's ceiling. A word nobody knows gives an empty state: it is kept, and changes nothing. */
const char *status_facts(const contact_event *e, struct arena *a);

#endif
