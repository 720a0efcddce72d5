/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `deskbell` command line: a table of commands, each in its own cmd_<name>.c.
 * Common options are taken out of the arguments before a command sees them, wherever they stand (up to "--"):
 *   --dir DIR (or DESKBELL_DIR)   --config FILE   --json   --help   --version
 * A new command: write cmd_<name>.c, declare it below, add its row to commands.c and its file to CMakeLists.txt.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "config/config.h"

/* Exit statuses. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

struct ctl;

struct ctl_command {
  const char *name;
  const char *synopsis; /* what follows the name: "[--log-level LEVEL]" */
  const char *about;    /* one line for the list */
  const char *detail;   /* the rest of `deskbell NAME --help`; may be NULL */
  bool hidden;          /* internal: not in the list */
  int (*run)(struct ctl *ctl, int argc, char **argv);
};

struct ctl {
  const struct ctl_command *command; /* the one that runs */
  char *dir;                         /* absolute; NULL: not given (see ctl_need_dir) */
  char *config;                      /* absolute, of --config; NULL: not given */
  bool json;                         /* --json: machine-readable standard output */
};

/* argv[0] is the command's name, so getopt_long() works after `optind = 0`; argv ends with NULL.
 * Each returns an exit status. */
int cmd_up(struct ctl *ctl, int argc, char **argv);
int cmd_exec_child(struct ctl *ctl, int argc, char **argv);
int cmd_events(struct ctl *ctl, int argc, char **argv);
int cmd_event(struct ctl *ctl, int argc, char **argv);
int cmd_blob(struct ctl *ctl, int argc, char **argv);
int cmd_trace(struct ctl *ctl, int argc, char **argv);
int cmd_queue(struct ctl *ctl, int argc, char **argv);
int cmd_customer(struct ctl *ctl, int argc, char **argv);
int cmd_conversation(struct ctl *ctl, int argc, char **argv);
int cmd_desk(struct ctl *ctl, int argc, char **argv);
int cmd_quarantine(struct ctl *ctl, int argc, char **argv);
int cmd_mailbox(struct ctl *ctl, int argc, char **argv);
int cmd_check(struct ctl *ctl, int argc, char **argv);
int cmd_send(struct ctl *ctl, int argc, char **argv);
int cmd_reply(struct ctl *ctl, int argc, char **argv);
int cmd_outbox(struct ctl *ctl, int argc, char **argv);
int cmd_ack(struct ctl *ctl, int argc, char **argv);
int cmd_template(struct ctl *ctl, int argc, char **argv);
int cmd_simulate(struct ctl *ctl, int argc, char **argv);

/* The table; lends it. */
const struct ctl_command *ctl_commands(size_t *ret_count);
int ctl_main(int argc, char **argv);

/* Each writes "deskbell NAME: sentence" to standard error and returns the status. */
int ctl_fail(const struct ctl *ctl, const char *format, ...) printf_like(2, 3); /* CTL_FAILED */
/* CTL_USAGE, and adds the synopsis. */
int ctl_wrong_usage(const struct ctl *ctl, const char *format, ...) printf_like(2, 3);
/* CTL_OK when there is a desk's folder to work on, else says so and returns CTL_USAGE. */
int must_check ctl_need_dir(const struct ctl *ctl);
/* Loads the desk's configuration (--config, DIR/deskbell.yaml, the embedded default). Returns CTL_OK (gives *ret), or
 * says file:line:column and what is wrong and returns CTL_USAGE. */
int must_check ctl_config(const struct ctl *ctl, struct config **ret);

#endif
