/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a desk; one that is accepted is then asked about an event whose text is the document itself. */
#include "desk/desk.h"

#define ROOM 5

static void check_rule(const struct desk *d, const struct desk_rule *rule) {
  bool defined = false;
  for (size_t i = 0; i < d->queue_count; i++)
    defined = defined || slice_equal(slice_text(d->queues[i].name), slice_text(rule->queue));
  assert(defined && rule->priority >= 1 && rule->priority <= 9 && rule->answer_within_ms >= 0);
  for (const char *c = rule->customer; *c; c++)
    assert((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("_-|;=<>.", *c));
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
  desk_free(&d);
  return 0;
}
