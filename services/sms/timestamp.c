/* SPDX-License-Identifier: Apache-2.0 */
#include "base/moment.h"
#include "generic_item.h"

#define MILLISECONDS_FROM 100000000000 /* as seconds this were the year 5138 */
#define LATEST_MS 253402300799999      /* 9999-12-31 */

static bool all_digits(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (s.at[i] < '0' || s.at[i] > '9')
      return false;
  return s.len > 0;
}

/* Unix seconds with or without a fraction, or milliseconds. */
static int parse_unix(struct slice s, int64_t *ret_ms) {
  struct slice whole, fraction = s;
  uint64_t seconds, thousandths = 0;
  if (!slice_split(&fraction, '.', &whole) || slice_to_u64(whole, LATEST_MS, &seconds) != 0 ||
      (fraction.at && !all_digits(fraction)))
    return -EINVAL;
  if (seconds >= MILLISECONDS_FROM) {
    *ret_ms = (int64_t)seconds;
    return 0;
  }
  for (size_t i = 0; i < 3 && fraction.at; i++)
    thousandths = thousandths * 10 + (i < fraction.len ? (uint64_t)(fraction.at[i] - '0') : 0);
  *ret_ms = (int64_t)(seconds * 1000 + thousandths);
  return 0;
}

int timestamp_parse(struct slice text, int64_t *ret_ms) {
  text = slice_trim(text);
  return memchr(text.at, '-', text.len) ? moment_parse(text, ret_ms) : parse_unix(text, ret_ms);
}
