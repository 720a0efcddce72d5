/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `email` and its parser process say to each other over two pipes. Numbers are little-endian.
 *
 *   request  u32 record length  u32 0     u64 mail length  u64 seq    then the record (mail_record.h) and the mail
 *   answer   u32 kind           u32 0     u64 length       u64 seq    then `length` bytes
 *              ANSWER_READY  length 0, seq 0: warmed up and locked in; before it no mail is sent
 *              ANSWER_BLOB   a part of the mail `seq`, to be stored; any number before its event
 *              ANSWER_EVENT  16 bytes of event id and the packed ContactEvent; ends the answer
 *
 * Answers come in the order of the requests, each written before the next mail is looked at: the first request
 * without an answer is the one being worked on.
 *
 * The parser handles the bytes of strangers and may have been taken over by them. Nothing in an answer is believed:
 * every length is checked, every blob's digest is made anew.
 */
#ifndef EMAIL_PARSER_WIRE_H
#define EMAIL_PARSER_WIRE_H

#include "base/buf.h"
#include "base/id.h"
#include "event/event.h"
#include "base/little_endian.h"

#define WIRE_HEADER 24
#define WIRE_EVENT_MAX (EVENT_ID_BYTES + EVENT_MAX_BYTES)

enum wire_kind { ANSWER_READY = 0x31594552, ANSWER_BLOB = 0x31424c42, ANSWER_EVENT = 0x31545645 };

struct wire_request {
  uint64_t seq;
  uint64_t record_len, mail_len;
};

static inline void wire_request_put(const struct wire_request *r, char ret[WIRE_HEADER]) {
  put_le(ret, r->record_len, 4);
  put_le(ret + 4, 0, 4);
  put_le(ret + 8, r->mail_len, 8);
  put_le(ret + 16, r->seq, 8);
}

static inline struct wire_request wire_request_get(const char at[WIRE_HEADER]) {
  return (struct wire_request){
      .record_len = get_le(at, 4), .mail_len = get_le(at + 8, 8), .seq = get_le(at + 16, 8)};
}

static inline void wire_answer_put(enum wire_kind kind, uint64_t seq, uint64_t len, char ret[WIRE_HEADER]) {
  put_le(ret, kind, 4);
  put_le(ret + 4, 0, 4);
  put_le(ret + 8, len, 8);
  put_le(ret + 16, seq, 8);
}

/* The parent's reader of answers: takes bytes as they come, lends what they mean. Zeroed at the start. */
enum wire_step {
  WIRE_MORE,       /* all bytes are used up */
  WIRE_READY,
  WIRE_BLOB_BEGIN, /* of `length` bytes */
  WIRE_BLOB_RUN,   /* lends `bytes` */
  WIRE_BLOB_END,
  WIRE_EVENT,      /* lends `bytes`: the packed event, and gives `id` */
  WIRE_BROKEN,     /* no answer a sane parser gives */
};

struct wire_reader {
  struct buf event;       /* the event so far; free it with wire_reader_free() */
  char header[WIRE_HEADER];
  size_t header_len;
  enum wire_kind kind;
  uint64_t left;          /* bytes of the payload to come */
  bool in_blob, broken;
  /* of the step */
  uint64_t seq, length;
  struct slice bytes;
  struct event_id id;
};

enum wire_step wire_next(struct wire_reader *r, struct slice *bytes);
void wire_reader_free(struct wire_reader *r);

#endif
