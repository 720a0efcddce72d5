/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no single setting can tell: settings that contradict each other, names and addresses claimed twice, socket
 * paths the system cannot hold. And the values that follow from others (link.listen, link.connect).
 * The checks are a list; each looks at one thing and complains at the place where the operator can mend it.
 */
#include "base/file.h"
#include "config/forms.h"
#include "config/rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define IPC "ipc://"

static const struct node *setting_node(const struct document *d, const char *section, const char *key) {
  return node_member(node_member(d->root, section), key);
}

const struct node *item_node(const struct document *d, const char *list, size_t n, const char *key) {
  const struct node *all = node_member(d->root, list);
  const struct node *item = all ? all->first : NULL;
  while (item && n-- > 0)
    item = item->next;
  const struct node *member = node_member(item, key);
  return member ? member : item;
}

static const struct node *channel_node(const struct document *d, size_t n, const char *key) {
  return item_node(d, "channels", n, key);
}

/* ---- the link's addresses and Unix socket paths */

static int check_link(struct config *c, const struct document *d) {
  if (!*c->link.listen) {
    char *path = path_join(c->dir, "router.ipc");
    free(c->link.listen);
    c->link.listen = must_calloc(1, sizeof(IPC) + strlen(path));
    strcat(strcpy(c->link.listen, IPC), path);
    free(path);
  }
  if (!*c->link.connect && strncmp(c->link.listen, "tcp:", 4) == 0 && c->link.listen[strlen(c->link.listen) - 1] == '*')
    return document_complain(d, setting_node(d, "link", "listen"),
                             "port * picks a free port, so 'connect' must say where channel programs find the router");
  if (!*c->link.connect) {
    free(c->link.connect);
    c->link.connect = must_strdup(c->link.listen);
  }
  if (c->link.connect[strlen(c->link.connect) - 1] == '*')
    return document_complain(d, setting_node(d, "link", "connect"), "'connect' needs a port number, not *");
  return 0;
}

static int check_socket_path(const struct document *d, const struct node *at, const char *path, const char *section,
                             const char *key) {
  size_t len = strlen(path);
  if (len <= SOCKET_PATH_MAX)
    return 0;
  char shown[SHOWN_MAX];
  return document_complain(d, at, "the path of the Unix socket '%s' in section '%s' has %zu bytes, at most %zu are "
                           "possible: '%s'; use a shorter --dir or path", key, section, len, SOCKET_PATH_MAX,
                           slice_shown(slice_text(path), shown));
}

static int check_socket_paths(struct config *c, const struct document *d) {
  const struct {
    const char *section, *key, *value, *prefix;
  } places[] = {
      {"link", "listen", c->link.listen, IPC},
      {"link", "connect", c->link.connect, IPC},
      {"redis", "url", c->redis.url, "unix:"},
      {"email", "listen_unix", c->email.listen_unix, ""},
  };
  for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
    size_t prefix = strlen(places[i].prefix);
    if (!*places[i].value || strncmp(places[i].value, places[i].prefix, prefix) != 0)
      continue;
    char *path = config_path(c, places[i].value + prefix);
    int r = check_socket_path(d, setting_node(d, places[i].section, places[i].key), path, places[i].section,
                              places[i].key);
    free(path);
    if (r)
      return r;
  }
  return 0;
}

/* ---- ports */

static bool any_host(struct slice host) {
  return slice_equal(host, SLICE("0.0.0.0")) || slice_equal(host, SLICE("::"));
}

static bool same_port(struct slice a, struct slice b) {
  struct slice host_a, host_b, port_a, port_b;
  uint64_t number_a, number_b;
  if (!host_port(a, &host_a, &port_a) || !host_port(b, &host_b, &port_b) ||
      slice_to_u64(port_a, 65535, &number_a) || slice_to_u64(port_b, 65535, &number_b))
    return false; /* tcp://…:* */
  return number_a && number_a == number_b &&
         (slice_equal_nocase(host_a, host_b) || any_host(host_a) || any_host(host_b));
}

struct listener {
  const char *section, *key;
  struct slice at;
};

static int check_ports(struct config *c, const struct document *d) {
  struct listener seen[32];
  size_t count = 0;
  for (size_t i = 0; i < config_row_count && count < sizeof(seen) / sizeof(seen[0]); i++) {
    const struct row *row = &config_rows[i];
    bool link = row->type == ROW_LINK && strcmp(row->key, "listen") == 0;
    if (row->type != ROW_LISTEN && !link)
      continue;
    const char *value = *(char *const *)(const void *)((const char *)c + row->offset);
    if (link && strncmp(value, "tcp://", 6) != 0)
      continue;
    struct listener now = {row->section, row->key, slice_text(link ? value + 6 : value)};
    for (size_t n = 0; n < count; n++)
      if (same_port(now.at, seen[n].at))
        return document_complain(d, setting_node(d, now.section, now.key),
                                 "'%s' in section '%s' has the same port as '%s' in section '%s'", now.key,
                                 now.section, seen[n].key, seen[n].section);
    seen[count++] = now;
  }
  return 0;
}

