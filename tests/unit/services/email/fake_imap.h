/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail server in memory, in place of the IMAP client: folders with numbered mails that anybody may deliver to, move,
 * expunge and renumber, and that loses connections, refuses and leaves out as it is told.
 */
#ifndef TEST_FAKE_IMAP_H
#define TEST_FAKE_IMAP_H

#include "imap_client.h"

#define FAKE_MAILS 4096
#define FAKE_FOLDERS 4

struct fake_mail {
  uint32_t uid;
  char *bytes;
  int64_t date_ms;
  bool seen, keyword;
  enum { MAIL_GOOD, MAIL_REFUSED, MAIL_LEFT_OUT, MAIL_KILLS } how; /* what happens when it is fetched */
};

struct fake_folder {
  char name[64];
  uint32_t validity, next;
  struct fake_mail mails[FAKE_MAILS];
  size_t count;
};

struct fake_server {
  struct fake_folder folders[FAKE_FOLDERS];
  size_t folder_count;
  bool no_uidnext, no_validity, no_move, no_marks, down;
  bool refuse_list;        /* SEARCH answers NO */
  uint32_t said_size;      /* not 0: RFC822.SIZE of every mail, whatever it has */
  unsigned loses;          /* of a hundred requests, so many lose the connection, fetches in the middle */
  unsigned select_count, fetch_count, whole_count;
  struct imap_client *clients[8];
};

/* The one and only. */
extern struct fake_server server;

struct fake_folder *fake_folder(const char *name);
/* Gives the UID. */
uint32_t fake_deliver(struct fake_folder *f, const char *bytes);
void fake_expunge(struct fake_folder *f, size_t index);
/* To another folder, as MOVE does. */
void fake_move(struct fake_folder *from, size_t index, struct fake_folder *to);
/* All UIDs are new. */
void fake_renumber(struct fake_folder *f);
/* All connections are lost. */
void fake_drop_all(void);
/* Watching clients hear of it. */
void fake_changed(struct fake_folder *f, enum imap_change change);
void fake_server_free(void);

#endif
