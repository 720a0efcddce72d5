/* SPDX-License-Identifier: Apache-2.0 */
#include "instant.h"
#include "base/clock.h"
#include "config/value.h"
#include <stdio.h>
#include <time.h>

enum { AHEAD_MOST_DAYS = 3650 };

int instant_read(const char *text, int64_t *ret_ms) {
  static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"};
  for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
    struct tm t = {0};
    const char *end = strptime(text, forms[i], &t);
    if (!end || *end != '\0' || t.tm_year < 70 || t.tm_year > 8000)
      continue;
    long east = t.tm_gmtoff; /* timegm() forgets it */
    *ret_ms = ((int64_t)timegm(&t) - east) * 1000;
    return 0;
  }
  return -EINVAL;
}

int instant_ahead(const char *text, int64_t now_ms, int64_t *ret_ms) {
  int64_t span_ms = 0;
  if (value_duration(slice_text(text), &span_ms)) /* it is none */
    return instant_read(text, ret_ms);
  if (span_ms <= 0 || span_ms > (int64_t)AHEAD_MOST_DAYS * 86400 * 1000)
    return -EINVAL;
  *ret_ms = now_ms + span_ms;
  return 0;
}

const char *instant_span(int64_t ms, char ret[INSTANT_LEN]) {
  double seconds = (double)(ms < 0 ? -ms : ms) / 1000;
  if (seconds < 120)
    snprintf(ret, INSTANT_LEN, "%.0f s", seconds);
  else if (seconds < 2 * 3600)
    snprintf(ret, INSTANT_LEN, "%.0f min", seconds / 60);
  else if (seconds < 2 * 86400)
    snprintf(ret, INSTANT_LEN, "%.1f h", seconds / 3600);
  else
    snprintf(ret, INSTANT_LEN, "%.1f days", seconds / 86400);
  return ret;
}

const char *instant_near(int64_t at_ms, int64_t now_ms, char ret[INSTANT_LEN]) {
  char span[INSTANT_LEN], at[RFC3339_LEN + 1];
  clock_rfc3339(at_ms / 1000 * 1000, at);
  instant_span(at_ms - now_ms, span);
  bool ahead = at_ms > now_ms;
  snprintf(ret, INSTANT_LEN, "%.19sZ (%s%.24s%s)", at, ahead ? "in " : "", span, ahead ? "" : " ago");
  return ret;
}
