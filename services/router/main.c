/* SPDX-License-Identifier: Apache-2.0 */
#include "router.h"

static const char *health(const struct config *config) {
  return config->router.health;
}

int main(int argc, char **argv) {
  static const struct service service = {
      .name = "router",
      .about = "routes contact events: dedupe, identify, attach context, find the conversation, decide, enqueue",
      .metrics_endpoint = "metrics", /* where a desk's scraper starts */
      .health = health,
      .start = router_start,
      .drain = router_drain,
      .stop = router_stop,
      .unhealthy = router_unhealthy,
      .measure = router_measure,
  };
  return service_main(&service, argc, argv);
}
