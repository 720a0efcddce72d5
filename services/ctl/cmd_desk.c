/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell desk check|apply|export: the desk definition, declarative and versioned. */
#include "base/clock.h"
#include "base/file.h"
#include "definition.h"
#include "journal.h"
#include "template/review.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void tell_wrong(void *arg, const struct template_finding *f) {
  const char *path = arg;
  if (f->wrong)
    fprintf(stderr, "%s:%u:%u: %s%s%s%s\n", path, f->place.line, f->place.column, f->name ? "template '" : "",
            f->name ? f->name : "", f->name ? "': " : "", f->text);
}

/* What cannot be in force is refused here; what is only worth knowing is told by `deskbell template check`. */
static int read_document(const struct ctl *ctl, const char *path, struct buf *ret) {
  auto_clean(desk_free) struct desk *desk = NULL;
  int status = definition_read(ctl, path, ret, &desk);
  if (status != CTL_OK)
    return status;
  return template_review(desk, NULL, tell_wrong, (void *)path) ? CTL_USAGE : CTL_OK;
}

static int check(struct ctl *ctl, const char *path) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  int status = read_document(ctl, path, &text);
  if (status == CTL_OK)
    printf(ctl->json ? "{\"ok\":true}\n" : "ok\n");
  return status;
}

/* Applies on top of the version that is in force now; two at once: one is told to look again. */
static int apply(struct desk_view *v, const struct buf *text) {
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
  const char *argv[] = {"FCALL", "deskbell_desk_apply", "1", TAG, now, next, expected, text->at};
  const size_t lengths[] = {5, 19, 1, sizeof(TAG) - 1, strlen(now), strlen(next), strlen(expected), text->len};
  auto_reply *reply = redisCommandArgv(v->redis, 8, argv, lengths);
  if (!reply)
    return ctl_fail(v->ctl, "Redis does not answer: %s", v->redis->errstr);
  if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "STALE", 5) == 0)
    return ctl_fail(v->ctl, "somebody else applied a desk definition just now: look at it (deskbell desk export) and try again");
  if (reply->type == REDIS_REPLY_ERROR)
    return ctl_fail(v->ctl, "Redis refuses: %s", reply->str);
  printf(v->ctl->json ? "{\"version\":%s}\n" : "version %s is in force\n", next);
  return CTL_OK;
}

static int export(struct desk_view *v, const char *path, const char *version) {
  auto_reply *current = version[0] ? NULL : CALL(v, "GET", TAG ":desk");
  if (!version[0] && !current)
    return CTL_FAILED;
  const char *which = version[0] ? version : reply_text(current);
  auto_reply *document = CALL(v, "HGET", TAG ":desk:documents", which);
  if (!document)
    return CTL_FAILED;
  if (document->type != REDIS_REPLY_STRING)
    return ctl_fail(v->ctl, which[0] ? "there is no version %s" : "no desk definition is in force%s", which);
  struct slice text = slice_of(document->str, document->len);
  if (!path || strcmp(path, "-") == 0)
    return fwrite(text.at, 1, text.len, stdout) == text.len ? CTL_OK : CTL_FAILED;
  int r = file_write_atomic(path, text, 0644);
  return r < 0 ? ctl_fail(v->ctl, "cannot write %s: %s", path, strerror(-r)) : CTL_OK;
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
  const char *verb = optind < argc ? argv[optind] : "";
  const char *path = optind + 1 < argc ? argv[optind + 1] : NULL;
  if (optind + 2 < argc)
    return ctl_wrong_usage(ctl, "too many arguments");
  bool exporting = strcmp(verb, "export") == 0, applying = strcmp(verb, "apply") == 0;
  if (!exporting && !applying && strcmp(verb, "check") != 0)
    return ctl_wrong_usage(ctl, "check, apply or export?");
  if (!path && !exporting)
    return ctl_wrong_usage(ctl, "%s which file?", verb);
  if (!exporting && !applying)
    return check(ctl, path);
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  int status = applying ? read_document(ctl, path, &text) : CTL_OK;
  struct desk_view v;
  if (status == CTL_OK)
    status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  status = applying ? apply(&v, &text) : export(&v, path, version);
  desk_view_close(&v);
  return status;
}
