/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays one side of an LMTP dialogue from a text and writes down what came of it. The user's part is played by rules on
 * the recipient's local part:
 *   nobody unknown · off disabled · full, broken: accepted, then no room / trouble at the end · same: target 0 ·
 *   anything else is accepted as a target of its own
 * and on the sender: nodata@ and noroom@ have DATA refused (trouble, no room), norun@ has the content refused.
 */
#ifndef TEST_LMTP_PLAY_H
#define TEST_LMTP_PLAY_H

#include "lmtp_dialogue.h"

struct play {
  struct lmtp *lmtp;
  struct buf replies; /* everything said */
  struct buf events;  /* one line per message: from, flags, size, content escaped */
  struct buf content;
  struct lmtp_result results[2048];
  size_t targets;
  bool closed, keep_waiting;
  size_t most_output;
};

void play_open(struct play *p, const struct lmtp_limits *limits);
void play_close(struct play *p);
/* Gives the bytes in one piece; takes the output as it fills up. */
void play_bytes(struct play *p, struct slice bytes);
/* Answers the message waited for. */
void play_answer(struct play *p);

#endif
