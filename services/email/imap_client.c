/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States: WAITING (a timer to the next try) → SECRET (an access token is asked for) → CONNECTING → UP. Whatever fails
 * goes to WAITING. The session decides what is said; here it is joined to the network, the clock and the callbacks.
 *
 * A callback may do anything to the client, and what an event lent stays until the callback has returned. So while
 * `busy` (a callback may be running) closing and going down are only noted; settle() does them afterwards.
 */
#include "base/digest.h"
#include "base/file.h"
#include "curl/curl_loop.h"
#include "imap_client_internal.h"
#include "imap_connection.h"
#include "oauth_token.h"
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS 30000
#define COMMAND_MS 90000
#define PROBE_MS 90000
#define IDLE_MS (4 * 60 * 1000)
#define POLL_MS 60000
#define SECRET_MAX 8192

static void connect_now(struct imap_client *c);
static void pump(struct imap_client *c, struct slice *bytes);
static void act(struct imap_client *c, enum session_event event, const struct session_said *said);

static int64_t now(const struct imap_client *c) {
  return (int64_t)uv_now(c->loop);
}

/* ---- the end */

static void on_closed(uv_handle_t *handle) {
  struct imap_client *c = handle->data;
  if (--c->handles)
    return;
  buf_free(&c->held);
  free(c);
}

/* Those that could not be made. What is asked meanwhile waits for the next turn. */
static void answer_lost(struct imap_client *c) {
  struct imap_call *calls = c->lost;
  c->lost = NULL;
  c->lost_end = &c->lost;
  c->lost_count = 0;
  while (calls) {
    struct imap_call *call = calls;
    calls = call->next;
    imap_call_lost(call);
  }
}

/* Ends the connection and answers everything that waited for it. */
static void wind_up(struct imap_client *c) {
  imap_connection_close(&c->connection);
  if (c->options.account.token)
    oauth_token_forget(c->options.account.token, c);
  buf_free(&c->held);
  c->ready = c->paused = c->going_down = false;
  if (!c->session)
    return;
  struct slice none = SLICE("");
  c->busy = true;
  imap_session_lose(c->session);
  for (enum session_event event; (event = imap_session_next(c->session, &none, now(c))) != SESSION_MORE;)
    act(c, event, imap_session_said(c->session));
  imap_session_free(&c->session);
  c->busy = false;
}

static void finish_closing(struct imap_client *c) {
  if (c->session && c->connection) {
    imap_session_logout(c->session);
    imap_connection_send(c->connection, imap_session_output(c->session));
  }
  c->state = CLIENT_WAITING;
  wind_up(c);
  answer_lost(c);
  uv_close((uv_handle_t *)&c->timer, on_closed);
  uv_close((uv_handle_t *)&c->soon, on_closed);
}

void imap_client_close(struct imap_client **client) {
  if (!client || !*client)
    return;
  struct imap_client *c = *client;
  *client = NULL;
  if (c->closing)
    return;
  c->closing = true;
  if (!c->busy)
    finish_closing(c);
}

/* ---- up and down */

static void on_timer(uv_timer_t *timer) {
  struct imap_client *c = timer->data;
  if (c->state == CLIENT_WAITING) {
    connect_now(c);
    return;
  }
  if (!c->session || c->paused)
    return;
  imap_session_tick(c->session, now(c));
  struct slice none = SLICE("");
  pump(c, &none);
}

/* Everything that waited is answered, then the user hears it, then the next try is planned. */
static void go_down(struct imap_client *c, enum imap_down reason, const char *why) {
  const int64_t up_ms = c->ready ? now(c) - c->up_since_ms : 0;
  char words[IMAP_CLIENT_WHY_MAX];
  snprintf(words, sizeof(words), "%s", why);
  c->state = CLIENT_WAITING;
  wind_up(c);
  if (c->closing) {
    finish_closing(c);
    return;
  }
  bool slow = reason == IMAP_DOWN_REFUSED || c->slow;
  c->slow = false;
  if (reason == IMAP_DOWN_REFUSED && c->options.account.token) {
    oauth_token_reject(c->options.account.token);
    slow = c->token_rejected;
    c->token_rejected = true;
  }
  uint32_t random;
  random_bytes(&random, sizeof(random));
  const int64_t wait = backoff_next(&c->backoff, slow, up_ms, random);
  uv_timer_start(&c->timer, on_timer, (uint64_t)wait, 0);
  c->options.down(c->options.arg, c, reason, words, wait);
}

/* From within a callback or the session: settle() does it. */
static void down_soon(struct imap_client *c, enum imap_down reason, const char *why) {
  if (c->going_down)
    return;
  c->going_down = true;
  c->down_reason = reason;
  snprintf(c->down_why, sizeof(c->down_why), "%s", why);
}

