/* SPDX-License-Identifier: Apache-2.0 */
/* A program started by a unit test: what it reports, what it says, how it ends. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include "base/buf.h"
#include <sys/types.h>

struct child {
  pid_t pid;
  int ready_fd, output_fd; /* reading ends */
  struct buf report;       /* all it reported so far */
};

/* Starts argv with the environment plus `env` ("A=1", NULL at the end); both outputs go to one pipe. */
struct child child_start(const char *const *argv, const char *const *env);
/* Reads the report until a line is `line`; false when the pipe ended before. */
bool child_await(struct child *c, const char *line);
/* Lends the value of an endpoint reported so far, valid until the next call; NULL without. */
const char *child_endpoint(struct child *c, const char *name);
/* Reads all output to its end, waits, and closes. Returns the exit status, or -signal. Gives the output. */
int child_end(struct child *c, struct buf *ret_output);
/* GET over a fresh connection; the whole answer, head included. */
struct buf http_get(const char *address, const char *path, const char *method);

#endif
