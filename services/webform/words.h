/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed texts of the form pages, by language (words.def). */
#ifndef WEBFORM_WORDS_H
#define WEBFORM_WORDS_H

#include "base/buf.h"

enum word {
#define WORD(id, en, de) WORD_##id,
#include "words.def"
#undef WORD
  WORD_COUNT
};

struct words;

/* The texts for a BCP 47 tag by its first subtag; English when there are none. Lent for ever. */
const struct words *words_for(const char *language);
/* BCP 47 tag of these texts. */
const char *words_language(const struct words *w);
const char *words_text(const struct words *w, enum word word);
/* Adds the text with `argument` in the place of its "{}". Plain text, not escaped. */
int words_add(struct buf *b, const struct words *w, enum word word, const char *argument);

#endif
