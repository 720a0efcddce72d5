/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named points in the code at which a test may kill a process: between any two steps that must both happen or be made
 * good. In a release they are nothing at all: no code, no names, no environment variable that anything listens to.
 *
 * A build with sanitizers (DESKBELL_DEV) looks into the folder that DESKBELL_POINTS names. POINT("relay.sent") finds the
 * file "relay.sent" there, takes it away, and kills, with SIGKILL, the process whose id stands in it; this one for "0". A
 * file kills once, whoever comes by first, and in a program that was started again too. Another victim is dead before the
 * point is left, so that what follows it happens without it. errno stays as it was.
 */
#ifndef BASE_POINT_H
#define BASE_POINT_H

#ifdef DESKBELL_POINTS
void point_reached(const char *name);
#define POINT(name) point_reached(name)
#else
#define POINT(name) ((void)0)
#endif

#endif
