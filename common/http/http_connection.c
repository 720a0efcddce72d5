/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: how many in all and per address, and how long each may stay in a phase. libmicrohttpd counts only
 * silence, so one byte every other second keeps a connection for ever; the reaper cuts by age instead, with
 * shutdown(), after which libmicrohttpd sees the end and cleans up itself.
 */
#include "http/http_internal.h"
#include <stdlib.h>
#include <sys/socket.h>

bool http_parse_ip(struct slice text, struct in6_addr *ret) {
  char copy[INET6_ADDRSTRLEN];
  struct in_addr v4;
  if (text.len == 0 || text.len >= sizeof(copy))
    return false;
  memcpy(copy, text.at, text.len);
  copy[text.len] = '\0';
  if (inet_pton(AF_INET6, copy, ret) == 1)
    return true;
  if (inet_pton(AF_INET, copy, &v4) != 1)
    return false;
  *ret = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
  memcpy(&ret->s6_addr[12], &v4, 4);
  return true;
}

void http_print_ip(const struct in6_addr *address, char ret[INET6_ADDRSTRLEN]) {
  if (IN6_IS_ADDR_V4MAPPED(address))
    inet_ntop(AF_INET, &address->s6_addr[12], ret, INET6_ADDRSTRLEN);
  else
    inet_ntop(AF_INET6, address, ret, INET6_ADDRSTRLEN);
}

static bool address_of(const struct sockaddr *from, struct in6_addr *ret) {
  if (from->sa_family == AF_INET6) {
    *ret = ((const struct sockaddr_in6 *)from)->sin6_addr;
    return true;
  }
  if (from->sa_family != AF_INET)
    return false;
  *ret = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
  memcpy(&ret->s6_addr[12], &((const struct sockaddr_in *)from)->sin_addr, 4);
  return true;
}

static struct http_connection **bucket_of(struct http_server *s, const struct in6_addr *address) {
  return &s->by_address[hash64(slice_of(address, sizeof(*address))) % HTTP_ADDRESS_BUCKETS];
}

static bool is_proxy(const struct http_server *s, const struct in6_addr *address) {
  for (size_t i = 0; i < s->proxy_count; i++)
    if (memcmp(&s->proxies[i], address, sizeof(*address)) == 0)
      return true;
  return false;
}

enum MHD_Result http_on_accept(void *server, const struct sockaddr *from, socklen_t len) {
  struct http_server *s = server;
  struct in6_addr address;
  (void)len;
  if (s->quiesced || !address_of(from, &address) || s->connection_count >= s->options.max_connections)
    return MHD_NO;
  if (is_proxy(s, &address)) /* all customers come from it */
    return MHD_YES;
  uint32_t same = 0;
  for (const struct http_connection *c = *bucket_of(s, &address); c; c = c->next_same_bucket)
    same += memcmp(&c->address, &address, sizeof(address)) == 0;
  return same < s->options.max_per_address ? MHD_YES : MHD_NO;
}

static void add(struct http_server *s, struct MHD_Connection *mhd, void **context) {
  struct http_connection *c = must_calloc(1, sizeof(*c));
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  c->server = s;
  if (info && address_of(info->client_addr, &c->address))
    http_print_ip(&c->address, c->peer);
  c->trusted = is_proxy(s, &c->address);
  info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
  c->fd = info ? info->connect_fd : -1;
  c->next = s->connections;
  if (c->next)
    c->next->previous = c;
  s->connections = c;
  struct http_connection **bucket = bucket_of(s, &c->address);
  c->next_same_bucket = *bucket;
  *bucket = c;
  s->connection_count++;
  http_enter(c, PHASE_FRESH);
  *context = c;
}

static void drop(struct http_server *s, void **context) {
  struct http_connection *c = *context;
  if (!c)
    return;
  if (c->request)
    http_release(c->request);
  if (c->previous)
    c->previous->next = c->next;
  else
    s->connections = c->next;
  if (c->next)
    c->next->previous = c->previous;
  struct http_connection **at = bucket_of(s, &c->address);
  while (*at != c)
    at = &(*at)->next_same_bucket;
  *at = c->next_same_bucket;
  s->connection_count--;
  free(c);
  *context = NULL;
}

void http_on_connection(void *server, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code) {
  if (code == MHD_CONNECTION_NOTIFY_STARTED)
    add(server, mhd, context);
  else
    drop(server, context);
}

void http_enter(struct http_connection *c, enum http_phase phase) {
  c->phase = phase;
  c->since_ms = (int64_t)uv_now(c->server->loop);
}

void http_reap(struct http_server *s) {
  const int64_t deadline = s->options.deadline_ms, now = (int64_t)uv_now(s->loop);
  const int64_t longest[PHASE_COUNT] = {
      [PHASE_FRESH] = deadline,                     /* connected, no request line yet */
      [PHASE_IDLE] = HTTP_KEEP_ALIVE_MS + deadline, /* also who drips a second request line */
      [PHASE_READING] = deadline,
      [PHASE_HANDLING] = INT64_MAX,                 /* the handler has its own limit; it must answer */
      [PHASE_ANSWERING] = deadline,
      [PHASE_STREAMING] = INT64_MAX,                /* but not without reading */
  };
  for (struct http_connection *c = s->connections; c; c = c->next)
    if (c->fd >= 0 && (now - c->since_ms > longest[c->phase] || http_stream_stalled(c->request, now, deadline)))
      shutdown(c->fd, SHUT_RDWR);
  http_stream_reap(s);
}

void http_cut_idle(struct http_server *s) {
  for (struct http_connection *c = s->connections; c; c = c->next)
    if ((c->phase == PHASE_IDLE || c->phase == PHASE_FRESH) && c->fd >= 0)
      shutdown(c->fd, SHUT_RD);
}
