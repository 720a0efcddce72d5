/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration: refused with a complaint, or accepted; then what is printed must read back the same. */
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct config *c = NULL, *again = NULL;
  struct complaint complaint = {0};
  if (config_parse(slice_of(data, size), "fuzz.yaml", "/desk", &c, &complaint)) {
    assert(complaint.text[0] != '\0' && c == NULL);
    return 0;
  }
  struct buf first = BUF_INIT(64u << 20), second = BUF_INIT(64u << 20);
  config_print(c, &first);
  (void)config_channel_for_recipient(c, slice_of(data, size / 2), slice_of(data + size / 2, size - size / 2));
  if (first.len <= 1024 * 1024) { /* comments may make it larger than what is read */
    int r = config_parse(buf_slice(&first), "printed.yaml", "/desk", &again, &complaint);
    assert(r == 0);
    config_print(again, &second);
    assert(slice_equal(buf_slice(&first), buf_slice(&second)));
  }
  buf_free(&first);
  buf_free(&second);
  config_free(&c);
  config_free(&again);
  return 0;
}
