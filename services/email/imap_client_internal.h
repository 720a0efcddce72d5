/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the client share. */
#ifndef EMAIL_IMAP_CLIENT_INTERNAL_H
#define EMAIL_IMAP_CLIENT_INTERNAL_H

#include "base/buf.h"
#include "imap/backoff.h"
#include "imap/session.h"
#include "imap_client.h"

#define IMAP_CLIENT_WHY_MAX 700

enum imap_client_state { CLIENT_WAITING, CLIENT_SECRET, CLIENT_CONNECTING, CLIENT_UP };

/* What is to be called back for a request. */
struct imap_call {
  struct imap_call *next; /* of those that cannot be made: no connection */
  void *arg;
  imap_done *done;
  imap_selected *selected;
  imap_found *found;
  void (*status)(void *arg, const struct imap_result *result, const struct imap_status *status);
  void (*each)(void *arg, const struct imap_mail *mail);
  void (*listed)(void *arg, const char *folder, bool selectable);
  struct imap_fetch_user fetch;
};

struct imap_client {
  uv_loop_t *loop;
  struct imap_client_options options;
  enum imap_client_state state;
  struct imap_connection *connection;
  struct imap_session *session;
  bool ready;
  struct backoff backoff;
  int64_t up_since_ms;
  bool token_rejected;     /* once: a new one is tried at once, not later */
  bool slow;               /* the account may get locked: wait longer */
  uv_timer_t timer;        /* the next try, or what the session has due */
  uv_idle_t soon;          /* something was asked */
  int handles;
  struct imap_call *lost, **lost_end;
  size_t lost_count;
  struct buf held;         /* read, not yet given to the session */
  bool paused, busy, closing, going_down;
  enum imap_down down_reason;
  char down_why[IMAP_CLIENT_WHY_MAX];
};

/* Carries out from the loop what was asked, and answers what cannot be. */
void imap_client_soon(struct imap_client *c);
/* Calls back for a request, with an answer of the session or because there is no connection; frees the call. */
void imap_call_done(struct imap_call *call, const struct session_said *said);
void imap_call_lost(struct imap_call *call);

#endif
