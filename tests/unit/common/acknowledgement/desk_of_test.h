/* SPDX-License-Identifier: Apache-2.0 */
/* A desk that acknowledges, and mails for it, read by the real parser. */
#ifndef TEST_DESK_OF_TEST_H
#define TEST_DESK_OF_TEST_H

#include "acknowledgement/compose.h"
#include "mime/mime.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW_MS 1795773600000 /* 2026-11-27T10:00:00Z, a Friday */
#define DATE "Date: Fri, 27 Nov 2026 09:59:00 +0000\n"
#define FROM "From: Ann <ann@example.org>\n"
#define TO "To: support@example.com\n"
#define PROOF "Authentication-Results: mx.example.com; dmarc=pass header.from=example.org\n"
#define BODY "\nWhere is my order?\n"
#define MAIL(fields) FROM TO DATE "Message-ID: <m1@example.org>\nSubject: My order\n" fields BODY
#define ANN "ann@example.org"

static const char config_yaml[] =
    "desk: {name: Example Ltd}\n"
    "channels:\n"
    "  - {name: mail, kind: email, addresses: [support@example.com], from_address: desk@example.net,\n"
    "     authserv_ids: [mx.example.com], spam_headers: [\"X-Spam-Flag: YES\"]}\n"
    "  - {name: sales, kind: email, addresses: [sales@example.com, \"@shop.example\"]}\n"
    "  - {name: any, kind: email, addresses: [\"*\"]}\n"
    "  - {name: quiet, kind: email, addresses: [quiet@example.com]}\n"
    "  - {name: text, kind: sms, provider: twilio, secret_files: [a]}\n"
    "  - {name: chat, kind: sms, provider: generic, secret_files: [a],\n"
    "     addresses: [\"whatsapp:+14155550188\"], out_from: \"+14155550189\"}\n"
    "  - {name: dumb, kind: sms, provider: generic, secret_files: [a]}\n"
    "  - {name: contact, kind: form}\n"
    "  - {name: open, kind: form}\n";

static const char desk_yaml[] =
    "queues: [{name: support, answer_within: 4h}, {name: vip}]\n"
    "agents: [{name: bob, address: bob@staff.example, queues: [support]}]\n"
    "default: {queue: support}\n"
    "hours: [{name: office, zone: UTC, open: {mon-fri: \"09:00-17:00\"}}]\n"
    "templates:\n"
    "  - {name: de, when: {channel: [mail], language: [de]}, text: \"Guten Tag {{customer_name|}}, {{reference}}\"}\n"
    "  - {name: en, when: {channel: [mail, sales, any]}, text: \"We have it: {{reference}}, {{answer_time}}\"}\n"
    "  - {name: sms, when: {channel: [text, dumb]}, text: \"Got it. {{reference}}\"}\n"
    "  - {name: form, when: {channel: [contact]}, over: mail, text: \"{{reference}}\"}\n"
    "  - {name: typed, when: {channel: [open]}, over: mail, allow: [typed-address], text: \"{{customer_name|you}} "
    "{{subject|-}} {{reference}}\"}\n";

struct set {
  struct config *config;
  struct desk *desk;
  struct arena *arena;
  struct mime_own *own;
};

static void set_desk(struct set *s, const char *yaml) {
  struct complaint c = {.text = ""};
  desk_free(&s->desk);
  if (desk_parse(slice_text(yaml), "desk", &s->desk, &c) < 0)
    fail_msg("line %u: %s", c.line, c.text);
}

static int set_open(void **state) {
  struct set *s = must_calloc(1, sizeof(*s));
  struct complaint c = {.text = ""};
  if (config_parse(slice_text(config_yaml), "config", "/tmp", &s->config, &c) < 0)
    fail_msg("line %u: %s", c.line, c.text);
  set_desk(s, desk_yaml);
  s->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
  char *addresses[] = {(char *)"support@example.com", (char *)"sales@example.com", (char *)"@shop.example"};
  s->own = mime_own_new(addresses, 3);
  mime_start();
  *state = s;
  return 0;
}

static int set_close(void **state) {
  struct set *s = *state;
  config_free(&s->config);
  desk_free(&s->desk);
  arena_free(&s->arena);
  mime_own_free(&s->own);
  free(s);
  return 0;
}

/* `path`: the envelope's sender, "<>" the null path. */
static contact_event *mail_of(struct set *s, const char *channel, const char *raw, const char *path) {
  const struct channel_config *c = config_channel(s->config, slice_text(channel));
  const struct mime_trust trust = {.authserv_ids = c->authserv_ids, .authserv_id_count = c->authserv_id_count,
                                   .spam_headers = c->spam_headers, .spam_header_count = c->spam_header_count, .own = s->own};
  bool null_path = strcmp(path, "<>") == 0;
  const struct mime_envelope envelope = {.channel = slice_text(channel), .mail_from = slice_text(null_path ? "" : path),
                                         .null_path = null_path, .received_ms = NOW_MS, .trust = &trust};
  struct mime_result result;
  const char *why = "";
  arena_reset(s->arena);
  if (mime_to_event(slice_text(raw), &envelope, s->arena, &result, &why) != 0)
    fail_msg("unreadable: %s", why);
  return result.event;
}

static struct policy_facts facts_of(const struct set *s, const contact_event *e) {
  return (struct policy_facts){.event = e, .config = s->config, .desk = s->desk, .how = SLICE("new"),
                               .queue = SLICE("support"), .language = SLICE(""), .now_ms = NOW_MS};
}

#endif
