/* SPDX-License-Identifier: Apache-2.0 */
#include "incoming.h"
#include "base/clock.h"
#include "mail_record.h"
#include "metrics/metrics.h"
#include "mime/delivery.h"
#include "mime/mime.h"
#include "text/address.h"
#include <stdlib.h>

struct incoming {
  const struct intake *intake;
  struct blob_writer *writer; /* NULL after a fault */
  int fault;
  bool header_only;
  struct ledger_mail row;
  incoming_done *done;
  void *arg;
};

struct incoming *incoming_new(const struct intake *intake, bool header_only) {
  struct incoming *m = must_calloc(1, sizeof(*m));
  m->intake = intake;
  m->header_only = header_only;
  m->fault = blob_writer_open(spool_blobs(channel_spool(intake->channel)), &m->writer);
  return m;
}

static void fail(struct incoming *m, int fault) {
  m->fault = fault;
  blob_writer_free(&m->writer);
}

void incoming_add(struct incoming *m, struct slice bytes) {
  if (m->fault)
    return;
  const uint64_t have = blob_writer_size(m->writer);
  if (m->header_only && have + bytes.len > INCOMING_HEADER_MAX)
    bytes.len = (size_t)(INCOMING_HEADER_MAX - have);
  if (have + bytes.len > m->intake->largest) {
    fail(m, BLOB_TOO_LARGE);
    return;
  }
  int r = bytes.len ? blob_writer_add(m->writer, bytes) : 0;
  if (r)
    fail(m, r);
}

void incoming_free(struct incoming **m) {
  if (!m || !*m)
    return;
  blob_writer_free(&(*m)->writer);
  free(*m);
  *m = NULL;
}

/* ---- whose is it? */

/* Issue of one mailbox for many addresses: the recipient that the operator's own system wrote down decides, then the
 * mailbox. A disabled channel does not: the mail was accepted already. */
static void address_it(const struct intake *intake, const struct mailbox_config *mailbox, struct slice raw,
                       struct mail_record *ret) {
  ret->channel = slice_text(mailbox->channel);
  ret->recipient = ret->token = SLICE("");
  for (size_t i = 0; i < mailbox->recipient_field_count; i++) {
    struct slice address, local, token, domain;
    if (!mime_delivered_to(raw, slice_text(mailbox->recipient_fields[i]), &address) ||
        !address_split_token(address, &local, &token, &domain))
      continue;
    const struct channel_config *channel = config_channel_of_address(intake->config, local, domain);
    if (!ret->recipient.len || (channel && channel->enabled)) {
      ret->recipient = address;
      ret->token = token;
    }
    if (channel && channel->enabled) {
      ret->channel = slice_text(channel->name);
      return;
    }
  }
}

static void envelope_it(struct slice raw, struct mail_record *ret) {
  struct slice path;
  ret->mail_from = SLICE("");
  if (!mime_return_path(raw, &path))
    return; /* unknown: nothing automatic is answered (AR-20) */
  ret->mail_from = path;
  ret->null_path = !path.len;
}

/* ---- into spool and ledger */

static void finish(struct incoming *m, int outcome) {
  m->done(m->arg, &m->row, outcome);
  incoming_free(&m);
}

static void on_noted(void *arg, int outcome) {
  struct incoming *m = arg;
  const struct intake *intake = m->intake;
  if (outcome == 0)
    metric_add(m->row.outcome == MAIL_REPEAT     ? intake->repeats
               : m->row.outcome == MAIL_OVERSIZE ? intake->oversize
                                                 : intake->stored, 1);
  finish(m, outcome);
}

static void on_taken(void *arg, int outcome, uint64_t seq) {
  struct incoming *m = arg;
  (void)seq;
  if (outcome == 0)
    ledger_set_mail(m->intake->ledger, &m->row, on_noted, m);
  else
    finish(m, outcome > 0 ? BLOB_FULL : outcome);
}

