/* SPDX-License-Identifier: Apache-2.0 */
#include "opt_out.h"

#define LONGEST 32

static const struct {
  const char *word;
  enum opt opt;
} words[] = {
    {"stop", OPT_OUT},   {"stopall", OPT_OUT}, {"stop all", OPT_OUT}, {"unsubscribe", OPT_OUT}, {"cancel", OPT_OUT},
    {"end", OPT_OUT},    {"quit", OPT_OUT},    {"revoke", OPT_OUT},   {"optout", OPT_OUT},      {"opt-out", OPT_OUT},
    {"start", OPT_IN},   {"unstop", OPT_IN},
};

/* Lower case, one space for a run of blanks, trailing punctuation off. Returns false when it is too long for a word. */
static bool fold(struct slice text, char ret[LONGEST], size_t *ret_len) {
  size_t len = 0;
  text = slice_trim(text);
  while (text.len && strchr(".,;:!?\"')", text.at[text.len - 1]) && text.at[text.len - 1])
    text = slice_trim(slice_of(text.at, text.len - 1));
  for (size_t i = 0; i < text.len; i++) {
    char c = text.at[i];
    bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (blank && len && ret[len - 1] == ' ')
      continue;
    if (len == LONGEST)
      return false;
    ret[len++] = blank ? ' ' : c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
  }
  *ret_len = len;
  return true;
}

enum opt opt_of_text(struct slice text) {
  char folded[LONGEST];
  size_t len;
  if (!fold(text, folded, &len))
    return OPT_NONE;
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (slice_equal(slice_text(words[i].word), slice_of(folded, len)))
      return words[i].opt;
  return OPT_NONE;
}

enum opt opt_of_provider(struct slice type, struct slice text) {
  if (slice_equal_nocase(type, SLICE("STOP")))
    return OPT_OUT;
  if (slice_equal_nocase(type, SLICE("START")))
    return OPT_IN;
  return type.len ? OPT_NONE : opt_of_text(text);
}
