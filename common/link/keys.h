/* SPDX-License-Identifier: Apache-2.0 */
/* CURVE key pairs as files: NAME.key (0600; two lines, public and secret, Z85) and NAME.pub (0644; one line). */
#ifndef LINK_KEYS_H
#define LINK_KEYS_H

#include "base/fault.h"

#define KEY_TEXT 41 /* 40 characters Z85 and NUL */

/* Makes NAME.key and NAME.pub in `folder` unless they are there; a missing NAME.pub is made from NAME.key.
 * Returns 0, -EBADMSG when the key that is there is none, -errno. */
int must_check keys_make(const char *folder, const char *name);
/* Return 0; -EBADMSG when the file is not what it should be (for a pair: also when the two do not belong together);
 * -errno. */
int must_check keys_read_pair(const char *path, char ret_public[KEY_TEXT], char ret_secret[KEY_TEXT]);
int must_check keys_read_public(const char *path, char ret_public[KEY_TEXT]);

#endif
