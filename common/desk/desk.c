/* SPDX-License-Identifier: Apache-2.0 */
/* The desk as a thing: the document a new one starts with, and its end. */
#include "desk/desk.h"
#include "base/pattern.h"
#include "desk/when.h"
#include "desk/words.h"
#include <stdlib.h>

#define ADDRESS_MAX 320

static const char sample[] =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# The desk: its queues, agents and rules. Check with 'deskbell desk check', activate with 'deskbell desk apply'.\n"
    "# Every key is explained in docs/ROUTING.md.\n"
    "\n"
    "queues:\n"
    "  - name: support\n"
    "    priority: 5          # 1 (most urgent) to 9\n"
    "    #answer_within: 4h   # first answer; also: next_within (each further one), resolve_within (done)\n"
    "\n"
    "  # What looks like spam or a robot waits apart; nothing is thrown away.\n"
    "  - name: suspected\n"
    "    priority: 9\n"
    "\n"
    "  # Bounces and out-of-office replies that belong to no conversation.\n"
    "  - name: automatic\n"
    "    priority: 9\n"
    "\n"
    "#  - name: billing\n"
    "#    answer_within: 1h\n"
    "#    hours: office                                 # outside, clocks stand and nothing is offered\n"
    "#    relax: [{after: 20m, skills: {billing: 1}}]   # from then on no more is asked of agents\n"
    "#    overflow: [{after: 40m, to: support}]         # from then on members of that queue may take it too\n"
    "#    nobody: support                               # at once, while no member is on duty\n"
    "#    members: {agents: [ana], skills: [\"billing >= 3\"]}  # beside agents who name it: these, and who can do this\n"
    "\n"
    "#agents:\n"
    "#  - name: ana\n"
    "#    address: ana@example.com         # her mail about a conversation is a note, not a customer's message\n"
    "#    queues: [support]                # or with speeds: {support: 1, billing: 1.2}\n"
    "#    skills: {en: 8, billing: 5}      # 0 to 10\n"
    "#    capacity: {total: 6, email: 4}   # work items at a time; default 4\n"
    "\n"
    "# What a customer is worth to routing: a product of factors, 1 is the usual.\n"
    "#value:\n"
    "#  - {figure: margin_12m, points: {0: 0.5, 1000: 1, 5000: 2}}\n"
    "#  - {age: last_order, points: {30d: 1.2, 365d: 0.8}}\n"
    "#  - {tag: vip, factor: 2}\n"
    "\n"
    "#hours:\n"
    "#  - name: office\n"
    "#    zone: Europe/Berlin\n"
    "#    open: {mon-fri: \"09:00-17:00\"}\n"
    "#    closed: [\"2026-12-24..2027-01-01\"]\n"
    "\n"
    "# The first rule whose conditions all hold decides.\n"
    "rules:\n"
    "  - name: suspected\n"
    "    when: {suspected: true}\n"
    "    then: {queue: suspected, priority: 9}\n"
    "\n"
    "  - name: automatic\n"
    "    when: {automatic: [bounce, reply]}      # also: report, list, bulk; none: a person wrote it\n"
    "    then: {queue: automatic, priority: 9}\n"
    "\n"
    "#  - name: invoices\n"
    "#    when:\n"
    "#      channel: [mail, contact]              # any of\n"
    "#      channel_kind: [email]                 # email, sms, webhook, form\n"
    "#      recipient: [\"billing@*\"]              # '*' stands for any run of characters\n"
    "#      words: [invoice, \"credit note\"]       # in subject or text\n"
    "#      customer_tags: [vip]\n"
    "#      customer_value: \">= 1000\"             # >=, >, <=, <, =\n"
    "#      customer_language: [de, fr]\n"
    "#      customer_open: \">= 1\"                 # conversations with open work\n"
    "#      hours: not office\n"
    "#    then: {queue: support, priority: 2, answer_within: 1h, skills: [\"billing >= 3\"]}\n"
    "\n"
    "default: {queue: support}\n";

const char *desk_default_yaml(void) {
  return sample;
}

const char *desk_agent_of(const struct desk *d, struct slice address) {
  char lower[ADDRESS_MAX];
  if (!d->addresses || address.len > sizeof(lower))
    return "";
  lower_copy(address, lower);
  uint32_t index = names_find(d->addresses, slice_of(lower, address.len));
  return index == NAMES_NONE ? "" : d->agents[index].name;
}

const struct hours *desk_hours_named(const struct desk *d, struct slice name) {
  for (size_t i = 0; i < d->hours_count; i++)
    if (slice_equal(slice_text(d->hours[i].name), name))
      return &d->hours[i];
  return NULL;
}

const struct desk_queue *desk_queue_named(const struct desk *d, struct slice name) {
  for (size_t i = 0; i < d->queue_count; i++)
    if (slice_equal(slice_text(d->queues[i].name), name))
      return &d->queues[i];
  return NULL;
}

const struct desk_agent *desk_agent_named(const struct desk *d, struct slice name) {
  for (size_t i = 0; i < d->agent_count; i++)
    if (slice_equal(slice_text(d->agents[i].name), name))
      return &d->agents[i];
  return NULL;
}

void free_texts(char **texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(texts[i]);
  free(texts);
}

void when_free(struct desk_when **w) {
  if (!w || !*w)
    return;
  free_texts((*w)->channels, (*w)->channel_count);
  free_texts((*w)->kinds, (*w)->kind_count);
  free_texts((*w)->recipients, (*w)->recipient_count);
  free((*w)->phrases);
  free(*w);
  *w = NULL;
}

static void rule_clear(struct desk_rule *r) {
  free(r->name);
  free(r->queue);
  free(r->skills);
  free(r->customer);
  when_free(&r->when);
}

void desk_free(struct desk **d) {
  if (!d || !*d)
    return;
  struct desk *gone = *d;
  *d = NULL;
  for (size_t i = 0; i < gone->queue_count; i++)
    queue_clear(&gone->queues[i]);
  for (size_t i = 0; i < gone->agent_count; i++)
    agent_clear(&gone->agents[i]);
  for (size_t i = 0; i < gone->rule_count; i++)
    rule_clear(&gone->rules[i]);
  for (size_t i = 0; i < gone->template_count; i++)
    template_clear(&gone->templates[i]);
  for (size_t i = 0; i < gone->hours_count; i++)
    hours_clear(&gone->hours[i]);
  for (size_t i = 0; i < gone->factor_count; i++)
    factor_clear(&gone->factors[i]);
  units_free(gone->dispatch.units, gone->dispatch.unit_count);
  free(gone->factors);
  free(gone->templates);
  free(gone->hours);
  free(gone->queues);
  free(gone->agents);
  free(gone->rules);
  if (gone->addresses)
    names_free(gone->addresses);
  free(gone->addresses);
  words_free(&gone->words);
  free(gone);
}
