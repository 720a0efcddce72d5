/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. Making a response of libmicrohttpd takes a dozen allocations, so an answer that is given twice in a row
 * (an empty TwiML document, a 202, a 403) is made once and shared. Answers that name an id never repeat and never
 * enter the cache.
 */
#include "http/http_internal.h"

#define CACHED_BODY_MAX 512

bool http_decorate(struct http_server *s, struct MHD_Response *m, const char *type,
                   const struct http_reply_header *headers, size_t header_count) {
  bool good = !type || MHD_add_response_header(m, "Content-Type", type) == MHD_YES;
  good = good && MHD_add_response_header(m, "X-Content-Type-Options", "nosniff") == MHD_YES;
  bool caching = false;
  for (size_t i = 0; i < header_count && good; i++) {
    caching |= slice_equal_nocase(slice_text(headers[i].name), SLICE("Cache-Control"));
    good = MHD_add_response_header(m, headers[i].name, headers[i].value) == MHD_YES;
  }
  if (!caching)
    good = good && MHD_add_response_header(m, "Cache-Control", "no-store") == MHD_YES;
  if (s->quiesced)
    good = good && MHD_add_response_header(m, "Connection", "close") == MHD_YES;
  return good;
}

static struct MHD_Response *make(struct http_server *s, const char *type, struct slice body,
                                 const struct http_reply_header *headers, size_t header_count) {
  struct MHD_Response *m = MHD_create_response_from_buffer(body.len, (void *)body.at, MHD_RESPMEM_MUST_COPY);
  if (m && !http_decorate(s, m, type, headers, header_count)) {
    MHD_destroy_response(m);
    m = NULL;
  }
  return m;
}

/* All that makes an answer what it is, except the status, which belongs to the queueing. False: too long. */
static bool cache_key(char *at, size_t room, size_t *ret_len, const char *type, struct slice body,
                      const struct http_reply_header *headers, size_t header_count) {
  struct slice parts[2 + 2 * 4];
  size_t count = 0, len = 0;
  if (header_count > 4)
    return false;
  parts[count++] = slice_text(type);
  parts[count++] = body;
  for (size_t i = 0; i < header_count; i++) {
    parts[count++] = slice_text(headers[i].name);
    parts[count++] = slice_text(headers[i].value);
  }
  for (size_t i = 0; i < count; i++) {
    if (parts[i].len + 2 > room - len)
      return false;
    at[len++] = (char)(parts[i].len & 0xff);
    at[len++] = (char)(parts[i].len >> 8);
    if (parts[i].len)
      memcpy(at + len, parts[i].at, parts[i].len);
    len += parts[i].len;
  }
  *ret_len = len;
  return true;
}

static void cached_clear(struct http_cached *e) {
  if (e->response)
    MHD_destroy_response(e->response); /* connections that still send it have their own count */
  e->response = NULL;
  buf_free(&e->key);
}

/* Lends a shared response, or gives a new one (*ret_cached NULL). */
static struct MHD_Response *find_or_make(struct http_server *s, const char *type, struct slice body,
                                         const struct http_reply_header *headers, size_t header_count,
                                         struct http_cached **ret_cached) {
  char key[CACHED_BODY_MAX + 256];
  size_t len;
  *ret_cached = NULL;
  if (s->quiesced || body.len > CACHED_BODY_MAX ||
      !cache_key(key, sizeof(key), &len, type, body, headers, header_count))
    return make(s, type, body, headers, header_count);
  uint64_t hash = hash64(slice_of(key, len));
  struct http_cached *e = &s->cache[hash % HTTP_CACHE_SLOTS];
  if (e->response && e->hash == hash && slice_equal(buf_slice(&e->key), slice_of(key, len))) {
    *ret_cached = e;
    return e->response;
  }
  struct MHD_Response *made = make(s, type, body, headers, header_count);
  if (e->candidate != hash || e->users || !made) {
    e->candidate = hash;
    return made;
  }
  cached_clear(e);
  e->key = BUF_INIT(sizeof(key));
  buf_add(&e->key, key, len);
  e->hash = hash;
  e->response = made;
  *ret_cached = e;
  return made;
}

void http_cache_free(struct http_server *s) {
  for (size_t i = 0; i < HTTP_CACHE_SLOTS; i++)
    cached_clear(&s->cache[i]);
}

void http_drop_response(struct http_request *r) {
  if (r->cached)
    r->cached->users--;
  else if (r->response)
    MHD_destroy_response(r->response);
  r->cached = NULL;
  r->response = NULL;
}

void http_reply(struct http_request *r, unsigned status, const char *type, struct slice body,
                const struct http_reply_header *headers, size_t header_count) {
  struct http_server *s = r->server;
  assert(!r->replied && status >= 200 && status <= 599);
  r->replied = true;
  r->watch = NULL;
  r->status = status;
  r->response = find_or_make(s, type, body, headers, header_count, &r->cached);
  if (!r->response) { /* a header value that is none */
    r->status = 500;
    r->response = make(s, NULL, SLICE(""), NULL, 0);
  }
  if (r->cached)
    r->cached->users++;
  if (r->suspended) {
    r->suspended = false;
    MHD_resume_connection(r->mhd);
    s->wants_run = true; /* the loop's next prepare or check runs all resumed ones together */
  }
}

enum MHD_Result http_queue(struct http_request *r) {
  if (!r->response)
    return MHD_NO;
  if (r->connection)
    http_enter(r->connection, r->stream && !r->stream->ended ? PHASE_STREAMING : PHASE_ANSWERING);
  enum MHD_Result queued = MHD_queue_response(r->mhd, r->status, r->response);
  http_drop_response(r);
  return queued;
}
