/* SPDX-License-Identifier: Apache-2.0 */
/* Who is acknowledged and who is not, rule by rule (standards AR-01 … AR-23, WF-20), with mails read by the real parser. */
#include "desk_of_test.h"

struct row {
  const char *name, *raw, *path, *reason; /* reason NULL: acknowledged; else how it begins */
};

static const struct row rows[] = {
    {"a person", MAIL(""), ANN, NULL},
    {"AR-01", MAIL(""), "<>", "AR-01"},
    {"AR-02 replied", MAIL("Auto-Submitted: auto-replied (vacation)\n"), ANN, "AR-02"},
    {"AR-02 owner", MAIL("Auto-Submitted: auto-replied; owner-email=\"a@b\"\n"), ANN, "AR-02"},
    {"AR-02 generated", MAIL("Auto-Submitted: AUTO-GENERATED\n"), ANN, "AR-02"},
    {"AR-02 notified", MAIL("Auto-Submitted: auto-notified\n"), ANN, "AR-02"},
    {"AR-02 unknown", MAIL("Auto-Submitted: x-thing\n"), ANN, "AR-02"},
    {"AR-02 no", MAIL("Auto-Submitted: no\n"), ANN, NULL},
    {"AR-02 No", MAIL("Auto-Submitted: No\n"), ANN, NULL},
    {"AR-02 no parameter", MAIL("Auto-Submitted: no; x=y\n"), ANN, NULL},
    {"AR-02 no comment", MAIL("Auto-Submitted: (c) no\n"), ANN, NULL},
    {"AR-02 twice", MAIL("Auto-Submitted: no\nAuto-Submitted: auto-replied\n"), ANN, "AR-02"},
    {"AR-03 id", MAIL("List-Id: <x.example>\n"), ANN, "AR-03"},
    {"AR-03 help", MAIL("List-Help: <mailto:x@example.org>\n"), ANN, "AR-03"},
    {"AR-03 subscribe", MAIL("List-Subscribe: <mailto:x@example.org>\n"), ANN, "AR-03"},
    {"AR-03 unsubscribe", MAIL("List-Unsubscribe: <mailto:x@example.org>\n"), ANN, "AR-03"},
    {"AR-03 post", MAIL("List-Post: NO\n"), ANN, "AR-03"},
    {"AR-03 owner", MAIL("List-Owner: <mailto:x@example.org>\n"), ANN, "AR-03"},
    {"AR-03 archive", MAIL("List-Archive: <https://example.org>\n"), ANN, "AR-03"},
    {"AR-04 bulk", MAIL("Precedence: bulk\n"), ANN, "AR-04"},
    {"AR-04 junk", MAIL("X-Precedence: JUNK\n"), ANN, "AR-04"},
    {"AR-04 list", MAIL("Precedence: list\n"), ANN, "AR-04"},
    {"AR-04 auto_reply", MAIL("Precedence: auto_reply\n"), ANN, "AR-04"},
    {"AR-04 first-class", MAIL("Precedence: first-class\n"), ANN, NULL},
    {"AR-05 all", MAIL("X-Auto-Response-Suppress: All\n"), ANN, "AR-05"},
    {"AR-05 oof", MAIL("X-Auto-Response-Suppress: DR, oof\n"), ANN, "AR-05"},
    {"AR-05 autoreply", MAIL("X-Auto-Response-Suppress: AutoReply\n"), ANN, "AR-05"},
    {"AR-05 dr", MAIL("X-Auto-Response-Suppress: DR, RN, NRN, NDR\n"), ANN, NULL},
    {"AR-05 none", MAIL("X-Auto-Response-Suppress: None\n"), ANN, NULL},
    {"AR-06", FROM TO DATE "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nx\n--b--\n", ANN,
     "AR-06"},
    {"AR-06 parts lost", MAIL("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"), ANN, "AR-06"},
    {"AR-06 receipt alone", MAIL("Content-Type: message/disposition-notification\n"), ANN, "AR-06"},
    {"AR-06 complaint alone", MAIL("Content-Type: Message/Feedback-Report\n"), ANN, "AR-06"},
    {"AR-07 other channel", "From: sales@example.com\n" TO DATE BODY, "sales@example.com", "AR-1"},
    {"AR-07 domain", "From: x@shop.example\n" TO DATE BODY, "x@shop.example", "AR-"},
    {"AR-07 sub-address", "From: x@shop.example\n" TO DATE "Authentication-Results: mx.example.com; dkim=pass header.d=shop.example\n"
     BODY, "x@shop.example", "AR-07"},
    {"AR-07 our sender", "From: desk@example.net\n" TO DATE BODY, "desk@example.net", "AR-07"},
    {"AR-07 our sender's sub-address", "From: desk+abc@example.net\n" TO DATE BODY, "desk+abc@example.net", "AR-07"},
    {"AR-07 agent", "From: Bob@staff.example\n" TO DATE BODY, "bob@staff.example", "AR-07"},
    {"AR-09 mailer-daemon", "From: mailer-daemon@example.org\n" TO DATE BODY, "mailer-daemon@example.org", "AR-09"},
    {"AR-09 noreply", "From: noreply-7@example.org\n" TO DATE BODY, "noreply-7@example.org", "AR-09"},
    {"AR-09 owner", "From: owner-x@example.org\n" TO DATE BODY, "owner-x@example.org", "AR-09"},
    {"AR-09 request", "From: x-request@example.org\n" TO DATE BODY, "x-request@example.org", "AR-09"},
    {"AR-09 path", MAIL(""), "x-bounces+7@example.org", "AR-09"},
    {"AR-09 postmaster", "From: postmaster@example.org\n" TO DATE BODY, "postmaster@example.org", "AR-09"},
    {"AR-10 blind copy", FROM "To: friends@example.org\n" DATE BODY, ANN, "AR-10"},
    {"AR-10 nobody", FROM DATE BODY, ANN, "AR-10"},
    {"AR-10 copy", FROM "To: x@example.org\nCc: Desk <SUPPORT@example.com>\n" DATE BODY, ANN, NULL},
    {"AR-10 sub-address", FROM "To: support+abc@example.com\n" DATE BODY, ANN, NULL},
    {"AR-11 x-autoreply", MAIL("X-Autoreply: yes\n"), ANN, "AR-11"},
    {"AR-11 x-loop", MAIL("X-Loop: a\n"), ANN, "AR-11"},
    {"AR-11 failed", MAIL("X-Failed-Recipients: a@example.org\n"), ANN, "AR-11"},
    {"AR-11 exchange", MAIL("X-MS-Exchange-Inbox-Rules-Loop: a@example.org\n"), ANN, "AR-11"},
    {"AR-11 delivered-to", MAIL("Delivered-To: autoresponder\n"), ANN, "AR-11"},
    {"AR-12 spam", MAIL("X-Spam-Flag: YES\n"), ANN, "AR-12"},
    {"AR-12 forged", MAIL("Authentication-Results: mx.example.com; dmarc=fail header.from=example.org\n"), ANN, "AR-12"},
    {"AR-12 not trusted", MAIL("Authentication-Results: other.example; dmarc=fail header.from=example.org\n"), ANN, NULL},
    {"AR-13 no from", TO DATE BODY, ANN, "AR-13"},
    {"AR-13 two", "From: ann@example.org, eve@example.org\n" TO DATE BODY, ANN, "AR-13"},
    {"AR-13 bad from", "From: <nobody>\n" TO DATE BODY, ANN, "AR-13"},
    {"AR-18", FROM TO DATE "Subject: Automatic reply: My order\n" BODY, ANN, "AR-18"},
    {"AR-20", MAIL(""), "", "AR-20"},
    {"AR-20 reply-to is nobody", MAIL("Reply-To: eve@example.net\n"), ANN, NULL},
    {"AR-21", MAIL(""), "ann@example.net", "AR-21"},
    {"AR-21 case", MAIL(""), "Ann@EXAMPLE.org", NULL},
    {"AR-21 verp", MAIL(""), "b-ann=example.org@example.org", "AR-21"},
    {"old", FROM TO "Date: Wed, 25 Nov 2026 09:59:00 +0000\n" BODY, ANN, "the message is too old"},
    {"yesterday", FROM TO "Date: Thu, 26 Nov 2026 11:00:00 +0000\n" BODY, ANN, NULL},
};

