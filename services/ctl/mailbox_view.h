/* SPDX-License-Identifier: Apache-2.0 */
/* How the configured mailboxes stand, as the program `email` wrote it down; also when it does not run. */
#ifndef CTL_MAILBOX_VIEW_H
#define CTL_MAILBOX_VIEW_H

#include "ctl.h"
#include "mailbox/ledger.h"

struct mailbox_view {
  const struct mailbox_config *mailbox; /* lent by the configuration */
  const char *folder;
  bool read;                            /* enabled, and its channel is */
  bool known;                           /* a status was found */
  struct ledger_status status;
};

/* Calls each() for every folder of the mailboxes; `name`: of this one only, NULL: of all. Returns 0, or -errno when the
 * ledger cannot be read. */
int must_check mailbox_view_each(const struct config *config, const char *name,
                                 void (*each)(void *arg, const struct mailbox_view *v), void *arg);
/* "server 120, stored 118, quarantined 1, skipped by rule 0, missing 1 (for 12s)", or why it is not read. */
void mailbox_view_text(const struct mailbox_view *v, struct buf *ret);
/* It is read, and adds up; a difference younger than alarm_after is no trouble yet. */
bool mailbox_view_well(const struct mailbox_view *v);

#endif
