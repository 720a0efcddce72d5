/* SPDX-License-Identifier: Apache-2.0 */
/* The atomic steps of dispatch as commands call them, and what they answer, in words (proto/redis.md). */
#ifndef CTL_STEP_H
#define CTL_STEP_H

#include "journal.h"

#define STEP_ARGUMENTS 450

/* `arguments` follow the tag and the time of now. The answer, or NULL after saying why; the caller frees it. */
redisReply *step_call(struct desk_view *v, const char *function, size_t count, const char *const *arguments);
#define STEP(v, function, ...)                                                                                      \
  step_call(v, function, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

/* First and second text of an answer, which is one text or an array; "" when there is none. Lent by the answer. */
const char *step_outcome(const redisReply *answer);
const char *step_detail(const redisReply *answer);
/* Text `n` of an array; "" when there is none; a number of the answer is none. */
const char *step_text(const redisReply *answer, size_t n);
/* The same as a number; 0 when it is none. */
int64_t step_number(const redisReply *answer, size_t n);

/* Says why it was not done: "ITEM: bo has it". CTL_OK when the outcome is OK, and nothing is said. */
int step_said(const struct desk_view *v, const char *what, const char *agent, const redisReply *answer);

#endif
