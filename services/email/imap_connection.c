/* SPDX-License-Identifier: Apache-2.0 */
#include "imap_connection.h"
#include "base/encode.h"
#include "curl/curl_loop.h"
#include "imap/reader.h"
#include "imap/words.h"
#include "imap_fault.h"
#include "tls_trust.h"
#include <stdio.h>
#include <stdlib.h>

#define READ_ROOM (64 * 1024)
#define READ_TURNS 32
#define SEND_MAX (64 * 1024)

struct imap_connection {
  uv_loop_t *loop;
  struct curl_loop *curl;
  const struct imap_account *account;
  struct imap_connection_user user;
  int64_t connect_ms;
  CURL *easy;
  struct tls_trust trust;
  char error[CURL_ERROR_SIZE];
  struct imap_reader *login;  /* of what the server says until we are logged in */
  bool greeted, foreign, answered;
  enum imap_code code;
  char words[IMAP_WORDS_MAX + 1];
  uv_poll_t poll;
  uv_idle_t more;             /* there may be bytes that poll does not know of */
  int events, handles;
  bool up, down, paused, closing, send_failed;
  struct buf sending;         /* stays where it is until it is gone: TLS wants the same bytes again */
  size_t sent;
};

static void watch(struct imap_connection *c);

/* The end */

static void on_closed(uv_handle_t *handle) {
  struct imap_connection *c = handle->data;
  if (--c->handles)
    return;
  buf_free(&c->sending);
  free(c);
}

void imap_connection_close(struct imap_connection **connection) {
  if (!connection || !*connection)
    return;
  struct imap_connection *c = *connection;
  *connection = NULL;
  c->closing = true;
  if (c->up) /* before curl closes the socket */
    uv_close((uv_handle_t *)&c->poll, on_closed);
  uv_close((uv_handle_t *)&c->more, on_closed);
  if (c->easy) {
    curl_loop_remove(c->curl, c->easy);
    curl_easy_cleanup(c->easy);
  }
  imap_reader_free(&c->login);
}

static void fail(struct imap_connection *c, enum imap_down reason, const char *why) {
  if (c->down || c->closing)
    return;
  c->down = true;
  uv_idle_stop(&c->more);
  if (c->up)
    uv_poll_stop(&c->poll);
  c->user.down(c->user.arg, reason, why);
}

/* Bytes */

static void read_some(struct imap_connection *c) {
  static char room[READ_ROOM]; /* a read and its use are one step */
  for (int turn = 0; turn < READ_TURNS; turn++) {
    if (c->paused || c->down || c->closing) {
      uv_idle_stop(&c->more);
      return;
    }
    size_t got = 0;
    CURLcode outcome = curl_easy_recv(c->easy, room, sizeof(room), &got);
    if (outcome == CURLE_AGAIN) {
      uv_idle_stop(&c->more);
      return;
    }
    if (outcome != CURLE_OK || got == 0) {
      fail(c, IMAP_DOWN_LOST, outcome == CURLE_OK ? "the server closed the connection" : "the connection was lost");
      return;
    }
    c->user.bytes(c->user.arg, slice_of(room, got));
  }
}

static void on_more(uv_idle_t *idle) {
  struct imap_connection *c = idle->data;
  if (c->send_failed)
    fail(c, IMAP_DOWN_LOST, "the connection was lost");
  else
    read_some(c);
}

static void read_soon(struct imap_connection *c) {
  if (c->up && !c->down && !c->closing)
    uv_idle_start(&c->more, on_more);
}

/* Returns whether all is gone. */
static bool send_some(struct imap_connection *c) {
  while (c->sent < c->sending.len) {
    size_t put = 0;
    CURLcode outcome = curl_easy_send(c->easy, c->sending.at + c->sent, c->sending.len - c->sent, &put);
    if (outcome == CURLE_AGAIN)
      return false;
    if (outcome != CURLE_OK) {
      c->send_failed = true;
      read_soon(c);
      return false;
    }
    c->sent += put;
  }
  buf_clear(&c->sending);
  c->sent = 0;
  return true;
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct imap_connection *c = poll->data;
  if (events & UV_WRITABLE && send_some(c)) {
    watch(c);
    c->user.writable(c->user.arg);
  }
  if (status < 0 || events & (UV_READABLE | UV_DISCONNECT))
    read_some(c);
}

