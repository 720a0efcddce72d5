/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router: takes batches from the link, spreads them over lanes by the sender's address, confirms what Redis holds.
 * Holds nothing of its own: what is on its way is in the spools of the channel programs and in Redis.
 */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include "service/service.h"

int router_start(struct service_run *run, void **ret_self);
void router_drain(void *self);
void router_stop(void *self);
void router_unhealthy(void *self, struct buf *ret_reasons);
void router_measure(void *self);

#endif
