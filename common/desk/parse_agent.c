/* SPDX-License-Identifier: Apache-2.0 */
/* Agents: who they are, which queues they serve and how fast, what they can do and how much at once. */
#include "base/pattern.h"
#include "config/forms.h"
#include "desk/when.h"
#include <stdlib.h>

#define DEFAULT_CAPACITY 4

static int agent_name(struct reading *r, const struct node *value, void *into) {
  return read_name(r, value, &((struct desk_agent *)into)->name);
}

static int agent_address(struct reading *r, const struct node *value, void *into) {
  struct desk_agent *agent = into;
  if (value->kind != NODE_TEXT || value->text.len == 0 || !form_recipient(value->text) || value->text.at[0] == '@' ||
      slice_equal(value->text, SLICE("*")))
    return complain_value(r, value, "is no e-mail address");
  agent->address = must_strdup(value->text.at);
  lower_copy(value->text, agent->address);
  if (!r->desk->addresses)
    r->desk->addresses = must_calloc(1, sizeof(*r->desk->addresses));
  if (!names_add(r->desk->addresses, slice_text(agent->address), (uint32_t)(agent - r->desk->agents)))
    return complain_value(r, value, "is another agent's address already");
  return 0;
}

/* ---- queues: [billing, support], or with speeds {billing: 1.2, support: 1} */

/* `n`: an entry of the list, or of the map with its speed. */
static int add_queue(struct reading *r, const struct node *n, bool speed, struct names *seen,
                     struct desk_agent *agent) {
  const struct node *name = speed ? n->key : n;
  size_t at = agent->queue_count;
  agent->speeds[at] = 1;
  int fault = read_queue_name(r, name, &agent->queues[at]);
  if (fault)
    return fault;
  agent->queue_count++;
  if (!names_add(seen, name->text, 0))
    return complain_value(r, name, "is given twice");
  return speed ? read_decimal(r, n, "speed", 0.1, 10, &agent->speeds[at]) : 0;
}

static int agent_queues(struct reading *r, const struct node *value, void *into) {
  struct desk_agent *agent = into;
  struct names seen = {0};
  bool speeds = value->kind == NODE_MAP;
  int fault = speeds ? 0 : read_list_shape(r, value, "queues", DESK_MAX_QUEUES);
  if (fault)
    return fault;
  agent->queues = must_calloc(value->count + 1, sizeof(*agent->queues));
  agent->speeds = must_calloc(value->count + 1, sizeof(*agent->speeds));
  for (const struct node *n = value->first; n && !fault; n = n->next)
    fault = add_queue(r, n, speeds, &seen, agent);
  names_free(&seen);
  return fault;
}

static int agent_skills(struct reading *r, const struct node *value, void *into) {
  struct desk_agent *agent = into;
  return read_skill_levels(r, value, &agent->skills, &agent->skill_count);
}

/* ---- capacity: 6, or {total: 6, email: 4} */

static int check_kinds(struct reading *r, const struct node *map, const struct desk_agent *agent) {
  for (size_t i = 0; i < agent->kind_count; i++)
    if (agent->kinds[i].units > agent->capacity)
      return document_complain(&r->document, node_member(map, agent->kinds[i].kind),
                               "%d for %s is more than the %d in all; 'total' says how many those are",
                               agent->kinds[i].units, agent->kinds[i].kind, agent->capacity);
  return 0;
}

static int agent_capacity(struct reading *r, const struct node *value, void *into) {
  struct desk_agent *agent = into;
  agent->capacity_place = place_of(value);
  if (value->kind != NODE_MAP)
    return read_number(r, value, "capacity", 1, DESK_MAX_UNITS, &agent->capacity);
  int fault = read_units(r, value, 0, &agent->kinds, &agent->kind_count, &agent->capacity);
  return fault ? fault : check_kinds(r, value, agent);
}

static int agent_hours(struct reading *r, const struct node *value, void *into) {
  return read_hours_name(r, value, &((struct desk_agent *)into)->hours);
}

/* ---- the section */

static const struct field agent_fields[] = {
    {"name", true, agent_name},      {"address", false, agent_address},   {"queues", false, agent_queues},
    {"skills", false, agent_skills}, {"capacity", false, agent_capacity}, {"hours", false, agent_hours}};

int read_agents(struct reading *r, const struct node *list) {
  int fault = read_list_shape(r, list, "agents", DESK_MAX_AGENTS);
  if (fault)
    return fault;
  r->desk->agents = must_calloc(list->count, sizeof(*r->desk->agents));
  for (const struct node *n = list->first; n; n = n->next) {
    size_t index = r->desk->agent_count++;
    struct desk_agent *agent = &r->desk->agents[index];
    agent->place = place_of(n);
    agent->capacity = DEFAULT_CAPACITY;
    fault = read_fields(r, n, agent_fields, COUNT(agent_fields), "an agent", agent);
    if (fault)
      return fault;
    if (!names_add(&r->agents, slice_text(agent->name), (uint32_t)index))
      return complain_twice(r, node_member(n, "name"), "agent", agent->name);
  }
  return 0;
}

void agent_clear(struct desk_agent *a) {
  free(a->name);
  free(a->address);
  free_texts(a->queues, a->queue_count);
  free(a->speeds);
  skills_free(a->skills, a->skill_count);
  units_free(a->kinds, a->kind_count);
}
