/* SPDX-License-Identifier: Apache-2.0 */
/* What link.c (life, time, sending), link_frames.c (what the router says) and link_outbound.c (answers to its orders)
 * share. Internal to link/. */
#ifndef LINK_LINK_INTERNAL_H
#define LINK_LINK_INTERNAL_H

#include "link/batch.h"
#include "link/connection.h"
#include "link/frame.h"
#include "link/link.h"
#include "metrics/metrics.h"

enum link_state {
  LINK_WAITING,  /* no connection; the timer opens the next */
  LINK_GREETING, /* Hello is said or about to be; nothing is sent or believed until Welcome */
  LINK_UP,
};

struct sent {
  uint64_t seq;
  uint32_t bytes;
};

/* An answer that is not said yet. */
struct answer {
  char id[DERIVED_ID_LEN + 1];
  const char *order;               /* static */
  enum link_answer answer;
  char *reason;                    /* heap or NULL */
};

struct link {
  uv_loop_t *loop;
  uv_timer_t timer;
  void *context;
  struct link_user user;
  char *program, *router;
  char **channels;
  size_t channel_count;
  char server_key[KEY_TEXT], public_key[KEY_TEXT], secret_key[KEY_TEXT];
  int64_t heartbeat_ms, dead_after_ms;

  enum link_state state;
  struct connection *connection;
  uint8_t session[SESSION_BYTES];  /* of this connection */
  bool hello_due, ping_due, pong_due, suspect, replay_due, closing;
  uint64_t pong_n, pings;
  int64_t replay_since_ms;
  int64_t heard_ms, said_ms, opened_ms, retry_ms;
  unsigned failures, broken_in_row;
  char trouble[320];

  struct batch batch;
  struct sent *sent;               /* ring of what is not confirmed, the batch included */
  size_t sent_head, sent_count, sent_room;
  uint64_t sent_bytes, last_seq;
  uint32_t window_events;
  uint64_t window_bytes;
  bool starved;                    /* a link_send() was not taken … */
  size_t starved_len;              /* … of this size */
  struct answer *answers;          /* FRAME_RESULTS, once there was one */
  size_t answer_count;

  struct arena *arena;
  struct buf out;
  struct metric *up, *unconfirmed, *batches, *events, *broken, *lost;
};

/* In link.c. Forgets the connection and tries again later. */
void link_fall(struct link *l, const char *format, ...) printf_like(2, 3);
/* Forgets what was sent: the next thing said is Hello. */
void link_greet(struct link *l);
void link_forget_sent(struct link *l);
/* In link.c. Returns false when the router does not take it now. */
bool link_say(struct link *l, const link_frame *f);
/* In link_outbound.c: hands on what goes out; says the answers; forgets them. */
void link_take_outbound(struct link *l, const Deskbell__V1__OutboundBatch *b);
void link_say_answers(struct link *l);
void link_forget_answers(struct link *l);
/* In link_frames.c: one frame of the router. */
void link_received(struct link *l, struct slice bytes);

/* How long to wait after so many failures in a row: 100 ms to 5 s, doubling, the upper half by `chance`. Pure. */
int64_t link_backoff_ms(unsigned failures, uint32_t chance);

#endif
