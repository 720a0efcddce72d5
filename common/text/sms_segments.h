/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many SMS a text is (SM-01), and where it is cut. Pure, linear, no memory.
 *
 * All characters in the GSM 03.38 basic set and its extension (3GPP TS 23.038, 6.2.1): 7 bits each, 160 in one
 * message, 153 in each of several (the rest is the header that joins them); those of the extension count two. Any
 * other character: UCS-2 for all of it, 70 and 67 UTF-16 units. Nothing that is one for the reader is cut: no
 * extension character, no surrogate pair, no letter from its accents, no emoji of several parts (unless one alone is
 * longer than a part).
 */
#ifndef TEXT_SMS_SEGMENTS_H
#define TEXT_SMS_SEGMENTS_H

#include "base/slice.h"

enum sms_encoding { SMS_GSM7, SMS_UCS2 };

struct sms_segments {
  enum sms_encoding encoding;
  size_t count;             /* 0: the text is empty */
  size_t units;             /* of the whole text: septets or UTF-16 units */
  size_t most;              /* units in one segment of this text: 160, 153, 70, 67 */
  size_t left;              /* free in the last one */
};

/* As many messages, each sent by itself: nothing joins them, so each has room for 160 or 70. Else as below. */
void sms_singles(struct slice text, struct sms_segments *ret);
/* `text`: valid UTF-8; a byte that is none counts as U+FFFD. */
void sms_segments(struct slice text, struct sms_segments *ret);
/* The first segment of `*text`, which is then without it; false when it is empty. `of` is what sms_segments() said of
 * the whole text. */
bool sms_segment_take(struct slice *text, const struct sms_segments *of, struct slice *ret);

#endif
