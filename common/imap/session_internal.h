/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the session share. */
#ifndef IMAP_SESSION_INTERNAL_H
#define IMAP_SESSION_INTERNAL_H

#include "imap/reader.h"
#include "imap/session.h"

enum request_kind {
  REQUEST_SELECT,
  REQUEST_SEARCH,
  REQUEST_SIZES,
  REQUEST_FETCH,
  REQUEST_MARK,
  REQUEST_MOVE,
  REQUEST_CREATE,
  REQUEST_STATUS,
  REQUEST_LIST,
};

/* How a set is moved: in one, or in three steps. */
enum move_step { MOVE_AT_ONCE, MOVE_COPY, MOVE_DELETE, MOVE_EXPUNGE };

struct request {
  struct request *next;
  enum request_kind kind;
  void *user;
  bool examine;
  enum imap_part part;
  struct imap_search search;
  struct buf argument;         /* on the wire: folder, pattern, flag */
  struct uid_range *ranges;    /* owned */
  struct uid_range *left;      /* not yet in a command */
  size_t left_count;
  enum move_step step;
  struct buf set;              /* being moved */
  bool written;                /* all its commands are */
  unsigned on_way;             /* of them, unanswered */
  struct imap_result result;
  char words[IMAP_WORDS_MAX + 1];
};

enum command_kind { COMMAND_NONE, COMMAND_CAPABILITY, COMMAND_ID, COMMAND_IDLE, COMMAND_NOOP, COMMAND_REQUEST };

struct command {
  enum command_kind kind;
  uint32_t tag;
  struct request *request;
  struct uid_set asked; /* and not yet given */
};

enum session_state { STATE_NEW, STATE_GREETING, STATE_UP, STATE_ENDED, STATE_LOST };
enum session_watch { WATCH_NOT, WATCH_IDLE_ASKED, WATCH_IDLE, WATCH_DONE, WATCH_NOOP };

struct request_list {
  struct request *first, **end;
};

struct imap_session {
  struct imap_session_options options;
  struct imap_reader *reader;
  struct buf output;
  struct session_said said;
  enum session_state state;
  bool ready_due, end_due, tagged_waits;
  unsigned capabilities;
  struct imap_folder folder;
  bool selected;
  struct request_list requests; /* not yet done, in order */
  struct request_list finished; /* not yet reported */
  struct request *reported;
  size_t waiting;
  struct command commands[SESSION_COMMANDS];
  unsigned on_way;
  uint32_t tag;
  struct command *body;         /* whose mail is being received */
  struct uid_set found;
  struct imap_status status;
  enum session_watch watch;
  int64_t now_ms, heard_ms, sent_ms;
  int64_t quiet_ms;             /* nothing is asked since then */
  int64_t idle_ms;              /* IDLE since then */
};

/* Requests: session_request.c */
void session_requests_init(struct request_list *list);
void session_request_free(struct request **r);
/* Writes the commands that may go now. Requests without any end up in `finished`. */
void session_requests_advance(struct imap_session *s);
/* A command of a request was answered: goes on with it or finishes it. */
void session_request_answered(struct imap_session *s, struct request *r, const struct imap_response *said);
/* Ends all of them. */
void session_requests_lose(struct imap_session *s);
/* The request of this kind that has a command on its way. */
struct command *session_command_of(struct imap_session *s, enum request_kind kind);

/* Commands: session.c */
/* Begins a command: takes a slot and writes the tag; the caller adds the rest with CRLF. */
struct command *session_command_begin(struct imap_session *s, enum command_kind kind);

/* Watching: session_watch.c */
/* A request wants to go: ends IDLE. Returns whether the way is free. */
bool session_watch_give_way(struct imap_session *s);
void session_watch_continue(struct imap_session *s);
void session_watch_answered(struct imap_session *s, enum command_kind kind, enum imap_status_word status);
void session_end(struct imap_session *s, enum session_end why, struct slice words);

#endif
