/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_outbound.h"
#include <assert.h>
#include <stdio.h>

struct fake_outbound fake;

static const char *const names[] = {
#define STATE(name, final, words) #name,
#define MOVE(from, to)
#include "outbound/delivery.def"
};

const char *delivery_text(enum delivery_state state) {
  return names[state];
}

int outbound_open(uv_loop_t *loop, const struct outbound_options *options, struct outbound **ret,
                  struct complaint *complaint) {
  (void)loop;
  if (fake.open_outcome < 0) {
    complain(complaint, options->folder, 0, 0, "as told");
    return fake.open_outcome;
  }
  fake.options = *options;
  snprintf(fake.folder, sizeof(fake.folder), "%s", options->folder);
  *ret = (struct outbound *)&fake;
  return 0;
}

void outbound_drain(struct outbound *o, void (*drained)(void *arg), void *arg) {
  (void)o;
  drained(arg);
}

void outbound_close(struct outbound **o) {
  *o = NULL;
}

void outbound_take(struct outbound *o, const char *id, struct slice message, const char *order, uint32_t attempt,
                   outbound_done_fn *done, void *arg) {
  assert(o == (struct outbound *)&fake && fake.take_count < FAKE_MOST);
  struct fake_take *t = &fake.takes[fake.take_count++];
  snprintf(t->id, sizeof(t->id), "%s", id);
  snprintf(t->order, sizeof(t->order), "%s", order);
  t->len = message.len;
  t->attempt = attempt;
  if (!fake.silent)
    done(arg, id, fake.unknown && strcmp(order, "deliver") != 0 ? OUTBOUND_UNKNOWN : fake.outcome);
}

void outbound_reported(struct outbound *o, const char *id, enum delivery_state state, uint32_t attempt) {
  assert(o == (struct outbound *)&fake && fake.reported_count < FAKE_MOST);
  snprintf(fake.reported[fake.reported_count].id, OUTBOUND_ID_LEN + 1, "%s", id);
  fake.reported[fake.reported_count].state = state;
  fake.reported[fake.reported_count++].attempt = attempt;
}

void outbound_state(const struct outbound *o, struct outbound_state *ret) {
  (void)o;
  *ret = fake.state;
}

int fake_change(const char *id, enum delivery_state state, uint32_t attempt, int64_t changed_ms, int64_t next_try_ms) {
  struct outbound_item item = {.id = id, .state = state, .attempt = attempt, .changed_ms = changed_ms,
                               .next_try_ms = next_try_ms, .channel = "sms-main", .to_key = "tel:+14155550100",
                               .provider_id = "SM1", .why = "greylisted", .code = "451 4.7.1",
                               .destination = "mx.example.org"};
  return fake.options.changed(fake.options.arg, &item);
}
