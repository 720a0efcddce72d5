/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any mail, from any return path, may be acknowledged with a template that says all it can: the acknowledgement goes to one
 * address, its subject is one line, its text has the template's lines and no more, and nothing of it could end a header
 * field. Input: the return path up to the first line end, the customer's name up to the next, the mail.
 */
#include "acknowledgement/compose.h"
#include "mime/mime.h"
#include <stdio.h>
#include <stdlib.h>

#define NOW_MS 1795773600000
#define LINES 2

static const char config_yaml[] = "desk: {name: Example Ltd}\n"
                                  "channels: [{name: mail, kind: email, addresses: [\"*\"]}]\n";
static const char desk_yaml[] =
    "queues: [{name: support, answer_within: 4h}]\n"
    "default: {queue: support}\n"
    "acknowledge: {max_age: 30d}\n"
    "templates:\n"
    "  - name: all\n"
    "    when: {channel: [mail]}\n"
    "    allow: [return-path-differs, not-addressed, postmaster]\n"
    "    subject: \"{{subject|}} {{customer_name|}}\"\n"
    "    text: \"{{subject|}}\\n{{customer_name|}}\\n{{reference}} {{queue|}} {{answer_time|}}\"\n";

static struct config *config;
static struct desk *desk;
static struct arena *arena;

static void start(void) {
  struct complaint c;
  if (config)
    return;
  if (config_parse(slice_text(config_yaml), "config", "/", &config, &c) < 0 ||
      desk_parse(slice_text(desk_yaml), "desk", &desk, &c) < 0)
    abort();
  arena = arena_new(256 * 1024, 256 * 1024 * 1024);
  mime_start();
}

#define must(holds)                                                                                                    \
  do {                                                                                                                 \
    if (!(holds)) {                                                                                                    \
      fprintf(stderr, "does not hold: %s\n", #holds);                                                                  \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

static void check_line(const char *text) {
  for (const char *at = text; *at; at++)
    must((uint8_t)*at >= ' ' && *at != 0x7F);
}

static void check(const answer_message *m, const struct policy_verdict *v) {
  size_t lines = 0;
  check_line(m->subject);
  check_line(m->to_name);
  check_line(m->to);
  check_line(m->message_id);
  check_line(m->in_reply_to);
  for (size_t i = 0; i < m->n_references; i++)
    check_line(m->references[i]);
  for (const char *at = m->text; *at; at++) {
    lines += *at == '\n';
    must((uint8_t)*at >= ' ' || *at == '\n');
  }
  must(lines == LINES && strlen(m->text) <= COMPOSE_TEXT_MAX);
  must(!strpbrk(m->to, " ,;<>") && strncmp(m->to_key, "email:", 6) == 0 && m->n_cc == 0 && m->n_attachments == 0);
  must(strcmp(m->to, v->to) == 0 && !m->html[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice rest = slice_of((const char *)data, size), path, name;
  start();
  arena_reset(arena);
  if (!slice_split(&rest, '\n', &path) || !slice_split(&rest, '\n', &name))
    return 0;
  const struct mime_envelope envelope = {.channel = SLICE("mail"), .mail_from = path, .null_path = path.len == 0,
                                         .received_ms = NOW_MS};
  struct mime_result result;
  struct policy_verdict v;
  const char *why;
  if (mime_to_event(rest, &envelope, arena, &result, &why) != 0)
    return 0;
  const struct policy_facts facts = {.event = result.event, .config = config, .desk = desk, .how = SLICE("new"),
                                     .queue = SLICE("support"), .now_ms = NOW_MS};
  const struct compose_facts words = {.policy = &facts, .customer_name = name, .conversation = SLICE("v0123456789abcdef"),
                                      .secret = SLICE("0123456789abcdef0123456789abcdef"), .unique = "0123456789"};
  answer_message *m = NULL;
  must(policy_decide(&facts, arena, &v) == 0);
  must(v.answer != POLICY_SILENT || v.reason[0]);
  if (v.answer == POLICY_SEND && compose(&words, arena, &v, &m) == 0)
    check(m, &v);
  return 0;
}
