/* SPDX-License-Identifier: Apache-2.0 */
#include "acknowledge.h"

static const char *health(const struct config *config) {
  return config->acknowledge.health;
}

int main(int argc, char **argv) {
  static const struct service service = {
      .name = "acknowledge",
      .about = "decides on, words and orders the automatic first answer to each customer",
      .health = health,
      .start = acknowledge_start,
      .drain = acknowledge_drain,
      .stop = acknowledge_stop,
      .unhealthy = acknowledge_unhealthy,
      .measure = acknowledge_measure,
  };
  return service_main(&service, argc, argv);
}
