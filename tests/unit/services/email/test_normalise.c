/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real parser processes behind their real walls, with a mail reader that obeys its mails: whatever one does to its
 * parser, each record gets exactly one event, with its original, and the mails around it are not touched.
 * This program is its own parser.
 */
#include "fake_channel.h"
#include "mail_record.h"
#include "normalise.h"
#include "parser.h"
#include "service/process.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define QUICK "email:\n  parser_deadline: 1s\n"

struct desk {
  struct channel channel;
  struct normaliser *normaliser;
  uint64_t last;
};

static void on_appended(void *arg, int outcome, uint64_t seq) {
  assert_true(outcome == 0 || outcome == -ECANCELED); /* closed before its commit */
  *(uint64_t *)arg = seq;
}

static void open_desk(struct desk *d, const char *yaml) {
  fake_channel_open(&d->channel, yaml);
  normaliser_open(&d->channel.loop, d->channel.config, "/proc/self/exe", &d->normaliser);
  d->channel.normalise = normalise;
  d->channel.arg = d->normaliser;
  d->last = 0;
}

static void close_desk(struct desk *d) {
  normaliser_close(&d->normaliser);
  fake_channel_end(&d->channel);
}

static struct mail_record record_of(struct blob_ref original) {
  return (struct mail_record){
      .original = original, .received_ms = 1000, .channel = SLICE("mail"), .mail_from = SLICE("a@b"),
      .recipient = SLICE("support@example.com"), .token = SLICE(""),
  };
}

static void append(struct desk *d, const struct mail_record *record) {
  auto_clean(buf_free) struct buf payload = BUF_INIT(MAIL_RECORD_MAX);
  assert_int_equal(mail_record_pack(record, &payload), 0);
  assert_int_equal(spool_append(d->channel.spool, RECORD_MAIL, 1000, buf_slice(&payload), on_appended, &d->last), 0);
}

static void put(struct desk *d, struct slice mail) {
  struct blob_ref original;
  assert_int_equal(blob_put(spool_blobs(d->channel.spool), mail, &original), 0);
  struct mail_record record = record_of(original);
  append(d, &record);
}

static void put_text(struct desk *d, const char *mail) {
  put(d, slice_text(mail));
}

static const contact_event *event_of(struct desk *d, uint64_t seq) {
  const struct fake_event *e = fake_channel_event(&d->channel, seq);
  assert_non_null(e);
  char text[EVENT_ID_LEN + 1];
  event_id_text(&e->id, text);
  assert_string_equal(e->event->id, text);
  return e->event;
}

static void assert_text(struct desk *d, uint64_t seq, const char *text) {
  const contact_event *e = event_of(d, seq);
  assert_int_equal(e->kind, DESKBELL__V1__EVENT_KIND__MESSAGE);
  assert_string_equal(e->text, text);
  assert_non_null(e->original);
}

static void assert_quarantined(struct desk *d, uint64_t seq, const char *reason) {
  const contact_event *e = event_of(d, seq);
  assert_int_equal(e->kind, DESKBELL__V1__EVENT_KIND__QUARANTINE);
  assert_string_equal(e->quarantine->reason, reason);
  assert_string_equal(e->channel, "mail");
}

static void test_plain(void **state) {
  (void)state;
  struct desk d;
  open_desk(&d, "");
  put_text(&d, "hello\r\nworld\r\n");
  fake_channel_wait(&d.channel, 1);
  assert_text(&d, 1, "hello");
  const contact_event *e = event_of(&d, 1);
  uint8_t digest[SHA256_BYTES];
  sha256(SLICE("hello\r\nworld\r\n"), digest);
  assert_memory_equal(e->original->sha256.data, digest, SHA256_BYTES);
  assert_int_equal(e->original->size, 14);
  assert_string_equal(e->envelope_from, "a@b");
  close_desk(&d);
}

static void test_warning_of_bare_line_ends(void **state) {
  (void)state;
  struct desk d;
  struct blob_ref original;
  open_desk(&d, "");
  assert_int_equal(blob_put(spool_blobs(d.channel.spool), SLICE("x\n"), &original), 0);
  struct mail_record record = record_of(original);
  record.bare_line_end = true;
  append(&d, &record);
  fake_channel_wait(&d.channel, 1);
  assert_int_equal(event_of(&d, 1)->n_warnings, 1);
  assert_string_equal(event_of(&d, 1)->warnings[0], "bare-line-end");
  close_desk(&d);
}

