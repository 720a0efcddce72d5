/* SPDX-License-Identifier: Apache-2.0 */
/* Mailboxes of the server in memory (fake_imap.h), read into a real spool: starting, stopping, and what is in the spool
 * then. */
#ifndef TEST_MAILBOX_WORLD_H
#define TEST_MAILBOX_WORLD_H

#include "fake_channel.h"
#include "fake_imap.h"
#include "mail_record.h"
#include "mailbox/request.h"
#include "mime/mime.h"
#include "take_imap.h"

#define BOX "mailboxes:\n  - {name: box, channel: mail, host: 127.0.0.1, port: 143, tls: none, user: u, " \
            "password_file: p, poll: 1s"
#define ALL BOX ", first_run: all"

struct world {
  struct channel channel;
  struct mailboxes *mailboxes;
};

void open_boxes(struct world *w);
void begin(struct world *w, const char *yaml);
void end(struct world *w);
/* Stopped and started again, at whatever moment this is. */
void restart(struct world *w);
/* Mail n: "Subject: mail N"; valid until the next call. */
const char *mail_text(unsigned n);

/* What the spool holds. */
struct found {
  size_t records, events;  /* mails; quarantine entries */
  size_t *times;           /* of mail n; to be freed */
  size_t count;
  char channel[40], from[200], recipient[200], token[40]; /* of the last one */
  bool null_path;
  uint64_t left_behind;
};
struct found look(struct world *w, size_t count);
/* Each of the mails 0 … count-1 is there once. */
void assert_each_once(struct world *w, size_t count);

#define SERVER "deskbell_mailbox_server_mails"
#define STORED "deskbell_mailbox_stored_mails"
#define QUARANTINED "deskbell_mailbox_quarantined_mails"
#define SKIPPED "deskbell_mailbox_skipped_mails"
#define MISSING "deskbell_mailbox_missing_mails"
#define UP "deskbell_mailbox_folders_up"
int64_t gauge(const char *name);
/* Runs the loop until so many mails are on the server and all of them stored, but for these. */
void wait_until(struct world *w, int64_t mails, int64_t quarantined, int64_t skipped);
void turn(struct world *w, int times);
/* As `deskbell mailbox` does; waits until it was heard. */
void ask(struct world *w, enum mailbox_verb verb);

#endif
