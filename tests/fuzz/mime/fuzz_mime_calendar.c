/* SPDX-License-Identifier: Apache-2.0 */
/* iCalendar: everything that is shown is clean, short and on one line, but for the description. */
#include "mime/calendar.h"
#include "mime/charset_set.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  charset_open_all();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  struct calendar c = {0};
  calendar_read(&r, slice_of(data, size), size % 3 ? SLICE("") : SLICE("koi8-r"), "request", &c);
  if (c.event) {
    const char *const lines[] = {c.event->method, c.event->uid,      c.event->summary,   c.event->start,
                                 c.event->end,    c.event->location, c.event->organizer, c.answer};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
      if (!utf8_clean(slice_text(lines[i])) || strpbrk(lines[i], "\n\t") || strlen(lines[i]) > 2100)
        abort();
    if (!utf8_clean(slice_text(c.description)) || !utf8_clean(slice_text(calendar_text(&r, &c))))
      abort();
  }
  if (r.failed)
    abort();
  arena_free(&r.arena);
  return 0;
}
