/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text as blocks: own words, marked quotes, what stands above quotes. One pass; looks ahead a few lines only, and
 * looks closely (words, headers) a bounded number of times. Inside common/text only. Pure.
 */
#ifndef TEXT_STRIP_BLOCKS_H
#define TEXT_STRIP_BLOCKS_H

#include "text/strip.h"
#include "text/strip_attribution.h"

/* 500 spans need no more; behind so many all is one block of own words. */
enum { STRIP_BLOCKS_MAX = 2048, STRIP_LOOKS_MAX = 8000 };

enum strip_block_kind {
  STRIP_BLOCK_OWN,
  STRIP_BLOCK_MARKED,      /* lines that begin with '>' */
  STRIP_BLOCK_ATTRIBUTION, /* of the judged strength; what follows decides */
  STRIP_BLOCK_HEADER,      /* a copied header, or a line that says that the original follows */
  STRIP_BLOCK_REST,        /* the end of the text is a quote without marks */
  STRIP_BLOCK_CONTENT,     /* the end of the text was forwarded (QT-07) */
};

/* Whole lines; blank lines between blocks belong to none. */
struct strip_block {
  enum strip_block_kind kind;
  size_t begin, end;
  enum strip_attribution strength;
  bool attributed;         /* a marked block that begins with an attribution of its own */
  bool letters;            /* a marked block that has words, not only signs */
  bool introduced;         /* the line before a marked block ends in a colon */
  bool barred;             /* its mark is '|' or ':' */
  unsigned least, most;    /* depth of marks */
};

struct strip_blocks {
  struct strip_block *at;
  size_t count;
};

int must_check strip_blocks_read(struct arena *a, struct slice text, const struct strip_hints *hints,
                                 struct strip_blocks *ret);

#endif
