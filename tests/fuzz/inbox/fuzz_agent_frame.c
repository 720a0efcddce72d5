/* SPDX-License-Identifier: Apache-2.0 */
/* A message of an agent's client over ZeroMQ: never more than the arena, and what is accepted is in order. */
#include "agent_frame.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct arena *arena = arena_new(1024, 256 * 1024);
  enum agent_request kind;
  struct ask ask;
  struct ask_fault fault = {.words = ""};
  uint64_t id;
  int r = agent_frame_read(slice_of(data, size), arena, &id, &kind, &ask, &fault);
  if (r == AGENT_FRAME_WRONG && !fault.words[0])
    abort();
  if (r == 0 && kind == AGENT_ASK)
    for (size_t i = 0; i < FIELD_COUNT; i++) {
      struct slice s = ask.text[i];
      for (size_t k = 0; k < s.len; k++)
        if ((unsigned char)s.at[k] < 0x20 && !(i == FIELD_NOTE && (s.at[k] == '\n' || s.at[k] == '\t')))
          abort();
    }
  arena_free(&arena);
  return 0;
}
