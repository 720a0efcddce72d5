/* SPDX-License-Identifier: Apache-2.0 */
/* The words of strip_words.def, found in folded text (strip_fold.h). Inside common/text only. Pure. */
#ifndef TEXT_STRIP_WORDS_H
#define TEXT_STRIP_WORDS_H

#include "base/slice.h"

enum strip_words {
  WORDS_INTRO,
  WORDS_WEEKDAY,
  WORDS_VERB,
  WORDS_PRONOUN,
  WORDS_FROM, /* the five labels of a header, in a row */
  WORDS_DATE,
  WORDS_TO,
  WORDS_COPY,
  WORDS_SUBJECT,
  WORDS_ORIGINAL,
  WORDS_FORWARDED,
  WORDS_FORWARD_LINE,
  WORDS_ABOVE,
  WORDS_SENT,
  WORDS_DEVICE,
  WORDS_CLOSING,
  WORDS_CONTACT,
  WORDS_COMPANY,
  WORDS_REFERENCE,
  WORDS_SPEAKER,
  WORDS_THIS_MAIL,
  WORDS_SECRECY,
  WORDS_NOTICE_LINE,
  WORDS_BANNER,
  WORDS_OUTSIDE,
  WORDS_SUBJECT_FORWARD,
  WORDS_SUBJECT_REPLY,
  WORDS_KINDS
};

/* A row as it stands in the table: words separated by '|'. */
struct strip_row {
  enum strip_words kind;
  const char *language;
  struct slice words;
};

/* The rows of a kind, for whoever looks at each. */
const struct strip_row *strip_rows(enum strip_words kind, size_t *ret_count);

/* Is it one of the words, whole? */
bool strip_word_is(enum strip_words kind, struct slice folded);
/* How long the longest of the words is that `folded` begins with and that ends at a border; 0: none. */
size_t strip_word_begins(enum strip_words kind, struct slice folded);
/* Is one of the words in it, between borders? Writing without blanks has none. *ret_end (may be NULL) is where the
 * last one that was found ends. */
bool strip_word_inside(enum strip_words kind, struct slice folded, size_t *ret_end);
/* How many of the words, or beginnings of words, are in it: of the language that has most, which is *ret_language. */
size_t strip_word_count(enum strip_words kind, struct slice folded, const char **ret_language);
/* As strip_word_inside(), in one language: a short word means something else in the next. */
bool strip_word_spoken(enum strip_words kind, const char *language, struct slice folded);
/* Is it one of the phrases, whose '*' stands for words of kind `wild` alone? */
bool strip_word_pattern(enum strip_words kind, enum strip_words wild, struct slice folded);

#endif
