/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the spool keeps of one mail for one channel, until the router has it: the envelope, and which blob the mail is.
 * The bytes are versioned and outlive the program that wrote them. Numbers are little-endian:
 *
 *   u8 version (1)   u16 flags   u64 received_ms   32 sha256   u64 size
 *   then four texts, each u16 length and bytes: channel, mail_from, recipient, token
 *
 * Limits: a text is at most 65535 bytes. Pure.
 */
#ifndef EMAIL_MAIL_RECORD_H
#define EMAIL_MAIL_RECORD_H

#include "spool/blob.h"

enum { RECORD_MAIL = 16 }; /* kind in the spool */
enum { MAIL_RECORD_UNREADABLE = 1 };

#define MAIL_RECORD_MAX 4096 /* of a packed record made by this program */

struct mail_record {
  struct blob_ref original;
  int64_t received_ms;
  struct slice channel;
  struct slice mail_from;
  struct slice recipient;  /* the first RCPT that chose the channel and token */
  struct slice token;      /* its sub-address */
  bool null_path;
  bool smtputf8, eight_bit;
  bool bare_line_end;
  bool by_unix;            /* over the Unix socket, not TCP */
};

/* Adds to `ret`. Returns 0 or BUF_FULL. */
int must_check mail_record_pack(const struct mail_record *r, struct buf *ret);
/* The texts are lent from `payload`. Returns 0 or MAIL_RECORD_UNREADABLE. */
int must_check mail_record_unpack(struct slice payload, struct mail_record *ret);

#endif
