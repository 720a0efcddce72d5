/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a labelled, mislabelled or unlabelled character set to UTF-8 (MI-06 … MI-08). The order of belief: a byte
 * order mark; UTF-8 that is UTF-8 although its label says Latin; the label, by the WHATWG's reading of it; UTF-8;
 * windows-1252. Inside common/mime only. Pure.
 */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include "mime/reading.h"

/* The iconv name for a label (any case); "" for one that says nothing ("unknown-8bit"), NULL for one nobody knows. */
const char *charset_find(struct slice label, char ret_room[64]);
/* Text of any length, not yet mended: line ends and controls are as they came. Lends `bytes` where it can. Warnings
 * "charset-unknown", "charset-wrong", "charset-broken" (replaced characters), "charset-guessed". */
struct slice charset_to_utf8(struct reading *r, struct slice label, struct slice bytes);
/* What the HTML itself says in its first kilobyte; empty when nothing. */
struct slice charset_of_html(struct slice html);

#endif
