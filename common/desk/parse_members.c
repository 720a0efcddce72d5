/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that a queue names itself, beside the agents who name the queue: some by name, and whoever can do what it asks.
 * Read when all agents are known; from then on an agent's queues say it all, and nobody else knows how they came there.
 */
#include "desk/when.h"
#include <stdlib.h>

/* Of one reading: which queues an agent has already, and skills as numbers, so that each agent is looked at once a rule. */
struct joining {
  struct reading *r;
  uint64_t (*has)[(DESK_MAX_QUEUES + 63) / 64]; /* by agent */
  struct names skills;
  uint32_t **skill;          /* by agent, beside its skills */
  int *need;                 /* by skill: level that the rule at hand asks; 0 none */
  size_t memberships;
};

static bool is_in(const struct joining *j, size_t agent, size_t queue) {
  return j->has[agent][queue / 64] >> (queue % 64) & 1;
}

static void note(struct joining *j, size_t agent, size_t queue) {
  j->has[agent][queue / 64] |= 1ull << (queue % 64);
  j->memberships++;
}

/* False: there are too many memberships. */
static bool join(struct joining *j, size_t agent, size_t queue) {
  struct desk_agent *a = &j->r->desk->agents[agent];
  if (is_in(j, agent, queue))
    return true;
  if (j->memberships >= DESK_MAX_MEMBERSHIPS)
    return false;
  a->queues = must_realloc(a->queues, (a->queue_count + 1) * sizeof(*a->queues));
  a->speeds = must_realloc(a->speeds, (a->queue_count + 1) * sizeof(*a->speeds));
  a->queues[a->queue_count] = must_strdup(j->r->desk->queues[queue].name);
  a->speeds[a->queue_count++] = 1;
  note(j, agent, queue);
  return true;
}

static int complain_many(struct reading *r, const struct node *at) {
  return document_complain(&r->document, at, "with these, agents are members of queues more than %d times in all",
                           DESK_MAX_MEMBERSHIPS);
}

/* ---- by name */

