/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agents' API over HTTP: who asks, may they, how often, is it in order; then work.c, offers.c, events.c. No token,
 * no service; tokens come in the Authorization header alone, never in a URL (SE-10), and are never logged (SE-08).
 *
 * Pages of other origins: nothing without `inbox.origins` (SE-04). There are no cookies, so no page can act for its
 * reader without their token (SE-03).
 */
#ifndef INBOX_TAKE_HTTP_H
#define INBOX_TAKE_HTTP_H

#include "inbox.h"

/* Returns 0, or < 0 after service_fail() said why. */
int must_check take_http_open(struct inbox *inbox);

#endif
