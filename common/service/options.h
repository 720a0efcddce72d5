/* SPDX-License-Identifier: Apache-2.0 */
/* The options every program has. Internal to service/. */
#ifndef SERVICE_OPTIONS_H
#define SERVICE_OPTIONS_H

#include "log/log.h"
#include "service/service.h"

enum { OPTIONS_EXIT = 1 }; /* all was said; end with *ret_status */

enum options_action { ACTION_RUN, ACTION_CHECK_CONFIG, ACTION_PRINT_CONFIG };

struct options {
  char *dir;    /* absolute */
  char *config; /* absolute, or NULL */
  enum log_level log_level;
  enum options_action action;
};

/* Returns 0 (fills *ret; options_free() it) or OPTIONS_EXIT. */
int must_check options_parse(const struct service *service, int argc, char **argv, struct options *ret,
                             int *ret_status);
void options_free(struct options *o);

#endif
