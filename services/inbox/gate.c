/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"
#include "base/file.h"
#include "http/bucket.h"
#include "log/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TOKEN_SLOTS = 8192, STRANGER_SLOTS = 8192, STRANGER_BURST = 20 };
#define STRANGER_RATE 1.0     /* a second and peer address: who guesses learns one thing a second */

struct gate {
  struct gate_options options;
  struct access_list list;
  struct stat seen;           /* zeroed: no file */
  struct bucket_table *tokens, *strangers;
  char trouble[320];
};

struct gate *gate_open(const struct gate_options *options) {
  struct gate *g = must_calloc(1, sizeof(*g));
  g->options = *options;
  if (options->rate > 0)
    g->tokens = bucket_table_new(TOKEN_SLOTS, options->rate, options->burst);
  g->strangers = bucket_table_new(STRANGER_SLOTS, STRANGER_RATE, STRANGER_BURST);
  g->seen.st_ino = 1;         /* unlike what is there, also when nothing is */
  gate_look(g);
  return g;
}

void gate_close(struct gate **g) {
  if (!g || !*g)
    return;
  access_list_free(&(*g)->list);
  bucket_table_free(&(*g)->tokens);
  bucket_table_free(&(*g)->strangers);
  free(*g);
  *g = NULL;
}

static bool same_file(const struct stat *a, const struct stat *b) {
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mode == b->st_mode &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Says what is wrong: `c`, why nothing was read, or lines (NULL). True: something else than before. */
static bool troubled(struct gate *g, const struct complaint *c) {
  char before[sizeof(g->trouble)];
  memcpy(before, g->trouble, sizeof(before));
  g->trouble[0] = '\0';
  if (c)
    snprintf(g->trouble, sizeof(g->trouble), "%.200s: %.100s", c->file, c->text);
  else if (g->list.bad)
    snprintf(g->trouble, sizeof(g->trouble), "%zu lines of the tokens' file make no sense, the first is line %u",
             g->list.bad, g->list.first_bad);
  return strcmp(before, g->trouble) != 0;
}

static void replace_list(struct gate *g, const struct access_list *list, const struct complaint *complaint) {
  access_list_free(&g->list);
  g->list = *list;
  troubled(g, complaint);
  if (complaint)
    log_error("tokens_not_read", KV("why", g->trouble), KV("then", "nobody is let in"));
  else if (g->list.bad)
    log_warn("tokens_wrong", KI("lines", g->list.bad), KI("line", g->list.first_bad),
             KV("then", "these let nobody in"));
  log_info("tokens_read", KI("tokens", g->list.count));
}

bool gate_look(struct gate *g) {
  struct stat now;
  struct complaint complaint;
  struct access_list list = {.rows = NULL};
  if (stat(g->options.tokens_file, &now) < 0)
    memset(&now, 0, sizeof(now));
  if (same_file(&now, &g->seen))
    return false;
  int r = access_read(g->options.tokens_file, &list, &complaint);
  if (file_fails_for_now(r)) { /* not seen: read at the next look */
    if (troubled(g, &complaint))
      log_error("tokens_not_read", KV("why", g->trouble), KV("then", "those from before hold until it can be read"));
    return false;
  }
  g->seen = now;
  replace_list(g, &list, r < 0 && r != -ENOENT ? &complaint : NULL);
  return true;
}

const struct access_row *gate_find(const struct gate *g, const char *authorization) {
  struct slice value = slice_trim(slice_text(authorization)), scheme;
  if (!authorization || !slice_split(&value, ' ', &scheme) || !slice_equal_nocase(scheme, SLICE("Bearer")) || !value.at)
    return NULL;
  return access_find(&g->list, slice_trim(value));
}

bool gate_holds(const struct gate *g, const struct access_row *row) {
  for (size_t i = 0; i < g->list.count; i++) {
    const struct access_row *now = &g->list.rows[i];
    if (memcmp(now->digest, row->digest, sizeof(row->digest)) == 0)
      return now->role == row->role && strcmp(now->agent, row->agent) == 0;
  }
  return false;
}

int64_t gate_take(struct gate *g, struct slice who, int64_t now_ms) {
  return g->tokens ? bucket_take(g->tokens, who, now_ms) : 0;
}

int64_t gate_take_stranger(struct gate *g, const char *peer, int64_t now_ms) {
  return bucket_take(g->strangers, slice_text(peer), now_ms);
}

size_t gate_count(const struct gate *g) {
  return g->list.count;
}

const char *gate_trouble(const struct gate *g) {
  return g->trouble[0] ? g->trouble : NULL;
}
