/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as they come: names become numbers, what a desk definition asks of a text is asked. */
#include "simulate/history_internal.h"
#include "simulate/customer.h"
#include <math.h>
#include <stdlib.h>

enum { RULES_MOST = 64, CLASS_ROOM = 8192 };

/* ---- names */

static char *copy(struct slice text) {
  char *at = must_calloc(1, text.len + 1);
  if (text.len)
    memcpy(at, text.at, text.len);
  return at;
}

static uint32_t intern(struct texts *t, struct slice text) {
  uint32_t number = names_find(&t->numbers, text);
  if (number != NAMES_NONE)
    return number;
  if (t->count == t->room)
    t->texts = must_realloc(t->texts, (t->room = t->room ? 2 * t->room : 64) * sizeof(*t->texts));
  number = (uint32_t)t->count;
  t->texts[t->count++] = copy(text);
  names_add(&t->numbers, text, number);
  return number;
}

static uint32_t intern_or_none(struct texts *t, struct slice text) {
  return text.len ? intern(t, text) : SIMULATE_NONE;
}

void texts_free(struct texts *t) {
  for (size_t i = 0; i < t->count; i++)
    free(t->texts[i]);
  free(t->texts);
  names_free(&t->numbers);
}

/* ---- customers */

static char *lower_text(struct slice text) {
  char *at = copy(text);
  for (char *c = at; *c; c++)
    *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
  return at;
}

void classes_free(struct simulate_customer *classes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free((char *)classes[i].tags);
    free((char *)classes[i].language);
    free((char *)classes[i].last_agent);
    free((char *)classes[i].consents);
  }
  free(classes);
}

/* Customers of one class are one to every predicate. */
static uint32_t class_of(struct history *h, const struct history_contact *c) {
  auto_clean(buf_free) struct buf key = BUF_INIT(CLASS_ROOM);
  buf_add_slice(&key, c->tags);
  buf_add_char(&key, '\037');
  buf_add_slice(&key, c->language);
  buf_add_char(&key, '\037');
  buf_add_slice(&key, c->last_agent);
  buf_add_char(&key, '\037');
  buf_add_slice(&key, c->consents);
  buf_printf(&key, "\037%.17g\037%.17g", c->value, c->open);
  uint32_t number = names_find(&h->class_numbers, buf_slice(&key));
  if (number != NAMES_NONE && !key.full)
    return number;
  if (h->class_count == h->class_room) {
    h->class_room = h->class_room ? 2 * h->class_room : 64;
    h->classes = must_realloc(h->classes, h->class_room * sizeof(*h->classes));
  }
  number = (uint32_t)h->class_count++;
  h->classes[number] = (struct simulate_customer){.tags = copy(c->tags),
                                                  .language = lower_text(c->language),
                                                  .last_agent = copy(c->last_agent),
                                                  .consents = lower_text(c->consents),
                                                  .value = c->value,
                                                  .open = c->open};
  names_add(&h->class_numbers, buf_slice(&key), number);
  return number;
}

static struct simulate_place place_in(const struct desk *d, const struct history_contact *c,
                                      const struct simulate_customer *customer, double worth) {
  uint16_t rules[RULES_MOST];
  size_t count = desk_match(d, &c->facts, rules, RULES_MOST), at = 0;
  while (at + 1 < count && !customer_fits(customer, d->rules[rules[at]].customer))
    at++;
  return (struct simulate_place){rules[at], (float)worth};
}

static uint32_t keep_contact(struct history *h, const struct history_contact *c) {
  if (h->contact_count == h->contact_room) {
    h->contact_room = h->contact_room ? 2 * h->contact_room : 1024;
    h->contacts = must_realloc(h->contacts, h->contact_room * sizeof(*h->contacts));
  }
  struct contact *to = &h->contacts[h->contact_count];
  *to = (struct contact){.customer = intern_or_none(&h->customers, c->customer),
                         .class = class_of(h, c),
                         .known = intern_or_none(&h->names, c->last_agent),
                         .kind = (uint16_t)intern(&h->kinds, c->facts.channel_kind)};
  for (size_t i = 0; i < 2; i++)
    to->places[i] = place_in(h->desks[i], c, &h->classes[to->class], c->worth[i]);
  return (uint32_t)h->contact_count++;
}

/* ---- facts */

struct history *history_new(const struct desk *old, const struct desk *changed, int64_t day_offset_ms) {
  struct history *h = must_calloc(1, sizeof(*h));
  h->desks[0] = old;
  h->desks[1] = changed;
  h->day_offset_ms = day_offset_ms;
  for (size_t i = 0; i < old->agent_count; i++)
    names_add(&h->old_agents, slice_text(old->agents[i].name), (uint32_t)i);
  for (size_t i = 0; i < old->queue_count; i++)
    names_add(&h->old_queues, slice_text(old->queues[i].name), (uint32_t)i);
  return h;
}

void history_free(struct history **h) {
  if (!h || !*h)
    return;
  struct history *gone = *h;
  *h = NULL;
  classes_free(gone->classes, gone->class_count);
  names_free(&gone->class_numbers);
  names_free(&gone->old_agents);
  names_free(&gone->old_queues);
  texts_free(&gone->work_items);
  texts_free(&gone->names);
  texts_free(&gone->kinds);
  texts_free(&gone->customers);
  texts_free(&gone->queues);
  free(gone->contacts);
  free(gone->facts);
  free(gone);
}

int history_add(struct history *h, const struct history_fact *f) {
  if (h->fact_count == HISTORY_FACTS_MOST || (f->contact && h->contact_count == HISTORY_CONTACTS_MOST))
    return HISTORY_FULL;
  if (h->fact_count == h->fact_room) {
    h->fact_room = h->fact_room ? 2 * h->fact_room : 1024;
    h->facts = must_realloc(h->facts, h->fact_room * sizeof(*h->facts));
  }
  h->facts[h->fact_count] = (struct fact){.at_ms = f->at_ms,
                                          .cursor_ms = f->cursor_ms,
                                          .cursor_number = (uint32_t)f->cursor_number,
                                          .order = (uint32_t)h->fact_count,
                                          .work_item = intern_or_none(&h->work_items, f->work_item),
                                          .agent = intern_or_none(&h->names, f->agent),
                                          .queue = intern_or_none(&h->queues, f->queue),
                                          .contact = f->contact ? keep_contact(h, f->contact) : SIMULATE_NONE,
                                          .kind = (uint8_t)f->kind,
                                          .ready = f->ready,
                                          .at_work = f->at_work,
                                          .was_ready = f->was_ready,
                                          .was_at_work = f->was_at_work};
  h->fact_count++;
  return 0;
}
