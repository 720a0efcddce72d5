/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is in one of four places: the queue, a parser process, the list that waits for the disk, or on its way
 * through a commit. If this program dies anywhere here, the record is still in the spool and all is done again: an
 * event's id comes from the mail, so doing it again changes nothing.
 */
#include "normalise.h"
#include "log/log.h"
#include "mail_record.h"
#include "metrics/metrics.h"
#include "parser_process.h"
#include "parser_trust.h"
#include "quarantine.h"
#include "verify_answer.h"
#include <inttypes.h>
#include <stdlib.h>

#define LATER_MS 1000
#define BIRTH_RETRY_MS 100
#define BIRTH_RETRY_MAX_MS 5000
#define ARENA_FIRST (128 * 1024)
#define ARENA_CEILING (8 * 1024 * 1024)

/* In the count of attempts that the spool keeps: the last one took too long. */
#define LAST_TIMED_OUT 0x100u

struct request {
  struct request *next;          /* in its queue */
  struct request *above, *below; /* among all */
  struct normaliser *n;
  uint64_t seq;
  uint32_t attempts;
  struct mail_record record;     /* lent from `payload` */
  struct slice payload;
  enum quarantine_reason reason; /* should its attempts be used up */
  bool committing;               /* it waits for the spool */
  struct event_id id;            /* its answer, while the blobs of it are synced */
  struct buf event;
  char bytes[];                  /* of the payload */
};

struct queue {
  struct request *first, *last;
};

struct normaliser {
  uv_loop_t *loop;
  const struct config *config;
  struct channel *channel;         /* from the first record on */
  struct parser_options options;
  struct buf trust;                /* of the configuration, as the parsers are told it */
  struct parser_process **parsers; /* a place each; NULL: not running */
  size_t parser_count, running;
  struct request *all;
  struct queue queue, later;
  uv_idle_t soon;                  /* hands out what this turn of the loop brought */
  uv_timer_t again, birth;
  int64_t birth_retry_ms;          /* 0: the last start went well */
  unsigned handles;
  bool closing;
  struct arena *arena;
  struct buf packed;
  struct metric *deaths;
};

static void put_last(struct queue *q, struct request *r) {
  r->next = NULL;
  *(q->first ? &q->last->next : &q->first) = r;
  q->last = r;
}

static void put_first(struct queue *q, struct request *r) {
  r->next = q->first;
  q->first = r;
  if (!r->next)
    q->last = r;
}

static struct request *take_first(struct queue *q) {
  struct request *r = q->first;
  if (r)
    q->first = r->next;
  return r;
}

static void free_when_done(struct normaliser *n);

static struct request *request_new(struct normaliser *n, const struct spool_record *record) {
  struct request *r = must_calloc(1, sizeof(*r) + record->payload.len);
  r->n = n;
  r->seq = record->seq;
  r->attempts = record->attempts & ~LAST_TIMED_OUT;
  r->reason = record->attempts & LAST_TIMED_OUT ? QUARANTINE_PARSER_TIMEOUT : QUARANTINE_PARSER_DIED;
  r->payload = slice_of(r->bytes, record->payload.len);
  if (record->payload.len)
    memcpy(r->bytes, record->payload.at, record->payload.len);
  r->below = n->all;
  if (r->below)
    r->below->above = r;
  n->all = r;
  return r;
}

static void request_free(struct request *r) {
  *(r->above ? &r->above->below : &r->n->all) = r->below;
  if (r->below)
    r->below->above = r->above;
  buf_free(&r->event);
  free(r);
}

/* The spool calls back. Returns whether there is still something to do. */
static bool back_from_commit(struct request *r) {
  struct normaliser *n = r->n;
  r->committing = false;
  if (!n->closing)
    return true;
  request_free(r);
  free_when_done(n);
  return false;
}

static struct blob_store *blobs_of(struct normaliser *n) {
  return spool_blobs(channel_spool(n->channel));
}

/* The queue */

static void hand_out(uv_idle_t *soon);

static void hand_out_soon(struct normaliser *n) {
  if (!n->closing)
    uv_idle_start(&n->soon, hand_out); /* idle, not prepare: the loop does not sleep while one is active */
}

static void on_again(uv_timer_t *timer) {
  struct normaliser *n = timer->data;
  for (struct request *r; (r = take_first(&n->later));)
    put_last(&n->queue, r);
  hand_out_soon(n);
}

