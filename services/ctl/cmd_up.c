/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `deskbell up`: from an empty folder to a running desk. Everything a person can have got wrong is checked before the
 * first program starts, and before anything is written where that is possible.
 */
#include "ctl.h"
#include "base/file.h"
#include "log/line.h"
#include "service/configuration.h"
#include "service/process.h"
#include "up.h"
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

static int parse(const struct ctl *ctl, int argc, char **argv, enum log_level *ret_level) {
  static const struct option options[] = {{"log-level", required_argument, NULL, 'l'}, {0}};
  optind = 0;
  for (int option = getopt_long(argc, argv, "", options, NULL); option != -1;
       option = getopt_long(argc, argv, "", options, NULL)) {
    if (option != 'l')
      return ctl_wrong_usage(ctl, "the options are wrong");
    if (log_level_parse(optarg, ret_level) < 0)
      return ctl_wrong_usage(ctl, "--log-level is error, warn, info or debug, not \"%s\"", optarg);
  }
  if (optind < argc)
    return ctl_wrong_usage(ctl, "takes no arguments, but was given \"%s\"", argv[optind]);
  return ctl_need_dir(ctl);
}

static int say(const struct ctl *ctl, const struct complaint *complaint) {
  return ctl_fail(ctl, "%s%s%s", complaint->file, complaint->file[0] ? ": " : "", complaint->text);
}

static int lock(const struct ctl *ctl, int *ret_fd) {
  int64_t holder;
  int r = up_lock(ctl->dir, ret_fd, &holder);
  if (r == -EWOULDBLOCK)
    return ctl_fail(ctl, "another `deskbell up` (process %lld) runs the desk in %s", (long long)holder, ctl->dir);
  return r < 0 ? ctl_fail(ctl, "cannot lock %s/up.lock: %s", ctl->dir, strerror(-r)) : CTL_OK;
}

/* With the lock held and the configuration loaded. */
static int run(const struct ctl *ctl, const struct config *config, enum log_level level) {
  const struct up_options options = {.dir = ctl->dir, .config_file = ctl->config, .log_level = level};
  struct complaint complaint = {0};
  struct up_programs programs;
  if (up_secrets(config, &complaint) < 0 || up_programs(config, &options, &programs, &complaint) < 0)
    return say(ctl, &complaint);
  int status;
  if (programs.redis_server && up_redis_prepare(config, &complaint) < 0)
    status = say(ctl, &complaint);
  else
    status = up_desk(config, &options, &programs);
  up_programs_free(&programs);
  return status;
}

static int load_and_run(const struct ctl *ctl, enum log_level level) {
  struct complaint complaint = {0};
  if (!ctl->config && up_default_config(ctl->dir, &complaint) < 0)
    return say(ctl, &complaint);
  struct config *config = NULL;
  int status = ctl_config(ctl, &config);
  if (status == CTL_OK)
    status = run(ctl, config, level);
  config_free(&config);
  return status;
}

int cmd_up(struct ctl *ctl, int argc, char **argv) {
  enum log_level level = LOG_INFO;
  int status = parse(ctl, argc, argv, &level);
  if (status != CTL_OK)
    return status;
  log_open("up", level);
  int r = process_prepare();
  if (r < 0)
    log_warn("open_files_limit_not_raised", KV("fault", strerror(-r)));
  if (ctl->config) { /* a wrong one shall not leave a half-made desk behind */
    struct config *config = NULL;
    status = ctl_config(ctl, &config);
    config_free(&config);
    if (status != CTL_OK)
      return status;
  }
  r = folder_make(ctl->dir);
  if (r < 0)
    return ctl_fail(ctl, "cannot make the folder %s: %s", ctl->dir, strerror(-r));
  int lock_fd = -1;
  status = lock(ctl, &lock_fd);
  if (status == CTL_OK)
    status = load_and_run(ctl, level);
  if (lock_fd >= 0)
    close(lock_fd);
  return status;
}