static void watch(struct imap_connection *c) {
  if (!c->up || c->down || c->closing)
    return;
  const int events = (c->paused ? 0 : UV_READABLE) | (c->sending.len ? UV_WRITABLE : 0);
  if (events == c->events)
    return;
  c->events = events;
  if (events)
    uv_poll_start(&c->poll, events, on_poll);
  else
    uv_poll_stop(&c->poll);
}

void imap_connection_send(struct imap_connection *c, struct buf *output) {
  if (!c->up || c->down || c->sending.len || !output->len)
    return;
  buf_add_slice(&c->sending, buf_slice(output));
  buf_clear(output);
  send_some(c);
  watch(c);
}

void imap_connection_pause(struct imap_connection *c) {
  c->paused = true;
  watch(c);
}

void imap_connection_resume(struct imap_connection *c) {
  c->paused = false;
  watch(c);
  read_soon(c);
}

/* The login */

/* A refused token may be told in a continuation, as JSON in base64; curl does not wait for the NO behind it. */
static void note_refused_token(struct imap_connection *c, struct slice payload) {
  char json[IMAP_WORDS_MAX];
  size_t len = 0;
  if (c->account->auth < IMAP_AUTH_XOAUTH2 || !payload.len || base64_decode(payload, json, sizeof(json), &len))
    return;
  c->answered = true;
  imap_words_clean(slice_of(json, len), c->words);
}

static void note_answer(struct imap_connection *c) {
  const struct imap_response *said = imap_reader_response(c->login);
  if (said->status == IMAP_SAYS_OK || said->status == IMAP_SAYS_PREAUTH)
    return;
  c->answered = true;
  c->code = said->code;
  snprintf(c->words, sizeof(c->words), "%.*s", (int)said->words.len, said->words.at ? said->words.at : "");
}

/* Lines of the server while curl talks to it. Its tags are not ours: every answer is read as an untagged one. */
static size_t on_line(char *at, size_t size, size_t count, void *arg) {
  struct imap_connection *c = arg;
  struct slice line = slice_of(at, size * count), star = SLICE("*");
  const char *blank = line.len ? memchr(line.at, ' ', line.len) : NULL;
  c->foreign |= !c->greeted && (!line.len || line.at[0] != '*');
  c->greeted = true;
  if (!blank)
    return size * count;
  struct slice rest = slice_of(blank, line.len - (size_t)(blank - line.at));
  if (line.at[0] == '+')
    note_refused_token(c, slice_trim(rest));
  else if (imap_reader_next(c->login, &star) == IMAP_MORE)
    for (enum imap_event event; (event = imap_reader_next(c->login, &rest)) != IMAP_MORE && event != IMAP_BROKEN;)
      if (event == IMAP_SAID)
        note_answer(c);
  return size * count;
}

static void on_failed(struct imap_connection *c, CURLcode outcome) {
  auto_clean(buf_free) struct buf why = BUF_INIT(IMAP_WHY_MAX);
  curl_off_t connected = 0;
  struct imap_attempt attempt = {
      .account = c->account,
      .outcome = outcome,
      .error = c->error,
      .connect_ms = c->connect_ms,
      .trust = &c->trust,
      .foreign = c->foreign,
      .answered = c->answered,
      .code = c->code,
      .words = slice_text(c->words),
  };
  curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &attempt.os_errno);
  curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &connected);
  attempt.connected = connected > 0;
  const enum imap_down reason = imap_fault(&attempt, &why);
  fail(c, reason, why.at ? why.at : "");
}

