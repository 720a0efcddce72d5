/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands as bytes. Each writes one complete line, "D12 …" CRLF; nothing of what it is given can end the line or
 * start another one. Literals are never needed: names go as modified UTF-7 and so are printable ASCII. Pure.
 */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include "imap/imap.h"

#define IMAP_FLAG_MAX 128
#define IMAP_FOLDER_MAX 1024 /* bytes of a folder's name on the wire */

/* `name` (UTF-8) as modified UTF-7 in quotes. Returns 0, or -EINVAL (not UTF-8, a NUL, too long, empty). */
int must_check imap_folder_write(struct slice name, struct buf *ret);
/* A flag or keyword that a command may carry: "\" or not, then atom characters, at most IMAP_FLAG_MAX. */
bool imap_flag_valid(struct slice flag);
/* A text of printable ASCII in quotes; other bytes become '?'. */
void imap_quoted_write(struct slice text, struct buf *ret);

struct imap_search {
  uint32_t first, last; /* UIDs; 0 and 0: all. `last` 0: to the end. What a server gives outside is left out */
  int64_t since_ms; /* arrived on or after this day (INTERNALDATE; the day before in UTC is asked for, so that none is
                       missed in any time zone); 0: any */
};

/* The command of a search, without its tag. */
void imap_search_write(const struct imap_search *search, bool esearch, struct buf *ret);

#endif
