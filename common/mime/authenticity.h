/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the sender is who the mail says, by what the operator's own mail system found out (RFC 8601), and whether it
 * looks as if somebody passed for another (AD-07). Inside common/mime only. Pure.
 *
 * Believed are the fields of a configured authserv-id only, and of those the topmost and the ones that follow it with
 * nothing between but other filters' fields; of each method the topmost result. What a sender puts in stands below. It
 * still wins when the operator's filter says nothing of a method, so the mail system must take incoming fields with
 * its own id out, as RFC 8601 section 5 demands. ARC-Authentication-Results are not looked at.
 */
#ifndef MIME_AUTHENTICITY_H
#define MIME_AUTHENTICITY_H

#include "event/event.h"
#include "mime/header.h"
#include "mime/mime.h"

enum { AUTHENTICITY_DOMAINS_MAX = 16 };

/* Sets e->authenticity and e->from->verified: "dmarc", "dkim" (a signature of From's domain or one above it), "spf"
 * (of From's domain, which is also the envelope's), or nothing. A mail of several senders proves none. Warnings
 * "dmarc-fail", "authentication-results-left": fields with the trusted id further down, which nobody took out. */
void authenticity_read(struct reading *r, const struct mail_header *h, const struct mime_trust *trust,
                       struct slice mail_from, contact_event *e);
/* Warnings "from-imitates-us" (the name shows an address or domain of ours, the domain looks like ours, or the address
 * is ours and nothing proves it), "from-mixed-script", "reply-to-differs". `reply_to`: its first address or "". */
void authenticity_look(struct reading *r, const struct mime_own *own, const char *reply_to, const contact_event *e);

#endif