static void arm(struct imap_client *c) {
  const int64_t due = c->paused ? INT64_MAX : imap_session_due(c->session);
  if (due == INT64_MAX)
    uv_timer_stop(&c->timer);
  else
    uv_timer_start(&c->timer, on_timer, due > now(c) ? (uint64_t)(due - now(c)) : 0, 0);
}

/* After callbacks: what they noted, or what the session has to say. */
static void settle(struct imap_client *c) {
  if (c->closing) {
    finish_closing(c);
  } else if (c->going_down) {
    char why[IMAP_CLIENT_WHY_MAX];
    memcpy(why, c->down_why, sizeof(why));
    go_down(c, c->down_reason, why);
  } else if (c->session) {
    imap_connection_send(c->connection, imap_session_output(c->session));
    arm(c);
  }
}

/* ---- events */

static void on_ended(struct imap_client *c, const struct session_said *said) {
  char why[IMAP_CLIENT_WHY_MAX];
  const enum imap_down reason = said->why == SESSION_NONSENSE ? IMAP_DOWN_PROTOCOL : IMAP_DOWN_LOST;
  if (said->why == SESSION_SAID_BYE)
    snprintf(why, sizeof(why), "the server ended the connection: %.*s", (int)said->words.len, said->words.at);
  else
    snprintf(why, sizeof(why), "%.*s", (int)said->words.len, said->words.at);
  down_soon(c, reason, why);
}

static void on_listed(struct imap_call *call, const struct session_said *said) {
  char name[IMAP_FOLDER_MAX * 4];
  snprintf(name, sizeof(name), "%.*s", (int)said->name.len, said->name.at);
  call->listed(call->arg, name, said->selectable);
}

static void on_ready(struct imap_client *c, unsigned capabilities) {
  c->ready = true;
  c->up_since_ms = now(c);
  c->token_rejected = false;
  c->options.ready(c->options.arg, c, capabilities);
}

static void act(struct imap_client *c, enum session_event event, const struct session_said *said) {
  struct imap_call *call = said->user;
  void *arg = c->options.arg;
  switch (event) {
  case SESSION_MORE:
    break;
  case SESSION_READY:
    on_ready(c, said->capabilities);
    break;
  case SESSION_CHANGED:
    c->options.changed(arg, c, said->gone ? IMAP_CHANGE_GONE : IMAP_CHANGE_NEW);
    break;
  case SESSION_ALERT:
    if (c->options.alert)
      c->options.alert(arg, c, said->words);
    break;
  case SESSION_SIZE:
    call->each(call->arg, &said->mail);
    break;
  case SESSION_BODY_BEGIN:
    call->fetch.begin(call->arg, &said->mail);
    break;
  case SESSION_BODY_RUN:
    call->fetch.run(call->arg, said->run);
    break;
  case SESSION_BODY_END:
    call->fetch.end(call->arg, &said->mail, said->end);
    break;
  case SESSION_LISTED:
    on_listed(call, said);
    break;
  case SESSION_DONE:
    imap_call_done(call, said);
    break;
  case SESSION_ENDED:
    on_ended(c, said);
    break;
  }
}

/* Gives the session bytes until they are used up or the user wants no more. */
static void pump(struct imap_client *c, struct slice *bytes) {
  c->busy = true;
  while (!c->paused && !c->closing && !c->going_down) {
    enum session_event event = imap_session_next(c->session, bytes, now(c));
    if (event == SESSION_MORE)
      break;
    act(c, event, imap_session_said(c->session));
  }
  c->busy = false;
  settle(c);
}

/* ---- the connection */

static void on_up(void *arg) {
  struct imap_client *c = arg;
  const struct imap_client_options *o = &c->options;
  const struct imap_session_options options = {
      .command_ms = o->command_ms,
      .probe_ms = o->probe_ms,
      .idle_ms = o->idle_ms,
      .poll_ms = o->poll_ms,
      .never_idle = o->never_idle,
      .version = DESKBELL_VERSION,
  };
  c->state = CLIENT_UP;
  c->session = imap_session_new(&options, now(c));
  struct slice none = SLICE("");
  pump(c, &none);
}

static void on_bytes(void *arg, struct slice bytes) {
  struct imap_client *c = arg;
  if (!c->session)
    return;
  pump(c, &bytes);
  if (bytes.len && c->session) /* paused amid them */
    buf_add_slice(&c->held, bytes);
}

static void on_writable(void *arg) {
  struct imap_client *c = arg;
  if (c->session)
    imap_connection_send(c->connection, imap_session_output(c->session));
}

static void on_down(void *arg, enum imap_down reason, const char *why) {
  go_down(arg, reason, why);
}

