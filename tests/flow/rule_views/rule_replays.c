/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_replays: reads records of decisions (common/dispatch/record.h), one on each line, and decides each again from itself
 * alone. For each a line: the item and its agents best first, "w1 ana:2 bo:1" (how many are alike), a tab, the words; or
 * "differs", or "unreadable", and what.
 */
#include "dispatch/record.h"
#include <stdio.h>
#include <stdlib.h>

static void put_slice(struct slice s) {
  printf("%.*s", (int)s.len, s.at);
}

static void put_decision(const struct rule_record *r) {
  struct buf words = BUF_INIT(1 << 20);
  if (r->item_count)
    put_slice(r->items[0].item.id);
  for (size_t i = 0; i < r->agent_count; i++) {
    printf(" ");
    put_slice(r->agents[i].agent);
    printf(":%zu", r->agents[i].alike);
  }
  printf("\t%s\n", rule_words(r, &words) == 0 ? words.at : "no words");
  buf_free(&words);
}

int main(void) {
  static struct rule_record r;
  char *line = NULL;
  size_t size = 0;
  ssize_t len;
  while ((len = getline(&line, &size, stdin)) > 0) {
    const char *what = "";
    if (line[len - 1] == '\n')
      len--;
    if (rule_record_read(slice_of(line, (size_t)len), &r) != 0)
      printf("unreadable\n");
    else if (rule_replay(&r, &what) != 0)
      printf("differs %s\n", what);
    else
      put_decision(&r);
  }
  free(line);
  return 0;
}
