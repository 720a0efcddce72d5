/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer inherits from the message it answers: whom it goes to, its subject, its place in the thread (TH-10),
 * and the signed ids by which the answer to it is known again (TH-01, TH-02). For agents' replies, acknowledgements
 * and notices alike; who writes it adds the words. Pure.
 */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "deskbell/v1/outbound.pb-c.h"
#include "event/event.h"

enum { ANSWER_NO_ADDRESS = 1, ANSWER_TOO_LARGE = 2 };

#define ANSWER_MAX_BYTES (64 * 1024 - 16) /* deskbell_outbound_create (proto/redis.md) */
#define ANSWER_SUBJECT_MAX 500            /* bytes */
#define ANSWER_REFERENCES_MAX 21          /* the first and the last 20 (TH-10) */
#define ANSWER_CC_MAX 50
#define ANSWER_TEXT_MAX (32 * 1024)
#define ANSWER_HTML_MAX (16 * 1024)
#define ANSWER_ATTACHMENTS_MAX 50

typedef Deskbell__V1__OutboundMessage answer_message;

struct answer_options {
  struct slice secret;             /* of the desk */
  struct slice channel;            /* it goes out over; what is signed counts on this channel alone */
  bool mail;
  struct slice conversation;       /* its id */
  struct slice domain;             /* of our Message-IDs */
  uint8_t unique[10];              /* random: of the Message-ID */
  struct slice root;               /* Message-ID of the conversation's first message, always referred to; "" unknown */
};

/* An empty message in the arena; NULL at its ceiling. */
answer_message *answer_new(struct arena *a);
/* Fills in what follows from the event: channel, conversation, to, to_key, to_name, in_answer_to, language; for mail
 * also subject, in_reply_to, references, message_id, reply_token. Strings are the event's or the arena's. Returns 0;
 * ANSWER_NO_ADDRESS when the sender cannot be written to; -ENOMEM; -ENAMETOOLONG for a domain too long. */
int must_check answer_to(const contact_event *event, const struct answer_options *o, struct arena *a, answer_message *m);
/* "Re: " and the subject without what answering and forwarding put before it, in several languages (TH-14); one line.
 * NULL at the arena's ceiling. */
char *answer_subject(struct arena *a, struct slice subject);
/* Packs into `ret` (cleared first). Returns 0; ANSWER_TOO_LARGE. */
int must_check answer_pack(const answer_message *m, struct buf *ret);

#endif
