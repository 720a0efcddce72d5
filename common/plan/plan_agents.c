/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents as the rule sees them: profiles, and who has which. A profile is its own text, so two agents are alike when
 * their texts are; they are numbered by the first agent of each.
 */
#include "plan/agents.h"
#include <math.h>
#include <stdlib.h>

#define PROFILE_MAX (64 * 1024) /* 500 queues and 100 skills, names of 32 bytes with a number each */

struct profile {
  char *text;              /* fields of its row behind the number */
  size_t agent;            /* place in the definition */
};

struct word {
  const char *name;
  double number;
};

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct word *)a)->name, ((const struct word *)b)->name);
}

/* In the order of the names, however the definition has them. */
static void add_words(struct buf *b, struct word *words, size_t count) {
  qsort(words, count, sizeof(*words), by_name);
  for (size_t i = 0; i < count; i++)
    buf_printf(b, "%s%s:%.17g", i ? " " : "", words[i].name, words[i].number);
}

static void add_kinds(struct buf *b, const struct desk_agent *a, struct word *words) {
  for (size_t i = 0; i < a->kind_count; i++)
    words[i] = (struct word){a->kinds[i].kind, a->kinds[i].units};
  add_words(b, words, a->kind_count);
}

static void add_queues(struct buf *b, const struct desk_agent *a, struct word *words) {
  for (size_t i = 0; i < a->queue_count; i++)
    words[i] = (struct word){a->queues[i], log(a->speeds[i])};
  add_words(b, words, a->queue_count);
}

static void add_skills(struct buf *b, const struct desk_agent *a, struct word *words) {
  for (size_t i = 0; i < a->skill_count; i++)
    words[i] = (struct word){a->skills[i].name, a->skills[i].level};
  add_words(b, words, a->skill_count);
}

/* Gives the text. */
static char *profile_text(const struct desk_agent *a) {
  struct buf b = BUF_INIT(PROFILE_MAX);
  struct word *words = must_calloc(a->kind_count + a->queue_count + a->skill_count + 1, sizeof(*words));
  buf_printf(&b, "%d" US, a->capacity);
  add_kinds(&b, a, words);
  buf_add_text(&b, US);
  add_queues(&b, a, words);
  buf_add_text(&b, US);
  add_skills(&b, a, words);
  assert(!b.full);
  free(words);
  return b.at;
}

static int by_text(const void *a, const void *b) {
  const struct profile *x = a, *y = b;
  int order = strcmp(x->text, y->text);
  return order ? order : x->agent < y->agent ? -1 : 1;
}

/* ret_first[agent]: the first agent of the same profile. */
static void find_alike(struct profile *profiles, size_t count, size_t *ret_first) {
  qsort(profiles, count, sizeof(*profiles), by_text);
  size_t begin = 0;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(profiles[i].text, profiles[begin].text) != 0)
      begin = i;
    ret_first[profiles[i].agent] = profiles[begin].agent;
  }
}

void plan_agents(const struct desk *d, struct buf *b) {
  size_t count = d->agent_count, next = 0;
  struct profile *profiles = must_calloc(count + 1, sizeof(*profiles));
  char **texts = must_calloc(count + 1, sizeof(*texts));
  size_t *first = must_calloc(count + 1, sizeof(*first)), *number = must_calloc(count + 1, sizeof(*number));
  for (size_t i = 0; i < count; i++)
    profiles[i] = (struct profile){texts[i] = profile_text(&d->agents[i]), i};
  find_alike(profiles, count, first);
  for (size_t i = 0; i < count; i++)
    if (first[i] == i) {
      number[i] = next++;
      buf_printf(b, "P" US "%zu" US "%s" RS, number[i], texts[i]);
    }
  for (size_t i = 0; i < count; i++)
    buf_printf(b, "A" US "%s" US "%zu" US "%s" RS, d->agents[i].name, number[first[i]],
               d->agents[i].hours ? d->agents[i].hours->name : "");
  for (size_t i = 0; i < count; i++)
    free(texts[i]);
  free(profiles);
  free(texts);
  free(first);
  free(number);
}
