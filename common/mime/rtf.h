/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of an RTF text, or the HTML that Outlook wrapped into it (MS-OXRTFEX). What it is good for is a mail whose
 * body is nowhere else (MI-20): fonts, tables and pictures are left out. Groups nest in a counter behind RTF_DEPTH_MAX.
 * Linear. Inside common/mime only. Pure.
 */
#ifndef MIME_RTF_H
#define MIME_RTF_H

#include "mime/reading.h"

enum { RTF_DEPTH_MAX = 64 };

/* UTF-8, not yet mended, at most `most` bytes; *ret_html when it is HTML. `code_page` where the text says none. */
struct slice rtf_read(struct reading *r, struct slice rtf, unsigned code_page, size_t most, bool *ret_html);

#endif
