/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the protocol to our enums and back: flags, capabilities, codes, dates. Pure. */
#ifndef IMAP_WORDS_H
#define IMAP_WORDS_H

#include "imap/imap.h"

/* "\Seen"; 0 for what we do not know (keywords among them). */
unsigned imap_flag_of(struct slice word);
unsigned imap_capability_of(struct slice word);
enum imap_code imap_code_of(struct slice word);
/* "17-Jul-1996 02:44:25 -0700" to unix ms; lenient about blanks and a missing zone. INT64_MIN: not readable. */
int64_t imap_date_of(struct slice text);
/* The day in UTC as SEARCH wants it: "1-Feb-1994". */
void imap_day_write(int64_t unix_ms, char ret[16]);
/* A UID; 0 for what is none. */
uint32_t imap_uid_of(struct slice text);
/* Into `ret` what may be shown and logged: no controls, valid UTF-8, cut at IMAP_WORDS_MAX. Returns its length. */
size_t imap_words_clean(struct slice words, char ret[IMAP_WORDS_MAX + 1]);

#endif
