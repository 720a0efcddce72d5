/* SPDX-License-Identifier: Apache-2.0 */
/* The desk definition in force: which queues there are, and whose they are. Read again when another is applied. */
#ifndef INBOX_DEFINITION_H
#define INBOX_DEFINITION_H

#include "redis/redis.h"
#include <jansson.h>

struct definition;

struct definition *definition_open(void);
/* Reads it, by `redis`; when it fails the one that is there stays. Answers under way end with the connection. */
void definition_read(struct definition *d, struct redis *redis);
void definition_close(struct definition **d);
/* Is it known? */
bool definition_known(const struct definition *d);
bool definition_has_queue(const struct definition *d, struct slice queue);
/* May this agent see what waits there? A member; and whom the definition does not name, who works by hand as in the
 * steps. False while it is not known. */
bool definition_serves(const struct definition *d, struct slice agent, struct slice queue);
/* Names of the queues whose member this agent is: a JSON array; NULL: it is not known, or has no such agent. */
json_t *definition_queues(const struct definition *d, struct slice agent);

#endif