/* The disk is full or failing: the mail is safe in the spool and waits for it. */
static void wait_for_disk(struct request *r, int fault) {
  struct normaliser *n = r->n;
  log_warn("mail_waits_for_disk", KI("record", r->seq), KI("outcome", fault));
  put_last(&n->later, r);
  if (!n->closing && !uv_is_active((uv_handle_t *)&n->again))
    uv_timer_start(&n->again, on_again, LATER_MS, 0);
}

/* Ends */

static void finish(struct request *r, struct slice event, const struct event_id *id) {
  channel_normalised(r->n->channel, r->seq, id, event);
  request_free(r);
}

static void quarantine(struct request *r, enum quarantine_reason reason) {
  struct normaliser *n = r->n;
  struct event_id id;
  int fault = quarantine_mail(blobs_of(n), n->options.largest, &r->record, r->seq, reason, n->arena, &n->packed, &id);
  arena_reset(n->arena);
  if (fault) {
    wait_for_disk(r, fault);
    return;
  }
  log_warn("mail_quarantined", KI("record", r->seq), KS("channel", r->record.channel),
           KV("reason", quarantine_code(reason)));
  finish(r, buf_slice(&n->packed), &id);
}

static void on_blobs_synced(void *arg, int outcome, uint64_t seq) {
  (void)seq;
  struct request *r = arg;
  if (!back_from_commit(r))
    return;
  if (outcome)
    wait_for_disk(r, outcome);
  else
    finish(r, buf_slice(&r->event), &r->id);
}

/* The event may leave only when the parts it names are on the disk. */
static void sync_first(struct request *r, const struct parser_answer *answer) {
  struct normaliser *n = r->n;
  r->id = answer->id;
  r->event.max = EVENT_MAX_BYTES;
  buf_clear(&r->event);
  buf_add_slice(&r->event, answer->event);
  int fault = spool_sync_blobs(channel_spool(n->channel), on_blobs_synced, r);
  if (fault)
    wait_for_disk(r, fault);
  else
    r->committing = true;
}

static bool on_answer(void *arg, const struct parser_answer *answer) {
  struct normaliser *n = arg;
  struct request *r = answer->tag;
  const char *why;
  if (!answer->fault) {
    bool good = answer_believable(answer->event, &answer->id, &r->record, answer->blobs, answer->blob_count, n->arena,
                                  &why);
    arena_reset(n->arena);
    if (!good) {
      log_warn("parser_answer_refused", KI("record", r->seq), KV("why", why));
      return false;
    }
  }
  if (answer->fault == BLOB_TOO_LARGE)
    quarantine(r, QUARANTINE_PART_TOO_LARGE);
  else if (answer->fault)
    wait_for_disk(r, answer->fault);
  else if (answer->blob_count)
    sync_first(r, answer);
  else
    finish(r, answer->event, &answer->id);
  hand_out_soon(n);
  return true;
}

/* Deaths */

static void try_again(struct request *r) {
  put_first(&r->n->queue, r);
  hand_out_soon(r->n);
}

static void on_attempts_written(void *arg, int outcome, uint64_t seq) {
  struct request *r = arg;
  if (!back_from_commit(r))
    return;
  if (outcome) /* it is counted in memory all the same */
    log_warn("attempts_not_written", KI("record", seq), KI("outcome", outcome));
  try_again(r);
}

static void blame(struct request *r, enum parser_end end) {
  struct normaliser *n = r->n;
  r->attempts++;
  r->reason = end == PARSER_TIMEOUT ? QUARANTINE_PARSER_TIMEOUT : QUARANTINE_PARSER_DIED;
  const uint32_t kept = r->attempts | (end == PARSER_TIMEOUT ? LAST_TIMED_OUT : 0);
  int fault = spool_set_attempts(channel_spool(n->channel), r->seq, kept, on_attempts_written, r);
  if (fault)
    try_again(r);
  else
    r->committing = true;
}

static void log_end(enum parser_end end, int status, int number, size_t count, void *const *tags) {
  static const char *const names[] = {[PARSER_RETIRED] = "retired",
                                      [PARSER_DIED] = "died",
                                      [PARSER_TIMEOUT] = "timeout",
                                      [PARSER_UNBORN] = "not started"};
  const struct request *r = count ? tags[0] : NULL;
  if (end == PARSER_RETIRED)
    log_debug("parser_ended", KV("how", names[end]), KI("unfinished", count));
  else
    log_warn("parser_ended", KV("how", names[end]), KI("status", status), KI("signal", number),
             KI("record", r ? r->seq : 0), KI("unfinished", count));
}