static void on_done(void *arg, CURL *easy, CURLcode outcome) {
  struct imap_connection *c = arg;
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (outcome == CURLE_OK)
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
  imap_reader_free(&c->login);
  if (outcome != CURLE_OK) {
    on_failed(c, outcome);
    return;
  }
  if (socket == CURL_SOCKET_BAD || uv_poll_init_socket(c->loop, &c->poll, socket) < 0) {
    fail(c, IMAP_DOWN_LOST, "the connection was lost");
    return;
  }
  c->poll.data = c;
  c->handles++;
  c->up = true;
  watch(c);
  read_soon(c);
  c->user.up(c->user.arg);
}

static void set_place(struct imap_connection *c) {
  const struct imap_account *a = c->account;
  CURLU *url = curl_url();
  char host[300], port[8];
  snprintf(host, sizeof(host), strchr(a->host, ':') ? "[%s]" : "%s", a->host);
  snprintf(port, sizeof(port), "%u", imap_account_port(a));
  curl_url_set(url, CURLUPART_SCHEME, a->security == IMAP_TLS ? "imaps" : "imap", 0);
  curl_url_set(url, CURLUPART_HOST, host, 0);
  curl_url_set(url, CURLUPART_PORT, port, 0);
  curl_url_set(url, CURLUPART_PATH, "/", 0);
  char *text = NULL;
  if (curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
    curl_easy_setopt(c->easy, CURLOPT_URL, text);
  curl_free(text);
  curl_url_cleanup(url);
  curl_easy_setopt(c->easy, CURLOPT_USE_SSL, a->security == IMAP_CLEAR ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
  if (a->proxy && a->proxy[0])
    curl_easy_setopt(c->easy, CURLOPT_PROXY, a->proxy);
}

static void set_login(struct imap_connection *c, const struct imap_login *login) {
  static const char *const ways[] = {
      [IMAP_AUTH_PASSWORD] = NULL,
      [IMAP_AUTH_PLAIN] = "AUTH=PLAIN",
      [IMAP_AUTH_LOGIN] = "AUTH=LOGIN",
      [IMAP_AUTH_XOAUTH2] = "AUTH=XOAUTH2",
      [IMAP_AUTH_OAUTHBEARER] = "AUTH=OAUTHBEARER",
  };
  curl_easy_setopt(c->easy, CURLOPT_USERNAME, c->account->user ? c->account->user : "");
  if (ways[c->account->auth])
    curl_easy_setopt(c->easy, CURLOPT_LOGIN_OPTIONS, ways[c->account->auth]);
  if (c->account->auth >= IMAP_AUTH_XOAUTH2)
    curl_easy_setopt(c->easy, CURLOPT_XOAUTH2_BEARER, login->token ? login->token : "");
  else
    curl_easy_setopt(c->easy, CURLOPT_PASSWORD, login->password ? login->password : "");
}

/* What cannot even be tried is told from the loop, as everything is. */
static void on_untried(uv_idle_t *idle) {
  struct imap_connection *c = idle->data;
  fail(c, IMAP_DOWN_TLS, "tls_pin is no SHA-256 of a certificate or key");
}

struct imap_connection *imap_connection_open(uv_loop_t *loop, struct curl_loop *curl, const struct imap_login *login,
                                             const struct imap_connection_user *user) {
  struct imap_connection *c = must_calloc(1, sizeof(*c));
  c->loop = loop;
  c->curl = curl;
  c->account = login->account;
  c->user = *user;
  c->connect_ms = login->connect_ms;
  c->sending = BUF_INIT(SEND_MAX);
  c->login = imap_reader_new();
  c->handles = 1;
  uv_idle_init(loop, &c->more);
  c->more.data = c;
  CURL *easy = curl_loop_easy("imap,imaps");
  c->easy = easy;
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->error);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)login->connect_ms);
  set_place(c);
  set_login(c, login);
  if (tls_trust_apply(&c->trust, easy, c->account->tls_ca_file, c->account->tls_pin) == 0 &&
      curl_loop_add(curl, easy, on_done, c) == 0)
    return c;
  curl_easy_cleanup(easy);
  c->easy = NULL;
  uv_idle_start(&c->more, on_untried);
  return c;
}
