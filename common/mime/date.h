/* SPDX-License-Identifier: Apache-2.0 */
/* The Date field (RFC 5322 3.3 and 4.3), and the other ways in which programs write one (MI-25). Inside common/mime
 * only. Pure. */
#ifndef MIME_DATE_H
#define MIME_DATE_H

#include "base/slice.h"

/* Unix milliseconds; without a zone that is known it is taken for UTC. False when it is no date. */
bool date_read(struct slice value, int64_t *ret_ms);
/* Days since 1970-01-01 of a day of the Gregorian calendar. */
int64_t date_days(int64_t year, unsigned month, unsigned day);
/* Whether there is such a day. */
bool date_exists(int64_t year, unsigned month, unsigned day);

#endif
