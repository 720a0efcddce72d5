/* SPDX-License-Identifier: Apache-2.0 */
/* Texts against operators' patterns in which '*' stands for any run of characters. Pure. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/slice.h"

/* Compares bytes: where case shall not count, both in lower case. Looks at each piece between stars once, leftmost
 * first, so nothing is ever tried twice. */
bool pattern_match(struct slice pattern, struct slice text);
/* ASCII letters in lower case. */
void lower_copy(struct slice s, char *ret);

#endif
