/* SPDX-License-Identifier: Apache-2.0 */
/* What waiting items take of Redis's memory. */
#ifndef BENCH_DISPATCH_MEMORY_H
#define BENCH_DISPATCH_MEMORY_H

#include <hiredis/hiredis.h>

struct memory {
  double index, item, place;   /* bytes for an item that waits */
  long long waiting, lines;
};

/* Ends the program when Redis does not answer. */
struct memory memory_of(redisContext *c);

#endif
