/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which runs of a mail's text are not what its sender wrote now: quotes, the lines above them, signatures, notices
 * (QT-01 … QT-08). Nothing is removed: the caller gets spans. When in doubt a line is kept, because a customer's words
 * that nobody sees are worse than a signature that everybody sees. Pure, in linear time whatever the text; what is
 * searched for is in strip_words.def, what is cut and why in docs/MAIL.md.
 */
#ifndef TEXT_STRIP_H
#define TEXT_STRIP_H

#include "base/arena.h"

enum { STRIP_SPANS_MAX = 500 }; /* behind the last of them everything is kept */

enum strip_kind { STRIP_QUOTE, STRIP_ATTRIBUTION, STRIP_SIGNATURE, STRIP_DISCLAIMER };

/* Byte offsets into the text, at character borders. Spans rise and do not overlap; two that touch differ in kind. */
struct strip_span {
  size_t begin, end;
  enum strip_kind kind;
  bool guess; /* a signature without the delimiter of RFC 3676: probably, not certainly (QT-04) */
};

/* What else is known of the mail. All false: nothing. */
struct strip_hints {
  bool from_html; /* the text was made from HTML, where "-- " loses its blank */
  bool forwarded; /* the subject says so: what is quoted is what the sender wants to be read (QT-07) */
  bool fresh;     /* no field and no subject says that it is an answer: a ">" may be the sender's own sign */
};

/* A line that begins and ends with these asks to answer above it, whatever words stand between; a mail of ours that
 * has it lets the quote be found in any program that quotes without marks. */
#define STRIP_ABOVE_BEGIN "##-"
#define STRIP_ABOVE_END "-##"

/* Finds the spans of `text` (UTF-8, line ends LF), none when nothing but white space would be left (QT-02). The list
 * is in the arena. Returns 0, or -ENOMEM at the arena's ceiling. */
int must_check strip_text(struct arena *a, struct slice text, const struct strip_hints *hints,
                          struct strip_span **ret, size_t *ret_count);
/* Fits spans to the first `len` bytes of their text. Returns how many are left: none when they would cover all of it
 * but white space. */
size_t strip_clip(struct slice text, size_t len, struct strip_span *spans, size_t count);

const char *strip_kind_text(enum strip_kind kind); /* "quote", "attribution", … as in contact_event.proto */

enum strip_subject { STRIP_SUBJECT_PLAIN, STRIP_SUBJECT_REPLY, STRIP_SUBJECT_FORWARD };
/* What the first word of a subject, before its colon, makes of the mail: "AW:", "Fwd:". */
enum strip_subject strip_subject(struct slice subject);

#endif
