/* SPDX-License-Identifier: Apache-2.0 */
/* Two listeners, a list of connections, and one timer that looks for silent ones. */
#include "take_lmtp.h"
#include "lmtp_connection.h"
#include "listen/listen_address.h"
#include "listen/listen_socket.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "service/process.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 511
#define SMTP_PORT 25

struct lmtp_server {
  uv_loop_t *loop;
  struct lmtp_shared shared;
  const struct config *config;
  struct listen_socket tcp, local;
  uv_timer_t sweep;
  char tcp_address[LISTEN_ADDRESS_TEXT];
  char *unix_path;
  int unix_lock;
  bool sweep_open;
  struct lmtp_connection *first;
  size_t count;
  bool closing;
  void (*drained)(void *arg);
  void *drained_arg;
  char host[256];
};

/* Connections */

static void free_when_done(struct lmtp_server *s) {
  if (!s->closing || s->sweep_open || s->tcp.handles || s->local.handles || s->count)
    return;
  free(s->shared.read_room);
  free(s->unix_path);
  free(s);
}

static void say_drained(struct lmtp_server *s) {
  if (!s->drained || s->count)
    return;
  void (*drained)(void *) = s->drained;
  s->drained = NULL;
  drained(s->drained_arg);
}

static void on_gone(void *arg, struct lmtp_connection *c) {
  struct lmtp_server *s = arg;
  struct lmtp_connection *next = *lmtp_connection_next(c), *previous = *lmtp_connection_previous(c);
  *(previous ? lmtp_connection_next(previous) : &s->first) = next;
  if (next)
    *lmtp_connection_previous(next) = previous;
  if (--s->count == 0 && !s->closing)
    uv_timer_stop(&s->sweep);
  say_drained(s);
  free_when_done(s);
}

static void on_sweep(uv_timer_t *timer) {
  struct lmtp_server *s = timer->data;
  const uint64_t now = uv_now(timer->loop), limit = (uint64_t)s->config->email.idle_timeout_ms;
  struct lmtp_connection *next;
  for (struct lmtp_connection *c = now > limit ? s->first : NULL; c; c = next) {
    next = *lmtp_connection_next(c);
    if (lmtp_connection_expire(c, now - limit))
      log_info("connection_expired", KI("idle_ms", limit));
  }
}

static void add(struct lmtp_server *s, struct lmtp_connection *c) {
  *lmtp_connection_next(c) = s->first;
  if (s->first)
    *lmtp_connection_previous(s->first) = c;
  s->first = c;
  if (s->count++ == 0 && !s->closing) {
    const uint64_t every = (uint64_t)s->config->email.idle_timeout_ms / 4;
    uv_timer_start(&s->sweep, on_sweep, every, every < 5000 ? every : 5000);
  }
}

static void on_connected(struct listen_socket *listener, int fd, const struct sockaddr *from, socklen_t len) {
  struct lmtp_server *s = listener->arg;
  (void)from, (void)len;
  struct lmtp_connection *c = lmtp_connection_new(s->loop, &s->shared, listener == &s->local);
  const bool full = s->count >= s->config->email.max_connections;
  add(s, c);
  int r = lmtp_connection_open(c, fd);
  if (r < 0) {
    log_warn("connection_not_accepted", KV("fault", uv_strerror(r)));
    close(fd);
    lmtp_connection_close(c);
  } else if (full) {
    log_info("connection_refused", KV("why", "too many connections"), KI("connections", s->count - 1));
    lmtp_connection_refuse(c);
  } else {
    lmtp_connection_begin(c);
  }
}

/* Listening */

static int refuse_listen(struct complaint *complaint, const char *where, const char *why, int fault) {
  complain(complaint, "", 0, 0, "cannot listen for LMTP on %s: %s", where, why);
  return fault;
}

static int listen_tcp(struct lmtp_server *s, const char *text, struct complaint *complaint) {
  struct sockaddr_storage address;
  if (listen_address_read(text, &address) < 0)
    return refuse_listen(complaint, text, "not of the form 127.0.0.1:2424 or [::1]:2424", -EINVAL);
  if (listen_address_port(&address) == SMTP_PORT) /* RFC 2033 section 5 */
    return refuse_listen(complaint, text, "port 25 is for SMTP, never for LMTP", -EINVAL);
  int r = listen_socket_bind(&s->tcp, (struct sockaddr *)&address, sizeof(address));
  if (r == 0)
    r = listen_socket_start(&s->tcp, s->loop, BACKLOG);
  socklen_t len = sizeof(address);
  if (r == 0 && getsockname(s->tcp.fd, (struct sockaddr *)&address, &len) < 0)
    r = -errno;
  if (r < 0)
    return refuse_listen(complaint, text, uv_strerror(r), r);
  listen_address_write(&address, s->tcp_address);
  return 0;
}

/* A socket file outlives a killed program. Whoever holds the lock beside it is the only one that may remove it. */
static int lock_and_clear(struct lmtp_server *s, const char *path) {
  char lock[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];
  snprintf(lock, sizeof(lock), "%s.lock", path);
  int r = process_lock(lock, 0, NULL, &s->unix_lock);
  if (r < 0)
    return r;
  struct stat st;
  if (lstat(path, &st) < 0)
    return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(st.st_mode))
    return -EEXIST;
  return unlink(path) < 0 ? -errno : 0;
}

