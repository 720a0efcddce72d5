/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, in the order of `deskbell --help`. */
#include "ctl.h"

static const struct ctl_command commands[] = {
    {"up", "--dir DIR [--config FILE] [--log-level LEVEL]", "run a whole desk in the foreground",
     "Makes what is missing in DIR (configuration, secrets, keys), starts a private Redis unless the configuration\n"
     "names one, starts the programs the configuration needs, and prints \"ready\" when all accept.\n"
     "DIR/endpoints.json then says where each listens, DIR/pids.json who they are.\n"
     "Whatever dies is started again. SIGTERM or Ctrl-C drains and stops in order; a second one kills.\n",
     false, cmd_up},
    {"exec-child", "[--lock FILE] -- PROGRAM [ARGUMENT...]", "run a program that ends with its parent", NULL, true,
     cmd_exec_child},
};

const struct ctl_command *ctl_commands(size_t *ret_count) {
  *ret_count = sizeof(commands) / sizeof(commands[0]);
  return commands;
}
