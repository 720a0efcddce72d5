/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <stdio.h>

void answer_result(struct inbox *inbox, struct http_request *request, const struct result *r,
                   const struct http_reply_header *headers, size_t header_count) {
  struct http_reply_header list[ANSWER_HEADERS + 1];
  char seconds[16];
  unsigned status = r->status;
  assert(header_count <= ANSWER_HEADERS);
  for (size_t i = 0; i < header_count; i++)
    list[i] = headers[i];
  if (r->retry_after_s) {
    snprintf(seconds, sizeof(seconds), "%u", r->retry_after_s);
    list[header_count++] = (struct http_reply_header){"Retry-After", seconds};
  }
  buf_clear(&inbox->out);
  if (!result_write(r, &inbox->out)) {
    struct result large = result_problem(PROBLEM_MEMORY, NULL);
    buf_free(&inbox->out);
    status = result_write(&large, &inbox->out) ? large.status : 500;
  }
  if (status >= 400)
    metric_add(inbox->refused, 1);
  const char *type = status >= 400 ? "application/problem+json" : "application/json";
  http_reply(request, status, type, buf_slice(&inbox->out), list, header_count);
  if (inbox->out.cap > 64 * 1024)
    buf_free(&inbox->out);
}

void answer_problem(struct inbox *inbox, struct http_request *request, enum problem problem, const char *detail,
                    const struct http_reply_header *headers, size_t header_count) {
  struct result r = result_problem(problem, detail);
  answer_result(inbox, request, &r, headers, header_count);
  result_free(&r);
}
