/* SPDX-License-Identifier: Apache-2.0 */
/* Says whether a fragment is one that may be shown: a strict reader with lists of its own, which shares nothing with
 * the cleaner it judges. Whatever is not plainly allowed is wrong. */
#ifndef HTML_VERIFY_H
#define HTML_VERIFY_H

#include "base/slice.h"

/* NULL when all is well, else what is wrong, and *ret_at where. */
const char *html_verify(struct slice html, size_t *ret_at);

#endif
