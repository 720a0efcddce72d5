/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of rows makes both the parser and --help, so that neither can forget an option.
 */
#include "service/options.h"
#include "log/line.h"
#include "service/configuration.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_DIR = 'd', OPTION_CONFIG = 'c', OPTION_CHECK = 256, OPTION_PRINT, OPTION_LEVEL, OPTION_VERSION,
       OPTION_HELP = 'h' };

static const struct {
  struct option option;
  const char *value, *about;
} rows[] = {
    {{"dir", required_argument, NULL, OPTION_DIR}, "DIR", "the desk's folder (or DESKBELL_DIR)"},
    {{"config", required_argument, NULL, OPTION_CONFIG}, "FILE", "configuration; without it DIR/deskbell.yaml"},
    {{"check-config", no_argument, NULL, OPTION_CHECK}, "", "say \"ok\" or what is wrong and where, and exit"},
    {{"print-config", no_argument, NULL, OPTION_PRINT}, "", "print the effective configuration and exit"},
    {{"log-level", required_argument, NULL, OPTION_LEVEL}, "LEVEL", "error, warn, info (default) or debug"},
    {{"version", no_argument, NULL, OPTION_VERSION}, "", "print the version and exit"},
    {{"help", no_argument, NULL, OPTION_HELP}, "", "print this and exit"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void print_help(const struct service *service) {
  printf("usage: %s --dir DIR [options]\n%s\n\noptions:\n", service->name, service->about);
  for (size_t i = 0; i < ROWS; i++) {
    char left[64];
    snprintf(left, sizeof(left), "--%s %s", rows[i].option.name, rows[i].value);
    printf("  %-22s %s\n", left, rows[i].about);
  }
  printf("\nexit status: 0 stopped in order, 1 a fault, 2 wrong options or configuration\n");
}

static int wrong(const struct service *service, const char *what, const char *value, int *ret_status) {
  fprintf(stderr, "%s: %s%s (try %s --help)\n", service->name, what, value, service->name);
  *ret_status = 2;
  return OPTIONS_EXIT;
}

/* One option; `value` is its argument. */
static int take(const struct service *service, int option, const char *value, struct options *o, int *ret_status) {
  switch (option) {
  case OPTION_DIR:
    free(o->dir);
    o->dir = absolute_path(value);
    return 0;
  case OPTION_CONFIG:
    free(o->config);
    o->config = absolute_path(value);
    return 0;
  case OPTION_CHECK:
    o->action = ACTION_CHECK_CONFIG;
    return 0;
  case OPTION_PRINT:
    o->action = ACTION_PRINT_CONFIG;
    return 0;
  case OPTION_LEVEL:
    if (log_level_parse(value, &o->log_level) < 0)
      return wrong(service, "--log-level is error, warn, info or debug, not ", value, ret_status);
    return 0;
  case OPTION_VERSION:
    printf("%s (Deskbell) %s\n", service->name, DESKBELL_VERSION);
    *ret_status = 0;
    return OPTIONS_EXIT;
  case OPTION_HELP:
    print_help(service);
    *ret_status = 0;
    return OPTIONS_EXIT;
  default: /* getopt said what */
    return wrong(service, "the options are wrong", "", ret_status);
  }
}

static int take_all(const struct service *service, int argc, char **argv, struct options *o, int *ret_status) {
  struct option options[ROWS + 1] = {0};
  for (size_t i = 0; i < ROWS; i++)
    options[i] = rows[i].option;
  optind = 1;
  for (int option = getopt_long(argc, argv, "h", options, NULL); option != -1;
       option = getopt_long(argc, argv, "h", options, NULL)) {
    int r = take(service, option, optarg, o, ret_status);
    if (r)
      return r;
  }
  if (optind < argc)
    return wrong(service, "takes no arguments, but was given ", argv[optind], ret_status);
  const char *dir = getenv("DESKBELL_DIR");
  if (!o->dir && dir && dir[0])
    o->dir = absolute_path(dir);
  /* A configuration can be checked before there is a desk. */
  if (!o->dir && o->action != ACTION_RUN)
    o->dir = absolute_path(".");
  if (!o->dir)
    return wrong(service, "which desk? give --dir DIR or set DESKBELL_DIR", "", ret_status);
  return 0;
}

int options_parse(const struct service *service, int argc, char **argv, struct options *ret, int *ret_status) {
  struct options o = {.log_level = LOG_INFO};
  int r = take_all(service, argc, argv, &o, ret_status);
  if (r)
    options_free(&o);
  else
    *ret = o;
  return r;
}

void options_free(struct options *o) {
  free(o->dir);
  free(o->config);
  *o = (struct options){0};
}
