/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/encode.h"
#include <stdio.h>

enum { BODY = 16, UNIQUE = 16, MAC = 13, MAC_BYTES = 8 };

static void lower(struct slice s, char *ret) {
  for (size_t i = 0; i < s.len; i++)
    ret[i] = s.at[i] >= 'A' && s.at[i] <= 'Z' ? (char)(s.at[i] + 32) : s.at[i];
}

/* The parts have fixed alphabets without NUL, so NUL separates them without doubt. */
static void mac(struct slice secret, const char *purpose, struct slice channel, const char *body, const char *unique,
                char ret[MAC + 1]) {
  struct buf text = BUF_INIT(4096);
  int r = buf_printf(&text, "%s%c%.*s%c%.*s%c%.*s", purpose, 0, (int)channel.len, channel.at, 0, BODY, body, 0, UNIQUE,
                     unique);
  uint8_t whole[SHA256_BYTES];
  hmac_sha256(secret, r == 0 ? buf_slice(&text) : SLICE(""), whole);
  buf_free(&text);
  base32_encode(whole, MAC_BYTES, ret);
}

void token_reply_make(struct slice secret, struct slice channel, struct slice conversation,
                      char ret[TOKEN_REPLY_LEN + 1]) {
  assert(conversation.len == CONVERSATION_ID_LEN);
  memcpy(ret, conversation.at + 1, BODY);
  mac(secret, "reply", channel, ret, "", ret + BODY);
}

static int answer(bool ours, const char *body, char *ret_conversation) {
  if (!ours)
    return TOKEN_NOT_OURS;
  ret_conversation[0] = 'v';
  memcpy(ret_conversation + 1, body, BODY);
  ret_conversation[CONVERSATION_ID_LEN] = '\0';
  return 0;
}

int token_reply_check(struct slice secret, struct slice channel, struct slice token,
                      char ret_conversation[CONVERSATION_ID_LEN + 1]) {
  if (token.len != TOKEN_REPLY_LEN)
    return TOKEN_NOT_OURS;
  char text[TOKEN_REPLY_LEN], want[MAC + 1];
  lower(token, text);
  mac(secret, "reply", channel, text, "", want);
  return answer(bytes_equal_secret(slice_of(text + BODY, MAC), slice_of(want, MAC)), text, ret_conversation);
}

int token_message_id_make(struct slice secret, struct slice channel, struct slice conversation,
                          const uint8_t unique[10], struct slice domain, char ret[TOKEN_MESSAGE_ID_MAX + 1]) {
  assert(conversation.len == CONVERSATION_ID_LEN);
  char once[BASE32_LEN(10) + 1], sign[MAC + 1];
  base32_encode(unique, 10, once);
  mac(secret, "message-id", channel, conversation.at + 1, once, sign);
  int len = snprintf(ret, TOKEN_MESSAGE_ID_MAX + 1, "db.%.*s.%s.%s@%.*s", BODY, conversation.at + 1, once, sign,
                     (int)domain.len, domain.at);
  return len > TOKEN_MESSAGE_ID_MAX ? -ENAMETOOLONG : 0;
}

int token_message_id_check(struct slice secret, struct slice channel, struct slice message_id,
                           char ret_conversation[CONVERSATION_ID_LEN + 1]) {
  enum { LOCAL = 3 + BODY + 1 + UNIQUE + 1 + MAC };
  if (message_id.len <= LOCAL || message_id.len > TOKEN_MESSAGE_ID_MAX || message_id.at[LOCAL] != '@')
    return TOKEN_NOT_OURS;
  char text[LOCAL], want[MAC + 1];
  lower(slice_of(message_id.at, LOCAL), text);
  if (memcmp(text, "db.", 3) != 0 || text[3 + BODY] != '.' || text[3 + BODY + 1 + UNIQUE] != '.')
    return TOKEN_NOT_OURS;
  const char *body = text + 3, *once = body + BODY + 1, *sign = once + UNIQUE + 1;
  mac(secret, "message-id", channel, body, once, want);
  return answer(bytes_equal_secret(slice_of(sign, MAC), slice_of(want, MAC)), body, ret_conversation);
}
