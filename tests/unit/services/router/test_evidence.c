/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail's fields lead the router to say before Redis is asked: one row, one mail; both ways. */
#include "decide.h"
#include "evidence.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define V0 "v0000000000000000"
#define V1 "v1111111111111111"
#define V2 "v2222222222222222"

/* "{t1}": reply token of conversation 1 on channel mail; "{m1}": a Message-ID we signed for it; "{x…}": the same on
 * channel sales; "{f…}": with another secret. Any other text stands for itself. Lists by blanks. */
struct row {
  const char *name;
  const char *own, *tokens, *reply_to, *references, *subject_tokens;
  const char *kind, *of, *of_references; /* of automatic mail; what a report is about ("" no report) */
  const char *proven, *how;              /* expected */
  const char *ids;                       /* expected, as Message-IDs */
  const char *refs;                      /* expected references of the subject */
};

static const struct row rows[] = {
    {.name = "nothing"},
    {.name = "own id only", .own = "a@x"},
    /* TH-01 */
    {.name = "token", .tokens = "{t1}", .proven = V1, .how = "token"},
    {.name = "first token wins", .tokens = "{t2} {t1}", .proven = V2 " " V1, .how = "token token"},
    {.name = "token of another channel", .tokens = "{xt1}"},
    {.name = "token of another desk", .tokens = "{ft1}"},
    {.name = "words and a token", .tokens = "sales newsletter {t1}", .proven = V1, .how = "token"},
    {.name = "the same token twice", .tokens = "{t1} {t1}", .proven = V1, .how = "token"},
    {.name = "no token", .tokens = "1111111111111111"},
    {.name = "a Message-ID is no token", .tokens = "{m1}"},
    /* TH-02 */
    {.name = "signed In-Reply-To", .reply_to = "{m1}", .proven = V1, .how = "own-message-id"},
    {.name = "signed in prose", .reply_to = "x@y {m1}", .proven = V1, .how = "own-message-id", .ids = "x@y"},
    {.name = "signed References", .references = "a@x {m1} b@x", .proven = V1, .how = "own-message-id", .ids = "b@x a@x"},
    {.name = "the most recent signed one", .references = "{m1} {m2}", .proven = V2 " " V1, .how = "own-message-id own-message-id"},
    {.name = "In-Reply-To before References", .reply_to = "{m1}", .references = "{m2}", .proven = V1 " " V2,
     .how = "own-message-id own-message-id"},
    {.name = "signed for another channel", .reply_to = "{xm1}", .ids = "{xm1}"},
    {.name = "signed by another desk", .references = "{fm1}", .ids = "{fm1}"},
    {.name = "our domain alone", .reply_to = "db.1111111111111111.x@desk.example", .ids = "db.1111111111111111.x@desk.example"},
    {.name = "token before signed id", .tokens = "{t1}", .reply_to = "{m2}", .proven = V1 " " V2, .how = "token own-message-id"},
    {.name = "both of one conversation", .tokens = "{t1}", .reply_to = "{m1}", .proven = V1, .how = "token"},
    {.name = "a token in References", .references = "{t1}", .ids = "{t1}"},
    {.name = "signed in the subject", .subject_tokens = "{m1}"},
    /* TH-03, TH-07 */
    {.name = "In-Reply-To first", .reply_to = "a@x", .references = "b@x c@x", .ids = "a@x c@x b@x"},
    {.name = "from the right", .references = "a@x b@x c@x", .ids = "c@x b@x a@x"},
    {.name = "each once", .reply_to = "a@x a@x", .references = "b@x a@x b@x", .ids = "a@x b@x"},
    {.name = "several In-Reply-To", .reply_to = "a@x b@x", .ids = "a@x b@x"},
    {.name = "eight of In-Reply-To", .reply_to = "1@x 2@x 3@x 4@x 5@x 6@x 7@x 8@x 9@x", .ids = "1@x 2@x 3@x 4@x 5@x 6@x 7@x 8@x"},
    {.name = "itself", .own = "a@x", .reply_to = "a@x", .references = "b@x a@x", .ids = "b@x"},
    {.name = "what we signed says it itself", .references = "a@x {m1}", .proven = V1, .how = "own-message-id", .ids = "a@x"},
    {.name = "case matters", .references = "A@x a@x", .ids = "a@x A@x"},
    /* TH-04 */
    {.name = "subject", .subject_tokens = "7kq2-m9xd-4tab", .refs = "7kq2-m9xd-4tab"},
    {.name = "subject, any case", .subject_tokens = "7KQ2-M9XD-4TAB", .refs = "7kq2-m9xd-4tab"},
    {.name = "subject, too short", .subject_tokens = "7kq2-m9xd"},
    {.name = "subject, two", .subject_tokens = "7kq2-m9xd-4tab 0000-0000-0000", .refs = "7kq2-m9xd-4tab 0000-0000-0000"},
    /* AR-61: what a report is about goes first; from a person's mail it says nothing */
    {.name = "report on ours", .kind = "bounce", .of = "{m1}", .proven = V1, .how = "own-message-id"},
    {.name = "report before token", .kind = "bounce", .of = "{m1}", .tokens = "{t2}", .proven = V1 " " V2, .how = "own-message-id token"},
    {.name = "report to the token", .kind = "bounce", .of = "y@relay", .tokens = "{t2}", .proven = V2, .how = "token", .ids = "y@relay"},
    {.name = "report on theirs", .kind = "bounce", .of = "a@x", .of_references = "b@x c@x", .ids = "a@x c@x b@x"},
    {.name = "report's references, signed", .kind = "bounce", .of = "y@relay", .of_references = "a@x {m1}", .proven = V1,
     .how = "own-message-id", .ids = "y@relay a@x"},
    {.name = "report and its own References", .kind = "bounce", .of = "a@x", .references = "b@x", .ids = "a@x b@x"},
    {.name = "complaint", .kind = "report", .of = "{m1}", .proven = V1, .how = "own-message-id"},
    {.name = "auto-reply that returns", .kind = "reply", .of = "{m1}", .proven = V1, .how = "own-message-id"},
    {.name = "newsletter with a report", .kind = "list", .of = "{m1}", .of_references = "{m2}"},
    {.name = "a person's with a report", .kind = "", .of = "{m1}"},
    {.name = "report on another channel's", .kind = "bounce", .of = "{xm1}", .ids = "{xm1}"},
};

