/* SPDX-License-Identifier: Apache-2.0 */
/* Customer predicates of a desk definition (desk/desk.h), answered as the routing step does (functions.lua). */
#ifndef SIMULATE_CUSTOMER_H
#define SIMULATE_CUSTOMER_H

#include "simulate/simulate.h"

bool customer_fits(const struct simulate_customer *c, const char *predicate);

#endif
