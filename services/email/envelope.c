/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table, because an outsider chooses the number of recipients and each must be compared with all before it. */
#include "envelope.h"
#include "base/id.h"
#include "text/address.h"
#include <stdlib.h>

#define KEPT_TARGETS 16 /* memory an idle connection may keep */

struct slice envelope_recipient(const struct envelope *e, const struct envelope_target *t) {
  return slice_of(e->texts.at + t->recipient, t->recipient_len);
}

struct slice envelope_token(const struct envelope *e, const struct envelope_target *t) {
  return slice_of(e->texts.at + t->token, t->token_len);
}

static uint64_t hash_of(const struct channel_config *channel, struct slice token) {
  return hash64(token) ^ ((uint64_t)(uintptr_t)channel * 0x9e3779b97f4a7c15u);
}

/* The slot of the target, or the free one it belongs in. */
static uint32_t *find_slot(const struct envelope *e, const struct channel_config *channel, struct slice token) {
  for (size_t i = hash_of(channel, token);; i++) {
    uint32_t *slot = &e->slots[i & (e->slot_count - 1)];
    if (!*slot)
      return slot;
    const struct envelope_target *t = &e->targets[*slot - 1];
    if (t->channel == channel && slice_equal(envelope_token(e, t), token))
      return slot;
  }
}

static void grow(struct envelope *e) {
  e->room = e->room ? 2 * e->room : 8;
  e->targets = must_realloc(e->targets, e->room * sizeof(*e->targets));
  free(e->slots);
  e->slot_count = 2 * e->room;
  e->slots = must_calloc(e->slot_count, sizeof(*e->slots));
  for (size_t i = 0; i < e->count; i++)
    *find_slot(e, e->targets[i].channel, envelope_token(e, &e->targets[i])) = (uint32_t)i + 1;
}

/* The number of the channel's last target when it has all the tokens it may have, else 0; numbers count from 1. */
static uint32_t overflow(const struct envelope *e, const struct channel_config *channel) {
  size_t tokens = 0;
  uint32_t last = 0;
  for (size_t i = 0; i < e->count; i++)
    if (e->targets[i].channel == channel && e->targets[i].token_len) {
      tokens++;
      last = (uint32_t)i + 1;
    }
  return tokens < ENVELOPE_TOKENS_MAX ? 0 : last;
}

enum lmtp_outcome envelope_add(struct envelope *e, const struct config *config, struct slice path,
                               uint32_t *ret_target) {
  struct slice local, token, domain;
  if (!address_split_token(path, &local, &token, &domain))
    return LMTP_UNKNOWN_MAILBOX;
  const struct channel_config *channel = config_channel_for_recipient(config, local, domain);
  if (!channel)
    return LMTP_UNKNOWN_MAILBOX;
  if (!channel->enabled)
    return LMTP_DISABLED_MAILBOX;
  if (e->count == e->room)
    grow(e);
  uint32_t *slot = find_slot(e, channel, token), number = *slot;
  if (!number && token.len)
    number = overflow(e, channel);
  if (!number) {
    e->texts.max = SIZE_MAX / 2; /* the dialogue bounds both the recipients and the length of each */
    size_t at = e->texts.len;
    buf_add_slice(&e->texts, path);
    size_t token_at = token.len ? at + (size_t)(token.at - path.at) : at;
    e->targets[e->count++] = (struct envelope_target){channel, at, path.len, token_at, token.len};
    number = *slot = (uint32_t)e->count;
  }
  *ret_target = number - 1;
  return LMTP_ACCEPTED;
}

void envelope_clear(struct envelope *e) {
  if (e->room > KEPT_TARGETS) {
    envelope_free(e);
    return;
  }
  for (size_t i = 0; i < e->slot_count; i++)
    e->slots[i] = 0;
  e->count = 0;
  buf_clear(&e->texts);
}

void envelope_free(struct envelope *e) {
  free(e->targets);
  free(e->slots);
  buf_free(&e->texts);
  *e = (struct envelope){0};
}
