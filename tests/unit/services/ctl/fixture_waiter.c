/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the scripts in test_supervise.c: `fixture_waiter NAME` reports ready on descriptor 3, waits for SIGTERM
 * without using time, notes "stop-NAME" in the file $NOTES and ends. `fixture_waiter NAME stubborn` ignores SIGTERM.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  sigset_t set;
  int number, fd;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
  sigprocmask(SIG_BLOCK, &set, NULL);
  if (argc < 2 || dprintf(3, "ready\n") < 0)
    return 1;
  close(3);
  while (argc > 2)
    pause();
  sigwait(&set, &number);
  fd = open(getenv("NOTES"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  dprintf(fd, "stop-%s\n", argv[1]);
  return 0;
}
