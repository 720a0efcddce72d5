/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/customer.h"
#include <math.h>
#include <stdlib.h>

static bool has_mark(const char *marks, struct slice mark) {
  for (const char *at = marks; (at = strchr(at, '|')); at++)
    if (strncmp(at + 1, mark.at, mark.len) == 0 && at[1 + mark.len] == '|')
      return true;
  return false;
}

static bool has_tag(const struct simulate_customer *c, struct slice tag) {
  return has_mark(c->tags, tag);
}

static bool has_consent(const struct simulate_customer *c, struct slice mark) {
  return has_mark(c->consents, mark);
}

/* de is de-AT too. */
static bool has_language(const struct simulate_customer *c, struct slice language) {
  return strncmp(c->language, language.at, language.len) == 0 &&
         (c->language[language.len] == '\0' || c->language[language.len] == '-');
}

static bool is_agent(const struct simulate_customer *c, struct slice agent) {
  return slice_equal(slice_text(c->last_agent), agent);
}

static double value_of(const struct simulate_customer *c) {
  return c->value;
}

static double open_of(const struct simulate_customer *c) {
  return c->open;
}

static const struct {
  struct slice name;
  bool (*has)(const struct simulate_customer *c, struct slice word); /* any of a list, behind '=' */
  double (*amount)(const struct simulate_customer *c);               /* compared */
} terms[] = {{{"tag", 3}, has_tag, NULL},         {{"lang", 4}, has_language, NULL}, {{"agent", 5}, is_agent, NULL},
             {{"consent", 7}, has_consent, NULL}, {{"value", 5}, NULL, value_of},    {{"open", 4}, NULL, open_of}};

static bool any_of(const struct simulate_customer *c, struct slice list,
                   bool (*has)(const struct simulate_customer *c, struct slice word)) {
  struct slice word;
  while (slice_split(&list, '|', &word))
    if (word.len && has(c, word))
      return true;
  return false;
}

/* comparison: ">= 1000" and the like, without the blank. */
static bool compares(double value, struct slice comparison) {
  char text[64];
  if (isnan(value) || comparison.len < 2 || comparison.len >= sizeof(text))
    return false;
  memcpy(text, comparison.at, comparison.len);
  text[comparison.len] = '\0';
  bool equal = text[1] == '=';
  double limit = strtod(text + 1 + equal, NULL);
  switch (text[0]) {
  case '>': return equal ? value >= limit : value > limit;
  case '<': return equal ? value <= limit : value < limit;
  default: return !(value < limit) && !(value > limit);
  }
}

static bool term_holds(const struct simulate_customer *c, struct slice term) {
  size_t name = 0;
  while (name < term.len && term.at[name] != '<' && term.at[name] != '>' && term.at[name] != '=')
    name++;
  struct slice rest = slice_of(term.at + name, term.len - name);
  for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
    if (!slice_equal(terms[i].name, slice_of(term.at, name)))
      continue;
    if (terms[i].amount)
      return compares(terms[i].amount(c), rest);
    return rest.len > 0 && rest.at[0] == '=' && any_of(c, slice_of(rest.at + 1, rest.len - 1), terms[i].has);
  }
  return false;
}

bool customer_fits(const struct simulate_customer *c, const char *predicate) {
  struct slice rest = slice_text(predicate), term;
  while (slice_split(&rest, ';', &term))
    if (term.len && !term_holds(c, term))
      return false;
  return true;
}
