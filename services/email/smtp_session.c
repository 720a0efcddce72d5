/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libesmtp walks a list of messages; one that is added while the answer for the last is told is walked to as well. That
 * keeps a connection open for as long as there are mails.
 *
 * Traps of the library that shape this file: the message callback must leave errno 0 (else the connection is dropped inside
 * DATA); a write that times out is dropped in silence and what follows is sent, so a mail that took longer than the patience
 * is broken off before its end; a message's own status is misleading when recipients were refused, so theirs decides; a
 * mail in chunks that the connection took with it is told as answered, with the code 0.
 */
#include "smtp_session.h"
#include "base/clock.h"
#include "base/point.h"
#include "smtp_reply.h"
#include <auth-client.h>
#include <libesmtp.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 16 * 1024 };

struct smtp_session_state {
  const struct smtp_relay *relay;
  const struct smtp_user *user;
  struct smtp_guard guard;
  smtp_session_t session;
  struct smtp_mail *mail;       /* the one under way */
  smtp_message_t message;
  size_t at;                    /* bytes handed over */
  size_t rcpts;                 /* recipients answered */
  bool rcpt_refused, dot_allowed, connected, no_starttls;
  size_t count;                 /* mails answered on this connection */
  int64_t data_since_ms;
};

void smtp_session_prepare(void) {
  auth_client_init();
}

/* ---- results */

static void say(struct smtp_mail *m, enum outbound_outcome outcome, bool relay_down, const char *code, const char *format, ...)
    printf_like(5, 6);

static void say(struct smtp_mail *m, enum outbound_outcome outcome, bool relay_down, const char *code, const char *format, ...) {
  va_list args;
  m->outcome = outcome;
  m->relay_down = relay_down;
  snprintf(m->code, sizeof(m->code), "%s", code);
  va_start(args, format);
  vsnprintf(m->why, sizeof(m->why), format, args);
  va_end(args);
  for (char *c = m->why; *c; c++)
    if ((uint8_t)*c < ' ' || (uint8_t)*c > '~')
      *c = *c == '\n' || *c == '\r' || *c == '\t' ? ' ' : '?';
  for (size_t len = strlen(m->why); len && m->why[len - 1] == ' ';)
    m->why[--len] = '\0';
}

static void finish(struct smtp_session_state *s) {
  struct smtp_mail *m = s->mail;
  s->mail = NULL;
  s->count++;
  s->user->done(s->user->arg, m);
}

static void judge(struct smtp_session_state *s, enum reply_step step, const smtp_status_t *status, const char *about) {
  char enhanced[32] = "", code[16];
  const char *text = status->text ? status->text : "";
  if (status->enh_class)
    snprintf(enhanced, sizeof(enhanced), "%d.%d.%d", status->enh_class, status->enh_subject, status->enh_detail);
  snprintf(code, sizeof(code), "%d%s%.11s", status->code, *enhanced ? " " : "", enhanced);
  enum reply_meaning meaning = reply_judge(step, status->code, slice_text(enhanced), slice_text(text));
  enum outbound_outcome outcome = meaning == REPLY_ACCEPTED ? OUTBOUND_ACCEPTED
                                  : meaning == REPLY_FAIL   ? OUTBOUND_FAILED
                                                            : OUTBOUND_DEFERRED;
  say(s->mail, outcome, meaning == REPLY_DEFER_RELAY, code, "%s%s%s %s", about, *about ? ": " : "", code, text);
}

/* ---- one mail into the session */

static const char *message_bytes(void **context, int *len, void *arg) {
  struct smtp_session_state *s = arg;
  (void)context;
  errno = 0;
  if (!len) {
    s->at = 0;
    return NULL;
  }
  if (s->at == 0) {
    s->data_since_ms = clock_monotonic_ms();
    POINT("smtp.data");
  }
  int64_t patience = s->relay->answer_ms ? s->relay->answer_ms : 170 * 1000;
  int64_t now = clock_monotonic_ms();
  if (now - s->data_since_ms > patience) { /* the library may have dropped a part that could not be written in time */
    errno = ETIMEDOUT;
    return NULL;
  }
  s->data_since_ms = now;
  if (s->at < s->mail->bytes.len) {
    size_t left = s->mail->bytes.len - s->at, n = left < CHUNK ? left : CHUNK;
    const char *bytes = s->mail->bytes.at + s->at;
    s->at += n;
    *len = (int)n;
    return bytes;
  }
  if (!s->dot_allowed && !s->user->committing(s->user->arg, s->mail)) {
    errno = ECANCELED;
    return NULL;
  }
  s->dot_allowed = true;
  POINT("smtp.dot");
  errno = 0;
  return NULL;
}

