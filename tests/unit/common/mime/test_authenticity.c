/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote it: what the operator's mail system says, what a sender says in its name, and who passes for whom. */
#include "mime/authenticity.h"
#include "mime/authres.h"
#include "mime/own.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AR "Authentication-Results: mx.desk.example; "
#define FOREIGN "Authentication-Results: mx.evil.example; "
#define RECEIVED "Received: from evil.example by mx.desk.example; Tue, 24 Nov 2026 10:30:00 +0100\n"
#define DMARC "dmarc=pass header.from=customer.example"
#define FROM "From: Joe <joe@customer.example>\n"

static char *const ids[] = {(char[]){"mx.desk.example"}, (char[]){"filter.desk.example"}};
static char *const none[] = {(char[]){"-"}};
static char *const mine[] = {(char[]){"support@desk.example"}, (char[]){"@help.desk.example"}, (char[]){"*"},
                             (char[]){"our.desk@gmail.com"}};

struct reads {
  const char *header; /* FROM is added */
  const char *from;   /* key's address; NULL: joe@customer.example */
  const char *mail_from;
  const char *verified, *dmarc, *spf, *dkim, *domains, *warnings; /* NULL: there is no authenticity at all */
};

static const char *joined(struct arena *a, char *const *texts, size_t count) {
  char *all = arena_printf(a, "%s", "");
  for (size_t i = 0; i < count; i++)
    all = arena_printf(a, "%s%s%s", all, i ? " " : "", texts[i]);
  return all;
}

static void same(size_t number, const char *what, const char *got, const char *expected) {
  if (strcmp(got, expected ? expected : "") != 0)
    fail_msg("%zu: %s is \"%s\", not \"%s\"", number, what, got, expected);
}

static void check(const struct reads *c, size_t number) {
  struct reading r = {.arena = arena_new(64 * 1024, 8 * 1024 * 1024)};
  const struct mime_trust trust = {.authserv_ids = ids, .authserv_id_count = COUNT(ids)};
  struct mail_header h;
  contact_event *e = event_new(r.arena);
  e->from = event_party_new(r.arena);
  e->from->key = arena_printf(r.arena, "email:%s", c->from ? c->from : "joe@customer.example");
  header_read(&r, slice_text(arena_printf(r.arena, "%s%s", c->header, strstr(c->header, "From: ") ? "" : FROM)), &h);
  authenticity_read(&r, &h, &trust, slice_text(c->mail_from ? c->mail_from : "joe@customer.example"), e);
  assert_false(r.failed);
  if (!e->authenticity != !c->verified)
    fail_msg("%zu: authenticity %s", number, e->authenticity ? "read" : "not read");
  if (e->authenticity) {
    same(number, "verified", e->from->verified, c->verified);
    same(number, "dmarc", e->authenticity->dmarc, c->dmarc);
    same(number, "spf", e->authenticity->spf, c->spf);
    same(number, "dkim", e->authenticity->dkim, c->dkim);
    const char *domains = joined(r.arena, e->authenticity->dkim_domains, e->authenticity->n_dkim_domains);
    same(number, "domains", domains, c->domains);
  } else {
    same(number, "verified", e->from->verified, "");
  }
  char *warnings = arena_printf(r.arena, "%s", "");
  for (size_t i = 0; i < r.warning_count; i++)
    warnings = arena_printf(r.arena, "%s%s%s", warnings, i ? " " : "", r.warnings[i]);
  if (c->warnings || !strstr(c->header, "From: "))
    same(number, "warnings", warnings, c->warnings);
  arena_free(&r.arena);
}

