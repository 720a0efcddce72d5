/* SPDX-License-Identifier: Apache-2.0 */
/* What deskbell_dispatch answered (proto/redis.md). Pure. */
#ifndef DISPATCH_ANSWER_H
#define DISPATCH_ANSWER_H

#include "base/slice.h"
#include <hiredis/hiredis.h>

enum answer_kind {
  ANSWER_DONE,       /* the step did its part */
  ANSWER_NO_LIBRARY, /* nobody brought the functions yet: the router does */
  ANSWER_REFUSED,    /* Redis or the step refuses; `why` says it */
};

struct answer {
  enum answer_kind kind;
  bool more;
  int64_t next_ms;   /* Unix; 0: nothing is due by itself */
  size_t offers;
  const char *why;   /* lent by the reply, or static */
};

struct offer {
  struct slice item, agents;
  int64_t until_ms;  /* Unix; 0 unknown */
};

/* `reply` is not NULL. What makes no sense is a refusal. */
struct answer answer_read(const redisReply *reply);
/* Number `n` below `offers` of an answer that is done; lent by the reply. */
struct offer answer_offer(const redisReply *reply, size_t n);

#endif
