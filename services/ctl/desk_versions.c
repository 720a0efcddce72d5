/* SPDX-License-Identifier: Apache-2.0 */
#include "desk_versions.h"
#include "base/clock.h"
#include "desk/desk.h"
#include "lines_diff.h"
#include <stdio.h>
#include <stdlib.h>

#define DIFF_MAX (2 * DESK_MAX_BYTES + 65536)

const char *desk_version_in_force(struct desk_view *v) {
  auto_reply *current = CALL(v, "GET", TAG ":desk");
  return current ? arena_copy(v->arena, slice_text(reply_text(current))) : NULL;
}

int desk_version_read(struct desk_view *v, const char *version, struct buf *ret) {
  auto_reply *document = CALL(v, "HGET", TAG ":desk:documents", version);
  if (!document)
    return CTL_FAILED;
  if (document->type != REDIS_REPLY_STRING)
    return ctl_fail(v->ctl, version[0] ? "there is no version %s" : "no desk definition is in force%s", version);
  if (buf_add(ret, document->str, document->len))
    return ctl_fail(v->ctl, "version %s is larger than %d bytes", version, DESK_MAX_BYTES);
  return CTL_OK;
}

/* ---- versions */

struct version {
  uint64_t number;
  long long bytes, applied_ms; /* 0: not known */
};

static int by_number(const void *a, const void *b) {
  const struct version *x = a, *y = b;
  return x->number < y->number ? -1 : x->number > y->number;
}

static bool describe(struct desk_view *v, const char *name, struct version *ret) {
  auto_reply *bytes = CALL(v, "HSTRLEN", TAG ":desk:documents", name);
  auto_reply *applied = bytes ? CALL(v, "HGET", TAG ":desk:applied", name) : NULL;
  if (!applied)
    return false;
  uint64_t ms = 0;
  if (slice_to_u64(slice_text(reply_text(applied)), INT64_MAX, &ms) < 0)
    ms = 0;
  ret->bytes = bytes->integer;
  ret->applied_ms = (long long)ms;
  return true;
}

static void show(const struct version *version, bool in_force) {
  char when[RFC3339_LEN + 1] = "-";
  if (version->applied_ms)
    clock_rfc3339(version->applied_ms, when);
  printf("%8llu  %-24s  %9lld bytes%s\n", (unsigned long long)version->number, when, version->bytes,
         in_force ? "  in force" : "");
}

static json_t *as_json(const struct version *version, bool in_force) {
  char when[RFC3339_LEN + 1];
  clock_rfc3339(version->applied_ms, when);
  return json_pack("{s:I,s:o,s:I,s:b}", "version", (json_int_t)version->number, "applied",
                   version->applied_ms ? json_string(when) : json_null(), "bytes", (json_int_t)version->bytes,
                   "in_force", in_force);
}

static void show_all(const struct desk_view *v, const struct version *versions, size_t count, uint64_t in_force) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    if (v->ctl->json)
      json_array_append_new(list, as_json(&versions[i], versions[i].number == in_force));
    else
      show(&versions[i], versions[i].number == in_force);
  if (v->ctl->json)
    print_json(list);
  else
    json_decref(list);
}

int desk_versions_list(struct desk_view *v) {
  const char *current = desk_version_in_force(v);
  auto_reply *names = current ? CALL(v, "HKEYS", TAG ":desk:documents") : NULL;
  uint64_t in_force = 0;
  if (!names)
    return CTL_FAILED;
  if (current[0] && slice_to_u64(slice_text(current), UINT64_MAX, &in_force) < 0)
    return ctl_fail(v->ctl, "the version in Redis is no number: %s", current);
  struct version *versions = must_calloc(names->elements + 1, sizeof(*versions));
  size_t count = 0;
  bool alive = true;
  for (size_t i = 0; i < names->elements && alive; i++)
    if (slice_to_u64(slice_text(reply_text(names->element[i])), UINT64_MAX, &versions[count].number) == 0)
      alive = describe(v, reply_text(names->element[i]), &versions[count++]);
  qsort(versions, count, sizeof(*versions), by_number);
  if (alive)
    show_all(v, versions, count, in_force);
  free(versions);
  return alive ? CTL_OK : CTL_FAILED;
}

/* ---- diff */

int desk_versions_diff(struct desk_view *v, const char *a, const char *b) {
  auto_clean(buf_free) struct buf old = BUF_INIT(DESK_MAX_BYTES), new = BUF_INIT(DESK_MAX_BYTES);
  auto_clean(buf_free) struct buf diff = BUF_INIT(DIFF_MAX);
  char old_name[40], new_name[40];
  const char *other = b ? b : desk_version_in_force(v);
  if (!other || desk_version_read(v, a, &old) != CTL_OK || desk_version_read(v, other, &new) != CTL_OK)
    return CTL_FAILED;
  snprintf(old_name, sizeof(old_name), "version %s", a);
  snprintf(new_name, sizeof(new_name), "version %s", other);
  if (lines_diff(buf_slice(&old), old_name, buf_slice(&new), new_name, &diff))
    return ctl_fail(v->ctl, "the difference is larger than %d bytes", DIFF_MAX);
  if (v->ctl->json) {
    print_json(json_pack("{s:s,s:s,s:o}", "from", a, "to", other, "diff", slice_json(buf_slice(&diff))));
    return CTL_OK;
  }
  return fwrite(buf_slice(&diff).at, 1, diff.len, stdout) == diff.len ? CTL_OK : CTL_FAILED;
}