static void each_rule(void **state) {
  struct set *s = *state;
  size_t wrong = 0;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const struct row *row = &rows[i];
    const contact_event *e = mail_of(s, "mail", row->raw, row->path);
    const struct policy_facts facts = facts_of(s, e);
    struct policy_verdict v;
    assert_int_equal(policy_decide(&facts, s->arena, &v), 0);
    bool good = row->reason ? v.answer == POLICY_SILENT && strncmp(v.reason, row->reason, strlen(row->reason)) == 0
                            : v.answer == POLICY_SEND;
    if (!good)
      print_error("%s: answer %d, reason \"%s\"\n", row->name, v.answer, v.reason);
    wrong += !good;
    if (v.answer == POLICY_SEND) {
      assert_string_equal(v.to_key, "email:ann@example.org");
      assert_string_equal(v.over->name, "mail");
      assert_true(slice_equal(v.domain, SLICE("example.org")));
    }
  }
  assert_int_equal(wrong, 0);
}

static enum policy_answer ask(struct set *s, struct policy_facts facts, struct policy_verdict *v) {
  assert_int_equal(policy_decide(&facts, s->arena, v), 0);
  return v->answer;
}

static void what_is_not_asked(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  contact_event *e = mail_of(s, "mail", MAIL(""), ANN);
  struct policy_facts f = facts_of(s, e);
  f.how = SLICE("token");
  assert_int_equal(ask(s, f, &v), POLICY_NOT_ASKED);
  f.how = SLICE("loopback");
  assert_int_equal(ask(s, f, &v), POLICY_NOT_ASKED);
  f = facts_of(s, e);
  e->kind = DESKBELL__V1__EVENT_KIND__OPT_OUT;
  assert_int_equal(ask(s, f, &v), POLICY_NOT_ASKED);
  e = mail_of(s, "quiet", FROM "To: quiet@example.com\n" DATE BODY, ANN);
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_NOT_ASKED);
}

