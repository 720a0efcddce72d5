/* SPDX-License-Identifier: Apache-2.0 */
#include "listeners.h"
#include "base/id.h"
#include <stdlib.h>

#define SLOTS 1024

/* An agent who has listeners, or had some a short while ago. */
struct attendant {
  struct attendant *next;     /* of the slot */
  char agent[ACCESS_AGENT_MAX + 1];
  struct listener *first;
  uint32_t count;
  int64_t keep_ms, renewed_ms, left_ms;
};

struct listener {
  struct listeners *all;
  struct attendant *agent;
  struct listener *next, *previous;                 /* of the agent */
  struct listener *next_over, *previous_over;       /* of the supervisors */
  struct access_row row;
  struct listener_user user;
};

struct listeners {
  struct listeners_options options;
  struct attendant *slots[SLOTS];
  struct listener *over;      /* supervisors' */
  size_t count;
};

struct listeners *listeners_new(const struct listeners_options *options) {
  struct listeners *all = must_calloc(1, sizeof(*all));
  all->options = *options;
  return all;
}

void listeners_free(struct listeners **list) {
  if (!list || !*list)
    return;
  assert((*list)->count == 0);
  for (size_t i = 0; i < SLOTS; i++)
    while ((*list)->slots[i]) {
      struct attendant *a = (*list)->slots[i];
      (*list)->slots[i] = a->next;
      free(a);
    }
  free(*list);
  *list = NULL;
}

static struct attendant **slot_of(struct listeners *all, struct slice agent) {
  return &all->slots[hash64(agent) % SLOTS];
}

static struct attendant *find(struct listeners *all, struct slice agent) {
  struct attendant *a = *slot_of(all, agent);
  while (a && !slice_equal(agent, slice_text(a->agent)))
    a = a->next;
  return a;
}

static struct attendant *find_or_make(struct listeners *all, const char *agent) {
  struct attendant *a = find(all, slice_text(agent));
  if (a)
    return a;
  struct attendant **slot = slot_of(all, slice_text(agent));
  a = must_calloc(1, sizeof(*a));
  strcpy(a->agent, agent);
  a->keep_ms = all->options.keep_ms;
  a->next = *slot;
  *slot = a;
  return a;
}

/* ---- the lease */

static void renew(struct listeners *all, struct attendant *a, int64_t now_ms) {
  a->renewed_ms = now_ms;
  all->options.renew(all->options.arg, a->agent, a->keep_ms);
}

static bool due(const struct attendant *a, int64_t now_ms) {
  /* 0: for ever, until it says another; the step is told so once when it comes */
  return a->renewed_ms == 0 || (a->keep_ms > 0 && now_ms - a->renewed_ms >= a->keep_ms / 3);
}

int64_t listeners_tick_ms(const struct listeners *all) {
  int64_t ms = all->options.keep_ms / 12;
  return ms < 50 ? 50 : ms > 1000 ? 1000 : ms;
}

void listeners_tick(struct listeners *all, int64_t now_ms) {
  for (size_t i = 0; i < SLOTS; i++)
    for (struct attendant **at = &all->slots[i]; *at;) {
      struct attendant *a = *at;
      if (a->count == 0 && now_ms - a->left_ms > all->options.keep_ms) {
        *at = a->next;
        free(a);
        continue;
      }
      if (a->count && due(a, now_ms))
        renew(all, a, now_ms);
      at = &a->next;
    }
}

void listeners_renew(struct listeners *all, int64_t now_ms) {
  for (size_t i = 0; i < SLOTS; i++)
    for (struct attendant *a = all->slots[i]; a; a = a->next)
      if (a->count)
        renew(all, a, now_ms);
}

void listeners_keep(struct listeners *all, const char *agent, int64_t keep_ms) {
  struct attendant *a = find(all, slice_text(agent));
  if (a)
    a->keep_ms = keep_ms;
}

/* ---- coming and going */

struct listener *listener_add(struct listeners *all, const struct access_row *row, const struct listener_user *user,
                              int64_t now_ms) {
  struct attendant *a = find_or_make(all, row->agent);
  if (a->count >= all->options.most)
    return NULL;
  struct listener *l = must_calloc(1, sizeof(*l));
  *l = (struct listener){.all = all, .agent = a, .next = a->first, .row = *row, .user = *user};
  if (l->next)
    l->next->previous = l;
  a->first = l;
  a->count++;
  all->count++;
  if (row->role == ACCESS_SUPERVISOR) {
    l->next_over = all->over;
    if (l->next_over)
      l->next_over->previous_over = l;
    all->over = l;
  }
  if (due(a, now_ms))
    renew(all, a, now_ms);
  return l;
}

void listener_remove(struct listener **listener) {
  if (!listener || !*listener)
    return;
  struct listener *l = *listener;
  struct listeners *all = l->all;
  *listener = NULL;
  if (l->previous)
    l->previous->next = l->next;
  else
    l->agent->first = l->next;
  if (l->next)
    l->next->previous = l->previous;
  if (l->previous_over)
    l->previous_over->next_over = l->next_over;
  else if (all->over == l)
    all->over = l->next_over;
  if (l->next_over)
    l->next_over->previous_over = l->previous_over;
  if (--l->agent->count == 0)
    l->agent->left_ms = l->agent->renewed_ms;
  all->count--;
  free(l);
}

/* ---- news */

void listeners_tell(struct listeners *all, struct notice *n) {
  for (struct listener *l = all->over, *next; l; l = next) {
    next = l->next_over;
    l->user.hear(l->user.arg, n);
  }
  for (size_t i = 0; i < n->agent_count; i++) {
    struct attendant *a = find(all, n->agents[i]);
    for (struct listener *l = a ? a->first : NULL, *next; l; l = next) {
      next = l->next;
      if (l->row.role != ACCESS_SUPERVISOR)
        l->user.hear(l->user.arg, n);
    }
  }
}

void listeners_say(struct listeners *all, const char *why, bool (*row_holds)(void *arg, const struct access_row *row),
                   void *arg) {
  for (size_t i = 0; i < SLOTS; i++)
    for (struct attendant *a = all->slots[i]; a; a = a->next)
      for (struct listener *l = a->first, *next; l; l = next) {
        next = l->next;
        if (!row_holds || !row_holds(arg, &l->row))
          l->user.told(l->user.arg, why);
      }
}

size_t listeners_count(const struct listeners *all) {
  return all->count;
}
