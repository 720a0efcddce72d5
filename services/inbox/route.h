/* SPDX-License-Identifier: Apache-2.0 */
/* Method and path to a verb, by the rows of verbs.def. Pure. */
#ifndef INBOX_ROUTE_H
#define INBOX_ROUTE_H

#include "ask.h"

enum { ROUTE_NO_PATH = 1, ROUTE_NO_METHOD = 2 };

#define ROUTE_ALLOW_MAX 64

/* Fills the verb and what stands in the path. Returns 0; ROUTE_NO_PATH; ROUTE_NO_METHOD with `ret_allow` filled ("GET,
 * POST"); ASK_WRONG is never: what is no name or id is no path either. -ENOMEM. */
int must_check route_find(const char *method, const char *path, struct arena *arena, struct ask *ret,
                          char ret_allow[ROUTE_ALLOW_MAX]);

#endif
