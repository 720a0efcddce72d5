/* SPDX-License-Identifier: Apache-2.0 */
/* What a value may bring into a text. Private to the module. */
#ifndef TEMPLATE_CLEAN_H
#define TEMPLATE_CLEAN_H

#include "base/slice.h"

#define CLEAN_LONGEST 1000
#define CLEAN_ROOM (CLEAN_LONGEST * 4)

/*
 * One line of at most `longest` (up to CLEAN_LONGEST) characters of valid UTF-8: white space and line breaks become one
 * space, ends trimmed; controls, bidi controls and all that is drawn as nothing are dropped, but for what joins two
 * characters; no accent without a letter at its beginning. A cut does not part a letter from its accents.
 * Returns the length; linear. */
size_t clean_value(struct slice value, size_t longest, char ret[CLEAN_ROOM]);

#endif
