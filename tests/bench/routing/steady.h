/* SPDX-License-Identifier: Apache-2.0 */
/* Is the simulator right? Long even days of textbook queues against their formulas, small cases against trying all. */
#ifndef BENCH_ROUTING_STEADY_H
#define BENCH_ROUTING_STEADY_H

/* Prints a line for each check; share: length of the runs (1: as long as needed for 2 %). Returns how many failed. */
int steady_checks(double share);

#endif
