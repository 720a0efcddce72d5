/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of decision tables on what is cut from a mail's text, and how they are checked. */
#ifndef TEST_STRIP_CASE_H
#define TEST_STRIP_CASE_H

#include "text/strip.h"

/* A whole text and what must be left of it; NULL: nothing may be cut. */
struct strip_case {
  const char *text, *left;
};

/* The sender's words, a line above a quote, and the quote: only the words may be left. */
struct strip_reply {
  const char *language, *words, *above, *quote;
};

/* Checks rows and what holds for every text (strip_check_rules()). */
void strip_check_cases(const struct strip_case *cases, size_t count, struct strip_hints hints);
void strip_check_replies(const struct strip_reply *replies, size_t count);
#define CHECK_CASES(cases, ...) \
  strip_check_cases(cases, sizeof(cases) / sizeof(cases[0]), (struct strip_hints){__VA_ARGS__})
#define CHECK_REPLIES(replies) strip_check_replies(replies, sizeof(replies) / sizeof(replies[0]))

/* What is left of a text, in the arena. */
struct slice strip_left(struct arena *a, struct slice text, const struct strip_hints *hints, struct strip_span **ret,
                        size_t *ret_count);
/* Spans in order, inside, at character borders, the left and the cut bytes together those of the text; something to
 * see is left unless nothing is cut; no quote is found again in what is left. */
void strip_check_rules(struct slice text, const struct strip_hints *hints);

#endif
