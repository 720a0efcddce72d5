/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's time zones, by the C library: the process's TZ is switched when another zone is asked about than the
 * last time, so this is for programs of one thread only. Everything else in Deskbell keeps UTC and does not mind.
 * Zones are those of $TZDIR or /usr/share/zoneinfo; "UTC" is always there. One descriptor is kept for reading them.
 */
#ifndef HOURS_ZONE_H
#define HOURS_ZONE_H

#include "base/slice.h"

/* Can this be the IANA name of a zone ("Europe/Berlin", "Etc/GMT+5")? Never a name that leaves a folder of zones. */
bool zone_form(struct slice zone);
/* Does the system have it? Names that are none (zone_form) are not looked for. */
bool zone_known(const char *zone);
/* Seconds east of UTC at this moment. 0 for a zone that the system does not know: ask first. */
int64_t zone_offset(const char *zone, int64_t unix_s);

#endif