struct bench {
  struct arena *arena;
  contact_event *event;
};

static char *word(struct bench *b, struct slice w) {
  static const uint8_t unique[10] = {7};
  char token[TOKEN_REPLY_LEN + 1], id[TOKEN_MESSAGE_ID_MAX + 1], conversation[] = "v1111111111111111";
  if (w.at[0] != '{')
    return arena_copy(b->arena, w);
  size_t at = 1;
  bool other = w.at[at] == 'x', forged = w.at[at] == 'f';
  at += other || forged;
  memset(conversation + 1, w.at[at + 1], CONVERSATION_ID_LEN - 1);
  struct slice secret = forged ? SLICE("another secret, another desk") : SECRET, channel = other ? SLICE("sales") : SLICE("mail");
  if (w.at[at] == 't') {
    token_reply_make(secret, channel, slice_text(conversation), token);
    return arena_copy(b->arena, slice_text(token));
  }
  assert_int_equal(token_message_id_make(secret, channel, slice_text(conversation), unique, SLICE("desk.example"), id), 0);
  return arena_copy(b->arena, slice_text(id));
}

static char **list(struct bench *b, const char *text, size_t *ret_count) {
  char **words = arena_alloc(b->arena, 50 * sizeof(*words));
  struct slice rest = slice_text(text), one;
  *ret_count = 0;
  while (slice_split(&rest, ' ', &one))
    if (one.len)
      words[(*ret_count)++] = word(b, one);
  return words;
}

