/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes to find what is quoted in a text, by kind of text: 256 KiB and 1 MiB, CPU milliseconds, the best of
 * some runs. Where the second is four times the first, time is linear in size (QT-03).
 *   bench_strip [runs]
 * Prints one line of JSON: {"quotes": {"256KiB": …, "1MiB": …}, …}.
 */
#include "text/strip.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { KIBI = 1024, MEBI = 1024 * 1024 };

static const struct {
  const char *name, *piece;
} texts[] = {
    {"mail", "Dear all,\nthe printer on the second floor does not print since yesterday.\nPlease help: it is "
          "urgent.\n\n"},
    {"quotes", "> a quoted line of usual length, as mail programs break it\n"},
    {"marks_on_one_line", ">"},
    {"marks_on_lines", ">\n"},
    {"interleaved", "> question\nanswer\n"},
    {"blanks", " "},
    {"blank_lines", "\n"},
    {"colons", "a:\n"},
    {"labels", "From: a\n"},
    {"attributions", "Joe <joe@x.example> wrote:\n"},
    {"wrapped_attributions", "On Mon, May 6, 2024 at 10:00 Joe\n<joe@x.example>:\n"},
    {"delimiters", "-- \n"},
    {"sent_from", "Sent from my iPhone\n"},
    {"closings", "Best regards\n\n"},
    {"notices", "This email is confidential, privileged; in error delete.\n\n"},
    {"wide", "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x9A\n"},
};

static double run(const char *text, size_t len) {
  const struct strip_hints hints = {.fresh = false};
  struct arena *a = arena_new(MEBI, 64 * MEBI);
  struct strip_span *spans;
  size_t count;
  clock_t before = clock();
  if (strip_text(a, slice_of(text, len), &hints, &spans, &count) != 0)
    exit(1);
  double ms = (double)(clock() - before) * 1000 / CLOCKS_PER_SEC;
  arena_free(&a);
  return ms;
}

static double best(const char *text, size_t len, int runs) {
  double least = run(text, len);
  while (--runs > 0) {
    double ms = run(text, len);
    least = ms < least ? ms : least;
  }
  return least;
}

int main(int argc, char **argv) {
  int runs = argc > 1 ? atoi(argv[1]) : 5;
  char *text = must_realloc(NULL, MEBI);
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    size_t piece = strlen(texts[i].piece);
    for (size_t at = 0; at < MEBI; at++)
      text[at] = texts[i].piece[at % piece];
    printf("%s\"%s\": {\"256KiB\": %.2f, \"1MiB\": %.2f}", i ? ", " : "{", texts[i].name, best(text, 256 * KIBI, runs),
           best(text, MEBI, runs));
  }
  puts("}");
  free(text);
  return 0;
}
