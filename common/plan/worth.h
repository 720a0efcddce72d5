/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a customer is worth to routing: the product of the factors of a desk definition ('value'). A Redis function
 * reckons the same from the rows V of a plan, to the bit; therefore only + - * / in this order, without fused
 * operations, the factors as they stand in the definition:
 *
 *   worth     1, then for each factor: worth = worth * factor
 *   points    x below the first x: its y. Else the first i with x < x[i]:
 *             y[i-1] + ((x - x[i-1]) / (x[i] - x[i-1])) * (y[i] - y[i-1]). Else the last y.
 *   figure    x is the number NAME
 *   age       x = (now_ms - seconds * 1000) / 86400000, seconds since 1970 of the date NAME
 *   lifetime  sum = 0, power = 1; YEARS times: sum = sum + number * power, power = power * keeps. x = sum
 *   tag, is   the factor, when the customer has the tag, or the text NAME is equal
 *   ...       else 1, as for all that the profile does not have or that has not the form:
 *
 *   number    "value": the imported value. Else a JSON number of the profile, or a text that is one: an optional '-',
 *             digits, perhaps '.' and digits, perhaps 'e' or 'E', perhaps a sign, and digits; at most 40 bytes; finite.
 *             Of `keeps`: 0 to 1.
 *   date      "2026-11-27", or with a time behind it: 'T', 't' or a blank, "18:30", perhaps ":05" and perhaps '.' and
 *             digits (not counted), perhaps 'Z', 'z' or "+01:00" (without: UTC). A day that exists, hours to 23 (those of
 *             the zone too), minutes to 59, seconds to 60. What is no such text: a number, Unix seconds.
 *   text      a text, or true and false
 */
#ifndef PLAN_WORTH_H
#define PLAN_WORTH_H

#include "base/slice.h"
#include "desk/desk.h"

/* `tags`: "|vip|gold|" or "". `value`: NAN when there is none. `profile`: JSON as imported, or empty; what is no JSON
 * object counts as empty. Above 0, finite. */
double desk_worth(const struct desk *d, const char *tags, double value, struct slice profile, int64_t now_ms);

#endif
