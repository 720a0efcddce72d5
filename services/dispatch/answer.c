/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

enum { HEAD = 2, OFFER = 3 };

static struct slice text_of(const redisReply *r) {
  return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ? slice_of(r->str, r->len) : SLICE("");
}

/* A number as such or as text; 0 when it is none. */
static int64_t number_of(const redisReply *r) {
  uint64_t n = 0;
  if (r->type == REDIS_REPLY_INTEGER)
    return r->integer;
  return slice_to_u64(text_of(r), INT64_MAX, &n) == 0 ? (int64_t)n : 0;
}

struct answer answer_read(const redisReply *reply) {
  struct answer a = {.kind = ANSWER_REFUSED,
                     .why = "the step deskbell_dispatch answers strangely: is its library of another release?"};
  if (reply->type == REDIS_REPLY_ERROR) {
    a.why = reply->str;
    if (strstr(reply->str, "Function not found"))
      a.kind = ANSWER_NO_LIBRARY;
    return a;
  }
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements < HEAD || (reply->elements - HEAD) % OFFER != 0)
    return a;
  a.kind = ANSWER_DONE;
  a.more = number_of(reply->element[0]) == 1;
  a.next_ms = number_of(reply->element[1]);
  a.offers = (reply->elements - HEAD) / OFFER;
  a.why = "";
  return a;
}

struct offer answer_offer(const redisReply *reply, size_t n) {
  redisReply *const *at = reply->element + HEAD + n * OFFER;
  return (struct offer){.item = text_of(at[0]), .agents = text_of(at[1]), .until_ms = number_of(at[2])};
}
