/* SPDX-License-Identifier: Apache-2.0 */
/* What an acknowledgement says, and that nothing else can be made to be said by it (AR-30 … AR-39, SE-12, WF-20). */
#include "desk_of_test.h"
#include "token/token.h"

#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define CONVERSATION "v0123456789abcdef"

static int say(struct set *s, const contact_event *e, const char *name, int64_t pace_ms, struct policy_verdict *v,
               answer_message **ret) {
  struct policy_facts facts = facts_of(s, e);
  const struct compose_facts words = {.policy = &facts, .customer_name = slice_text(name), .pace_ms = pace_ms,
                                      .conversation = SLICE(CONVERSATION), .secret = SECRET, .unique = "0123456789"};
  *ret = NULL;
  assert_int_equal(policy_decide(&facts, s->arena, v), 0);
  assert_int_equal(v->answer, POLICY_SEND);
  return compose(&words, s->arena, v, ret);
}

static void a_mail_is_acknowledged(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  contact_event *e = mail_of(s, "mail", MAIL(PROOF "References: <a@example.org>\n"), ANN);
  char reference[REFERENCE_LEN + 1], found[CONVERSATION_ID_LEN + 1], expected[200];
  event_reference(e->id, reference);
  assert_int_equal(say(s, e, "", 0, &v, &m), 0);
  snprintf(expected, sizeof(expected), "We have it: %s, 4 hours", reference); /* the queue's service level */
  assert_string_equal(m->text, expected);
  assert_string_equal(m->subject, "Re: My order");
  assert_string_equal(m->to, ANN);
  assert_string_equal(m->in_reply_to, "m1@example.org");
  assert_int_equal(m->n_references, 2);
  assert_string_equal(m->references[1], "m1@example.org");
  assert_int_equal(m->n_cc, 0);
  assert_int_equal(m->n_attachments, 0);
  assert_string_equal(m->html, "");
  assert_int_equal(m->kind, DESKBELL__V1__OUTBOUND_KIND__ACKNOWLEDGEMENT);
  assert_string_equal(m->in_answer_to, e->id);
  assert_memory_equal(m->idempotency_key, "ack:", 4);
  assert_int_equal(token_message_id_check(SECRET, SLICE("mail"), slice_text(m->message_id), found), 0);
  assert_string_equal(found, CONVERSATION);
  assert_int_equal(token_reply_check(SECRET, SLICE("mail"), slice_text(m->reply_token), found), 0);
  assert_int_equal(say(s, e, "", 20 * 60 * 1000, &v, &m), 0);
  assert_non_null(strstr(m->text, "20 minutes")); /* what the queue does just now */
}

static void a_gap_stops_it(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  set_desk(s, "queues: [{name: support}]\ndefault: {queue: support}\n"
              "templates: [{name: a, when: {channel: [mail]}, text: \"in {{answer_time}}\"}]\n");
  assert_int_equal(say(s, mail_of(s, "mail", MAIL(""), ANN), "", 0, &v, &m), COMPOSE_SILENT);
  assert_int_equal(v.answer, POLICY_SILENT);
  assert_non_null(strstr(v.reason, "answer_time"));
  assert_null(m);
}

static void nothing_to_say(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  set_desk(s, "queues: [{name: support}]\ndefault: {queue: support}\n"
              "templates: [{name: a, when: {channel: [mail]}, text: \"{{customer_name|}} {{subject|}}\"}]\n");
  assert_int_equal(say(s, mail_of(s, "mail", FROM TO DATE BODY, ANN), "", 0, &v, &m), COMPOSE_SILENT);
  assert_string_equal(v.reason, "the text is empty");
  assert_int_equal(say(s, mail_of(s, "mail", FROM TO DATE BODY, ANN), "Ann", 0, &v, &m), 0);
}

static void subjects(void **state) {
  static const struct {
    const char *field, *expected;
  } rows[] = {{"Subject: Re: AW: [Order 7] x\n", "Re: [Order 7] x"},
              {"Subject: =?utf-8?Q?a=0D=0ABcc:_eve@example.net?=\n", "Re: a Bcc: eve@example.net"},
              {"Subject: {{reference}} {{customer_name}}\n", "Re: {{reference}} {{customer_name}}"},
              {"Subject: \n", "Example Ltd"},
              {"", "Example Ltd"}};
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char raw[600];
    snprintf(raw, sizeof(raw), FROM TO DATE PROOF "%s" BODY, rows[i].field);
    assert_int_equal(say(s, mail_of(s, "mail", raw, ANN), "", 0, &v, &m), 0);
    assert_string_equal(m->subject, rows[i].expected);
  }
  struct buf raw = BUF_INIT(100000);
  buf_add_text(&raw, FROM TO DATE PROOF "Subject: ");
  for (size_t i = 0; i < 3000; i++)
    buf_add_text(&raw, "ü");
  buf_add_text(&raw, BODY);
  buf_add(&raw, "", 1);
  assert_int_equal(say(s, mail_of(s, "mail", raw.at, ANN), "", 0, &v, &m), 0);
  assert_true(strlen(m->subject) > 300 && strlen(m->subject) <= 4 + 2 * COMPOSE_SUBJECT_MAX);
  buf_free(&raw);
}

