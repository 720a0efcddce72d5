/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell token: who may call the agents' API. */
#include "access/access.h"
#include "base/file.h"
#include "ctl.h"
#include "journal.h"
#include "service/process.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 5000 };

struct tokens {
  const struct ctl *ctl;
  char *path;
  enum access_role role; /* of a new one */
};

static int fail(const struct tokens *t, const struct complaint *c) {
  return ctl_fail(t->ctl, "%s: %s", c->file, c->text);
}

/* The only time the token is shown. */
static int run_new(const struct tokens *t, const char *agent) {
  char token[ACCESS_TOKEN_LEN + 1], id[ACCESS_ID_LEN + 1];
  struct access_row row;
  struct complaint complaint;
  if (!access_agent_ok(slice_text(agent)))
    return ctl_wrong_usage(t->ctl, "\"%s\" is not an agent's name: 1 to 32 of a-z, 0-9 and '-'", agent);
  access_token_make(agent, t->role, token, &row);
  if (access_add(t->path, &row, &complaint) < 0)
    return fail(t, &complaint);
  access_row_id(&row, id);
  if (t->ctl->json)
    print_json(json_pack("{s:s, s:s, s:s, s:s}", "agent", agent, "role", access_role_text(row.role), "id", id, "token",
                         token));
  else
    printf("%s\n", token);
  explicit_bzero(token, sizeof(token));
  return CTL_OK;
}

static int run_ls(const struct tokens *t, const char *unused) {
  struct access_list list = {0};
  struct complaint complaint;
  (void)unused;
  int r = access_read(t->path, &list, &complaint);
  if (r < 0 && r != -ENOENT)
    return fail(t, &complaint);
  json_t *all = json_array();
  for (size_t i = 0; i < list.count; i++) {
    char id[ACCESS_ID_LEN + 1];
    const char *role = access_role_text(list.rows[i].role);
    access_row_id(&list.rows[i], id);
    json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "id", id, "agent", list.rows[i].agent, "role", role));
    if (!t->ctl->json)
      printf("%s  %-32s %s\n", id, list.rows[i].agent, role);
  }
  if (t->ctl->json)
    print_json(all);
  else
    json_decref(all);
  if (list.bad)
    fprintf(stderr, "deskbell token: %zu lines of %s make no sense, the first is line %u\n", list.bad, t->path,
            list.first_bad);
  access_list_free(&list);
  return CTL_OK;
}

static int run_revoke(const struct tokens *t, const char *which) {
  struct complaint complaint;
  int r = access_remove(t->path, slice_text(which), &complaint);
  if (r < 0)
    return fail(t, &complaint);
  if (r == 0)
    return ctl_fail(t->ctl, "there is no token of \"%s\"; `deskbell token ls` lists them", which);
  if (t->ctl->json)
    print_json(json_pack("{s:i}", "revoked", r));
  else
    printf("%d revoked\n", r);
  return CTL_OK;
}

static const struct {
  const char *name, *what;
  bool writes;
  int (*run)(const struct tokens *t, const char *argument);
} verbs[] = {{"ls", NULL, false, run_ls},
             {"new", "an agent's name", true, run_new},
             {"revoke", "an agent's name or a token's id", true, run_revoke}};

/* Two at once would lose one's line. */
static int run_locked(const struct tokens *t, size_t verb, const char *argument) {
  auto_clean(buf_free) struct buf lock = BUF_INIT(8192);
  int fd;
  if (!verbs[verb].writes)
    return verbs[verb].run(t, argument);
  char *folder = must_strdup(t->path);
  *strrchr(folder, '/') = '\0';
  int r = folder_make(folder);
  free(folder);
  if (r == 0 && buf_printf(&lock, "%s.lock", t->path) == 0)
    r = process_lock(lock.at, LOCK_WAIT_MS, NULL, &fd);
  if (r < 0)
    return ctl_fail(t->ctl, "%s cannot be locked: %s", t->path, strerror(-r));
  int status = verbs[verb].run(t, argument);
  close(fd);
  return status;
}

static int run_with(struct tokens *t, size_t verb, const char *argument) {
  struct config *config = NULL;
  int status = ctl_config(t->ctl, &config);
  if (status != CTL_OK)
    return status;
  t->path = config_path(config, config->inbox.tokens_file);
  status = run_locked(t, verb, argument);
  free(t->path);
  config_free(&config);
  return status;
}

int cmd_token(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {
      {"supervisor", no_argument, NULL, 's'}, {"operator", no_argument, NULL, 'o'}, {0}};
  struct tokens t = {.ctl = ctl};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o != 's' && o != 'o')
      return ctl_wrong_usage(ctl, "wrong option or value");
    if (t.role != ACCESS_AGENT)
      return ctl_wrong_usage(ctl, "one role, please: --supervisor or --operator");
    t.role = o == 's' ? ACCESS_SUPERVISOR : ACCESS_OPERATOR;
  }
  const char *verb = optind < argc ? argv[optind] : "ls";
  int rest = optind < argc ? argc - optind - 1 : 0;
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (strcmp(verb, verbs[i].name) != 0)
      continue;
    if (rest != (verbs[i].what ? 1 : 0))
      return ctl_wrong_usage(ctl, "%s wants %s", verb, verbs[i].what ? verbs[i].what : "nothing more");
    int status = ctl_need_dir(ctl);
    return status == CTL_OK ? run_with(&t, i, rest ? argv[optind + 1] : NULL) : status;
  }
  return ctl_wrong_usage(ctl, "there is no \"token %s\"", verb);
}
