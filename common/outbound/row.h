/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands on disk about one message beside its bytes. Versioned, little-endian, with a CRC-32C in front; a row that does
 * not check out is said to be damaged, never guessed. Pure. Inside common/outbound only.
 */
#ifndef OUTBOUND_ROW_H
#define OUTBOUND_ROW_H

#include "outbound/outbound.h"

enum { ROW_DAMAGED = 1 };

#define ROW_TEXT_MAX 1000
#define ROW_IDS_MAX 4000
#define ROW_TEXTS 5
#define ROW_MAX (80 + ROW_TEXTS * (2 + ROW_TEXT_MAX) + 2 + ROW_IDS_MAX)

struct row {
  enum delivery_state state;
  enum delivery_state told;    /* whose status event is in the spool, … */
  uint32_t told_attempt;       /* … of this try */
  uint32_t attempt;
  bool committing;             /* a try had begun to make the next system act */
  bool kept_back;              /* unsure, and not sent again by itself */
  uint32_t part, parts;        /* sent in `parts` (0: as a whole), so many of them are through */
  uint32_t part_began;         /* the last try before this part, or before an operator's retry */
  int64_t created_ms, changed_ms, next_try_ms, expires_ms;
  struct slice why, code, destination, channel, to_key; /* each at most ROW_TEXT_MAX */
  struct slice provider_id;    /* at most ROW_IDS_MAX; of parts, joined by OUTBOUND_ID_SEPARATOR */
};

/* Writes at most ROW_MAX bytes; gives how many. */
size_t row_pack(const struct row *row, char ret[ROW_MAX]);
/* Texts are lent from `bytes`. Returns 0 or ROW_DAMAGED. */
int must_check row_unpack(struct slice bytes, struct row *ret);

#endif
