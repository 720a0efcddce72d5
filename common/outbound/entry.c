/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that are still to be worked on, by id. Those that are not are on disk only. */
#include "outbound/outbound_internal.h"
#include <stdlib.h>

static struct entry **slot_of(const struct outbound *o, const char *id) {
  return &o->table[hash64(slice_text(id)) & (o->room - 1)];
}

struct entry *entry_find(struct outbound *o, const char *id) {
  struct entry *e = *slot_of(o, id);
  while (e && strcmp(e->id, id) != 0)
    e = e->chain;
  return e;
}

static void grow(struct outbound *o) {
  free(o->table);
  o->room *= 2;
  o->table = must_calloc(o->room, sizeof(*o->table));
  for (struct entry *e = o->all; e; e = e->below) {
    struct entry **at = slot_of(o, e->id);
    e->chain = *at;
    *at = e;
  }
}

struct entry *entry_new(struct outbound *o, const char *id) {
  if (o->count == o->room)
    grow(o);
  struct entry *e = must_calloc(1, sizeof(*e)), **at = slot_of(o, id);
  memcpy(e->id, id, OUTBOUND_ID_LEN + 1);
  e->o = o;
  e->state = DELIVERY_queued;
  e->told = DELIVERY_STATES;
  e->chain = *at;
  *at = e;
  e->below = o->all;
  if (o->all)
    o->all->above = e;
  o->all = e;
  o->count++;
  return e;
}

static void free_waiters(struct waiter *w) {
  for (struct waiter *next; w; w = next) {
    next = w->next;
    free(w);
  }
}

void entry_free(struct entry *e) {
  struct outbound *o = e->o;
  struct entry **at = slot_of(o, e->id);
  while (*at != e)
    at = &(*at)->chain;
  *at = e->chain;
  *(e->above ? &e->above->below : &o->all) = e->below;
  if (e->below)
    e->below->above = e->above;
  o->count--;
  destination_leave(&e->waiting);
  for (size_t i = 0; i < TEXTS; i++)
    free(e->texts[i]);
  free(e->message);
  arena_free(&e->arena);
  free_waiters(e->waiters);
  free_waiters(e->group_waiters);
  free(e);
}

void entry_set_text(struct entry *e, size_t which, struct slice text) {
  free(e->texts[which]);
  e->texts[which] = NULL;
  size_t most = which == TEXT_PROVIDER_ID ? ROW_IDS_MAX : ROW_TEXT_MAX;
  if (text.len > most)
    for (text.len = most; text.len && ((uint8_t)text.at[text.len] & 0xC0) == 0x80;)
      text.len--; /* never half a character */
  if (!text.len)
    return;
  e->texts[which] = must_realloc(NULL, text.len + 1);
  memcpy(e->texts[which], text.at, text.len);
  e->texts[which][text.len] = '\0';
}

void entry_set_state(struct entry *e, enum delivery_state state) {
  e->state = state;
  e->changed_ms = outbound_now(e->o);
  entry_touch(e);
}

void entry_from_row(struct entry *e, const struct row *row) {
  e->state = row->state;
  e->told = row->told;
  e->told_attempt = row->told_attempt;
  e->attempt = row->attempt;
  e->committing = row->committing;
  e->part = row->part;
  e->parts = row->parts;
  e->part_began = row->part_began;
  e->kept_back = row->kept_back;
  e->created_ms = row->created_ms;
  e->changed_ms = row->changed_ms;
  e->next_try_ms = row->next_try_ms;
  e->expires_ms = row->expires_ms;
  entry_set_text(e, TEXT_WHY, row->why);
  entry_set_text(e, TEXT_CODE, row->code);
  entry_set_text(e, TEXT_DESTINATION, row->destination);
  entry_set_text(e, TEXT_PROVIDER_ID, row->provider_id);
  entry_set_text(e, TEXT_CHANNEL, row->channel);
  entry_set_text(e, TEXT_TO_KEY, row->to_key);
}

struct entry *entry_load(struct outbound *o, const char *id) {
  struct row row;
  if (store_read(&o->store, STORE_ROW, slice_text(id), &o->scratch) != 0 ||
      row_unpack(buf_slice(&o->scratch), &row) != 0)
    return NULL;
  struct entry *e = entry_new(o, id);
  entry_from_row(e, &row);
  return e;
}

static bool is_over(const struct entry *e) {
  return delivery_final(e->state) || e->state == DELIVERY_accepted || e->state == DELIVERY_delivered;
}

void entry_settle(struct entry *e) {
  if (is_over(e) && !e->running && !e->dirty && !e->in_group && !e->asked && !e->waiters && e->told == e->state &&
      e->told_attempt == e->attempt)
    entry_free(e);
}