static int complain_nobody(struct reading *r, const struct node *name) {
  const struct desk *d = r->desk;
  const char **defined = must_calloc(d->agent_count + 1, sizeof(*defined));
  char shown[SHOWN_MAX];
  for (size_t i = 0; i < d->agent_count; i++)
    defined[i] = d->agents[i].name;
  const char *near = nearest_name(name->text, defined, d->agent_count);
  free(defined);
  return document_complain(&r->document, name, "agent '%s' is not defined under 'agents'%s%s%s",
                           slice_shown(name->text, shown), near ? "; did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
}

static int join_named(struct joining *j, const struct node *list, size_t queue) {
  struct reading *r = j->r;
  struct names seen = {0};
  int fault = read_list_shape(r, list, "agents", DESK_MAX_AGENTS);
  if (!fault && list->count == 0)
    fault = document_complain(&r->document, list, "'agents' needs at least one entry");
  for (const struct node *n = list->first; n && !fault; n = n->next) {
    uint32_t agent = n->kind == NODE_TEXT ? names_find(&r->agents, n->text) : NAMES_NONE;
    if (n->kind != NODE_TEXT)
      fault = document_complain(&r->document, n, "the name of an agent is needed here");
    else if (agent == NAMES_NONE)
      fault = complain_nobody(r, n);
    else if (!names_add(&seen, n->text, agent))
      fault = complain_value(r, n, "is given twice");
    else if (!join(j, agent, queue))
      fault = complain_many(r, n);
  }
  names_free(&seen);
  return fault;
}

/* ---- by what they can do */

static bool can(const struct joining *j, size_t agent, size_t asked) {
  const struct desk_agent *a = &j->r->desk->agents[agent];
  size_t met = 0;
  for (size_t i = 0; i < a->skill_count; i++) {
    int need = j->need[j->skill[agent][i]];
    met += need && a->skills[i].level >= need;
  }
  return met == asked;
}

static int read_able(struct reading *r, const struct node *list, struct desk_skill **ret, size_t *ret_count) {
  int fault = read_skill_needs(r, list, ret, ret_count);
  for (size_t i = 0; i < *ret_count && !fault; i++)
    if ((*ret)[i].level == 0)
      fault = document_complain(&r->document, list, "'%s >= 0' is asked of nobody: members need 1 at least", (*ret)[i].name);
  if (!fault && *ret_count == 0)
    fault = document_complain(&r->document, list, "'skills' needs at least one entry");
  return fault;
}

/* Sets what is needed, or with `set` false forgets it. False: nobody has one of these skills. */
static bool need(struct joining *j, const struct desk_skill *asked, size_t count, bool set) {
  bool possible = true;
  for (size_t i = 0; i < count; i++) {
    uint32_t skill = names_find(&j->skills, slice_text(asked[i].name));
    possible = possible && skill != NAMES_NONE;
    if (skill != NAMES_NONE)
      j->need[skill] = set ? asked[i].level : 0;
  }
  return possible;
}

static int join_able(struct joining *j, const struct node *list, size_t queue) {
  struct desk_queue *q = &j->r->desk->queues[queue];
  struct desk_skill *asked = NULL;
  size_t count = 0, found = 0;
  int fault = read_able(j->r, list, &asked, &count);
  bool possible = !fault && need(j, asked, count, true);
  for (size_t i = 0; i < j->r->desk->agent_count && possible && !fault; i++)
    if (can(j, i, count)) {
      found++;
      fault = join(j, i, queue) ? 0 : complain_many(j->r, list);
    }
  need(j, asked, fault ? 0 : count, false);
  skills_free(asked, count);
  q->able_place = place_of(list);
  q->nobody_able = found == 0;
  return fault;
}

/* ---- the section */

static const struct field member_fields[] = {{"agents", false, read_later}, {"skills", false, read_later}};

static int join_queue(struct joining *j, const struct node *members, size_t queue) {
  int fault = read_fields(j->r, members, member_fields, COUNT(member_fields), "'members'", NULL);
  const struct node *named = fault ? NULL : node_member(members, "agents");
  const struct node *able = fault ? NULL : node_member(members, "skills");
  if (!fault && !named && !able)
    return document_complain(&j->r->document, members, "'members' needs 'agents' or 'skills'");
  if (named)
    fault = join_named(j, named, queue);
  return !fault && able ? join_able(j, able, queue) : fault;
}

static void begin(struct joining *j) {
  const struct desk *d = j->r->desk;
  j->has = must_calloc(d->agent_count + 1, sizeof(*j->has));
  j->skill = must_calloc(d->agent_count + 1, sizeof(*j->skill));
  for (size_t i = 0; i < d->agent_count; i++) {
    const struct desk_agent *a = &d->agents[i];
    for (size_t k = 0; k < a->queue_count; k++)
      note(j, i, names_find(&j->r->queues, slice_text(a->queues[k])));
    j->skill[i] = must_calloc(a->skill_count + 1, sizeof(*j->skill[i]));
    for (size_t k = 0; k < a->skill_count; k++) {
      names_add(&j->skills, slice_text(a->skills[k].name), (uint32_t)j->skills.count);
      j->skill[i][k] = names_find(&j->skills, slice_text(a->skills[k].name));
    }
  }
  j->need = must_calloc(j->skills.count + 1, sizeof(*j->need));
}

static void end(struct joining *j) {
  for (size_t i = 0; i < j->r->desk->agent_count; i++)
    free(j->skill[i]);
  free(j->skill);
  free(j->has);
  free(j->need);
  names_free(&j->skills);
}

int read_members(struct reading *r, const struct node *queues) {
  struct joining j = {.r = r};
  size_t index = 0;
  int fault = 0;
  begin(&j);
  for (const struct node *n = queues->first; n && !fault; n = n->next, index++) {
    const struct node *members = node_member(n, "members");
    if (members)
      fault = join_queue(&j, members, index);
  }
  end(&j);
  return fault;
}
