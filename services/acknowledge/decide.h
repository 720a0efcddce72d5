/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be done about one entry of the journal, as arguments of deskbell_acknowledge (acknowledge.lua). Pure. */
#ifndef ACKNOWLEDGE_DECIDE_H
#define ACKNOWLEDGE_DECIDE_H

#include "acknowledgement/compose.h"
#include "journal/entry.h"
#include "pace.h"

enum { DECIDE_FIELDS = 12 };

struct decide_facts {
  const struct config *config;
  const struct desk *desk;
  const struct pace *pace;
  struct slice secret;
  uint64_t passed_version;       /* what this or an older desk definition routed is not asked about */
  int64_t now_ms;
};

/* True when the entry is a message that may be acknowledged or is to be said to be silent about; fills the arguments,
 * which live in the arena, the entry and `packed` (cleared first), or are static. False: nothing is to be said about it;
 * an event that cannot be read is in quarantine anyway. */
bool decide(const struct decide_facts *facts, const struct entry *entry, struct arena *a, struct buf *packed,
            struct slice ret[DECIDE_FIELDS]);

#endif
