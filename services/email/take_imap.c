/* SPDX-License-Identifier: Apache-2.0 */
#include "take_imap.h"
#include "base/file.h"
#include "curl/curl_loop.h"
#include "log/log.h"
#include "mail_record.h"
#include "mailbox/request.h"
#include "mailbox_folder.h"
#include "metrics/metrics.h"
#include "oauth_token.h"
#include <stdio.h>
#include <stdlib.h>

enum { AGAIN_MS = 10 * 1000 };

struct mailbox {
  struct mailboxes *all;
  const struct mailbox_config *config;
  struct oauth_token *token;            /* NULL: with a password */
  char *paths[FOLDER_PATHS];
  char *token_file, *client_secret_file, *refresh_token_file;
  struct mailbox_folder **folders;
  size_t open;                          /* of them */
  size_t rescans;                       /* folders whose new epoch is not in the ledger yet */
  struct metric *server, *stored, *quarantined, *skipped, *missing, *up;
};

struct mailboxes {
  uv_loop_t *loop;
  const struct config *config;
  struct intake intake;
  struct ledger *ledger;
  int ledger_fault;
  struct curl_loop *curl;
  struct mailbox *list;
  size_t count;
  char *requests;
  uv_fs_event_t watch;
  int requests_fault;
  uv_timer_t again;                     /* tries what failed; looks for requests that nothing told of */
  unsigned handles;
  size_t loud;                          /* folders that are not quiet yet */
  size_t alive;                         /* folders that are not freed yet */
  bool ended;
  void (*drained)(void *arg);
  void *drained_arg;
};

/* ---- what the spool knows and the ledger does not */

static bool on_record(void *arg, const struct spool_record *record) {
  struct mailboxes *m = arg;
  struct mail_record mail;
  struct ledger_folder folder;
  struct ledger_mail known;
  char mailbox[64], name[256];
  if (record->kind != RECORD_MAIL || mail_record_unpack(record->payload, &mail) != 0 || !mail.place.uid)
    return true;
  snprintf(mailbox, sizeof(mailbox), "%.*s", (int)mail.place.mailbox.len, mail.place.mailbox.at);
  snprintf(name, sizeof(name), "%.*s", (int)mail.place.folder.len, mail.place.folder.at);
  if (ledger_folder(m->ledger, mailbox, name, &folder) != 0 ||
      ledger_mail(m->ledger, folder.id, mail.place.uid_validity, mail.place.uid, &known) == 0)
    return true;
  const struct ledger_mail row = {
      .folder = folder.id, .uid_validity = mail.place.uid_validity, .uid = mail.place.uid, .epoch = folder.epoch,
      .outcome = mail.left_behind ? MAIL_OVERSIZE : MAIL_STORED, .marked = mail.left_behind != 0, .id = mail.id,
      .internal_date_ms = INT64_MIN};
  ledger_set_mail(m->ledger, &row, NULL, NULL);
  log_info("mailbox_row_recovered", KS("mailbox", mail.place.mailbox), KI("uid", mail.place.uid));
  return true;
}

static int recover(struct mailboxes *m) {
  int r = spool_read(channel_spool(m->intake.channel), 0, SIZE_MAX, on_record, m);
  if (r < 0)
    return r;
  r = ledger_flush(m->ledger);
  return r > 0 ? -ENOSPC : r;
}

/* ---- requests */

/* The request goes when all folders have their new epoch in the ledger: a crash before that repeats it. */
static void on_rescanned(void *arg, int outcome) {
  struct mailbox *b = arg;
  struct mailbox_request r = {.verb = MAILBOX_RESCAN};
  if (--b->rescans || outcome)
    return;
  snprintf(r.mailbox, sizeof(r.mailbox), "%s", b->config->name);
  mailbox_request_end(b->all->requests, &r);
}

static void rescan(struct mailbox *b) {
  if (b->rescans)
    return; /* under way */
  b->rescans = b->open;
  for (size_t i = 0; i < b->open; i++)
    mailbox_folder_rescan(b->folders[i], on_rescanned, b);
}

