/* SPDX-License-Identifier: Apache-2.0 */
#include "decide.h"
#include "sender.h"
#include "token/token.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SECRET SLICE("0123456789abcdef0123456789abcdef")

static const char desk_yaml[] = "queues:\n"
                                "  - name: support\n"
                                "  - name: billing\n"
                                "rules:\n"
                                "  - name: gold\n"
                                "    when: {customer_tags: [gold]}\n"
                                "    then: {queue: billing}\n"
                                "  - name: words\n"
                                "    when: {words: [invoice]}\n"
                                "    then: {queue: billing}\n"
                                "default: {queue: support}\n";

struct bench {
  struct arena *arena;
  struct desk *desk;
  contact_event *event;
  char id[EVENT_ID_LEN + 1];
};

static int setup(void **state) {
  struct bench *b = calloc(1, sizeof(*b));
  struct complaint c;
  b->arena = arena_new(4096, 4 * 1024 * 1024);
  if (desk_parse(slice_text(desk_yaml), "desk", &b->desk, &c) != 0) {
    fprintf(stderr, "%u: %s\n", c.line, c.text);
    return -1;
  }
  struct event_id id = event_id_make(SLICE("mail"), SLICE("message"), SLICE("1"), SLICE(""));
  event_id_text(&id, b->id);
  contact_event *e = b->event = event_new(b->arena);
  e->id = b->id;
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = arena_copy(b->arena, SLICE("mail"));
  e->channel_kind = arena_copy(b->arena, SLICE("email"));
  e->from = event_party_new(b->arena);
  e->from->key = arena_copy(b->arena, SLICE("email:ann@example.org"));
  e->from->address = arena_copy(b->arena, SLICE("ann@example.org"));
  e->thread = arena_alloc(b->arena, sizeof(*e->thread));
  deskbell__v1__thread_hints__init(e->thread);
  *state = b;
  return 0;
}

static int teardown(void **state) {
  struct bench *b = *state;
  desk_free(&b->desk);
  arena_free(&b->arena);
  free(b);
  return 0;
}

static bool own_support(void *arg, struct slice address) {
  (void)arg;
  return slice_equal_nocase(address, SLICE("support@example.com"));
}

static struct decision decided(struct bench *b) {
  const struct slice channels[] = {SLICE("mail"), SLICE("sales")};
  struct decide_desk desk = {.desk = b->desk, .secret = SECRET, .channels = channels, .channel_count = 2};
  struct decision d;
  assert_int_equal(decide(b->event, &desk, own_support, NULL, b->arena, &d), 0);
  return d;
}

