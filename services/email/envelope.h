/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which spool records one mail becomes: one per distinct (channel, sub-address token) among its recipients. Two
 * recipients of the same channel and token are one target, so a mail to both sales@ and support@ of one channel is
 * one event. Pure.
 *
 * All targets of one channel are the same event in the end, and each costs a parse of the whole mail: beyond
 * ENVELOPE_TOKENS_MAX tokens of a channel, recipients fall to its last target.
 */
#ifndef EMAIL_ENVELOPE_H
#define EMAIL_ENVELOPE_H

#include "config/config.h"
#include "lmtp_dialogue.h"

#define ENVELOPE_TOKENS_MAX 8

struct envelope_target {
  const struct channel_config *channel; /* borrowed from the configuration */
  size_t recipient, recipient_len;      /* in `texts` */
  size_t token, token_len;              /* in `texts`, part of the recipient */
};

/* Zeroed at first; envelope_clear() for the next mail keeps the memory unless it was large. */
struct envelope {
  struct envelope_target *targets;
  size_t count, room;
  uint32_t *slots;   /* hash table of target numbers + 1; 0: free */
  size_t slot_count; /* a power of two, or 0 */
  struct buf texts;
};

/* Finds or makes the target of a recipient. Gives its number with LMTP_ACCEPTED only. */
enum lmtp_outcome envelope_add(struct envelope *e, const struct config *config, struct slice path,
                               uint32_t *ret_target);
/* Lent until the next envelope_add(). */
struct slice envelope_recipient(const struct envelope *e, const struct envelope_target *t);
struct slice envelope_token(const struct envelope *e, const struct envelope_target *t);
void envelope_clear(struct envelope *e);
void envelope_free(struct envelope *e);

#endif
