/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as a run of case-folded words (Unicode full case folding, NFC). Linear; ASCII and the common cased scripts
 * without calling the library's general folding. Bytes that are no UTF-8 separate words. Private to the module.
 */
#ifndef DESK_FOLD_H
#define DESK_FOLD_H

#include "base/slice.h"

#define FOLDED_MAX 96 /* bytes of one folded word; a longer one is given as an empty word, which matches nothing */

struct word_walk {
  struct slice text;
  size_t at;
  size_t start;            /* where the word began in the text; it ends at `at` */
  size_t len;
  char folded[FOLDED_MAX];
};

static inline struct word_walk word_walk(struct slice text) {
  return (struct word_walk){.text = text};
}
/* The next word, in w->folded (w->len bytes); false at the end. */
bool word_next(struct word_walk *w);

#endif
