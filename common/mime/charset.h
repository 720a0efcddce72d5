/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a labelled, mislabelled or unlabelled character set to UTF-8 (MI-06 … MI-08). The order of belief: a byte
 * order mark; UTF-8 that is UTF-8 although its label says Latin; the label, by the WHATWG's reading of it, unless it
 * fails and another one that the mail names does not; UTF-8; what other parts of the mail say; windows-1252. Inside
 * common/mime only. Pure but for the converters (charset_set.h).
 */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include "mime/charset_set.h"

/* Text of any length, not yet mended: line ends and controls are as they came. Lends `bytes` where it can. Warnings
 * "charset-unknown", "charset-wrong", "charset-broken" (replaced characters, counted in r->replaced),
 * "charset-guessed". */
struct slice charset_to_utf8(struct reading *r, struct slice label, struct slice bytes);
/* The same for HTML, which may say itself what it is in. */
struct slice charset_html_to_utf8(struct reading *r, struct slice label, struct slice html);
/* What one piece of the mail says it is in, for those that say nothing; the first that says more than ASCII stays. */
void charset_remember(struct reading *r, struct slice label);

#endif
