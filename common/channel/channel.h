/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every channel program does behind its intake: spool, normalise if need be, send in order, forget when confirmed.
 *
 *   take ──▶ channel_take() ──▶ spool (synced) ──▶ done() answers the source
 *                                  └──▶ normalise() ──▶ link ──▶ confirmed ──▶ spool_confirm()
 *
 * Records leave strictly in order of taking, so that events of one address are applied in order (G3); up to
 * CHANNEL_WINDOW records are normalised ahead.
 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

#include "config/config.h"
#include "link/link.h"
#include "spool/spool.h"

#define CHANNEL_WINDOW 256
#define CHANNEL_EVENT_MAX (64 * 1024)

/* Record kinds in the spool that every program shares; a program's own start at 16. */
enum { RECORD_EVENT = 1 }; /* payload: packed ContactEvent, ready to send */

struct channel;

struct channel_options {
  const char *program;
  const struct config *config;          /* borrowed; spool and link settings, channels */
  /* Turns a record of the program's own kind into one packed ContactEvent; calls channel_normalised() once for it,
   * now or later. NULL: every record is a RECORD_EVENT. */
  void (*normalise)(void *arg, struct channel *c, const struct spool_record *record);
  void *arg;
};

/* Opens <dir>/<program>/spool and the link. Returns 0, < 0 with the complaint's text filled. */
int must_check channel_open(uv_loop_t *loop, const struct channel_options *options, struct channel **ret,
                            struct complaint *complaint);
/* Answers every channel_take() that is still under way. Not from inside a callback. */
void channel_close(struct channel **c);

/* For blob_put() before channel_take(). */
struct spool *channel_spool(struct channel *c);
/* As spool_append(): 0 and `done` later, or SPOOL_FULL or a fault at once. */
int must_check channel_take(struct channel *c, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done,
                            void *arg);
/* The record's event; copied. `id` is that of the event. After the link began anew, a record may be handed to
 * normalise() again, but never while it has not been answered for the time before. */
void channel_normalised(struct channel *c, uint64_t seq, const struct event_id *id, struct slice event);

/* Everything taken has been handed to the router and confirmed. */
bool channel_idle(const struct channel *c);
/* Reasons for /health, one line each: no router, spool over 50 %, oldest waiting over 5 min. */
void channel_unhealthy(struct channel *c, struct buf *ret_reasons);
/* Refreshes the metrics deskbell_spool_*, deskbell_link_*. */
void channel_measure(struct channel *c);

#endif
