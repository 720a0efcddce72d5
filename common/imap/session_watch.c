/* SPDX-License-Identifier: Apache-2.0 */
/* Watching a folder while nothing is asked, and all that the time decides. A silent server is asked whether it is there
 * by ending and beginning IDLE anew, which also keeps the way through routers open. */
#include "imap/session_internal.h"

#define REST_MS 5000 /* after a server ended IDLE by itself */

static bool may_idle(const struct imap_session *s) {
  return s->selected && !s->options.never_idle && (s->capabilities & IMAP_CAN_IDLE);
}

static void end_idle(struct imap_session *s) {
  buf_add_text(&s->output, "DONE\r\n");
  s->watch = WATCH_DONE;
  s->sent_ms = s->now_ms;
}

bool session_watch_give_way(struct imap_session *s) {
  if (s->watch == WATCH_IDLE)
    end_idle(s);
  return s->watch == WATCH_NOT;
}

void session_watch_continue(struct imap_session *s) {
  if (s->watch != WATCH_IDLE_ASKED)
    return;
  s->watch = WATCH_IDLE;
  s->idle_ms = s->now_ms;
}

void session_watch_answered(struct imap_session *s, enum command_kind kind, enum imap_status_word status) {
  const bool unasked = kind == COMMAND_IDLE && s->watch != WATCH_DONE;
  s->watch = WATCH_NOT;
  s->quiet_ms = s->now_ms + (unasked ? REST_MS : 0);
  if (kind == COMMAND_IDLE && status != IMAP_SAYS_OK)
    s->options.never_idle = true; /* it offers what it refuses */
}

static void begin(struct imap_session *s) {
  const bool idle = may_idle(s);
  session_command_begin(s, idle ? COMMAND_IDLE : COMMAND_NOOP);
  buf_add_text(&s->output, idle ? "IDLE\r\n" : "NOOP\r\n");
  s->watch = idle ? WATCH_IDLE_ASKED : WATCH_NOOP;
}

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b) {
  return a > b ? a : b;
}

int64_t imap_session_due(const struct imap_session *s) {
  if (s->state != STATE_UP && s->state != STATE_GREETING)
    return INT64_MAX;
  switch (s->watch) {
  case WATCH_IDLE:
    return earlier(s->heard_ms + s->options.probe_ms, s->idle_ms + s->options.idle_ms);
  case WATCH_IDLE_ASKED:
  case WATCH_DONE:
  case WATCH_NOOP:
    return later(s->sent_ms, s->heard_ms) + SESSION_ANSWER_MS;
  case WATCH_NOT:
    break;
  }
  if (s->on_way)
    return later(s->sent_ms, s->heard_ms) + s->options.command_ms;
  if (s->waiting)
    return INT64_MAX;
  return s->quiet_ms + (may_idle(s) ? SESSION_QUIET_MS : earlier(s->options.poll_ms, s->options.probe_ms));
}

void imap_session_tick(struct imap_session *s, int64_t now_ms) {
  s->now_ms = now_ms;
  if (now_ms < imap_session_due(s))
    return;
  if (s->watch == WATCH_IDLE)
    end_idle(s);
  else if (s->on_way)
    session_end(s, SESSION_SILENT, SLICE("the server did not answer in time"));
  else
    begin(s);
}

void imap_session_resumed(struct imap_session *s, int64_t now_ms) {
  s->heard_ms = now_ms;
}
