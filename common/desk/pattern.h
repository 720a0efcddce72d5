/* SPDX-License-Identifier: Apache-2.0 */
/* Recipients against patterns in which '*' stands for any run of characters. Private to the module. */
#ifndef DESK_PATTERN_H
#define DESK_PATTERN_H

#include "base/slice.h"

/* Both in lower case. Looks at each piece between stars once, leftmost first, so nothing is ever tried twice. */
bool pattern_match(struct slice pattern, struct slice text);
/* ASCII letters in lower case. */
void lower_copy(struct slice s, char *ret);

#endif
