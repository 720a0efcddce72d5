/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one request: target noted → headers checked → body gathered → handler → answer. libmicrohttpd accepts
 * Content-Length together with Transfer-Encoding, and two lengths; both hide a second request from a proxy in front,
 * so both are refused here before a byte of the body is read.
 */
#include "http/http_internal.h"
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#define BODY_FIRST (64 * 1024)   /* allocated on an announcement; more only as it arrives */
#define BODY_KEPT (16 * 1024)    /* what a pooled request keeps */
#define DISCARD_MAX (1024 * 1024)
#define POOLED_MAX 1024

static struct http_request *take_request(struct http_server *s) {
  struct http_request *r = s->free_requests;
  if (r) {
    s->free_requests = r->next_free;
    s->free_count--;
    return r;
  }
  r = must_calloc(1, sizeof(*r));
  r->server = s;
  r->memory = arena_new(2048, HTTP_REQUEST_MEMORY);
  r->target = BUF_INIT(HTTP_HEADERS_MAX);
  r->body = BUF_INIT(s->options.max_body ? s->options.max_body : 1);
  return r;
}

static void free_request(struct http_request *r) {
  arena_free(&r->memory);
  buf_free(&r->target);
  buf_free(&r->body);
  free(r);
}

void http_release(struct http_request *r) {
  struct http_server *s = r->server;
  http_drop_response(r);
  if (r->dispatched)
    s->pending--;
  http_stream_over(r);
  if (r->connection)
    r->connection->request = NULL;
  if (s->free_count >= POOLED_MAX) {
    free_request(r);
    return;
  }
  struct buf target = r->target, body = r->body;
  struct arena *memory = r->memory;
  arena_reset(memory);
  buf_clear(&target);
  if (body.cap > BODY_KEPT)
    buf_free(&body);
  buf_clear(&body);
  body.max = s->options.max_body ? s->options.max_body : 1;
  *r = (struct http_request){.server = s, .target = target, .body = body, .memory = memory};
  r->next_free = s->free_requests;
  s->free_requests = r;
  s->free_count++;
}

void http_free_requests(struct http_server *s) {
  while (s->free_requests) {
    struct http_request *r = s->free_requests;
    s->free_requests = r->next_free;
    free_request(r);
  }
  s->free_count = 0;
}

/* Absolute form ("http://host/path", sent to proxies) names the same resource as its path. */
static size_t path_start(struct slice target) {
  size_t scheme = slice_starts_nocase(target, SLICE("http://"))    ? 7
                  : slice_starts_nocase(target, SLICE("https://")) ? 8
                                                                   : 0;
  if (scheme == 0)
    return 0;
  while (scheme < target.len && target.at[scheme] != '/' && target.at[scheme] != '?')
    scheme++;
  return scheme;
}

/* Called as soon as the request line is there: from now on the request has its deadline. */
void *http_on_target(void *server, const char *target, struct MHD_Connection *mhd) {
  struct http_server *s = server;
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  struct http_connection *c = info ? info->socket_context : NULL;
  struct http_request *r = take_request(s);
  r->mhd = mhd;
  r->connection = c;
  if (c) {
    c->request = r;
    http_enter(c, PHASE_READING);
  }
  if (buf_add_text(&r->target, target) != 0 || !r->target.at)
    r->aborted = true; /* longer than all headers may be: libmicrohttpd refuses it itself before */
  char *start = r->target.at ? r->target.at + path_start(buf_slice(&r->target)) : NULL;
  char *mark = start ? strchr(start, '?') : NULL;
  r->path = start ? start : "";
  if (mark) {
    *mark = '\0';
    r->query = slice_text(mark + 1);
  }
  if (!*r->path)
    r->path = "/";
  return r;
}

struct header_check {
  unsigned lengths, codings, hosts;
  const char *length, *coding;
};

static enum MHD_Result check_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value) {
  struct header_check *h = arg;
  (void)kind;
  if (strcasecmp(name, "Content-Length") == 0) {
    h->lengths++;
    h->length = value;
  } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
    h->codings++;
    h->coding = value;
  } else if (strcasecmp(name, "Host") == 0) {
    h->hosts++;
  }
  return MHD_YES;
}

/* The status a request is refused with before its body, 0 none. */
static unsigned refusal(struct http_request *r, const char *version) {
  struct header_check h = {0};
  uint64_t length = 0;
  MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, check_header, &h);
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  if (info && info->header_size > HTTP_HEADERS_MAX)
    return 431;
  if (h.lengths > 1 || h.codings > 1 || h.hosts > 1 || (h.lengths && h.codings))
    return 400;
  if (h.codings && (strcasecmp(h.coding, "chunked") != 0 || strcmp(version, "HTTP/1.1") != 0))
    return strcmp(version, "HTTP/1.1") != 0 ? 400 : 501;
  if (h.lengths) {
    int bad = slice_to_u64(slice_text(h.length), UINT64_MAX, &length);
    if (bad == -EINVAL)
      return 400;
    if (bad || length > r->body_limit)
      return 413;
  }
  r->announced = (size_t)length;
  return r->server->quiesced ? 503 : 0;
}

static enum MHD_Result refuse(struct http_request *r, unsigned status) {
  static const struct http_reply_header later = {"Retry-After", "5"};
  http_reply(r, status, NULL, SLICE(""), &later, status == 503);
  return http_queue(r);
}

