/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as other systems export them, in the form that worth.h tells. Private to the module. */
#ifndef PLAN_DATE_H
#define PLAN_DATE_H

#include "base/slice.h"

/* Seconds since 1970 UTC; false when it is no date. */
bool date_seconds(struct slice text, int64_t *ret);

#endif