static void start_parsers(struct normaliser *n, size_t wanted);

static bool one_is_ready(const struct normaliser *n) {
  for (size_t i = 0; i < n->parser_count; i++)
    if (n->parsers[i] && parser_process_ready(n->parsers[i]))
      return true;
  return false;
}

/* The one that did not start may have been the second: it is missed only while mails wait for it. */
static void on_birth(uv_timer_t *timer) {
  struct normaliser *n = timer->data;
  if (n->queue.first)
    start_parsers(n, n->running + 1);
  else if (one_is_ready(n))
    n->birth_retry_ms = 0;
  else
    start_parsers(n, 1);
  hand_out_soon(n);
}

static void start_later(struct normaliser *n) {
  n->birth_retry_ms = n->birth_retry_ms ? n->birth_retry_ms * 2 : BIRTH_RETRY_MS;
  if (n->birth_retry_ms > BIRTH_RETRY_MAX_MS)
    n->birth_retry_ms = BIRTH_RETRY_MAX_MS;
  uv_timer_start(&n->birth, on_birth, (uint64_t)n->birth_retry_ms, 0);
}

static void on_ended(void *arg, struct parser_process *p, enum parser_end end, int status, int number,
                     void *const *tags, size_t count) {
  struct normaliser *n = arg;
  for (size_t i = 0; i < n->parser_count; i++)
    if (n->parsers[i] == p)
      n->parsers[i] = NULL;
  n->running--;
  log_end(end, status, number, count, tags);
  if (end == PARSER_DIED || end == PARSER_TIMEOUT)
    metric_add(n->deaths, 1);
  for (size_t i = count; i-- > 1;) /* innocent: they only stood behind it */
    put_first(&n->queue, tags[i]);
  if (count && (end == PARSER_DIED || end == PARSER_TIMEOUT))
    blame(tags[0], end);
  else if (count)
    put_first(&n->queue, tags[0]);
  if (end == PARSER_UNBORN || (end != PARSER_RETIRED && !count)) /* no mail's doing: do not spin */
    start_later(n);
  else
    start_parsers(n, n->running + 1);
  hand_out_soon(n);
}

static void on_ready(void *arg) {
  struct normaliser *n = arg;
  n->birth_retry_ms = 0;
  hand_out_soon(n);
}

static void start_parsers(struct normaliser *n, size_t wanted) {
  const struct parser_user user = {.ready = on_ready, .answer = on_answer, .ended = on_ended, .arg = n};
  for (size_t i = 0; i < n->parser_count && n->running < wanted; i++) {
    if (n->parsers[i])
      continue;
    int r = parser_process_open(n->loop, &n->options, &user, &n->parsers[i]);
    if (r < 0) {
      log_error("parser_not_started", KV("fault", uv_strerror(r)));
      start_later(n);
      return;
    }
    n->running++;
  }
}

/* Handing out */

static struct parser_process *least_busy(struct normaliser *n, uint64_t bytes) {
  struct parser_process *best = NULL;
  for (size_t i = 0; i < n->parser_count; i++) {
    struct parser_process *p = n->parsers[i];
    if (p && parser_process_room(p, bytes) && (!best || parser_process_load(p) < parser_process_load(best)))
      best = p;
  }
  return best;
}

/* All are full: one more, if there is a place, and none is being born already. */
static void start_another(struct normaliser *n) {
  for (size_t i = 0; i < n->parser_count; i++)
    if (n->parsers[i] && !parser_process_ready(n->parsers[i]))
      return;
  if (!uv_is_active((uv_handle_t *)&n->birth))
    start_parsers(n, n->running + 1);
}

static void hand_out_one(struct request *r, struct parser_process *p) {
  int outcome = parser_process_send(p, blobs_of(r->n), r->seq, r->payload, &r->record.original, r);
  if (outcome > 0)
    quarantine(r, QUARANTINE_ORIGINAL_LOST);
  else if (outcome < 0)
    wait_for_disk(r, outcome);
}

