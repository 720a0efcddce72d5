/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words programs use when they write mail, in the languages our users' correspondents have. What is found here is
 * one piece of evidence, never a verdict. Inside common/mime only. Pure.
 */
#ifndef MIME_AUTOMATIC_WORDS_H
#define MIME_AUTOMATIC_WORDS_H

#include "mime/reading.h"

/* Bits of facts; automatic.c adds those of the header. */
enum {
  SENDER_DAEMON = 1u << 0,      /* mailer-daemon@: no person has that address */
  SENDER_BOUNCER = 1u << 1,     /* "Mail Delivery System", microsoftexchange…@ */
  SENDER_ADMIN = 1u << 2,       /* postmaster@, "System Administrator": people as well */
  SENDER_ROBOT = 1u << 3,       /* noreply@ and its like */
  SENDER_LIST = 1u << 4,        /* listserv@, owner-…@, …-request@ */
  SUBJECT_BOUNCE = 1u << 5,
  SUBJECT_DELAY = 1u << 6,
  SUBJECT_REPLY = 1u << 7,      /* "Automatic reply:", as only programs begin one */
  SUBJECT_AWAY = 1u << 8,       /* "Out of office", as people do too */
  SUBJECT_CHALLENGE = 1u << 9,  /* "Your email requires verification" */
  TEXT_BOUNCE = 1u << 10,
  TEXT_DELAY = 1u << 11,
  TEXT_AWAY = 1u << 12,
  TEXT_ROBOT = 1u << 13,        /* "do not reply to this message" */
  TEXT_CHALLENGE = 1u << 14,
  WORDS_BITS = 15,
};

/* By the local part alone. */
unsigned words_of_address(struct slice address);
/* By address and display name. */
unsigned words_of_sender(struct reading *r, struct slice address, struct slice name);
unsigned words_of_subject(struct reading *r, struct slice subject);
/* By the first lines that are not quoted, or with `whole` by the first 6 KiB: a robot says so at the end. */
unsigned words_of_text(struct reading *r, struct slice text, bool whole);

#endif
