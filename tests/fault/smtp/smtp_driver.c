/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smtp_driver HOST PORT COUNT [workers=N] [tls=1] [ca=FILE] [pin=PIN] [user=U] [password=P] [answer=MS] [connect=MS]
 *             [size=BYTES] [to=N] [linger=MS] [nodot=1] [curl=1] [implicit=1] [token=FILE]
 * Sends mails numbered from 0 and prints a line for each: "commit N" before the final dot, then
 * "done N OUTCOME relay_down code|why". Ends when all are done.
 */
#include "smtp_curl.h"
#include "smtp_pool.h"
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct sent {
  struct smtp_mail mail;
  unsigned number;
  char to[4][64];
  char *list[4];
};

struct driver {
  struct smtp_pool *pool;
  unsigned left;
  bool nodot;
  uv_timer_t alive;
  struct smtp_pool *closing;
};

static const char *option(int argc, char **argv, const char *name, const char *fallback) {
  size_t len = strlen(name);
  for (int i = 4; i < argc; i++)
    if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
      return argv[i] + len + 1;
  return fallback;
}

static void on_committing(void *arg, struct smtp_mail *mail) {
  struct driver *d = arg;
  printf("commit %u\n", ((struct sent *)mail)->number);
  fflush(stdout);
  if (d->nodot)
    uv_stop(d->alive.loop); /* ends here, as if killed in an orderly way */
  else
    smtp_pool_commit(d->pool, mail);
}

static void on_done(void *arg, struct smtp_mail *mail) {
  static const char *const names[] = {"accepted", "deferred", "failed", "unsure", "suppressed"};
  struct driver *d = arg;
  printf("done %u %s %d %s|%s\n", ((struct sent *)mail)->number, names[mail->outcome], mail->relay_down, mail->code, mail->why);
  fflush(stdout);
  if (--d->left == 0)
    uv_close((uv_handle_t *)&d->alive, NULL);
}

static void on_tick(uv_timer_t *timer) {
  (void)timer;
}

static struct sent *make(unsigned number, size_t size, size_t recipients) {
  struct sent *s = must_calloc(1, sizeof(*s));
  char *bytes = must_calloc(1, size + 300);
  int len = snprintf(bytes, 300, "From: s@desk.example\r\nTo: r%u@example.org\r\nSubject: %u\r\nMessage-ID: <%u@desk.example>\r\n"
                     "Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\n.%u\r\n", number, number, number, number);
  while ((size_t)len < size)
    len += sprintf(bytes + len, "0123456789012345678901234567890123456789012345678901234567890123456789\r\n");
  s->number = number;
  for (size_t i = 0; i < recipients; i++) {
    snprintf(s->to[i], sizeof(s->to[i]), "r%u%s@example.org", number, i ? (i == 1 ? "b" : "c") : "");
    s->list[i] = s->to[i];
  }
  s->mail = (struct smtp_mail){.from = "", .to = s->list, .to_count = recipients, .never_notify = true,
                               .bytes = slice_of(bytes, (size_t)len)};
  return s;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  struct driver d = {.left = (unsigned)atoi(argv[3]), .nodot = atoi(option(argc, argv, "nodot", "0"))};
  struct smtp_relay relay = {.host = argv[1], .port = argv[2], .user = option(argc, argv, "user", ""),
                             .password = option(argc, argv, "password", ""), .helo = "desk.example",
                             .connect_ms = atoi(option(argc, argv, "connect", "5000")),
                             .answer_ms = atoi(option(argc, argv, "answer", "5000")),
                             .implicit_tls = atoi(option(argc, argv, "implicit", "0")),
                             .ca_file = option(argc, argv, "ca", ""), .pin = option(argc, argv, "pin", ""),
                             .token_file = option(argc, argv, "token", "")};
  smtp_run *run = atoi(option(argc, argv, "curl", "0")) ? smtp_curl_run : smtp_session_run;
  struct complaint complaint;
  struct sent **all = must_calloc(d.left, sizeof(*all));
  unsigned count = d.left;
  signal(SIGPIPE, SIG_IGN);
  smtp_session_prepare();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (atoi(option(argc, argv, "tls", "0")) &&
      smtp_guard_tls(option(argc, argv, "name", argv[1]), option(argc, argv, "ca", ""), option(argc, argv, "pin", ""), &relay.tls,
                     &complaint) < 0) {
    printf("refused %s\n", complaint.text);
    return 2;
  }
  const struct smtp_pool_user user = {.committing = on_committing, .done = on_done, .arg = &d};
  if (smtp_pool_open(loop, &relay, run, (size_t)atoi(option(argc, argv, "workers", "1")),
                     atoi(option(argc, argv, "linger", "50")), &user, &d.pool) < 0)
    return 1;
  uv_timer_init(loop, &d.alive);
  uv_timer_start(&d.alive, on_tick, 1000, 1000);
  for (unsigned i = 0; i < count; i++) {
    all[i] = make(i, (size_t)atoi(option(argc, argv, "size", "0")), (size_t)atoi(option(argc, argv, "to", "1")));
    smtp_pool_send(d.pool, &all[i]->mail);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  smtp_pool_close(&d.pool);
  if (!uv_is_closing((uv_handle_t *)&d.alive))
    uv_close((uv_handle_t *)&d.alive, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
  for (unsigned i = 0; i < count; i++) {
    free((char *)(uintptr_t)all[i]->mail.bytes.at);
    free(all[i]);
  }
  free(all);
  SSL_CTX_free(relay.tls);
  uv_loop_close(loop);
  curl_global_cleanup();
  printf("end\n");
  return 0;
}
