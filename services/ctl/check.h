/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of `deskbell check`: what each found is one line for a person, or one object with --json. */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include "journal.h"

struct checking {
  const struct ctl *ctl;
  json_t *results;
  bool failed;
};

/* Lends the object, for more fields. */
json_t *check_said(struct checking *c, bool good, const char *what, const char *detail);

/* Sends one test mail for each enabled e-mail channel (`channel` "": all) over the relay to the channel itself, and waits until
 * it is in the journal, for at most `patience_ms` each. Returns CTL_OK (what it found was said), or an exit status after saying
 * why nothing could be tried. */
int must_check check_deliver(struct checking *c, struct desk_view *v, const char *channel, int64_t patience_ms);

#endif