static void hand_out(uv_idle_t *soon) {
  struct normaliser *n = soon->data;
  uv_idle_stop(soon);
  for (struct request *r; (r = n->queue.first);) {
    struct parser_process *p = NULL;
    if (r->attempts < PARSER_ATTEMPTS && !(p = least_busy(n, r->record.original.size))) {
      start_another(n);
      break;
    }
    take_first(&n->queue);
    if (p)
      hand_out_one(r, p);
    else
      quarantine(r, r->reason);
  }
  for (size_t i = 0; i < n->parser_count; i++)
    if (n->parsers[i])
      parser_process_flush(n->parsers[i]);
}

/* In */

static const char *home_of_unreadable(const struct normaliser *n) {
  for (size_t i = 0; i < n->config->channel_count; i++)
    if (n->config->channels[i].kind == CHANNEL_EMAIL)
      return n->config->channels[i].name;
  return "email";
}

static void quarantine_unreadable(struct normaliser *n, const struct spool_record *record) {
  struct event_id id;
  int fault = quarantine_record(home_of_unreadable(n), record->seq, record->taken_ms, record->payload, n->arena,
                                &n->packed, &id);
  log_error("record_unreadable", KI("record", record->seq), KI("kind", record->kind), KI("fault", fault));
  if (!fault)
    channel_normalised(n->channel, record->seq, &id, buf_slice(&n->packed));
  arena_reset(n->arena);
}

void normalise(void *arg, struct channel *c, const struct spool_record *record) {
  struct normaliser *n = arg;
  n->channel = c;
  struct request *r = request_new(n, record);
  if (record->kind != RECORD_MAIL || mail_record_unpack(r->payload, &r->record) != 0) {
    request_free(r);
    quarantine_unreadable(n, record);
    return;
  }
  put_last(&n->queue, r);
  hand_out_soon(n);
}

/* Life */

void normaliser_open(uv_loop_t *loop, const struct config *config, const char *program, struct normaliser **ret) {
  struct normaliser *n = must_calloc(1, sizeof(*n));
  n->loop = loop;
  n->config = config;
  n->trust = BUF_INIT(SIZE_MAX / 2);
  int full = parser_trust_pack(config, &n->trust);
  assert(full == 0);
  n->options = (struct parser_options){
      .program = program,
      .memory = config->email.parser_memory,
      .deadline_ms = config->email.parser_deadline_ms,
      .largest = config->spool.blob_max,
      .trust = buf_slice(&n->trust),
  };
  n->parser_count = config->email.parsers;
  n->parsers = must_calloc(n->parser_count, sizeof(*n->parsers));
  n->arena = arena_new(ARENA_FIRST, ARENA_CEILING);
  n->packed = BUF_INIT(EVENT_MAX_BYTES);
  n->deaths = metric_counter("deskbell_email_parser_deaths_total", "Parser processes that crashed or ran out of time.",
                             NULL, NULL);
  uv_idle_init(loop, &n->soon);
  uv_timer_init(loop, &n->again);
  uv_timer_init(loop, &n->birth);
  n->soon.data = n->again.data = n->birth.data = n;
  n->handles = 3;
  start_parsers(n, 1);
  *ret = n;
}

static void free_when_done(struct normaliser *n) {
  if (n->handles || n->all)
    return;
  arena_free(&n->arena);
  buf_free(&n->packed);
  buf_free(&n->trust);
  free(n->parsers);
  free(n);
}

static void on_closed(uv_handle_t *handle) {
  struct normaliser *n = handle->data;
  n->handles--;
  free_when_done(n);
}

void normaliser_close(struct normaliser **n) {
  if (!n || !*n)
    return;
  struct normaliser *was = *n;
  *n = NULL;
  was->closing = true;
  for (size_t i = 0; i < was->parser_count; i++)
    parser_process_close(&was->parsers[i]);
  for (struct request *r = was->all, *below; r; r = below) {
    below = r->below;
    if (!r->committing) /* those the spool gives back */
      request_free(r);
  }
  uv_close((uv_handle_t *)&was->soon, on_closed);
  uv_close((uv_handle_t *)&was->again, on_closed);
  uv_close((uv_handle_t *)&was->birth, on_closed);
}

void normaliser_unhealthy(const struct normaliser *n, struct buf *ret_reasons) {
  if (n->birth_retry_ms)
    buf_add_text(ret_reasons, "parser: it does not start; mails are kept until it does\n");
  if (n->later.first)
    buf_add_text(ret_reasons, "blobs: the disk is full or failing; mails are kept until it is not\n");
}
