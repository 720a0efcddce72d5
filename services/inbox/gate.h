/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in: the list of tokens, looked at anew whenever its file has changed, and how often each may ask. A file
 * that is missing, or that others may read, lets nobody in; a line that makes no sense lets nobody in by it. While the
 * machine cannot read it – no descriptor, a disk that fails –, those from before hold.
 */
#ifndef INBOX_GATE_H
#define INBOX_GATE_H

#include "access/access.h"

struct gate;

struct gate_options {
  const char *tokens_file;    /* borrowed */
  double rate;                /* of one token; 0: no limit */
  uint32_t burst;
};

struct gate *gate_open(const struct gate_options *options);
void gate_close(struct gate **g);
/* Looks whether the file has changed; then says so: who is connected must be checked again. */
bool gate_look(struct gate *g);
/* The value of an Authorization header, NULL none. Lends the row until the next gate_look(); NULL: nobody's. */
const struct access_row *gate_find(const struct gate *g, const char *authorization);
/* Does this token still let in? */
bool gate_holds(const struct gate *g, const struct access_row *row);
/* 0, or ms until it may ask again. By token or key… */
int64_t gate_take(struct gate *g, struct slice who, int64_t now_ms);
/* … and by peer address of those whom nobody knows. */
int64_t gate_take_stranger(struct gate *g, const char *peer, int64_t now_ms);
size_t gate_count(const struct gate *g);
/* What an operator must mend; NULL: nothing. That nobody has a token yet is nothing. Lent. */
const char *gate_trouble(const struct gate *g);

#endif
