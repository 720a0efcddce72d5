/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program `sms`: providers' webhooks in. The way of a request, a file each:
 *
 *   take_webhook.c   which channel? allowed so often? right content type? signed?   → 404 405 415 429 403
 *   provider_*.c     what this provider sends and wants to hear
 *   normalise_*.c    its bytes → contact events                                     → 400
 *   keep.c           original and events into the spool; answered when they are durable → 200, or 503
 *
 * If the process dies before the commit, nothing was answered and the provider repeats; after it, the repeat has the
 * same event id and changes nothing.
 */
#ifndef SMS_SMS_H
#define SMS_SMS_H

#include "channel/channel.h"
#include "draft.h"
#include "http/bucket.h"
#include "http/form.h"
#include "http/http.h"
#include "metrics/metrics.h"

#define HOOK_PATH "/hook/"
#define SECRETS_MAX 2
#define RATE_SLOTS 16384
#define ANSWER_WITHIN_MS 1400      /* WH-02: at most 1.5 s */
#define RETRY_AFTER "30"
#define LIVE_MAX 8192

struct hook;
struct intake;

/* What became of a request; also the label of deskbell_sms_requests_total. */
enum verdict {
  TAKEN, VERDICT_MALFORMED, VERDICT_FORBIDDEN, VERDICT_UNKNOWN_CHANNEL, VERDICT_WRONG_METHOD, VERDICT_WRONG_TYPE,
  VERDICT_TOO_OFTEN, VERDICT_DEFERRED, VERDICT_COUNT
};

/* One row per provider (provider_twilio.c, provider_generic.c). */
struct provider {
  const char *media_type;
  /* TAKEN or VERDICT_FORBIDDEN. Pure but for what it keeps in the intake for normalise(). */
  enum verdict (*verify)(struct intake *in);
  /* Fills the intake's events. TAKEN, VERDICT_MALFORMED, VERDICT_FORBIDDEN, VERDICT_DEFERRED. */
  enum verdict (*normalise)(struct intake *in);
  /* Writes the body of the answer when everything is durable, into `ret` (cleared). */
  void (*accepted)(const struct intake *in, struct buf *ret);
  const char *accepted_type;
  bool explain;                    /* errors may have a body: never where the provider would send it on (PV-01) */
};
extern const struct provider provider_twilio, provider_generic;

/* A channel this program serves. */
struct hook {
  const struct channel_config *config;    /* NULL: the stand-in that costs an unknown channel as much as a real one */
  const struct provider *provider;
  char *secrets[SECRETS_MAX];
  struct slice secret_slices[SECRETS_MAX];
  size_t secret_count;
  char *base_url;                          /* what the provider signs, without the path */
  struct bucket_table *rates;              /* NULL: no limit */
};

/* One request between its arrival and the spool; lives on the stack, its memory in the program's arena. */
struct intake {
  struct sms *sms;
  const struct hook *hook;
  struct http_request *request;
  struct arena *arena;
  struct source source;
  struct form form;
  contact_event **events;
  size_t count;
  bool batch;
  const char *why;                         /* of VERDICT_MALFORMED, or what was wrong with a signature */
};

struct kept;

struct sms {
  uv_loop_t *loop;
  const struct config *config;
  struct http_server *http;
  struct channel *channel;
  struct hook *hooks;                      /* sorted by name */
  size_t hook_count;
  struct hook nobody[2];                   /* stand-ins, one per provider */
  struct arena *arena;
  struct buf packed;
  struct kept *oldest, *newest, *spare;    /* keep.c */
  size_t kept_count;
  size_t live, live_max;                   /* with a commit to come, answered or not; above it sources are deferred */
  uv_timer_t clock;
  bool draining;
  struct metric *requests[VERDICT_COUNT];
  struct metric *accept_time, *events, *unknown_types, *quarantined;
};

/* measure.c */
void sms_metrics(struct sms *s);

/* hooks.c */
int must_check hooks_open(struct sms *s, struct complaint *complaint);
void hooks_close(struct sms *s);
/* After the listen address is known. */
void hooks_set_urls(struct sms *s);
const struct hook *hooks_find(const struct sms *s, const char *path);

/* take_webhook.c */
void take_webhook(void *sms, struct http_request *request);
size_t webhook_limit(void *sms, const struct http_request *request);
/* Answers a request that is not taken. */
void answer(struct sms *s, const struct hook *hook, struct http_request *request, enum verdict verdict, const char *why,
            const char *retry_after);

/* keep.c */
void keep(struct intake *in, int64_t started_us);
/* Tells those who have waited too long to come again. */
void keep_tick(struct sms *s, int64_t now_us);
void keep_free(struct sms *s);

#endif
