/* SPDX-License-Identifier: Apache-2.0 */
/* The clock. Pure code never calls this; edges do, and hand the value down. Unix milliseconds unless said. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/fault.h"

int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
#define RFC3339_LEN 24
/* "2026-11-24T09:30:00.123Z" */
void clock_rfc3339(int64_t unix_ms, char ret[RFC3339_LEN + 1]);

#endif
