/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of reading mailboxes, one by one, against a server in memory. What counts is what is in the spool. */
#include "mailbox_world.h"
#include "base/clock.h"
#include "metrics/metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool no_inotify;

/* The one that libuv calls. */
int inotify_init1(int flags);
int inotify_init1(int flags) {
  if (!no_inotify)
    return (int)syscall(SYS_inotify_init1, flags);
  errno = EMFILE;
  return -1;
}

static void assert_records(struct world *w, size_t count) {
  struct found found = look(w, 0);
  assert_int_equal(found.records, count);
  free(found.times);
}

static void test_all_and_what_comes(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  for (unsigned n = 0; n < 700; n++)
    fake_deliver(inbox, mail_text(n));
  begin(&w, ALL "}\n");
  wait_until(&w, 700, 0, 0);
  fake_deliver(inbox, mail_text(700));
  fake_changed(inbox, IMAP_CHANGE_NEW);
  wait_until(&w, 701, 0, 0);
  assert_each_once(&w, 701);
  struct found f = look(&w, 701);
  free(f.times);
  assert_string_equal(f.channel, "mail");
  assert_string_equal(f.from, "a@b.c");
  assert_string_equal(f.recipient, ""); /* nobody said in which field it stands */
  restart(&w);
  wait_until(&w, 701, 0, 0);
  assert_each_once(&w, 701);
  end(&w);
}

static void test_from_now_on(void **state) {
  (void)state;
  for (int variant = 0; variant < 2; variant++) {
    struct world w;
    struct fake_folder *inbox = fake_folder("INBOX");
    server.no_uidnext = variant;
    for (unsigned n = 0; n < 600; n++)
      fake_deliver(inbox, mail_text(1000 + n));
    begin(&w, BOX "}\n");
    wait_until(&w, 600, 0, 600);
    server.down = true; /* an outage right after the first contact */
    fake_drop_all();
    for (unsigned n = 0; n < 5; n++)
      fake_deliver(inbox, mail_text(n));
    turn(&w, 20);
    server.down = false;
    wait_until(&w, 605, 0, 600);
    fake_renumber(inbox); /* the old ones are known by size and date */
    fake_drop_all();
    fake_deliver(inbox, mail_text(5));
    wait_until(&w, 606, 0, 600);
    ask(&w, MAILBOX_RESCAN);
    wait_until(&w, 606, 0, 600);
    struct found found = look(&w, 6);
    free(found.times);
    assert_int_equal(found.records, 6);
    assert_each_once(&w, 6);
    end(&w);
  }
}

static void test_since(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  for (unsigned n = 0; n < 300; n++) {
    fake_deliver(inbox, mail_text(n < 200 ? 1000 + n : n - 200));
    inbox->mails[n].date_ms = n < 200 ? 1600000000000 : 1790000000000 + n;
  }
  fake_move(inbox, 0, inbox); /* an old one with a high number */
  begin(&w, BOX ", first_run: since, first_since: 2026-01-01}\n");
  wait_until(&w, 300, 0, 200);
  assert_each_once(&w, 100);
  assert_records(&w, 100);
  end(&w);
}

static void test_renumbered(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  for (unsigned n = 0; n < 250; n++)
    fake_deliver(inbox, mail_text(n));
  begin(&w, ALL "}\n");
  wait_until(&w, 250, 0, 0);
  for (int round = 0; round < 3; round++) {
    fake_renumber(inbox);
    fake_deliver(inbox, mail_text(250 + (unsigned)round));
    fake_drop_all();
    wait_until(&w, 251 + round, 0, 0);
  }
  assert_each_once(&w, 253);
  end(&w);
}

static void test_rescan(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  for (unsigned n = 0; n < 50; n++)
    fake_deliver(inbox, mail_text(n));
  begin(&w, ALL "}\n");
  wait_until(&w, 50, 0, 0);
  const unsigned before = server.whole_count;
  ask(&w, MAILBOX_RESCAN);
  wait_until(&w, 50, 0, 0);
  assert_int_equal(server.whole_count, before + 50); /* it was read again */
  assert_each_once(&w, 50);
  end(&w);
}

