/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered, before it becomes HTTP or ZeroMQ. Errors are problem details (RFC 9457). Pure. */
#ifndef INBOX_RESULT_H
#define INBOX_RESULT_H

#include "base/buf.h"
#include <jansson.h>

enum problem {
#define PROBLEM(id, status, code, title) PROBLEM_##id,
#include "outcomes.def"
  PROBLEM_COUNT
};

/* code and title are static. */
struct result {
  unsigned status;
  const char *code, *title;
  char detail[200];         /* "" none: one sentence, never with words of customers or secrets */
  unsigned retry_after_s;   /* 0: not said */
  json_t *body;             /* owned. Of success: all of it; of a problem: members that go with it. May be NULL */
  struct slice text;        /* lent. Of success: all of it, in the place of `body`; .at NULL: none */
  const char *type;         /* its media type; static */
  uint64_t version;         /* of the desk definition that it is about: the ETag; 0: none */
};

/* `detail` may be NULL. */
struct result result_problem(enum problem problem, const char *detail);
/* Takes the body. */
struct result result_ok(json_t *body);
void result_free(struct result *r);
/* Lends the text until the result is freed. */
struct result result_text(struct slice text, const char *type, uint64_t version);
/* The body as it goes out, but for a text. False: there was no memory for it. */
bool must_check result_write(const struct result *r, struct buf *b);

#endif
