/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The visible entry for a mail that was accepted and cannot be read (MI-40, G4), made in this program because the
 * parser could not: with the original's name, so that a person can look and try again.
 */
#ifndef EMAIL_QUARANTINE_H
#define EMAIL_QUARANTINE_H

#include "event/event.h"
#include "mail_record.h"

enum quarantine_reason {
  QUARANTINE_PARSER_DIED,
  QUARANTINE_PARSER_TIMEOUT,
  QUARANTINE_PART_TOO_LARGE,
  QUARANTINE_ORIGINAL_LOST,
  QUARANTINE_RECORD_UNREADABLE,
  QUARANTINE_NOT_FETCHED,
};

const char *quarantine_code(enum quarantine_reason reason);

/* For a mail: reads its original (at most `largest` bytes); one that is lost or damaged becomes its own reason.
 * Packs into `ret`. Returns 0; -errno when the original cannot be read now. */
int must_check quarantine_mail(struct blob_store *blobs, size_t largest, const struct mail_record *record, uint64_t seq,
                               enum quarantine_reason reason, struct arena *a, struct buf *ret,
                               struct event_id *ret_id);
/* For a record that is not understood: nothing is known but its number. `channel` is where it is shown. */
int must_check quarantine_record(const char *channel, uint64_t seq, int64_t taken_ms, struct slice payload,
                                 struct arena *a, struct buf *ret, struct event_id *ret_id);
/* For a mail that its server did not give after so many tries (TR-48): nothing is known but its place. `words`: the
 * server's. */
int must_check quarantine_unfetched(const char *channel, const struct mail_place *place, unsigned tries,
                                    struct slice words, int64_t now_ms, struct arena *a, struct buf *ret,
                                    struct event_id *ret_id);

#endif
