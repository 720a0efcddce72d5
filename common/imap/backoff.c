/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/backoff.h"

int64_t backoff_next(struct backoff *b, bool refused, int64_t up_ms, uint32_t random) {
  const int64_t first = refused ? BACKOFF_REFUSED_FIRST_MS : BACKOFF_FIRST_MS;
  const int64_t most = refused ? BACKOFF_REFUSED_MOST_MS : BACKOFF_MOST_MS;
  if (up_ms >= BACKOFF_HEALTHY_MS || !b->next_ms || b->refused != refused)
    b->next_ms = first;
  b->refused = refused;
  const int64_t step = b->next_ms;
  b->next_ms = step * 2 > most ? most : step * 2;
  return step / 2 + (int64_t)(random % (uint64_t)(step / 2 + 1));
}
