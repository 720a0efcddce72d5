/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/delivery.h"
#include "mime/header.h"

static bool top_field(struct slice raw, struct slice name, struct slice *ret) {
  struct header_scan s;
  struct mail_field field;
  size_t total = 0;
  struct slice start = mail_start(raw);
  header_scan_start(&s, slice_of(start.at, start.len < 2 * HEADER_TOTAL_MAX ? start.len : 2 * HEADER_TOTAL_MAX));
  while (header_scan_next(&s, &field) && (total += field.whole.len) <= HEADER_TOTAL_MAX)
    if (slice_equal_nocase(field.name, name)) {
      *ret = slice_trim(field.value);
      return true;
    }
  return false;
}

/* One address, perhaps in <>, and nothing that could be something else: no blanks, no controls. */
static bool take_path(struct slice value, struct slice *ret) {
  if (value.len >= 2 && value.at[0] == '<' && value.at[value.len - 1] == '>')
    value = slice_trim(slice_of(value.at + 1, value.len - 2));
  if (value.len > DELIVERY_PATH_MAX)
    return false;
  bool quoted = false;
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.at[i];
    if (c == '"')
      quoted = !quoted;
    if (c < ' ' || c == 0x7F || (c == ' ' && !quoted) || c == '<' || c == '>')
      return false;
  }
  *ret = value;
  return true;
}

bool mime_return_path(struct slice raw, struct slice *ret) {
  struct slice value;
  return top_field(raw, SLICE("Return-Path"), &value) && value.len && take_path(value, ret);
}

bool mime_delivered_to(struct slice raw, struct slice field, struct slice *ret) {
  struct slice value, path;
  if (!top_field(raw, field, &value) || !take_path(value, &path) || !path.len)
    return false;
  *ret = path;
  return true;
}
