/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of small sets: a key may live in any slot of its set, and the stalest of the set makes room. Nothing is
 * allocated after the start, and a flood of keys costs the flooders' own slots first. Keys are kept as a seeded hash:
 * a peer cannot choose an address that shares another's bucket without knowing the seed.
 */
#include "http/bucket.h"
#include "base/digest.h"
#include <stdlib.h>

#define WAYS 8

struct bucket {
  uint64_t key;      /* 0: free */
  int64_t used_ms;
  double tokens;     /* as of used_ms */
};

struct bucket_table {
  uint64_t seed;
  double per_second, burst;
  size_t sets, ways;
  struct bucket buckets[];
};

struct bucket_table *bucket_table_new(size_t slots, double per_second, double burst) {
  assert(slots > 0 && per_second >= 0 && burst >= 1);
  size_t ways = slots < WAYS ? slots : WAYS, sets = slots / ways;
  struct bucket_table *t = must_calloc(1, sizeof(*t) + sets * ways * sizeof(struct bucket));
  t->ways = ways;
  t->sets = sets;
  t->per_second = per_second;
  t->burst = burst;
  random_bytes(&t->seed, sizeof(t->seed));
  return t;
}

void bucket_table_free(struct bucket_table **t) {
  if (!t || !*t)
    return;
  free(*t);
  *t = NULL;
}

/* FNV-1a from a secret start, then mixed, so that neighbours fall into different sets. */
static uint64_t key_of(const struct bucket_table *t, struct slice key) {
  uint64_t h = t->seed;
  for (size_t i = 0; i < key.len; i++)
    h = (h ^ (unsigned char)key.at[i]) * 0x100000001b3u;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  h ^= h >> 33;
  return h ? h : 1;
}

static struct bucket *find(struct bucket_table *t, uint64_t key, int64_t now_ms) {
  struct bucket *set = &t->buckets[key % t->sets * t->ways], *stalest = set;
  for (size_t i = 0; i < t->ways; i++) {
    if (set[i].key == key)
      return &set[i];
    if (set[i].key == 0 || (stalest->key != 0 && set[i].used_ms < stalest->used_ms))
      stalest = stalest->key == 0 ? stalest : &set[i];
  }
  *stalest = (struct bucket){.key = key, .used_ms = now_ms, .tokens = t->burst};
  return stalest;
}

int64_t bucket_take(struct bucket_table *t, struct slice key, int64_t now_ms) {
  struct bucket *b = find(t, key_of(t, key), now_ms);
  if (now_ms > b->used_ms) { /* a clock that goes back gives nothing */
    b->tokens += (double)(now_ms - b->used_ms) * t->per_second / 1000;
    if (b->tokens > t->burst)
      b->tokens = t->burst;
    b->used_ms = now_ms;
  }
  if (b->tokens >= 1) {
    b->tokens -= 1;
    return 0;
  }
  if (t->per_second <= 0)
    return INT64_MAX;
  double wait_ms = (1 - b->tokens) * 1000 / t->per_second;
  int64_t wait = (int64_t)wait_ms;
  return (double)wait < wait_ms || wait == 0 ? wait + 1 : wait;
}