static void make_event(struct bench *b, const struct row *row) {
  contact_event *e = b->event = event_new(b->arena);
  Deskbell__V1__ThreadHints *h = e->thread = arena_alloc(b->arena, sizeof(*h));
  deskbell__v1__thread_hints__init(h);
  e->id = (char *)"7kq2m9xd4tabcdefghjkmnpqrs";
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = (char *)"mail";
  e->channel_kind = (char *)"email";
  h->message_id = (char *)(row->own ? row->own : "");
  h->reply_tokens = list(b, row->tokens, &h->n_reply_tokens);
  h->in_reply_to = list(b, row->reply_to, &h->n_in_reply_to);
  h->references = list(b, row->references, &h->n_references);
  h->subject_tokens = list(b, row->subject_tokens, &h->n_subject_tokens);
  if (row->kind) {
    e->automatic = arena_alloc(b->arena, sizeof(*e->automatic));
    deskbell__v1__automatic__init(e->automatic);
    e->automatic->kind = (char *)row->kind;
    e->report = arena_alloc(b->arena, sizeof(*e->report));
    deskbell__v1__report__init(e->report);
    size_t one;
    char **of = list(b, row->of, &one);
    e->report->of_message_id = one ? of[0] : (char *)"";
    e->report->of_references = list(b, row->of_references, &e->report->n_of_references);
  }
}

static struct desk *desk_of(const char *yaml) {
  struct desk *d = NULL;
  struct complaint c;
  if (desk_parse(slice_text(yaml), "desk", &d, &c) != 0)
    fail_msg("%u: %s", c.line, c.text);
  return d;
}

static const char yaml[] = "queues: [{name: q}, {name: robots}]\n"
                           "agents:\n  - {name: ana, address: Ana@Desk.example}\n"
                           "rules:\n  - {name: robots, when: {automatic: [bounce, reply]}, then: {queue: robots}}\n"
                           "default: {queue: q}\n";

static bool nobody(void *arg, struct slice address) {
  (void)arg, (void)address;
  return false;
}

static struct decision decided(struct bench *b, const struct desk *desk) {
  static const struct slice channels[] = {{"mail", 4}, {"sales", 5}};
  struct decide_desk d = {.desk = desk, .secret = SECRET, .channels = channels, .channel_count = 2};
  struct decision decision;
  assert_int_equal(decide(b->event, &d, nobody, NULL, b->arena, &decision), 0);
  return decision;
}

static void check(const struct row *row, const char *what, const char *got, const char *want) {
  if (strcmp(got, want ? want : "") != 0)
    fail_msg("%s: %s is \"%s\", not \"%s\"", row->name, what, got, want ? want : "");
}

static void test_evidence(void **state) {
  (void)state;
  struct desk *desk = desk_of(yaml);
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct bench b = {.arena = arena_new(65536, 1 << 20)};
    make_event(&b, &rows[i]);
    struct decision d = decided(&b, desk);
    struct buf ids = BUF_INIT(65536);
    size_t count;
    char **wanted = list(&b, rows[i].ids, &count);
    buf_add_text(&ids, "");
    for (size_t k = 0; k < count; k++) {
      char digest[EVENT_ID_LEN + 1];
      message_id_digest(slice_text(wanted[k]), digest);
      buf_printf(&ids, "%s%s", k ? " " : "", digest);
    }
    check(&rows[i], "proven", d.proven, rows[i].proven);
    check(&rows[i], "how", d.proven_how, rows[i].how);
    check(&rows[i], "ids", d.references, ids.at);
    check(&rows[i], "references", d.tokens, rows[i].refs);
    assert_int_equal(strlen(d.message_id), rows[i].own ? EVENT_ID_LEN : 0);
    buf_free(&ids);
    arena_free(&b.arena);
  }
  desk_free(&desk);
}

/* ---- hints: what else the step is told */

struct recipient {
  const char *action, *status, *original, *final;
};

