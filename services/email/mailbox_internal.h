/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a mailbox's folder share: mailbox_folder.c (life, what is next, how it stands), mailbox_list.c (what
 * the server has), mailbox_fetch.c (fetching and handing over), mailbox_mark.c (telling the server). */
#ifndef EMAIL_MAILBOX_INTERNAL_H
#define EMAIL_MAILBOX_INTERNAL_H

#include "mailbox/survey.h"
#include "mailbox_folder.h"

enum {
  WANTED_MOST = 500,               /* sizes asked for at a time */
  FETCH_MAILS = 200,               /* of one fetch */
  FETCH_BYTES = 4 * 1024 * 1024,   /* the same; a larger mail comes alone */
  HAND_MAILS = 1000,               /* fetched, not yet in the ledger: no more is fetched above */
  HAND_BYTES = 32 * 1024 * 1024,
  MARKS_AT_A_TIME = 200,
};

/* A mail that is to be fetched. */
struct wanted {
  uint32_t uid, size;
  int64_t internal_date_ms;
  bool came;                       /* whole, or it is known to be gone */
};

/* Of a mail that was left out at the first run. */
struct fingerprint {
  uint32_t size;
  int64_t internal_date_ms;
};

struct mailbox_folder {
  struct mailbox_folder_options o;
  uv_loop_t *loop;
  struct imap_client *client;
  struct ledger_folder row;
  bool up, selected;               /* logged in; the folder is open and its numbering known */
  bool busy;                       /* a request is on its way, or a commit that the next one waits for */
  uint64_t connection, met;        /* which one this is; the one whose numbering was last looked at */
  bool draining, closing, told;
  bool count_wanted, search_wanted, since_wanted;
  bool renumbered;                 /* what is in hand has UIDs of the former numbering */
  bool more;                       /* the sets below could not hold all: count again when they are done */
  bool paused;                     /* something is full; `again` runs */
  uint32_t highest;                /* UID seen on the server */

  struct mailbox_counts counts;
  struct uid_set missing, old;     /* as in struct survey, less what is in the following four */
  struct uid_set suspects;         /* missing ones that are fetched singly */
  struct wanted sized[WANTED_MOST]; /* missing ones whose size is known: sized[sized_first] … */
  size_t sized_first, sized_count;
  struct wanted batch[WANTED_MOST]; /* asked for in the request under way, by rising UID */
  size_t batch_count;
  bool header_only;                /* the batch is */
  struct uid_set in_hand;          /* fetched, on their way into spool and ledger */
  struct uid_set awaited;          /* those of in_hand that are counted as missing until they are there */
  size_t hand_count;
  uint64_t hand_bytes;
  struct incoming *current;        /* being received */
  uint32_t current_uid;
  unsigned fruitless;              /* suspects that failed since the last mail that went well */
  uint32_t last_suspect;
  uint64_t suspect_due_ms;         /* loop time */

  struct uid_set unmarked, marking;
  bool marks_refused;              /* in this connection */
  struct fingerprint *skipped;     /* sorted; of former numberings */
  size_t skipped_count;

  uv_timer_t reconcile, again, tell;
  unsigned handles;
  struct ledger_status status;
  bool status_changed;
  bool alarmed;
};

/* mailbox_folder.c: something ended; what is next? */
void folder_step(struct mailbox_folder *f);
/* The request that was under way went wrong: the connection is lost, or the server refuses; it is tried again later. */
void folder_give_up(struct mailbox_folder *f, const struct imap_result *result, const char *what);
/* All that the server has was counted: from now on the numbers are those of this connection. */
void folder_is_up(struct mailbox_folder *f);
/* A request ended. Returns whether the connection is still there; when not, the next ready() goes on. */
bool folder_back(struct mailbox_folder *f, const struct imap_result *result);
/* It was closed, and nothing is under way any more. To be called last. */
void folder_free_when_done(struct mailbox_folder *f);
/* Counts or sets changed: how it stands is written down soon. */
void folder_changed(struct mailbox_folder *f);
/* Looks again in a while. */
void folder_pause(struct mailbox_folder *f, int64_t ms);

/* mailbox_list.c */
void folder_count(struct mailbox_folder *f);   /* everything the server has */
void folder_search(struct mailbox_folder *f);  /* what is new */
void folder_decide_old(struct mailbox_folder *f);
void folder_sizes(struct mailbox_folder *f);
/* The mail of the request under way that has not come yet; lent, or NULL. */
struct wanted *folder_asked(struct mailbox_folder *f, uint32_t uid);
/* A missing mail is no longer on the server. */
void folder_lost(struct mailbox_folder *f, uint32_t uid);

/* mailbox_fetch.c */
bool folder_may_fetch(struct mailbox_folder *f);
bool folder_suspect_due(const struct mailbox_folder *f);
void folder_fetch(struct mailbox_folder *f);
void folder_fetch_suspect(struct mailbox_folder *f);
/* Puts back what was to be fetched; the connection is gone, or everything is counted anew. */
void folder_forget_sized(struct mailbox_folder *f);

/* mailbox_mark.c */
bool folder_should_mark(const struct mailbox_folder *f);
void folder_mark(struct mailbox_folder *f);

#endif
