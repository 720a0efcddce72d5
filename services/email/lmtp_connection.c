/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A turn of a connection: bytes in, events of the dialogue acted on, one write out. It is not read while it waits for
 * its commit or for its output to be taken; what had been read by then is kept (at most one read).
 */
#include "lmtp_connection.h"
#include "base/clock.h"
#include "envelope.h"
#include "log/log.h"
#include "mail_record.h"
#include "metrics/metrics.h"
#include <stdlib.h>

#define KEPT_OUTPUT 4096 /* memory an idle connection may keep */

struct taking { /* one record on its way into the spool */
  struct lmtp_connection *c;
  uint32_t target;
};

struct lmtp_connection {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } net;
  const struct lmtp_shared *shared;
  struct lmtp_connection *next, *previous;
  struct lmtp *dialogue;
  struct envelope envelope;
  struct blob_writer *writer;
  struct blob_ref original;
  bool by_unix, reading, eof, ending, closed;
  uint64_t last_ms;              /* something moved */
  struct buf held;               /* read, not yet given to the dialogue */
  struct buf writing;
  bool is_writing;
  uv_write_t write;
  struct taking *takings;        /* of the message being committed */
  struct lmtp_result *results;
  size_t pending;                /* records without their done() */
  int64_t ended_us;              /* when the final dot came */
};

static void go_on(struct lmtp_connection *c);

/* The end */

static void free_when_done(struct lmtp_connection *c) {
  if (!c->closed || c->pending)
    return;
  lmtp_free(&c->dialogue);
  envelope_free(&c->envelope);
  blob_writer_free(&c->writer);
  buf_free(&c->held);
  buf_free(&c->writing);
  free(c->takings);
  free(c->results);
  free(c);
}

static void on_closed(uv_handle_t *handle) {
  struct lmtp_connection *c = handle->data;
  c->closed = true;
  c->shared->gone(c->shared->arg, c);
  free_when_done(c);
}

void lmtp_connection_close(struct lmtp_connection *c) {
  c->ending = true;
  if (!uv_is_closing(&c->net.handle))
    uv_close(&c->net.handle, on_closed);
}

/* Out */

static void tidy_written(struct lmtp_connection *c) {
  c->is_writing = false;
  buf_clear(&c->writing);
  if (c->writing.cap > KEPT_OUTPUT)
    buf_free(&c->writing);
}

static void on_written(uv_write_t *write, int status) {
  struct lmtp_connection *c = write->data;
  tidy_written(c);
  if (status < 0 || uv_is_closing(&c->net.handle)) {
    lmtp_connection_close(c);
    return;
  }
  c->last_ms = uv_now(c->net.handle.loop);
  go_on(c);
}

static void flush(struct lmtp_connection *c) {
  struct buf *output = lmtp_output(c->dialogue);
  if (c->is_writing || !output->len)
    return;
  struct buf full = *output;
  *output = c->writing;
  output->max = full.max;
  c->writing = full;
  uv_buf_t bytes = uv_buf_init(full.at, (unsigned)full.len);
  int put = uv_try_write(&c->net.stream, &bytes, 1);
  if (put == (int)full.len) {
    tidy_written(c);
    return;
  }
  if (put > 0) {
    bytes.base += put;
    bytes.len -= (size_t)put;
  }
  c->is_writing = true;
  if (uv_write(&c->write, &c->net.stream, &bytes, 1, on_written) < 0) {
    tidy_written(c);
    lmtp_connection_close(c);
  }
}

/* The message */

static void refuse(struct lmtp_connection *c, int fault) {
  blob_writer_free(&c->writer);
  metric_add(fault == BLOB_TOO_LARGE ? c->shared->too_large : c->shared->deferred, 1);
  log_warn("mail_deferred", KV("at", "content"), KI("outcome", fault));
  lmtp_refuse(c->dialogue, fault == BLOB_TOO_LARGE ? LMTP_TOO_LARGE : fault == BLOB_FULL ? LMTP_NO_ROOM : LMTP_TROUBLE);
}

/* The spool is asked before the content is invited: a full one should not first receive it. */
static void on_data(struct lmtp_connection *c) {
  struct spool *spool = channel_spool(c->shared->channel);
  struct spool_state state;
  spool_state(spool, &state);
  int fault = state.full ? BLOB_FULL : blob_writer_open(spool_blobs(spool), &c->writer);
  if (fault) {
    metric_add(c->shared->deferred, 1);
    log_warn("mail_deferred", KV("at", "data"), KI("outcome", fault));
  }
  lmtp_answer_data(c->dialogue, !fault ? LMTP_ACCEPTED : fault == BLOB_FULL ? LMTP_NO_ROOM : LMTP_TROUBLE);
}

