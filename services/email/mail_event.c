/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_event.h"
#include <inttypes.h>

static int add_warning(contact_event *e, struct arena *a, const char *warning) {
  char **all = arena_alloc(a, (e->n_warnings + 1) * sizeof(*all));
  char *text = arena_copy(a, slice_text(warning));
  if (!all || !text)
    return -ENOMEM;
  if (e->n_warnings)
    memcpy(all, e->warnings, e->n_warnings * sizeof(*all));
  all[e->n_warnings++] = text;
  e->warnings = all;
  return 0;
}

int mail_event_set_place(contact_event *e, const struct mail_place *from, struct arena *a) {
  Deskbell__V1__MailboxPlace *to = arena_alloc(a, sizeof(*to));
  if (!to)
    return -ENOMEM;
  deskbell__v1__mailbox_place__init(to);
  to->mailbox = arena_copy(a, from->mailbox);
  to->folder = arena_copy(a, from->folder);
  to->uid_validity = from->uid_validity;
  to->uid = from->uid;
  e->place = to;
  e->signature = arena_copy(a, SLICE("imap"));
  return to->mailbox && to->folder && e->signature ? 0 : -ENOMEM;
}

/* TR-47: an agent must see that there is more, and where. */
static int note_left_behind(contact_event *e, const struct mail_record *record, struct arena *a) {
  const struct mail_place *p = &record->place;
  e->text = arena_printf(a, "[This mail is too large to be taken: %" PRIu64 " bytes. Only its header is here. The mail "
                         "itself is in mailbox %.*s, folder %.*s, as UID %" PRIu32 ".]", record->left_behind,
                         (int)p->mailbox.len, p->mailbox.at, (int)p->folder.len, p->folder.at, p->uid);
  return e->text ? add_warning(e, a, "oversize") : -ENOMEM;
}

int mail_event_complete(contact_event *e, const struct mail_record *record, struct arena *a) {
  int r = record->bare_line_end ? add_warning(e, a, "bare-line-end") : 0;
  if (r == 0 && record->place.uid)
    r = mail_event_set_place(e, &record->place, a);
  else if (r == 0 && !(e->signature = arena_copy(a, SLICE("lmtp"))))
    r = -ENOMEM;
  if (r == 0 && record->left_behind && e->kind == DESKBELL__V1__EVENT_KIND__MESSAGE)
    r = note_left_behind(e, record, a);
  if (r == 0 && !(e->original = event_blob_new(a, record->original.sha256, record->original.size)))
    r = -ENOMEM;
  return r;
}

bool mail_event_came_so(const contact_event *e, const struct mail_record *record) {
  const struct mail_place *p = &record->place;
  if (!p->uid)
    return !e->place && strcmp(e->signature, "lmtp") == 0;
  return e->place && strcmp(e->signature, "imap") == 0 && e->place->uid == p->uid &&
         e->place->uid_validity == p->uid_validity && slice_equal(slice_text(e->place->mailbox), p->mailbox) &&
         slice_equal(slice_text(e->place->folder), p->folder);
}
