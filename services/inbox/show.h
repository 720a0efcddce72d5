/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Redis's answers as members of JSON objects. What is '' or nothing is left out. */
#ifndef INBOX_SHOW_H
#define INBOX_SHOW_H

#include "base/slice.h"
#include <hiredis/hiredis.h>
#include <jansson.h>

/* "" when it is no text. */
struct slice show_text(const redisReply *r);
/* 0 when it is no number. */
int64_t show_int(const redisReply *r);
void show_set(json_t *to, const char *name, struct slice value);
void show_number(json_t *to, const char *name, struct slice value);
/* Unix ms as RFC 3339; 0 is nothing. */
void show_moment(json_t *to, const char *name, struct slice value);
/* An item of a list: its first four values are id, state, since and until (Unix ms). */
json_t *show_item_row(redisReply *const *row);
/* Words by `sep`. */
void show_words(json_t *to, const char *name, struct slice words, char sep);

#endif