static void on_request(void *arg, const struct mailbox_request *r) {
  struct mailboxes *m = arg;
  struct mailbox *b = NULL;
  for (size_t i = 0; i < m->count; i++)
    if (strcmp(m->list[i].config->name, r->mailbox) == 0)
      b = &m->list[i];
  if (b && r->verb == MAILBOX_RESCAN) {
    rescan(b);
    return;
  }
  for (size_t i = 0; b && i < b->open; i++)
    mailbox_folder_reconcile(b->folders[i]);
  mailbox_request_end(m->requests, r);
}

static void on_watch(uv_fs_event_t *watch, const char *name, int events, int status);

static int watch_requests(struct mailboxes *m) {
  if (uv_is_active((uv_handle_t *)&m->watch))
    return 0;
  int r = folder_make(m->requests);
  return r < 0 ? r : uv_fs_event_start(&m->watch, on_watch, m->requests, 0);
}

/* Watches before it looks, or one could come in between. */
static void look_for_requests(struct mailboxes *m) {
  int unwatched = watch_requests(m), unread = mailbox_request_each(m->requests, on_request, m);
  int fault = unread ? unread : unwatched;
  if (fault && fault != m->requests_fault)
    log_warn("mailbox_requests_unreadable", KI("fault", fault));
  m->requests_fault = fault;
}

static void on_watch(uv_fs_event_t *watch, const char *name, int events, int status) {
  struct mailboxes *m = watch->data;
  (void)name, (void)events;
  if (status == 0 && !m->drained)
    look_for_requests(m);
}

/* ---- opening */

static void open_metrics(struct mailboxes *m) {
  static const char name[] = "deskbell_mailbox_mails_total", help[] = "Mails read from mailboxes, by outcome";
  m->intake.stored = metric_counter(name, help, "outcome", "stored");
  m->intake.repeats = metric_counter(name, help, "outcome", "repeat");
  m->intake.oversize = metric_counter(name, help, "outcome", "oversize");
  m->intake.quarantined = metric_counter(name, help, "outcome", "quarantined");
  m->intake.skipped = metric_counter(name, help, "outcome", "skipped");
  m->intake.deferred = metric_counter(name, help, "outcome", "deferred");
}

/* Metrics keep their labels for ever; the configuration does not live as long. */
static const char *label_of(const char *name) {
  static struct label {
    struct label *next;
    char *name;
  } *labels;
  struct label *l = labels;
  while (l && strcmp(l->name, name) != 0)
    l = l->next;
  if (!l) {
    l = must_calloc(1, sizeof(*l));
    *l = (struct label){labels, must_strdup(name)};
    labels = l;
  }
  return l->name;
}

static void open_mailbox_metrics(struct mailbox *b) {
  const char *name = label_of(b->config->name);
  b->server = metric_gauge("deskbell_mailbox_server_mails", "Mails on the server in the folders that are read", "mailbox",
                           name);
  b->stored = metric_gauge("deskbell_mailbox_stored_mails", "Those of them that were stored", "mailbox", name);
  b->quarantined = metric_gauge("deskbell_mailbox_quarantined_mails", "Those that could not be fetched", "mailbox", name);
  b->skipped = metric_gauge("deskbell_mailbox_skipped_mails", "Those older than the first run", "mailbox", name);
  b->missing = metric_gauge("deskbell_mailbox_missing_mails", "Those that are none of these: still to be read", "mailbox",
                            name);
  b->up = metric_gauge("deskbell_mailbox_folders_up", "Folders of the mailbox that are open now", "mailbox", name);
}

static void on_unsaved(void *arg, const char *why) {
  struct mailbox *b = arg;
  log_error("mailbox_token_unsaved", KV("mailbox", b->config->name), KV("why", why));
}

static void open_token(struct mailbox *b) {
  const struct mailbox_config *c = b->config;
  if (c->auth != MAILBOX_AUTH_XOAUTH2 && c->auth != MAILBOX_AUTH_OAUTHBEARER)
    return;
  b->token_file = config_path(b->all->config, c->oauth_token_file);
  b->client_secret_file = config_path(b->all->config, c->oauth_client_secret_file);
  b->refresh_token_file = config_path(b->all->config, c->oauth_refresh_token_file);
  const struct oauth_options options = {
      .curl = b->all->curl, .token_file = b->token_file, .token_url = c->oauth_token_url,
      .client_id = c->oauth_client_id, .client_secret_file = b->client_secret_file,
      .refresh_token_file = b->refresh_token_file, .scope = c->oauth_scope, .proxy = c->proxy,
      .unsaved = on_unsaved, .arg = b};
  b->token = oauth_token_new(b->all->loop, &options);
}

