/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is durably known of mailboxes, and its stored form. Plain data and pure functions.
 *
 * (mailbox, folder, UIDVALIDITY, UID) names one immutable mail for ever (TR-40), so each such mail has one row that
 * says what became of it. Stored numbers are little-endian but for keys, which sort; every row ends with a CRC-32C over
 * key and value, so that a damaged one is known as such.
 */
#ifndef MAILBOX_LEDGER_ROW_H
#define MAILBOX_LEDGER_ROW_H

#include "base/buf.h"
#include "base/id.h"

enum mail_outcome {
  MAIL_TRYING = 1,  /* fetching it failed `tries` times; it will be tried again */
  MAIL_STORED,      /* its event is in the spool, or was */
  MAIL_REPEAT,      /* the same event was stored from another place */
  MAIL_QUARANTINED, /* it could not be fetched; its event says so */
  MAIL_OVERSIZE,    /* its header was stored; the rest is still on the server */
  MAIL_SKIPPED,     /* there before the first run, and first_run says that such mails are not read */
};

/* `size` and `internal_date_ms` are the server's words. They tell a skipped mail after its folder was renumbered. */
struct ledger_mail {
  uint32_t folder;           /* ledger_folder.id */
  uint32_t uid_validity, uid;
  uint32_t epoch;            /* of the folder when it was written; an older one counts as not read (rescan) */
  enum mail_outcome outcome;
  bool marked;               /* nothing is left to be done on the server */
  uint8_t tries;
  uint32_t size;
  int64_t internal_date_ms;
  struct event_id id;        /* zero when there is no event */
};

struct ledger_folder {
  uint32_t id;               /* given by the ledger; never used again */
  uint32_t uid_validity;     /* 0: never selected */
  uint32_t first_uid;        /* what was there before the first run is below it; 1 after the folder was renumbered */
  uint32_t epoch;
};

/* Mails on the server, and what became of them: `missing` is what neither was stored nor is to be left out. */
struct mailbox_counts {
  uint32_t server, stored, repeats, oversize, quarantined, skipped, missing;
};

/* Up: connected, and the counts are of this connection. */
enum folder_state { FOLDER_NEVER, FOLDER_UP, FOLDER_DOWN };

#define FOLDER_WHY_MAX 300

/* How a folder stands, for whoever asks. Times are Unix ms; 0: never. */
struct ledger_status {
  enum folder_state state;
  struct mailbox_counts counts;
  int64_t as_of_ms;          /* when this was written */
  int64_t counted_ms;        /* when the server's list was last compared as a whole */
  int64_t state_since_ms;
  int64_t gap_since_ms;      /* the missing mail of the lowest UID is missing since then; 0: none is */
  uint32_t gap_uid;          /* which one that is */
  char why[FOLDER_WHY_MAX + 1]; /* FOLDER_DOWN: one sentence */
};

enum { LEDGER_MAIL_KEY = 12, LEDGER_MAIL_BYTES = 40, LEDGER_FOLDER_BYTES = 24, LEDGER_EVENT_BYTES = 20 };
#define LEDGER_STATUS_BYTES (1 + 1 + 7 * 4 + 4 * 8 + 4 + 2 + FOLDER_WHY_MAX + 4)

void ledger_mail_key(uint32_t folder, uint32_t uid_validity, uint32_t uid, uint8_t ret[LEDGER_MAIL_KEY]);
void ledger_mail_put(const struct ledger_mail *m, uint8_t ret[LEDGER_MAIL_BYTES]);
/* The readers return 0 or -EBADMSG. */
int must_check ledger_mail_get(struct slice key, struct slice value, struct ledger_mail *ret);

/* `key` is what the row stands under. */
void ledger_folder_put(struct slice key, const struct ledger_folder *f, uint8_t ret[LEDGER_FOLDER_BYTES]);
int must_check ledger_folder_get(struct slice key, struct slice value, struct ledger_folder *ret);

/* Returns the length. */
size_t ledger_status_put(struct slice key, const struct ledger_status *s, uint8_t ret[LEDGER_STATUS_BYTES]);
int must_check ledger_status_get(struct slice key, struct slice value, struct ledger_status *ret);

/* Where an event was first stored from. */
struct ledger_place {
  uint32_t folder, uid_validity, uid;
};
void ledger_event_put(const struct event_id *id, const struct ledger_place *p, uint8_t ret[LEDGER_EVENT_BYTES]);
int must_check ledger_event_get(const struct event_id *id, struct slice value, struct ledger_place *ret);

#endif
