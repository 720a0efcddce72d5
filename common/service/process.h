/* SPDX-License-Identifier: Apache-2.0 */
/* What every Deskbell process does to itself before anything else. */
#ifndef SERVICE_PROCESS_H
#define SERVICE_PROCESS_H

#include "base/fault.h"

/* umask 077, SIGPIPE ignored, RLIMIT_NOFILE raised to the hard limit. Returns 0 or -errno (of the limit). */
int must_check process_prepare(void);
/* Asks for SIGTERM when the parent dies. `parent` is who it should be; 0: whoever it is. Returns 0, or -ESRCH when the
 * parent is gone already. Survives exec(). */
int must_check process_die_with_parent(int64_t parent);
/* Opens and locks `path` (flock), waiting at most `wait_ms` for another holder to end; `on_wait` (may be NULL) is
 * called once before waiting. Returns 0 (gives the descriptor, close-on-exec; closing it unlocks), -EWOULDBLOCK, -errno. */
int must_check process_lock(const char *path, int64_t wait_ms, void (*on_wait)(const char *path), int *ret_fd);

#endif