/* A server whose numbers mean nothing: known by content at each connection. */
static void test_no_validity(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  server.no_validity = true;
  for (unsigned n = 0; n < 20; n++)
    fake_deliver(inbox, mail_text(n));
  begin(&w, ALL "}\n");
  wait_until(&w, 20, 0, 0);
  fake_drop_all();
  fake_deliver(inbox, mail_text(20));
  wait_until(&w, 21, 0, 0);
  assert_each_once(&w, 21);
  end(&w);
}

static void test_after(void **state) {
  (void)state;
  static const char *const yaml[] = {ALL "}\n", ALL ", after: keyword}\n", ALL ", after: seen}\n",
                                     ALL ", after: move, after_folder: Done}\n"};
  for (size_t i = 0; i < 4; i++) {
    struct world w;
    struct fake_folder *inbox = fake_folder("INBOX");
    for (unsigned n = 0; n < 30; n++)
      fake_deliver(inbox, mail_text(n));
    begin(&w, yaml[i]);
    wait_until(&w, i == 3 ? 0 : 30, 0, 0);
    for (int turns = 0; turns < 1000 && i && i < 3 && !(inbox->mails[29].seen || inbox->mails[29].keyword); turns++)
      uv_run(&w.channel.loop, UV_RUN_ONCE);
    for (size_t n = 0; n < inbox->count; n++) {
      assert_true(inbox->mails[n].keyword == (i == 1));
      assert_true(inbox->mails[n].seen == (i == 2));
    }
    assert_int_equal(i == 3 ? fake_folder("Done")->count : inbox->count, 30);
    assert_each_once(&w, 30);
    restart(&w);
    wait_until(&w, i == 3 ? 0 : 30, 0, 0);
    assert_each_once(&w, 30);
    end(&w);
  }
}

/* Marks that the server refuses are no reason to read no more. */
static void test_marks_refused(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  server.no_marks = true;
  for (unsigned n = 0; n < 30; n++)
    fake_deliver(inbox, mail_text(n));
  begin(&w, ALL ", after: keyword}\n");
  wait_until(&w, 30, 0, 0);
  fake_deliver(inbox, mail_text(30));
  fake_changed(inbox, IMAP_CHANGE_NEW);
  wait_until(&w, 31, 0, 0);
  server.no_marks = false;
  restart(&w); /* they are made up for */
  for (int i = 0; i < 2000 && !inbox->mails[30].keyword; i++)
    uv_run(&w.channel.loop, UV_RUN_ONCE);
  for (size_t n = 0; n < 31; n++)
    assert_true(inbox->mails[n].keyword);
  end(&w);
}

/* TR-47: by what the server said, and by what came. */
static void test_oversize(void **state) {
  (void)state;
  for (int lies = 0; lies < 2; lies++) {
    struct world w;
    struct fake_folder *inbox = fake_folder("INBOX");
    char *large = calloc(1, 300000);
    snprintf(large, 400, "%s", mail_text(1));
    memset(large + strlen(large), 'x', 200000);
    fake_deliver(inbox, mail_text(0));
    fake_deliver(inbox, large);
    fake_deliver(inbox, mail_text(2));
    server.said_size = lies ? 1000 : 0;
    begin(&w, ALL ", after: move, after_folder: Done}\nemail: {max_size: 64KiB}\n");
    wait_until(&w, 1, 0, 0); /* it stays where the note says that it is */
    assert_each_once(&w, 3);
    assert_int_equal(inbox->count, 1);
    free(large);
    restart(&w);
    wait_until(&w, 1, 0, 0);
    assert_records(&w, 3);
    end(&w);
  }
}

