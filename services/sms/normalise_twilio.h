/* SPDX-License-Identifier: Apache-2.0 */
/* Twilio's form parameters → one contact event: an inbound message, or the state of one of ours (PV-02, WH-06). Pure. */
#ifndef SMS_NORMALISE_TWILIO_H
#define SMS_NORMALISE_TWILIO_H

#include "draft.h"
#include "http/form.h"

/* Returns 0 (gives *ret), NORMALISE_BAD (no MessageSid: there is nothing to tell a repeat by), NORMALISE_DEFER,
 * -ENOMEM. */
int must_check normalise_twilio(const struct source *source, const struct form *form, contact_event **ret);

#endif
