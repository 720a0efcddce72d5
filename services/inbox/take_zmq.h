/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agents' API over ZeroMQ (proto/deskbell/v1/agents.proto): a ROUTER with CURVE; who somebody is their key says, by
 * the allow-list of `inbox.zmq_keys` (AGENT.pub), which is read again when the folder changes. The verbs are those of
 * HTTP (work.c). Keys act as agents; supervisors have tokens and HTTP.
 *
 * A peer is known by the routing id libzmq made for its connection; one that brings its own is not heard, so that
 * nobody gets another's news. Limits: AGENT_FRAME_MAX a request, ZMQ_WORKS_MOST requests of a peer under way, the rate
 * and the streams of the section; frames that are none are counted and dropped. An answer that a peer does not take is
 * dropped: it asks again.
 */
#ifndef INBOX_TAKE_ZMQ_H
#define INBOX_TAKE_ZMQ_H

#include "inbox.h"

#define ZMQ_WORKS_MOST 64
#define ZMQ_PEERS_MOST 10000

/* Returns 0 (also when no address is set: *ret NULL), or < 0 after service_fail() said why. */
int must_check take_zmq_open(struct inbox *inbox, struct take_zmq **ret);
/* Once in a while: reads the keys again if they changed; ends subscriptions of peers that are silent. */
void take_zmq_tick(struct take_zmq *z, int64_t now_ms);
/* What an operator must mend; NULL: nothing. Lent. */
const char *take_zmq_trouble(const struct take_zmq *z);
/* No request is taken any more. */
void take_zmq_drain(struct take_zmq *z);
/* Works under way must have ended, and all listeners been told. */
void take_zmq_close(struct take_zmq **z);

#endif