static bool add(struct smtp_session_state *s, struct smtp_mail *mail) {
  s->mail = mail;
  s->message = smtp_add_message(s->session);
  s->at = s->rcpts = 0;
  s->rcpt_refused = s->dot_allowed = false;
  bool good = s->message && smtp_set_messagecb(s->message, message_bytes, s) &&
              (!*mail->from || smtp_set_reverse_path(s->message, mail->from));
  for (size_t i = 0; good && i < mail->to_count; i++) {
    smtp_recipient_t r = smtp_add_recipient(s->message, mail->to[i]);
    good = r && (!mail->never_notify || smtp_dsn_set_notify(r, Notify_NEVER));
  }
  return good;
}

/* ---- what the library tells */

/* The mail is answered; is there another for this connection? */
static void go_on(struct smtp_session_state *s) {
  finish(s);
  struct smtp_mail *next = s->count < SMTP_MAILS_A_CONNECTION ? s->user->next(s->user->arg) : NULL;
  if (next && !add(s, next)) {
    say(next, OUTBOUND_DEFERRED, false, "", "no memory for another mail");
    finish(s);
  }
}

static void on_recipient(struct smtp_session_state *s, smtp_recipient_t recipient, const char *address) {
  const smtp_status_t *status = smtp_recipient_status(recipient);
  s->rcpts++;
  if (status->code / 100 != 2 && !s->rcpt_refused) {
    s->rcpt_refused = true;
    judge(s, REPLY_AT_RCPT, status, s->mail->to_count > 1 ? address : "");
  }
  if (s->rcpts == s->mail->to_count && s->rcpt_refused)
    go_on(s); /* no DATA follows: all recipients are required */
}

static void on_event(smtp_session_t session, int event, void *arg, ...) {
  struct smtp_session_state *s = arg;
  va_list args;
  (void)session;
  va_start(args, arg);
  if (event == SMTP_EV_CONNECT) {
    s->connected = true;
    POINT("smtp.connected");
  } else if (event == SMTP_EV_MAILSTATUS && s->mail) {
    const smtp_status_t *status = smtp_reverse_path_status(s->message);
    if (status->code / 100 != 2 && !(status->code == 421 && s->count)) { /* a used connection may end: see smtp_session_run() */
      judge(s, REPLY_AT_MAIL, status, "");
      go_on(s);
    }
  } else if (event == SMTP_EV_RCPTSTATUS && s->mail) {
    const char *address = va_arg(args, const char *);
    POINT("smtp.rcpt");
    on_recipient(s, va_arg(args, smtp_recipient_t), address);
  } else if (event == SMTP_EV_MESSAGESENT && s->mail) {
    const smtp_status_t *status = smtp_message_transfer_status(s->message);
    if (status->code) { /* 0: the connection ended inside a mail in chunks, see explain_end() */
      POINT("smtp.answered");
      judge(s, REPLY_AT_DATA, status, "");
      go_on(s);
    }
  } else if (event == SMTP_EV_WRONG_PEER_CERTIFICATE) {
    *va_arg(args, int *) = 1; /* OpenSSL has checked the configured name; the library checks another one */
  } else if (event == SMTP_EV_EXTNA_STARTTLS) {
    s->no_starttls = true;
  }
  va_end(args);
}

static int on_credentials(auth_client_request_t request, char **result, int fields, void *arg) {
  const struct smtp_relay *relay = arg;
  for (int i = 0; i < fields; i++) {
    if (request[i].flags & AUTH_USER)
      result[i] = (char *)(uintptr_t)relay->user;
    else if (request[i].flags & AUTH_PASS)
      result[i] = (char *)(uintptr_t)relay->password;
    else
      return 0;
  }
  return 1;
}

/* ---- the connection */

