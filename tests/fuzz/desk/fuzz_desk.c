/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a desk; one that is accepted is then asked about an event whose text is the document itself. */
#include "hours/hours.h"
#include "template/review.h"

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
  desk_free(&d);
  return 0;
}
