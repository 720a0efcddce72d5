/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that ask for skills: is there ever an agent who has them, and from when on? */
#include "desk/reviewing.h"
#include <stdio.h>
#include <stdlib.h>

#define NEEDS_MAX 20 /* of a rule, as its reader allows */

struct need {
  struct slice skill;
  int level;
};

struct needs {
  struct need of[NEEDS_MAX];
  size_t count;
};

/* "billing>=3,zh>=2" */
static struct needs needs_of(const char *skills) {
  struct needs n = {.count = 0};
  struct slice rest = slice_text(skills), one, name;
  while (skills[0] && n.count < NEEDS_MAX && slice_split(&rest, ',', &one)) {
    uint64_t level = 0;
    slice_split(&one, '>', &name);
    if (slice_to_u64(slice_of(one.at + 1, one.len - 1), 10, &level))
      assert(!"the rule's reader wrote it");
    n.of[n.count++] = (struct need){name, (int)level};
  }
  return n;
}

/* As they are when all of its steps are over. */
static struct needs softened(const struct needs *needs, const struct desk_queue *q) {
  struct needs n = *needs;
  const struct desk_relax *last = q->relax_count ? &q->relax[q->relax_count - 1] : NULL;
  for (size_t i = 0; i < n.count; i++)
    for (size_t s = 0; last && s < last->count; s++)
      if (slice_equal(n.of[i].skill, slice_text(last->most[s].name)) && last->most[s].level < n.of[i].level)
        n.of[i].level = last->most[s].level;
  return n;
}

static int level_of(const struct desk_agent *a, struct slice skill) {
  for (size_t i = 0; i < a->skill_count; i++)
    if (slice_equal(skill, slice_text(a->skills[i].name)))
      return a->skills[i].level;
  return 0;
}

static bool has(const struct desk_agent *a, const struct needs *n) {
  for (size_t i = 0; i < n->count; i++)
    if (level_of(a, n->of[i].skill) < n->of[i].level)
      return false;
  return true;
}

static bool member_has(const struct reviewing *r, size_t queue, const struct needs *n) {
  for (size_t i = 0; i < r->member_count[queue]; i++)
    if (has(&r->desk->agents[r->members[queue][i]], n))
      return true;
  return false;
}

/* ... in the end: with what is softened, by members of overflow queues, and in the queues for when nobody is there.
 * *ret_members: is there any agent at all on this way? */
static bool ever_met(const struct reviewing *r, size_t queue, const struct needs *needs, bool *ret_members) {
  *ret_members = false;
  for (size_t steps = 0; steps <= r->desk->queue_count; steps++) {
    const struct desk_queue *q = &r->desk->queues[queue];
    struct needs n = softened(needs, q);
    *ret_members = *ret_members || r->member_count[queue];
    if (member_has(r, queue, &n))
      return true;
    for (size_t i = 0; i < q->overflow_count; i++) {
      size_t other = review_index(r, q->overflow[i].queue);
      *ret_members = *ret_members || r->member_count[other];
      if (member_has(r, other, &n))
        return true;
    }
    if (!q->nobody)
      return false;
    queue = review_index(r, q->nobody);
  }
  return false; /* a circle, told elsewhere */
}

static void look_at_rule(struct reviewing *r, const struct desk_rule *rule) {
  size_t queue = review_index(r, rule->queue);
  struct needs n = needs_of(rule->skills);
  bool members;
  if (n.count == 0)
    return;
  bool ever = ever_met(r, queue, &n, &members);
  if (!members)
    return; /* told of the queue */
  if (!ever)
    review_wrong(r, &rule->skills_place, "rule '%s' asks for %s in queue '%s', and no agent can ever take that: neither "
                 "its members nor by 'relax', 'overflow' or 'nobody'", rule->name, rule->skills, rule->queue);
  else if (!member_has(r, queue, &n))
    review_alarm(r, &rule->skills_place, "rule '%s' asks for %s, which no agent of queue '%s' has: its work items wait "
                 "until that is softened or others may take them", rule->name, rule->skills, rule->queue);
}

/* ---- names that only one side knows */

static void add_asked(const struct desk_rule *rule, struct names *asked) {
  struct needs n = needs_of(rule->skills);
  for (size_t i = 0; i < n.count; i++)
    names_add(asked, n.of[i].skill, 0);
}

/* A queue that asks for the customer's language may soften any. */
static void look_at_relax(struct reviewing *r, const struct names *asked, const struct desk_queue *q) {
  const struct desk_relax *last = q->relax_count && !q->language ? &q->relax[q->relax_count - 1] : NULL;
  for (size_t i = 0; last && i < last->count; i++)
    if (names_find(asked, slice_text(last->most[i].name)) == NAMES_NONE)
      review_alarm(r, &q->place, "'relax' of queue '%s' softens '%s', which no rule asks for", q->name,
                   last->most[i].name);
}

/* Terms "agent=ana|bo" of a rule's predicate. */
static void look_at_last_agents(struct reviewing *r, const struct names *agents, const struct desk_rule *rule) {
  struct slice rest = slice_text(rule->customer), term, name;
  while (slice_split(&rest, ';', &term)) {
    if (!slice_starts_nocase(term, SLICE("agent=")))
      continue;
    struct slice list = slice_of(term.at + 6, term.len - 6);
    while (slice_split(&list, '|', &name))
      if (names_find(agents, name) == NAMES_NONE)
        review_alarm(r, &rule->place, "rule '%s' asks for the last agent '%.*s', who is not defined under 'agents'",
                     rule->name, (int)name.len, name.at);
  }
}

void review_skills(struct reviewing *r) {
  const struct desk *d = r->desk;
  struct names agents = {0}, asked = {0};
  if (d->agent_count == 0)
    return;
  for (size_t i = 0; i < d->agent_count; i++)
    names_add(&agents, slice_text(d->agents[i].name), (uint32_t)i);
  for (size_t i = 0; i < d->rule_count; i++) {
    look_at_rule(r, &d->rules[i]);
    look_at_last_agents(r, &agents, &d->rules[i]);
    add_asked(&d->rules[i], &asked);
  }
  for (size_t i = 0; i < d->queue_count; i++)
    look_at_relax(r, &asked, &d->queues[i]);
  names_free(&agents);
  names_free(&asked);
}
