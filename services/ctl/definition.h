/* SPDX-License-Identifier: Apache-2.0 */
/* A desk definition in a file, or the one in force, as the commands that take one read it. */
#ifndef CTL_DEFINITION_H
#define CTL_DEFINITION_H

#include "desk/desk.h"
#include "journal.h"
#include <jansson.h>

/* Reads FILE ("-": standard input) and what it says (gives both). Returns CTL_OK, or says file:line:column and what is
 * wrong, and returns CTL_FAILED (cannot be read) or CTL_USAGE. */
int must_check definition_read(const struct ctl *ctl, const char *path, struct buf *ret_text, struct desk **ret);
/* The one in force (gives it, with its version). Returns CTL_OK, or CTL_FAILED after saying why. */
int must_check definition_in_force(struct desk_view *v, struct desk **ret);

/* The same of a text that is at hand; `name` is what complaints call it. */
int must_check definition_parse(struct slice text, const char *name, struct desk **ret);
/* May it be put into force? Says on standard error what is wrong with it, and what is an alarm; CTL_OK or CTL_USAGE.
 * Appends the alarms to `ret_alarms` (JSON array; may be NULL). */
int must_check definition_review(const struct desk *desk, const char *name, json_t *ret_alarms);

#endif
