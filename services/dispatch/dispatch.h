/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program `dispatch`: has waiting work items offered to agents, by calling one atomic step in Redis whenever there
 * may be something to do. It decides nothing and holds nothing: what is to be looked at stands in Redis as marks, left
 * by the steps that made it so, and the step works them off. So any number of these programs may run, and any may die
 * anywhere: what it had asked for is done or is not, and another call goes on.
 *
 *   pub/sub P:dispatch ─┐
 *   next due time ──────┼──▶ turn (when) ──▶ deskbell_dispatch ──▶ answer: offers made, what is due next, more to do?
 *   once a second ──────┘
 *
 * One call at a time. With Redis away nothing is offered; it goes on with the connection.
 */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include "service/service.h"

int dispatch_start(struct service_run *run, void **ret_self);
void dispatch_drain(void *self);
void dispatch_stop(void *self);
void dispatch_unhealthy(void *self, struct buf *ret_reasons);
void dispatch_measure(void *self);

#endif
