/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's folder. Each file is made whole or not at all and never overwritten, so a `deskbell up` that dies anywhere
 * here is simply started again.
 */
#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "link/keys.h"
#include "service/process.h"
#include "up.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int up_lock(const char *dir, int *ret_fd, int64_t *ret_holder) {
  char *path = path_join(dir, "up.lock");
  int fd, r = process_lock(path, 0, NULL, &fd);
  if (r == -EWOULDBLOCK) {
    auto_clean(buf_free) struct buf text = BUF_INIT(32);
    uint64_t holder = 0;
    if (file_read(path, &text) || slice_to_u64(slice_trim(buf_slice(&text)), INT32_MAX, &holder) < 0)
      holder = 0;
    *ret_holder = (int64_t)holder;
  }
  free(path);
  if (r < 0)
    return r;
  /* Who holds it is only for people; the lock itself is what counts. */
  if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
    r = -errno;
    close(fd);
    return r;
  }
  *ret_fd = fd;
  return 0;
}

static int write_new(const char *path, struct slice text, struct complaint *complaint) {
  int r = file_write_atomic(path, text, 0600);
  if (r < 0)
    complain(complaint, path, 0, 0, "cannot be written: %s", strerror(-r));
  return r;
}

static int make_folder(const char *path, struct complaint *complaint) {
  int r = folder_make(path);
  if (r < 0)
    complain(complaint, path, 0, 0, "cannot be made: %s", strerror(-r));
  return r;
}

int up_default_config(const char *dir, struct complaint *complaint) {
  char *path = path_join(dir, "deskbell.yaml");
  int r = 0;
  if (access(path, F_OK) < 0)
    r = write_new(path, slice_text(config_default_yaml()), complaint);
  free(path);
  return r;
}

/* Forms of secrets: what each provider's signature wants as a key. */

#define SECRET_TEXT 96

static void secret_hex32(char ret[SECRET_TEXT]) {
  uint8_t bytes[32];
  random_bytes(bytes, sizeof(bytes));
  hex_encode(bytes, sizeof(bytes), ret);
}

static void secret_hex16(char ret[SECRET_TEXT]) {
  uint8_t bytes[16];
  random_bytes(bytes, sizeof(bytes));
  hex_encode(bytes, sizeof(bytes), ret);
}

/* Standard Webhooks: "whsec_" and base64 of 24 bytes. */
static void secret_webhook(char ret[SECRET_TEXT]) {
  uint8_t bytes[24];
  random_bytes(bytes, sizeof(bytes));
  strcpy(ret, "whsec_");
  base64_encode(bytes, sizeof(bytes), ret + strlen(ret));
}

/* Missing files below the desk's folder are made; elsewhere an operator keeps them, and a program that misses one says
 * so itself. */
static int make_secret(const struct config *config, const char *file, void (*form)(char ret[SECRET_TEXT]),
                       struct complaint *complaint) {
  char *path = config_path(config, file);
  size_t dir_len = strlen(config->dir);
  bool below = strncmp(path, config->dir, dir_len) == 0 && path[dir_len] == '/' && !strstr(path, "/../");
  int r = 0;
  if (below && access(path, F_OK) < 0) {
    char text[SECRET_TEXT + 1];
    form(text);
    strcat(text, "\n");
    char *folder = must_strdup(path);
    *strrchr(folder, '/') = '\0';
    r = make_folder(folder, complaint);
    if (r == 0)
      r = write_new(path, slice_text(text), complaint);
    free(folder);
    explicit_bzero(text, sizeof(text));
  }
  free(path);
  return r;
}

static int make_keys(const struct config *config, struct complaint *complaint) {
  static const char *const names[] = {"router", "email", "sms", "webform", "deskbell"};
  char *folder = config_path(config, config->link.keys[0] ? config->link.keys : "keys");
  int r = make_folder(folder, complaint);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++) {
    r = keys_make(folder, names[i]);
    if (r < 0)
      complain(complaint, folder, 0, 0, "the key pair of %s cannot be made: %s", names[i], strerror(-r));
  }
  free(folder);
  return r;
}

int up_secrets(const struct config *config, struct complaint *complaint) {
  int r = config->secret_file[0] ? make_secret(config, config->secret_file, secret_hex32, complaint) : 0;
  for (size_t i = 0; i < config->channel_count && r == 0; i++) {
    const struct channel_config *channel = &config->channels[i];
    void (*form)(char *) = channel->provider == PROVIDER_GENERIC ? secret_webhook : secret_hex16;
    for (size_t k = 0; k < channel->secret_file_count && r == 0; k++)
      r = make_secret(config, channel->secret_files[k], form, complaint);
  }
  return r < 0 ? r : make_keys(config, complaint);
}
