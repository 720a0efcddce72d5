/* SPDX-License-Identifier: Apache-2.0 */
/* Types, parameters and the names of attachments: clean lines, whatever they are made of. */
#include "mime/attachment_name.h"
#include "mime/charset_set.h"
#include "mime/parameter.h"
#include "mime/part_field.h"
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
  const struct slice value = slice_of(data, size);
  const struct mail_field fields[] = {
      {.name = SLICE("Content-Type"), .value = value},
      {.name = SLICE("Content-Disposition"), .value = value},
      {.name = SLICE("Content-Transfer-Encoding"), .value = value},
  };
  const struct mail_header h = {.fields = (struct mail_field *)(uintptr_t)fields, .count = 3};
  struct mail_part p = {0};
  struct slice boundary;
  part_fields_read(&r, &h, "text/plain", size % 2, &p, &boundary);
  const char *const lines[] = {p.type, p.name, p.report_type, p.method,
                               attachment_name_clean(&r, p.name, p.type)};
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    if (!utf8_clean(slice_text(lines[i])) || strpbrk(lines[i], "\n\t"))
      abort();
  const char *clean = lines[4];
  if (!*p.type || !*clean || strlen(clean) > ATTACHMENT_NAME_MAX || strpbrk(clean, "/\\") || r.failed)
    abort();
  arena_free(&r.arena);
  return 0;
}
