/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip_notice.h"
#include "text/strip_fold.h"
#include "text/strip_line.h"
#include "text/strip_words.h"

enum {
  NOTICE_LEAST = 60,   /* bytes of a notice on secrecy */
  SECRECY_LEAST = 4,   /* of its words */
  NOTICE_LINE_MAX = 400,
  BANNER_MAX = 800,
  BANNER_LINES = 12,
  OUTSIDE_LEAST = 5,
};

/* Stars, dashes and brackets around it. */
static struct slice without_frame(struct slice s) {
  while (s.len && strchr(" *-_=#!>|[]", s.at[0]))
    s = slice_of(s.at + 1, s.len - 1);
  return s;
}

/* The beginning is enough: what is longer than a fold is cut. */
static struct slice fold_beginning(struct strip_fold *f, struct slice s) {
  f->len = 0;
  f->full = false;
  strip_fold_add(f, s);
  return slice_of(f->at, f->len);
}

bool strip_notice_read(struct slice paragraph) {
  struct strip_fold f;
  const char *language;
  struct slice s = without_frame(fold_beginning(&f, paragraph));
  if (paragraph.len <= NOTICE_LINE_MAX && strip_word_begins(WORDS_NOTICE_LINE, s))
    return true;
  return s.len >= NOTICE_LEAST && strip_word_count(WORDS_SECRECY, s, &language) >= SECRECY_LEAST &&
         strip_word_inside(WORDS_THIS_MAIL, s, NULL) && !strip_word_spoken(WORDS_SPEAKER, language, s);
}

/* A paragraph, or two when the first is a heading: "CAUTION: External email" and what it means. */
static bool is_banner(struct slice s) {
  struct strip_fold f;
  const char *language;
  struct slice folded = without_frame(fold_beginning(&f, s));
  return s.len <= BANNER_MAX && strip_word_begins(WORDS_BANNER, folded) &&
         strip_word_count(WORDS_OUTSIDE, folded, &language) >= OUTSIDE_LEAST &&
         !strip_word_spoken(WORDS_SPEAKER, language, folded);
}

size_t strip_banner_read(struct slice text, size_t begin, size_t end) {
  struct strip_line line;
  size_t at = begin, first = end;
  for (size_t i = 0; i < BANNER_LINES && at < end && strip_line_read(text, at, &line); i++) {
    bool ends = line.blank || line.next >= end;
    size_t here = line.blank ? line.begin : line.next;
    if (!line.blank && first == end)
      first = line.begin;
    if (ends && first < here && is_banner(slice_of(text.at + first, here - first)))
      return line.next < end ? here : begin; /* a warning and nothing else is what the sender wrote */
    at = line.next;
  }
  return begin;
}
