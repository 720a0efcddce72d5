/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp_guard.h"
#include "tls_pin.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static __thread struct smtp_guard *guard;

/* ---- connect() */

typedef int connect_fn(int fd, const struct sockaddr *address, socklen_t len);

static connect_fn *real_connect(void) {
  static connect_fn *found;
  connect_fn *f = __atomic_load_n(&found, __ATOMIC_ACQUIRE);
  if (!f) {
    f = (connect_fn *)(uintptr_t)dlsym(RTLD_NEXT, "connect");
    assert(f);
    __atomic_store_n(&found, f, __ATOMIC_RELEASE);
  }
  return f;
}

static int wait_connected(int fd, int64_t deadline_ms) {
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  int error = 0, n;
  socklen_t len = sizeof(error);
  do
    n = poll(&p, 1, (int)deadline_ms);
  while (n < 0 && errno == EINTR);
  if (n == 0)
    error = ETIMEDOUT;
  else if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
    error = errno;
  errno = error;
  return error ? -1 : 0;
}

/* The one every library of this program calls; for all but a guarded thread it is the system's. */
int connect(int fd, const struct sockaddr *address, socklen_t len) {
  struct smtp_guard *g = guard;
  if (!g || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
    return real_connect()(fd, address, len);
  int one = 1, flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (g->connection)
    g->connection(g->arg, fd);
  int r = real_connect()(fd, address, len);
  if (r < 0 && errno == EINPROGRESS)
    r = wait_connected(fd, g->connect_ms);
  if (r == 0)
    g->fd = fd;
  fcntl(fd, F_SETFL, flags);
  return r;
}

void smtp_guard_enter(struct smtp_guard *g) {
  g->fd = -1;
  g->starttls_sent = g->injected = g->tls_begun = g->tls_done = false;
  g->tls_why = NULL;
  g->said[0] = '\0';
  guard = g;
}

void smtp_guard_leave(void) {
  guard = NULL;
}

/* ---- what goes over the wire */

static void keep_line(struct smtp_guard *g, struct slice text) {
  struct slice line = {0}, last = {0};
  while (text.len && slice_split(&text, '\n', &line))
    if (slice_trim(line).len)
      last = slice_trim(line);
  size_t n = 0;
  for (size_t i = 0; i < last.len && n + 1 < sizeof(g->said); i++)
    g->said[n++] = last.at[i] >= ' ' && last.at[i] <= '~' ? last.at[i] : '?';
  if (n)
    g->said[n] = '\0';
}

/* What the server offers is changed where the library reads it, which asks nobody whether to use it. An offer that comes in
 * two pieces escapes; then smtp_session.c makes the best of it. */
static void hide_chunking(char *text, size_t len) {
  static const char offer[] = "CHUNKING";
  enum { CODE = sizeof("250-") - 1, OFFER = sizeof(offer) - 1 };
  for (char *line = text, *end = text + len; line && end - line >= CODE + OFFER;) {
    if (memcmp(line, "250", 3) == 0 && strncasecmp(line + CODE, offer, OFFER) == 0)
      line[CODE] = 'X';
    line = memchr(line, '\n', (size_t)(end - line));
    line = line ? line + 1 : NULL;
  }
}

void smtp_guard_monitor(const char *bytes, int len, int writing, void *arg) {
  struct smtp_guard *g = arg;
  if (writing) {
    g->starttls_sent = len >= 8 && strncasecmp(bytes, "STARTTLS", 8) == 0;
    return;
  }
  struct slice text = slice_of(bytes, len > 0 ? (size_t)len : 0);
  hide_chunking((char *)(uintptr_t)bytes, text.len);
  keep_line(g, text);
  const char *end = text.len ? memchr(text.at, '\n', text.len) : NULL;
  if (g->starttls_sent && end && end + 1 < text.at + text.len) {
    g->injected = true;
    if (g->fd >= 0)
      shutdown(g->fd, SHUT_RDWR);
  }
}

/* ---- TLS */

static void send_name(const SSL *ssl, int where, int ret) {
  (void)ret;
  if (where & SSL_CB_HANDSHAKE_START)
    SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (guard && (where & SSL_CB_HANDSHAKE_START))
    guard->tls_begun = true;
  if (guard && (where & SSL_CB_HANDSHAKE_DONE))
    guard->tls_done = true;
}

static int keep_reason(int good, X509_STORE_CTX *store) {
  if (!good && guard)
    guard->tls_why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  return good;
}

static int check_pin(X509_STORE_CTX *store, void *arg) {
  X509 *leaf = X509_STORE_CTX_get0_cert(store);
  uint8_t pin[SHA256_BYTES];
  bool good = leaf && tls_pin_read(arg, pin) == 0 && tls_pin_fits(pin, leaf);
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  if (!good && guard)
    guard->tls_why = "it is not the pinned certificate or key";
  return good;
}

void smtp_guard_pin(SSL_CTX *ctx, const char *pin) {
  SSL_CTX_set_cert_verify_callback(ctx, check_pin, (void *)(uintptr_t)pin);
}

static int refuse(SSL_CTX *ctx, struct complaint *c, const char *what, const char *which) {
  char why[200];
  unsigned long error = ERR_get_error();
  ERR_error_string_n(error, why, sizeof(why));
  SSL_CTX_free(ctx);
  complain(c, "", 0, 0, "%s %s: %s", what, which, error ? why : "unknown");
  return -EINVAL;
}

static void forget(void *parent, void *at, CRYPTO_EX_DATA *ad, int index, long argl, void *argp) {
  (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
  free(at);
}

/* Kept as long as the context. */
static char *keep_text(SSL_CTX *ctx, const char *text) {
  int index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, forget);
  char *copy = must_strdup(text);
  SSL_CTX_set_ex_data(ctx, index, copy);
  return copy;
}

int smtp_guard_tls(const char *host, const char *ca_file, const char *pin, SSL_CTX **ret, struct complaint *c) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  if (!ctx)
    return refuse(NULL, c, "no TLS context for", host);
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, keep_reason);
  SSL_CTX_set_app_data(ctx, keep_text(ctx, host));
  SSL_CTX_set_info_callback(ctx, send_name);
  if (*pin) {
    smtp_guard_pin(ctx, keep_text(ctx, pin));
  } else {
    int r = *ca_file ? SSL_CTX_load_verify_locations(ctx, ca_file, NULL) : SSL_CTX_set_default_verify_paths(ctx);
    if (r != 1)
      return refuse(ctx, c, "cannot read the CA file", *ca_file ? ca_file : "of the system");
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1 && X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
      return refuse(ctx, c, "no certificate can have the name", host);
    ERR_clear_error();
  }
  *ret = ctx;
  return 0;
}