static void a_template_may_allow(void **state) {
  static const struct {
    const char *allow, *raw, *path;
  } cases[] = {{"return-path-differs", MAIL(""), "ann@example.net"},
               {"not-addressed", FROM DATE BODY, ANN},
               {"postmaster", "From: postmaster@example.org\n" TO DATE BODY, "postmaster@example.org"}};
  struct set *s = *state;
  for (size_t i = 0; i < 3; i++) {
    char yaml[400];
    struct policy_verdict v;
    snprintf(yaml, sizeof(yaml), "queues: [{name: support}]\ndefault: {queue: support}\n"
             "templates: [{name: a, when: {channel: [mail]}, text: x, allow: [%s]}]\n", cases[i].allow);
    set_desk(s, yaml);
    const contact_event *e = mail_of(s, "mail", cases[i].raw, cases[i].path);
    assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SEND);
    if (i == 0)
      assert_string_equal(v.to, "ann@example.net");
  }
}

static void languages_and_queues_choose(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  contact_event *e = mail_of(s, "mail", MAIL("Content-Language: de-AT\n"), ANN);
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SEND);
  assert_string_equal(v.template->name, "de");
  struct policy_facts f = facts_of(s, e);
  f.language = SLICE("fr"); /* the customer's own counts more than the mail's */
  assert_int_equal(ask(s, f, &v), POLICY_SEND);
  assert_string_equal(v.template->name, "en");
  set_desk(s, "queues: [{name: support}, {name: vip}]\ndefault: {queue: support}\n"
              "templates: [{name: a, when: {channel: [mail], queue: [vip]}, text: x}]\n");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  assert_string_equal(v.reason, "no template fits");
  f = facts_of(s, e);
  f.queue = SLICE("vip");
  assert_int_equal(ask(s, f, &v), POLICY_SEND);
}

static contact_event *post(struct set *s, const char *channel, const char *kind, const char *address, const char *key) {
  arena_reset(s->arena);
  contact_event *e = event_new(s->arena);
  e->id = (char *)"0123456789abcdef0123456789";
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = (char *)(uintptr_t)channel;
  e->channel_kind = (char *)(uintptr_t)kind;
  e->received_at_ms = NOW_MS;
  e->from = event_party_new(s->arena);
  e->from->address = (char *)(uintptr_t)address;
  e->from->key = (char *)(uintptr_t)key;
  return e;
}

static void other_channels(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  contact_event *e = post(s, "text", "sms", "+14155550100", "tel:+14155550100");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SEND);
  assert_string_equal(v.to, "+14155550100");
  assert_string_equal(v.over->name, "text");
  assert_int_equal(v.domain.len, 0);
  e = post(s, "dumb", "sms", "+14155550100", "tel:+14155550100"); /* its provider calls us, and cannot be called */
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  assert_string_equal(v.reason, "channel dumb has no way out");
  e = post(s, "text", "sms", "MYBANK", "short:MYBANK");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  e = post(s, "text", "sms", "", "");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  static const char *const ours[] = {"tel:+14155550188", "tel:+14155550189"}; /* of another channel */
  for (size_t i = 0; i < 2; i++) {
    e = post(s, "text", "sms", ours[i] + 4, ours[i]);
    assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
    assert_memory_equal(v.reason, "AR-07", 5);
  }
  e = post(s, "contact", "form", ANN, "email:ann@example.org");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  assert_memory_equal(v.reason, "WF-20", 5);
  e = post(s, "open", "form", ANN, "email:ann@example.org");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SEND);
  assert_true(v.typed);
  assert_string_equal(v.over->name, "mail");
  e->suspected = (char *)"honeypot";
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  e = post(s, "open", "form", "sales@example.com", "email:sales@example.com");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  assert_memory_equal(v.reason, "AR-07", 5);
  e = post(s, "open", "form", "+14155550100", "tel:+14155550100");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SILENT);
  e = post(s, "open", "form", "ann@gmail.com", "email:ann@gmail.com");
  assert_int_equal(ask(s, facts_of(s, e), &v), POLICY_SEND);
  assert_int_equal(v.domain.len, 0); /* a mail provider's: counts for nobody */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_open, set_close)
  const struct CMUnitTest tests[] = {TEST(each_rule), TEST(what_is_not_asked), TEST(a_template_may_allow),
                                     TEST(languages_and_queues_choose), TEST(other_channels)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
