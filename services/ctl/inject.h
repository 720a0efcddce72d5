/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts an event made by the operator's tool into the desk as a channel program does: durably, over the link, confirmed.
 * The tool is the program "deskbell" with its own key, spool and blobs (DIR/deskbell); one at a time.
 */
#ifndef CTL_INJECT_H
#define CTL_INJECT_H

#include "channel/channel.h"
#include "ctl.h"
#include "event/event.h"

struct inject;

/* Returns CTL_OK or an exit status after saying why. */
int must_check inject_open(const struct ctl *ctl, const struct config *config, struct inject **ret);
struct blob_store *inject_blobs(struct inject *i);
/* Returns when what was put into the blobs is durable: CTL_OK or an exit status after saying why. */
int must_check inject_sync_blobs(struct inject *i);
/* Packs, spools, sends; returns when the router has confirmed it. Returns CTL_OK or an exit status after saying why
 * (after 30 s without a confirm: it stays in the spool and goes out with the next call). */
int must_check inject_event(struct inject *i, contact_event *event, struct arena *a);
void inject_close(struct inject **i);

#endif
