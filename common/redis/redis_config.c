/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/redis_config.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>

char *redis_config_url(const struct config *c) {
  if (c->redis.url[0])
    return must_strdup(c->redis.url);
  size_t len = strlen(c->dir) + sizeof("unix:/redis/redis.sock");
  char *url = must_calloc(1, len);
  snprintf(url, len, "unix:%s/redis/redis.sock", c->dir);
  return url;
}

int redis_config_password(const struct config *c, char **ret, struct complaint *complaint) {
  if (!c->redis.password_file[0]) {
    *ret = must_strdup("");
    return 0;
  }
  char *path = config_path(c, c->redis.password_file);
  auto_clean(buf_free) struct buf text = BUF_INIT(4096);
  int r = file_read(path, &text);
  if (r != 0) {
    r = r > 0 ? -EFBIG : r;
    complain(complaint, path, 0, 0, "the Redis password cannot be read: %s", strerror(-r));
  } else {
    struct slice word = slice_trim(buf_slice(&text));
    *ret = must_calloc(1, word.len + 1);
    memcpy(*ret, word.at, word.len);
  }
  free(path);
  return r;
}