static void connect_with(struct imap_client *c, const char *password, const char *token) {
  const struct imap_login login = {
      .account = &c->options.account, .password = password, .token = token, .connect_ms = c->options.connect_ms};
  const struct imap_connection_user user = {on_up, on_bytes, on_writable, on_down, c};
  c->state = CLIENT_CONNECTING;
  c->connection = imap_connection_open(c->loop, c->options.curl, &login, &user);
}

static void on_token(void *arg, int outcome, struct slice token, const char *why) {
  struct imap_client *c = arg;
  if (c->closing || c->state != CLIENT_SECRET)
    return;
  if (outcome) {
    c->slow = outcome == OAUTH_REFUSED;
    go_down(c, IMAP_DOWN_TOKEN, why);
    return;
  }
  char *copy = strndup(token.at, token.len);
  connect_with(c, NULL, copy ? copy : "");
  free(copy);
}

static void connect_with_file(struct imap_client *c, const char *path) {
  auto_clean(buf_free) struct buf secret = BUF_INIT(SECRET_MAX);
  int r = file_read(path, &secret);
  if (r == 0) {
    struct slice s = slice_trim(buf_slice(&secret));
    char *copy = strndup(s.at, s.len);
    connect_with(c, copy ? copy : "", NULL);
    free(copy);
    return;
  }
  char why[IMAP_CLIENT_WHY_MAX];
  snprintf(why, sizeof(why), "the password in %s cannot be read: %s", path, r > 0 ? "it is too long" : strerror(-r));
  go_down(c, IMAP_DOWN_TOKEN, why);
}

static void connect_now(struct imap_client *c) {
  const struct imap_account *a = &c->options.account;
  uv_timer_stop(&c->timer);
  if (a->token) {
    c->state = CLIENT_SECRET;
    oauth_token_get(a->token, on_token, c);
  } else if (a->password_file && a->password_file[0]) {
    connect_with_file(c, a->password_file);
  } else {
    connect_with(c, a->password, NULL);
  }
}

/* ---- life */

static int64_t or_default(int64_t value, int64_t otherwise) {
  return value > 0 ? value : otherwise;
}

struct imap_client *imap_client_open(uv_loop_t *loop, const struct imap_client_options *options) {
  struct imap_client *c = must_calloc(1, sizeof(*c));
  c->loop = loop;
  c->options = *options;
  c->options.connect_ms = or_default(options->connect_ms, CONNECT_MS);
  c->options.command_ms = or_default(options->command_ms, COMMAND_MS);
  c->options.probe_ms = or_default(options->probe_ms, PROBE_MS);
  c->options.idle_ms = or_default(options->idle_ms, IDLE_MS);
  c->options.poll_ms = or_default(options->poll_ms, POLL_MS);
  c->lost_end = &c->lost;
  c->held = BUF_INIT(128 * 1024);
  c->handles = 2;
  uv_timer_init(loop, &c->timer);
  uv_idle_init(loop, &c->soon);
  c->timer.data = c->soon.data = c;
  uv_timer_start(&c->timer, on_timer, 0, 0);
  return c;
}

bool imap_client_ready(const struct imap_client *c) {
  return c->ready;
}

size_t imap_client_waiting(const struct imap_client *c) {
  return c->lost_count + (c->session ? imap_session_waiting(c->session) : 0);
}

void imap_client_hurry(struct imap_client *c) {
  if (c->state == CLIENT_WAITING && !c->closing)
    uv_timer_start(&c->timer, on_timer, 0, 0);
}

static void on_soon(uv_idle_t *idle) {
  struct imap_client *c = idle->data;
  uv_idle_stop(idle);
  c->busy = true;
  answer_lost(c);
  c->busy = false;
  if (c->closing || c->going_down || !c->session) {
    settle(c);
    return;
  }
  struct slice bytes = buf_slice(&c->held);
  const size_t before = bytes.len;
  pump(c, &bytes);
  if (c->closing || !c->session)
    return;
  buf_consume(&c->held, before - bytes.len);
  if (!c->paused)
    imap_connection_resume(c->connection);
}

void imap_client_soon(struct imap_client *c) {
  if (!c->closing)
    uv_idle_start(&c->soon, on_soon);
}

void imap_client_drop(struct imap_client *c, const char *why) {
  if (c->state == CLIENT_WAITING || c->closing)
    return;
  down_soon(c, IMAP_DOWN_PROTOCOL, why);
  imap_client_soon(c);
}

void imap_client_pause(struct imap_client *c) {
  if (!c->ready)
    return;
  c->paused = true;
  imap_connection_pause(c->connection);
}

void imap_client_resume(struct imap_client *c) {
  if (!c->paused)
    return;
  c->paused = false;
  imap_session_resumed(c->session, now(c));
  imap_client_soon(c);
}
