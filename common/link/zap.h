/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect: the handler of ZeroMQ's authentication protocol (ZAP, RFC 27) of one context. Only CURVE, only our
 * domain, only keys of the allow-list; the user id it answers with is the program's name.
 */
#ifndef LINK_ZAP_H
#define LINK_ZAP_H

#include "link/allow_list.h"
#include <uv.h>

#define ZAP_DOMAIN "deskbell"
#define ZAP_PARTS 7 /* version, request id, domain, address, routing id, mechanism, CURVE client key */

struct zap_verdict {
  const char *status, *text; /* "200" "OK", "400" "…" */
  const char *user;          /* lent by the list; "" unless 200 */
};

/* Decides about a request of `count` parts. Pure. */
struct zap_verdict zap_decide(const struct allow_list *list, const struct slice *parts, size_t count);

struct zap;

/* Binds the context's handler; before its first server socket. `list` is borrowed and may change meanwhile.
 * Returns 0 or -errno. */
int must_check zap_open(uv_loop_t *loop, void *context, const struct allow_list *list, struct zap **ret);
void zap_close(struct zap **z);

#endif