/* TR-48: it is tried so often, the others do not wait for it, and it is said. */
static void bad_mail(int how) {
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  for (unsigned n = 0; n < 40; n++)
    fake_deliver(inbox, mail_text(n == 7 ? 39 : n > 7 ? n - 1 : n));
  inbox->mails[7].how = how;
  begin(&w, ALL "}\n");
  for (int i = 0; i < 200000 && (mailboxes_measure(w.mailboxes), gauge(STORED) < 39); i++)
    uv_run(&w.channel.loop, UV_RUN_ONCE);
  assert_int_equal(gauge(MISSING), 1); /* the gap is seen */
  restart(&w);                        /* tries are counted durably */
  wait_until(&w, 40, 1, 0);
  assert_each_once(&w, 39);
  struct found found = look(&w, 40);
  free(found.times);
  assert_int_equal(found.events, 1);
  restart(&w);
  wait_until(&w, 40, 1, 0);
  inbox->mails[7].how = MAIL_GOOD; /* the server was mended: a rescan gets it */
  ask(&w, MAILBOX_RESCAN);
  wait_until(&w, 40, 0, 0);
  assert_each_once(&w, 40);
  end(&w);
}

static void test_refused_mail(void **state) {
  (void)state;
  bad_mail(MAIL_REFUSED);
}

static void test_left_out_mail(void **state) {
  (void)state;
  bad_mail(MAIL_LEFT_OUT);
}

static void test_killing_mail(void **state) {
  (void)state;
  bad_mail(MAIL_KILLS);
}

static void test_recipient_fields(void **state) {
  (void)state;
  static const struct {
    const char *mail, *channel, *recipient, *token;
  } cases[] = {
      {"Delivered-To: sales+tok@example.com\r\nSubject: x\r\n\r\n", "sales", "sales+tok@example.com", "tok"},
      {"X-Original-To: support@example.com\r\nDelivered-To: sales@example.com\r\n\r\n", "mail", "support@example.com",
       ""},
      {"Delivered-To: other+t@nowhere.example\r\n\r\n", "mail", "other+t@nowhere.example", "t"},
      {"X-Original-To: other@nowhere.example\r\nDelivered-To: <sales+u@example.com>\r\n\r\n", "sales",
       "sales+u@example.com", "u"},
      {"Delivered-To: off@example.com\r\n\r\n", "mail", "off@example.com", ""}, /* disabled: it was accepted already */
      {"Delivered-To: nonsense\r\n\r\n", "mail", "", ""},
      {"Subject: x\r\n\r\nDelivered-To: sales@example.com\r\n", "mail", "", ""},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct world w;
    fake_deliver(fake_folder("INBOX"), cases[i].mail);
    begin(&w, ALL ", recipient_fields: [X-Original-To, Delivered-To]}\n");
    wait_until(&w, 1, 0, 0);
    struct found f = look(&w, 1);
    free(f.times);
    assert_string_equal(f.channel, cases[i].channel);
    assert_string_equal(f.recipient, cases[i].recipient);
    assert_string_equal(f.token, cases[i].token);
    end(&w);
  }
}

static void test_return_path(void **state) {
  (void)state;
  static const struct {
    const char *mail, *from;
    bool null_path;
  } cases[] = {
      {"Return-Path: <a@b.c>\r\nReturn-Path: <d@e.f>\r\n\r\n", "a@b.c", false},
      {"Return-Path: <>\r\n\r\n", "", true},
      {"From: a@b.c\r\n\r\n", "", false},
  };
  for (size_t i = 0; i < 3; i++) {
    struct world w;
    fake_deliver(fake_folder("INBOX"), cases[i].mail);
    begin(&w, ALL "}\n");
    wait_until(&w, 1, 0, 0);
    struct found f = look(&w, 1);
    free(f.times);
    assert_string_equal(f.from, cases[i].from);
    assert_int_equal(f.null_path, cases[i].null_path);
    end(&w);
  }
}

/* The spool refuses for a while. */
static int refusals;

static int refuse(struct channel *c) {
  (void)c;
  return refusals-- > 0 ? SPOOL_FULL : 0;
}

