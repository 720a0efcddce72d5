/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard Webhooks, symmetric ("v1"). The signature is checked before the time, so that only the holder of the
 * secret is ever told that a clock is wrong.
 */
#include "base/digest.h"
#include "base/encode.h"
#include "webhook/signature.h"
#include <stdlib.h>

#define SECRET_LEAST 24
#define SECRET_MOST 64
#define TOLERANCE_S 300
#define ON_STACK 4096

static int decode_secret(struct slice secret, uint8_t ret[SECRET_MOST], size_t *ret_len) {
  if (secret.len > 6 && memcmp(secret.at, "whsec_", 6) == 0)
    secret = slice_of(secret.at + 6, secret.len - 6);
  if (base64_decode(secret, ret, SECRET_MOST, ret_len) != 0 || *ret_len < SECRET_LEAST)
    return -EINVAL;
  return 0;
}

static char *add(char *at, struct slice s) {
  if (s.len)
    memcpy(at, s.at, s.len);
  return at + s.len;
}

/* "v1,…" for one decoded secret. */
static void sign(struct slice key, struct slice signed_content, char ret[64]) {
  uint8_t mac[SHA256_BYTES];
  hmac_sha256(key, signed_content, mac);
  memcpy(ret, "v1,", 3);
  base64_encode(mac, sizeof(mac), ret + 3);
}

/* Calls `each` with "id.timestamp.body"; its memory is the stack's for all but large bodies. */
static int with_content(struct slice id, struct slice timestamp, struct slice body,
                        int (*each)(void *arg, struct slice content), void *arg) {
  char small[ON_STACK];
  size_t len = id.len + 1 + timestamp.len + 1 + body.len;
  char *content = len <= sizeof(small) ? small : must_realloc(NULL, len); /* the body is bounded by its reader */
  char *at = add(content, id);
  *at++ = '.';
  at = add(at, timestamp);
  *at++ = '.';
  add(at, body);
  int r = each(arg, slice_of(content, len));
  if (content != small)
    free(content);
  return r;
}

struct check {
  const struct slice *secrets;
  size_t secret_count;
  struct slice header;
};

static int check_content(void *arg, struct slice content) {
  const struct check *c = arg;
  for (size_t i = 0; i < c->secret_count; i++) {
    uint8_t key[SECRET_MOST];
    size_t key_len;
    char expected[64];
    if (decode_secret(c->secrets[i], key, &key_len) != 0)
      continue;
    sign(slice_of(key, key_len), content, expected);
    struct slice rest = c->header, one;
    while (slice_split(&rest, ' ', &one))
      if (bytes_equal_secret(one, slice_text(expected)))
        return 0;
  }
  return SIGNATURE_WRONG;
}

int signature_standard(const struct slice *secrets, size_t secret_count, struct slice id, struct slice timestamp,
                       struct slice body, struct slice header, int64_t now_ms) {
  struct check check = {secrets, secret_count, header};
  uint64_t seconds;
  if (id.len == 0 || header.len == 0 || slice_to_u64(timestamp, INT64_MAX / 1000, &seconds) != 0)
    return SIGNATURE_WRONG;
  int r = with_content(id, timestamp, body, check_content, &check);
  if (r)
    return r;
  int64_t apart_ms = now_ms - (int64_t)seconds * 1000;
  return apart_ms > TOLERANCE_S * 1000 || apart_ms < -TOLERANCE_S * 1000 ? SIGNATURE_STALE : 0;
}

struct make {
  struct slice key;
  char *ret;
};

static int make_content(void *arg, struct slice content) {
  const struct make *m = arg;
  sign(m->key, content, m->ret);
  return 0;
}

int signature_standard_make(struct slice secret, struct slice id, struct slice timestamp, struct slice body,
                            char ret[64]) {
  uint8_t key[SECRET_MOST];
  size_t key_len;
  if (decode_secret(secret, key, &key_len) != 0)
    return -EINVAL;
  struct make make = {slice_of(key, key_len), ret};
  return with_content(id, timestamp, body, make_content, &make);
}
