/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "normalise_twilio.h"
#include "webhook/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct arena *a;
  if (!a)
    a = arena_new(1 << 20, 1 << 26);
  arena_reset(a);
  struct source source = fuzz_source(a);
  struct form form;
  contact_event *e;
  struct slice body = slice_of(data, size), secret = SLICE("12345");
  if (form_parse_urlencoded(a, body, &form) != 0)
    return 0;
  if (signature_twilio(&secret, 1, body, &form, body, SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), a) == 0)
    abort();
  if (normalise_twilio(&source, &form, &e) == 0)
    fuzz_check(a, e);
  return 0;
}
