/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP server share; nobody outside includes it. */
#ifndef HTTP_HTTP_INTERNAL_H
#define HTTP_HTTP_INTERNAL_H

#include "base/arena.h"
#include "base/id.h"
#include "http/http.h"
#include "http/stream.h"
#include "listen/listen_address.h"
#include "listen/listen_socket.h"
#include <arpa/inet.h>
#include <microhttpd.h>

#define HTTP_HEADERS_MAX (32 * 1024)
#define HTTP_REQUEST_MEMORY (64 * 1024)
#define HTTP_KEEP_ALIVE_MS 60000
#define HTTP_ADDRESS_BUCKETS 256
#define HTTP_CACHE_SLOTS 64

/* Where a connection stands; each phase has its own longest stay (http_connection.c). */
enum http_phase {
  PHASE_FRESH, PHASE_IDLE, PHASE_READING, PHASE_HANDLING, PHASE_ANSWERING, PHASE_STREAMING, PHASE_COUNT
};

struct http_connection {
  struct http_server *server;
  struct http_connection *next, *previous;     /* all of the server */
  struct http_connection *next_same_bucket;    /* by address */
  struct http_request *request;                /* NULL between requests */
  struct in6_addr address;                     /* IPv4 as mapped */
  enum http_phase phase;
  int64_t since_ms;                            /* of the phase, loop time */
  int fd;
  bool trusted;                                /* a proxy of ours */
  bool counted;
  char peer[INET6_ADDRSTRLEN];
};

/* Pooled: its buffers are kept for the next request. */
struct http_request {
  struct http_server *server;
  struct http_connection *connection;
  struct MHD_Connection *mhd;
  struct http_request *next_free;
  const char *method;
  struct buf target;                           /* request target as sent; the '?' is overwritten by NUL */
  const char *path;
  struct slice query;
  struct buf body;
  size_t body_limit, announced, discarded;
  struct arena *memory;
  struct MHD_Response *response;
  struct http_cached *cached;                  /* the response is the cache's, not ours */
  unsigned status;
  struct http_stream *stream;                  /* the answer goes on */
  http_gone *watch;                            /* NULL: nobody asked */
  void *watch_arg;
  char peer[INET6_ADDRSTRLEN];
  bool begun, dispatched, suspended, replied, over, aborted;
};

/* Lives as long as its request or libmicrohttpd's response, whichever is longer (http_stream.c). */
struct http_stream {
  struct http_request *request;                /* NULL: it is over */
  http_gone *gone;                             /* NULL: need not be told any more */
  void (*empty)(void *arg);                    /* NULL: need not be told */
  void *arg;
  struct buf queue;                            /* written and not fetched; its ceiling is the room */
  int64_t progress_ms;                         /* when something was fetched last, or the queue was empty */
  bool suspended, ended, response_lives;
};

/* A response that was given twice in a row is made once (http_reply.c). */
struct http_cached {
  uint64_t hash, candidate;
  struct MHD_Response *response;
  size_t users;                                /* requests that hold it and have not queued it yet */
  struct buf key;
};

struct http_server {
  uv_loop_t *loop;
  struct MHD_Daemon *daemon;
  http_handler *handler;
  http_limit *limit;
  void *arg;
  struct http_options options;
  struct in6_addr *proxies;
  size_t proxy_count;
  char address[LISTEN_ADDRESS_TEXT];
  bool wants_run, quiesced;
  struct listen_socket listener;
  uv_poll_t poll;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_timer_t timer, reaper;
  unsigned handles;
  size_t pending, connection_count;
  struct http_connection *connections;
  struct http_connection *by_address[HTTP_ADDRESS_BUCKETS];
  struct http_request *free_requests;
  size_t free_count;
  struct http_cached cache[HTTP_CACHE_SLOTS];
};

/* http_listen.c */
/* The socket and its address. */
int must_check http_listen_open(struct http_server *s);
int must_check http_listen_start(struct http_server *s);
/* http_server.c */
void http_listen_closed(struct listen_socket *l);

/* http_connection.c */
bool http_parse_ip(struct slice text, struct in6_addr *ret);
void http_print_ip(const struct in6_addr *address, char ret[INET6_ADDRSTRLEN]);
enum MHD_Result http_on_accept(void *server, const struct sockaddr *address, socklen_t len);
void http_on_connection(void *server, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code);
void http_enter(struct http_connection *c, enum http_phase phase);
void http_reap(struct http_server *s);
/* Ends what waits for a next request, when the server is quiesced. */
void http_cut_idle(struct http_server *s);

/* http_request.c */
void *http_on_target(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result http_on_access(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                               const char *version, const char *data, size_t *size, void **context);
void http_on_completed(void *server, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code);
void http_release(struct http_request *r);
void http_free_requests(struct http_server *s);

/* http_reply.c */
enum MHD_Result http_queue(struct http_request *r);
void http_drop_response(struct http_request *r);
void http_cache_free(struct http_server *s);
/* Type, our usual headers and these. False: a value that is none. */
bool http_decorate(struct http_server *s, struct MHD_Response *m, const char *type,
                   const struct http_reply_header *headers, size_t header_count);

/* http_stream.c */
/* Its request ends: tells its user. */
void http_stream_over(struct http_request *r);
/* Tells of peers that have closed. */
void http_stream_reap(struct http_server *s);
/* Reads nothing of what waits for it. */
bool http_stream_stalled(const struct http_request *r, int64_t now_ms, int64_t deadline_ms);

#endif