/* From a mailbox: the event says where, also when it became a quarantine entry. */
static void test_place(void **state) {
  (void)state;
  static const char *const mails[] = {"hello", "unreadable", "crash"};
  struct desk d;
  open_desk(&d, "");
  for (uint32_t i = 0; i < 3; i++) {
    struct blob_ref original;
    assert_int_equal(blob_put(spool_blobs(d.channel.spool), slice_text(mails[i]), &original), 0);
    struct mail_record record = record_of(original);
    record.place = (struct mail_place){SLICE("support"), SLICE("INBOX/Büro"), 77, i + 1};
    append(&d, &record);
  }
  fake_channel_wait(&d.channel, 3);
  assert_text(&d, 1, "hello");
  assert_quarantined(&d, 3, "parser-died");
  for (uint32_t i = 0; i < 3; i++) {
    const contact_event *e = event_of(&d, i + 1);
    assert_string_equal(e->signature, "imap");
    assert_non_null(e->place);
    assert_string_equal(e->place->mailbox, "support");
    assert_string_equal(e->place->folder, "INBOX/Büro");
    assert_int_equal(e->place->uid_validity, 77);
    assert_int_equal(e->place->uid, i + 1);
  }
  close_desk(&d);
}

/* TR-47: only the header was taken. */
static void test_left_behind(void **state) {
  (void)state;
  struct desk d;
  struct blob_ref original;
  open_desk(&d, "");
  assert_int_equal(blob_put(spool_blobs(d.channel.spool), SLICE("Subject: x\r\n\r\n"), &original), 0);
  struct mail_record record = record_of(original);
  record.place = (struct mail_place){SLICE("support"), SLICE("INBOX"), 77, 5};
  record.left_behind = 99999999;
  append(&d, &record);
  fake_channel_wait(&d.channel, 1);
  assert_text(&d, 1, "[This mail is too large to be taken: 99999999 bytes. Only its header is here. The mail itself is "
                     "in mailbox support, folder INBOX, as UID 5.]");
  assert_int_equal(event_of(&d, 1)->n_warnings, 1);
  assert_string_equal(event_of(&d, 1)->warnings[0], "oversize");
  close_desk(&d);
}

/* More than fit into one parser at a time, on several parsers, with large ones among them. */
static void test_many(void **state) {
  (void)state;
  struct desk d;
  static char large[700 * 1024];
  open_desk(&d, "email:\n  parsers: 3\n");
  memset(large, 'x', sizeof(large));
  for (int i = 0; i < 200; i++) {
    char mail[32];
    snprintf(mail, sizeof(mail), "mail %d\r\n", i);
    if (i % 40 == 7)
      put(&d, slice_of(large, sizeof(large) - (size_t)i));
    else
      put_text(&d, mail);
  }
  fake_channel_wait(&d.channel, 200);
  assert_text(&d, 1, "mail 0");
  assert_text(&d, 200, "mail 199");
  assert_int_equal(event_of(&d, 8)->original->size, sizeof(large) - 7);
  close_desk(&d);
}

static void test_parts_are_stored(void **state) {
  (void)state;
  struct desk d;
  open_desk(&d, "");
  put_text(&d, "blobs 3 300000");
  put_text(&d, "blobs 2 0");
  fake_channel_wait(&d.channel, 2);
  const contact_event *e = event_of(&d, 1);
  assert_int_equal(e->n_attachments, 3);
  for (size_t i = 0; i < 3; i++) {
    auto_clean(buf_free) struct buf bytes = BUF_INIT(1024 * 1024);
    assert_int_equal(blob_read(spool_blobs(d.channel.spool), e->attachments[i]->blob->sha256.data, &bytes), 0);
    assert_int_equal(bytes.len, 300000);
    assert_int_equal(bytes.at[299999], 'a' + (int)i);
  }
  assert_int_equal(event_of(&d, 2)->n_attachments, 2);
  close_desk(&d);
}

