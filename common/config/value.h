/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values with units as operators write them, and back: "30s", "16MiB", "0.5". Text in, number out; pure.
 * Each reader returns NULL and fills *ret, or the sentence that follows the quoted value in a complaint:
 * "needs a unit: 250ms, 30s, 5m, 2h, 7d". Whole numbers only before a unit; a bare 0 needs none.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"

const char *value_duration(struct slice text, int64_t *ret_ms);
const char *value_size(struct slice text, int64_t *ret_bytes);
const char *value_count(struct slice text, int64_t *ret);
/* Up to 9 digits before the point and 6 behind it, no sign, no exponent. */
const char *value_decimal(struct slice text, double *ret);
const char *value_bool(struct slice text, bool *ret);

/* In the largest unit that gives a whole number. */
#define VALUE_LEN 40
const char *duration_text(int64_t ms, char ret[VALUE_LEN]);
const char *size_text(int64_t bytes, char ret[VALUE_LEN]);
const char *decimal_text(double value, char ret[VALUE_LEN]);
/* As a YAML scalar in double quotes. */
void quoted_text(struct buf *ret, const char *text);

#endif
