/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp_curl.h"
#include "base/file.h"
#include "smtp_reply.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TOKEN_MAX = 16 * 1024 };

struct run {
  const struct smtp_relay *relay;
  const struct smtp_user *user;
  CURL *curl;
  struct smtp_mail *mail;
  size_t at;
  bool dot_allowed;
  int code;                       /* of the last reply */
  size_t replies;                 /* lines on this connection */
  char said[SMTP_GUARD_SAID], error[CURL_ERROR_SIZE];
};

static size_t on_read(char *ret, size_t size, size_t count, void *arg) {
  struct run *r = arg;
  size_t room = size * count, left = r->mail->bytes.len - r->at, n = left < room ? left : room;
  if (n == 0) {
    if (!r->dot_allowed && !r->user->committing(r->user->arg, r->mail))
      return CURL_READFUNC_ABORT;
    r->dot_allowed = true;
    return 0;
  }
  memcpy(ret, r->mail->bytes.at + r->at, n);
  r->at += n;
  return n;
}

/* libcurl hands the server's replies over as headers. */
static size_t on_reply(char *at, size_t size, size_t count, void *arg) {
  struct run *r = arg;
  size_t len = size * count, n = 0;
  r->replies++;
  if (r->code >= 400)
    return len; /* what follows is the answer to QUIT */
  for (size_t i = 0; i < len && n + 1 < sizeof(r->said) && at[i] != '\r' && at[i] != '\n'; i++)
    r->said[n++] = at[i] >= ' ' && at[i] <= '~' ? at[i] : '?';
  r->said[n] = '\0';
  r->code = atoi(r->said);
  return len;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  struct run *r = arg;
  (void)purpose;
  r->replies = 0;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd >= 0 && r->user->connection)
    r->user->connection(r->user->arg, fd);
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *arg, curl_socket_t fd) {
  struct run *r = arg;
  if (r->user->connection)
    r->user->connection(r->user->arg, -1);
  return close(fd);
}

static CURLcode on_tls(CURL *curl, void *ctx, void *arg) {
  (void)curl;
  smtp_guard_pin(ctx, ((struct run *)arg)->relay->pin);
  return CURLE_OK;
}

/* Returns false when there is none; why is in r->error. */
static bool set_token(struct run *r) {
  char token[TOKEN_MAX + 1];
  auto_clean(buf_free) struct buf text = BUF_INIT(TOKEN_MAX);
  int fault = file_read(r->relay->token_file, &text);
  struct slice t = slice_trim(buf_slice(&text));
  memcpy(token, t.at, t.len);
  token[t.len] = '\0';
  if (fault || !t.len)
    snprintf(r->error, sizeof(r->error), "the token file %.150s cannot be read: %s", r->relay->token_file,
             fault < 0 ? strerror(-fault) : fault ? "it is too large" : "it is empty");
  else
    curl_easy_setopt(r->curl, CURLOPT_XOAUTH2_BEARER, token);
  return !fault && t.len;
}

static void set_relay(struct run *r) {
  const struct smtp_relay *relay = r->relay;
  char url[600];
  CURL *c = r->curl;
  snprintf(url, sizeof(url), "%s://%s:%s/%s", relay->implicit_tls ? "smtps" : "smtp", relay->host, relay->port, relay->helo);
  curl_easy_setopt(c, CURLOPT_URL, url);
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(c, CURLOPT_READDATA, r);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_reply);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, r);
  curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, r);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)relay->connect_ms);
  curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(relay->answer_ms ? (relay->answer_ms + 999) / 1000 : 600));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 600L);
  if (relay->implicit_tls || relay->tls) {
    curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (*relay->ca_file)
      curl_easy_setopt(c, CURLOPT_CAINFO, relay->ca_file);
    if (*relay->pin) { /* checked by on_tls() instead of chain and name */
      curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
      curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, r);
      curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    }
  }
  if (*relay->user)
    curl_easy_setopt(c, CURLOPT_USERNAME, relay->user);
  curl_easy_setopt(c, CURLOPT_SASL_IR, 1L);
  if (!*relay->token_file && *relay->user)
    curl_easy_setopt(c, CURLOPT_PASSWORD, relay->password);
}

