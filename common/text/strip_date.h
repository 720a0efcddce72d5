/* SPDX-License-Identifier: Apache-2.0 */
/* What a date and a time look like in any language, in folded text. Inside common/text only. Pure. */
#ifndef TEXT_STRIP_DATE_H
#define TEXT_STRIP_DATE_H

#include "base/slice.h"

/* A year, or a date in numbers: "2024", "6.5.24", "06/05/2024". */
bool strip_has_date(struct slice folded);
/* "10:00", "10.00", "10h00". */
bool strip_has_time(struct slice folded);

#endif
