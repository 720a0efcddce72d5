/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch.h"

static const char *health(const struct config *config) {
  return config->dispatch.health;
}

int main(int argc, char **argv) {
  static const struct service service = {
      .name = "dispatch",
      .about = "brings waiting work items to the agents who fit them best",
      .health = health,
      .start = dispatch_start,
      .drain = dispatch_drain,
      .stop = dispatch_stop,
      .unhealthy = dispatch_unhealthy,
      .measure = dispatch_measure,
  };
  return service_main(&service, argc, argv);
}