static void test_modes(void **state) {
  struct bench *b = *state;
  static const struct {
    const char *kind, *mode;
  } cases[] = {{"email", "mail"}, {"sms", "sender"}, {"webhook", "sender"}, {"form", "new"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    b->event->channel_kind = arena_copy(b->arena, slice_text(cases[i].kind));
    assert_string_equal(decided(b).mode, cases[i].mode);
  }
}

static void test_rules_end_with_the_first_unconditional(void **state) {
  struct bench *b = *state;
  struct decision d = decided(b);
  assert_int_equal(d.rule_count, 2);
  assert_string_equal(b->desk->rules[d.rules[0]].name, "gold");
  assert_string_equal(b->desk->rules[d.rules[1]].name, "default");
  b->event->text = arena_copy(b->arena, SLICE("My Invoice, please"));
  d = decided(b);
  assert_int_equal(d.rule_count, 2);
  assert_string_equal(b->desk->rules[d.rules[1]].name, "words");
}

static void test_nothing_proven_without_signature(void **state) {
  struct bench *b = *state;
  char *ids[] = {arena_copy(b->arena, SLICE("x@example.org"))}, *tokens[] = {arena_copy(b->arena, SLICE("sales"))};
  b->event->thread->n_in_reply_to = 1;
  b->event->thread->in_reply_to = ids;
  b->event->thread->n_reply_tokens = 1;
  b->event->thread->reply_tokens = tokens;
  struct decision d = decided(b);
  assert_string_equal(d.proven, "");
  assert_int_equal(strlen(d.references), EVENT_ID_LEN);
}

static void test_token_before_own_message_id(void **state) {
  struct bench *b = *state;
  char token[TOKEN_REPLY_LEN + 1], own[TOKEN_MESSAGE_ID_MAX + 1];
  const uint8_t unique[10] = {1};
  token_reply_make(SECRET, SLICE("mail"), SLICE("v7kq2m9xd4tabcdef"), token);
  assert_int_equal(token_message_id_make(SECRET, SLICE("mail"), SLICE("v1111111111111111"), unique, SLICE("d.example"), own), 0);
  char *ids[] = {own}, *tokens[] = {token};
  b->event->thread->n_references = 1;
  b->event->thread->references = ids;
  struct decision d = decided(b);
  assert_string_equal(d.proven, "v1111111111111111");
  assert_string_equal(d.proven_how, "own-message-id");
  b->event->thread->n_reply_tokens = 1;
  b->event->thread->reply_tokens = tokens;
  d = decided(b);
  assert_string_equal(d.proven, "v7kq2m9xd4tabcdef v1111111111111111");
  assert_string_equal(d.proven_how, "token own-message-id");
  b->event->channel = arena_copy(b->arena, SLICE("other"));
  assert_string_equal(decided(b).proven, "");
}

static void test_references_most_recent_first_and_bounded(void **state) {
  struct bench *b = *state;
  char *many[200];
  for (int i = 0; i < 200; i++)
    many[i] = arena_printf(b->arena, "ref-%d@example.org", i);
  b->event->thread->n_references = 200;
  b->event->thread->references = many;
  struct decision d = decided(b);
  char last[EVENT_ID_LEN + 1];
  message_id_digest(slice_text(many[199]), last);
  assert_memory_equal(d.references, last, EVENT_ID_LEN);
  assert_int_equal(strlen(d.references), DECIDE_REFERENCES_MAX * (EVENT_ID_LEN + 1) - 1);
}

static void test_others_without_our_own(void **state) {
  struct bench *b = *state;
  event_party *to[3];
  static const char *address[] = {"Support@example.com", "bo@example.org", "evil"};
  static const char *key[] = {"email:support@example.com", "email:bo@example.org", "a key|with bars"};
  for (int i = 0; i < 3; i++) {
    to[i] = event_party_new(b->arena);
    to[i]->address = arena_copy(b->arena, slice_text(address[i]));
    to[i]->key = arena_copy(b->arena, slice_text(key[i]));
  }
  b->event->n_to = 3;
  b->event->to = to;
  assert_string_equal(decided(b).others, "email:bo@example.org");
}

static void test_subject_is_one_short_line_and_tokens_are_lowered(void **state) {
  struct bench *b = *state;
  char *tokens[] = {arena_copy(b->arena, SLICE("7KQ2-M9XD-4TAB")), arena_copy(b->arena, SLICE("short"))};
  b->event->thread->n_subject_tokens = 2;
  b->event->thread->subject_tokens = tokens;
  char *subject = arena_alloc(b->arena, 1001);
  memset(subject, 'a', 1000);
  subject[1000] = '\0';
  subject[3] = '\n';
  b->event->subject = subject;
  struct decision d = decided(b);
  assert_int_equal(strlen(d.subject), 200);
  assert_null(strchr(d.subject, '\n'));
  assert_string_equal(d.tokens, "7kq2-m9xd-4tab");
}

static void test_ceiling_is_an_outcome(void **state) {
  struct bench *b = *state;
  struct arena *tiny = arena_new(16, 1024); /* a list of references needs more */
  char *ids[] = {arena_copy(b->arena, SLICE("x@example.org"))};
  b->event->thread->n_in_reply_to = 1;
  b->event->thread->in_reply_to = ids;
  struct decide_desk desk = {.desk = b->desk, .secret = SECRET};
  struct decision d;
  assert_int_equal(decide(b->event, &desk, own_support, NULL, tiny, &d), -ENOMEM);
  arena_free(&tiny);
}

static void test_sender_key_on_the_wire(void **state) {
  struct bench *b = *state;
  struct buf packed = BUF_INIT(100000);
  assert_int_equal(event_pack(b->event, b->arena, &packed), 0);
  assert_true(slice_equal(sender_key(buf_slice(&packed)), SLICE("email:ann@example.org")));
  for (size_t len = 0; len < packed.len; len++) /* cut anywhere: never beyond the bytes */
    sender_key(slice_of(packed.at, len));
  for (size_t i = 0; i < packed.len; i++) {
    packed.at[i] ^= (char)0xff;
    sender_key(buf_slice(&packed));
    packed.at[i] ^= (char)0xff;
  }
  assert_int_equal(sender_key(SLICE("")).len, 0);
  buf_free(&packed);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(test_modes),
      T(test_rules_end_with_the_first_unconditional),
      T(test_nothing_proven_without_signature),
      T(test_token_before_own_message_id),
      T(test_references_most_recent_first_and_bounded),
      T(test_others_without_our_own),
      T(test_subject_is_one_short_line_and_tokens_are_lowered),
      T(test_ceiling_is_an_outcome),
      T(test_sender_key_on_the_wire),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
