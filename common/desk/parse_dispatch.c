/* SPDX-License-Identifier: Apache-2.0 */
/* How work items are brought to agents: what they take, how long things stand, and the rule's weights by its table. */
#include "config/value.h"
#include "desk/when.h"
#include <stdio.h>
#include <stdlib.h>

#define WEIGHTS_MAX 24

static_assert(CHANNEL_KINDS <= RULE_KINDS, "each kind has a place in the rule's view");

const char *const channel_kinds[CHANNEL_KINDS] = {"email", "sms", "webhook", "form"};

/* ---- units */

static int complain_kind(struct reading *r, const struct node *map, const struct node *key, bool total) {
  const char *allowed[CHANNEL_KINDS + 1] = {"total"};
  memcpy(allowed + total, channel_kinds, sizeof(channel_kinds));
  char where[SHOWN_MAX];
  snprintf(where, sizeof(where), "'%s'", map->key->text.at);
  return document_unknown_key(&r->document, key, where, allowed, CHANNEL_KINDS + total);
}

static const char *kind_named(struct slice name) {
  for (size_t i = 0; i < CHANNEL_KINDS; i++)
    if (slice_equal(name, slice_text(channel_kinds[i])))
      return channel_kinds[i];
  return NULL;
}

int read_units(struct reading *r, const struct node *map, int least, struct desk_units **ret, size_t *ret_count,
               int *ret_total) {
  if (map->kind != NODE_MAP)
    return document_complain(&r->document, map, "'%s' must be a map: {email: 4, sms: 2}", map->key->text.at);
  *ret = must_calloc(map->count + 1, sizeof(**ret));
  for (const struct node *n = map->first; n; n = n->next) {
    if (ret_total && slice_equal(n->key->text, SLICE("total"))) {
      int fault = read_number(r, n, "capacity", 1, DESK_MAX_UNITS, ret_total);
      if (fault)
        return fault;
      continue;
    }
    const char *kind = kind_named(n->key->text);
    if (!kind)
      return complain_kind(r, map, n->key, ret_total != NULL);
    struct desk_units *units = &(*ret)[(*ret_count)++];
    units->kind = must_strdup(kind);
    int fault = read_number(r, n, "number of units", least, DESK_MAX_UNITS, &units->units);
    if (fault)
      return fault;
  }
  return 0;
}

void units_free(struct desk_units *units, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(units[i].kind);
  free(units);
}

/* All kinds, in their order; one that is not named takes one. */
static int dispatch_units(struct reading *r, const struct node *value, void *into) {
  struct desk_dispatch *d = into;
  struct desk_units *given = NULL;
  size_t count = 0;
  int fault = read_units(r, value, 1, &given, &count, NULL);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < d->unit_count; k++)
      if (strcmp(given[i].kind, d->units[k].kind) == 0 && given[i].units)
        d->units[k].units = given[i].units;
  units_free(given, count);
  return fault;
}

/* ---- times */

static int dispatch_misses(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of offers", 1, 100, &((struct desk_dispatch *)into)->misses);
}

static int dispatch_lease(struct reading *r, const struct node *value, void *into) {
  return read_time(r, value, "lease", 5 * SECOND_MS, DAY_MS, &((struct desk_dispatch *)into)->lease_ms);
}

static int dispatch_transfer(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "transfer", 30 * DAY_MS, &((struct desk_dispatch *)into)->transfer_ms);
}

static int dispatch_known(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "known", 3650 * DAY_MS, &((struct desk_dispatch *)into)->known_ms);
}

static int dispatch_prefer(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "prefer", 30 * DAY_MS, &((struct desk_dispatch *)into)->prefer_ms);
}

static int dispatch_again(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "again", 30 * DAY_MS, &((struct desk_dispatch *)into)->again_ms);
}

/* ---- weights */

static double *weight_of(struct rule_weights *w, const struct rule_weight_about *about) {
  return (double *)((char *)w + about->offset);
}

static int read_weight(struct reading *r, const struct node *n, const struct rule_weight_about *about,
                       struct rule_weights *w) {
  int64_t ms;
  char what[SHOWN_MAX];
  snprintf(what, sizeof(what), "value of '%s'", about->name);
  if (strcmp(about->unit, "ms") != 0)
    return read_decimal(r, n, what, about->least, about->most, weight_of(w, about));
  int fault = read_time(r, n, about->name, (int64_t)about->least, (int64_t)about->most, &ms);
  if (!fault)
    *weight_of(w, about) = (double)ms;
  return fault;
}

static int dispatch_weights(struct reading *r, const struct node *value, void *into) {
  const char *allowed[WEIGHTS_MAX];
  size_t count;
  const struct rule_weight_about *rows = rule_weights_about(&count);
  assert(count <= WEIGHTS_MAX);
  if (value->kind != NODE_MAP)
    return document_complain(&r->document, value, "'weights' must be a map: {ageing: 4}");
  for (size_t i = 0; i < count; i++)
    allowed[i] = rows[i].name;
  for (const struct node *n = value->first; n; n = n->next) {
    size_t i = 0;
    while (i < count && !slice_equal(n->key->text, slice_text(rows[i].name)))
      i++;
    int fault = i == count ? document_unknown_key(&r->document, n->key, "'weights'", allowed, count)
                           : read_weight(r, n, &rows[i], &((struct desk_dispatch *)into)->weights);
    if (fault)
      return fault;
  }
  return 0;
}

/* ---- the section */

static const struct field fields[] = {
    {"units", false, dispatch_units}, {"misses", false, dispatch_misses}, {"lease", false, dispatch_lease},
    {"transfer", false, dispatch_transfer}, {"known", false, dispatch_known}, {"prefer", false, dispatch_prefer},
    {"again", false, dispatch_again}, {"weights", false, dispatch_weights},
};

int read_dispatch(struct reading *r, const struct node *map) {
  struct desk_dispatch *d = &r->desk->dispatch;
  *d = (struct desk_dispatch){.misses = 3,
                              .lease_ms = 120 * SECOND_MS,
                              .transfer_ms = 300 * SECOND_MS,
                              .known_ms = 30 * DAY_MS,
                              .again_ms = 60 * SECOND_MS,
                              .units = must_calloc(CHANNEL_KINDS, sizeof(*d->units)),
                              .weights = rule_weights_standard()};
  while (d->unit_count < CHANNEL_KINDS) {
    d->units[d->unit_count] = (struct desk_units){must_strdup(channel_kinds[d->unit_count]), 1};
    d->unit_count++;
  }
  return map && !node_is_null(map) ? read_fields(r, map, fields, COUNT(fields), "'dispatch'", d) : 0;
}
