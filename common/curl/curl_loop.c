/* SPDX-License-Identifier: Apache-2.0 */
/* curl says which sockets to watch and when it wants to be called; libuv does both. curl may not be called from within
 * its own callbacks, so the timer does what they ask for. */
#include "curl/curl_loop.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A peer that is gone without a word is noticed within two minutes: asked after 30 s, given up 75 s later. */
enum { KEEP_IDLE_S = 30, KEEP_INTERVAL_S = 15, USER_TIMEOUT_MS = 75000 };

struct curl_loop {
  uv_loop_t *loop;
  CURLM *multi;
  uv_timer_t timer;
  size_t transfers;
};

struct watch {
  uv_poll_t poll;
  struct curl_loop *l;
  curl_socket_t socket;
};

struct transfer {
  curl_done *done;
  void *arg;
};

/* Tells the users what ended; they may add and remove meanwhile. */
static void report(struct curl_loop *l) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(l->multi, &left))) {
    if (message->msg != CURLMSG_DONE)
      continue;
    CURL *easy = message->easy_handle;
    const CURLcode outcome = message->data.result;
    struct transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    t->done(t->arg, easy, outcome);
  }
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct watch *w = poll->data;
  struct curl_loop *l = w->l;
  int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;
  if (events & UV_READABLE)
    flags |= CURL_CSELECT_IN;
  if (events & UV_WRITABLE)
    flags |= CURL_CSELECT_OUT;
  curl_multi_socket_action(l->multi, w->socket, flags, &running);
  report(l);
}

static void on_poll_closed(uv_handle_t *handle) {
  free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg) {
  (void)easy;
  struct curl_loop *l = arg;
  struct watch *w = socket_arg;
  if (what == CURL_POLL_REMOVE) {
    if (w)
      uv_close((uv_handle_t *)&w->poll, on_poll_closed);
    curl_multi_assign(l->multi, socket, NULL);
    return 0;
  }
  if (!w) {
    w = must_calloc(1, sizeof(*w));
    w->l = l;
    w->socket = socket;
    if (uv_poll_init_socket(l->loop, &w->poll, socket) < 0) {
      free(w);
      return -1;
    }
    w->poll.data = w;
    curl_multi_assign(l->multi, socket, w);
  }
  uv_poll_start(&w->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_poll);
  return 0;
}

static void on_timeout(uv_timer_t *timer) {
  struct curl_loop *l = timer->data;
  int running;
  curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  report(l);
}

static int on_timer(CURLM *multi, long ms, void *arg) {
  (void)multi;
  struct curl_loop *l = arg;
  if (ms < 0)
    uv_timer_stop(&l->timer);
  else
    uv_timer_start(&l->timer, on_timeout, (uint64_t)ms, 0);
  return 0;
}

struct curl_loop *curl_loop_open(uv_loop_t *loop) {
  static bool begun;
  if (!begun)
    curl_global_init(CURL_GLOBAL_DEFAULT);
  begun = true;
  struct curl_loop *l = must_calloc(1, sizeof(*l));
  l->loop = loop;
  l->multi = curl_multi_init();
  assert(l->multi);
  uv_timer_init(loop, &l->timer);
  l->timer.data = l;
  curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
  curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
  return l;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void curl_loop_close(struct curl_loop **loop) {
  if (!loop || !*loop)
    return;
  struct curl_loop *l = *loop;
  *loop = NULL;
  assert(l->transfers == 0);
  curl_multi_cleanup(l->multi);
  uv_close((uv_handle_t *)&l->timer, on_closed);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)arg;
  (void)purpose;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  const int timeout = USER_TIMEOUT_MS;
  if (fd >= 0 && (address->family == AF_INET || address->family == AF_INET6) && address->socktype == SOCK_STREAM)
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
  return fd;
}

CURL *curl_loop_easy(const char *protocols) {
  CURL *easy = curl_easy_init();
  assert(easy);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* else a transfer given up waits, and all with it, for the DNS */
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEP_IDLE_S);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEP_INTERVAL_S);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  return easy;
}

int curl_loop_add(struct curl_loop *l, CURL *easy, curl_done *done, void *arg) {
  struct transfer *t = must_calloc(1, sizeof(*t));
  *t = (struct transfer){done, arg};
  curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
  if (curl_multi_add_handle(l->multi, easy) != CURLM_OK) {
    free(t);
    return -EIO;
  }
  l->transfers++;
  return 0;
}

void curl_loop_remove(struct curl_loop *l, CURL *easy) {
  struct transfer *t = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
  curl_multi_remove_handle(l->multi, easy);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
  free(t);
  l->transfers--;
}
