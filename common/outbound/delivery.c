/* SPDX-License-Identifier: Apache-2.0 */
#include "outbound/delivery.h"

static const struct {
  struct slice name;
  const char *words;
  bool final;
} states[] = {
#define STATE(name, final, words) {SLICE(#name), words, final},
#define MOVE(from, to)
#include "outbound/delivery.def"
};

static const struct {
  enum delivery_state from, to;
} moves[] = {
#define STATE(name, final, words)
#define MOVE(from, to) {DELIVERY_##from, DELIVERY_##to},
#include "outbound/delivery.def"
};

const char *delivery_text(enum delivery_state state) {
  assert(state < DELIVERY_STATES);
  return states[state].name.at;
}

const char *delivery_words(enum delivery_state state) {
  assert(state < DELIVERY_STATES);
  return states[state].words;
}

bool delivery_parse(struct slice text, enum delivery_state *ret) {
  for (size_t i = 0; i < DELIVERY_STATES; i++)
    if (slice_equal(states[i].name, text)) {
      *ret = (enum delivery_state)i;
      return true;
    }
  return false;
}

bool delivery_may(enum delivery_state from, enum delivery_state to) {
  for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
    if (moves[i].from == from && moves[i].to == to)
      return true;
  return false;
}

bool delivery_final(enum delivery_state state) {
  assert(state < DELIVERY_STATES);
  return states[state].final;
}
