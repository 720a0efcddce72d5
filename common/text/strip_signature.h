/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the signature of a run of own words begins. The delimiter of RFC 3676 4.3 and what programs sign with are
 * certain; a closing with a name, or a line of dashes with a card, is a guess and made only when nothing but that
 * follows (QT-04, QT-05, QT-08). Inside common/text only. Pure.
 */
#ifndef TEXT_STRIP_SIGNATURE_H
#define TEXT_STRIP_SIGNATURE_H

#include "base/slice.h"

/* "Sent from my iPhone", "Get Outlook for iOS", in the languages of strip_words.def: the whole line. */
bool strip_signature_of_program(struct slice line);
/* The delimiter "-- " in text[begin, end), where what follows is no longer than a signature. Returns where its line
 * begins, `end` when there is none. */
size_t strip_signature_delimiter(struct slice text, size_t begin, size_t end);
/* The guess. Returns where it begins, `end` when there is none. */
size_t strip_signature_guess(struct slice text, size_t begin, size_t end, bool from_html);
/* A line that only separates a signature from the text: "-- ", "--", "___". */
bool strip_signature_rule(struct slice line);

#endif
