/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now_ms(void) {
  return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_monotonic_ms(void) {
  return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void) {
  return read_us(CLOCK_MONOTONIC);
}

void clock_rfc3339(int64_t unix_ms, char ret[RFC3339_LEN + 1]) {
  /* Years 0 to 9999 only: RFC 3339 has no others. */
  if (unix_ms < -62167219200000)
    unix_ms = -62167219200000;
  if (unix_ms > 253402300799999)
    unix_ms = 253402300799999;
  int64_t seconds = unix_ms / 1000, rest = unix_ms % 1000;
  if (rest < 0) {
    rest += 1000;
    seconds--;
  }
  time_t t = (time_t)seconds;
  struct tm tm;
  gmtime_r(&t, &tm);
  char text[96];
  snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
           tm.tm_hour, tm.tm_min, tm.tm_sec, (int)rest);
  snprintf(ret, RFC3339_LEN + 1, "%.24s", text);
}
