/* SPDX-License-Identifier: Apache-2.0 */
/* A customer's words against rules: the first line as the recipient and the subject, the rest as the text. */
#include "desk/desk.h"

static const char yaml[] =
    "queues: [{name: q}]\ndefault: {queue: q}\nrules:\n"
    "- {name: a, when: {words: [invoice, credit note, \"a b a c\", straße, Σίσυφος, "
    "发票, 請求書, \"İx\"]}, then: {queue: q}}\n"
    "- {name: b, when: {recipient: [\"*a*b*a\", \"x@*\", \"*é\"]}, then: {queue: q}}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct desk *d;
  if (!d && desk_parse(slice_text(yaml), "rules", &d, NULL))
    assert(!"the rules are good");
  struct slice rest = slice_of(data, size), first = {"", 0};
  slice_split(&rest, '\n', &first);
  struct desk_facts facts = {.recipients = &first, .recipient_count = 1, .subject = first, .text = rest};
  uint16_t rules[2];
  size_t count = desk_match(d, &facts, rules, 2);
  assert(count == 1 && rules[0] < d->rule_count);
  return 0;
}
