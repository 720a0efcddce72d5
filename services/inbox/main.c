/* SPDX-License-Identifier: Apache-2.0 */
/* inbox: the agents' API. */
#include "inbox.h"

static const char *health(const struct config *config) {
  return config->inbox.health;
}

int main(int argc, char **argv) {
  static const struct service service = {
      .name = "inbox",
      .about = "the agents' API: agents' queues over HTTP and ZeroMQ",
      .health = health,
      .start = inbox_start,
      .drain = inbox_drain,
      .stop = inbox_stop,
      .unhealthy = inbox_unhealthy,
      .measure = inbox_measure,
  };
  return service_main(&service, argc, argv);
}
