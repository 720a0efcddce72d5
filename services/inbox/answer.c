/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <stdio.h>

enum { OWN_HEADERS = 2 };

/* Does If-None-Match name it? (RFC 9110, 13.1.2: weakly compared.) */
static bool known_already(const struct http_request *request, const char *etag) {
  struct slice known = slice_text(http_header(request, "if-none-match")), one;
  while (known.len && slice_split(&known, ',', &one)) {
    one = slice_trim(one);
    if (one.len > 2 && one.at[0] == 'W' && one.at[1] == '/')
      one = slice_of(one.at + 2, one.len - 2);
    if (slice_equal(one, slice_text(etag)) || slice_equal(one, SLICE("*")))
      return true;
  }
  return false;
}

/* The body into inbox->out, unless it is a text. Returns the status. */
static unsigned write_body(struct inbox *inbox, const struct result *r) {
  buf_clear(&inbox->out);
  if (r->text.at || result_write(r, &inbox->out))
    return r->status;
  struct result large = result_problem(PROBLEM_MEMORY, NULL);
  buf_free(&inbox->out);
  return result_write(&large, &inbox->out) ? large.status : 500;
}

void answer_result(struct inbox *inbox, struct http_request *request, const struct result *r,
                   const struct http_reply_header *headers, size_t header_count) {
  struct http_reply_header list[ANSWER_HEADERS + OWN_HEADERS];
  char seconds[16], etag[24];
  assert(header_count <= ANSWER_HEADERS);
  for (size_t i = 0; i < header_count; i++)
    list[i] = headers[i];
  if (r->retry_after_s) {
    snprintf(seconds, sizeof(seconds), "%u", r->retry_after_s);
    list[header_count++] = (struct http_reply_header){"Retry-After", seconds};
  }
  if (r->version) {
    snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)r->version);
    list[header_count++] = (struct http_reply_header){"ETag", etag};
    if (r->text.at && known_already(request, etag)) {
      http_reply(request, 304, NULL, SLICE(""), list, header_count);
      return;
    }
  }
  unsigned status = write_body(inbox, r);
  if (status >= 400)
    metric_add(inbox->refused, 1);
  const char *type = status >= 400 ? "application/problem+json" : r->text.at ? r->type : "application/json";
  http_reply(request, status, type, r->text.at ? r->text : buf_slice(&inbox->out), list, header_count);
  if (inbox->out.cap > 64 * 1024)
    buf_free(&inbox->out);
}

void answer_problem(struct inbox *inbox, struct http_request *request, enum problem problem, const char *detail,
                    const struct http_reply_header *headers, size_t header_count) {
  struct result r = result_problem(problem, detail);
  answer_result(inbox, request, &r, headers, header_count);
  result_free(&r);
}
