/* SPDX-License-Identifier: Apache-2.0 */
/* Words of IMAP (RFC 3501, RFC 9051) that its reader, its session and the users of both share. Plain data. */
#ifndef IMAP_IMAP_H
#define IMAP_IMAP_H

#include "imap/uid_set.h"

/* What a server can do, as far as we make use of it. */
enum imap_capability {
  IMAP_CAN_IDLE = 1 << 0,    /* RFC 2177 */
  IMAP_CAN_UIDPLUS = 1 << 1, /* RFC 4315 */
  IMAP_CAN_MOVE = 1 << 2,    /* RFC 6851 */
  IMAP_CAN_ESEARCH = 1 << 3, /* RFC 4731 */
  IMAP_CAN_ID = 1 << 4,      /* RFC 2971 */
};

/* Response codes: why a server says NO, as far as it makes a difference to what is done next. */
enum imap_code {
  IMAP_CODE_NONE,
  IMAP_CODE_ALERT,
  IMAP_CODE_ALREADYEXISTS,
  IMAP_CODE_AUTHENTICATIONFAILED,
  IMAP_CODE_AUTHORIZATIONFAILED,
  IMAP_CODE_CANNOT,
  IMAP_CODE_CLIENTBUG,
  IMAP_CODE_CONTACTADMIN,
  IMAP_CODE_CORRUPTION,
  IMAP_CODE_EXPIRED,
  IMAP_CODE_EXPUNGEISSUED, /* some of the mails asked for are gone */
  IMAP_CODE_INUSE,
  IMAP_CODE_LIMIT,
  IMAP_CODE_NONEXISTENT,   /* no such folder */
  IMAP_CODE_NOPERM,
  IMAP_CODE_OVERQUOTA,
  IMAP_CODE_PRIVACYREQUIRED,
  IMAP_CODE_SERVERBUG,
  IMAP_CODE_TRYCREATE,     /* the folder to move to is not there: imap_client_create() */
  IMAP_CODE_UNAVAILABLE,
  IMAP_CODE_CAPABILITY,
  IMAP_CODE_PERMANENTFLAGS,
  IMAP_CODE_READ_ONLY,
  IMAP_CODE_READ_WRITE,
  IMAP_CODE_UIDNEXT,
  IMAP_CODE_UIDVALIDITY,
  IMAP_CODE_UIDNOTSTICKY,
  IMAP_CODE_HIGHESTMODSEQ,
  IMAP_CODE_NOMODSEQ,
  IMAP_CODE_COPYUID,
  IMAP_CODE_APPENDUID,
  IMAP_CODE_UNSEEN,
  IMAP_CODE_CLOSED,
  IMAP_CODE_OTHER,
};

enum imap_flag {
  IMAP_SEEN = 1 << 0,
  IMAP_ANSWERED = 1 << 1,
  IMAP_FLAGGED = 1 << 2,
  IMAP_DELETED = 1 << 3,
  IMAP_DRAFT = 1 << 4,
  IMAP_RECENT = 1 << 5,
  IMAP_NEW_KEYWORDS = 1 << 6, /* in PERMANENTFLAGS: "\*", keywords may be made */
};

/* How a command ended. */
enum imap_outcome {
  IMAP_OK,
  IMAP_NO,          /* the server refuses: see code and words */
  IMAP_BAD,         /* the server does not understand: its fault or ours; the same again will not help */
  IMAP_LOST,        /* the connection ended first: whether it was done is unknown */
  IMAP_UNSUPPORTED, /* the server cannot do it; nothing was sent */
  IMAP_TOO_MANY,    /* a search found more ranges than IMAP_RANGES_MAX: ask for less at a time */
};

#define IMAP_RANGES_MAX (1 << 19) /* ranges of one search's answer: 4 MiB */
#define IMAP_WORDS_MAX 300        /* bytes of a server's words that are kept */

struct imap_result {
  enum imap_outcome outcome;
  enum imap_code code;
  struct slice words; /* the server's, printable, at most IMAP_WORDS_MAX; lent until the callback returns */
};

/* A selected folder. */
struct imap_folder {
  uint32_t uid_validity;   /* 0: the server gave none, so UIDs mean nothing beyond this connection */
  uint32_t uid_next;       /* 0: the server gave none; the next mail's UID is at least this */
  uint32_t exists;         /* mails in it */
  uint64_t highest_modseq; /* 0: none */
  unsigned permanent;      /* enum imap_flag that a STORE keeps; all of them when the server did not say */
  bool read_only;
  bool uid_not_sticky;     /* UIDs change with every connection (RFC 4315): the folder cannot be followed by UID */
};

/* What is known of a mail; 0 when it was not asked for or not given. */
struct imap_mail {
  uint32_t uid;
  uint32_t size;            /* RFC822.SIZE: the server's word, which may differ from the bytes it sends */
  int64_t internal_date_ms; /* unix ms; INT64_MIN: not given or not readable */
  unsigned flags;           /* enum imap_flag */
};

/* A folder that need not be selected. */
struct imap_status {
  uint32_t messages, unseen, uid_next, uid_validity;
};

enum imap_part {
  IMAP_WHOLE_MAIL,
  IMAP_HEADER_ONLY, /* for what is too large to be fetched (TR-47) */
};

enum imap_mail_end {
  IMAP_MAIL_WHOLE,   /* all its bytes came */
  IMAP_MAIL_CUT,     /* they did not: the connection was lost, or the server stopped amid. Throw them away */
  IMAP_MAIL_UNASKED, /* not asked for, given twice, or without a UID: throw away what was begun */
};

#endif
