/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in a loaded configuration, and the files it names. */
#include "config/config.h"
#include "base/encode.h"
#include "base/file.h"
#include <stdlib.h>

#define SECRET_MAX 4096

const struct channel_config *config_channel(const struct config *c, struct slice name) {
  for (size_t i = 0; i < c->channel_count; i++)
    if (slice_equal(slice_text(c->channels[i].name), name))
      return &c->channels[i];
  return NULL;
}

const struct channel_config *config_only_channel(const struct config *c, enum channel_kind kind) {
  const struct channel_config *only = NULL;
  for (size_t i = 0; i < c->channel_count; i++) {
    if (c->channels[i].kind != kind || !c->channels[i].enabled)
      continue;
    if (only)
      return NULL;
    only = &c->channels[i];
  }
  return only;
}

bool config_channel_goes_out(const struct channel_config *channel) {
  if (channel->kind == CHANNEL_EMAIL || channel->kind == CHANNEL_FORM)
    return channel->kind == CHANNEL_EMAIL;
  return channel->enabled && (channel->provider == PROVIDER_TWILIO ||
                              (channel->provider == PROVIDER_GENERIC && *channel->out_url));
}

const struct mailbox_config *config_mailbox(const struct config *c, struct slice name) {
  for (size_t i = 0; i < c->mailbox_count; i++)
    if (slice_equal(slice_text(c->mailboxes[i].name), name))
      return &c->mailboxes[i];
  return NULL;
}

const char *channel_kind_text(enum channel_kind kind) {
  static const char *const names[] = {
      [CHANNEL_EMAIL] = "email", [CHANNEL_SMS] = "sms", [CHANNEL_WEBHOOK] = "webhook", [CHANNEL_FORM] = "form"};
  assert((size_t)kind < sizeof(names) / sizeof(names[0]));
  return names[kind];
}

char *config_path(const struct config *c, const char *path) {
  return path[0] == '/' || path[0] == '\0' ? must_strdup(path) : path_join(c->dir, path);
}

/* ---- secrets: never in a complaint, and wiped where they passed through */

static void wipe(struct buf *b) {
  if (b->at)
    explicit_bzero(b->at, b->cap);
  buf_free(b);
}

static int read_secret(const char *path, char **ret, struct complaint *complaint) {
  auto_clean(wipe) struct buf bytes = BUF_INIT(SECRET_MAX);
  char *at;
  if (buf_reserve(&bytes, SECRET_MAX, &at)) /* at once, so that growing leaves no copies behind */
    return -ENOMEM;
  int r = file_read(path, &bytes);
  if (r == FILE_TOO_LARGE)
    return complain(complaint, path, 0, 0, "a secret has at most %d bytes", SECRET_MAX);
  if (r) {
    complain(complaint, path, 0, 0, "the secret cannot be read: %s", strerror(-r));
    return r;
  }
  struct slice secret = slice_trim(buf_slice(&bytes));
  if (secret.len == 0)
    return complain(complaint, path, 0, 0, "the secret is empty");
  if (memchr(secret.at, '\0', secret.len))
    return complain(complaint, path, 0, 0, "the secret is not text (it holds a NUL byte)");
  *ret = must_calloc(1, secret.len + 1);
  memcpy(*ret, secret.at, secret.len);
  return 0;
}

int config_secret(const struct config *c, const char *file, char **ret, struct complaint *complaint) {
  char *path = config_path(c, file);
  int r = read_secret(path, ret, complaint);
  free(path);
  return r;
}

int config_secrets(const struct config *c, const struct channel_config *channel, char **ret, size_t max,
                   size_t *ret_count, struct complaint *complaint) {
  size_t count = 0;
  int r = 0;
  while (r == 0 && count < channel->secret_file_count && count < max) {
    r = config_secret(c, channel->secret_files[count], &ret[count], complaint);
    count += r == 0;
  }
  if (r == 0) {
    *ret_count = count;
    return 0;
  }
  while (count-- > 0) { /* outputs on success only */
    explicit_bzero(ret[count], strlen(ret[count]));
    free(ret[count]);
    ret[count] = NULL;
  }
  return r;
}

int config_desk_secret(const struct config *c, struct buf *ret, struct complaint *complaint) {
  char *path = config_path(c, c->secret_file), *hex = NULL;
  uint8_t bytes[64];
  size_t len = 0;
  int r = read_secret(path, &hex, complaint);
  if (r == 0 && (hex_decode(slice_text(hex), bytes, sizeof(bytes), &len) < 0 || len < 16))
    r = complain(complaint, path, 0, 0, "the desk's secret is not 16 to 64 bytes as hex");
  if (r == 0)
    r = buf_add(ret, bytes, len) ? -ENOMEM : 0;
  explicit_bzero(bytes, sizeof(bytes));
  if (hex)
    explicit_bzero(hex, strlen(hex));
  free(hex);
  free(path);
  return r;
}
