/* SPDX-License-Identifier: Apache-2.0 */
#include "automatic_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static struct slice or_empty(const char *s) {
  return slice_text(s);
}

static const char *given(const struct automatic_verdict *v, struct arena *a) {
  char *all = arena_printf(a, "%s", "");
  for (size_t i = 0; i < v->count; i++)
    all = arena_printf(a, "%s%s%s", all, i ? ", " : "", v->evidence[i]);
  return all;
}

static bool has(const struct automatic_verdict *v, const char *evidence) {
  for (size_t i = 0; i < v->count; i++)
    if (strcmp(v->evidence[i], evidence) == 0)
      return true;
  return false;
}

static void check(const struct automatic_case *c, size_t number, const struct mime_own *own) {
  struct reading r = {.arena = arena_new(64 * 1024, 8 * 1024 * 1024)};
  struct mail_header h;
  header_read(&r, or_empty(c->header), &h);
  const struct automatic_facts facts = {
      .header = &h, .type = c->type ? c->type : "", .report_type = c->report_type ? c->report_type : "",
      .outcome = c->outcome, .null_path = c->null_path, .invitation = c->invitation,
      .mail_from = or_empty(c->mail_from), .sender = or_empty(c->from), .sender_name = or_empty(c->name),
      .reply_to = or_empty(c->reply_to), .subject = or_empty(c->subject), .text = or_empty(c->text), .own = own,
  };
  struct automatic_verdict v;
  automatic_decide(&r, &facts, &v);
  const char *what = c->subject ? c->subject : c->header ? c->header : c->from;
  const char *all = given(&v, r.arena);
  if (strcmp(v.kind, c->kind) != 0)
    fail_msg("%zu (%s): kind \"%s\", not \"%s\" [%s]", number, what, v.kind, c->kind, all);
  if (!c->evidence ? v.count != 0 : *c->evidence ? !has(&v, c->evidence) : v.count == 0)
    fail_msg("%zu (%s): evidence [%s]", number, what, all);
  if (*c->kind && v.count == 0)
    fail_msg("%zu (%s): a kind without evidence", number, what);
  if (v.delayed != c->delayed || v.doubtful != c->doubtful)
    fail_msg("%zu (%s): delayed %d, doubtful %d", number, what, v.delayed, v.doubtful);
  assert_false(r.failed);
  arena_free(&r.arena);
}

void automatic_cases_check(const struct automatic_case *cases, size_t count) {
  char support[] = "support@desk.example", help[] = "@help.desk.example";
  char *const addresses[] = {support, help};
  struct mime_own *own = mime_own_new(addresses, 2);
  for (size_t i = 0; i < count; i++)
    check(&cases[i], i, own);
  mime_own_free(&own);
}
