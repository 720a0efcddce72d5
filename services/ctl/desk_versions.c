/* SPDX-License-Identifier: Apache-2.0 */
#include "desk_versions.h"
#include "desk/desk.h"
#include "text/lines_diff.h"
#include <stdio.h>

#define DIFF_MAX LINES_DIFF_ROOM(2 * DESK_MAX_BYTES)

const char *desk_version_in_force(struct desk_view *v) {
  auto_reply *current = CALL(v, "GET", TAG ":desk");
  return current ? arena_copy(v->arena, slice_text(reply_text(current))) : NULL;
}

int desk_version_read(struct desk_view *v, const char *version, struct buf *ret) {
  auto_reply *document = CALL(v, "HGET", TAG ":desk:documents", version);
  if (!document)
    return CTL_FAILED;
  if (document->type != REDIS_REPLY_STRING && !version[0])
    return ctl_fail(v->ctl, "no desk definition is in force");
  if (document->type != REDIS_REPLY_STRING)
    return ctl_fail(v->ctl, "there is no version %s; `deskbell desk versions` lists those that are kept", version);
  if (buf_add(ret, document->str, document->len))
    return ctl_fail(v->ctl, "version %s is larger than %d bytes", version, DESK_MAX_BYTES);
  return CTL_OK;
}

/* ---- versions */

enum { NUMBER, APPLIED, BYTES, BY, IN_FORCE, FIELDS };
#define VERSIONS_MOST "100000"

static json_t *as_json(redisReply *const *f) {
  json_t *row = json_object();
  uint64_t number = 0, ms = 0, bytes = 0;
  (void)!slice_to_u64(slice_text(reply_text(f[NUMBER])), INT64_MAX, &number);
  (void)!slice_to_u64(slice_text(reply_text(f[BYTES])), INT64_MAX, &bytes);
  json_object_set_new(row, "version", json_integer((json_int_t)number));
  json_object_set_new(row, "applied", json_null());
  if (slice_to_u64(slice_text(reply_text(f[APPLIED])), INT64_MAX / 2, &ms) == 0)
    json_set_time(row, "applied", (int64_t)ms);
  json_object_set_new(row, "bytes", json_integer((json_int_t)bytes));
  if (reply_text(f[BY])[0])
    json_object_set_new(row, "by", json_string(reply_text(f[BY])));
  json_object_set_new(row, "in_force", json_boolean(reply_text(f[IN_FORCE])[0] == '1'));
  return row;
}

static void show(const json_t *row) {
  const char *applied = json_string_value(json_object_get(row, "applied"));
  const char *by = json_string_value(json_object_get(row, "by"));
  printf("%8lld  %-24s  %9lld bytes%s%s%s\n", json_integer_value(json_object_get(row, "version")), applied ? applied : "-",
         json_integer_value(json_object_get(row, "bytes")), by ? "  by " : "", by ? by : "",
         json_is_true(json_object_get(row, "in_force")) ? "  in force" : "");
}

/* The oldest first: the end of the list is what is looked for, and stands at the prompt. */
int desk_versions_list(struct desk_view *v) {
  auto_reply *reply = CALL(v, "FCALL_RO", "deskbell_desk_versions", "1", TAG, "0", VERSIONS_MOST);
  if (!reply)
    return CTL_FAILED;
  json_t *list = json_array();
  for (size_t i = reply->elements; i > 0; i--)
    if (reply->element[i - 1]->elements >= FIELDS)
      json_array_append_new(list, as_json(reply->element[i - 1]->element));
  if (v->ctl->json) {
    print_json(list);
    return CTL_OK;
  }
  for (size_t i = 0; i < json_array_size(list); i++)
    show(json_array_get(list, i));
  json_decref(list);
  return CTL_OK;
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
