/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a mail answers one of our conversations: signed reply tokens in the recipient's sub-address (TH-01)
 * and signed Message-IDs (TH-02). Both carry the conversation and 64 bits of HMAC-SHA256 with the desk's secret over
 * purpose, channel and conversation (and, in a Message-ID, its unique part). Lower-case base32 only: mail systems
 * change case. Pure.
 *
 *   reply token   <16 of the conversation id><13 MAC>                       support+<token>@example.com
 *   Message-ID    <db.<16>.<unique 16>.<13 MAC>@domain>                     without the <> here
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "base/id.h"

enum { TOKEN_NOT_OURS = 1 };

#define TOKEN_REPLY_LEN 29
#define TOKEN_MESSAGE_ID_MAX 200
#define CONVERSATION_ID_LEN DERIVED_ID_LEN /* "v" + 16 */
/* No conversation: what is signed for it is a test mail of `deskbell check --deliver`, or an answer to one. */
#define TOKEN_CHECK_CONVERSATION "v0000000000000000"

/* `conversation` is an id of CONVERSATION_ID_LEN. */
void token_reply_make(struct slice secret, struct slice channel, struct slice conversation,
                      char ret[TOKEN_REPLY_LEN + 1]);
/* Returns 0 with the conversation's id, or TOKEN_NOT_OURS. Constant time in the MAC; any case. */
int must_check token_reply_check(struct slice secret, struct slice channel, struct slice token,
                                 char ret_conversation[CONVERSATION_ID_LEN + 1]);
/* `unique`: 10 random bytes. Returns 0, -ENAMETOOLONG. */
int must_check token_message_id_make(struct slice secret, struct slice channel, struct slice conversation,
                                     const uint8_t unique[10], struct slice domain,
                                     char ret[TOKEN_MESSAGE_ID_MAX + 1]);
int must_check token_message_id_check(struct slice secret, struct slice channel, struct slice message_id,
                                      char ret_conversation[CONVERSATION_ID_LEN + 1]);

#endif
