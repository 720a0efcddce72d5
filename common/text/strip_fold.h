/* SPDX-License-Identifier: Apache-2.0 */
/* Text made comparable: words of mail programs come in all cases, spaces and signs. Inside common/text only. Pure. */
#ifndef TEXT_STRIP_FOLD_H
#define TEXT_STRIP_FOLD_H

#include "base/slice.h"

enum { STRIP_FOLD_MAX = 1024 };

struct strip_fold {
  size_t len;
  bool full; /* something did not fit */
  char at[STRIP_FOLD_MAX];
};

/* Lower case; Latin and Greek letters without accents; digits, dashes, quotation marks and full-width forms as ASCII;
 * runs of any white space as one blank, none at the beginning; what cannot be seen left out. Appends. */
void strip_fold_add(struct strip_fold *f, struct slice s);
/* Folds `s` alone. Lends the result, ends trimmed; empty when it does not fit. */
struct slice strip_fold_of(struct strip_fold *f, struct slice s);
/* Lends what was gathered, end trimmed; empty when it did not fit. */
struct slice strip_fold_end(struct strip_fold *f);

/* How many words folded text has. */
size_t strip_fold_words(struct slice folded);

/* The character at the start of `s` (not empty) and its length; U+FFFD for what is none. */
uint32_t strip_character(struct slice s, size_t *ret_len);
/* White space, or nothing to see at all. */
bool strip_is_blank(uint32_t character);
bool strip_all_blank(struct slice s);

#endif
