/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done in a folder: the server's list of UIDs and the ledger's rows, compared. Linear in both; a folder
 * of a million mails without holes costs as much as its rows. Pure.
 *
 * There is no "last UID": what is missing is exactly what has no row, so a mail that could not be fetched, or was being
 * fetched when the program died, is not forgotten because later ones went well.
 */
#ifndef MAILBOX_SURVEY_H
#define MAILBOX_SURVEY_H

#include "imap/uid_set.h"
#include "mailbox/ledger_row.h"

#define SURVEY_RANGES_MAX (1 << 18) /* of each set: 2 MiB. Beyond, a set is `full`: do what it has and look again */

struct survey {
  const struct ledger_folder *folder; /* borrowed */
  const struct uid_range *server;     /* borrowed: ascending, disjoint */
  size_t server_count;
  bool skipped_stay;                  /* of those found again after a renumbering; set it after survey_begin() */
  uint32_t next;                      /* UIDs of server[0] from here on have not been compared */
  struct mailbox_counts counts;       /* `missing` has what is in `missing` and `old` */
  struct uid_set missing;             /* to be read */
  struct uid_set old;                 /* the same, but there before the first run: first_run decides about them */
  struct uid_set unmarked;            /* stored or repeated; the server is still to be told */
  struct uid_set gone;                /* rows whose mails are not on the server any more */
};

void survey_begin(struct survey *s, const struct ledger_folder *folder, const struct uid_range *server, size_t count);
/* The rows of the folder's present numbering, by rising UID. */
void survey_row(struct survey *s, const struct ledger_mail *row);
void survey_end(struct survey *s);
/* Gives the sets' memory back. */
void survey_free(struct survey *s);

#endif
