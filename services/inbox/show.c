/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"
#include "base/clock.h"

struct slice show_text(const redisReply *r) {
  return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ? slice_of(r->str, r->len) : SLICE("");
}

int64_t show_int(const redisReply *r) {
  uint64_t n;
  if (r->type == REDIS_REPLY_INTEGER)
    return r->integer;
  return slice_to_u64(show_text(r), INT64_MAX, &n) == 0 ? (int64_t)n : 0;
}

void show_set(json_t *to, const char *name, struct slice value) {
  if (value.len)
    json_object_set_new(to, name, json_stringn(value.at, value.len));
}

void show_number(json_t *to, const char *name, struct slice value) {
  uint64_t n;
  if (slice_to_u64(value, INT64_MAX, &n) == 0)
    json_object_set_new(to, name, json_integer((json_int_t)n));
}

void show_moment(json_t *to, const char *name, struct slice value) {
  uint64_t at;
  char text[RFC3339_LEN + 1];
  if (slice_to_u64(value, INT64_MAX / 2, &at) < 0 || at == 0)
    return;
  clock_rfc3339((int64_t)at, text);
  json_object_set_new(to, name, json_string(text));
}

void show_words(json_t *to, const char *name, struct slice words, char sep) {
  json_t *list = json_array();
  struct slice one;
  while (words.len && slice_split(&words, sep, &one))
    if (one.len)
      json_array_append_new(list, json_stringn(one.at, one.len));
  json_object_set_new(to, name, list);
}

json_t *show_item_row(redisReply *const *row) {
  json_t *item = json_object();
  show_set(item, "item", show_text(row[0]));
  show_set(item, "state", show_text(row[1]));
  show_moment(item, "since", show_text(row[2]));
  show_moment(item, "until", show_text(row[3]));
  return item;
}