static const struct hint_row {
  const char *name, *kind, *subject, *from, *own, *reply_to, *dmarc, *token, *of;
  bool report;
  struct recipient to[3];
  const char *hints, *automatic, *rule; /* expected; without base= */
} hint_rows[] = {
    {.name = "a person", .rule = "default"},
    {.name = "asks for silence", .kind = "", .rule = "default"},
    {.name = "out of office", .kind = "reply", .hints = "automatic=reply", .automatic = "reply", .rule = "robots"},
    {.name = "bounce unread", .kind = "bounce", .hints = "automatic=bounce", .automatic = "bounce", .rule = "robots"},
    {.name = "notice", .kind = "report", .automatic = "report", .rule = "default"},
    {.name = "complaint", .kind = "report", .report = true, .hints = "automatic=report", .automatic = "report", .rule = "default"},
    {.name = "list", .kind = "list", .automatic = "list", .rule = "default"},
    {.name = "bulk", .kind = "bulk", .automatic = "bulk", .rule = "default"},
    {.name = "unknown kind", .kind = "robot", .rule = "default"},
    {.name = "says it is a loop", .kind = "loopback", .rule = "default"},
    {.name = "failed", .kind = "bounce", .report = true, .to = {{"failed", "5.2.2", "bo@x.example", ""}},
     .hints = "automatic=bounce report=failed", .automatic = "bounce", .rule = "robots"},
    {.name = "no such mailbox", .kind = "bounce", .report = true, .to = {{"failed", "5.1.1", "Bo@X.example", "b@relay"}},
     .hints = "automatic=bounce report=failed bad=5.1.1:email:bo@x.example", .automatic = "bounce", .rule = "robots"},
    {.name = "final recipient only", .kind = "bounce", .report = true, .to = {{"Failed", "5.1.10", "", "b@x.example"}},
     .hints = "automatic=bounce report=failed bad=5.1.10:email:b@x.example", .automatic = "bounce", .rule = "robots"},
    {.name = "disabled mailbox", .kind = "bounce", .report = true, .to = {{"failed", "5.2.1", "b@x.example", ""}},
     .hints = "automatic=bounce report=failed bad=5.2.1:email:b@x.example", .automatic = "bounce", .rule = "robots"},
    {.name = "our own address is bad there", .kind = "bounce", .report = true, .to = {{"failed", "5.1.8", "b@x.example", ""}},
     .hints = "automatic=bounce report=failed", .automatic = "bounce", .rule = "robots"},
    {.name = "delayed, whatever the digits", .kind = "bounce", .report = true, .to = {{"delayed", "5.1.1", "b@x.example", ""}},
     .hints = "automatic=bounce report=delayed", .automatic = "bounce", .rule = "robots"},
    {.name = "failed, a digit of delay", .kind = "bounce", .report = true, .to = {{"failed", "4.4.7", "b@x.example", ""}},
     .hints = "automatic=bounce report=failed", .automatic = "bounce", .rule = "robots"},
    {.name = "one of three failed", .kind = "bounce", .report = true,
     .to = {{"delivered", "2.0.0", "a@x.example", ""}, {"delayed", "4.0.0", "c@x.example", ""}, {"failed", "5.1.1", "b@x.example", ""}},
     .hints = "automatic=bounce report=failed bad=5.1.1:email:b@x.example", .automatic = "bounce", .rule = "robots"},
    {.name = "of a mail of ours", .kind = "bounce", .report = true, .of = "{m1}",
     .to = {{"failed", "5.2.2", "Bo@x.example", ""}, {"delivered", "2.0.0", "a@x.example", ""}, {"failed", "5.1.1", "", "c@x.example"}},
     .hints = "automatic=bounce report=failed of={m1} bad=5.1.1:email:c@x.example lost=email:bo@x.example lost=email:c@x.example",
     .automatic = "bounce", .rule = "robots"},
    {.name = "of a mail of another desk", .kind = "bounce", .report = true, .of = "{fm1}", .to = {{"failed", "5.2.2", "b@x.example", ""}},
     .hints = "automatic=bounce report=failed", .automatic = "bounce", .rule = "robots"},
    {.name = "a check", .own = "{m0}", .hints = "automatic=loopback loop=" V0, .automatic = "loopback", .rule = "default"},
    {.name = "a check with another Message-ID", .own = "a@x", .token = "{t0}", .hints = "automatic=loopback loop=" V0,
     .automatic = "loopback", .rule = "default"},
    {.name = "a check of another channel's token", .own = "a@x", .token = "{xt0}", .rule = "default"},
    {.name = "a check of another desk", .own = "{fm0}", .token = "{ft0}", .rule = "default"},
    {.name = "a check that bounced", .kind = "bounce", .report = true, .of = "{m0}", .to = {{"failed", "5.1.1", "b@x.example", ""}},
     .hints = "automatic=loopback loop=" V0, .automatic = "loopback", .rule = "default"},
    {.name = "a token is no check", .own = "a@x", .token = "{t1}", .rule = "default"},
    {.name = "delivered", .kind = "bounce", .report = true, .to = {{"delivered", "2.0.0", "a@x.example", ""}},
     .hints = "automatic=bounce report=delivered", .automatic = "bounce", .rule = "robots"},
    {.name = "a broken address", .kind = "bounce", .report = true, .to = {{"failed", "5.1.1", "no address", ""}},
     .hints = "automatic=bounce report=failed", .automatic = "bounce", .rule = "robots"},
    {.name = "a person's report", .kind = "", .report = true, .to = {{"failed", "5.1.1", "b@x.example", ""}}, .rule = "default"},
    {.name = "forward", .subject = "Fwd: x", .own = "a@x", .hints = "forward=yes", .rule = "default"},
    {.name = "WG:", .subject = "WG: x", .own = "a@x", .hints = "forward=yes", .rule = "default"},
    {.name = "forward that answers", .subject = "Fwd: x", .own = "a@x", .reply_to = "b@x", .rule = "default"},
    {.name = "forward without an id", .subject = "Fwd: x", .rule = "default"},
    {.name = "answer to a forward", .subject = "Re: Fwd: x", .own = "a@x", .rule = "default"},
    {.name = "answer", .subject = "Re: x", .own = "a@x", .rule = "default"},
    {.name = "agent", .from = "ana@desk.example", .hints = "agent=ana", .rule = "default"},
    {.name = "agent, forged", .from = "ana@desk.example", .dmarc = "fail", .rule = "default"},
    {.name = "agent, proven", .from = "ANA@desk.example", .dmarc = "pass", .hints = "agent=ana", .rule = "default"},
    {.name = "not the agent", .from = "ana@desk.example.evil", .rule = "default"},
    {.name = "agent out of office", .kind = "reply", .from = "ana@desk.example", .hints = "automatic=reply agent=ana",
     .automatic = "reply", .rule = "robots"},
    {.name = "ours", .own = "{m1}", .hints = "automatic=loopback loop=" V1, .automatic = "loopback", .rule = "default"},
    {.name = "ours, of another channel", .own = "{xm2}", .hints = "automatic=loopback loop=" V2, .automatic = "loopback", .rule = "default"},
    {.name = "ours, bounced as it is", .kind = "bounce", .own = "{m1}", .hints = "automatic=loopback loop=" V1, .automatic = "loopback",
     .rule = "default"},
    {.name = "signed by another desk", .own = "{fm1}", .rule = "default"},
    {.name = "our domain alone", .own = "x@desk.example", .rule = "default"},
};