/* ---- settings that must fit each other */

static int check_order(struct config *c, const struct document *d) {
  if (c->link.dead_after_ms < 2 * c->link.heartbeat_ms) {
    const struct node *at = setting_node(d, "link", "dead_after");
    return document_complain(d, at ? at : setting_node(d, "link", "heartbeat"),
                             "'dead_after' must be at least twice 'heartbeat'");
  }
  for (size_t i = 0; i < c->channel_count; i++) {
    if (c->channels[i].kind != CHANNEL_EMAIL || c->email.max_size <= c->spool.blob_max)
      continue; /* a desk without mail need not care */
    const struct node *at = setting_node(d, "email", "max_size");
    return document_complain(d, at ? at : setting_node(d, "spool", "blob_max"),
                             "'max_size' in section 'email' is more than 'blob_max' in section 'spool'");
  }
  return 0;
}

/* ---- channels */

static int check_provider(const struct channel_config *channel, const struct document *d, size_t i) {
  if (channel->kind != CHANNEL_SMS && channel->kind != CHANNEL_WEBHOOK)
    return 0;
  if (channel->provider == PROVIDER_NONE)
    return document_complain(d, channel_node(d, i, "provider"), "channel '%s' needs 'provider': twilio, generic",
                             channel->name);
  if (channel->secret_file_count == 0)
    return document_complain(d, channel_node(d, i, "secret_files"),
                             "channel '%s' needs 'secret_files': without one nobody can prove to be the provider",
                             channel->name);
  if (channel->provider != PROVIDER_TWILIO && *channel->account_sid)
    return document_complain(d, channel_node(d, i, "account_sid"), "'account_sid' is for provider twilio only");
  return 0;
}

static int check_channel(const struct config *c, const struct document *d, size_t i) {
  /* Paths of the HTTP programs themselves. */
  static const char *const reserved[] = {"assets", "deskbell", "health", "metrics", "static", "status"};
  const struct channel_config *channel = &c->channels[i];
  for (size_t n = 0; n < sizeof(reserved) / sizeof(reserved[0]); n++)
    if (strcmp(channel->name, reserved[n]) == 0)
      return document_complain(d, channel_node(d, i, "name"), "'%s' is reserved; name the channel otherwise",
                               channel->name);
  if (channel->kind == CHANNEL_EMAIL && channel->address_count == 0)
    return document_complain(d, channel_node(d, i, "addresses"),
                             "channel '%s' needs 'addresses': [\"support@example.com\"], [\"@example.com\"] or [\"*\"]",
                             channel->name);
  if (channel->kind == CHANNEL_FORM && channel->min_fill_ms >= channel->max_fill_ms)
    return document_complain(d, channel_node(d, i, "min_fill"), "'min_fill' must be less than 'max_fill'");
  if (channel->max_body > c->spool.blob_max)
    return document_complain(d, channel_node(d, i, "max_body"),
                             "'max_body' of channel '%s' is more than 'blob_max' in section 'spool'", channel->name);
  return check_provider(channel, d, i);
}

static int by_name(const void *a, const void *b) {
  const struct channel_config *x = *(const struct channel_config *const *)a;
  const struct channel_config *y = *(const struct channel_config *const *)b;
  int order = strcmp(x->name, y->name);
  return order ? order : (x > y) - (x < y); /* as written: both are places in one array */
}

static int check_names(const struct config *c, const struct document *d) {
  const struct channel_config **sorted = must_calloc(c->channel_count, sizeof(const struct channel_config *));
  int r = 0;
  for (size_t i = 0; i < c->channel_count; i++)
    sorted[i] = &c->channels[i];
  qsort(sorted, c->channel_count, sizeof(*sorted), by_name);
  for (size_t i = 1; i < c->channel_count && r == 0; i++) {
    if (strcmp(sorted[i - 1]->name, sorted[i]->name) != 0)
      continue;
    const struct node *first = channel_node(d, (size_t)(sorted[i - 1] - c->channels), "name");
    r = document_complain(d, channel_node(d, (size_t)(sorted[i] - c->channels), "name"),
                          "channel name '%s' is used twice; first on line %u", sorted[i]->name, first->line);
  }
  free(sorted);
  return r;
}

static int check_channels(struct config *c, const struct document *d) {
  for (size_t i = 0; i < c->channel_count; i++) {
    int r = check_channel(c, d, i);
    if (r)
      return r;
  }
  return check_names(c, d);
}

int config_check(struct config *c, const struct document *d) {
  static int (*const checks[])(struct config *, const struct document *) = {
      check_link, check_socket_paths, check_ports, check_order, check_channels, config_index_addresses,
      config_check_mailboxes};
  for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
    int r = checks[i](c, d);
    if (r)
      return r;
  }
  return 0;
}
