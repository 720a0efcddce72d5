/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an IMAP server says (RFC 3501, RFC 9051), as events: bytes in, one event at a time out. It knows nothing of what
 * was asked. What it does not know or cannot read it passes over to the end of that response (TR-46); only a response
 * without end is fatal. Pure.
 *
 * A mail's bytes are streamed: they are never in memory but in the bytes given. Memory: some 10 KiB, whatever comes.
 */
#ifndef IMAP_READER_H
#define IMAP_READER_H

#include "imap/imap.h"

#define IMAP_DEPTH_MAX 64 /* of parentheses; a response with more is passed over */

enum imap_event {
  IMAP_MORE,         /* all bytes are used up */
  IMAP_SAID,         /* OK, NO, BAD, BYE, PREAUTH: tag, status, code, words */
  IMAP_CONTINUE,     /* "+" */
  IMAP_CAPABILITIES, /* capabilities */
  IMAP_EXISTS,       /* number */
  IMAP_EXPUNGED,     /* number */
  IMAP_VANISHED,     /* range, earlier */
  IMAP_FOUND,        /* range: a part of the answer to a SEARCH */
  IMAP_LISTED,       /* name, selectable */
  IMAP_STATUS_IS,    /* status_is */
  IMAP_BODY_BEGIN,   /* mail, as far as known; body */
  IMAP_BODY_RUN,     /* run: lent from the bytes given */
  IMAP_FETCHED,      /* mail, body: the end of a FETCH response */
  IMAP_PASSED_OVER,  /* a response of no interest, or not readable */
  IMAP_BROKEN,       /* the bytes make no sense any more; for ever */
};

enum imap_status_word { IMAP_SAYS_OK, IMAP_SAYS_NO, IMAP_SAYS_BAD, IMAP_SAYS_BYE, IMAP_SAYS_PREAUTH };

enum imap_body {
  IMAP_NO_BODY,
  IMAP_BODY_MAIL,   /* BODY[] */
  IMAP_BODY_HEADER, /* BODY[HEADER] */
};

/* What belongs to an event; lent until the next call. */
struct imap_response {
  uint32_t tag; /* IMAP_SAID: the number of our tag; 0: untagged */
  enum imap_status_word status;
  enum imap_code code;
  uint64_t number;  /* of EXISTS or EXPUNGE; of the code */
  unsigned flags;   /* of the code PERMANENTFLAGS */
  unsigned capabilities;
  struct slice words;
  struct uid_range range;
  bool earlier;
  struct slice name; /* UTF-8 when the server's bytes could be understood, else as they are */
  bool selectable;
  struct imap_status status_is;
  struct imap_mail mail;
  bool has_size; /* mail.size was given */
  enum imap_body body; /* at IMAP_FETCHED: it came, and is complete */
  struct slice run;
};

struct imap_reader;

struct imap_reader *imap_reader_new(void);
void imap_reader_free(struct imap_reader **r);
/* Takes from *bytes up to the next event. The bytes given must stay where they are until IMAP_MORE. */
enum imap_event imap_reader_next(struct imap_reader *r, struct slice *bytes);
const struct imap_response *imap_reader_response(const struct imap_reader *r);

#endif
