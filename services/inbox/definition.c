/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"
#include "desk/desk.h"
#include "log/log.h"
#include <stdio.h>
#include <stdlib.h>

struct definition {
  struct redis *redis;        /* of the reading under way */
  struct desk *desk;          /* NULL: not known */
  bool reading, again;
};

static void read_version(struct definition *d);

struct definition *definition_open(void) {
  return must_calloc(1, sizeof(struct definition));
}

void definition_close(struct definition **d) {
  if (!d || !*d)
    return;
  desk_free(&(*d)->desk);
  free(*d);
  *d = NULL;
}

static void over(struct definition *d) {
  bool again = d->again;
  d->reading = d->again = false;
  if (again)
    definition_read(d, d->redis);
}

static void on_document(void *arg, redisReply *reply) {
  struct definition *d = arg;
  struct complaint c;
  struct desk *desk = NULL;
  if (reply && reply->type == REDIS_REPLY_STRING) {
    if (desk_parse(slice_of(reply->str, reply->len), "desk definition", &desk, &c) == 0) {
      desk_free(&d->desk);
      d->desk = desk;
    } else {
      log_warn("desk_not_read", KV("why", c.text), KI("line", c.line), KV("then", "going on by the one before"));
    }
  }
  over(d);
}

static void on_version(void *arg, redisReply *reply) {
  struct definition *d = arg;
  char version[32];
  if (!reply || reply->type != REDIS_REPLY_STRING) {
    over(d);
    return;
  }
  snprintf(version, sizeof(version), "%.31s", reply->str);
  const char *argv[] = {"HGET", "{p00}:desk:documents", version};
  if (redis_send_argv(d->redis, 3, argv, NULL, on_document, d) < 0)
    over(d);
}

static void read_version(struct definition *d) {
  const char *argv[] = {"GET", "{p00}:desk"};
  d->reading = true;
  if (redis_send_argv(d->redis, 2, argv, NULL, on_version, d) < 0)
    d->reading = d->again = false;
}

void definition_read(struct definition *d, struct redis *redis) {
  d->redis = redis;
  if (d->reading)
    d->again = true;
  else
    read_version(d);
}

bool definition_known(const struct definition *d) {
  return d->desk != NULL;
}

bool definition_has_queue(const struct definition *d, struct slice queue) {
  return d->desk && desk_queue_named(d->desk, queue);
}

bool definition_serves(const struct definition *d, struct slice agent, struct slice queue) {
  const struct desk_agent *a = d->desk ? desk_agent_named(d->desk, agent) : NULL;
  for (size_t k = 0; a && k < a->queue_count; k++)
    if (slice_equal(queue, slice_text(a->queues[k])))
      return true;
  return !a && d->desk;
}

json_t *definition_queues(const struct definition *d, struct slice agent) {
  const struct desk_agent *a = d->desk ? desk_agent_named(d->desk, agent) : NULL;
  json_t *list = a ? json_array() : NULL;
  for (size_t k = 0; a && k < a->queue_count; k++)
    json_array_append_new(list, json_string(a->queues[k]));
  return list;
}
