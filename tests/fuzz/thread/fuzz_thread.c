/* SPDX-License-Identifier: Apache-2.0 */
/* A mail's header into thread hints, and its subject into its base. Beyond not crashing: the limits hold, every text is
 * one clean line, no id holds blanks or brackets, each stands once, and a peeled subject is no longer than it was. */
#include "mime/address_list.h"
#include "mime/mime.h"
#include "mime/thread.h"
#include "text/subject.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  mime_start();
  return 0;
}

static void check_list(char *const *texts, size_t count, size_t most, bool ids) {
  if (count > most)
    abort();
  for (size_t i = 0; i < count; i++) {
    if (!texts[i][0] || !utf8_clean(slice_text(texts[i])) || strpbrk(texts[i], ids ? " \t\n<" : "\t\n"))
      abort();
    for (size_t k = 0; k < i; k++)
      if (strcmp(texts[i], texts[k]) == 0)
        abort();
  }
}

static void check_subject(struct slice subject) {
  struct arena *a = arena_new(64 * 1024, 64 * 1024 * 1024);
  enum subject_mark mark;
  char *shown = subject_shown(a, subject, &mark), *base = subject_base(a, subject);
  if (!shown || !base || !utf8_clean(slice_text(shown)) || !utf8_clean(slice_text(base)))
    abort();
  char *line = utf8_one_line(a, subject);
  if (!line || strlen(shown) > strlen(line) || strchr(shown, '\n'))
    abort();
  arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct reading r = {.arena = arena_new(64 * 1024, 256 * 1024 * 1024)};
  struct mail_header h;
  struct address_list to = {0};
  Deskbell__V1__ThreadHints hints;
  header_read(&r, slice_of(data, size), &h);
  for (const struct mail_field *f = NULL; (f = header_find(&h, "To", f));)
    address_list_read(&r, header_unfold(&r, f->value), &to);
  struct slice subject = header_value(&r, &h, "Subject");
  char *line = reading_line(&r, subject);
  thread_read(&r, &h, SLICE("own@x"), SLICE("token"), to.parties, to.count, line, &hints);
  check_list(hints.references, hints.n_references, THREAD_REFERENCES_MAX, true);
  check_list(hints.in_reply_to, hints.n_in_reply_to, THREAD_REPLIES_MAX, true);
  check_list(hints.reply_tokens, hints.n_reply_tokens, THREAD_TOKENS_MAX, false);
  check_list(hints.subject_tokens, hints.n_subject_tokens, 8, true);
  check_subject(subject);
  arena_free(&r.arena);
  return 0;
}
