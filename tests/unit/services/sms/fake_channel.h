/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for common/channel and the blob store: keeps what was taken in memory and commits when told. */
#ifndef TEST_SMS_FAKE_CHANNEL_H
#define TEST_SMS_FAKE_CHANNEL_H

#include "channel/channel.h"
#include "event/event.h"

#define FAKE_EVENTS_MAX 2048

struct fake_channel {
  uv_loop_t *loop;
  uv_timer_t timer;
  bool manual;              /* commits wait for fake_commit() */
  int take_outcome;         /* given by channel_take() instead of taking */
  size_t take_room;         /* events taken before take_outcome is given */
  int done_outcome;
  int blob_outcome;
  size_t blobs;
  struct buf last_blob;
  size_t events;            /* taken */
  struct buf event[FAKE_EVENTS_MAX];
  struct {
    spool_done *done;
    void *arg;
  } waiting[FAKE_EVENTS_MAX];
  size_t waiting_count;
};

extern struct fake_channel fake;

void fake_open(uv_loop_t *loop);
void fake_commit(void);
void fake_close(void);

#endif
