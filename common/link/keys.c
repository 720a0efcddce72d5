/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pair is written before the public file, each whole or not at all, so dying between the two leaves nothing that a
 * second call would not complete. Secrets are wiped from our own memory after use.
 */
#include "link/keys.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#define FILE_MOST 256

/* libzmq's decoder reads past its table for some bytes, so the alphabet is checked here (ZeroMQ RFC 32). */
static bool is_key(struct slice text) {
  static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.len != KEY_TEXT - 1)
    return false;
  for (size_t i = 0; i < text.len; i++)
    if (!text.at[i] || !strchr(z85, text.at[i]))
      return false;
  return true;
}

/* Exactly `count` lines, each a key; a missing line end after the last is forgiven. */
static int read_lines(const char *path, size_t count, char ret[][KEY_TEXT]) {
  auto_clean(buf_free) struct buf text = BUF_INIT(FILE_MOST);
  int r = file_read(path, &text);
  if (r)
    return r < 0 ? r : -EBADMSG;
  struct slice rest = slice_trim(buf_slice(&text)), line;
  for (size_t i = 0; i < count && r == 0; i++) {
    if (!slice_split(&rest, '\n', &line) || !is_key(slice_trim(line)))
      r = -EBADMSG;
    else
      snprintf(ret[i], KEY_TEXT, "%.*s", KEY_TEXT - 1, slice_trim(line).at);
  }
  if (rest.len)
    r = -EBADMSG;
  if (text.at)
    explicit_bzero(text.at, text.len);
  return r;
}

int keys_read_pair(const char *path, char ret_public[KEY_TEXT], char ret_secret[KEY_TEXT]) {
  char pair[2][KEY_TEXT], derived[KEY_TEXT];
  int r = read_lines(path, 2, pair);
  if (r == 0 && (zmq_curve_public(derived, pair[1]) < 0 || strcmp(derived, pair[0]) != 0))
    r = -EBADMSG;
  if (r == 0) {
    memcpy(ret_public, pair[0], KEY_TEXT);
    memcpy(ret_secret, pair[1], KEY_TEXT);
  }
  explicit_bzero(pair, sizeof(pair));
  return r;
}

int keys_read_public(const char *path, char ret_public[KEY_TEXT]) {
  char key[1][KEY_TEXT];
  int r = read_lines(path, 1, key);
  if (r == 0)
    memcpy(ret_public, key[0], KEY_TEXT);
  return r;
}

static int write_key(const char *path, unsigned mode, const char *first, const char *second) {
  char text[2 * KEY_TEXT + 2];
  int len = second ? snprintf(text, sizeof(text), "%s\n%s\n", first, second)
                   : snprintf(text, sizeof(text), "%s\n", first);
  int r = file_write_atomic(path, slice_of(text, (size_t)len), mode);
  explicit_bzero(text, sizeof(text));
  return r;
}

int keys_make(const char *folder, const char *name) {
  char *base = path_join(folder, name);
  size_t room = strlen(base) + 5;
  char *pair_path = must_calloc(1, room), *public_path = must_calloc(1, room);
  snprintf(pair_path, room, "%s.key", base);
  snprintf(public_path, room, "%s.pub", base);
  char public_key[KEY_TEXT], secret_key[KEY_TEXT];
  int r = keys_read_pair(pair_path, public_key, secret_key);
  if (r == -ENOENT) {
    r = zmq_curve_keypair(public_key, secret_key) < 0 ? -ENOTSUP : 0;
    if (r == 0)
      r = write_key(pair_path, 0600, public_key, secret_key);
    if (r == 0) /* a public file from before would not fit the new pair */
      r = write_key(public_path, 0644, public_key, NULL);
  } else if (r == 0 && access(public_path, F_OK) < 0) {
    r = write_key(public_path, 0644, public_key, NULL);
  }
  explicit_bzero(secret_key, sizeof(secret_key));
  free(base);
  free(pair_path);
  free(public_path);
  return r;
}
