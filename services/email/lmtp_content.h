/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes between DATA and the final dot: where they end, and what the sender's content was (RFC 5321 4.5.2).
 * Only CRLF "." CRLF ends them (TR-05): a bare CR or LF is content like any other byte, is kept as it came, and is
 * noted. Lines have no limit and no memory; runs of content are lent straight from the input. Pure.
 */
#ifndef EMAIL_LMTP_CONTENT_H
#define EMAIL_LMTP_CONTENT_H

#include "base/slice.h"

enum lmtp_place { PLACE_LINE_START, PLACE_INSIDE, PLACE_AFTER_CR, PLACE_AFTER_DOT, PLACE_AFTER_DOT_CR };

/* Zeroed at the start of a message. */
struct lmtp_content {
  enum lmtp_place place;
  bool bare_line_end; /* a CR without LF, or an LF without CR, was seen */
};

enum lmtp_content_step { CONTENT_MORE, CONTENT_RUN, CONTENT_END };

/* Takes from *bytes what it can. CONTENT_RUN lends content (never empty; valid as long as the input's memory);
 * CONTENT_MORE: all bytes are used up; CONTENT_END: the final dot was taken, what is left in *bytes is commands. */
enum lmtp_content_step lmtp_content_next(struct lmtp_content *c, struct slice *bytes, struct slice *ret_run);

#endif
