/* SPDX-License-Identifier: Apache-2.0 */
/* The channels this program serves, with their secrets, limits and public addresses. */
#include "base/digest.h"
#include "base/encode.h"
#include "sms.h"
#include "webhook/signature.h"
#include <stdio.h>
#include <stdlib.h>

static const struct provider *provider_of(enum channel_provider provider) {
  return provider == PROVIDER_TWILIO ? &provider_twilio : &provider_generic;
}

static bool served(const struct channel_config *c) {
  return c->enabled && (c->kind == CHANNEL_SMS || c->kind == CHANNEL_WEBHOOK) && c->provider != PROVIDER_NONE;
}

static int by_name(const void *left, const void *right) {
  return strcmp(((const struct hook *)left)->config->name, ((const struct hook *)right)->config->name);
}

/* A secret no signature can be made with is found out now, not by the first customer. */
static int check_secret(const struct hook *h, struct slice secret, struct complaint *complaint) {
  char made[64];
  if (secret.len == 0)
    return complain(complaint, NULL, 0, 0, "channel '%s': a secret file is empty", h->config->name);
  if (h->provider == &provider_generic &&
      signature_standard_make(secret, SLICE("id"), SLICE("0"), SLICE(""), made) != 0)
    return complain(complaint, NULL, 0, 0,
                    "channel '%s': the secret is not \"whsec_\" and base64 of 24 to 64 bytes (Standard Webhooks)",
                    h->config->name);
  return 0;
}

static int open_hook(struct sms *s, const struct channel_config *config, struct hook *h, struct complaint *complaint) {
  *h = (struct hook){.config = config, .provider = provider_of(config->provider)};
  int r = config_secrets(s->config, config, h->secrets, SECRETS_MAX, &h->secret_count, complaint);
  for (size_t i = 0; i < h->secret_count && r == 0; i++) {
    h->secret_slices[i] = slice_text(h->secrets[i]);
    r = check_secret(h, h->secret_slices[i], complaint);
  }
  if (r == 0 && config->rate > 0)
    h->rates = bucket_table_new(RATE_SLOTS, config->rate, config->rate < 1 ? 1 : config->rate);
  return r;
}

/* Verified against when the channel is unknown: a secret nobody has. */
static void open_nobody(struct hook *h, const struct provider *provider) {
  uint8_t bytes[24];
  char text[BASE64_LEN(sizeof(bytes)) + 1];
  random_bytes(bytes, sizeof(bytes));
  base64_encode(bytes, sizeof(bytes), text);
  *h = (struct hook){.provider = provider, .secret_count = 1};
  h->secrets[0] = must_strdup(text);
  h->secret_slices[0] = slice_text(h->secrets[0]);
  h->base_url = must_strdup("https://nobody.invalid");
}

int hooks_open(struct sms *s, struct complaint *complaint) {
  const struct config *c = s->config;
  s->hooks = must_calloc(c->channel_count + 1, sizeof(*s->hooks));
  open_nobody(&s->nobody[0], &provider_twilio);
  open_nobody(&s->nobody[1], &provider_generic);
  for (size_t i = 0; i < c->channel_count; i++) {
    if (!served(&c->channels[i]))
      continue;
    int r = open_hook(s, &c->channels[i], &s->hooks[s->hook_count++], complaint);
    if (r)
      return r;
  }
  qsort(s->hooks, s->hook_count, sizeof(*s->hooks), by_name);
  return 0;
}

static void close_hook(struct hook *h) {
  for (size_t i = 0; i < SECRETS_MAX; i++) {
    if (h->secrets[i])
      explicit_bzero(h->secrets[i], strlen(h->secrets[i]));
    free(h->secrets[i]);
  }
  free(h->base_url);
  bucket_table_free(&h->rates);
}

void hooks_close(struct sms *s) {
  for (size_t i = 0; i < s->hook_count; i++)
    close_hook(&s->hooks[i]);
  free(s->hooks);
  s->hooks = NULL;
  s->hook_count = 0;
  for (size_t i = 0; i < 2; i++) {
    close_hook(&s->nobody[i]);
    s->nobody[i] = (struct hook){0};
  }
}

void hooks_set_urls(struct sms *s) {
  for (size_t i = 0; i < s->hook_count; i++) {
    const char *url = s->hooks[i].config->public_url, *address = http_address(s->http);
    size_t len = strlen(url), room = len + strlen(address) + 8;
    while (len && url[len - 1] == '/')
      len--;
    s->hooks[i].base_url = must_realloc(NULL, room);
    if (len)
      snprintf(s->hooks[i].base_url, room, "%.*s", (int)len, url);
    else
      snprintf(s->hooks[i].base_url, room, "http://%s", address);
  }
}

const struct hook *hooks_find(const struct sms *s, const char *path) {
  if (strncmp(path, HOOK_PATH, sizeof(HOOK_PATH) - 1) != 0)
    return NULL;
  const char *name = path + sizeof(HOOK_PATH) - 1;
  size_t low = 0, high = s->hook_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int r = strcmp(name, s->hooks[middle].config->name);
    if (r == 0)
      return &s->hooks[middle];
    if (r < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}
