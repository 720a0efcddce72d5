/* SPDX-License-Identifier: Apache-2.0 */
/* Which Redis a desk uses, from its configuration: the operator's, or the private one of `deskbell up`. */
#ifndef REDIS_REDIS_CONFIG_H
#define REDIS_REDIS_CONFIG_H

#include "config/config.h"

/* Gives "unix:…" or "host:port". */
char *redis_config_url(const struct config *c);
/* Gives the password ("" none). Returns 0 or -errno with the complaint's file and text filled. */
int must_check redis_config_password(const struct config *c, char **ret, struct complaint *complaint);

#endif
