/* SPDX-License-Identifier: Apache-2.0 */
/* inbox: the agents' API. */
#include "inbox.h"
#include "judge_child.h"

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
  if (argc == 2 && strcmp(argv[1], JUDGE_OPTION) == 0)
    return judge_child_main();
  return service_main(&service, argc, argv);
}
