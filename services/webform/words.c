/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

struct words {
  const char *language;
  const char *text[WORD_COUNT];
};

static const struct words languages[] = {
    {"en",
     {
#define WORD(id, en, de) [WORD_##id] = (en),
#include "words.def"
#undef WORD
     }},
    {"de",
     {
#define WORD(id, en, de) [WORD_##id] = (de),
#include "words.def"
#undef WORD
     }},
};

const struct words *words_for(const char *language) {
  struct slice rest = slice_text(language), first;
  slice_split(&rest, '-', &first);
  for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++) {
    if (slice_equal_nocase(first, slice_text(languages[i].language)))
      return &languages[i];
  }
  return &languages[0];
}

const char *words_language(const struct words *w) {
  return w->language;
}

const char *words_text(const struct words *w, enum word word) {
  assert((unsigned)word < WORD_COUNT);
  return w->text[word];
}

int words_add(struct buf *b, const struct words *w, enum word word, const char *argument) {
  const char *text = words_text(w, word);
  const char *place = argument ? strstr(text, "{}") : NULL;
  if (!place)
    return buf_add_text(b, text);
  buf_add(b, text, (size_t)(place - text));
  buf_add_text(b, argument);
  return buf_add_text(b, place + 2);
}
