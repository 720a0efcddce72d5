/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of strangers (WH-11, WH-12): at most 64 deep, valid UTF-8, numbers kept exactly as they were written – what no
 * 64-bit integer can hold comes as a string of its digits. Of keys given twice the last wins, and that is told. Pure.
 */
#ifndef SMS_JSON_READ_H
#define SMS_JSON_READ_H

#include "base/arena.h"
#include <jansson.h>

#define JSON_DEPTH_MAX 64

enum { JSON_BAD = 1, JSON_TOO_DEEP = 2 };

/* Gives a new reference. Returns 0, JSON_BAD, JSON_TOO_DEEP, -ENOMEM. */
int must_check json_read(struct slice body, struct arena *a, json_t **ret, bool *ret_duplicate_keys);
/* Text of a string or an integer member, "" when it is absent or something else; in `a` or borrowed from the JSON. */
struct slice json_member_text(const json_t *object, const char *name, struct arena *a);
/* The same of a value. */
struct slice json_text(const json_t *value, struct arena *a);

#endif
