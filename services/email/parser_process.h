/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's end of one parser process: starts it, keeps up to PARSER_WINDOW mails in it, hands out its answers,
 * watches its time, and says how it ended. It decides nothing about a mail's fate: that is normalise.c.
 * Parts of mails go straight into the blob store as they come.
 *
 * Memory: one buffer of requests (the bytes in flight to the process, at most PARSER_BYTES or one mail) and one of
 * answers.
 */
#ifndef EMAIL_PARSER_PROCESS_H
#define EMAIL_PARSER_PROCESS_H

#include "mail_record.h"
#include "parser_wire.h"
#include <uv.h>

#define PARSER_WINDOW 64
#define PARSER_BYTES (1024 * 1024)
#define PARSER_BLOBS_MAX 4096 /* parts of one mail */

struct parser_process;

enum parser_end {
  PARSER_RETIRED,  /* in order: replaced after much work */
  PARSER_DIED,     /* a signal, or a wrong answer */
  PARSER_TIMEOUT,  /* over its deadline */
  PARSER_UNBORN,   /* before it was ready: the machine's trouble, no mail's */
};

struct parser_answer {
  void *tag;                     /* of the request */
  struct event_id id;
  struct slice event;            /* packed; unverified; lent until answer() returns */
  const struct blob_ref *blobs;  /* stored, not yet synced */
  size_t blob_count;
  int fault;                     /* 0, or why a blob was not stored: BLOB_FULL, BLOB_TOO_LARGE, < 0 */
};

struct parser_user {
  void (*ready)(void *arg);
  /* Returns whether a sane parser could have said so; if not, it is ended. */
  bool (*answer)(void *arg, const struct parser_answer *answer);
  /* Once. `tags` are the requests without an answer, in order: the first was being worked on (none when retired
   * before it began). The process is freed after it returns. */
  void (*ended)(void *arg, struct parser_process *p, enum parser_end end, int status, int signal, void *const *tags,
                size_t count);
  void *arg;
};

struct parser_options {
  const char *program;  /* path of the executable */
  size_t memory;
  int64_t deadline_ms;  /* of one mail */
  size_t largest;       /* bytes of a mail */
  struct slice trust;   /* what parser_trust_pack() made of the configuration; lent while processes are opened */
};

/* Returns 0 (gives *ret) or a libuv fault. */
int must_check parser_process_open(uv_loop_t *loop, const struct parser_options *options,
                                   const struct parser_user *user, struct parser_process **ret);
/* Kills it; nothing more is called, and it frees itself from the loop. */
void parser_process_close(struct parser_process **p);

/* It is ready and has room for a mail of so many bytes. */
bool parser_process_room(const struct parser_process *p, uint64_t bytes);
bool parser_process_ready(const struct parser_process *p);
size_t parser_process_load(const struct parser_process *p);
/* Reads the original from `blobs` into the buffer of requests. Returns 0; what blob_read() returned, nothing being
 * sent. */
int must_check parser_process_send(struct parser_process *p, struct blob_store *blobs, uint64_t seq,
                                   struct slice record, const struct blob_ref *original, void *tag);
/* Writes what was sent in this turn. */
void parser_process_flush(struct parser_process *p);

#endif
