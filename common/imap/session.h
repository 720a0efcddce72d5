/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One IMAP conversation after the login, as a pure state machine: requests, bytes and the time in; commands and
 * events out. It holds no socket and no clock.
 *
 * Use: give bytes to imap_session_next() until it says SESSION_MORE, acting on each event; write what
 * imap_session_output() holds; call imap_session_tick() at imap_session_due() at the latest. After anything was
 * asked, call imap_session_next() with no bytes, which writes the next commands.
 *
 * Order: requests begin in the order they were made. FETCH and STORE commands are pipelined, up to SESSION_COMMANDS
 * at a time, of at most one request of a kind; everything else goes alone. Each request ends with exactly one
 * SESSION_DONE, also after imap_session_lose().
 *
 * What is asked of a server, besides: CAPABILITY and ID at the start, IDLE or NOOP when nothing is asked.
 */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include "imap/command.h"

#define SESSION_COMMANDS 4          /* on their way at a time */
#define SESSION_FETCH_UIDS 50       /* mails of one FETCH command */
#define SESSION_UIDS 500            /* mails of one command that gives or changes little */
#define SESSION_SET_BYTES 1000      /* of the UIDs in a command (RFC 7162 section 4 wants commands below 8192) */
#define SESSION_QUIET_MS 200        /* nothing asked for so long: watching begins */
#define SESSION_ANSWER_MS 20000     /* for what a server answers without thinking: DONE, NOOP */
#define SESSION_IDLE_MOST_MS (29 * 60 * 1000)

struct imap_session_options {
  int64_t command_ms, probe_ms, idle_ms, poll_ms; /* as in struct imap_client_options, none 0 */
  bool never_idle;
  const char *version; /* for ID; borrowed */
};

enum session_event {
  SESSION_MORE,       /* all bytes are used up, nothing is left to say */
  SESSION_READY,      /* capabilities */
  SESSION_CHANGED,    /* gone: mails were expunged; else there are new ones */
  SESSION_ALERT,      /* words for the operator */
  SESSION_SIZE,       /* user, mail */
  SESSION_BODY_BEGIN, /* user, mail */
  SESSION_BODY_RUN,   /* user, run */
  SESSION_BODY_END,   /* user, mail, end */
  SESSION_LISTED,     /* user, name, selectable */
  SESSION_DONE,       /* user, result; and folder, status or ranges */
  SESSION_ENDED,      /* the connection is of no more use: why, words. Close it and call imap_session_lose() */
};

enum session_end {
  SESSION_SAID_BYE,
  SESSION_SILENT,   /* over its deadline */
  SESSION_NONSENSE, /* cannot be read */
};

/* What belongs to an event; lent until the next call. */
struct session_said {
  void *user; /* of the request */
  unsigned capabilities;
  bool gone;
  enum session_end why;
  struct slice words;
  struct imap_mail mail;
  enum imap_mail_end end;
  struct slice run;
  struct slice name;
  bool selectable;
  struct imap_result result;
  struct imap_folder folder;
  struct imap_status status;
  const struct uid_range *ranges;
  size_t count;
};

struct imap_session;

/* The connection is logged in. */
struct imap_session *imap_session_new(const struct imap_session_options *options, int64_t now_ms);
void imap_session_free(struct imap_session **s);
enum session_event imap_session_next(struct imap_session *s, struct slice *bytes, int64_t now_ms);
const struct session_said *imap_session_said(const struct imap_session *s);
/* Bytes to be written; the user consumes them. At most a few KiB, however much is asked. */
struct buf *imap_session_output(struct imap_session *s);
/* When imap_session_tick() is due; INT64_MAX: not. */
int64_t imap_session_due(const struct imap_session *s);
/* Does what the time asks for; then call imap_session_next(). */
void imap_session_tick(struct imap_session *s, int64_t now_ms);
/* The user did not listen for a while: deadlines begin anew. */
void imap_session_resumed(struct imap_session *s, int64_t now_ms);
/* The connection is gone: imap_session_next() then ends a mail that was begun and every request, and takes no bytes. */
void imap_session_lose(struct imap_session *s);
/* Adds LOGOUT to the output, unless that would be out of place now. */
void imap_session_logout(struct imap_session *s);
size_t imap_session_waiting(const struct imap_session *s);

/* Requests; what they do is said in imap_client.h of the user. `user` comes back with the events. Nothing is done
 * within the call. Names and ranges are copied. A request that cannot be made (a name that is none) ends as
 * IMAP_UNSUPPORTED. */
void imap_session_select(struct imap_session *s, struct slice folder, bool examine, void *user);
void imap_session_search(struct imap_session *s, const struct imap_search *search, void *user);
void imap_session_sizes(struct imap_session *s, const struct uid_range *ranges, size_t count, void *user);
void imap_session_fetch(struct imap_session *s, const struct uid_range *ranges, size_t count, enum imap_part part,
                        void *user);
void imap_session_mark(struct imap_session *s, const struct uid_range *ranges, size_t count, struct slice flag,
                       void *user);
void imap_session_move(struct imap_session *s, const struct uid_range *ranges, size_t count, struct slice folder,
                       void *user);
void imap_session_create(struct imap_session *s, struct slice folder, void *user);
void imap_session_status(struct imap_session *s, struct slice folder, void *user);
void imap_session_list(struct imap_session *s, struct slice pattern, void *user);

#endif
