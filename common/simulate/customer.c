/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/customer.h"
#include <math.h>
#include <stdlib.h>

static bool has_tag(const struct simulate_customer *c, struct slice tag) {
  for (const char *at = c->tags; (at = strchr(at, '|')); at++)
    if (strncmp(at + 1, tag.at, tag.len) == 0 && at[1 + tag.len] == '|')
      return true;
  return false;
}

/* de is de-AT too. */
static bool has_language(const struct simulate_customer *c, struct slice language) {
  return strncmp(c->language, language.at, language.len) == 0 &&
         (c->language[language.len] == '\0' || c->language[language.len] == '-');
}

static bool any_of(const struct simulate_customer *c, struct slice list,
                   bool (*has)(const struct simulate_customer *c, struct slice word)) {
  struct slice word;
  while (slice_split(&list, '|', &word))
    if (word.len && has(c, word))
      return true;
  return false;
}

static bool compares(double value, struct slice term) {
  char text[64];
  if (isnan(value) || term.len < 2 || term.len >= sizeof(text))
    return false;
  memcpy(text, term.at, term.len);
  text[term.len] = '\0';
  bool equal = text[1] == '=';
  double limit = strtod(text + 1 + equal, NULL);
  switch (text[0]) {
  case '>': return equal ? value >= limit : value > limit;
  case '<': return equal ? value <= limit : value < limit;
  default: return !(value < limit) && !(value > limit);
  }
}

static bool term_holds(const struct simulate_customer *c, struct slice term) {
  if (slice_starts_nocase(term, SLICE("tag=")))
    return any_of(c, slice_of(term.at + 4, term.len - 4), has_tag);
  if (slice_starts_nocase(term, SLICE("lang=")))
    return any_of(c, slice_of(term.at + 5, term.len - 5), has_language);
  return slice_starts_nocase(term, SLICE("value")) && compares(c->value, slice_of(term.at + 5, term.len - 5));
}

bool customer_fits(const struct simulate_customer *c, const char *predicate) {
  struct slice rest = slice_text(predicate), term;
  while (slice_split(&rest, ';', &term))
    if (term.len && !term_holds(c, term))
      return false;
  return true;
}
