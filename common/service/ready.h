/* SPDX-License-Identifier: Apache-2.0 */
/* What a program tells its supervisor, and what that told it through the environment. Also used by the supervisor. */
#ifndef SERVICE_READY_H
#define SERVICE_READY_H

#include "base/fault.h"

#define READY_NAME_MAX 64    /* [a-z0-9.-], of an endpoint */
#define READY_VALUE_MAX 1024 /* no blanks, no controls */

/* Takes DESKBELL_READY_FD and DESKBELL_PARENT_PID out of the environment, so that no child inherits them.
 * The descriptor becomes close-on-exec; -1 when there is none. */
void ready_take(int *ret_fd, int64_t *ret_parent);
/* Writes "endpoint NAME VALUE". Returns 0, -EINVAL (bad name or value), -errno. */
int must_check ready_endpoint(int fd, const char *name, const char *value);
/* Writes "ready" and closes the descriptor. */
int must_check ready_done(int *fd);
/* The variable that keeps an endpoint's address over a restart: "DESKBELL_KEEP_SMS_HEALTH". */
#define READY_KEEP_LEN (sizeof("DESKBELL_KEEP_") + READY_NAME_MAX)
int must_check ready_keep_name(const char *endpoint, char ret[READY_KEEP_LEN]);
/* `kept` (may be NULL) when `configured` leaves the port open, else `configured`. */
const char *ready_listen(const char *configured, const char *kept);

#endif