/* AR-36: by forging From and the return path anybody could have us write their words to somebody. */
static void no_subject_of_who_is_not_proven(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  assert_int_equal(say(s, mail_of(s, "mail", MAIL(""), ANN), "", 0, &v, &m), 0);
  assert_string_equal(m->subject, "Example Ltd");
  contact_event *e = mail_of(s, "mail", MAIL("Authentication-Results: other.example; dmarc=pass header.from=example.org\n"), ANN);
  assert_int_equal(say(s, e, "", 0, &v, &m), 0);
  assert_string_equal(m->subject, "Example Ltd");
}

static void names_are_from_the_context_and_harmless(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  contact_event *e = mail_of(s, "mail", MAIL("Content-Language: de\n"), ANN);
  assert_int_equal(say(s, e, "", 0, &v, &m), 0);
  assert_memory_equal(m->text, "Guten Tag , ", 12); /* never the name that the mail gives itself */
  assert_int_equal(say(s, e, "Eve\r\nBcc: x@example.net\r\n\r\n{{reference}}", 0, &v, &m), 0);
  assert_null(strchr(m->text, '\r'));
  assert_null(strchr(m->text, '\n'));
  assert_non_null(strstr(m->text, "{{reference}}"));
}

static void nothing_of_who_only_typed_an_address(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  arena_reset(s->arena);
  contact_event *e = event_new(s->arena);
  e->id = (char *)"0123456789abcdef0123456789";
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = (char *)"open";
  e->channel_kind = (char *)"form";
  e->subject = (char *)"Buy pills at https://example.net";
  e->text = (char *)"pills";
  e->received_at_ms = NOW_MS;
  e->from = event_party_new(s->arena);
  e->from->address = (char *)ANN;
  e->from->key = (char *)"email:ann@example.org";
  e->from->name = (char *)"You have won https://example.net";
  assert_int_equal(say(s, e, "Known Customer", 0, &v, &m), 0);
  assert_memory_equal(m->text, "you - ", 6);
  assert_null(strstr(m->text, "pills"));
  assert_string_equal(m->subject, "Example Ltd");
  assert_string_equal(m->to_name, "");
  assert_string_equal(m->channel, "mail");
}

/* Anybody may name any return path: no customer's name goes there, and no advertisement in a subject. */
static void nothing_of_the_sender_to_another_return_path(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  set_desk(s, "queues: [{name: support}]\ndefault: {queue: support}\n"
              "templates: [{name: a, when: {channel: [mail]}, text: \"{{customer_name|you}} {{subject|-}}\",\n"
              "             allow: [return-path-differs]}]\n");
  assert_int_equal(say(s, mail_of(s, "mail", MAIL(PROOF), "eve@example.net"), "Known Customer", 0, &v, &m), 0);
  assert_string_equal(m->to, "eve@example.net");
  assert_string_equal(m->to_name, "");
  assert_string_equal(m->text, "you -");
  assert_string_equal(m->subject, "Example Ltd");
  assert_int_equal(say(s, mail_of(s, "mail", MAIL(PROOF), ANN), "Known Customer", 0, &v, &m), 0);
  assert_string_equal(m->text, "Known Customer My order");
}

static void a_long_sms_is_not_sent(void **state) {
  struct set *s = *state;
  struct policy_verdict v;
  answer_message *m;
  arena_reset(s->arena);
  contact_event *e = event_new(s->arena);
  e->id = (char *)"0123456789abcdef0123456789";
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = (char *)"text";
  e->channel_kind = (char *)"sms";
  e->received_at_ms = NOW_MS;
  e->from = event_party_new(s->arena);
  e->from->address = (char *)"+14155550100";
  e->from->key = (char *)"tel:+14155550100";
  assert_int_equal(say(s, e, "", 0, &v, &m), 0);
  assert_string_equal(m->subject, "");
  set_desk(s, "queues: [{name: support}]\ndefault: {queue: support}\n"
              "templates: [{name: a, when: {channel: [text]}, text: \"ü𝄞 0123456789012345678901234567890123456789012345678"
              "90123456789012345678901234567890\"}]\n");
  assert_int_equal(say(s, e, "", 0, &v, &m), COMPOSE_SILENT);
  assert_string_equal(v.reason, "SM-03 the text is 2 SMS long");
  /* 310 characters: three parts that a provider joins, two messages of ours; and those may be fewer than the desk allows. */
  char desk[600];
  snprintf(desk, sizeof(desk), "queues: [{name: support}]\ndefault: {queue: support}\nacknowledge: {sms_parts: 2}\n"
           "templates: [{name: a, when: {channel: [text]}, text: \"%0310d\"}]\n", 0);
  set_desk(s, desk);
  assert_int_equal(say(s, e, "", 0, &v, &m), COMPOSE_SILENT);
  assert_string_equal(v.reason, "SM-03 the text is 3 SMS long");
  struct channel_config *channel = (struct channel_config *)(uintptr_t)config_channel(s->config, SLICE("text"));
  channel->out_split = SPLIT_US;
  assert_int_equal(say(s, e, "", 0, &v, &m), 0);
  channel->out_parts_max = 1;
  assert_int_equal(say(s, e, "", 0, &v, &m), COMPOSE_SILENT);
  assert_string_equal(v.reason, "SM-03 the text is 2 SMS long");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_open, set_close)
  const struct CMUnitTest tests[] = {TEST(a_mail_is_acknowledged), TEST(a_gap_stops_it), TEST(nothing_to_say),
                                     TEST(subjects), TEST(no_subject_of_who_is_not_proven),
                                     TEST(names_are_from_the_context_and_harmless),
                                     TEST(nothing_of_who_only_typed_an_address),
                                     TEST(nothing_of_the_sender_to_another_return_path), TEST(a_long_sms_is_not_sent)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
