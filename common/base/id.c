/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"
#include "base/digest.h"
#include "base/encode.h"

/* Length-prefixed, so that no two different tuples give the same bytes. */
static void add_part(struct digest *d, struct slice part) {
  uint8_t len[8];
  for (int i = 0; i < 8; i++)
    len[i] = (uint8_t)((uint64_t)part.len >> (8 * i));
  digest_add(d, slice_of(len, sizeof(len)));
  digest_add(d, part);
}

struct event_id event_id_make(struct slice channel, struct slice kind, struct slice source_id, struct slice content) {
  auto_clean(digest_free) struct digest *d = digest_new();
  add_part(d, channel);
  add_part(d, kind);
  add_part(d, source_id);
  add_part(d, content);
  uint8_t whole[SHA256_BYTES];
  digest_end(d, whole);
  struct event_id id;
  memcpy(id.bytes, whole, sizeof(id.bytes));
  return id;
}

void event_id_text(const struct event_id *id, char ret[EVENT_ID_LEN + 1]) {
  _Static_assert(BASE32_LEN(EVENT_ID_BYTES) == EVENT_ID_LEN, "26 characters hold 128 bits");
  base32_encode(id->bytes, sizeof(id->bytes), ret);
}

static int base32_value(char c) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  if (c >= 'A' && c <= 'Z')
    c = (char)(c + ('a' - 'A'));
  const char *hit = c ? strchr(digits, c) : NULL;
  return hit ? (int)(hit - digits) : -1;
}

int event_id_parse(struct slice text, struct event_id *ret) {
  if (text.len != EVENT_ID_LEN)
    return -EINVAL;
  struct event_id id;
  unsigned bits = 0, have = 0;
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) {
    int v = base32_value(text.at[i]);
    if (v < 0)
      return -EINVAL;
    bits = bits << 5 | (unsigned)v;
    have += 5;
    if (have >= 8) {
      have -= 8;
      id.bytes[n++] = (uint8_t)(bits >> have);
    }
  }
  if (bits & ((1u << have) - 1))
    return -EINVAL;
  *ret = id;
  return 0;
}

void event_reference(const char *t, char ret[REFERENCE_LEN + 1]) {
  memcpy(ret, t, 4);
  ret[4] = '-';
  memcpy(ret + 5, t + 4, 4);
  ret[9] = '-';
  memcpy(ret + 10, t + 8, 4);
  ret[REFERENCE_LEN] = '\0';
}

void outbound_id_make(struct slice channel, struct slice key, char ret[DERIVED_ID_LEN + 1]) {
  struct event_id id = event_id_make(channel, SLICE("outbound"), key, SLICE(""));
  char text[EVENT_ID_LEN + 1];
  event_id_text(&id, text);
  ret[0] = 'o';
  memcpy(ret + 1, text, DERIVED_ID_LEN - 1);
  ret[DERIVED_ID_LEN] = '\0';
}

void message_id_digest(struct slice message_id, char ret[EVENT_ID_LEN + 1]) {
  uint8_t whole[SHA256_BYTES];
  sha256(message_id, whole);
  base32_encode(whole, EVENT_ID_BYTES, ret);
}

uint64_t hash64_with(uint64_t secret, struct slice s) {
  uint64_t h = 0xcbf29ce484222325u ^ secret;
  for (size_t i = 0; i < s.len; i++)
    h = (h ^ (uint8_t)s.at[i]) * 0x100000001b3u;
  return h ^ h >> 32;
}

uint64_t hash64(struct slice s) {
  return hash64_with(0, s);
}