static void set_patience(struct smtp_session_state *s) {
  static const int which[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER, Timeout_DATA2};
  for (size_t i = 0; s->relay->answer_ms && i < sizeof(which) / sizeof(which[0]); i++)
    smtp_set_timeout(s->session, which[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, (long)s->relay->answer_ms);
}

static bool set_up(struct smtp_session_state *s, auth_context_t auth) {
  const struct smtp_relay *r = s->relay;
  char server[300];
  snprintf(server, sizeof(server), "%s:%s", r->host, r->port);
  bool good = smtp_set_server(s->session, server) && smtp_set_hostname(s->session, r->helo) &&
              smtp_set_eventcb(s->session, on_event, s) && smtp_set_monitorcb(s->session, smtp_guard_monitor, &s->guard, 0) &&
              smtp_option_require_all_recipients(s->session, 1);
  set_patience(s);
  if (good && r->tls) /* it takes a reference of its own */
    good = smtp_starttls_set_ctx(s->session, r->tls) && smtp_starttls_enable(s->session, Starttls_REQUIRED);
  if (good && *r->user) {
    auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
    auth_set_interact_cb(auth, on_credentials, (void *)(uintptr_t)r);
    good = smtp_auth_set_context(s->session, auth);
  }
  return good;
}

/* The connection ended and this mail has no answer. */
static void explain_end(struct smtp_session_state *s) {
  char error[160] = "";
  struct smtp_mail *m = s->mail;
  int number = smtp_errno();
  if (number)
    smtp_strerror(number, error, sizeof(error));
  const char *said = s->guard.said;
  if (s->dot_allowed)
    say(m, OUTBOUND_UNSURE, false, "", "the connection to %s ended after the whole mail was sent and before the answer came",
        s->relay->host);
  else if (s->guard.injected)
    say(m, OUTBOUND_DEFERRED, true, "", "%s sent text behind its answer to STARTTLS: somebody on the way tampers with it, or the "
        "server is broken", s->relay->host);
  else if (s->no_starttls)
    say(m, OUTBOUND_DEFERRED, true, "", "%s offers no TLS (STARTTLS), which the configuration demands", s->relay->host);
  else if (s->guard.tls_begun && !s->guard.tls_done)
    say(m, OUTBOUND_DEFERRED, true, "", "TLS with %s failed: %s", s->relay->host,
        s->guard.tls_why ? s->guard.tls_why : "the handshake was broken off");
  else if (!s->connected)
    say(m, OUTBOUND_DEFERRED, true, "", "%s:%s cannot be reached: %s", s->relay->host, s->relay->port, error);
  else if (*said >= '4' && *said <= '5')
    say(m, OUTBOUND_DEFERRED, true, "", "%s said: %s", s->relay->host, said);
  else
    say(m, OUTBOUND_DEFERRED, s->count == 0, "", "the connection to %s ended early%s%s", s->relay->host, *error ? ": " : "",
        error);
}

static void run_once(struct smtp_session_state *s, struct smtp_mail *first) {
  auth_context_t auth = *s->relay->user ? auth_create_context() : NULL;
  s->session = smtp_create_session();
  s->count = 0;
  s->connected = s->no_starttls = false;
  smtp_guard_enter(&s->guard);
  if (s->session && add(s, first) && set_up(s, auth))
    smtp_start_session(s->session);
  smtp_guard_leave();
  if (s->user->connection)
    s->user->connection(s->user->arg, -1);
  if (s->mail)
    explain_end(s);
  if (s->session)
    smtp_destroy_session(s->session);
  if (auth)
    auth_destroy_context(auth);
}

void smtp_session_run(const struct smtp_relay *relay, struct smtp_mail *first, const struct smtp_user *user) {
  struct smtp_session_state s = {.relay = relay, .user = user, .guard = {.connect_ms = relay->connect_ms, .connection = user->connection, .arg = user->arg}};
  run_once(&s, first);
  while (s.mail && s.count && s.mail->outcome == OUTBOUND_DEFERRED) {
    struct smtp_mail *unlucky = s.mail; /* it met the end of a connection that had served others: a fresh one for it */
    s.mail = NULL;
    run_once(&s, unlucky);
  }
  if (s.mail)
    finish(&s);
}