static enum lmtp_outcome outcome_of(int fault) {
  return fault == 0 ? LMTP_ACCEPTED : fault > 0 ? LMTP_NO_ROOM : LMTP_TROUBLE;
}

static void answer_message(struct lmtp_connection *c) {
  size_t taken = 0;
  for (size_t i = 0; i < c->envelope.count; i++)
    taken += c->results[i].outcome == LMTP_ACCEPTED;
  metric_add(taken == c->envelope.count ? c->shared->taken : c->shared->deferred, 1);
  metric_observe_us(c->shared->seconds, clock_monotonic_us() - c->ended_us);
  log_debug("mail_answered", KI("records", taken), KI("deferred", c->envelope.count - taken),
            KI("bytes", lmtp_message(c->dialogue)->size));
  lmtp_answer_message(c->dialogue, c->results, c->envelope.count);
}

static void on_taken(void *arg, int outcome, uint64_t seq) {
  struct taking *t = arg;
  struct lmtp_connection *c = t->c;
  c->results[t->target] = (struct lmtp_result){outcome_of(outcome), seq};
  if (outcome)
    log_warn("mail_deferred", KV("at", "commit"), KI("outcome", outcome));
  if (--c->pending)
    return;
  if (uv_is_closing(&c->net.handle)) { /* the sender is gone and will repeat what it heard no answer to */
    free_when_done(c);
    return;
  }
  c->last_ms = uv_now(c->net.handle.loop);
  answer_message(c);
  go_on(c);
}

static int take_target(struct lmtp_connection *c, uint32_t number, int64_t now_ms) {
  const struct envelope_target *target = &c->envelope.targets[number];
  const struct lmtp_message *message = lmtp_message(c->dialogue);
  const struct mail_record record = {
      .original = c->original,
      .received_ms = now_ms,
      .channel = slice_text(target->channel->name),
      .mail_from = message->sender.path,
      .recipient = envelope_recipient(&c->envelope, target),
      .token = envelope_token(&c->envelope, target),
      .null_path = !message->sender.path.len,
      .smtputf8 = message->sender.smtputf8,
      .eight_bit = message->sender.eight_bit,
      .bare_line_end = message->bare_line_end,
      .by_unix = c->by_unix,
  };
  auto_clean(buf_free) struct buf payload = BUF_INIT(MAIL_RECORD_MAX);
  if (mail_record_pack(&record, &payload) != 0)
    return -EMSGSIZE;
  return channel_take(c->shared->channel, RECORD_MAIL, now_ms, buf_slice(&payload), on_taken, &c->takings[number]);
}

static void take_one(struct lmtp_connection *c, uint32_t number, int fault, int64_t now_ms) {
  c->takings[number] = (struct taking){c, number};
  int r = fault ? fault : take_target(c, number, now_ms);
  if (r == 0) {
    c->pending++;
    return;
  }
  log_warn("mail_deferred", KV("at", "spool"), KI("outcome", r));
  c->results[number] = (struct lmtp_result){.outcome = outcome_of(r)};
}

/* All records of a mail are appended in one turn, so one commit covers them. Those with a token go first: a mail to
 * both support+token@ and support@ is the same event twice, and the first one stays, so it should know the
 * conversation. */
static void on_message(struct lmtp_connection *c) {
  c->ended_us = clock_monotonic_us();
  c->takings = must_realloc(c->takings, c->envelope.count * sizeof(*c->takings));
  c->results = must_realloc(c->results, c->envelope.count * sizeof(*c->results));
  int fault = blob_writer_end(&c->writer, &c->original);
  blob_writer_free(&c->writer);
  const int64_t now_ms = clock_now_ms();
  for (uint32_t i = 0; i < c->envelope.count; i++)
    if (c->envelope.targets[i].token_len)
      take_one(c, i, fault, now_ms);
  for (uint32_t i = 0; i < c->envelope.count; i++)
    if (!c->envelope.targets[i].token_len)
      take_one(c, i, fault, now_ms);
  if (!c->pending)
    answer_message(c);
}

static void on_recipient(struct lmtp_connection *c) {
  uint32_t target = 0;
  enum lmtp_outcome outcome = envelope_add(&c->envelope, c->shared->config, lmtp_path(c->dialogue), &target);
  lmtp_answer_recipient(c->dialogue, outcome, target);
}

/* In */

