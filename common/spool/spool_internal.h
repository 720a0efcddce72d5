/* SPDX-License-Identifier: Apache-2.0 */
/* The loop thread's side of the spool, shared by spool.c (taking, committing) and spool_read.c. */
#ifndef SPOOL_SPOOL_INTERNAL_H
#define SPOOL_SPOOL_INTERNAL_H

#include "spool/confirm_marks.h"
#include "spool/group.h"

/* libuv needs its handles until their close callbacks ran, after the spool is gone. */
struct spool_handles {
  uv_async_t done;
  uv_idle_t turn;
  uv_timer_t soon, hourly;
  unsigned open;
};

struct spool {
  uv_loop_t *loop;
  struct spool_handles *handles;
  int lock_fd;
  char *folder;
  struct record_file records;
  struct blob_store blobs;
  struct spool_writer writer;
  struct group *filling, *running, *spare;
  struct record_standing standing; /* as of the last finished group */
  uint64_t confirmed;
  struct confirm_marks marks;
  bool wanted;                     /* a group without records is to be written: purge, confirm, sweep */
  bool sweep;
  bool refused;                    /* an append was, since the last confirm */
  bool calling, closing;
  void (*notify)(void *arg);
  void *notify_arg;
};

/* Would a record of `len` bytes (header included) pass 80 % of the file? */
bool spool_full_for(const struct spool *s, size_t len);

#endif
