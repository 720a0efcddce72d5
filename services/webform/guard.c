/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"
#include "http/bucket.h"
#include <arpa/inet.h>
#include <stdlib.h>

#define PEERS 8192
#define ADDRESSES 8192
#define BURST_SECONDS 10

struct guard {
  struct bucket_table *peers, *addresses;
};

struct guard *guard_new(double rate) {
  struct guard *g = must_calloc(1, sizeof(*g));
  double burst = rate * BURST_SECONDS;
  g->peers = rate > 0 ? bucket_table_new(PEERS, rate, burst < 1 ? 1 : burst)
                      : bucket_table_new(PEERS, GUARD_PEER_RATE, GUARD_PEER_BURST);
  g->addresses = bucket_table_new(ADDRESSES, GUARD_ADDRESS_RATE, GUARD_ADDRESS_BURST);
  return g;
}

void guard_free(struct guard **g) {
  if (!g || !*g)
    return;
  bucket_table_free(&(*g)->peers);
  bucket_table_free(&(*g)->addresses);
  free(*g);
  *g = NULL;
}

/* The bytes that stand for a peer: four of IPv4, also when mapped into IPv6, eight of IPv6. */
static struct slice peer_key(const char *peer, uint8_t room[16]) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  if (inet_pton(AF_INET, peer, room) == 1)
    return slice_of(room, 4);
  if (inet_pton(AF_INET6, peer, room) != 1)
    return slice_text(peer);
  return memcmp(room, mapped, sizeof(mapped)) == 0 ? slice_of(room + 12, 4) : slice_of(room, 8);
}

int64_t guard_take(struct guard *g, const char *peer, const char *key, int64_t now_ms) {
  uint8_t room[16];
  int64_t wait_ms = bucket_take(g->peers, peer_key(peer, room), now_ms);
  return wait_ms ? wait_ms : bucket_take(g->addresses, slice_text(key), now_ms);
}

/* Is `origin` scheme://host[:port] of this URL? */
static bool origin_of_url(struct slice origin, const char *url) {
  struct slice whole = slice_text(url);
  return origin.len > 0 && slice_starts_nocase(whole, origin) &&
         (whole.len == origin.len || whole.at[origin.len] == '/');
}

static bool origin_of_host(struct slice origin, const char *host) {
  struct slice schemes[] = {SLICE("http://"), SLICE("https://")};
  for (size_t i = 0; host && i < 2; i++) {
    if (slice_starts_nocase(origin, schemes[i]) &&
        slice_equal_nocase(slice_of(origin.at + schemes[i].len, origin.len - schemes[i].len), slice_text(host)))
      return true;
  }
  return false;
}

enum origin origin_judge(const struct origin_facts *f) {
  /* Sites cannot forge this header; it also holds behind a proxy that changes the Host. */
  bool same = f->fetch_site && strcmp(f->fetch_site, "same-origin") == 0;
  if (!f->origin)
    return f->fetch_site && strcmp(f->fetch_site, "cross-site") == 0 ? ORIGIN_FORBIDDEN : ORIGIN_OWN;
  struct slice origin = slice_text(f->origin);
  for (size_t i = 0; i < f->listed_count; i++) {
    if (slice_equal(origin, slice_text(f->listed[i])))
      return ORIGIN_LISTED;
  }
  bool own = same || origin_of_host(origin, f->host) || origin_of_url(origin, f->public_url);
  return own ? ORIGIN_OWN : ORIGIN_FORBIDDEN;
}
