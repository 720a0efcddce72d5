/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_child.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "judge/judge.h"
#include "text/utf8.h"
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct findings {
  struct arena *arena;
  json_t *wrong, *alarms;
  size_t more;
};

/* Mended, because a sentence that was cut may end in the middle of a character that it quotes. */
static void add(struct findings *f, bool wrong, unsigned line, unsigned column, const char *text) {
  json_t *list = wrong ? f->wrong : f->alarms;
  const char *words = json_array_size(list) < JUDGE_FINDINGS ? utf8_mend(f->arena, slice_text(text), NULL) : NULL;
  if (!words)
    f->more++;
  else if (json_array_append_new(list, json_pack("{s:I, s:I, s:s}", "line", (json_int_t)line, "column", (json_int_t)column,
                                                 "text", words)) < 0)
    abort(); /* out of memory: better no verdict than one that lacks a finding */
}

static void hear(void *arg, const struct desk_finding *f) {
  add(arg, f->wrong, f->place.line, f->place.column, f->text);
}

static void judge(struct slice document, struct findings *f) {
  auto_clean(desk_free) struct desk *desk = NULL;
  struct complaint c = {.text = ""};
  if (desk_parse(document, "desk definition", &desk, &c) == 0)
    (void)!judge_desk(desk, clock_now_ms(), hear, f);
  else
    add(f, true, c.line, c.column, c.text);
}

static bool limit(void) {
  const struct rlimit none = {0, 0}, time = {JUDGE_CPU_S, JUDGE_CPU_S + 1};
  bool limited = setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_CPU, &time) == 0;
#ifndef __SANITIZE_ADDRESS__ /* whose own memory is terabytes of addresses */
  const struct rlimit memory = {JUDGE_MEMORY, JUDGE_MEMORY};
  limited = limited && setrlimit(RLIMIT_AS, &memory) == 0;
#endif
  return limited && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

int judge_child_main(void) {
  auto_clean(buf_free) struct buf document = BUF_INIT(DESK_MAX_BYTES);
  auto_clean(arena_free) struct arena *arena = arena_new(4096, 1024 * 1024);
  struct findings f = {.arena = arena};
  if (!limit() || file_read("/dev/stdin", &document) != 0)
    return 1;
  f.wrong = json_array();
  f.alarms = json_array();
  judge(buf_slice(&document), &f);
  json_t *all = json_pack("{s:o, s:o, s:I}", "wrong", f.wrong, "alarms", f.alarms, "more", (json_int_t)f.more);
  int status = all && json_dumpf(all, stdout, JSON_COMPACT) == 0 && fflush(stdout) == 0 ? 0 : 1;
  json_decref(all);
  return status;
}
