/* SPDX-License-Identifier: Apache-2.0 */
/* One item of a generic webhook → one contact event. Pure, but for the blobs it puts. */
#ifndef SMS_GENERIC_ITEM_H
#define SMS_GENERIC_ITEM_H

#include "draft.h"
#include <jansson.h>

struct item {
  const json_t *json;
  const char *fallback_type;     /* when it names none */
  struct slice fallback_id;
  bool duplicate_keys;
  const char *why;               /* out: of NORMALISE_BAD, static */
  bool unknown;                  /* out: a type nobody knows */
};

/* Returns 0, NORMALISE_BAD, NORMALISE_DEFER, -ENOMEM. */
int must_check generic_item(const struct source *source, struct item *item, contact_event **ret);
/* RFC 3339, or Unix seconds or milliseconds. Returns 0 or -EINVAL. */
int must_check timestamp_parse(struct slice text, int64_t *ret_ms);

#endif