static enum MHD_Result begin(struct http_request *r, const char *method, const char *version) {
  struct http_server *s = r->server;
  r->begun = true;
  r->method = method;
  size_t asked = s->limit ? s->limit(s->arg, r) : 0;
  r->body_limit = asked && asked < s->options.max_body ? asked : s->options.max_body;
  unsigned status = refusal(r, version);
  if (status)
    return refuse(r, status);
  if (r->announced) {
    char *at;
    if (buf_reserve(&r->body, r->announced < BODY_FIRST ? r->announced : BODY_FIRST, &at) != 0)
      return refuse(r, 413);
  }
  return MHD_YES;
}

/* Only a chunked body can pass the limit here. It is read on for a while, so that the sender gets to see the 413. */
static enum MHD_Result gather(struct http_request *r, const char *data, size_t *size) {
  struct slice more = slice_of(data, *size);
  *size = 0;
  if (r->over || more.len > r->body_limit - r->body.len || buf_add_slice(&r->body, more) != 0) {
    r->over = true;
    r->discarded += more.len;
    return r->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
  }
  return MHD_YES;
}

static enum MHD_Result dispatch(struct http_request *r) {
  struct http_server *s = r->server;
  if (r->over)
    return refuse(r, 413);
  r->dispatched = true;
  s->pending++;
  if (r->connection)
    http_enter(r->connection, PHASE_HANDLING);
  s->handler(s->arg, r);
  if (r->replied)
    return http_queue(r);
  r->suspended = true;
  MHD_suspend_connection(r->mhd);
  return MHD_YES;
}

enum MHD_Result http_on_access(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                               const char *version, const char *data, size_t *size, void **context) {
  struct http_request *r = *context;
  (void)server, (void)mhd, (void)url;
  if (!r || r->aborted)
    return MHD_NO;
  if (!r->begun)
    return begin(r, method, version);
  if (*size)
    return gather(r, data, size);
  if (r->replied)
    return http_queue(r);
  return r->dispatched ? MHD_NO : dispatch(r);
}

void http_on_completed(void *server, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code) {
  struct http_request *r = *context;
  (void)server, (void)mhd, (void)code;
  if (!r)
    return;
  *context = NULL;
  struct http_connection *c = r->connection;
  http_release(r);
  if (c)
    http_enter(c, PHASE_IDLE);
}

const char *http_method(const struct http_request *r) {
  return r->method;
}

const char *http_path(const struct http_request *r) {
  return r->path;
}

struct slice http_query(const struct http_request *r) {
  return r->query.at ? r->query : SLICE("");
}

struct slice http_body(const struct http_request *r) {
  return buf_slice(&r->body);
}

const char *http_header(const struct http_request *r, const char *name) {
  return MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
}

void *http_request_alloc(struct http_request *r, size_t size) {
  return arena_alloc(r->memory, size);
}

static enum MHD_Result last_forwarded(void *arg, enum MHD_ValueKind kind, const char *name, const char *value) {
  const char **last = arg;
  (void)kind;
  if (strcasecmp(name, "X-Forwarded-For") == 0)
    *last = value;
  return MHD_YES;
}

/* One entry of X-Forwarded-For: "192.0.2.1", "192.0.2.1:1234", "2001:db8::1", "[2001:db8::1]:1234". */
static bool forwarded_ip(struct slice entry, struct in6_addr *ret) {
  entry = slice_trim(entry);
  if (http_parse_ip(entry, ret))
    return true;
  if (entry.len && entry.at[0] == '[') {
    const char *end = memchr(entry.at, ']', entry.len);
    return end && http_parse_ip(slice_of(entry.at + 1, (size_t)(end - entry.at - 1)), ret);
  }
  const char *colon = memchr(entry.at, ':', entry.len);
  return colon && http_parse_ip(slice_of(entry.at, (size_t)(colon - entry.at)), ret);
}

static bool trusted(const struct http_server *s, const struct in6_addr *address) {
  for (size_t i = 0; i < s->proxy_count; i++)
    if (memcmp(&s->proxies[i], address, sizeof(*address)) == 0)
      return true;
  return false;
}

/* Read from the right, as far as proxies of ours wrote it: what stands left of them, anybody may have written. */
static void find_forwarded(struct http_request *r) {
  const char *value = NULL;
  MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, last_forwarded, &value);
  struct slice rest = slice_text(value);
  while (rest.len) {
    size_t start = rest.len;
    while (start && rest.at[start - 1] != ',')
      start--;
    struct in6_addr address;
    if (!forwarded_ip(slice_of(rest.at + start, rest.len - start), &address))
      return;
    http_print_ip(&address, r->peer);
    if (!trusted(r->server, &address))
      return;
    rest.len = start ? start - 1 : 0;
  }
}

const char *http_peer(const struct http_request *r) {
  if (!r->connection)
    return "";
  if (!r->connection->trusted)
    return r->connection->peer;
  if (!r->peer[0]) {
    struct http_request *writable = (struct http_request *)r; /* remembers what it found; nothing a caller sees */
    strcpy(writable->peer, r->connection->peer);
    find_forwarded(writable);
  }
  return r->peer;
}
