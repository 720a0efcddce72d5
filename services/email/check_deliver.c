/* SPDX-License-Identifier: Apache-2.0 */
#include "check_deliver.h"
#include "base/clock.h"
#include "compose.h"
#include "header_write.h"
#include "relay.h"
#include "service/configuration.h"
#include <stdio.h>
#include <stdlib.h>

enum { ARGUMENTS = 8, MAIL_MOST = 64 * 1024 };

struct check {
  const struct channel_config *channel;
  const char *message_id, *reply_token, *token;
  char address[RELAY_ADDRESS_ROOM];
  struct relay relay;
  struct buf bytes;
};

static void say(const char *name, const char *value) {
  printf("%s ", name);
  for (; *value; value++)
    putchar((uint8_t)*value < ' ' || *value == 0x7F ? ' ' : *value);
  putchar('\n');
}

static int fail(const char *why) {
  say("error", why);
  return 1;
}

/* A notice, by its fields (Auto-Submitted and the like): nothing answers it. The name of the check comes first, for those
 * who look for it in a log or a filter. */
static const char *compose(struct check *c) {
  char subject[100], text[400];
  const char *why = NULL, *own = relay_own_address(c->channel);
  Deskbell__V1__OutboundMessage m = DESKBELL__V1__OUTBOUND_MESSAGE__INIT;
  auto_clean(buf_free) struct buf mail = BUF_INIT(MAIL_MOST);
  const struct compose_sender sender = {.address = slice_text(own), .name = slice_text(c->channel->from_name),
                                        .reply_to = slice_text(c->address)};
  snprintf(subject, sizeof(subject), "Deskbell check %s", c->token);
  snprintf(text, sizeof(text), "`deskbell check --deliver` sends this to find out whether mail of channel %s arrives. It is kept "
           "aside by the desk; nobody needs to do anything.\n", c->channel->name);
  m.kind = DESKBELL__V1__OUTBOUND_KIND__NOTICE;
  m.to = c->address;
  m.subject = subject;
  m.text = text;
  m.message_id = (char *)(uintptr_t)c->message_id;
  m.created_ms = clock_now_ms();
  if (compose_mail(&m, &sender, NULL, &mail, &why) != 0)
    return why;
  header_write_text(&c->bytes, "X-Deskbell-Check", slice_text(c->token));
  return buf_add_slice(&c->bytes, buf_slice(&mail)) ? "it is too large" : NULL;
}

static struct smtp_mail *no_other(void *arg) {
  (void)arg;
  return NULL;
}

static bool go_on(void *arg, struct smtp_mail *mail) {
  (void)arg, (void)mail;
  return true; /* nobody keeps what became of it */
}

static void ended(void *arg, struct smtp_mail *mail) {
  (void)arg, (void)mail;
}

static const char *outcome_text(enum outbound_outcome outcome) {
  static const char *const texts[] = {[OUTBOUND_ACCEPTED] = "accepted", [OUTBOUND_DEFERRED] = "deferred",
                                      [OUTBOUND_FAILED] = "failed", [OUTBOUND_UNSURE] = "unsure",
                                      [OUTBOUND_SUPPRESSED] = "failed"};
  return texts[outcome];
}

/* The bounce of a check would be known as one (token.h), but is not asked for either. */
static void send_it(struct check *c, int64_t patience_ms) {
  char *to[] = {c->address};
  struct smtp_mail mail = {.from = c->address, .to = to, .to_count = 1, .never_notify = true, .bytes = buf_slice(&c->bytes),
                           .outcome = OUTBOUND_DEFERRED};
  const struct smtp_user user = {.next = no_other, .committing = go_on, .done = ended};
  struct smtp_relay *r = &c->relay.smtp;
  r->connect_ms = r->connect_ms < patience_ms ? r->connect_ms : patience_ms;
  r->answer_ms = r->answer_ms && r->answer_ms < patience_ms ? r->answer_ms : patience_ms;
  c->relay.run(r, &mail, &user);
  say("outcome", outcome_text(mail.outcome));
  say("code", mail.code);
  say("why", mail.why);
}

static int run(struct check *c, const struct config *config, int64_t patience_ms) {
  static const char *const tls[] = {[SMTP_TLS_STARTTLS] = "STARTTLS", [SMTP_TLS_IMPLICIT] = "TLS from the first byte",
                                    [SMTP_TLS_NONE] = "no TLS"};
  struct complaint complaint = {.text = ""};
  const char *own = c->channel ? relay_own_address(c->channel) : NULL;
  if (!c->channel || c->channel->kind != CHANNEL_EMAIL)
    return fail("there is no such e-mail channel");
  if (!*config->smtp.host)
    return fail("no relay is configured: set smtp.host");
  if (!own)
    return fail("the channel has no whole address to write from: set from_address");
  if (relay_open(config, &c->relay, &complaint) < 0)
    return fail(complaint.text);
  relay_with_token(own, c->reply_token, c->address);
  c->bytes = BUF_INIT(MAIL_MOST);
  const char *why = compose(c);
  if (why)
    return fail(why);
  say("from", own);
  say("to", c->address);
  say("relay", c->relay.destination);
  say("tls", tls[config->smtp.tls]);
  send_it(c, patience_ms);
  return 0;
}

int check_deliver_main(int argc, char **argv) {
  struct config *config = NULL;
  struct complaint complaint = {.text = ""};
  uint64_t patience_ms;
  if (argc != ARGUMENTS || slice_to_u64(slice_text(argv[7]), 3600 * 1000, &patience_ms) != 0)
    return fail("wrong usage: this is for deskbell check --deliver");
  if (configuration_load(*argv[2] ? argv[2] : NULL, argv[1], &config, &complaint) < 0)
    return fail(complaint.text);
  struct check c = {.channel = config_channel(config, slice_text(argv[3])), .message_id = argv[4], .reply_token = argv[5],
                    .token = argv[6]};
  int status = run(&c, config, (int64_t)patience_ms);
  relay_close(&c.relay);
  buf_free(&c.bytes);
  config_free(&config);
  return status;
}
