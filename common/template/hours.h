/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are people there, and when next? By the clock on the wall of the hours' zone: a span that begins in the hour which a
 * change to summer time leaves out begins when the clock goes on, one in the hour that comes twice is open both times.
 * A span over midnight belongs to the day it begins on. On a closed day nobody is there: neither in the spans that
 * begin on it, to their end, nor in what reaches into it from the day before.
 *
 * Hours in a zone that the system does not know are never open, and hours_next() is -1.
 * Not for several threads (template/zone.h).
 */
#ifndef TEMPLATE_HOURS_H
#define TEMPLATE_HOURS_H

#include "desk/desk.h"

#define HOURS_FAR_DAYS 400

bool hours_open(const struct desk_hours *h, int64_t at_ms);
/* The first millisecond at or after `at_ms` at which they are open; -1: none within HOURS_FAR_DAYS. */
int64_t hours_next(const struct desk_hours *h, int64_t at_ms);

#endif
