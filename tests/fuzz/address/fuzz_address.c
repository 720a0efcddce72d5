/* SPDX-License-Identifier: Apache-2.0 */
/* Beyond not crashing: a key is clean, within its limits, and is its own key. */
#include "text/address.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(struct arena *a, const char *key) {
  char *again;
  if (!utf8_clean(slice_text(key)) || strlen(key) > 512)
    abort();
  if (address_key_of(a, slice_text(key), &again) != 0 || strcmp(key, again) != 0)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct arena *a = arena_new(4096, 64 * 1024);
  struct slice s = slice_of(data, size), local, token, domain;
  char *address, *key;
  bool answerable;
  if (address_email(a, s, &address, &key) == 0) {
    check_key(a, key);
    if (!address_split_token(slice_text(address), &local, &token, &domain) && address[0] != '"')
      abort();
  }
  for (int e164 = 0; e164 < 2; e164++)
    if (address_phone(a, s, e164, &address, &key, &answerable) == 0)
      check_key(a, key);
  if (address_key_of(a, s, &key) == 0)
    check_key(a, key);
  address_split_token(s, &local, &token, &domain);
  arena_free(&a);
  return 0;
}
