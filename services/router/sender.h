/* SPDX-License-Identifier: Apache-2.0 */
/* The sender's key of a packed ContactEvent (field `from`.`key`), found on the wire without unpacking the rest. */
#ifndef ROUTER_SENDER_H
#define ROUTER_SENDER_H

#include "base/slice.h"

/* Borrows from `event`; empty when there is none or the bytes are no message. Pure, linear, any bytes. */
struct slice sender_key(struct slice event);

#endif
