/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_trust.h"
#include <stdlib.h>

struct mime_own *mail_trust_own(const struct config *c) {
  size_t count = 0;
  for (size_t i = 0; i < c->channel_count; i++)
    count += c->channels[i].address_count;
  char **all = must_calloc(count, sizeof(*all));
  count = 0;
  for (size_t i = 0; i < c->channel_count; i++)
    for (size_t n = 0; c->channels[i].kind == CHANNEL_EMAIL && n < c->channels[i].address_count; n++)
      all[count++] = c->channels[i].addresses[n];
  struct mime_own *own = mime_own_new(all, count);
  free(all);
  return own;
}

struct mime_trust mail_trust_of(const struct config *c, const char *name, const struct mime_own *own) {
  const struct channel_config *channel = config_channel(c, slice_text(name));
  struct mime_trust trust = {.own = own};
  if (channel) {
    trust.authserv_ids = channel->authserv_ids;
    trust.authserv_id_count = channel->authserv_id_count;
    trust.spam_headers = channel->spam_headers;
    trust.spam_header_count = channel->spam_header_count;
  }
  return trust;
}
