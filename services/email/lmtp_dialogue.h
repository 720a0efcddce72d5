/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One LMTP conversation (RFC 2033) as a pure state machine: bytes in, events and replies out. It holds no socket, no
 * file and no clock. The user gives bytes to lmtp_next() until it says LMTP_MORE, acts on each event, and writes what
 * lmtp_output() holds. Events that ask something must be answered before the next lmtp_next().
 *
 * Replies come in the order of the commands (RFC 2920); after the final dot there is one per accepted recipient, in
 * their order (TR-03). While a message is being made durable (after LMTP_MESSAGE, until lmtp_answer_message()) the
 * dialogue takes no more bytes, so a reply can never overtake another.
 *
 * Limits: a command line (500 5.5.2, its rest is skipped), recipients (452 4.5.3), content (552 5.3.4 after its end;
 * the connection stays usable), mistakes (421 4.7.0), unwritten replies (LMTP_WRITE_FIRST).
 */
#ifndef EMAIL_LMTP_DIALOGUE_H
#define EMAIL_LMTP_DIALOGUE_H

#include "base/buf.h"
#include "lmtp_command.h"

#define LMTP_OUTPUT_MAX (64 * 1024) /* unwritten replies above which no command is taken */
#define LMTP_MISTAKES_MAX 50
#define LMTP_COMMAND_LEAST 1024     /* no limit of a line is shorter: 512 (RFC 5321) and what extensions add */

struct lmtp_limits {
  uint64_t max_size;      /* bytes of content */
  uint32_t max_recipients;
  size_t command_max;     /* bytes of a command line with its CRLF */
};

enum lmtp_event {
  LMTP_MORE,        /* all bytes are used up */
  LMTP_WRITE_FIRST, /* write the output, then go on with the same bytes */
  LMTP_WAIT,        /* lmtp_answer_message() is due */
  LMTP_MAIL,        /* a new transaction: forget the former one's recipients */
  LMTP_RECIPIENT,   /* asks: lmtp_path(), lmtp_answer_recipient() */
  LMTP_DATA,        /* asks: lmtp_answer_data() */
  LMTP_CONTENT,     /* a run of content is lent; lmtp_refuse() when it cannot be kept */
  LMTP_DISCARD,     /* the content grew too large: throw away what was kept; no more of it comes */
  LMTP_MESSAGE,     /* asks, not at once: the content is complete, lmtp_answer_message() */
  LMTP_CLOSE,       /* write the output and close */
};

/* What becomes of a recipient, of a message, or of the whole connection: rows of the table of replies. */
enum lmtp_outcome {
  LMTP_ACCEPTED,
  LMTP_UNKNOWN_MAILBOX,  /* 550 5.1.1 */
  LMTP_DISABLED_MAILBOX, /* 550 5.2.1 */
  LMTP_TOO_LARGE,        /* 552 5.3.4 */
  LMTP_NO_ROOM,          /* 452 4.3.1 */
  LMTP_TROUBLE,          /* 451 4.3.0 */
};

struct lmtp_result {
  enum lmtp_outcome outcome;
  uint64_t record;        /* shown to the sender when accepted */
};

struct lmtp_message {
  struct lmtp_sender sender;
  bool bare_line_end;
  uint64_t size;          /* bytes of content */
  size_t recipients;      /* accepted */
};

struct lmtp;

/* `host` names us in the greeting, which is the first output. Gives the dialogue. */
struct lmtp *lmtp_new(const struct lmtp_limits *limits, const char *host);
void lmtp_free(struct lmtp **l);

/* Takes from *bytes up to the next event. `*ret_content` is lent with LMTP_CONTENT only. */
enum lmtp_event lmtp_next(struct lmtp *l, struct slice *bytes, struct slice *ret_content);
/* The address of LMTP_RECIPIENT; lent until the answer. */
struct slice lmtp_path(const struct lmtp *l);
/* `target`: the user's number for what the recipient stands for; several recipients may share one. */
void lmtp_answer_recipient(struct lmtp *l, enum lmtp_outcome outcome, uint32_t target);
/* LMTP_ACCEPTED invites the content; another outcome refuses it before it is sent. */
void lmtp_answer_data(struct lmtp *l, enum lmtp_outcome outcome);
/* The rest of this content is skipped, and each recipient hears `outcome` at its end. */
void lmtp_refuse(struct lmtp *l, enum lmtp_outcome outcome);
/* The message of the transaction; lent until it is answered. */
const struct lmtp_message *lmtp_message(const struct lmtp *l);
/* `results` is indexed by target. */
void lmtp_answer_message(struct lmtp *l, const struct lmtp_result *results, size_t count);

/* Says 421 4.3.2 as soon as no transaction is open. Call lmtp_next() afterwards. */
void lmtp_drain(struct lmtp *l);
/* Says 421 4.4.2 now. */
void lmtp_timeout(struct lmtp *l);
/* The greeting's place when there are too many connections: 421 4.3.2. */
struct slice lmtp_busy_greeting(void);

/* Replies to be written; the user consumes them. */
struct buf *lmtp_output(struct lmtp *l);
/* A final dot was not answered yet. */
bool lmtp_waiting(const struct lmtp *l);
bool lmtp_in_transaction(const struct lmtp *l);

#endif
