/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs a desk runs: one row each. Channel programs stop first, so that nothing new comes in; then the router,
 * which has drained them; then who works on what is in Redis; then Redis, which has what they wrote.
 */
#include "base/file.h"
#include "log/line.h"
#include "up.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { START_REDIS, START_OTHERS };
enum { STOP_REDIS, STOP_FOLLOWERS, STOP_ROUTER, STOP_CHANNELS };
#define STOP_MS 15000
#define STOP_REDIS_MS 60000 /* it syncs its file; killing it then would be the loss we avoid */

static bool always(const struct channel_config *channel) {
  (void)channel;
  return true;
}

static bool is_email(const struct channel_config *channel) {
  return channel->kind == CHANNEL_EMAIL;
}

static bool is_sms(const struct channel_config *channel) {
  return channel->kind == CHANNEL_SMS || channel->kind == CHANNEL_WEBHOOK;
}

static bool is_form(const struct channel_config *channel) {
  return channel->kind == CHANNEL_FORM;
}

static const struct {
  const char *name;
  unsigned stop_rank;
  bool (*serves)(const struct channel_config *channel);
  bool without_channels; /* runs even when no channel is configured */
} rows[] = {
    {"router", STOP_ROUTER, always, true},
    {"dispatch", STOP_FOLLOWERS, always, true},
    {"acknowledge", STOP_FOLLOWERS, always, true},
    {"inbox", STOP_FOLLOWERS, always, true},
    {"email", STOP_CHANNELS, is_email, false},
    {"sms", STOP_CHANNELS, is_sms, false},
    {"webform", STOP_CHANNELS, is_form, false},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool wanted(const struct config *config, size_t row) {
  if (strcmp(rows[row].name, "inbox") == 0 && !config->inbox.listen[0])
    return false;
  for (size_t i = 0; i < config->channel_count; i++)
    if (config->channels[i].enabled && rows[row].serves(&config->channels[i]))
      return true;
  return rows[row].without_channels;
}

char *up_find_program(const char *own_folder, const char *name) {
  static const char *const places[] = {"", "/../libexec/deskbell"};
  for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
    struct buf path = BUF_INIT(8192);
    if (buf_printf(&path, "%s%s/%s", own_folder, places[i], name) == 0 && access(path.at, X_OK) == 0)
      return path.at;
    buf_free(&path);
  }
  return NULL;
}

/* In PATH; NULL when it is not there. */
static char *find_in_path(const char *name) {
  const char *path = getenv("PATH");
  struct slice rest = slice_text(path ? path : "/usr/local/bin:/usr/bin:/bin"), folder;
  while (slice_split(&rest, ':', &folder)) {
    struct buf file = BUF_INIT(8192);
    if (folder.len > 0 && buf_printf(&file, "%.*s/%s", (int)folder.len, folder.at, name) == 0 &&
        access(file.at, X_OK) == 0)
      return file.at;
    buf_free(&file);
  }
  return NULL;
}

static int add_redis(const struct config *config, struct up_programs *p, struct complaint *complaint) {
  p->redis_server = find_in_path("redis-server");
  if (!p->redis_server)
    return complain(complaint, NULL, 0, 0,
                    "redis-server is not in PATH: install Redis 7 or set redis.url to one that runs");
  p->redis_conf = path_join(config->dir, "redis/redis.conf");
  p->redis_lock = path_join(config->dir, "redis/redis.lock");
  struct up_program *own = &p->own[p->count];
  own->path = must_strdup(p->self);
  const char *argv[] = {own->path, "exec-child", "--lock", p->redis_lock, "--", p->redis_server, p->redis_conf, NULL};
  memcpy(own->argv, argv, sizeof(argv));
  p->rows[p->count++] = (struct supervised){
      .name = "redis", .argv = own->argv, .start_rank = START_REDIS, .stop_rank = STOP_REDIS, .stop_ms = STOP_REDIS_MS};
  return 0;
}

static int add_program(size_t row, const char *own_folder, const struct up_options *options, struct up_programs *p,
                       struct complaint *complaint) {
  struct up_program *own = &p->own[p->count];
  own->path = up_find_program(own_folder, rows[row].name);
  if (!own->path)
    return complain(complaint, NULL, 0, 0,
                    "the program %s is not installed: it is neither in %s nor in %s/../libexec/deskbell",
                    rows[row].name, own_folder, own_folder);
  const char *argv[UP_ARGUMENTS] = {own->path, "--dir", options->dir, "--log-level",
                                    log_level_text(options->log_level)};
  if (options->config_file) {
    argv[5] = "--config";
    argv[6] = options->config_file;
  }
  memcpy(own->argv, argv, sizeof(argv));
  p->rows[p->count++] = (struct supervised){.name = rows[row].name,
                                            .argv = own->argv,
                                            .start_rank = START_OTHERS,
                                            .stop_rank = rows[row].stop_rank,
                                            .stop_ms = STOP_MS,
                                            .reports = true};
  return 0;
}

static int fill(const struct config *config, const struct up_options *options, struct up_programs *p,
                struct complaint *complaint) {
  char self[4096];
  size_t len = sizeof(self);
  int r = uv_exepath(self, &len);
  if (r < 0)
    return complain(complaint, NULL, 0, 0, "cannot find out where deskbell itself is: %s", uv_strerror(r));
  p->self = must_strdup(self);
  if (config->redis.url[0] == '\0')
    r = add_redis(config, p, complaint);
  *strrchr(self, '/') = '\0';
  for (size_t i = 0; i < ROWS && r == 0; i++)
    if (wanted(config, i))
      r = add_program(i, self, options, p, complaint);
  return r;
}

int up_programs(const struct config *config, const struct up_options *options, struct up_programs *ret,
                struct complaint *complaint) {
  *ret = (struct up_programs){0};
  int r = fill(config, options, ret, complaint);
  if (r < 0)
    up_programs_free(ret);
  return r;
}

void up_programs_free(struct up_programs *p) {
  for (size_t i = 0; i < SUPERVISED_MAX; i++)
    free(p->own[i].path);
  free(p->self);
  free(p->redis_server);
  free(p->redis_conf);
  free(p->redis_lock);
  *p = (struct up_programs){0};
}
