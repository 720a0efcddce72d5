/* SPDX-License-Identifier: Apache-2.0 */
/* A channel with a real spool and no router, in a folder of its own: what is normalised is kept to be looked at. */
#ifndef TEST_FAKE_CHANNEL_H
#define TEST_FAKE_CHANNEL_H

#include "channel/channel.h"
#include "event/event.h"

#define FAKE_EVENTS 512
#define FAKE_BLOB_MAX (1024 * 1024)

struct fake_event {
  uint64_t seq;
  struct event_id id;
  contact_event *event;
};

struct channel {
  uv_loop_t loop;
  char folder[64];
  struct config *config;
  struct spool *spool;
  uint64_t read;
  void (*normalise)(void *arg, struct channel *c, const struct spool_record *record);
  void *arg;
  struct fake_event events[FAKE_EVENTS];
  size_t count;
  struct arena *arena;
  int (*take)(struct channel *c); /* NULL: take; else what channel_take() returns instead, 0: take */
};

/* `yaml`: more of the configuration ("email:\n  …"). */
void fake_channel_open(struct channel *c, const char *yaml);
/* Closes the spool, runs the loop to its end, removes the folder. */
void fake_channel_end(struct channel *c);
/* The spool closed and opened again, as after a crash: what was not confirmed is read again. */
void fake_channel_reopen(struct channel *c);
/* Runs the loop until there are so many events. */
void fake_channel_wait(struct channel *c, size_t count);
/* The event of a record, or NULL. */
const struct fake_event *fake_channel_event(const struct channel *c, uint64_t seq);

#endif
