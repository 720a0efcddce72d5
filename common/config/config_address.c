/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose is this address? One sorted table over all channels, built at load: it answers for every recipient of every
 * mail, and finds addresses that two channels claim while it is built.
 */
#include "config/rows.h"
#include <stdio.h>
#include <stdlib.h>

#define ADDRESS_MAX 512

struct config_address {
  enum channel_kind kind;
  uint32_t channel;
  const char *text;         /* lent by the channel */
  const struct node *node;  /* while building */
};

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static int compare_nocase(const char *a, const char *b) {
  while (*a && lower(*a) == lower(*b))
    a++, b++;
  return (int)(unsigned char)lower(*a) - (int)(unsigned char)lower(*b);
}

static int by_address(const void *a, const void *b) {
  const struct config_address *x = a, *y = b;
  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  return compare_nocase(x->text, y->text);
}

static int by_address_and_place(const void *a, const void *b) {
  const struct config_address *x = a, *y = b;
  int order = by_address(a, b);
  if (order)
    return order;
  if (x->node->line != y->node->line)
    return x->node->line < y->node->line ? -1 : 1;
  return (x->node->column > y->node->column) - (x->node->column < y->node->column);
}

static int complain_twice(const struct config *c, const struct document *d, const struct config_address *first,
                          const struct config_address *second) {
  char shown[SHOWN_MAX];
  return document_complain(d, second->node, "address '%s' of channel '%s' is also on line %u, channel '%s'",
                           slice_shown(slice_text(second->text), shown), c->channels[second->channel].name,
                           first->node->line, c->channels[first->channel].name);
}

int config_index_addresses(struct config *c, const struct document *d) {
  size_t count = 0;
  for (size_t i = 0; i < c->channel_count; i++)
    count += c->channels[i].address_count;
  c->index = must_calloc(count, sizeof(*c->index));
  const struct node *list = node_member(d->root, "channels"), *item = list ? list->first : NULL;
  for (size_t i = 0; i < c->channel_count; i++, item = item->next) {
    const struct node *addresses = node_member(item, "addresses");
    const struct node *node = addresses ? addresses->first : NULL;
    for (size_t n = 0; n < c->channels[i].address_count; n++, node = node->next)
      c->index[c->index_count++] =
          (struct config_address){c->channels[i].kind, (uint32_t)i, c->channels[i].addresses[n], node};
  }
  qsort(c->index, c->index_count, sizeof(*c->index), by_address_and_place);
  for (size_t i = 1; i < c->index_count; i++)
    if (by_address(&c->index[i - 1], &c->index[i]) == 0)
      return complain_twice(c, d, &c->index[i - 1], &c->index[i]);
  for (size_t i = 0; i < c->index_count; i++)
    c->index[i].node = NULL;
  return 0;
}

void config_index_free(struct config *c) {
  free(c->index);
  c->index = NULL;
  c->index_count = 0;
}

static const struct channel_config *find(const struct config *c, const char *text) {
  struct config_address wanted = {.kind = CHANNEL_EMAIL, .text = text};
  const struct config_address *hit =
      c->index_count ? bsearch(&wanted, c->index, c->index_count, sizeof(*c->index), by_address) : NULL;
  return hit ? &c->channels[hit->channel] : NULL;
}

const struct channel_config *config_channel_of_address(const struct config *c, struct slice local,
                                                       struct slice domain) {
  char text[ADDRESS_MAX];
  const struct channel_config *channel = NULL;
  /* Too long for any configured address, or with a NUL that would cut it short: only "*" can match. */
  bool sane = local.len + domain.len + 2 <= sizeof(text) && !(local.len && memchr(local.at, '\0', local.len)) &&
              domain.len && !memchr(domain.at, '\0', domain.len);
  if (sane && local.len) {
    snprintf(text, sizeof(text), "%.*s@%.*s", (int)local.len, local.at, (int)domain.len, domain.at);
    channel = find(c, text);
  }
  if (sane && !channel) {
    snprintf(text, sizeof(text), "@%.*s", (int)domain.len, domain.at);
    channel = find(c, text);
  }
  return channel;
}

const struct channel_config *config_channel_for_recipient(const struct config *c, struct slice local,
                                                          struct slice domain) {
  const struct channel_config *channel = config_channel_of_address(c, local, domain);
  return channel ? channel : find(c, "*");
}
