/* SPDX-License-Identifier: Apache-2.0 */
/* A moment as text, RFC 3339: "2026-11-24T09:30:00.123Z", "2026-11-24 10:30:00+01:00". Pure. */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include "base/slice.h"

/* Unix ms. Returns 0 or -EINVAL (no such day, before 1970, no zone). */
int must_check moment_parse(struct slice text, int64_t *ret_ms);

#endif
