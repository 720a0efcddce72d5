/* SPDX-License-Identifier: Apache-2.0 */
/* Most words of a text are in no rule: for them the cost is folding, one hash and one look into the vocabulary. */
#include "desk/words.h"
#include "desk/fold.h"
#include "desk/names.h"
#include <stdlib.h>

#define ROOT 0

/* From a place in the tree, by a word, to the next place. */
struct edge {
  uint32_t from, word, to; /* to 0: free; nothing leads to the root */
};

struct desk_words {
  struct names vocabulary;
  uint64_t lengths[256];   /* first byte → lengths of the words that begin so (bit 63: or longer): most texts' words
                              are told apart by this, without a hash */
  struct edge *edges;      /* open addressing, at most half full */
  size_t edge_capacity, edge_count;
  uint32_t *phrase_at;     /* place → phrase number + 1; 0: none ends here */
  uint32_t place_count, place_capacity, phrase_count;
};

static void place_new(struct desk_words *w) {
  if (w->place_count == w->place_capacity) {
    w->place_capacity = w->place_capacity ? 2 * w->place_capacity : 64;
    w->phrase_at = must_realloc(w->phrase_at, w->place_capacity * sizeof(*w->phrase_at));
  }
  w->phrase_at[w->place_count++] = 0;
}

struct desk_words *words_new(void) {
  struct desk_words *w = must_calloc(1, sizeof(*w));
  w->edge_capacity = 64;
  w->edges = must_calloc(w->edge_capacity, sizeof(*w->edges));
  place_new(w);
  return w;
}

void words_free(struct desk_words **w) {
  if (!w || !*w)
    return;
  names_free(&(*w)->vocabulary);
  free((*w)->edges);
  free((*w)->phrase_at);
  free(*w);
  *w = NULL;
}

static struct edge *edge_slot(const struct desk_words *w, uint32_t from, uint32_t word) {
  uint64_t key = ((uint64_t)from << 32 | word) * 0x9E3779B97F4A7C15u;
  size_t at = (size_t)(key >> 32) & (w->edge_capacity - 1);
  while (w->edges[at].to && (w->edges[at].from != from || w->edges[at].word != word))
    at = (at + 1) & (w->edge_capacity - 1);
  return &w->edges[at];
}

static void edges_grow(struct desk_words *w) {
  struct edge *old = w->edges;
  size_t old_capacity = w->edge_capacity;
  w->edge_capacity *= 2;
  w->edges = must_calloc(w->edge_capacity, sizeof(*w->edges));
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i].to)
      *edge_slot(w, old[i].from, old[i].word) = old[i];
  free(old);
}

static uint32_t step_or_grow(struct desk_words *w, uint32_t from, uint32_t word) {
  struct edge *e = edge_slot(w, from, word);
  if (e->to)
    return e->to;
  if (2 * (w->edge_count + 1) > w->edge_capacity) {
    edges_grow(w);
    e = edge_slot(w, from, word);
  }
  *e = (struct edge){from, word, w->place_count};
  w->edge_count++;
  place_new(w);
  return e->to;
}

static uint64_t length_bit(size_t len) {
  return 1ull << (len < 63 ? len : 63);
}

static uint32_t word_number(struct desk_words *w, struct slice word) {
  uint32_t number = names_find(&w->vocabulary, word);
  if (number == NAMES_NONE) {
    number = (uint32_t)w->vocabulary.count;
    names_add(&w->vocabulary, word, number);
    w->lengths[(unsigned char)word.at[0]] |= length_bit(word.len);
  }
  return number;
}

/* "c++" would quietly mean "c": what a phrase begins and ends with must count. */
static int phrase_check(struct slice phrase) {
  struct word_walk walk = word_walk(phrase);
  size_t count = 0, end = 0;
  while (word_next(&walk)) {
    if (count++ == 0 && walk.start > 0)
      return WORDS_EDGE;
    if (walk.len == 0 || count > PHRASE_MAX)
      return WORDS_LONG;
    end = walk.at;
  }
  return count == 0 || end < phrase.len ? WORDS_EDGE : 0;
}

int words_add(struct desk_words *w, struct slice phrase, uint32_t *ret_number) {
  int r = phrase_check(phrase);
  if (r)
    return r;
  struct word_walk walk = word_walk(phrase);
  uint32_t place = ROOT;
  if (w->phrase_count == DESK_MAX_WORDS)
    return WORDS_FULL;
  while (word_next(&walk))
    place = step_or_grow(w, place, word_number(w, slice_of(walk.folded, walk.len)));
  if (!w->phrase_at[place])
    w->phrase_at[place] = ++w->phrase_count;
  *ret_number = w->phrase_at[place] - 1;
  return 0;
}

/* Where matching stands after one more word. Returns the number of places now under way. */
static size_t advance(const struct desk_words *w, uint32_t word, uint32_t *places, size_t count, uint64_t *bits) {
  size_t kept = 0;
  places[count++] = ROOT; /* a phrase may begin at any word */
  for (size_t i = 0; i < count; i++) {
    uint32_t to = edge_slot(w, places[i], word)->to;
    if (!to)
      continue;
    places[kept++] = to;
    if (w->phrase_at[to])
      bits[(w->phrase_at[to] - 1) / 64] |= 1ull << ((w->phrase_at[to] - 1) % 64);
  }
  return kept;
}

void words_scan(const struct desk_words *w, struct slice text, uint64_t bits[WORDS_BITS]) {
  struct word_walk walk = word_walk(text);
  uint32_t places[PHRASE_MAX + 1]; /* at most one per length of what has matched */
  size_t count = 0;
  while (word_next(&walk)) {
    bool likely = walk.len && (w->lengths[(unsigned char)walk.folded[0]] & length_bit(walk.len));
    uint32_t word = likely ? names_find(&w->vocabulary, slice_of(walk.folded, walk.len)) : NAMES_NONE;
    count = word == NAMES_NONE ? 0 : advance(w, word, places, count, bits);
  }
}
