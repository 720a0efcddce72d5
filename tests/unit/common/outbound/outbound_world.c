/* SPDX-License-Identifier: Apache-2.0 */
#include "outbound_world.h"
#include "outbound/outbound_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

int64_t world_now_ms = 1795512600000;

static int64_t now_ms(void) {
  return world_now_ms;
}

const char *world_id(unsigned n) {
  static char ids[8][OUTBOUND_ID_LEN + 1];
  static unsigned turn;
  char *id = ids[turn++ % 8];
  snprintf(id, OUTBOUND_ID_LEN + 1, "o%016u", n);
  return id;
}

static const char *destination(void *arg, const outbound_message *m) {
  (void)arg;
  const char *at = strchr(m->to, '@');
  return at ? at + 1 : NULL;
}

static void attempt(void *arg, const char *id, const outbound_message *m, uint32_t n) {
  struct world *w = arg;
  assert_true(w->tried_count < WORLD_MOST);
  struct tried *t = &w->tried[w->tried_count++];
  snprintf(t->id, sizeof(t->id), "%s", id);
  snprintf(t->destination, sizeof(t->destination), "%s", destination(w, m));
  t->attempt = n;
  t->part = outbound_part(w->o, id);
  if (w->next_system)
    w->next_system(w, id, m);
}

static bool resend(void *arg, const outbound_message *m) {
  (void)m;
  return ((struct world *)arg)->resend;
}

static int changed(void *arg, const struct outbound_item *item) {
  struct world *w = arg;
  if (w->spool)
    return w->spool;
  assert_true(w->told_count < WORLD_MOST);
  struct told *t = &w->told[w->told_count++];
  snprintf(t->id, sizeof(t->id), "%s", item->id);
  snprintf(t->why, sizeof(t->why), "%s", item->why);
  snprintf(t->code, sizeof(t->code), "%s", item->code);
  snprintf(t->channel, sizeof(t->channel), "%s", item->channel);
  snprintf(t->provider_id, sizeof(t->provider_id), "%s", item->provider_id);
  t->part = item->part;
  t->parts = item->parts;
  t->state = item->state;
  t->attempt = item->attempt;
  if (!w->forget_reports)
    outbound_reported(w->o, item->id, item->state, item->attempt);
  return 0;
}

struct world *world_new(void) {
  struct world *w = calloc(1, sizeof(*w));
  uv_loop_init(&w->loop);
  strcpy(w->folder, "/tmp/dbt-outbound-XXXXXX");
  assert_non_null(mkdtemp(w->folder));
  w->size = 4 * 1024 * 1024;
  w->per_destination = 4;
  w->in_all = 100;
  return w;
}

void world_open(struct world *w) {
  const struct outbound_options options = {.folder = w->folder, .size = w->size, .per_destination = w->per_destination,
                                           .in_all = w->in_all, .keep_ms = 86400000, .channel_kind = "email",
                                           .destination = destination, .attempt = attempt, .resend = resend,
                                           .changed = changed, .now_ms = now_ms, .arg = w};
  struct complaint complaint = {.text = ""};
  if (outbound_open(&w->loop, &options, &w->o, &complaint) != 0)
    fail_msg("%s", complaint.text);
}

void world_crash(struct world *w) {
  outbound_close(&w->o);
  uv_run(&w->loop, UV_RUN_DEFAULT);
}

void world_free(struct world **w) {
  char command[100];
  if ((*w)->o)
    world_crash(*w);
  assert_int_equal(uv_loop_close(&(*w)->loop), 0);
  snprintf(command, sizeof(command), "rm -rf %s", (*w)->folder);
  assert_int_equal(system(command), 0);
  free(*w);
  *w = NULL;
}

static void answered(void *arg, const char *id, int outcome) {
  (void)id;
  struct world *w = arg;
  assert_true(w->answer_count < WORLD_MOST);
  w->answers[w->answer_count++] = outcome;
}

static void take(struct world *w, const char *id, const char *to, const char *order, uint32_t attempt) {
  outbound_message m = DESKBELL__V1__OUTBOUND_MESSAGE__INIT;
  uint8_t bytes[1024];
  m.id = (char *)(uintptr_t)id;
  m.kind = DESKBELL__V1__OUTBOUND_KIND__REPLY;
  m.channel = (char *)(uintptr_t)"mail";
  m.to = (char *)(uintptr_t)to;
  m.text = (char *)(uintptr_t)"Your parcel is on its way.";
  m.created_ms = world_now_ms;
  size_t len = deskbell__v1__outbound_message__pack(&m, bytes);
  outbound_take(w->o, id, slice_of(bytes, len), order, attempt, answered, w);
}

void world_take(struct world *w, const char *id, const char *to) {
  take(w, id, to, "deliver", 0);
}

void world_deliver(struct world *w, const char *id, const char *to, uint32_t attempt) {
  take(w, id, to, "deliver", attempt);
}

void world_retry(struct world *w, const char *id, const char *to, uint32_t attempt) {
  take(w, id, to, "retry", attempt);
}

void world_order(struct world *w, const char *id, const char *order) {
  outbound_take(w->o, id, SLICE(""), order, 0, answered, w);
}

static bool is_busy(const struct world *w) {
  const struct outbound *o = w->o;
  return o->working || o->dirty || o->loose.ops.len || uv_is_active((const uv_handle_t *)&o->soon);
}

/* What is put off to a time of its own (a full disk, a far try) is not waited for. */
void world_settle(struct world *w) {
  for (int quiet = 0; quiet < 3; quiet++) {
    uv_update_time(&w->loop);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    while (is_busy(w) && !uv_is_active((const uv_handle_t *)&w->o->again)) {
      uv_run(&w->loop, UV_RUN_ONCE);
      quiet = 0;
    }
  }
}

void world_answer(struct world *w, const char *id, enum outbound_outcome outcome, const char *why) {
  char provider_id[64];
  uint32_t part = outbound_part(w->o, id);
  if (w->parts > 1)
    snprintf(provider_id, sizeof(provider_id), "P%u", part + 1);
  else
    snprintf(provider_id, sizeof(provider_id), "P-%s", id);
  const struct outbound_result r = {.outcome = outcome, .why = why, .code = "", .parts = w->parts,
                                    .provider_id = outcome == OUTBOUND_ACCEPTED ? slice_text(provider_id) : SLICE("")};
  outbound_done(w->o, id, &r);
}

enum delivery_state world_told(const struct world *w, const char *id) {
  for (size_t i = w->told_count; i > 0; i--)
    if (strcmp(w->told[i - 1].id, id) == 0)
      return w->told[i - 1].state;
  return DELIVERY_STATES;
}

size_t world_tries(const struct world *w, const char *id) {
  size_t n = 0;
  for (size_t i = 0; i < w->tried_count; i++)
    n += strcmp(w->tried[i].id, id) == 0;
  return n;
}