static int spool_it(struct incoming *m, const struct mail_record *record) {
  auto_clean(buf_free) struct buf payload = BUF_INIT(MAIL_RECORD_MAX);
  if (mail_record_pack(record, &payload) != 0)
    return -EMSGSIZE;
  int r = channel_take(m->intake->channel, RECORD_MAIL, record->received_ms, buf_slice(&payload), on_taken, m);
  return r > 0 ? BLOB_FULL : r;
}

/* Known from another place: a repeat. From this very one (a rescan): stored, as it was. */
static bool is_known(struct incoming *m) {
  struct ledger_place place;
  if (ledger_event(m->intake->ledger, &m->row.id, &place) != 0)
    return false;
  const struct ledger_mail *row = &m->row;
  bool same = place.folder == row->folder && place.uid_validity == row->uid_validity && place.uid == row->uid;
  if (!same && !m->header_only)
    m->row.outcome = MAIL_REPEAT;
  return true;
}

/* One that was cut has no empty line at its end. */
static int end_header(struct incoming *m) {
  static const struct slice ends[] = {SLICE("\r\n\r\n"), SLICE("\n\n")};
  struct slice raw;
  int r = blob_writer_lend(m->writer, &raw);
  if (r)
    return r;
  for (size_t i = 0; i < 2; i++)
    if (raw.len >= ends[i].len && memcmp(raw.at + raw.len - ends[i].len, ends[i].at, ends[i].len) == 0)
      return 0;
  return blob_writer_add(m->writer, ends[0]);
}

/* The server may have said less than there was. */
static uint64_t left_behind(const struct incoming *m) {
  return m->row.size > m->intake->largest ? m->row.size : m->intake->largest + 1;
}

static int take(struct incoming *m, const struct mailbox_config *mailbox, const char *folder) {
  struct mail_record record = {
      .received_ms = clock_now_ms(),
      .place = {slice_text(mailbox->name), slice_text(folder), m->row.uid_validity, m->row.uid},
      .left_behind = m->header_only ? left_behind(m) : 0,
  };
  struct slice raw;
  int r = m->header_only ? end_header(m) : 0;
  if (r == 0)
    r = blob_writer_lend(m->writer, &raw);
  if (r)
    return r;
  envelope_it(raw, &record);
  address_it(m->intake, mailbox, raw, &record);
  record.id = m->row.id = mime_event_id(record.channel, raw);
  if (is_known(m)) {
    ledger_set_mail(m->intake->ledger, &m->row, on_noted, m);
    return 0;
  }
  /* The texts above are lent by the writer, which ends now. */
  auto_clean(buf_free) struct buf texts = BUF_INIT(MAIL_RECORD_MAX);
  buf_add_slice(&texts, record.mail_from);
  buf_add_slice(&texts, record.recipient);
  const size_t token_at = (size_t)(record.token.len ? record.token.at - record.recipient.at : 0);
  record.mail_from = slice_of(texts.at, record.mail_from.len);
  record.recipient = slice_of(texts.at ? texts.at + record.mail_from.len : "", record.recipient.len);
  record.token = slice_of(record.recipient.at + token_at, record.token.len);
  r = blob_writer_end(&m->writer, &record.original);
  return r ? r : spool_it(m, &record);
}

int incoming_end(struct incoming **mail, const struct mailbox_config *mailbox, const char *folder,
                 const struct ledger_mail *row, incoming_done *done, void *arg) {
  struct incoming *m = *mail;
  *mail = NULL;
  m->row = *row;
  m->row.outcome = m->header_only ? MAIL_OVERSIZE : MAIL_STORED;
  m->row.marked = m->header_only || mailbox->after == MAILBOX_AFTER_NOTHING;
  m->row.tries = 0;
  m->done = done;
  m->arg = arg;
  int r = m->fault ? m->fault : take(m, mailbox, folder);
  if (r) {
    metric_add(m->intake->deferred, 1);
    incoming_free(&m);
  }
  return r;
}
