/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject of a mail without what mail programs put around it (RFC 5256 2.1, and the marks they write in other
 * languages, TH-14). Pure, linear in the subject.
 */
#ifndef TEXT_SUBJECT_H
#define TEXT_SUBJECT_H

#include "base/arena.h"
#include "base/id.h"

/* What the outermost mark says of the mail: "Re: Fwd: x" is a reply. */
enum subject_mark { SUBJECT_PLAIN, SUBJECT_REPLY, SUBJECT_FORWARD, SUBJECT_AUTOMATIC };

/* As people shall read it: one line without "Re:", "AW[2]:", "(fwd)", "[fwd: …]" and references of ours
 * ("[#7kq2-m9xd-4tab]"); names in brackets ("[sales]") stay. May be "". NULL at the arena's ceiling.
 * *ret_mark (may be NULL). */
char *subject_shown(struct arena *a, struct slice subject, enum subject_mark *ret_mark);
/* For comparing with others: the base subject. As above, without names in brackets at its beginning, case folded. */
char *subject_base(struct arena *a, struct slice subject);
/* A digest of the base subject, for comparing where texts are too long; "" when the base is empty. NULL as above. */
#define SUBJECT_DIGEST_LEN 8
char *subject_digest(struct arena *a, struct slice subject);
/* The next "[#7kq2-m9xd-4tab]", any case, that is a word of its own (TH-13), at or behind *at. Lends the reference
 * without its brackets and moves *at behind it; false when there is none. */
bool subject_reference_next(struct slice subject, size_t *at, struct slice *ret_reference);

#endif
