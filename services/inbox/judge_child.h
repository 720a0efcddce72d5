/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child in which a desk definition is judged: `inbox --judge` reads it on standard input and writes one JSON object on
 * standard output:
 *
 *   {"wrong": [{"line", "column", "text"}], "alarms": [the same], "more": N}
 *
 * at most JUDGE_FINDINGS of each, `more` is how many were left off. A process of its own, because a document can be made
 * that takes minutes to judge, and agents must not wait for it: after JUDGE_CPU_S it is killed.
 */
#ifndef INBOX_JUDGE_CHILD_H
#define INBOX_JUDGE_CHILD_H

#define JUDGE_OPTION "--judge"
#define JUDGE_FINDINGS 100
#define JUDGE_CPU_S 5
#define JUDGE_MEMORY (512ull * 1024 * 1024)
#define JUDGE_SAID_MAX (512 * 1024)

/* Its main(). Returns the exit status: 0 it was judged. */
int judge_child_main(void);

#endif
