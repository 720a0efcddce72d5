/* SPDX-License-Identifier: Apache-2.0 */
/* States of an outbound message and their legal moves (delivery.def). Pure. */
#ifndef OUTBOUND_DELIVERY_H
#define OUTBOUND_DELIVERY_H

#include "base/slice.h"

#define STATE(name, final, words) DELIVERY_##name,
#define MOVE(from, to)
enum delivery_state {
#include "outbound/delivery.def"
  DELIVERY_STATES
};

/* "queued"; lent. */
const char *delivery_text(enum delivery_state state);
const char *delivery_words(enum delivery_state state);
/* False when there is no such state. */
bool delivery_parse(struct slice text, enum delivery_state *ret);
bool delivery_may(enum delivery_state from, enum delivery_state to);
bool delivery_final(enum delivery_state state);

#endif