/* What a mail may do to its parser, and what becomes of it. Good mails stand before, between and behind. */
static void test_hostile(void **state) {
  (void)state;
  static const struct {
    const char *mail, *reason;
  } cases[] = {
      {"crash", "parser-died"},          {"recurse", "parser-died"},      {"exec", "parser-died"},
      {"exit", "parser-died"},           {"hang", "parser-timeout"},      {"unreadable", "no-structure"},
      {"complex", "too-complex"},        {"other-channel", "parser-died"}, {"other-id", "parser-died"},
      {"lost-blob", "parser-died"},      {"blobs 1 2000000", "part-too-large"},
  };
  const size_t count = sizeof(cases) / sizeof(cases[0]);
  struct desk d;
  open_desk(&d, QUICK);
  put_text(&d, "good");
  for (size_t i = 0; i < count; i++) {
    put_text(&d, cases[i].mail);
    put_text(&d, "good");
  }
  fake_channel_wait(&d.channel, 2 * count + 1);
  for (size_t i = 0; i < count; i++) {
    assert_quarantined(&d, 2 * i + 2, cases[i].reason);
    assert_int_equal(event_of(&d, 2 * i + 2)->original->size, strlen(cases[i].mail));
    assert_text(&d, 2 * i + 1, "good");
  }
  assert_text(&d, 2 * count + 1, "good");
  assert_int_equal(d.channel.count, 2 * count + 1);
  close_desk(&d);
}

#ifndef __SANITIZE_ADDRESS__ /* the limit of memory is off there */
static void test_memory_is_limited(void **state) {
  (void)state;
  struct desk d;
  open_desk(&d, "email:\n  parser_memory: 200MiB\n");
  put_text(&d, "hog");
  put_text(&d, "good");
  fake_channel_wait(&d.channel, 2);
  assert_quarantined(&d, 1, "parser-died");
  assert_text(&d, 2, "good");
  close_desk(&d);
}
#endif

/* The walls: refused, and the parser lives on to say so. */
static void test_walls(void **state) {
  (void)state;
  static const char *const tries[] = {"open", "create", "socket", "fork", "kill"};
  const size_t count = sizeof(tries) / sizeof(tries[0]);
  struct desk d;
  open_desk(&d, "");
  for (size_t i = 0; i < count; i++)
    put_text(&d, tries[i]);
  fake_channel_wait(&d.channel, count);
  for (size_t i = 0; i < count; i++) {
    char text[64];
    snprintf(text, sizeof(text), "%s: %d", tries[i], EPERM);
    assert_text(&d, i + 1, text);
  }
  close_desk(&d);
}

/* Character sets were loaded before the walls went up; one that was not is unknown, not fatal. */
static void test_charsets_work_behind_walls(void **state) {
  (void)state;
  static const char *const names[] = {"ISO-8859-15", "WINDOWS-1252", "GB18030", "ISO-2022-JP", "EUC-KR", "UTF-7",
                                      "BIG5-HKSCS",  "SHIFT_JIS",    "KOI8-R",  "UTF-16",      "MACINTOSH"};
  const size_t count = sizeof(names) / sizeof(names[0]);
  struct desk d;
  char text[64];
  open_desk(&d, "");
  for (size_t i = 0; i < count; i++) {
    snprintf(text, sizeof(text), "charset %s", names[i]);
    put_text(&d, text);
  }
  put_text(&d, "charset EBCDIC-AT-DE");
  fake_channel_wait(&d.channel, count + 1);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(names[i], "UTF-16") == 0)
      continue; /* three bytes are not whole there: opening it is enough */
    snprintf(text, sizeof(text), "%s: 0", names[i]);
    assert_text(&d, i + 1, text);
  }
  snprintf(text, sizeof(text), "EBCDIC-AT-DE: %d", EINVAL);
  assert_text(&d, count + 1, text);
  close_desk(&d);
}

static bool look_at_attempts(void *arg, const struct spool_record *record) {
  *(uint32_t *)arg = record->attempts;
  return true;
}

/* The count of deaths is in the spool before the second try. After a restart it goes on from there. */
static void test_attempts_are_durable(void **state) {
  (void)state;
  struct desk d;
  uint32_t attempts = 0;
  open_desk(&d, "");
  put_text(&d, "crash");
  fake_channel_wait(&d.channel, 1);
  assert_int_equal(spool_get(d.channel.spool, 1, look_at_attempts, &attempts), 0);
  assert_int_equal(attempts, PARSER_ATTEMPTS);
  /* Again, as after a crash of this program: quarantined at once, by the count alone. */
  d.channel.count = 0;
  normaliser_close(&d.normaliser);
  d.channel.normalise = NULL;
  fake_channel_reopen(&d.channel);
  normaliser_open(&d.channel.loop, d.channel.config, "/nonexistent/email", &d.normaliser);
  d.channel.normalise = normalise;
  d.channel.arg = d.normaliser;
  fake_channel_wait(&d.channel, 1);
  assert_quarantined(&d, 1, "parser-died");
  close_desk(&d);
}