static void say(struct run *r, enum outbound_outcome outcome, bool down, const char *why) {
  struct smtp_mail *m = r->mail;
  m->outcome = outcome;
  m->relay_down = down;
  snprintf(m->why, sizeof(m->why), "%s", why);
  m->code[0] = '\0';
}

/* The reply's code, enhanced code and text, judged. */
static void judge(struct run *r, enum reply_step step) {
  struct smtp_mail *m = r->mail;
  struct slice text = slice_text(r->said), enhanced = {"", 0};
  text = text.len > 4 ? slice_of(text.at + 4, text.len - 4) : slice_of("", 0);
  size_t len = 0;
  while (len < text.len && (text.at[len] == '.' || (text.at[len] >= '0' && text.at[len] <= '9')))
    len++;
  if (len >= 5 && text.at[1] == '.')
    enhanced = slice_of(text.at, len);
  enum reply_meaning meaning = reply_judge(step, r->code, enhanced, text);
  say(r, meaning == REPLY_ACCEPTED ? OUTBOUND_ACCEPTED : meaning == REPLY_FAIL ? OUTBOUND_FAILED : OUTBOUND_DEFERRED,
      meaning == REPLY_DEFER_RELAY, r->said);
  snprintf(m->code, sizeof(m->code), "%d%s%.*s", r->code, enhanced.len ? " " : "", (int)enhanced.len, enhanced.at);
}

static void explain(struct run *r, CURLcode code) {
  char why[SMTP_WHY];
  bool answered = r->code >= 400 && r->code <= 599;
  if (code == CURLE_OK) {
    judge(r, REPLY_AT_DATA);
  } else if (r->dot_allowed && !answered) {
    snprintf(why, sizeof(why), "the connection to %s ended after the whole mail was sent and before the answer came",
             r->relay->host);
    say(r, OUTBOUND_UNSURE, false, why);
  } else if (answered) {
    judge(r, r->replies == 1                ? REPLY_AT_GREETING
             : code == CURLE_LOGIN_DENIED ? REPLY_AT_AUTH
             : r->dot_allowed             ? REPLY_AT_DATA
                                          : REPLY_AT_RCPT);
  } else {
    snprintf(why, sizeof(why), "%s:%s: %s", r->relay->host, r->relay->port, *r->error ? r->error : curl_easy_strerror(code));
    say(r, OUTBOUND_DEFERRED, true, why);
  }
}

static void send_one(struct run *r) {
  struct smtp_mail *m = r->mail;
  struct curl_slist *to = NULL;
  for (size_t i = 0; i < m->to_count; i++)
    to = curl_slist_append(to, m->to[i]);
  r->at = 0;
  r->dot_allowed = false;
  r->code = 0;
  r->said[0] = r->error[0] = '\0';
  curl_easy_setopt(r->curl, CURLOPT_MAIL_FROM, m->from);
  curl_easy_setopt(r->curl, CURLOPT_MAIL_RCPT, to);
  explain(r, curl_easy_perform(r->curl));
  curl_slist_free_all(to);
}

void smtp_curl_run(const struct smtp_relay *relay, struct smtp_mail *first, const struct smtp_user *user) {
  struct run r = {.relay = relay, .user = user, .curl = curl_easy_init(), .error = "no memory for a connection"};
  bool good = r.curl;
  if (good) {
    r.error[0] = '\0';
    set_relay(&r);
    good = !*relay->token_file || set_token(&r);
  }
  size_t count = 0;
  for (struct smtp_mail *m = first; m; m = count < SMTP_MAILS_A_CONNECTION ? user->next(user->arg) : NULL) {
    r.mail = m;
    if (good)
      send_one(&r);
    else
      say(&r, OUTBOUND_DEFERRED, true, r.error);
    count++;
    user->done(user->arg, m);
  }
  if (r.curl)
    curl_easy_cleanup(r.curl);
}