static void on_quiet(void *arg) {
  struct mailboxes *m = ((struct mailbox *)arg)->all;
  if (--m->loud == 0)
    m->drained(m->drained_arg);
}

static void free_when_done(struct mailboxes *m);

static void on_gone(void *arg) {
  struct mailboxes *m = ((struct mailbox *)arg)->all;
  m->alive--;
  free_when_done(m);
}

static void open_mailbox(struct mailboxes *m, struct mailbox *b, const struct mailbox_config *config) {
  b->all = m;
  b->config = config;
  open_mailbox_metrics(b);
  open_token(b);
  b->paths[FOLDER_PASSWORD] = config_path(m->config, config->password_file);
  b->paths[FOLDER_CA] = config_path(m->config, config->tls_ca_file);
  b->folders = must_calloc(config->folder_count, sizeof(*b->folders));
  for (size_t i = 0; i < config->folder_count; i++) {
    const struct mailbox_folder_options options = {.intake = &m->intake, .mailbox = config,
                                                   .folder = config->folders[i], .curl = m->curl, .token = b->token,
                                                   .paths = b->paths, .quiet = on_quiet, .gone = on_gone,
                                                   .arg = b};
    m->alive++;
    b->folders[b->open++] = mailbox_folder_open(m->loop, &options);
  }
}

static bool is_read(const struct config *config, const struct mailbox_config *mailbox) {
  const struct channel_config *channel = config_channel(config, slice_text(mailbox->channel));
  return mailbox->enabled && channel && channel->enabled;
}

static void open_list(struct mailboxes *m) {
  m->curl = curl_loop_open(m->loop);
  for (size_t i = 0; i < m->config->mailbox_count; i++)
    if (is_read(m->config, &m->config->mailboxes[i]))
      open_mailbox(m, &m->list[m->count++], &m->config->mailboxes[i]);
  look_for_requests(m);
}

/* Nothing is read before the ledger knows what the spool has. */
static int open_ledger(struct mailboxes *m, const char *folder) {
  int r = ledger_open(m->loop, folder, &m->ledger);
  if (r == 0)
    r = recover(m);
  if (r)
    ledger_close(&m->ledger);
  m->intake.ledger = m->ledger;
  return r;
}

static void begin(struct mailboxes *m) {
  char *folder = config_path(m->config, MAILBOX_LEDGER_FOLDER);
  int fault = open_ledger(m, folder);
  if (fault && fault != m->ledger_fault)
    log_error("mailbox_ledger_not_opened", KV("folder", folder), KI("fault", fault));
  free(folder);
  m->ledger_fault = fault;
  if (fault == 0)
    open_list(m);
}

static void on_again(uv_timer_t *timer) {
  struct mailboxes *m = timer->data;
  if (m->ledger_fault)
    begin(m);
  else
    look_for_requests(m);
}

static void open_handles(struct mailboxes *m) {
  uv_fs_event_init(m->loop, &m->watch);
  uv_timer_init(m->loop, &m->again);
  m->watch.data = m->again.data = m;
  m->handles = 2;
  uv_timer_start(&m->again, on_again, AGAIN_MS, AGAIN_MS);
}

void mailboxes_open(uv_loop_t *loop, const struct config *config, struct channel *channel, struct mailboxes **ret) {
  size_t wanted = 0;
  *ret = NULL;
  for (size_t i = 0; i < config->mailbox_count; i++)
    wanted += is_read(config, &config->mailboxes[i]);
  if (!wanted)
    return;
  struct mailboxes *m = must_calloc(1, sizeof(*m));
  m->loop = loop;
  m->config = config;
  m->list = must_calloc(wanted, sizeof(*m->list));
  m->requests = config_path(config, MAILBOX_REQUEST_FOLDER);
  m->intake = (struct intake){.config = config, .channel = channel};
  m->intake.largest = config->email.max_size < config->spool.blob_max ? config->email.max_size : config->spool.blob_max;
  open_metrics(m);
  open_handles(m);
  begin(m);
  *ret = m;
}

