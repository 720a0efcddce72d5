/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of an IMAP server into tokens (RFC 9051 section 9), however they are cut. Lenient where servers are sloppy
 * (TR-46): LF alone ends a line, blanks anywhere, a literal behind an atom without a blank, a quoted string that its
 * line end cuts off. Pure; recursion and allocation per token there is none.
 *
 * Limits: of a token TOKEN_KEPT bytes are kept (`cut` says that there was or should be more); a response of more than
 * RESPONSE_MOST bytes besides the streamed ones is TOKEN_BROKEN, for ever.
 */
#ifndef IMAP_LEXER_H
#define IMAP_LEXER_H

#include "base/buf.h"

#define TOKEN_KEPT 8192
#define RESPONSE_MOST (64u * 1024 * 1024)

enum imap_token {
  TOKEN_MORE,       /* all bytes are used up */
  TOKEN_ATOM,       /* text; anything that is none of the others: numbers, flags, "BODY[HEADER]", NIL */
  TOKEN_STRING,     /* text; quoted or literal */
  TOKEN_RUN,        /* a piece of what is streamed: `run` is lent from the bytes given */
  TOKEN_OPEN,       /* ( */
  TOKEN_CLOSE,      /* ) */
  TOKEN_CODE_OPEN,  /* [ in front of a status text */
  TOKEN_CODE_CLOSE, /* ] */
  TOKEN_TEXT,       /* text; the rest of a line, trimmed, never empty */
  TOKEN_END,        /* of the response */
  TOKEN_BROKEN,
};

/* What the next token is streamed as, when it is of that kind: any number of TOKEN_RUN, then the token, with no text.
 */
enum imap_stream { STREAM_NOTHING, STREAM_STRING, STREAM_ATOM };

enum imap_lexer_state {
  LEX_GAP,
  LEX_ATOM,
  LEX_SECTION,      /* inside the [ ] of an atom */
  LEX_QUOTED,
  LEX_ESCAPED,      /* behind a \ in it */
  LEX_LITERAL_HEAD, /* behind { : it may still turn out to be an atom's byte */
  LEX_LITERAL,
  LEX_STATUS,       /* where a code or a text begins */
  LEX_TEXT,
};

struct imap_lexer {
  enum imap_lexer_state state;
  enum imap_stream stream; /* set by the user before a token; cleared with it */
  bool in_code;            /* between [ and ], where ] ends an atom */
  bool cut;
  bool broken;
  bool fresh;              /* the literal has not begun yet */
  struct buf text;
  struct slice run;
  uint64_t literal;        /* bytes still to come */
  uint64_t used;           /* bytes of this response */
  char head[32];           /* what came since { */
  size_t head_len;
};

void imap_lexer_init(struct imap_lexer *l);
void imap_lexer_free(struct imap_lexer *l);
/* Takes one token from *bytes. `text` is valid until the next call. */
enum imap_token imap_lexer_next(struct imap_lexer *l, struct slice *bytes);
/* What follows is a status text: a code in brackets, words. */
void imap_lexer_status(struct imap_lexer *l);
static inline struct slice imap_lexer_text(const struct imap_lexer *l) {
  return buf_slice(&l->text);
}

#endif
