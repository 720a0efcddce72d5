/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"
#include "base/clock.h"
#include "base/file.h"
#include "judge/judge.h"
#include <stdio.h>

int definition_read(const struct ctl *ctl, const char *path, struct buf *ret_text, struct desk **ret) {
  int r = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, ret_text);
  if (r == FILE_TOO_LARGE)
    return ctl_fail(ctl, "%s is larger than %d bytes", path, DESK_MAX_BYTES);
  if (r < 0)
    return ctl_fail(ctl, "cannot read %s: %s", path, strerror(-r));
  return definition_parse(buf_slice(ret_text), path, ret);
}

int definition_parse(struct slice text, const char *name, struct desk **ret) {
  struct complaint c = {.text = ""};
  int r = desk_parse(text, name, ret, &c);
  if (r == 0)
    return CTL_OK;
  fprintf(stderr, "%s:%u:%u: %s\n", c.file[0] ? c.file : name, c.line, c.column, c.text);
  return CTL_USAGE;
}

int definition_in_force(struct desk_view *v, struct desk **ret) {
  auto_reply *version = CALL(v, "GET", TAG ":desk");
  auto_reply *document = version ? CALL(v, "HGET", TAG ":desk:documents", reply_text(version)) : NULL;
  struct complaint c;
  uint64_t number = 0;
  if (!document)
    return CTL_FAILED;
  if (document->type != REDIS_REPLY_STRING)
    return ctl_fail(v->ctl, "no desk definition is in force; has the router been up once?");
  if (desk_parse(slice_of(document->str, document->len), "desk definition", ret, &c) < 0)
    return ctl_fail(v->ctl, "the desk definition in force: line %u: %s", c.line, c.text);
  if (slice_to_u64(slice_text(reply_text(version)), UINT64_MAX, &number) == 0)
    (*ret)->version = number;
  return CTL_OK;
}

/* ---- review */

struct listener {
  const char *name;
  json_t *alarms;
};

static void hear(void *arg, const struct desk_finding *f) {
  const struct listener *l = arg;
  fprintf(stderr, "%s:%u:%u: %s%s\n", l->name, f->place.line, f->place.column, f->wrong ? "" : "alarm: ", f->text);
  if (!f->wrong && l->alarms)
    json_array_append_new(l->alarms, json_pack("{s:i,s:i,s:s}", "line", (int)f->place.line, "column",
                                               (int)f->place.column, "text", f->text));
}

int definition_review(const struct desk *desk, const char *name, json_t *ret_alarms) {
  struct listener l = {name, ret_alarms};
  return judge_desk(desk, clock_now_ms(), hear, &l) ? CTL_USAGE : CTL_OK;
}
