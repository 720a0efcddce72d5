/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the command, takes the common options out, and says clearly what is wrong when a person mistyped.
 */
#include "ctl.h"
#include "service/configuration.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENTS_MAX 4096

static const char common_options[] =
    "common options:\n"
    "  --dir DIR      the desk's folder (or DESKBELL_DIR)\n"
    "  --config FILE  configuration; without it DIR/deskbell.yaml\n"
    "  --json         machine-readable output\n"
    "  --help         help, also of one command\n"
    "  --version      print the version\n";

static printf_like(2, 0) void say(const struct ctl *ctl, const char *format, va_list args) {
  fprintf(stderr, "deskbell%s%s: ", ctl->command ? " " : "", ctl->command ? ctl->command->name : "");
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
}

int ctl_fail(const struct ctl *ctl, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(ctl, format, args);
  va_end(args);
  return CTL_FAILED;
}

int ctl_wrong_usage(const struct ctl *ctl, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(ctl, format, args);
  va_end(args);
  if (ctl->command)
    fprintf(stderr, "usage: deskbell %s %s\n", ctl->command->name, ctl->command->synopsis);
  else
    fprintf(stderr, "try deskbell --help\n");
  return CTL_USAGE;
}

int ctl_need_dir(const struct ctl *ctl) {
  return ctl->dir ? CTL_OK : ctl_wrong_usage(ctl, "which desk? give --dir DIR or set DESKBELL_DIR");
}

int ctl_config(const struct ctl *ctl, struct config **ret) {
  struct complaint complaint = {0};
  int r = configuration_load(ctl->config, ctl->dir ? ctl->dir : "/", ret, &complaint);
  if (r == 0)
    return CTL_OK;
  configuration_complain(stderr, r, ctl->config, &complaint);
  return CTL_USAGE;
}

/* Help */

static int help_all(void) {
  size_t count;
  const struct ctl_command *commands = ctl_commands(&count);
  printf("usage: deskbell [common options] COMMAND [arguments]\n\ncommands:\n");
  for (size_t i = 0; i < count; i++)
    if (!commands[i].hidden)
      printf("  %-14s %s\n", commands[i].name, commands[i].about);
  printf("\n%s\nexit status: 0 done, 1 failed, 2 wrong usage or configuration\n", common_options);
  return CTL_OK;
}

static int help_command(const struct ctl_command *command) {
  printf("usage: deskbell %s %s\n%s\n", command->name, command->synopsis, command->about);
  if (command->detail)
    printf("\n%s", command->detail);
  printf("\n%s", common_options);
  return CTL_OK;
}

/* Finding the command */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* How many characters must change to make `b` of `a` (Levenshtein), for short words. */
static size_t difference(const char *a, const char *b) {
  size_t row[32], len = strlen(b);
  if (len >= 31)
    return SIZE_MAX;
  for (size_t k = 0; k <= len; k++)
    row[k] = k;
  for (size_t i = 0; a[i]; i++) {
    size_t corner = row[0];
    row[0] = i + 1;
    for (size_t k = 0; k < len; k++) {
      size_t above = row[k + 1];
      row[k + 1] = least(least(row[k], above) + 1, corner + (a[i] != b[k]));
      corner = above;
    }
  }
  return row[len];
}

static const struct ctl_command *find(const char *name, const struct ctl_command **ret_near) {
  size_t count, best = 3; /* further away is another word */
  const struct ctl_command *commands = ctl_commands(&count);
  *ret_near = NULL;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
    size_t away = difference(name, commands[i].name);
    if (!commands[i].hidden && away < best) {
      best = away;
      *ret_near = &commands[i];
    }
  }
  return NULL;
}

/* Common options */

enum { ARGUMENT_OWN, ARGUMENT_COMMON, ARGUMENT_VALUE_MISSING };

struct common {
  struct ctl *ctl;
  bool help, version;
};

/* The value of "--name value" or "--name=value"; NULL when it is not this option. */
static const char *value_of(const char *name, char **argv, int argc, int *at) {
  size_t len = strlen(name);
  if (strncmp(argv[*at], name, len) != 0)
    return NULL;
  if (argv[*at][len] == '=')
    return argv[*at] + len + 1;
  if (argv[*at][len] != '\0')
    return NULL;
  return *at + 1 < argc ? argv[++*at] : "";
}

static int take_common(struct common *common, int argc, char **argv, int *at) {
  const struct {
    const char *name;
    bool *flag;
    char **path;
  } rows[] = {{"--json", &common->ctl->json, NULL},   {"--help", &common->help, NULL},
              {"-h", &common->help, NULL},            {"--version", &common->version, NULL},
              {"--dir", NULL, &common->ctl->dir},     {"--config", NULL, &common->ctl->config}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (rows[i].flag && strcmp(argv[*at], rows[i].name) == 0) {
      *rows[i].flag = true;
      return ARGUMENT_COMMON;
    }
    const char *value = rows[i].path ? value_of(rows[i].name, argv, argc, at) : NULL;
    if (!value)
      continue;
    if (!value[0])
      return ARGUMENT_VALUE_MISSING;
    free(*rows[i].path);
    *rows[i].path = absolute_path(value);
    return ARGUMENT_COMMON;
  }
  return ARGUMENT_OWN;
}

/* Moves what is not common into `rest`. */
static int split(struct common *common, int argc, char **argv, char **rest, int *ret_count) {
  int count = 0;
  bool literal = false;
  for (int at = 1; at < argc; at++) {
    literal = literal || strcmp(argv[at], "--") == 0;
    const char *name = argv[at];
    int kind = literal ? ARGUMENT_OWN : take_common(common, argc, argv, &at);
    if (kind == ARGUMENT_VALUE_MISSING)
      return ctl_wrong_usage(common->ctl, "%s needs a value", name);
    if (kind == ARGUMENT_OWN)
      rest[count++] = argv[at];
  }
  rest[count] = NULL;
  *ret_count = count;
  return CTL_OK;
}

static int dispatch(struct common *common, int argc, char **argv) {
  struct ctl *ctl = common->ctl;
  if (common->version) {
    printf("deskbell %s\n", DESKBELL_VERSION);
    return CTL_OK;
  }
  bool help_word = argc > 0 && strcmp(argv[0], "help") == 0;
  if (argc == 0 || (help_word && argc == 1))
    return common->help || help_word ? help_all() : ctl_wrong_usage(ctl, "which command?");
  const char *name = help_word ? argv[1] : argv[0];
  const struct ctl_command *near, *command = find(name, &near);
  if (!command && near)
    return ctl_wrong_usage(ctl, "there is no command \"%s\"; did you mean \"%s\"?", name, near->name);
  if (!command)
    return ctl_wrong_usage(ctl, "there is no command \"%s\"", name);
  if (common->help || help_word)
    return help_command(command);
  ctl->command = command;
  return command->run(ctl, argc, argv);
}

int ctl_main(int argc, char **argv) {
  struct ctl ctl = {0};
  struct common common = {.ctl = &ctl};
  if (argc > ARGUMENTS_MAX)
    return ctl_wrong_usage(&ctl, "too many arguments");
  char **rest = must_calloc((size_t)argc + 1, sizeof(*rest));
  int count = 0, status = split(&common, argc, argv, rest, &count);
  const char *dir = getenv("DESKBELL_DIR");
  if (!ctl.dir && dir && dir[0])
    ctl.dir = absolute_path(dir);
  if (status == CTL_OK)
    status = dispatch(&common, count, rest);
  free(rest);
  free(ctl.dir);
  free(ctl.config);
  return status;
}
