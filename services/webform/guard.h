/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much one peer and one typed address may send to a channel (WF-10), by whatever way (WF-21). Kept in memory only:
 * a peer address is never written anywhere (WF-51).
 */
#ifndef WEBFORM_GUARD_H
#define WEBFORM_GUARD_H

#include "base/slice.h"

/* Defaults: a person who corrects and repeats, or an office behind one address, stays below. */
#define GUARD_PEER_BURST 10.0
#define GUARD_PEER_RATE 0.2
#define GUARD_ADDRESS_BURST 5.0
#define GUARD_ADDRESS_RATE (1.0 / 60)

struct guard;

/* `rate`: posts per second and peer, with a burst of ten seconds' worth; 0: the defaults. */
struct guard *guard_new(double rate);
void guard_free(struct guard **g);
/* `peer`: IP text; an IPv6 peer is its /64, which is what one customer of a provider has. `key`: of the typed address.
 * Returns 0 when it may come in, else the milliseconds to wait. */
int64_t guard_take(struct guard *g, const char *peer, const char *key, int64_t now_ms);

/* Where a post comes from, by what its browser says (WF-02, WF-03). */
enum origin {
  ORIGIN_OWN,       /* our page, or no browser */
  ORIGIN_LISTED,    /* another site that may: answer with CORS headers */
  ORIGIN_FORBIDDEN,
};

struct origin_facts {
  const char *origin, *host, *fetch_site; /* headers; NULL: not sent */
  const char *public_url;                 /* of the channel, "" unknown */
  char *const *listed;
  size_t listed_count;
};

/* Pure. */
enum origin origin_judge(const struct origin_facts *facts);

#endif
