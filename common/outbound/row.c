/* SPDX-License-Identifier: Apache-2.0 */
#include "outbound/row.h"
#include "base/encode.h"

enum { VERSION = 2, COMMITTING = 1, KEPT_BACK = 2, CRC_LEN = 4, FIXED_LEN = CRC_LEN + 4 + 2 * 4 + 4 * 8, PARTS_LEN = 3 * 4 };

static char *put(char *at, uint64_t value, size_t len) {
  for (size_t i = 0; i < len; i++)
    at[i] = (char)(value >> (8 * i));
  return at + len;
}

static const char *get(const char *at, size_t len, uint64_t *ret) {
  *ret = 0;
  for (size_t i = 0; i < len; i++)
    *ret |= (uint64_t)(uint8_t)at[i] << (8 * i);
  return at + len;
}

static char *put_text(char *at, struct slice text, size_t most) {
  size_t len = text.len < most ? text.len : most;
  at = put(at, len, 2);
  if (len)
    memcpy(at, text.at, len);
  return at + len;
}

size_t row_pack(const struct row *row, char ret[ROW_MAX]) {
  char *at = ret + CRC_LEN;
  at = put(at, VERSION, 1);
  at = put(at, (uint64_t)row->state, 1);
  at = put(at, (uint64_t)row->told, 1);
  at = put(at, (row->committing ? COMMITTING : 0) | (row->kept_back ? KEPT_BACK : 0), 1);
  at = put(at, row->attempt, 4);
  at = put(at, row->told_attempt, 4);
  at = put(at, (uint64_t)row->created_ms, 8);
  at = put(at, (uint64_t)row->changed_ms, 8);
  at = put(at, (uint64_t)row->next_try_ms, 8);
  at = put(at, (uint64_t)row->expires_ms, 8);
  at = put(at, row->part, 4);
  at = put(at, row->parts, 4);
  at = put(at, row->part_began, 4);
  at = put_text(at, row->why, ROW_TEXT_MAX);
  at = put_text(at, row->code, ROW_TEXT_MAX);
  at = put_text(at, row->destination, ROW_TEXT_MAX);
  at = put_text(at, row->provider_id, ROW_IDS_MAX);
  at = put_text(at, row->channel, ROW_TEXT_MAX);
  at = put_text(at, row->to_key, ROW_TEXT_MAX);
  put(ret, crc32c(0, ret + CRC_LEN, (size_t)(at - ret) - CRC_LEN), CRC_LEN);
  return (size_t)(at - ret);
}

static bool take_text(struct slice *rest, struct slice *ret) {
  uint64_t len;
  if (rest->len < 2)
    return false;
  get(rest->at, 2, &len);
  if (len > rest->len - 2)
    return false;
  *ret = slice_of(rest->at + 2, len);
  *rest = slice_of(ret->at + len, rest->len - 2 - len);
  return true;
}

/* A row of version 1 has none: it was sent as a whole. */
static bool take_parts(uint64_t version, struct slice *rest, struct row *ret) {
  uint64_t part, parts, began;
  if (version == 1)
    return true;
  if (rest->len < PARTS_LEN)
    return false;
  get(get(get(rest->at, 4, &part), 4, &parts), 4, &began);
  ret->part = (uint32_t)part;
  ret->parts = (uint32_t)parts;
  ret->part_began = (uint32_t)began;
  *rest = slice_of(rest->at + PARTS_LEN, rest->len - PARTS_LEN);
  return true;
}

int row_unpack(struct slice bytes, struct row *ret) {
  uint64_t crc, version, state, told, flags, attempt, told_attempt, created, changed, next, expires;
  if (bytes.len < FIXED_LEN)
    return ROW_DAMAGED;
  const char *at = get(bytes.at, CRC_LEN, &crc);
  if (crc != crc32c(0, at, bytes.len - CRC_LEN))
    return ROW_DAMAGED;
  at = get(at, 1, &version);
  at = get(at, 1, &state);
  at = get(at, 1, &told);
  at = get(at, 1, &flags);
  at = get(at, 4, &attempt);
  at = get(at, 4, &told_attempt);
  at = get(at, 8, &created);
  at = get(at, 8, &changed);
  at = get(at, 8, &next);
  at = get(at, 8, &expires);
  struct row row = {.state = (enum delivery_state)state, .told = (enum delivery_state)told,
                    .told_attempt = (uint32_t)told_attempt, .attempt = (uint32_t)attempt,
                    .committing = flags & COMMITTING, .kept_back = flags & KEPT_BACK, .created_ms = (int64_t)created,
                    .changed_ms = (int64_t)changed, .next_try_ms = (int64_t)next, .expires_ms = (int64_t)expires};
  struct slice rest = slice_of(at, bytes.len - FIXED_LEN);
  if (version == 0 || version > VERSION || state >= DELIVERY_STATES || told > DELIVERY_STATES ||
      !take_parts(version, &rest, &row) || !take_text(&rest, &row.why) ||
      !take_text(&rest, &row.code) || !take_text(&rest, &row.destination) || !take_text(&rest, &row.provider_id) ||
      !take_text(&rest, &row.channel) || !take_text(&rest, &row.to_key))
    return ROW_DAMAGED;
  *ret = row;
  return 0;
}
