/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/ledger_row.h"
#include "base/encode.h"
#include "base/little_endian.h"

enum { VERSION = 1, CRC = 4, MARKED = 1 };

/* ---- a checksum behind each value */

static uint32_t checksum(struct slice key, const uint8_t *bytes, size_t len) {
  return crc32c(crc32c(0, key.at, key.len), bytes, len);
}

static void seal(struct slice key, uint8_t *bytes, size_t len) {
  put_le(bytes + len - CRC, checksum(key, bytes, len - CRC), CRC);
}

static bool intact(struct slice key, struct slice value, size_t least, size_t most) {
  const uint8_t *bytes = (const uint8_t *)value.at;
  return value.len >= least && value.len <= most && bytes[0] == VERSION &&
         get_le(bytes + value.len - CRC, CRC) == checksum(key, bytes, value.len - CRC);
}

/* ---- mails */

static void put_be32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++)
    at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_be32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void ledger_mail_key(uint32_t folder, uint32_t uid_validity, uint32_t uid, uint8_t ret[LEDGER_MAIL_KEY]) {
  put_be32(ret, folder);
  put_be32(ret + 4, uid_validity);
  put_be32(ret + 8, uid);
}

void ledger_mail_put(const struct ledger_mail *m, uint8_t ret[LEDGER_MAIL_BYTES]) {
  uint8_t key[LEDGER_MAIL_KEY];
  ledger_mail_key(m->folder, m->uid_validity, m->uid, key);
  ret[0] = VERSION;
  ret[1] = (uint8_t)m->outcome;
  ret[2] = m->marked ? MARKED : 0;
  ret[3] = m->tries;
  put_le(ret + 4, m->epoch, 4);
  put_le(ret + 8, m->size, 4);
  put_le(ret + 12, (uint64_t)m->internal_date_ms, 8);
  memcpy(ret + 20, m->id.bytes, EVENT_ID_BYTES);
  seal(slice_of(key, sizeof(key)), ret, LEDGER_MAIL_BYTES);
}

int ledger_mail_get(struct slice key, struct slice value, struct ledger_mail *ret) {
  const uint8_t *k = (const uint8_t *)key.at, *v = (const uint8_t *)value.at;
  if (key.len != LEDGER_MAIL_KEY || !intact(key, value, LEDGER_MAIL_BYTES, LEDGER_MAIL_BYTES) || v[1] < MAIL_TRYING ||
      v[1] > MAIL_SKIPPED)
    return -EBADMSG;
  struct ledger_mail m = {
      .folder = get_be32(k),
      .uid_validity = get_be32(k + 4),
      .uid = get_be32(k + 8),
      .outcome = (enum mail_outcome)v[1],
      .marked = v[2] & MARKED,
      .tries = v[3],
      .epoch = (uint32_t)get_le(v + 4, 4),
      .size = (uint32_t)get_le(v + 8, 4),
      .internal_date_ms = (int64_t)get_le(v + 12, 8),
  };
  memcpy(m.id.bytes, v + 20, EVENT_ID_BYTES);
  *ret = m;
  return 0;
}

/* ---- folders */

void ledger_folder_put(struct slice key, const struct ledger_folder *f, uint8_t ret[LEDGER_FOLDER_BYTES]) {
  memset(ret, 0, LEDGER_FOLDER_BYTES);
  ret[0] = VERSION;
  put_le(ret + 4, f->id, 4);
  put_le(ret + 8, f->uid_validity, 4);
  put_le(ret + 12, f->first_uid, 4);
  put_le(ret + 16, f->epoch, 4);
  seal(key, ret, LEDGER_FOLDER_BYTES);
}

int ledger_folder_get(struct slice key, struct slice value, struct ledger_folder *ret) {
  const uint8_t *v = (const uint8_t *)value.at;
  if (!intact(key, value, LEDGER_FOLDER_BYTES, LEDGER_FOLDER_BYTES))
    return -EBADMSG;
  *ret = (struct ledger_folder){
      .id = (uint32_t)get_le(v + 4, 4),
      .uid_validity = (uint32_t)get_le(v + 8, 4),
      .first_uid = (uint32_t)get_le(v + 12, 4),
      .epoch = (uint32_t)get_le(v + 16, 4),
  };
  return 0;
}

