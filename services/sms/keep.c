/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the spool, and the answer once it is durable (G1). A request waits in a list in order of arrival; what waits
 * longer than providers do is told to come again. Its events may become durable all the same: the repeat has the same
 * ids. Its entry stays until the last commit reported, since the spool holds a pointer to it; so entries are counted,
 * or a disk that hangs would let requests pile up that nobody waits for any more.
 */
#include "base/clock.h"
#include "log/log.h"
#include "sms.h"
#include <stdlib.h>

#define REPLY_MAX (64 * 1024)
#define SPARE_REPLY 4096

struct kept {
  struct kept *next, *previous;  /* waiting for their answer; `next` also chains the spare ones */
  struct sms *sms;
  const struct hook *hook;
  struct http_request *request;  /* NULL: answered */
  int64_t started_us;
  size_t outstanding;            /* records whose commit has not reported */
  int outcome;                   /* the first that is not 0 */
  bool waiting;
  struct buf reply;
};

static struct kept *new_kept(struct sms *s) {
  struct kept *k = s->spare;
  if (k)
    s->spare = k->next;
  else
    k = must_calloc(1, sizeof(*k));
  s->live++;
  struct buf reply = k->reply;
  *k = (struct kept){.sms = s, .reply = reply};
  k->reply.max = REPLY_MAX;
  buf_clear(&k->reply);
  return k;
}

static void give_back(struct kept *k) {
  struct sms *s = k->sms;
  if (k->reply.cap > SPARE_REPLY)
    buf_free(&k->reply);
  k->next = s->spare;
  s->spare = k;
  s->live--;
}

static void enlist(struct kept *k) {
  struct sms *s = k->sms;
  k->waiting = true;
  k->previous = s->newest;
  if (s->newest)
    s->newest->next = k;
  else
    s->oldest = k;
  s->newest = k;
  s->kept_count++;
}

static void delist(struct kept *k) {
  struct sms *s = k->sms;
  if (!k->waiting)
    return;
  k->waiting = false;
  if (k->previous)
    k->previous->next = k->next;
  else
    s->oldest = k->next;
  if (k->next)
    k->next->previous = k->previous;
  else
    s->newest = k->previous;
  k->next = k->previous = NULL;
  s->kept_count--;
}

static void reply_to(struct kept *k) {
  struct sms *s = k->sms;
  struct http_request *request = k->request;
  k->request = NULL;
  delist(k);
  if (k->outcome) {
    answer(s, k->hook, request, VERDICT_DEFERRED, NULL, RETRY_AFTER);
    return;
  }
  metric_add(s->requests[TAKEN], 1);
  metric_observe_us(s->accept_time, clock_monotonic_us() - k->started_us);
  http_reply(request, 200, k->hook->provider->accepted_type, buf_slice(&k->reply), NULL, 0);
}

static void on_done(void *arg, int outcome, uint64_t seq) {
  struct kept *k = arg;
  (void)seq;
  k->outstanding--;
  if (outcome && !k->outcome)
    k->outcome = outcome;
  if (k->outstanding)
    return;
  if (k->request)
    reply_to(k);
  give_back(k);
}

/* Returns 0 or why not. */
static int spool_one(struct intake *in, struct kept *k, contact_event *e, const struct blob_ref *original) {
  struct sms *s = in->sms;
  const char *why = "";
  e->original = event_blob_new(in->arena, original->sha256, original->size);
  if (!e->original)
    return -ENOMEM;
  int r = event_pack(e, in->arena, &s->packed);
  if (r)
    return r < 0 ? r : -EMSGSIZE;
  if (event_check(e, &why) != 0) { /* a bug of ours: said here, where it can be found, and the provider keeps it */
    log_error("event_invalid", KV("channel", in->hook->config->name), KV("contact_event", e->id), KV("why", why));
    return -EINVAL;
  }
  r = channel_take(s->channel, RECORD_EVENT, e->received_at_ms, buf_slice(&s->packed), on_done, k);
  if (r == 0)
    k->outstanding++;
  return r;
}

void keep(struct intake *in, int64_t started_us) {
  struct sms *s = in->sms;
  struct blob_ref original;
  struct kept *k = new_kept(s);
  k->hook = in->hook;
  k->request = in->request;
  k->started_us = started_us;
  k->outcome = s->live > s->live_max
                   ? SPOOL_FULL
                   : blob_put(spool_blobs(channel_spool(s->channel)), http_body(in->request), &original);
  for (size_t i = 0; i < in->count && k->outcome == 0; i++)
    k->outcome = spool_one(in, k, in->events[i], &original);
  in->hook->provider->accepted(in, &k->reply);
  enlist(k);
  if (k->outcome)
    log_warn("deferred", KV("channel", in->hook->config->name), KI("outcome", k->outcome));
  if (k->outcome || k->outstanding == 0) /* an empty batch has nothing to wait for */
    reply_to(k);
  if (k->outstanding == 0) {
    give_back(k);
    return;
  }
  metric_add(s->events, k->outstanding);
  log_debug("taken", KV("channel", in->hook->config->name), KV("contact_event", in->events[0]->id),
            KI("events", in->count));
}

void keep_tick(struct sms *s, int64_t now_us) {
  while (s->oldest && now_us - s->oldest->started_us > ANSWER_WITHIN_MS * 1000) {
    s->oldest->outcome = -ETIMEDOUT;
    reply_to(s->oldest);
  }
}

void keep_free(struct sms *s) {
  while (s->spare) {
    struct kept *k = s->spare;
    s->spare = k->next;
    buf_free(&k->reply);
    free(k);
  }
}
