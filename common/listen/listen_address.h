/* SPDX-License-Identifier: Apache-2.0 */
/* "127.0.0.1:2424", "[::1]:2424", "localhost:0" as a socket address and back. A name is looked up, and its first
 * address taken: to be used at the start only. */
#ifndef LISTEN_LISTEN_ADDRESS_H
#define LISTEN_LISTEN_ADDRESS_H

#include "base/fault.h"
#include <netinet/in.h>

#define LISTEN_ADDRESS_TEXT 64

/* Returns 0, -EINVAL, -EADDRNOTAVAIL (the name has no address). */
int must_check listen_address_read(const char *text, struct sockaddr_storage *ret);
uint16_t listen_address_port(const struct sockaddr_storage *address);
void listen_address_write(const struct sockaddr_storage *address, char ret[LISTEN_ADDRESS_TEXT]);

#endif
