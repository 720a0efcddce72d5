/* SPDX-License-Identifier: Apache-2.0 */
/* The words by which a customer ends and renews consent to be written to (SM-10, SM-11). Pure. */
#ifndef SMS_OPT_OUT_H
#define SMS_OPT_OUT_H

#include "base/slice.h"

enum opt { OPT_NONE, OPT_OUT, OPT_IN };

/* The whole message, without case, outer blanks and trailing punctuation: "Stop." is one, "please cancel my order"
 * is not. */
enum opt opt_of_text(struct slice text);
/* What a provider says itself, "STOP", "START" or "HELP"; "" says nothing and leaves it to the text. */
enum opt opt_of_provider(struct slice type, struct slice text);

#endif