/* Gives the dialogue what it takes of `bytes`. Returns what is left when it must pause. */
static struct slice feed(struct lmtp_connection *c, struct slice bytes) {
  for (;;) {
    struct slice content;
    switch (lmtp_next(c->dialogue, &bytes, &content)) {
    case LMTP_MORE:
    case LMTP_WAIT:
    case LMTP_WRITE_FIRST:
      return bytes;
    case LMTP_CLOSE:
      c->ending = true;
      return slice_of(NULL, 0);
    case LMTP_MAIL:
      envelope_clear(&c->envelope);
      break;
    case LMTP_RECIPIENT:
      on_recipient(c);
      break;
    case LMTP_DATA:
      on_data(c);
      break;
    case LMTP_CONTENT: {
      int fault = blob_writer_add(c->writer, content);
      if (fault)
        refuse(c, fault);
      break;
    }
    case LMTP_DISCARD:
      blob_writer_free(&c->writer);
      metric_add(c->shared->too_large, 1);
      break;
    case LMTP_MESSAGE:
      on_message(c);
      break;
    }
  }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
  (void)suggested;
  struct lmtp_connection *c = handle->data;
  *ret = uv_buf_init(c->shared->read_room, LMTP_READ_ROOM);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *room) {
  struct lmtp_connection *c = stream->data;
  if (got < 0) {
    c->eof = true; /* a sender may close its side early and still read our answer */
    go_on(c);
    return;
  }
  c->last_ms = uv_now(stream->loop);
  struct slice left = feed(c, slice_of(room->base, (size_t)got));
  c->held.max = LMTP_READ_ROOM;
  buf_add_slice(&c->held, left);
  go_on(c);
}

static void read_or_not(struct lmtp_connection *c) {
  bool wanted = !c->eof && !c->ending && !c->held.len && !c->is_writing && !lmtp_waiting(c->dialogue);
  if (wanted == c->reading)
    return;
  c->reading = wanted;
  if (!wanted)
    uv_read_stop(&c->net.stream);
  else if (uv_read_start(&c->net.stream, on_alloc, on_read) < 0)
    lmtp_connection_close(c);
}

/* After anything that moved: use what is held, write, read, or end. */
static void go_on(struct lmtp_connection *c) {
  flush(c);
  while (!c->ending && !c->is_writing && !lmtp_waiting(c->dialogue)) {
    size_t before = c->held.len;
    struct slice left = feed(c, buf_slice(&c->held));
    buf_consume(&c->held, before - left.len);
    bool replied = lmtp_output(c->dialogue)->len;
    flush(c);
    if (!replied || !c->held.len)
      break;
  }
  if (!c->held.len)
    buf_free(&c->held);
  if (uv_is_closing(&c->net.handle))
    return;
  bool nothing_due = !c->is_writing && !lmtp_waiting(c->dialogue);
  if (nothing_due && (c->ending || (c->eof && !c->held.len)))
    lmtp_connection_close(c);
  else
    read_or_not(c);
}

/* Life */

struct lmtp_connection *lmtp_connection_new(uv_loop_t *loop, const struct lmtp_shared *shared, bool by_unix) {
  struct lmtp_connection *c = must_calloc(1, sizeof(*c));
  c->shared = shared;
  c->by_unix = by_unix;
  c->dialogue = lmtp_new(&shared->limits, shared->host);
  c->writing.max = lmtp_output(c->dialogue)->max;
  c->last_ms = uv_now(loop);
  if (by_unix)
    uv_pipe_init(loop, &c->net.pipe, 0);
  else
    uv_tcp_init(loop, &c->net.tcp);
  c->net.handle.data = c->write.data = c;
  return c;
}

int lmtp_connection_open(struct lmtp_connection *c, int fd) {
  return c->by_unix ? uv_pipe_open(&c->net.pipe, fd) : uv_tcp_open(&c->net.tcp, fd);
}

void lmtp_connection_begin(struct lmtp_connection *c) {
  if (!c->by_unix)
    uv_tcp_nodelay(&c->net.tcp, 1);
  go_on(c);
}

void lmtp_connection_refuse(struct lmtp_connection *c) {
  struct slice greeting = lmtp_busy_greeting();
  buf_clear(lmtp_output(c->dialogue));
  buf_add_slice(lmtp_output(c->dialogue), greeting);
  c->ending = true;
  go_on(c);
}

void lmtp_connection_drain(struct lmtp_connection *c) {
  lmtp_drain(c->dialogue);
  if (!c->is_writing && !uv_is_closing(&c->net.handle))
    go_on(c);
}

bool lmtp_connection_expire(struct lmtp_connection *c, uint64_t before_ms) {
  if (c->last_ms > before_ms || lmtp_waiting(c->dialogue) || uv_is_closing(&c->net.handle))
    return false;
  if (c->is_writing || c->ending) { /* it does not even read */
    lmtp_connection_close(c);
    return true;
  }
  lmtp_timeout(c->dialogue);
  c->ending = true;
  go_on(c);
  return true;
}

struct lmtp_connection **lmtp_connection_next(struct lmtp_connection *c) {
  return &c->next;
}

struct lmtp_connection **lmtp_connection_previous(struct lmtp_connection *c) {
  return &c->previous;
}
