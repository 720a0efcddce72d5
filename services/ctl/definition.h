/* SPDX-License-Identifier: Apache-2.0 */
/* A desk definition in a file, as the commands that take one read it. */
#ifndef CTL_DEFINITION_H
#define CTL_DEFINITION_H

#include "ctl.h"
#include "desk/desk.h"

/* Reads FILE ("-": standard input) and what it says (gives both). Returns CTL_OK, or says file:line:column and what is
 * wrong, and returns CTL_FAILED (cannot be read) or CTL_USAGE. */
int must_check definition_read(const struct ctl *ctl, const char *path, struct buf *ret_text, struct desk **ret);

#endif