/* The mail system runs as another user; who may reach the socket is up to its folder, as with Dovecot's. */
static int bind_unix(struct lmtp_server *s, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  int r = listen_socket_bind(&s->local, (struct sockaddr *)&address, sizeof(address));
  if (r < 0)
    return r;
  s->unix_path = must_strdup(path);
  return chmod(path, 0666) < 0 ? -errno : 0;
}

static int listen_unix(struct lmtp_server *s, const char *path, struct complaint *complaint) {
  if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
    return refuse_listen(complaint, path, "the path of a Unix socket has at most 107 bytes", -ENAMETOOLONG);
  int r = lock_and_clear(s, path);
  if (r == -EWOULDBLOCK)
    return refuse_listen(complaint, path, "another program listens there", r);
  if (r == 0)
    r = bind_unix(s, path);
  if (r == 0)
    r = listen_socket_start(&s->local, s->loop, BACKLOG);
  return r < 0 ? refuse_listen(complaint, path, uv_strerror(r), r) : 0;
}

/* A deep desk folder makes the default path too long for a socket; TCP then serves alone. */
static int listen_all(struct lmtp_server *s, const struct lmtp_server_options *o, struct complaint *complaint) {
  int r = o->listen_tcp[0] ? listen_tcp(s, o->listen_tcp, complaint) : 0;
  if (r == 0 && o->listen_unix[0])
    r = listen_unix(s, o->listen_unix, complaint);
  if (r == -ENAMETOOLONG && s->tcp.open) {
    log_warn("unix_socket_skipped", KV("why", complaint->text));
    return 0;
  }
  return r;
}

/* Life */

static void share(struct lmtp_server *s, const struct lmtp_server_options *o) {
  const char *name = "deskbell_email_mails_total";
  const char *help = "Mails by outcome; deferred ones are repeated by their sender.";
  const struct config *config = o->config;
  if (gethostname(s->host, sizeof(s->host) - 1) < 0 || !s->host[0])
    snprintf(s->host, sizeof(s->host), "localhost");
  s->shared = (struct lmtp_shared){
      .config = config,
      .channel = o->channel,
      .limits = {.max_size = config->email.max_size < config->spool.blob_max ? config->email.max_size
                                                                             : config->spool.blob_max,
                 .max_recipients = config->email.max_recipients,
                 .command_max = (size_t)config->email.command_max},
      .host = s->host,
      .read_room = must_realloc(NULL, LMTP_READ_ROOM),
      .taken = metric_counter(name, help, "outcome", "taken"),
      .deferred = metric_counter(name, help, "outcome", "deferred"),
      .too_large = metric_counter(name, help, "outcome", "too_large"),
      .seconds = metric_histogram("deskbell_email_accept_seconds", "From the final dot to the reply.", NULL, NULL),
      .gone = on_gone,
      .arg = s,
  };
}

static void on_listener_closed(struct listen_socket *l) {
  free_when_done(l->arg);
}

int lmtp_server_open(uv_loop_t *loop, const struct lmtp_server_options *options, struct lmtp_server **ret,
                     struct complaint *complaint) {
  struct lmtp_server *s = must_calloc(1, sizeof(*s));
  s->loop = loop;
  s->config = options->config;
  s->unix_lock = -1;
  share(s, options);
  s->tcp = s->local = (struct listen_socket){.connected = on_connected, .closed = on_listener_closed, .arg = s};
  uv_timer_init(loop, &s->sweep);
  s->sweep.data = s;
  s->sweep_open = true;
  int r = listen_all(s, options, complaint);
  if (r < 0) {
    lmtp_server_close(&s);
    return r;
  }
  *ret = s;
  return 0;
}

const char *lmtp_server_tcp(const struct lmtp_server *s) {
  return s->tcp_address;
}

const char *lmtp_server_unix(const struct lmtp_server *s) {
  return s->unix_path ? s->unix_path : "";
}

size_t lmtp_server_connections(const struct lmtp_server *s) {
  return s->count;
}

static void on_closed(uv_handle_t *handle) {
  struct lmtp_server *s = handle->data;
  s->sweep_open = false;
  free_when_done(s);
}

static void stop_listening(struct lmtp_server *s) {
  if (s->local.open && s->unix_path)
    unlink(s->unix_path);
  listen_socket_close(&s->tcp);
  listen_socket_close(&s->local);
  if (s->unix_lock >= 0)
    close(s->unix_lock); /* only now is the path free */
  s->unix_lock = -1;
}

void lmtp_server_drain(struct lmtp_server *s, void (*drained)(void *arg), void *arg) {
  s->drained = drained;
  s->drained_arg = arg;
  stop_listening(s);
  struct lmtp_connection *next;
  for (struct lmtp_connection *c = s->first; c; c = next) {
    next = *lmtp_connection_next(c);
    lmtp_connection_drain(c);
  }
  say_drained(s);
}

void lmtp_server_close(struct lmtp_server **s) {
  if (!s || !*s)
    return;
  struct lmtp_server *was = *s;
  *s = NULL;
  was->closing = true;
  was->drained = NULL;
  for (struct lmtp_connection *c = was->first; c; c = *lmtp_connection_next(c))
    lmtp_connection_close(c);
  stop_listening(was);
  uv_close((uv_handle_t *)&was->sweep, on_closed);
}
