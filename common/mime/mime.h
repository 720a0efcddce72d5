/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail's bytes into a contact event (RFC 5322, 2045-2049, 2231, 3676, 5545, 8551; tolerant as RFC 7103). Runs in the
 * disposable parser process of services/email only. Limits: a header field 16 KiB, a header 256 KiB, 1 000 recipients,
 * 1 000 parts, 1 000 attachments, 50 levels, 4 MiB of text to show. What is beyond is cut with a warning or becomes an
 * attachment; it is never lost, for the original is kept.
 */
#ifndef MIME_MIME_H
#define MIME_MIME_H

#include "event/event.h"

enum { MIME_UNREADABLE = 1 };

struct mime_own;

/* What the configuration of its channel says about the way a mail came; all lent. */
struct mime_trust {
  char *const *authserv_ids;   /* whose Authentication-Results are believed (RFC 8601); "-": of a field without one */
  size_t authserv_id_count;
  char *const *spam_headers;   /* "Name: value" of a trusted filter, '*' for any run, any case */
  size_t spam_header_count;
  const struct mime_own *own;  /* NULL: none is known */
};

struct mime_envelope {
  struct slice channel;        /* configured name */
  struct slice mail_from;      /* "<>" as "" with null_path */
  bool null_path;
  struct slice recipient;      /* RCPT TO that chose the channel */
  struct slice reply_token;    /* its sub-address, may be empty */
  int64_t received_ms;
  const struct mime_trust *trust; /* NULL: nothing in the mail is believed */
};

/* A part to be stored as a blob by the caller. */
struct mime_blob {
  uint8_t sha256[32];
  struct slice bytes;          /* in the arena or in `raw`: valid as long as both */
};

struct mime_result {
  contact_event *event;        /* in the arena; original not set */
  struct event_id id;
  struct mime_blob *blobs;     /* attachments, cleaned html, long text; each digest once */
  size_t blob_count;
  void *private;
};

/* Once per process, before it loses the right to open files: loads the character sets. */
void mime_start(void);
/* The desk's own addresses ("support@example.com", "@example.com"; "*" says nothing), ready to be compared with: for
 * senders who pass for them. The texts are copied. */
struct mime_own *mime_own_new(char *const *addresses, size_t count);
void mime_own_free(struct mime_own **own);
/* Returns 0; MIME_UNREADABLE with `*ret_why` (a stable code for the quarantine entry); -ENOMEM (the arena's
 * ceiling: treat as unreadable "too-complex"). The id is deterministic: channel + Message-ID + digest of what the
 * sender wrote (mime_digest). */
int must_check mime_to_event(struct slice raw, const struct mime_envelope *envelope, struct arena *a,
                             struct mime_result *ret, const char **ret_why);
void mime_result_free(struct mime_result *r);

/* Digest of what the sender wrote: header fields and body, without the trace headers that each delivery adds
 * (Received, Return-Path, Delivered-To, X-Original-To, Authentication-Results, ARC-*, DKIM-Signature excepted from the
 * exception as the sender's own, …), line ends as LF. A mail of nothing – no such field, no body – is known by who
 * sent it: the envelope's sender and the oldest Received field, if any, are digested too, never the time, so that a
 * repeat is the same mail and another sender's is another. Pure, linear. Also lends the Message-ID found (may be
 * empty). */
void mime_digest(struct slice raw, const struct mime_envelope *envelope, uint8_t ret[32],
                 struct slice *ret_message_id);
/* The id of the event this mail becomes, readable or not. Of the envelope, channel and sender count. */
struct event_id mime_event_id(const struct mime_envelope *envelope, struct slice raw);
/* The quarantine entry for a mail that could not be read (MI-40); in the arena. */
contact_event *mime_quarantine(struct arena *a, struct slice raw, const struct mime_envelope *envelope,
                               const char *reason, const char *detail);

#endif