/* ---- status: version, state, seven counts, four times, a UID, the sentence */

enum { STATUS_FIXED = 2 + 7 * 4 + 4 * 8 + 4 + 2 };

static void counts_of(const struct mailbox_counts *c, uint32_t ret[7]) {
  const uint32_t all[7] = {c->server, c->stored, c->repeats, c->oversize, c->quarantined, c->skipped, c->missing};
  memcpy(ret, all, sizeof(all));
}

size_t ledger_status_put(struct slice key, const struct ledger_status *s, uint8_t ret[LEDGER_STATUS_BYTES]) {
  uint32_t counts[7];
  const int64_t times[4] = {s->as_of_ms, s->counted_ms, s->state_since_ms, s->gap_since_ms};
  const size_t why = strlen(s->why), len = STATUS_FIXED + why + CRC;
  counts_of(&s->counts, counts);
  ret[0] = VERSION;
  ret[1] = (uint8_t)s->state;
  for (size_t i = 0; i < 7; i++)
    put_le(ret + 2 + 4 * i, counts[i], 4);
  for (size_t i = 0; i < 4; i++)
    put_le(ret + 30 + 8 * i, (uint64_t)times[i], 8);
  put_le(ret + 62, s->gap_uid, 4);
  put_le(ret + 66, why, 2);
  memcpy(ret + STATUS_FIXED, s->why, why);
  seal(key, ret, len);
  return len;
}

int ledger_status_get(struct slice key, struct slice value, struct ledger_status *ret) {
  const uint8_t *v = (const uint8_t *)value.at;
  if (!intact(key, value, STATUS_FIXED + CRC, LEDGER_STATUS_BYTES) || v[1] > FOLDER_DOWN ||
      get_le(v + 66, 2) != value.len - STATUS_FIXED - CRC)
    return -EBADMSG;
  uint32_t n[7];
  for (size_t i = 0; i < 7; i++)
    n[i] = (uint32_t)get_le(v + 2 + 4 * i, 4);
  struct ledger_status s = {
      .state = (enum folder_state)v[1],
      .counts = {n[0], n[1], n[2], n[3], n[4], n[5], n[6]},
      .as_of_ms = (int64_t)get_le(v + 30, 8),
      .counted_ms = (int64_t)get_le(v + 38, 8),
      .state_since_ms = (int64_t)get_le(v + 46, 8),
      .gap_since_ms = (int64_t)get_le(v + 54, 8),
      .gap_uid = (uint32_t)get_le(v + 62, 4),
  };
  memcpy(s.why, v + STATUS_FIXED, value.len - STATUS_FIXED - CRC);
  *ret = s;
  return 0;
}

/* ---- events */

void ledger_event_put(const struct event_id *id, const struct ledger_place *p, uint8_t ret[LEDGER_EVENT_BYTES]) {
  memset(ret, 0, LEDGER_EVENT_BYTES);
  ret[0] = VERSION;
  put_le(ret + 4, p->folder, 4);
  put_le(ret + 8, p->uid_validity, 4);
  put_le(ret + 12, p->uid, 4);
  seal(slice_of(id->bytes, sizeof(id->bytes)), ret, LEDGER_EVENT_BYTES);
}

int ledger_event_get(const struct event_id *id, struct slice value, struct ledger_place *ret) {
  const uint8_t *v = (const uint8_t *)value.at;
  if (!intact(slice_of(id->bytes, sizeof(id->bytes)), value, LEDGER_EVENT_BYTES, LEDGER_EVENT_BYTES))
    return -EBADMSG;
  *ret = (struct ledger_place){(uint32_t)get_le(v + 4, 4), (uint32_t)get_le(v + 8, 4), (uint32_t)get_le(v + 12, 4)};
  return 0;
}
