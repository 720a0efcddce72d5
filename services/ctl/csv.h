/* SPDX-License-Identifier: Apache-2.0 */
/* CSV (RFC 4180) as CRMs export it: quotes, doubled quotes, line breaks in quotes, CRLF or LF, a UTF-8 byte order mark.
 * Pure, linear. */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include "base/arena.h"

#define CSV_COLUMNS_MAX 256

enum { CSV_END = 1, CSV_BROKEN = 2, CSV_TOO_MANY = 3 };

struct csv {
  struct slice rest;
  char separator;        /* ',' or ';' or TAB, found in the first line */
  unsigned line;         /* of the row read last, from 1 */
  unsigned next_line;
};

void csv_open(struct csv *c, struct slice text);
/* The next row that is not empty: fields in the arena. Returns 0, CSV_END, CSV_BROKEN (an open quote), CSV_TOO_MANY
 * columns, -ENOMEM. */
int must_check csv_row(struct csv *c, struct arena *a, struct slice ret_fields[CSV_COLUMNS_MAX], size_t *ret_count);

#endif
