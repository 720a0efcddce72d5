/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox_view.h"
#include "base/clock.h"
#include <inttypes.h>
#include <stdlib.h>

static bool is_read(const struct config *config, const struct mailbox_config *mailbox) {
  const struct channel_config *channel = config_channel(config, slice_text(mailbox->channel));
  return mailbox->enabled && channel && channel->enabled;
}

int mailbox_view_each(const struct config *config, const char *name,
                      void (*each)(void *arg, const struct mailbox_view *v), void *arg) {
  struct ledger *ledger = NULL;
  char *path = config_path(config, MAILBOX_LEDGER_FOLDER);
  int r = ledger_view(path, &ledger);
  free(path);
  if (r < 0)
    return r;
  for (size_t i = 0; i < config->mailbox_count; i++) {
    const struct mailbox_config *m = &config->mailboxes[i];
    for (size_t k = 0; k < m->folder_count && (!name || strcmp(name, m->name) == 0); k++) {
      struct mailbox_view v = {.mailbox = m, .folder = m->folders[k], .read = is_read(config, m)};
      v.known = ledger && ledger_status(ledger, m->name, m->folders[k], &v.status) == 0;
      each(arg, &v);
    }
  }
  ledger_close(&ledger);
  return 0;
}

static int64_t age_ms(int64_t since_ms) {
  return since_ms ? clock_now_ms() - since_ms : 0;
}

void mailbox_view_text(const struct mailbox_view *v, struct buf *ret) {
  const struct ledger_status *s = &v->status;
  const struct mailbox_counts *c = &s->counts;
  if (!v->read)
    buf_add_text(ret, "disabled");
  else if (!v->known)
    buf_add_text(ret, "never reached");
  if (!v->read || !v->known)
    return;
  buf_printf(ret, "server %" PRIu32 ", stored %" PRIu32 ", quarantined %" PRIu32 ", skipped by rule %" PRIu32
             ", missing %" PRIu32, c->server, c->stored + c->repeats + c->oversize, c->quarantined, c->skipped,
             c->missing);
  if (c->missing && s->gap_since_ms)
    buf_printf(ret, " (for %" PRId64 "s)", age_ms(s->gap_since_ms) / 1000);
  if (s->state != FOLDER_UP)
    buf_printf(ret, "; not read for %" PRId64 "s: %s", age_ms(s->state_since_ms) / 1000, s->why);
}

bool mailbox_view_well(const struct mailbox_view *v) {
  const struct ledger_status *s = &v->status;
  if (!v->read)
    return true;
  return v->known && s->state == FOLDER_UP &&
         (!s->counts.missing || age_ms(s->gap_since_ms) <= v->mailbox->alarm_after_ms);
}
