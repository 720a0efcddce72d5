/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip.h"
#include "text/strip_fold.h"
#include "text/strip_words.h"

enum { LOOK_MAX = 200, WORD_MAX = 40 };

/* "[Desk #12] Re: …": what lists and desks put before the word. "[Fwd: …]" is no such thing. */
static struct slice behind_brackets(struct slice s) {
  while (s.len && (s.at[0] == '[' || s.at[0] == ' ')) {
    const char *end = s.at[0] == '[' ? memchr(s.at, ']', s.len) : NULL;
    const char *colon = end ? memchr(s.at, ':', (size_t)(end - s.at)) : NULL;
    size_t skipped = end && !colon ? (size_t)(end - s.at) + 1 : 1;
    s = slice_of(s.at + skipped, s.len - skipped);
  }
  return s;
}

enum strip_subject strip_subject(struct slice subject) {
  struct strip_fold f;
  struct slice s = behind_brackets(
      strip_fold_of(&f, slice_of(subject.at, subject.len < LOOK_MAX ? subject.len : LOOK_MAX)));
  const char *colon = memchr(s.at, ':', s.len < WORD_MAX ? s.len : WORD_MAX);
  size_t len = colon ? (size_t)(colon - s.at) : 0;
  const char *bracket = len ? memchr(s.at, '[', len) : NULL; /* "Re[2]:" */
  len = bracket ? (size_t)(bracket - s.at) : len;
  while (len && (s.at[len - 1] == ' ' || (s.at[len - 1] >= '0' && s.at[len - 1] <= '9')))
    len--;
  if (strip_word_is(WORDS_SUBJECT_FORWARD, slice_of(s.at, len)))
    return STRIP_SUBJECT_FORWARD;
  return strip_word_is(WORDS_SUBJECT_REPLY, slice_of(s.at, len)) ? STRIP_SUBJECT_REPLY : STRIP_SUBJECT_PLAIN;
}
