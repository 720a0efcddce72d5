/* SPDX-License-Identifier: Apache-2.0 */
/* Server and ledger compared: a table by hand, then thousands of random folders against the plainest way to say it. */
#include "mailbox/survey.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void assert_set(const struct uid_set *s, const char *want) {
  struct buf text = BUF_INIT(1 << 16);
  struct uid_range copy[64], *ranges = copy;
  size_t count = s->count;
  assert_true(count <= COUNT(copy));
  if (count)
    memcpy(copy, s->ranges, count * sizeof(*copy));
  if (count)
    uid_set_write(&ranges, &count, 1 << 16, UINT64_MAX, &text, NULL);
  assert_string_equal(buf_slice(&text).at, want);
  buf_free(&text);
}

static struct ledger_mail row(uint32_t uid, enum mail_outcome outcome, bool marked, uint32_t epoch) {
  return (struct ledger_mail){.uid = uid, .outcome = outcome, .marked = marked, .epoch = epoch};
}

static void test_by_hand(void **state) {
  (void)state;
  const struct ledger_folder f = {.id = 1, .uid_validity = 1, .first_uid = 10, .epoch = 1};
  const struct uid_range server[] = {{2, 4}, {8, 12}, {20, 20}, {30, 40}};
  const struct ledger_mail rows[] = {
      row(1, MAIL_SKIPPED, true, 1),      /* gone */
      row(3, MAIL_SKIPPED, true, 1),
      row(9, MAIL_STORED, true, 1),
      row(10, MAIL_STORED, false, 1),
      row(12, MAIL_TRYING, false, 1),
      row(15, MAIL_STORED, false, 1),     /* gone */
      row(20, MAIL_QUARANTINED, false, 1),
      row(30, MAIL_REPEAT, false, 1),
      row(31, MAIL_OVERSIZE, false, 1),
      row(32, MAIL_STORED, true, 0),      /* before a rescan */
      row(40, MAIL_STORED, true, 1),
      row(41, MAIL_STORED, true, 1),      /* gone */
  };
  struct survey s;
  survey_begin(&s, &f, server, COUNT(server));
  for (size_t i = 0; i < COUNT(rows); i++)
    survey_row(&s, &rows[i]);
  survey_end(&s);
  assert_set(&s.gone, "1,15,41");
  assert_set(&s.old, "2,4,8");
  assert_set(&s.missing, "11:12,32:39");
  assert_set(&s.unmarked, "10,30");
  const struct mailbox_counts want = {.server = 20, .stored = 3, .repeats = 1, .oversize = 1, .quarantined = 1,
                                      .skipped = 1, .missing = 13};
  assert_memory_equal(&s.counts, &want, sizeof(want));
  survey_free(&s);
}

static void test_edges(void **state) {
  (void)state;
  const struct ledger_folder f = {.id = 1, .uid_validity = 1, .first_uid = UINT32_MAX};
  const struct ledger_folder all = {.id = 1, .uid_validity = 1, .first_uid = 1};
  const struct uid_range full[] = {{1, UINT32_MAX}};
  struct ledger_mail last = row(UINT32_MAX, MAIL_STORED, true, 0);
  struct survey s;
  survey_begin(&s, &f, NULL, 0); /* an empty folder */
  survey_row(&s, &last);
  survey_end(&s);
  assert_set(&s.gone, "4294967295");
  assert_int_equal(s.counts.server + s.counts.missing, 0);
  survey_free(&s);
  survey_begin(&s, &f, full, 1);
  survey_row(&s, &last);
  survey_end(&s);
  assert_set(&s.old, "1:4294967294");
  assert_set(&s.missing, "");
  assert_int_equal(s.counts.server, UINT32_MAX);
  assert_int_equal(s.counts.missing, UINT32_MAX - 1);
  survey_free(&s);
  survey_begin(&s, &all, full, 1);
  survey_end(&s);
  assert_set(&s.missing, "1:4294967295");
  survey_free(&s);
}

enum { UIDS = 60 };

struct world {
  bool there[UIDS];
  bool has_row[UIDS];
  struct ledger_mail rows[UIDS];
};

static void make(struct world *w) {
  const int density = rand() % 100;
  for (uint32_t i = 1; i < UIDS; i++) {
    w->there[i] = rand() % 100 < density;
    w->has_row[i] = rand() % 2;
    w->rows[i] = row(i, (enum mail_outcome)(MAIL_TRYING + rand() % 6), rand() % 2, (uint32_t)(rand() % 2));
  }
}

static size_t ranges_of(const struct world *w, struct uid_range *ret) {
  size_t count = 0;
  for (uint32_t i = 1; i < UIDS; i++) {
    if (!w->there[i])
      continue;
    if (count && ret[count - 1].last == i - 1)
      ret[count - 1].last = i;
    else
      ret[count++] = (struct uid_range){i, i};
  }
  return count;
}

static void check(const struct world *w, const struct survey *s, const struct ledger_folder *f) {
  uint32_t server = 0, missing = 0;
  for (uint32_t i = 1; i < UIDS; i++) {
    const struct ledger_mail *m = &w->rows[i];
    const bool done = w->has_row[i] && m->epoch == f->epoch && m->outcome != MAIL_TRYING;
    const bool lacks = w->there[i] && !done;
    server += w->there[i];
    missing += lacks;
    assert_int_equal(uid_set_has(&s->missing, i), lacks && i >= f->first_uid);
    assert_int_equal(uid_set_has(&s->old, i), lacks && i < f->first_uid);
    assert_int_equal(uid_set_has(&s->gone, i), w->has_row[i] && !w->there[i]);
    assert_int_equal(uid_set_has(&s->unmarked, i),
                     w->there[i] && done && !m->marked && (m->outcome == MAIL_STORED || m->outcome == MAIL_REPEAT));
  }
  const struct mailbox_counts *c = &s->counts;
  assert_int_equal(c->server, server);
  assert_int_equal(c->missing, missing);
  assert_int_equal(c->stored + c->repeats + c->oversize + c->quarantined + c->skipped + c->missing, server);
}

static void test_random_folders(void **state) {
  (void)state;
  for (unsigned seed = 1; seed <= 3000; seed++) {
    struct world w = {0};
    struct uid_range server[UIDS];
    struct survey s;
    srand(seed);
    make(&w);
    const struct ledger_folder f = {.first_uid = (uint32_t)(rand() % UIDS), .epoch = 1};
    survey_begin(&s, &f, server, ranges_of(&w, server));
    for (uint32_t i = 1; i < UIDS; i++)
      if (w.has_row[i])
        survey_row(&s, &w.rows[i]);
    survey_end(&s);
    check(&w, &s, &f);
    survey_free(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_by_hand),
      cmocka_unit_test(test_edges),
      cmocka_unit_test(test_random_folders),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
