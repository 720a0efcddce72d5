/* SPDX-License-Identifier: Apache-2.0 */
/* Moments as operators write and read them. Pure; Unix ms. */
#ifndef CTL_INSTANT_H
#define CTL_INSTANT_H

#include "base/slice.h"

/* "2026-11-27T18:30", with seconds or without, in UTC or with a zone's distance: "+01:00". Returns 0 or -EINVAL. */
int must_check instant_read(const char *text, int64_t *ret_ms);
/* The same, or a time from now on: "2h". */
int must_check instant_ahead(const char *text, int64_t now_ms, int64_t *ret_ms);

#define INSTANT_LEN 64
/* "12 min", "3.5 h", "2 days". */
const char *instant_span(int64_t ms, char ret[INSTANT_LEN]);
/* "2026-11-27T18:30:00Z (in 12 min)", "… (3 h ago)" */
const char *instant_near(int64_t at_ms, int64_t now_ms, char ret[INSTANT_LEN]);

#endif
