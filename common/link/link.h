/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel program's end of the link to the router: ZeroMQ DEALER, CURVE, frames of proto/deskbell/v1/link.proto.
 * Events are sent in order within the credit granted; an event is done when it is confirmed. After a lost router
 * (no frame for dead_after_ms), a new one, or a restart on either side, the user is told to start again behind the
 * last confirmed event: a repeat is harmless, a gap is not.
 * Never ZMQ_HEARTBEAT (it aborts the process, libzmq 3937); our own ping/pong. Reconnects back off with jitter.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "base/id.h"
#include <uv.h>

enum { LINK_NO_CREDIT = 1 };

#define LINK_EVENT_MAX (64 * 1024)

struct link;

enum link_outcome { LINK_ROUTED, LINK_DUPLICATE, LINK_QUARANTINED };

/* The other way: what goes out to customers, and orders about it. At most so much is unanswered for one program. */
#define LINK_OUTBOUND_MAX (64 * 1024)
#define LINK_OUTBOUND_WINDOW 64
#define LINK_OUTBOUND_WINDOW_BYTES (1024 * 1024)

struct link_outbound {
  const char *id;                 /* of the outbound message, DERIVED_ID_LEN characters */
  const char *order;              /* "deliver", "hold", "release", "retry", "cancel" */
  struct slice message;           /* packed OutboundMessage; may be empty for an order that is not "deliver" */
  uint32_t attempt;               /* of "retry": which try it is to make; 0 not said */
};

/* The order of this name as a static text, so that orders may be compared as pointers; NULL when there is none. */
const char *link_order(const char *name);

enum link_answer {
  LINK_TAKEN,                     /* durable at the channel program, or it was before */
  LINK_REFUSED,                   /* never; the reason says why */
  LINK_LATER,                     /* full or stopping */
};

struct link_options {
  const char *program;            /* "sms" */
  const char *router;             /* endpoint, e.g. "ipc:///…/router.ipc" */
  const char *server_key_file;    /* router.pub: 40 characters Z85 */
  const char *own_key_file;       /* <program>.key: two lines, public and secret, Z85 */
  const char *const *channels;    /* borrowed */
  size_t channel_count;
  int64_t heartbeat_ms, dead_after_ms;
};

struct link_event {
  uint64_t seq;
  struct event_id id;
  struct slice event;             /* packed ContactEvent; copied */
  uint32_t attempt;
  int64_t spooled_ms;
};

struct link_user {
  /* The link is up (or up again): send from behind the last confirmed event. */
  void (*restart)(void *arg);
  /* There is credit again. */
  void (*more)(void *arg);
  /* Everything up to `seq` is durable at the router's side. */
  void (*confirmed)(void *arg, uint64_t upto);
  /* One that was not plainly routed; called before its confirmed(). */
  void (*outcome)(void *arg, uint64_t seq, enum link_outcome outcome, struct slice reason);
  /* Instead of restart(): Redis may have lost what was confirmed since then: send it again, then go on. */
  void (*replay)(void *arg, int64_t since_ms);
  /* Something goes out over one of our channels; lent during the call. Each is answered once by link_outbound_result(),
   * now or later; what is not, or was answered while the link was down, comes again after the link did. NULL: this
   * program delivers nothing, LINK_LATER is answered. */
  void (*outbound)(void *arg, const struct link_outbound *items, size_t count);
  void *arg;
};

int must_check link_open(uv_loop_t *loop, const struct link_options *options, const struct link_user *user,
                         struct link **ret, struct complaint *complaint);
/* Queues into the batch of this turn; batches leave at the end of the turn, or when 64 events or 256 KiB are together.
 * Numbers rise from one restart() or replay() to the next. Returns 0; LINK_NO_CREDIT (not taken; more() will be called,
 * or restart() when the link is down); -EMSGSIZE for more than LINK_EVENT_MAX, -EINVAL for none. */
int must_check link_send(struct link *l, const struct link_event *event);
/* Answers an order; copies. Leaves at the end of the turn. Nothing is kept while the link is down. */
void link_outbound_result(struct link *l, const char *id, const char *order, enum link_answer answer,
                          struct slice reason);
bool link_up(const struct link *l);
/* Why it is not up: the last refusal or failure, one line of ASCII; "" while up or before the first. Lent. */
const char *link_trouble(const struct link *l);
/* Milliseconds since the router was last heard; 0 while up. */
int64_t link_down_ms(const struct link *l);
size_t link_unconfirmed(const struct link *l);
/* Says Bye and closes. Not from inside a callback. */
void link_close(struct link **l);

#endif
