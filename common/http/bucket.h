/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets per key (peer address, customer address) in a fixed table: at the limit the stalest is reused. */
#ifndef HTTP_BUCKET_H
#define HTTP_BUCKET_H

#include "base/slice.h"

struct bucket_table;

/* `slots` keys at most; each key has `burst` tokens, refilled at `per_second`. */
struct bucket_table *bucket_table_new(size_t slots, double per_second, double burst);
void bucket_table_free(struct bucket_table **t);
/* Takes one token. Returns 0 when there was one, else the milliseconds until there is (> 0). */
int64_t bucket_take(struct bucket_table *t, struct slice key, int64_t now_ms);

#endif
