/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing at most half full. Names come from documents that somebody sent, so the hash has a secret of this
 * process in it: nobody can choose names that meet in one place. */
#include "desk/names.h"
#include "base/digest.h"
#include "base/id.h"
#include <stdlib.h>

static uint64_t hash_of(struct slice name) {
  static uint64_t secret;
  if (!secret)
    random_bytes(&secret, sizeof(secret));
  return hash64_with(secret, name);
}

static struct name_slot *slot_of(const struct names *n, struct slice name, uint64_t hash) {
  size_t at = hash & (n->capacity - 1);
  while (n->slots[at].text) {
    const struct name_slot *s = &n->slots[at];
    if (s->hash == hash && s->len == name.len && memcmp(s->text, name.at, name.len) == 0)
      break;
    at = (at + 1) & (n->capacity - 1);
  }
  return &n->slots[at];
}

uint32_t names_find(const struct names *n, struct slice name) {
  if (n->count == 0)
    return NAMES_NONE;
  const struct name_slot *s = slot_of(n, name, hash_of(name));
  return s->text ? s->index : NAMES_NONE;
}

static void grow(struct names *n) {
  struct names larger = {.capacity = n->capacity ? n->capacity * 2 : 64, .count = n->count};
  larger.slots = must_calloc(larger.capacity, sizeof(*larger.slots));
  for (size_t i = 0; i < n->capacity; i++)
    if (n->slots[i].text)
      *slot_of(&larger, slice_of(n->slots[i].text, n->slots[i].len), n->slots[i].hash) = n->slots[i];
  free(n->slots);
  *n = larger;
}

bool names_add(struct names *n, struct slice name, uint32_t index) {
  if (2 * (n->count + 1) > n->capacity)
    grow(n);
  uint64_t hash = hash_of(name);
  struct name_slot *s = slot_of(n, name, hash);
  if (s->text)
    return false;
  *s = (struct name_slot){must_calloc(1, name.len + 1), (uint32_t)name.len, index, hash};
  memcpy(s->text, name.at, name.len);
  n->count++;
  return true;
}

void names_free(struct names *n) {
  for (size_t i = 0; i < n->capacity; i++)
    free(n->slots[i].text);
  free(n->slots);
  *n = (struct names){0};
}