static void test_full_spool(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  for (unsigned n = 0; n < 30; n++)
    fake_deliver(inbox, mail_text(n));
  begin(&w, ALL "}\n");
  refusals = 40;
  w.channel.take = refuse;
  wait_until(&w, 30, 0, 0);
  assert_each_once(&w, 30);
  end(&w);
}

static void on_appended(void *arg, int outcome, uint64_t seq) {
  assert_int_equal(outcome, 0);
  *(uint64_t *)arg = seq;
}

/* Died between the two commits: the record is in the spool, the ledger has never heard of it. It is not fetched again,
 * not even to find out that it is known; and it is marked. */
static void test_row_is_recovered(void **state) {
  (void)state;
  struct world w;
  struct fake_folder *inbox = fake_folder("INBOX");
  struct blob_ref original;
  uint64_t seq = 0;
  begin(&w, ALL ", after: keyword}\n");
  fake_deliver(inbox, mail_text(0));
  wait_until(&w, 1, 0, 0);
  mailboxes_close(w.mailboxes);
  mailboxes_end(&w.mailboxes);
  const uint32_t uid = fake_deliver(inbox, mail_text(1));
  assert_int_equal(blob_put(spool_blobs(w.channel.spool), slice_text(mail_text(1)), &original), 0);
  const struct mail_record record = {
      .original = original, .received_ms = 1, .channel = SLICE("mail"), .mail_from = SLICE("a@b.c"),
      .recipient = SLICE(""), .token = SLICE(""), .place = {SLICE("box"), SLICE("INBOX"), inbox->validity, uid},
      .id = mime_event_id(&(struct mime_envelope){.channel = SLICE("mail")}, slice_text(mail_text(1)))};
  auto_clean(buf_free) struct buf payload = BUF_INIT(MAIL_RECORD_MAX);
  assert_int_equal(mail_record_pack(&record, &payload), 0);
  assert_int_equal(spool_append(w.channel.spool, RECORD_MAIL, 1, buf_slice(&payload), on_appended, &seq), 0);
  while (!seq)
    uv_run(&w.channel.loop, UV_RUN_ONCE);
  const unsigned before = server.whole_count;
  open_boxes(&w);
  wait_until(&w, 2, 0, 0);
  assert_int_equal(server.whole_count, before);
  assert_each_once(&w, 2);
  for (int i = 0; i < 2000 && !inbox->mails[1].keyword; i++)
    uv_run(&w.channel.loop, UV_RUN_ONCE);
  assert_true(inbox->mails[1].keyword);
  end(&w);
}

/* Instances are counted for a user, so the lack is played: others use them too. */
static void test_unwatched_requests(void **state) {
  (void)state;
  struct world w;
  fake_folder("INBOX");
  no_inotify = true;
  begin(&w, ALL "}\n");
  ask(&w, MAILBOX_RECONCILE);
  no_inotify = false;
  ask(&w, MAILBOX_RECONCILE);
  const int64_t before = clock_monotonic_ms();
  ask(&w, MAILBOX_RECONCILE); /* watched again: it need not be looked for */
  assert_true(clock_monotonic_ms() - before < 5000);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_and_what_comes),
      cmocka_unit_test(test_from_now_on),
      cmocka_unit_test(test_since),
      cmocka_unit_test(test_renumbered),
      cmocka_unit_test(test_rescan),
      cmocka_unit_test(test_no_validity),
      cmocka_unit_test(test_after),
      cmocka_unit_test(test_marks_refused),
      cmocka_unit_test(test_oversize),
      cmocka_unit_test(test_refused_mail),
      cmocka_unit_test(test_left_out_mail),
      cmocka_unit_test(test_killing_mail),
      cmocka_unit_test(test_recipient_fields),
      cmocka_unit_test(test_return_path),
      cmocka_unit_test(test_full_spool),
      cmocka_unit_test(test_row_is_recovered),
      cmocka_unit_test(test_unwatched_requests),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
