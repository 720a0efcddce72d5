/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All words and phrases of all rules in one matcher: a tree whose edges are words. A text is walked once; what has
 * begun to match is a handful of places in the tree, so the cost is linear in the text and does not depend on how
 * many rules there are. Built by the parser, read-only afterwards (threads may share it). Private to the module.
 */
#ifndef DESK_WORDS_H
#define DESK_WORDS_H

#include "desk/desk.h"

#define PHRASE_MAX 24 /* words of one phrase */
#define WORDS_BITS ((DESK_MAX_WORDS + 63) / 64)

/* Outcomes of words_add(). */
enum { WORDS_FULL = 1, WORDS_EDGE, WORDS_LONG };

struct desk_words;

struct desk_words *words_new(void);
void words_free(struct desk_words **w);
/* Returns 0 and the phrase's number; WORDS_FULL; WORDS_EDGE (does not begin and end with a letter or digit);
 * WORDS_LONG (too many words, or one too long). */
int must_check words_add(struct desk_words *w, struct slice phrase, uint32_t *ret_number);
/* Sets bit `number` of every phrase that occurs. */
void words_scan(const struct desk_words *w, struct slice text, uint64_t bits[WORDS_BITS]);

#endif
