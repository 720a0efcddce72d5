/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox_world.h"
#include "mailbox/ledger.h"
#include "metrics/metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

void open_boxes(struct world *w) {
  mailboxes_open(&w->channel.loop, w->channel.config, &w->channel, &w->mailboxes);
  assert_non_null(w->mailboxes);
}

void begin(struct world *w, const char *yaml) {
  fake_channel_open(&w->channel, yaml);
  open_boxes(w);
}

static void close_boxes(struct world *w) {
  mailboxes_close(w->mailboxes);
}

void end(struct world *w) {
  close_boxes(w);
  spool_close(&w->channel.spool); /* as channel_close(): answers what is under way */
  mailboxes_end(&w->mailboxes);
  fake_channel_end(&w->channel);
  fake_server_free();
}

/* Stopped and started again, at whatever moment this is. */
void restart(struct world *w) {
  close_boxes(w);
  spool_close(&w->channel.spool);
  mailboxes_end(&w->mailboxes);
  fake_channel_reopen(&w->channel);
  open_boxes(w);
}

const char *mail_text(unsigned n) {
  static char text[400];
  snprintf(text, sizeof(text), "Return-Path: <a@b.c>\r\nDelivered-To: sales+tok@example.com\r\nFrom: a@b.c\r\n"
           "Message-ID: <m%u@x>\r\nSubject: mail %u\r\n\r\nHello %u\r\n", n, n, n);
  return text;
}

/* ---- what the spool holds */

struct count {
  struct found *found;
  struct world *w;
};

static bool on_record(void *arg, const struct spool_record *record) {
  struct count *c = arg;
  struct mail_record mail;
  if (record->kind == RECORD_EVENT) {
    c->found->events++;
    return true;
  }
  assert_int_equal(mail_record_unpack(record->payload, &mail), 0);
  c->found->records++;
  struct buf raw = BUF_INIT(FAKE_BLOB_MAX);
  assert_int_equal(blob_read(spool_blobs(c->w->channel.spool), mail.original.sha256, &raw), 0);
  const char *subject = strstr(buf_slice(&raw).at, "Subject: mail ");
  if (subject) {
    const size_t n = strtoul(subject + 14, NULL, 10);
    if (n < c->found->count)
      c->found->times[n]++;
  }
  const struct mime_envelope envelope = {.channel = mail.channel, .mail_from = mail.mail_from, .null_path = mail.null_path};
  struct event_id id = mime_event_id(&envelope, buf_slice(&raw));
  assert_memory_equal(id.bytes, mail.id.bytes, EVENT_ID_BYTES);
  assert_true(mail.place.uid && slice_equal(mail.place.mailbox, SLICE("box")));
#define KEEP(to, s) snprintf(to, sizeof(to), "%.*s", (int)(s).len, (s).at)
  KEEP(c->found->channel, mail.channel);
  KEEP(c->found->from, mail.mail_from);
  KEEP(c->found->recipient, mail.recipient);
  KEEP(c->found->token, mail.token);
  c->found->null_path = mail.null_path;
  c->found->left_behind = mail.left_behind;
  buf_free(&raw);
  return true;
}

struct found look(struct world *w, size_t count) {
  struct found found = {.times = calloc(count + 1, sizeof(size_t)), .count = count};
  struct count c = {&found, w};
  (void)!spool_read(w->channel.spool, 0, SIZE_MAX, on_record, &c);
  return found;
}

/* Each of the mails 0 … count-1 is there once. */
void assert_each_once(struct world *w, size_t count) {
  struct found found = look(w, count);
  for (size_t i = 0; i < count; i++)
    if (found.times[i] != 1)
      fail_msg("mail %zu is there %zu times", i, found.times[i]);
  free(found.times);
}

/* ---- how it stands */

int64_t gauge(const char *name) {
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 20);
  metrics_write(&text);
  char wanted[128];
  snprintf(wanted, sizeof(wanted), "%s{mailbox=\"box\"} ", name);
  const char *at = strstr(text.at, wanted);
  return at ? strtoll(at + strlen(wanted), NULL, 10) : -1;
}

static bool stands(struct world *w, int64_t mails, int64_t quarantined, int64_t skipped) {
  mailboxes_measure(w->mailboxes);
  return gauge(UP) == (int64_t)w->channel.config->mailboxes[0].folder_count && gauge(SERVER) == mails && gauge(MISSING) == 0 && gauge(QUARANTINED) == quarantined &&
         gauge(SKIPPED) == skipped && gauge(STORED) == mails - quarantined - skipped;
}

void wait_until(struct world *w, int64_t mails, int64_t quarantined, int64_t skipped) {
  for (int i = 0; i < 200000 && !stands(w, mails, quarantined, skipped); i++)
    uv_run(&w->channel.loop, UV_RUN_ONCE);
  if (!stands(w, mails, quarantined, skipped))
    fail_msg("up %ld server %ld stored %ld quarantined %ld skipped %ld missing %ld", (long)gauge(UP), (long)gauge(SERVER),
             (long)gauge(STORED), (long)gauge(QUARANTINED), (long)gauge(SKIPPED), (long)gauge(MISSING));
}

void turn(struct world *w, int times) {
  for (int i = 0; i < times; i++)
    uv_run(&w->channel.loop, UV_RUN_NOWAIT);
}

void ask(struct world *w, enum mailbox_verb verb) {
  char folder[128];
  const struct mailbox_request r = {"box", verb};
  snprintf(folder, sizeof(folder), "%s/" MAILBOX_REQUEST_FOLDER, w->channel.folder);
  assert_int_equal(mailbox_request_put(folder, &r), 0);
  while (mailbox_request_waits(folder, &r))
    uv_run(&w->channel.loop, UV_RUN_ONCE);
}