static void test_what_is_believed(void **state) {
  (void)state;
  static const struct reads cases[] = {
      {.header = AR DMARC "\n", .verified = "dmarc", .dmarc = "pass"},
      {.header = "AUTHENTICATION-RESULTS: MX.Desk.Example; DMARC=Pass HEADER.FROM=Customer.Example\n",
       .verified = "dmarc",
       .dmarc = "pass"},
      {.header = "Authentication-Results: filter.desk.example 1; " DMARC "\n", .verified = "dmarc", .dmarc = "pass"},
      {.header = "Authentication-Results: \"mx.desk.example\"; " DMARC "\n", .verified = "dmarc", .dmarc = "pass"},
      {.header = "Authentication-Results: (c;d=e) mx.desk.example (x) 1 (y) ;\n\tspf=none;\n " DMARC "\n",
       .verified = "dmarc", .dmarc = "pass", .spf = "none"},
      {.header = "Authentication-Results: mx.desk.example 2; " DMARC "\n"}, /* another version */
      {.header = "Authentication-Results: mx.desk.example; none\n", .verified = ""},
      {.header = "Authentication-Results: mx.desk.example\n", .verified = ""},
      {.header = "Authentication-Results:\n"},
      {.header = "Authentication-Results: ;;;\n"},
      {.header = FOREIGN DMARC "\n"},
      {.header = "Authentication-Results: mx.desk.example.evil.example; " DMARC "\n"},
      {.header = "Authentication-Results: evil; x=y mx.desk.example; " DMARC "\n"},
      {.header = "Authentication-Results: (mx.desk.example; " DMARC ")\n"},
      {.header = "ARC-Authentication-Results: i=1; mx.desk.example; " DMARC "\n"},
      {.header = "X-Authentication-Results: mx.desk.example; " DMARC "\n"},
      {.header = ""},
      {.header = "Authentication-Results: dmarc=pass header.from=customer.example\n"}, /* "-" is not configured */
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    check(&cases[i], i);
}

static void test_alignment(void **state) {
  (void)state;
  static const struct reads cases[] = {
      /* DMARC */
      {.header = AR "dmarc=pass header.from=other.example\n", .verified = "", .dmarc = "pass"},
      {.header = AR "dmarc=pass\n", .verified = "", .dmarc = "pass"},
      {.header = AR "dmarc=pass (p=none) header.from=customer.example\n", .from = "joe@mail.customer.example",
       .verified = "dmarc", .dmarc = "pass"},
      {.header = AR "dmarc=pass header.from=mail.customer.example\n", .verified = "", .dmarc = "pass"},
      {.header = AR "dmarc=pass header.from=example\n", .verified = "", .dmarc = "pass"},
      {.header = AR "dmarc=bestguesspass header.from=customer.example\n", .verified = "", .dmarc = "bestguesspass"},
      {.header = AR "dmarc=none header.from=customer.example\n", .verified = "", .dmarc = "none"},
      {.header = AR "dmarc=pass header.from=bücher.example\n", .from = "joe@xn--bcher-kva.example", .verified = "dmarc",
       .dmarc = "pass"},
      /* DKIM */
      {.header = AR "dkim=pass header.d=customer.example header.s=a\n", .verified = "dkim", .dkim = "pass",
       .domains = "customer.example"},
      {.header = AR "dkim=pass header.i=@customer.example header.b=\"x;y\"\n", .verified = "dkim", .dkim = "pass",
       .domains = "customer.example"},
      {.header = AR "dkim=pass header.i=joe@customer.example header.d=esp.example\n", .verified = "", .dkim = "pass",
       .domains = "esp.example"},
      {.header = AR "dkim=pass header.d=customer.example\n", .from = "joe@shop.customer.example", .verified = "dkim",
       .dkim = "pass", .domains = "customer.example"},
      {.header = AR "dkim=pass header.d=evil.customer.example\n", .verified = "", .dkim = "pass",
       .domains = "evil.customer.example"},
      {.header = AR "dkim=pass header.d=example\n", .verified = "", .dkim = "pass", .domains = "example"},
      {.header = AR "dkim=pass header.d=notcustomer.example\n", .verified = "", .dkim = "pass",
       .domains = "notcustomer.example"},
      {.header = AR "dkim=fail (bad signature) header.d=customer.example; dkim=pass header.d=esp.example\n",
       .verified = "",
       .dkim = "pass", .domains = "esp.example"},
      {.header = AR "dkim=pass header.d=esp.example; dkim=pass header.d=customer.example; dkim=pass header.d=ESP.example"
                 "\n",
       .verified = "dkim", .dkim = "pass", .domains = "esp.example customer.example"},
      {.header = AR "dkim=temperror header.d=customer.example\n", .verified = "", .dkim = "temperror"},
      {.header = AR "dkim=none header.d=none\n", .verified = "", .dkim = "none"},
      /* SPF */
      {.header = AR "spf=pass smtp.mailfrom=joe@customer.example\n", .verified = "spf", .spf = "pass"},
      {.header = AR "spf=pass smtp.mailfrom=customer.example\n", .verified = "spf", .spf = "pass"},
      {.header = AR "spf=pass (x) smtp.mailfrom=\"joe doe\"@customer.example\n", .verified = "spf", .spf = "pass"},
      {.header = AR "spf=pass smtp.mailfrom=customer.example\n", .mail_from = "x@other.example", .verified = "",
       .spf = "pass"},
      {.header = AR "spf=pass smtp.mailfrom=other.example\n", .mail_from = "x@other.example", .verified = "",
       .spf = "pass"},
      {.header = AR "spf=pass smtp.helo=customer.example\n", .verified = "", .spf = "pass"},
      {.header = AR "spf=pass smtp.helo=mx.customer.example; spf=softfail smtp.mailfrom=customer.example\n",
       .verified = "",
       .spf = "softfail"},
      {.header = AR "spf=pass smtp.mailfrom=customer.example\n", .from = "joe@sub.customer.example", .verified = "",
       .spf = "pass"},
      {.header = AR "spf=neutral smtp.mailfrom=customer.example\n", .verified = "", .spf = "neutral"},
      /* DMARC's no is the last word */
      {.header = AR "dmarc=fail (p=none) header.from=customer.example; dkim=pass header.d=customer.example; "
                 "spf=pass smtp.mailfrom=customer.example\n", .verified = "", .dmarc = "fail", .dkim = "pass",
       .spf = "pass", .domains = "customer.example", .warnings = "dmarc-fail"},
      {.header = AR "dmarc=temperror header.from=customer.example; dkim=pass header.d=customer.example\n",
       .verified = "dkim", .dmarc = "temperror", .dkim = "pass", .domains = "customer.example"},
      /* senders that are several, or none */
      {.header = AR DMARC "\nFrom: joe@customer.example, eve@evil.example\n", .verified = "", .dmarc = "pass"},
      {.header = AR DMARC "\nFrom: joe@customer.example\nFrom: eve@evil.example\n", .verified = "", .dmarc = "pass"},
      {.header = AR DMARC "\nFrom: nobody\n", .from = "", .verified = "", .dmarc = "pass"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    check(&cases[i], i);
}

/* What a sender writes into the mail himself stands below; the topmost says it. */
static void test_forgeries(void **state) {
  (void)state;
  static const struct reads cases[] = {
      {.header = AR "dmarc=fail header.from=customer.example\n" RECEIVED AR DMARC "\n", .verified = "", .dmarc = "fail",
       .warnings = "authentication-results-left dmarc-fail"},
      {.header = AR "dmarc=fail header.from=customer.example\n" AR DMARC "\n", .verified = "", .dmarc = "fail",
       .warnings = "dmarc-fail"},
      {.header = RECEIVED AR "spf=none\n" RECEIVED AR DMARC "\n", .verified = "", .spf = "none",
       .warnings = "authentication-results-left"},
      {.header = AR "spf=none\nSubject: x\n" AR DMARC "\n", .verified = "", .spf = "none",
       .warnings = "authentication-results-left"},
      {.header = AR "spf=none\n" FOREIGN "dmarc=pass\n" AR DMARC "\n", .verified = "", .spf = "none",
       .warnings = "authentication-results-left"},
      {.header = AR "spf=none\nDKIM-Signature: v=1\n" AR DMARC "\n", .verified = "", .spf = "none",
       .warnings = "authentication-results-left"},
      /* filters of one host, each with a field of its own */
      {.header = AR "dmarc=none header.from=customer.example\n" AR "spf=pass smtp.mailfrom=customer.example\n"
                 "DKIM-Filter: OpenDKIM Filter v2.11.0 mx.desk.example\n"
                 "Authentication-Results: filter.desk.example; dkim=pass header.d=customer.example\n" RECEIVED,
       .verified = "dkim", .dmarc = "none", .spf = "pass", .dkim = "pass", .domains = "customer.example"},
      {.header = FOREIGN "dmarc=pass\n" RECEIVED AR DMARC "\n", .verified = "dmarc", .dmarc = "pass"},
      {.header = RECEIVED "X-Spam-Status: No\n" AR DMARC "\nReceived-SPF: pass\n", .verified = "dmarc",
       .dmarc = "pass"},
      /* words that are nothing */
      {.header = AR "spf=fail (dmarc=pass header.from=customer.example;) smtp.mailfrom=x.example\n", .verified = "",
       .spf = "fail"},
      {.header = AR "spf=fail reason=\"; dmarc=pass header.from=customer.example\" smtp.mailfrom=x.example\n",
       .verified = "",
       .spf = "fail"},
      {.header = AR "spf=fail smtp.mailfrom=\"; dmarc=pass header.from=customer.example;\"@x.example\n", .verified = "",
       .spf = "fail"},
      {.header = AR "spf=fail (unclosed; dmarc=pass header.from=customer.example\n", .verified = "", .spf = "fail"},
      {.header = AR "x-dmarc=pass header.from=customer.example; xdmarc=pass\n", .verified = ""},
      {.header = AR "dmarc header.from=customer.example; pass\n", .verified = ""},
      {.header = AR "dmarc=\n", .verified = ""},
      {.header = AR "dmarc=p(x)ass header.from=customer.example\n", .verified = "", .dmarc = "p"},
      {.header = AR "dmarc/1 = pass header . from = customer.example\n", .verified = "dmarc", .dmarc = "pass"},
      {.header = AR "dmarc=<script> header.from=customer.example\n", .verified = "", .dmarc = ""},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    check(&cases[i], i);
}

/* Exchange Online's has no name; it counts when "-" is configured. */
static void test_field_without_an_id(void **state) {
  (void)state;
  const struct mime_trust trust = {.authserv_ids = none, .authserv_id_count = 1};
  static const char header[] =
      "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=customer.example; desk.example;\n"
      " dkim=pass (signature was verified) header.d=customer.example;desk.example; dmarc=pass action=none\n"
      " header.from=customer.example;compauth=pass reason=100\n" FROM;
  struct reading r = {.arena = arena_new(4096, 65536)};
  struct mail_header h;
  contact_event *e = event_new(r.arena);
  e->from = event_party_new(r.arena);
  e->from->key = arena_copy(r.arena, SLICE("email:joe@customer.example"));
  header_read(&r, slice_text(header), &h);
  authenticity_read(&r, &h, &trust, SLICE("joe@customer.example"), e);
  assert_string_equal(e->authenticity->authserv_id, "-");
  assert_string_equal(e->authenticity->dmarc, "pass");
  assert_string_equal(e->authenticity->spf, "pass");
  assert_string_equal(e->authenticity->dkim_domains[0], "customer.example");
  assert_string_equal(e->from->verified, "dmarc");
  arena_free(&r.arena);
}

static void test_who_passes_for_whom(void **state) {
  (void)state;
  static const struct {
    const char *address, *name, *verified, *dmarc, *reply_to, *warnings;
  } cases[] = {
      {"joe@customer.example", "Joe", "", "", "", ""},
      {"support@desk.example", "Support", "", "", "", "from-imitates-us"},
      {"support+x@desk.example", "Support", "", "", "", "from-imitates-us"},
      {"support@desk.example", "Support", "dmarc", "pass", "", ""},
      {"anybody@help.desk.example", "", "", "", "", "from-imitates-us"},
      {"jane@desk.example", "Jane", "", "", "", ""},                   /* a colleague; nothing is known against it */
      {"jane@desk.example", "Jane", "", "fail", "", "from-imitates-us"},
      {"x@evil.example", "support@desk.example", "dmarc", "pass", "", "from-imitates-us"},
      {"x@evil.example", "Jane <jane@desk.example>", "", "", "", "from-imitates-us"},
      {"x@evil.example", "Support (desk.example)", "", "", "", "from-imitates-us"},
      {"x@evil.example", "DESK.EXAMPLE Support", "", "", "", "from-imitates-us"},
      {"x@evil.example", "The desk", "", "", "", ""},
      {"x@evil.example", "mydesk.example", "", "", "", ""},
      {"jane@desk.example", "Jane, desk.example", "", "", "", ""},
      {"x@desk.examp1e", "", "", "", "", "from-imitates-us"},
      {"x@xn--dsk-rdd.example", "", "dmarc", "pass", "", "from-imitates-us from-mixed-script"}, /* Cyrillic е */
      {"x@xn--bcher-kva.example", "", "", "", "", ""},
      {"x@deskexample.com", "", "", "", "", ""},
      {"joe@gmail.com", "Joe", "", "", "", ""},
      {"joe@gmai1.com", "Joe", "", "", "", "from-imitates-us"},
      {"joe@customer.example", "our.desk@gmail.com", "", "", "", "from-imitates-us"},
      {"joe@customer.example", "joe.doe@gmail.com", "", "", "", ""}, /* thousands share that domain */
      {"joe@customer.example", "Joe", "", "", "joe@home.example", "reply-to-differs"},
      {"joe@customer.example", "Joe", "", "", "joe@mail.customer.example", ""},
      {"joe@mail.customer.example", "Joe", "", "", "joe@customer.example", ""},
      {"joe@customer.example", "Joe", "", "", "x@Customer.example", ""},
      {"", "Joe", "", "", "x@y.example", ""},
  };
  struct mime_own *own = mime_own_new(mine, COUNT(mine));
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = {.arena = arena_new(4096, 65536)};
    contact_event *e = event_new(r.arena);
    e->from = event_party_new(r.arena);
    e->from->key = *cases[i].address ? arena_printf(r.arena, "email:%s", cases[i].address) : e->from->key;
    e->from->name = arena_copy(r.arena, slice_text(cases[i].name));
    e->from->verified = arena_copy(r.arena, slice_text(cases[i].verified));
    e->authenticity = arena_alloc(r.arena, sizeof(*e->authenticity));
    deskbell__v1__authenticity__init(e->authenticity);
    e->authenticity->dmarc = arena_copy(r.arena, slice_text(cases[i].dmarc));
    authenticity_look(&r, own, cases[i].reply_to, e);
    char *warnings = arena_printf(r.arena, "%s", "");
    for (size_t n = 0; n < r.warning_count; n++)
      warnings = arena_printf(r.arena, "%s%s%s", warnings, n ? " " : "", r.warnings[n]);
    same(i, "warnings", warnings, cases[i].warnings);
    authenticity_look(&r, NULL, "", e); /* nothing is ours */
    arena_free(&r.arena);
  }
  mime_own_free(&own);
  assert_null(own);
}

/* Whatever it is made of, a field is read once. */
static void test_hostile_fields(void **state) {
  (void)state;
  static const char *const pieces[] = {"(", ")",  "\"",  ";", "=", ".",     "a=b;", "(()",
                                       "\\", " ", "dkim=pass header.d=a.example;", "x x x", "/", "spf=pass(", "@"};
  static char value[HEADER_FIELD_MAX];
  struct timespec from, to;
  struct authres field;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (size_t i = 0; i < COUNT(pieces); i++)
    for (size_t n = 0; n < COUNT(pieces); n++) {
      size_t len = 0;
      memcpy(value, "mx;", 3);
      for (len = 3; len + 64 < sizeof(value);)
        len += (size_t)sprintf(value + len, "%s%s", pieces[i], pieces[n]);
      authres_read(slice_of(value, len), &field);
      assert_true(field.count <= AUTHRES_MAX);
    }
  clock_gettime(CLOCK_MONOTONIC, &to);
  assert_true(to.tv_sec - from.tv_sec < 10);
  assert_false(authres_read(SLICE(""), &field));
  assert_false(authres_read(SLICE("   (x)"), &field));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_believed),     cmocka_unit_test(test_alignment),
      cmocka_unit_test(test_forgeries),            cmocka_unit_test(test_field_without_an_id),
      cmocka_unit_test(test_who_passes_for_whom),  cmocka_unit_test(test_hostile_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
