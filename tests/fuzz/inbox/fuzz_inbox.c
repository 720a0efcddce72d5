/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as the agents' API reads it: first line "METHOD path?query", the rest the body. What is accepted must be in
 * order – no control characters, no separators of Redis's values, names and ids of their alphabets – and must make a call
 * of a step whose arguments are all there.
 */
#include "route.h"
#include "step.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct ask *ask, enum field field) {
  struct slice s = ask->text[field];
  if (s.at[s.len] != '\0')
    abort();
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.at[i];
    if ((c < 0x20 && !(field == FIELD_NOTE && (c == '\n' || c == '\t'))) || c == 0x7f)
      abort();
    bool name = field == FIELD_QUEUE || field == FIELD_AGENT || field == FIELD_ITEM;
    if (name && !strchr("abcdefghijklmnopqrstuvwxyz0123456789-", c))
      abort();
  }
}

static void check(const struct ask *ask, struct arena *arena) {
  static const struct caller caller = {.agent = "ana", .role = ACCESS_AGENT};
  const struct holding holding = {SLICE("active"), SLICE("ana"), SLICE("support"), SLICE(""), true};
  struct step_call call;
  for (size_t i = 0; i < FIELD_COUNT; i++)
    if (ask_has(ask, (enum field)i))
      check_text(ask, (enum field)i);
  if (!verb_row(ask->verb)->step[0] || step_call(ask, &caller, &holding, 1000, 45000, arena, &call) < 0)
    return;
  for (int i = 0; i < call.argc; i++)
    if (!call.argv[i] || (call.len[i] && !memchr(call.argv[i], call.argv[i][0], call.len[i])))
      abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice rest = slice_of(data, size), line, method, query;
  char method_text[32], path_text[2048], allow[ROUTE_ALLOW_MAX];
  if (!slice_split(&rest, '\n', &line) || !slice_split(&line, ' ', &method) || !line.at ||
      method.len >= sizeof(method_text))
    return 0;
  struct slice path;
  query = line;
  slice_split(&query, '?', &path);
  if (path.len >= sizeof(path_text) || memchr(path.at, 0, path.len) || memchr(method.at, 0, method.len))
    return 0;
  memcpy(method_text, method.at, method.len);
  method_text[method.len] = '\0';
  memcpy(path_text, path.at, path.len);
  path_text[path.len] = '\0';
  struct arena *arena = arena_new(1024, 64 * 1024);
  struct ask ask;
  struct ask_fault fault;
  if (route_find(method_text, path_text, arena, &ask, allow) == 0) {
    int r = strcmp(method_text, "GET") == 0 ? ask_query(&ask, query.at ? query : SLICE(""), arena, &fault)
                                            : ask_json(&ask, rest.at ? rest : SLICE(""), arena, &fault);
    if (r == 0 && ask_complete(&ask, &fault) == 0)
      check(&ask, arena);
    else if (r > 0 && !fault.words[0])
      abort();
  }
  arena_free(&arena);
  return 0;
}
