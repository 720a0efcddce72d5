/* SPDX-License-Identifier: Apache-2.0 */
#include "outbound/schedule.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

enum { PAUSES = 6 };

static const struct row {
  const char *kind;          /* "": any other */
  int64_t pauses[PAUSES];    /* the last one repeats */
  int64_t life;
} rows[] = {
    {"email", {5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 45 * MINUTE, HOUR}, 5 * DAY},
    {"", {MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE}, DAY},
};

static const struct row *row_of(const char *kind) {
  return strcmp(kind, rows[0].kind) == 0 ? &rows[0] : &rows[1];
}

int64_t schedule_life_ms(const char *channel_kind) {
  return row_of(channel_kind)->life;
}

int schedule_next(const char *channel_kind, uint32_t attempt, int64_t age_ms, int64_t left_ms, int64_t asked_ms,
                  uint64_t salt, int64_t *ret_pause_ms) {
  const struct row *row = row_of(channel_kind);
  uint32_t n = attempt ? attempt - 1 : 0;
  int64_t pause = row->pauses[n < PAUSES ? n : PAUSES - 1];
  if (asked_ms > pause)
    pause = asked_ms < SCHEDULE_ASKED_MAX_MS ? asked_ms : SCHEDULE_ASKED_MAX_MS;
  pause += (int64_t)(salt % 1000) * (pause / 10) / 1000;
  int64_t left = left_ms ? left_ms : row->life - age_ms;
  if (pause > left)
    return SCHEDULE_OVER;
  *ret_pause_ms = pause;
  return 0;
}

int64_t schedule_down_ms(uint32_t failures) {
  int64_t pause = 5 * SECOND;
  for (uint32_t i = 1; i < failures && pause < 5 * MINUTE; i++)
    pause *= 2;
  return pause < 5 * MINUTE ? pause : 5 * MINUTE;
}