static void make_report(struct bench *b, const struct hint_row *row) {
  Deskbell__V1__Report *r = b->event->report = arena_alloc(b->arena, sizeof(*r));
  deskbell__v1__report__init(r);
  r->of_message_id = row->of ? word(b, slice_text(row->of)) : (char *)"";
  r->recipients = arena_alloc(b->arena, COUNT(row->to) * sizeof(*r->recipients));
  for (size_t i = 0; i < COUNT(row->to) && row->to[i].action; i++) {
    Deskbell__V1__ReportedRecipient *to = arena_alloc(b->arena, sizeof(*to));
    deskbell__v1__reported_recipient__init(to);
    to->action = (char *)row->to[i].action;
    to->status = (char *)row->to[i].status;
    to->original_recipient = (char *)row->to[i].original;
    to->final_recipient = (char *)row->to[i].final;
    r->recipients[r->n_recipients++] = to;
  }
}

static void make_hinted(struct bench *b, const struct hint_row *row) {
  struct row plain = {.name = row->name, .reply_to = row->reply_to, .kind = row->kind};
  make_event(b, &plain);
  contact_event *e = b->event;
  e->report = NULL;
  e->thread->message_id = row->own ? word(b, slice_text(row->own)) : (char *)"";
  e->subject = (char *)(row->subject ? row->subject : "");
  e->thread->reply_tokens = list(b, row->token, &e->thread->n_reply_tokens);
  if (row->report)
    make_report(b, row);
  if (row->from) {
    e->from = event_party_new(b->arena);
    e->from->address = (char *)row->from;
  }
  if (row->dmarc) {
    e->authenticity = arena_alloc(b->arena, sizeof(*e->authenticity));
    deskbell__v1__authenticity__init(e->authenticity);
    e->authenticity->dmarc = (char *)row->dmarc;
  }
}

