/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a desk; one that is accepted is then asked about an event whose text is the document itself. */
#include "hours/hours.h"
#include "template/review.h"
#include "desk/review.h"
#include "plan/plan.h"
#include "plan/worth.h"
#include <math.h>

#define ROOM 5
#define FRIDAY_MS 1795780800000 /* 2026-11-27T12:00Z */

static void check_rule(const struct desk *d, const struct desk_rule *rule) {
  bool defined = false;
  for (size_t i = 0; i < d->queue_count; i++)
    defined = defined || slice_equal(slice_text(d->queues[i].name), slice_text(rule->queue));
  assert(defined && rule->priority >= 1 && rule->priority <= 9 && rule->answer_within_ms >= 0);
  for (const char *c = rule->customer; *c; c++)
    assert((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("_-|;=<>.", *c));
}

static void hear(void *arg, const struct template_finding *f) {
  *(size_t *)arg += f->wrong;
  assert(f->text[0] != '\0');
}

/* What is known of good templates and hours holds for any that can be read. */
static void check_templates(const struct desk *d) {
  size_t wrong = 0;
  struct template_facts facts = {SLICE("mail"), slice_text(d->queues[0].name), SLICE("de-AT"), FRIDAY_MS};
  assert(template_review(d, NULL, hear, &wrong) == wrong);
  const struct desk_template *t = template_choose(d, &facts);
  assert(!t || (template_any(d, facts.channel) && template_fits_time(t, FRIDAY_MS)));
  for (size_t i = 0; i < d->hours_count; i++) {
    const struct hours *h = &d->hours[i];
    int64_t next = hours_next(h, FRIDAY_MS);
    assert(h->span_count > 0 && (next == FRIDAY_MS) == hours_open(h, FRIDAY_MS));
    assert(next < 0 || (hours_open(h, next) && (next == FRIDAY_MS || !hours_open(h, next - 1))));
  }
}

static void hear_desk(void *arg, const struct desk_finding *f) {
  *(size_t *)arg += f->wrong;
  assert(f->text[0] != '\0');
}

/* Rows end with RS, no field has anything below a blank but US. */
static void check_text(const struct buf *b) {
  assert(b->len == 0 || b->at[b->len - 1] == '\x1e');
  for (size_t i = 0; i < b->len; i++)
    assert((unsigned char)b->at[i] >= ' ' || b->at[i] == '\x1e' || b->at[i] == '\x1f');
}

/* What can be read can be reviewed and written down for routing, the same twice. */
static void check_routing(const struct desk *d, struct slice profile) {
  size_t wrong = 0;
  struct buf plan = BUF_INIT(PLAN_MAX_BYTES), again = BUF_INIT(PLAN_MAX_BYTES);
  assert(desk_review(d, FRIDAY_MS, hear_desk, &wrong) == wrong);
  if (plan_write(d, &plan) == 0 && plan_write(d, &again) == 0)
    assert(slice_equal(buf_slice(&plan), buf_slice(&again)));
  if (!plan.full)
    check_text(&plan);
  buf_clear(&again);
  if (plan_write_hours(d, FRIDAY_MS, &again) == 0)
    check_text(&again);
  double worth = desk_worth(d, "|vip|", 12.5, profile, FRIDAY_MS);
  assert(isfinite(worth) && worth > 0);
  buf_free(&plan);
  buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct desk *d = NULL;
  struct complaint complaint = {0};
  if (desk_parse(slice_of(data, size), "fuzz.yaml", &d, &complaint)) {
    assert(complaint.text[0] != '\0' && d == NULL);
    return 0;
  }
  struct slice all = slice_of(data, size);
  struct desk_facts facts = {.channel = SLICE("mail"), .channel_kind = SLICE("email"), .recipients = &all,
                             .recipient_count = 1, .subject = all, .text = all, .suspected = size & 1};
  uint16_t rules[ROOM];
  for (size_t max = 1; max <= ROOM; max++) {
    size_t count = desk_match(d, &facts, rules, max);
    assert(count >= 1 && count <= max);
    for (size_t i = 0; i < count; i++)
      assert(rules[i] < d->rule_count && (d->rules[rules[i]].customer[0] == '\0') == (i + 1 == count));
  }
  for (size_t i = 0; i < d->rule_count; i++)
    check_rule(d, &d->rules[i]);
  check_templates(d);
  check_routing(d, SLICE("{\"margin\":550,\"last\":\"2026-08-14\",\"plan\":\"gold\",\"stays\":0.5}"));
  desk_free(&d);
  return 0;
}
