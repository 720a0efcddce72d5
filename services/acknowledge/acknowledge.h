/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program `acknowledge`: every customer gets one, and only one, automatic first answer, and no robot ever does.
 *
 *   journal ──▶ follower ──▶ policy and words (common/acknowledgement) ──▶ deskbell_acknowledge: counters, outbox, position
 *
 * It holds nothing: what it decided and how far it is stand in Redis, written in one step. With Redis away nothing is
 * acknowledged (AR-53). Several may run.
 */
#ifndef ACKNOWLEDGE_ACKNOWLEDGE_H
#define ACKNOWLEDGE_ACKNOWLEDGE_H

#include "service/service.h"

int acknowledge_start(struct service_run *run, void **ret_self);
void acknowledge_drain(void *self);
void acknowledge_stop(void *self);
void acknowledge_unhealthy(void *self, struct buf *ret_reasons);
void acknowledge_measure(void *self);

#endif