/* "of={m1}" becomes "of=" and the digest of that Message-ID. */
static const char *with_digest(struct bench *b, const char *hints) {
  char digest[EVENT_ID_LEN + 1];
  const char *at = hints ? strstr(hints, "of={") : NULL;
  if (!at)
    return hints;
  message_id_digest(slice_text(word(b, slice_of(at + 3, 4))), digest);
  return arena_printf(b->arena, "%.*s%s%s", (int)(at + 3 - hints), hints, digest, at + 7);
}

static void test_hints(void **state) {
  (void)state;
  struct desk *desk = desk_of(yaml);
  for (size_t i = 0; i < COUNT(hint_rows); i++) {
    const struct hint_row *row = &hint_rows[i];
    struct row shown = {.name = row->name};
    struct bench b = {.arena = arena_new(65536, 1 << 20)};
    make_hinted(&b, row);
    struct decision d = decided(&b, desk);
    char hints[2000];
    snprintf(hints, sizeof(hints), "%s", d.hints);
    char *base = strstr(hints, "base=");
    if (!base != !row->subject)
      fail_msg("%s: %s", row->name, hints);
    if (base)
      base[base > hints ? -1 : 0] = '\0';
    check(&shown, "hints", hints, with_digest(&b, row->hints));
    check(&shown, "kind", d.automatic, row->automatic);
    check(&shown, "rule", desk->rules[d.rules[0]].name, row->rule);
    arena_free(&b.arena);
  }
  desk_free(&desk);
}

/* Equal subjects have equal digests whatever stands around them (TH-14); what is shown has no marks. */
static void test_subjects(void **state) {
  (void)state;
  static const struct {
    const char *subject, *shown;
    bool same;
  } cases[] = {
      {"Printer", "Printer", true},          {"Re: Printer", "Printer", true},
      {"AW: [sales] PRINTER", "[sales] PRINTER", true}, {"[#7kq2-m9xd-4tab] Re: Printer", "Printer", true},
      {"Printers", "Printers", false},       {"", "", false},
      {"Re:", "", false},
  };
  struct desk *desk = desk_of(yaml);
  struct bench b = {.arena = arena_new(65536, 1 << 20)};
  struct row plain = {.name = "subject"};
  make_event(&b, &plain);
  b.event->subject = (char *)"printer";
  const char *reference = decided(&b, desk).hints;
  for (size_t i = 0; i < COUNT(cases); i++) {
    b.event->subject = (char *)cases[i].subject;
    struct decision d = decided(&b, desk);
    assert_string_equal(d.subject, cases[i].shown);
    assert_int_equal(strcmp(d.hints, reference) == 0, cases[i].same);
  }
  b.event->channel_kind = (char *)"form"; /* not a mail: as it was typed */
  b.event->subject = (char *)"Re: Printer";
  struct decision d = decided(&b, desk);
  assert_string_equal(d.subject, "Re: Printer");
  assert_string_equal(d.hints, "");
  arena_free(&b.arena);
  desk_free(&desk);
}

/* The oldest id has a place whatever the length; what is too much is left out. */
static void test_many_ids(void **state) {
  (void)state;
  struct bench b = {.arena = arena_new(65536, 1 << 20)};
  struct row plain = {.name = "many"};
  make_event(&b, &plain);
  char *many[200], digest[EVENT_ID_LEN + 1];
  for (int i = 0; i < 200; i++)
    many[i] = arena_printf(b.arena, "%d@x", i);
  b.event->thread->references = many;
  b.event->thread->n_references = 200;
  struct evidence e;
  assert_int_equal(evidence_collect(b.event, false, SECRET, b.arena, &e), 0);
  assert_int_equal(strlen(e.ids), EVIDENCE_IDS_MAX * (EVENT_ID_LEN + 1) - 1);
  message_id_digest(SLICE("199@x"), digest);
  assert_memory_equal(e.ids, digest, EVENT_ID_LEN);
  message_id_digest(SLICE("0@x"), digest);
  assert_string_equal(e.ids + strlen(e.ids) - EVENT_ID_LEN, digest);
  assert_null(strstr(e.ids + EVENT_ID_LEN, "|"));
  arena_free(&b.arena);
}

int main(void) {
  static_assert(COUNT(rows) + COUNT(hint_rows) >= 60, "a table of decisions");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_evidence),
      cmocka_unit_test(test_hints),
      cmocka_unit_test(test_subjects),
      cmocka_unit_test(test_many_ids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