/* No parser starts: nobody's mail is blamed, and the operator is told. */
static void test_no_parser(void **state) {
  (void)state;
  struct desk d;
  auto_clean(buf_free) struct buf reasons = BUF_INIT(1000);
  fake_channel_open(&d.channel, "");
  normaliser_open(&d.channel.loop, d.channel.config, "/nonexistent/email", &d.normaliser);
  d.channel.normalise = normalise;
  d.channel.arg = d.normaliser;
  put_text(&d, "good");
  do
    uv_run(&d.channel.loop, UV_RUN_ONCE);
  while (!d.channel.read);
  for (int i = 0; i < 5; i++)
    uv_run(&d.channel.loop, UV_RUN_NOWAIT);
  assert_int_equal(d.channel.count, 0);
  normaliser_unhealthy(d.normaliser, &reasons);
  assert_non_null(strstr(reasons.at, "parser: "));
  close_desk(&d);
}

/* A program that is no parser: it ends at once, without being ready. */
static void test_wrong_parser(void **state) {
  (void)state;
  struct desk d;
  auto_clean(buf_free) struct buf reasons = BUF_INIT(1000);
  fake_channel_open(&d.channel, "");
  normaliser_open(&d.channel.loop, d.channel.config, "/bin/false", &d.normaliser);
  do {
    uv_run(&d.channel.loop, UV_RUN_ONCE);
    buf_clear(&reasons);
    normaliser_unhealthy(d.normaliser, &reasons);
  } while (!reasons.len);
  close_desk(&d);
}

static void test_original_lost(void **state) {
  (void)state;
  struct desk d;
  struct blob_ref nowhere = {.size = 10};
  open_desk(&d, "");
  struct mail_record record = record_of(nowhere);
  append(&d, &record);
  append(&d, &record);
  put_text(&d, "good");
  fake_channel_wait(&d.channel, 3);
  assert_quarantined(&d, 1, "original-lost");
  assert_quarantined(&d, 2, "original-lost");
  assert_string_not_equal(event_of(&d, 1)->id, event_of(&d, 2)->id); /* two mails, two entries */
  assert_text(&d, 3, "good");
  close_desk(&d);
}

static void test_record_unreadable(void **state) {
  (void)state;
  struct desk d;
  open_desk(&d, "");
  assert_int_equal(spool_append(d.channel.spool, RECORD_MAIL, 5, SLICE("\x09 newer"), on_appended, &d.last), 0);
  assert_int_equal(spool_append(d.channel.spool, 99, 5, SLICE("other"), on_appended, &d.last), 0);
  fake_channel_wait(&d.channel, 2);
  assert_quarantined(&d, 1, "record-unreadable");
  assert_quarantined(&d, 2, "record-unreadable");
  assert_string_not_equal(event_of(&d, 1)->id, event_of(&d, 2)->id);
  assert_int_equal(event_of(&d, 1)->received_at_ms, 5);
  close_desk(&d);
}

/* Closing with mails in every place leaves nothing behind and calls nobody. */
static void test_close_in_the_middle(void **state) {
  (void)state;
  for (int turns = 0; turns < 40; turns += 3) {
    struct desk d;
    open_desk(&d, "");
    for (int i = 0; i < 30; i++)
      put_text(&d, i % 3 ? "blobs 2 1000" : "crash");
    for (int i = 0; i < turns; i++)
      uv_run(&d.channel.loop, UV_RUN_ONCE);
    close_desk(&d);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], PARSER_OPTION) == 0)
    return parser_main(argc - 1, argv + 1);
  if (process_prepare() < 0)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_warning_of_bare_line_ends),
      cmocka_unit_test(test_place),
      cmocka_unit_test(test_left_behind),
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_parts_are_stored),
      cmocka_unit_test(test_hostile),
#ifndef __SANITIZE_ADDRESS__
      cmocka_unit_test(test_memory_is_limited),
#endif
      cmocka_unit_test(test_walls),
      cmocka_unit_test(test_charsets_work_behind_walls),
      cmocka_unit_test(test_attempts_are_durable),
      cmocka_unit_test(test_no_parser),
      cmocka_unit_test(test_wrong_parser),
      cmocka_unit_test(test_original_lost),
      cmocka_unit_test(test_record_unreadable),
      cmocka_unit_test(test_close_in_the_middle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
