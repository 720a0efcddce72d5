/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell desk check|apply|export|versions|diff|rollback: the desk definition, declarative and versioned. */
#include "base/clock.h"
#include "base/file.h"
#include "definition.h"
#include "desk_versions.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

/* What cannot be in force is refused here; what is only worth knowing is told by `deskbell template check`. */
static int read_document(const struct ctl *ctl, const char *path, struct buf *ret, json_t *ret_alarms) {
  auto_clean(desk_free) struct desk *desk = NULL;
  int status = definition_read(ctl, path, ret, &desk);
  return status == CTL_OK ? definition_review(desk, path, ret_alarms) : status;
}

static int check(const struct ctl *ctl, const char *path) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  json_t *alarms = json_array();
  int status = read_document(ctl, path, &text, alarms);
  if (status == CTL_OK && ctl->json)
    print_json(json_pack("{s:b,s:O}", "ok", 1, "alarms", alarms));
  else if (status == CTL_OK)
    puts("ok");
  json_decref(alarms);
  return status;
}

/* Applies on top of the version that is in force now; two at once: one is told to look again. */
static int put_in_force(struct desk_view *v, const struct buf *text) {
  auto_reply *current = CALL(v, "GET", TAG ":desk");
  if (!current)
    return CTL_FAILED;
  const char *expected = current->type == REDIS_REPLY_STRING ? current->str : "0";
  uint64_t version = 0;
  if (slice_to_u64(slice_text(expected), UINT64_MAX - 1, &version) < 0)
    return ctl_fail(v->ctl, "the version in Redis is no number: %s", expected);
  char next[24], now[24];
  snprintf(next, sizeof(next), "%llu", (unsigned long long)version + 1);
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  const char *argv[] = {"FCALL", "deskbell_desk_apply", "1", TAG, now, next, expected, text->at, ""};
  const size_t lengths[] = {5, 19, 1, sizeof(TAG) - 1, strlen(now), strlen(next), strlen(expected), text->len, 0};
  auto_reply *reply = desk_call_bytes(v, 9, argv, lengths);
  if (!reply)
    return CTL_FAILED;
  if (reply->elements != 2 || strcmp(reply_text(reply->element[0]), "OK") != 0)
    return ctl_fail(v->ctl, "somebody else applied a desk definition just now: look at it (deskbell desk export) and try again");
  const char *in_force = reply_text(reply->element[1]);
  bool changed = strcmp(in_force, next) == 0;
  printf(v->ctl->json ? "{\"version\":%s}\n" : changed ? "version %s is in force\n" : "version %s is in force already\n", in_force);
  return CTL_OK;
}

/* The document first: what is wrong with it needs no Redis. */
static int apply(const struct ctl *ctl, const char *path) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  struct desk_view v;
  int status = read_document(ctl, path, &text, NULL);
  status = status == CTL_OK ? desk_view_open(ctl, &v) : status;
  if (status != CTL_OK)
    return status;
  status = put_in_force(&v, &text);
  desk_view_close(&v);
  return status;
}

static int export(struct desk_view *v, const char *path, const char *version) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  const char *which = version[0] ? version : desk_version_in_force(v);
  int status = which ? desk_version_read(v, which, &text) : CTL_FAILED;
  if (status != CTL_OK)
    return status;
  if (!path || strcmp(path, "-") == 0)
    return fwrite(buf_slice(&text).at, 1, text.len, stdout) == text.len ? CTL_OK : CTL_FAILED;
  int r = file_write_atomic(path, buf_slice(&text), 0644);
  return r < 0 ? ctl_fail(v->ctl, "cannot write %s: %s", path, strerror(-r)) : CTL_OK;
}

/* An old document becomes a new version: what was between stays to be seen. */
static int rollback(struct desk_view *v, const char *version) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  auto_clean(desk_free) struct desk *desk = NULL;
  char name[40];
  const char *current = desk_version_in_force(v);
  if (!current)
    return CTL_FAILED;
  if (strcmp(current, version) == 0)
    return ctl_fail(v->ctl, "version %s is in force already", version);
  int status = desk_version_read(v, version, &text);
  snprintf(name, sizeof(name), "version %s", version);
  status = status == CTL_OK ? definition_parse(buf_slice(&text), name, &desk) : status;
  status = status == CTL_OK ? definition_review(desk, name, NULL) : status;
  return status == CTL_OK ? put_in_force(v, &text) : status;
}

enum verb { CHECK, APPLY, EXPORT, VERSIONS, DIFF, ROLLBACK, VERBS };

static const struct {
  const char *name, *what; /* "which WHAT?" when none is given; NULL: none is needed */
  int most;                /* arguments */
} verbs[VERBS] = {
    [CHECK] = {"check", "file", 1},     [APPLY] = {"apply", "file", 1},  [EXPORT] = {"export", NULL, 1},
    [VERSIONS] = {"versions", NULL, 0}, [DIFF] = {"diff", "version", 2}, [ROLLBACK] = {"rollback", "version", 1},
};

static int run(struct desk_view *v, enum verb verb, const char *a, const char *b, const char *version) {
  switch (verb) {
  case EXPORT:
    return export(v, a, version);
  case VERSIONS:
    return desk_versions_list(v);
  case DIFF:
    return desk_versions_diff(v, a, b);
  default:
    return rollback(v, a);
  }
}

int cmd_desk(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"version-of", required_argument, NULL, 'v'}, {0}};
  const char *version = "";
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == '?')
      return ctl_wrong_usage(ctl, "wrong option");
    version = optarg;
  }
  enum verb verb = CHECK;
  while (verb < VERBS && (optind == argc || strcmp(argv[optind], verbs[verb].name) != 0))
    verb++;
  if (verb == VERBS)
    return ctl_wrong_usage(ctl, "check, apply, export, versions, diff or rollback?");
  const char *a = optind + 1 < argc ? argv[optind + 1] : NULL, *b = optind + 2 < argc ? argv[optind + 2] : NULL;
  if (argc - optind - 1 > verbs[verb].most)
    return ctl_wrong_usage(ctl, "too many arguments");
  if (!a && verbs[verb].what)
    return ctl_wrong_usage(ctl, "%s which %s?", verbs[verb].name, verbs[verb].what);
  if (version[0] && verb != EXPORT)
    return ctl_wrong_usage(ctl, "--version-of is for export");
  if (verb == CHECK || verb == APPLY)
    return verb == CHECK ? check(ctl, a) : apply(ctl, a);
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  status = run(&v, verb, a, b, version);
  desk_view_close(&v);
  return status;
}
