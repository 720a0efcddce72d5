/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is a date lies between the years 0 and 9999, and is the same the second time. */
#include "mime/date.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int64_t ms = 0, again = 0;
  if (!date_read(slice_of(data, size), &ms))
    return 0;
  if (!date_read(slice_of(data, size), &again) || ms != again)
    abort();
  if (ms < (date_days(0, 1, 1) - 1) * 86400000 || ms > (date_days(10000, 1, 1) + 1) * 86400000)
    abort();
  return 0;
}
