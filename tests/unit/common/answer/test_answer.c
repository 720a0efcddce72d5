/* SPDX-License-Identifier: Apache-2.0 */
/* An answer finds its way: address, subject, References, and ids that prove what they answer. */
#include "answer/answer.h"
#include "base/file.h"
#include "token/token.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define CONVERSATION "v0123456789abcdef"

static struct arena *arena;

static int open_arena(void **state) {
  (void)state;
  arena = arena_new(16 * 1024, 1024 * 1024);
  return 0;
}

static int close_arena(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static contact_event *mail_event(void) {
  arena_reset(arena);
  contact_event *e = event_new(arena);
  e->id = (char *)"0123456789abcdef0123456789";
  e->from = event_party_new(arena);
  e->from->address = (char *)"Ann@EXAMPLE.org";
  e->from->key = (char *)"email:ann@example.org";
  e->from->name = (char *)"Ann\tExample";
  e->subject = (char *)"AW: My order";
  e->language = (char *)"de";
  e->thread = arena_alloc(arena, sizeof(*e->thread));
  deskbell__v1__thread_hints__init(e->thread);
  e->thread->message_id = (char *)"m9@example.org";
  return e;
}

static struct answer_options options_of(bool mail) {
  return (struct answer_options){.secret = SECRET, .channel = SLICE("mail"), .mail = mail,
                                 .conversation = SLICE(CONVERSATION), .domain = SLICE("desk.example.com"),
                                 .unique = "0123456789", .root = SLICE("")};
}

static void a_mail_is_answered(void **state) {
  (void)state;
  struct answer_options o = options_of(true);
  answer_message *m;
  contact_event *e = mail_event();
  m = answer_new(arena);
  assert_int_equal(answer_to(e, &o, arena, m), 0);
  assert_string_equal(m->to, "Ann@example.org");
  assert_string_equal(m->to_key, "email:ann@example.org");
  assert_string_equal(m->to_name, "Ann Example");
  assert_string_equal(m->subject, "Re: My order");
  assert_string_equal(m->in_reply_to, "m9@example.org");
  assert_int_equal(m->n_references, 1);
  assert_string_equal(m->references[0], "m9@example.org");
  assert_string_equal(m->in_answer_to, e->id);
  assert_string_equal(m->language, "de");
  assert_string_equal(m->channel, "mail");
  assert_string_equal(m->conversation, CONVERSATION);
  char back[CONVERSATION_ID_LEN + 1];
  assert_int_equal(token_message_id_check(SECRET, SLICE("mail"), slice_text(m->message_id), back), 0);
  assert_string_equal(back, CONVERSATION);
  assert_non_null(strstr(m->message_id, "@desk.example.com"));
  assert_int_equal(token_reply_check(SECRET, SLICE("mail"), slice_text(m->reply_token), back), 0);
  assert_int_equal(token_reply_check(SECRET, SLICE("other"), slice_text(m->reply_token), back), TOKEN_NOT_OURS);
}

static void a_text_message_is_answered(void **state) {
  (void)state;
  struct answer_options o = options_of(false);
  answer_message *m;
  contact_event *e = mail_event();
  e->from->address = (char *)"+14155550100";
  e->from->key = (char *)"tel:+14155550100";
  m = answer_new(arena);
  assert_int_equal(answer_to(e, &o, arena, m), 0);
  assert_string_equal(m->to, "+14155550100");
  assert_string_equal(m->subject, "");
  assert_string_equal(m->message_id, "");
  assert_int_equal(m->n_references, 0);
}

static void who_cannot_be_written_to(void **state) {
  (void)state;
  static const struct {
    const char *address, *key;
    bool mail;
  } rows[] = {{"", "email:a@b.example", true},        {"a@b.example", "", true},
              {"+14155550100", "tel:+14155550100", true}, {"a@b.example\nBcc: c@d.example", "email:x", true},
              {"a@b.example\nBcc: c@d.example", "email:x", false}, {"a b@c.example, d@e.example", "email:x", true}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct answer_options o = options_of(rows[i].mail);
    answer_message *m;
    contact_event *e = mail_event();
    m = answer_new(arena);
    e->from->address = (char *)rows[i].address;
    e->from->key = (char *)rows[i].key;
    assert_int_equal(answer_to(e, &o, arena, m), ANSWER_NO_ADDRESS);
    e->from = NULL;
    assert_int_equal(answer_to(e, &o, arena, m), ANSWER_NO_ADDRESS);
  }
}

static void subjects(void **state) {
  (void)state;
  static const struct {
    const char *subject, *expected;
  } rows[] = {
      {"My order", "Re: My order"},
      {"", "Re: "},
      {"Re: My order", "Re: My order"},
      {"RE: re: Re:My order", "Re: My order"},
      {"Re[2]: My order", "Re: My order"},
      {"Re (3) : My order", "Re: My order"},
      {"AW: WG: Bestellung", "Re: Bestellung"},
      {"SV: VS: VB: tilaus", "Re: tilaus"},
      {"Antw: RES: ENC: TR: RV: x", "Re: x"},
      {"Odp: YNT: x", "Re: x"},
      {"回复：订单", "Re: 订单"},
      {"转发: 回复: 订单", "Re: 订单"},
      {"Fwd: Re: [Order 42] where?", "Re: [Order 42] where?"},
      {"[list] Re: x", "Re: [list] Re: x"},
      {"Regarding: my order", "Re: Regarding: my order"},
      {"Result: fine", "Re: Result: fine"},
      {"re", "Re: re"},
      {"Re[x]: y", "Re: Re[x]: y"},
      {"Re: \n\tBcc: eve@evil.example", "Re: Bcc: eve@evil.example"},
      {"  spaces   within ", "Re: spaces within"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    arena_reset(arena);
    assert_string_equal(answer_subject(arena, slice_text(rows[i].subject)), rows[i].expected);
  }
  char long_text[4001];
  for (size_t i = 0; i < 4000; i += 4)
    memcpy(long_text + i, "\xF0\x9F\x98\x80", 4);
  long_text[4000] = '\0';
  const char *cut = answer_subject(arena, slice_text(long_text));
  assert_int_equal(strlen(cut), ANSWER_SUBJECT_MAX);
}

/* References of the event, In-Reply-To of it, root; what is expected, by blanks. */
static void references(void **state) {
  (void)state;
  static const struct {
    const char *references, *in_reply_to, *message_id, *root, *expected;
  } rows[] = {
      {"", "", "m9", "", "m9"},
      {"a b", "b", "m9", "", "a b m9"},
      {"", "a", "m9", "", "a m9"},
      {"", "a b", "m9", "", "m9"}, /* two: which? RFC 5322 3.6.4 takes none */
      {"a b", "", "m9", "a", "a b m9"},
      {"b c", "", "m9", "root", "root b c m9"},
      {"", "", "m9", "m9", "m9"},
      {"", "", "", "root", "root"},
      {"a m9 b", "", "m9", "", "a b m9"},
      {"a <b> c", "", "m9", "", "a c m9"},
      {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", "", "m9", "",
       "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 m9"},
      {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22", "", "m9", "",
       "1 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 m9"},
      {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22", "", "m9", "root",
       "root 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 m9"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct answer_options o = options_of(true);
    answer_message *m;
    contact_event *e = mail_event();
    m = answer_new(arena);
    char refs[200], replies[50], found[300] = "", *list[40], *reply_list[4], *save;
    snprintf(refs, sizeof(refs), "%s", rows[i].references);
    snprintf(replies, sizeof(replies), "%s", rows[i].in_reply_to);
    for (char *w = strtok_r(refs, " ", &save); w; w = strtok_r(NULL, " ", &save))
      list[e->thread->n_references++] = w;
    for (char *w = strtok_r(replies, " ", &save); w; w = strtok_r(NULL, " ", &save))
      reply_list[e->thread->n_in_reply_to++] = w;
    e->thread->references = list;
    e->thread->in_reply_to = reply_list;
    e->thread->message_id = (char *)rows[i].message_id;
    o.root = slice_text(rows[i].root);
    assert_int_equal(answer_to(e, &o, arena, m), 0);
    for (size_t k = 0; k < m->n_references; k++)
      snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s", k ? " " : "", m->references[k]);
    assert_string_equal(found, rows[i].expected);
    assert_string_equal(m->in_reply_to, rows[i].message_id);
  }
}

static void an_event_without_thread_is_answered(void **state) {
  (void)state;
  struct answer_options o = options_of(true);
  answer_message *m;
  contact_event *e = mail_event();
  m = answer_new(arena);
  e->thread = NULL;
  assert_int_equal(answer_to(e, &o, arena, m), 0);
  assert_int_equal(m->n_references, 0);
  assert_string_equal(m->in_reply_to, "");
}

static void limits_are_said(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf packed = BUF_INIT(ANSWER_MAX_BYTES);
  static char text[ANSWER_MAX_BYTES + 1];
  answer_message *m;
  contact_event *e = mail_event();
  struct answer_options o = options_of(true);
  char domain[300];
  m = answer_new(arena);
  memset(text, 'x', sizeof(text) - 1);
  m->text = text;
  assert_int_equal(answer_pack(m, &packed), ANSWER_TOO_LARGE);
  text[sizeof(text) - 100] = '\0';
  assert_int_equal(answer_pack(m, &packed), 0);
  memset(domain, 'd', sizeof(domain));
  o.domain = slice_of(domain, sizeof(domain));
  assert_int_equal(answer_to(e, &o, arena, m), -ENAMETOOLONG);
  struct arena *small = arena_new(64, 64);
  assert_int_equal(answer_to(e, &o, small, m), -ENOMEM);
  arena_free(&small);
}

/* What lies in outboxes and delivery stores must be read for ever, and is written the same way. */
static void a_stored_message_is_still_read(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf stored = BUF_INIT(ANSWER_MAX_BYTES), packed = BUF_INIT(ANSWER_MAX_BYTES);
  assert_int_equal(file_read(GOLDEN "/message-1.bin", &stored), 0);
  arena_reset(arena);
  answer_message *m =
      deskbell__v1__outbound_message__unpack(arena_protobuf(arena), stored.len, (const uint8_t *)stored.at);
  assert_non_null(m);
  assert_int_equal(m->base.n_unknown_fields, 0);
  assert_string_equal(m->id, "o0123456789abcdef");
  assert_int_equal(m->kind, DESKBELL__V1__OUTBOUND_KIND__REPLY);
  assert_string_equal(m->cc[0], "boss@example.org");
  assert_int_equal(m->attachments[0]->blob->size, 512005);
  assert_string_equal(m->references[1], "m9@example.org");
  assert_string_equal(m->reply_token, "0123456789abcdef0123456789abc");
  assert_int_equal(m->not_before_ms, 1795512660123);
  assert_string_equal(m->language, "de");
  assert_int_equal(answer_pack(m, &packed), 0);
  assert_int_equal(packed.len, stored.len);
  assert_memory_equal(packed.at, stored.at, stored.len);
  /* An operator released it (outbound.lua): its own not_before_ms counts no longer. */
  assert_int_equal(buf_add(&stored, "\xa0\x01\x00", 3), 0);
  m = deskbell__v1__outbound_message__unpack(arena_protobuf(arena), stored.len, (const uint8_t *)stored.at);
  assert_int_equal(m->not_before_ms, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_mail_is_answered),   cmocka_unit_test(a_text_message_is_answered),
      cmocka_unit_test(who_cannot_be_written_to), cmocka_unit_test(subjects),
      cmocka_unit_test(references),           cmocka_unit_test(an_event_without_thread_is_answered),
      cmocka_unit_test(limits_are_said),      cmocka_unit_test(a_stored_message_is_still_read),
  };
  return cmocka_run_group_tests(tests, open_arena, close_arena);
}
