/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the spool keeps of one mail for one channel, until the router has it: the envelope, and which blob the mail is.
 * The bytes are versioned and outlive the program that wrote them. Numbers are little-endian:
 *
 *   u8 version   u16 flags   u64 received_ms   32 sha256   u64 size
 *   then four texts, each u16 length and bytes: channel, mail_from, recipient, token
 *   version 2, read from a mailbox: u32 uid_validity   u32 uid   u64 left_behind   16 event id
 *   and two texts: mailbox, folder
 *
 * Version 1 is what LMTP brought. Limits: a text is at most 65535 bytes. Pure.
 */
#ifndef EMAIL_MAIL_RECORD_H
#define EMAIL_MAIL_RECORD_H

#include "base/id.h"
#include "spool/blob.h"

enum { RECORD_MAIL = 16 }; /* kind in the spool */
enum { MAIL_RECORD_UNREADABLE = 1 };

#define MAIL_RECORD_MAX 4096 /* of a packed record made by this program */

/* Where in a mailbox a mail was read (TR-40). */
struct mail_place {
  struct slice mailbox, folder;
  uint32_t uid_validity, uid; /* uid 0: it was brought by LMTP */
};

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
  struct mail_place place;
  struct event_id id;      /* with a place: under it the ledger knows the mail, should it not have heard of it yet */
  uint64_t left_behind;    /* with a place: `original` is the header only; bytes of the whole, which stays there */
};

/* Adds to `ret`. Returns 0 or BUF_FULL. */
int must_check mail_record_pack(const struct mail_record *r, struct buf *ret);
/* The texts are lent from `payload`. Returns 0 or MAIL_RECORD_UNREADABLE. */
int must_check mail_record_unpack(struct slice payload, struct mail_record *ret);

#endif
