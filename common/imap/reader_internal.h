/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reader share: its state, and one function for each place in a response. Such a function looks
 * at one token and returns an event, or GO_ON. */
#ifndef IMAP_READER_INTERNAL_H
#define IMAP_READER_INTERNAL_H

#include "imap/lexer.h"
#include "imap/reader.h"

#define GO_ON (-1)
#define NAME_MAX_BYTES 4096

enum place {
  AT_START,
  AT_UNTAGGED,
  AT_NUMBERED,  /* behind "* 12" */
  AT_TAGGED,
  AT_STATUS,
  AT_CODE,
  AT_CODE_REST,
  AT_CAPABILITY,
  AT_SEARCH,
  AT_ESEARCH,
  AT_SET,
  AT_LIST_FLAGS,
  AT_LIST_DELIMITER,
  AT_LIST_NAME,
  AT_STATUS_NAME,
  AT_STATUS_KEY,
  AT_STATUS_VALUE,
  AT_FETCH_KEY,
  AT_FETCH_VALUE,
  AT_FETCH_LIST,
  AT_FETCH_BODY,
  AT_REST,
};

enum key { KEY_OTHER, KEY_UID, KEY_FLAGS, KEY_SIZE, KEY_DATE };

/* A set of UIDs being read: "4,7:9". */
struct set_reading {
  uint64_t number, first;
  bool digits, has_first;
};

struct imap_reader {
  struct imap_lexer lexer;
  struct imap_response said;
  enum place place;
  enum imap_event event; /* at the end of the response */
  bool ended;            /* it was said; the next call begins anew */
  unsigned depth;
  unsigned list_depth;   /* of what a list stands in */
  enum key key;
  uint32_t *item;        /* where the next value of a STATUS goes */
  bool body_seen, run_waits;
  struct set_reading set;
  struct slice set_left;
  enum imap_event set_event;
  struct buf name;
  char words[IMAP_WORDS_MAX + 1];
};

static inline struct slice text(const struct imap_reader *r) {
  return imap_lexer_text(&r->lexer);
}

static inline bool is_text(enum imap_token t) {
  return t == TOKEN_ATOM || t == TOKEN_STRING;
}

static inline int rest(struct imap_reader *r) {
  r->place = AT_REST;
  return GO_ON;
}

/* OK, NO, capabilities, searches, folders: reader_data.c */
/* The token is a word of a status; the rest of the line is expected then. */
bool reader_begin_status(struct imap_reader *r);
int reader_begin_set(struct imap_reader *r, enum imap_event event);
/* The next range of a set of which a piece is at hand. */
int reader_next_range(struct imap_reader *r);
int reader_at_tagged(struct imap_reader *r, enum imap_token t);
int reader_at_status(struct imap_reader *r, enum imap_token t);
int reader_at_code(struct imap_reader *r, enum imap_token t);
int reader_at_code_rest(struct imap_reader *r, enum imap_token t);
int reader_at_capability(struct imap_reader *r, enum imap_token t);
int reader_at_search(struct imap_reader *r, enum imap_token t);
int reader_at_esearch(struct imap_reader *r, enum imap_token t);
int reader_at_set(struct imap_reader *r, enum imap_token t);
int reader_at_list_flags(struct imap_reader *r, enum imap_token t);
int reader_at_list_delimiter(struct imap_reader *r, enum imap_token t);
int reader_at_list_name(struct imap_reader *r, enum imap_token t);
int reader_at_status_name(struct imap_reader *r, enum imap_token t);
int reader_at_status_key(struct imap_reader *r, enum imap_token t);
int reader_at_status_value(struct imap_reader *r, enum imap_token t);

/* Mails: reader_fetch.c */
int reader_at_fetch_key(struct imap_reader *r, enum imap_token t);
int reader_at_fetch_value(struct imap_reader *r, enum imap_token t);
int reader_at_fetch_list(struct imap_reader *r, enum imap_token t);
int reader_at_fetch_body(struct imap_reader *r, enum imap_token t);

#endif
