/* SPDX-License-Identifier: Apache-2.0 */
#include "form_token.h"
#include "base/digest.h"
#include "base/encode.h"
#include <inttypes.h>
#include <stdio.h>

#define FUTURE_MS 60000
#define MAC_LEN HEX_LEN(SHA256_BYTES)

static void mac(struct slice secret, const char *purpose, const char *channel, struct slice value,
                char ret[MAC_LEN + 1]) {
  char text[512];
  int len = snprintf(text, sizeof(text), "%s\n%s\n%.*s", purpose, channel, (int)value.len, value.at);
  assert(len > 0 && (size_t)len < sizeof(text));
  uint8_t bytes[SHA256_BYTES];
  hmac_sha256(secret, slice_of(text, (size_t)len), bytes);
  hex_encode(bytes, sizeof(bytes), ret);
}

/* "<issued>.<submission>.<mac>"; what is before the second dot is what the MAC covers. */
void form_token_make(struct slice secret, const char *channel, int64_t issued_ms,
                     const uint8_t submission[SUBMISSION_BYTES], char ret[FORM_TOKEN_MAX]) {
  char hex[SUBMISSION_LEN + 1], signature[MAC_LEN + 1];
  hex_encode(submission, SUBMISSION_BYTES, hex);
  int len = snprintf(ret, FORM_TOKEN_MAX, "%" PRId64 ".%s", issued_ms, hex);
  mac(secret, "deskbell form token 1", channel, slice_of(ret, (size_t)len), signature);
  len = snprintf(ret + len, FORM_TOKEN_MAX - (size_t)len, ".%s", signature);
  assert(len == MAC_LEN + 1);
}

int form_token_check(struct slice secret, const char *channel, struct slice text, int64_t now_ms, int64_t max_age_ms,
                     struct form_token *ret) {
  struct slice rest = text, issued, submission;
  if (text.len >= FORM_TOKEN_MAX || !slice_split(&rest, '.', &issued) || !slice_split(&rest, '.', &submission) ||
      !rest.at)
    return FORM_TOKEN_BROKEN;
  char signature[MAC_LEN + 1];
  size_t covered = (size_t)(submission.at + submission.len - text.at);
  mac(secret, "deskbell form token 1", channel, slice_of(text.at, covered), signature);
  uint64_t issued_ms;
  if (!bytes_equal_secret(slice_of(signature, MAC_LEN), rest) || submission.len != SUBMISSION_LEN ||
      slice_to_u64(issued, INT64_MAX, &issued_ms) != 0)
    return FORM_TOKEN_BROKEN;
  int64_t age_ms = now_ms - (int64_t)issued_ms;
  if (age_ms < -FUTURE_MS || (max_age_ms > 0 && age_ms > max_age_ms))
    return FORM_TOKEN_EXPIRED;
  ret->issued_ms = (int64_t)issued_ms;
  memcpy(ret->submission, submission.at, SUBMISSION_LEN);
  ret->submission[SUBMISSION_LEN] = '\0';
  return 0;
}

void thanks_proof_make(struct slice secret, const char *channel, struct slice reference,
                       char ret[THANKS_PROOF_LEN + 1]) {
  char signature[MAC_LEN + 1];
  mac(secret, "deskbell form thanks 1", channel, reference, signature);
  memcpy(ret, signature, THANKS_PROOF_LEN);
  ret[THANKS_PROOF_LEN] = '\0';
}

bool thanks_proof_holds(struct slice secret, const char *channel, struct slice reference, struct slice proof) {
  if (reference.len > 64)
    return false;
  char wanted[THANKS_PROOF_LEN + 1];
  thanks_proof_make(secret, channel, reference, wanted);
  return bytes_equal_secret(slice_of(wanted, THANKS_PROOF_LEN), proof);
}
