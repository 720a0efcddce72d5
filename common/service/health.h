/* SPDX-License-Identifier: Apache-2.0 */
/* GET /health and GET /metrics. Internal to service/. */
#ifndef SERVICE_HEALTH_H
#define SERVICE_HEALTH_H

#include "base/buf.h"
#include <uv.h>

#define HEALTH_REASONS_MAX 16384
#define HEALTH_METRICS_MAX (4 * 1024 * 1024)

struct health;

struct health_source {
  void (*reasons)(void *arg, struct buf *ret); /* one per line; none: healthy */
  void (*measure)(void *arg);                  /* before the metrics are written */
  void *arg;
};

/* Returns 0 (gives *ret) or -errno. */
int must_check health_open(uv_loop_t *loop, const char *listen, const struct health_source *source,
                           struct health **ret);
const char *health_address(const struct health *h);
void health_close(struct health **h);
/* The body of /health: {"status":"ok"} or {"status":"unhealthy","reasons":[…]}. */
void health_json(struct slice reasons, struct buf *ret);

#endif
