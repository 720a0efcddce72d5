/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the frames of proto/deskbell/v1/link.proto, with their limits. What frame_read() lets through
 * needs no second look: sizes, counts, names and the order of numbers are checked, whoever sent it.
 */
#ifndef LINK_FRAME_H
#define LINK_FRAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "deskbell/v1/link.pb-c.h"
#include "link/allow_list.h"
#include "link/link.h"

#define FRAME_VERSION 1
#define FRAME_MAX (512 * 1024)             /* bytes of one frame; larger ones cost the sender its connection */
#define FRAME_ARENA (1024 * 1024)          /* bytes a frame may become when unpacked */
#define FRAME_BATCH_ITEMS 64
#define FRAME_BATCH_BYTES (256 * 1024)     /* of events, unless there is only one */
#define FRAME_EVENT_MAX (64 * 1024)
#define FRAME_OUTCOMES 256                 /* in one Confirm */
#define FRAME_REASON_MAX 200
#define FRAME_OUTBOUND_ITEMS LINK_OUTBOUND_WINDOW
#define FRAME_OUTBOUND_BYTES (256 * 1024)  /* of messages, unless there is only one */
#define FRAME_RESULTS 256                  /* in one OutboundConfirm */
#define FRAME_CHANNELS_MAX 1000
#define FRAME_NAME_MAX 64
#define SESSION_BYTES 16

/* Refuse with this reason means: say Hello again on this connection and start behind what was confirmed last. */
#define REFUSE_HELLO_FIRST "hello first"

/* FRAME_UNKNOWN: of a newer kind that may be ignored (proto/README.md). */
enum { FRAME_BROKEN = 1, FRAME_UNKNOWN = 2 };

typedef Deskbell__V1__Frame link_frame;

/* Unpacks into the arena (lent until its reset). Returns 0, FRAME_BROKEN (`*ret_why`: a static sentence),
 * FRAME_UNKNOWN. */
int must_check frame_read(struct slice bytes, struct arena *a, link_frame **ret, const char **ret_why);
/* Packs a frame other than a batch (batch.h); clears `ret` first. */
void frame_write(const link_frame *f, struct buf *ret);
/* One line of plain ASCII for people, from what a peer said; `room` with NUL. */
void frame_words(const char *said, char *ret, size_t room);

#endif
