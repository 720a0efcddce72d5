/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbox: the agents' API. The way of a request: take_http.c or take_zmq.c (who asks, may they, how often) → ask.c (is
 * what is said in order) → work.c (one step or one reading in Redis) → the answer; a desk definition goes by judges.c
 * before. The way of news: the journal → notice.c → listeners.c → events.c, offers.c, take_zmq.c.
 *
 * It holds nothing: whatever dies, all that was answered is in Redis, and callers go on with any other inbox. What the
 * parts share while it runs; all of it belongs to the loop thread.
 */
#ifndef INBOX_INBOX_H
#define INBOX_INBOX_H

#include "definition.h"
#include "gate.h"
#include "http/http.h"
#include "judges.h"
#include "journal/tail.h"
#include "listeners.h"
#include "metrics/metrics.h"
#include "service/service.h"

#define TAG "{p00}"

struct take_zmq;
struct event_streams;

struct inbox {
  struct service_run *run;
  const struct config *config;
  uv_loop_t *loop;
  struct redis *redis;            /* steps and readings */
  struct tail *tail;
  struct definition *definition;
  struct judges *judges;
  struct gate *gate;
  struct listeners *listeners;
  struct http_server *http;
  struct event_streams *streams;
  struct take_zmq *zmq;           /* NULL: not */
  uv_timer_t tick;
  char *redis_url, *password, *tokens_file;
  struct buf out;                 /* every answer is written here, one after the other */
  size_t working;                 /* works that are under way */
  bool draining;
  char trouble[2][320];           /* of the steps' connection, of the journal's; "" all is well */
  int64_t began_ms;
  struct metric *asked, *refused, *failed, *listening, *overrun;
};

int inbox_start(struct service_run *run, void **ret_self);
void inbox_drain(void *self);
void inbox_stop(void *self);
void inbox_unhealthy(void *self, struct buf *ret_reasons);
void inbox_measure(void *self);
/* Who was let in by a token that is not there any more is sent away. */
void inbox_recheck(struct inbox *inbox);

#endif
