/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/listen_address.h"
#include "base/slice.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#define HOST_MAX 256

static int look_up(const char *host, const char *port, struct sockaddr_storage *ret) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *found;
  if (getaddrinfo(host, port, &hints, &found) != 0)
    return -EADDRNOTAVAIL;
  memset(ret, 0, sizeof(*ret));
  memcpy(ret, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return 0;
}

int listen_address_read(const char *text, struct sockaddr_storage *ret) {
  char host[HOST_MAX];
  const char *colon = strrchr(text, ':');
  uint64_t port;
  if (!colon || slice_to_u64(slice_text(colon + 1), UINT16_MAX, &port) != 0)
    return -EINVAL;
  struct slice name = slice_of(text, (size_t)(colon - text));
  if (name.len >= 2 && name.at[0] == '[' && name.at[name.len - 1] == ']')
    name = slice_of(name.at + 1, name.len - 2);
  else if (memchr(name.at, ':', name.len))
    return -EINVAL; /* "::1:24" could be cut in two ways */
  if (!name.len || name.len >= sizeof(host))
    return -EINVAL;
  memcpy(host, name.at, name.len);
  host[name.len] = '\0';
  return look_up(host, colon + 1, ret);
}

uint16_t listen_address_port(const struct sockaddr_storage *address) {
  return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                              : ((const struct sockaddr_in *)address)->sin_port);
}

void listen_address_write(const struct sockaddr_storage *address, char ret[LISTEN_ADDRESS_TEXT]) {
  char host[INET6_ADDRSTRLEN] = "";
  const bool six = address->ss_family == AF_INET6;
  const void *number = six ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
  inet_ntop(address->ss_family, number, host, sizeof(host));
  snprintf(ret, LISTEN_ADDRESS_TEXT, six ? "[%s]:%u" : "%s:%u", host, listen_address_port(address));
}
