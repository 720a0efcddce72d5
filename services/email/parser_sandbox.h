/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around the parser of strangers' mail (SE-30): it can compute and talk to its two pipes, nothing else.
 * No files, no network, no other programs, bounded memory, time and stack. Irrevocable.
 */
#ifndef EMAIL_PARSER_SANDBOX_H
#define EMAIL_PARSER_SANDBOX_H

#include "base/fault.h"

#define PARSER_STACK (8 * 1024 * 1024) /* parts nest fifty deep; nothing else that an outsider drives recurses */

/* First thing in the process: no descriptor but 0, 1, 2; dies with its parent; no core; limits. Returns 0 or -errno. */
int must_check sandbox_limit(uint64_t memory, uint64_t cpu_seconds);
/* Loads what the C library loads lazily from files (the time zone), since no file can be opened afterwards. What mail
 * needs of it (character sets), mime_start() has loaded. */
void sandbox_warm_up(void);
/* Shuts the door: no new privileges, and only harmless system calls. Returns 0 or -errno. */
int must_check sandbox_enter(void);

#endif