/* ---- ending */

void mailboxes_drain(struct mailboxes *m, void (*drained)(void *arg), void *arg) {
  if (m)
    uv_timer_stop(&m->again);
  if (!m || !m->count) {
    drained(arg);
    return;
  }
  m->drained = drained;
  m->drained_arg = arg;
  for (size_t i = 0; i < m->count; i++)
    m->loud += m->list[i].open;
  for (size_t i = 0; i < m->count; i++)
    for (size_t k = 0; k < m->list[i].open; k++)
      mailbox_folder_drain(m->list[i].folders[k]);
}

static void free_mailbox(struct mailbox *b) {
  for (size_t i = 0; i < FOLDER_PATHS; i++)
    free(b->paths[i]);
  free(b->token_file);
  free(b->client_secret_file);
  free(b->refresh_token_file);
  free(b->folders);
}

static void free_when_done(struct mailboxes *m) {
  if (!m->ended || m->handles || m->alive)
    return;
  for (size_t i = 0; i < m->count; i++)
    free_mailbox(&m->list[i]);
  free(m->list);
  free(m->requests);
  free(m);
}

static void on_closed(uv_handle_t *handle) {
  struct mailboxes *m = handle->data;
  m->handles--;
  free_when_done(m);
}

void mailboxes_close(struct mailboxes *m) {
  if (!m)
    return;
  for (size_t i = 0; i < m->count; i++)
    for (size_t k = 0; k < m->list[i].open; k++)
      mailbox_folder_close(&m->list[i].folders[k]);
  for (size_t i = 0; i < m->count; i++)
    oauth_token_free(&m->list[i].token);
  curl_loop_close(&m->curl);
  uv_close((uv_handle_t *)&m->watch, on_closed);
  uv_close((uv_handle_t *)&m->again, on_closed);
}

void mailboxes_end(struct mailboxes **mailboxes) {
  if (!mailboxes || !*mailboxes)
    return;
  struct mailboxes *m = *mailboxes;
  *mailboxes = NULL;
  ledger_close(&m->ledger); /* answers what still waits for it */
  m->ended = true;
  free_when_done(m);
}

/* ---- how it stands */

void mailboxes_unhealthy(struct mailboxes *m, struct buf *ret_reasons) {
  if (!m)
    return;
  if (m->ledger_fault)
    buf_printf(ret_reasons, "mailbox: none is read, the ledger cannot be opened: %s\n", strerror(-m->ledger_fault));
  else if (ledger_trouble(m->ledger))
    buf_add_text(ret_reasons, "mailbox: no more is read, the ledger has no room on the disk\n");
  for (size_t i = 0; i < m->count; i++)
    for (size_t k = 0; k < m->list[i].open; k++)
      mailbox_folder_unhealthy(m->list[i].folders[k], ret_reasons);
}

static void measure(const struct mailbox *b) {
  struct mailbox_counts sum = {0};
  size_t up = 0;
  for (size_t k = 0; k < b->open; k++) {
    const struct ledger_status *s = mailbox_folder_status(b->folders[k]);
    sum.server += s->counts.server;
    sum.stored += s->counts.stored + s->counts.repeats + s->counts.oversize;
    sum.quarantined += s->counts.quarantined;
    sum.skipped += s->counts.skipped;
    sum.missing += s->counts.missing;
    up += s->state == FOLDER_UP;
  }
  metric_set(b->server, sum.server);
  metric_set(b->stored, sum.stored);
  metric_set(b->quarantined, sum.quarantined);
  metric_set(b->skipped, sum.skipped);
  metric_set(b->missing, sum.missing);
  metric_set(b->up, (int64_t)up);
}

void mailboxes_measure(struct mailboxes *m) {
  for (size_t i = 0; m && i < m->count; i++)
    measure(&m->list[i]);
}
