/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. The commands are rows of commands.c. */
#include "ctl.h"

int main(int argc, char **argv) {
  return ctl_main(argc, argv);
}
