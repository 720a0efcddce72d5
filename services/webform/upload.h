/* SPDX-License-Identifier: Apache-2.0 */
/* Files that come with a form: which are taken, and under which name they are shown (WF-30, MI-16). Pure. */
#ifndef WEBFORM_UPLOAD_H
#define WEBFORM_UPLOAD_H

#include "base/arena.h"

#define UPLOAD_MAX_FILES 10
#define UPLOAD_NAME_MAX 120

/* The media type when the name's extension is on the list and the bytes are what it says; else NULL. Lent for ever. */
const char *upload_type(struct slice name, struct slice bytes);
/* The value of the page's `accept` attribute. */
const char *upload_accept(void);
/* A name for display, never a path: the last part, one line, no device names, no characters that a file system or a
 * shell treats specially, at most UPLOAD_NAME_MAX bytes with the extension kept; "file" when nothing is left.
 * NULL at the arena's ceiling. */
char *upload_clean_name(struct arena *a, struct slice raw);

#endif
