/* SPDX-License-Identifier: Apache-2.0 */
/* How long one decision of the pure rule takes, with its record, and how long that is as text. */
#ifndef BENCH_ROUTING_SPEED_H
#define BENCH_ROUTING_SPEED_H

void speed(void);

#endif
