/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life, and what is next: one request at a time, chosen anew after each from what is known then. Nothing is remembered
 * over a lost connection but what is under way to the ledger; everything else is found out again.
 */
#include "mailbox_folder.h"
#include "base/clock.h"
#include "log/log.h"
#include "mailbox_internal.h"
#include "oauth_token.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TELL_MS = 500, RECOUNT_MS = 5000 };

#define WHO(f) KV("mailbox", (f)->o.mailbox->name), KV("folder", (f)->o.folder)

/* ---- how it stands */

static uint32_t lowest(const struct uid_set *s) {
  return s->count ? s->ranges[0].first : UINT32_MAX;
}

/* The first missing mail, and since when it is: one that stays for long is the alarm, not a stream that flows. */
static void measure_gap(struct mailbox_folder *f) {
  struct ledger_status *s = &f->status;
  if (f->counts.missing == 0) {
    if (f->alarmed)
      log_info("mailbox_adds_up", WHO(f), KI("mails", f->counts.server));
    f->alarmed = false;
    s->gap_uid = 0;
    s->gap_since_ms = 0;
    return;
  }
  const struct uid_set *const sets[] = {&f->missing, &f->old, &f->suspects, &f->in_hand};
  uint32_t first = f->sized_first < f->sized_count ? f->sized[f->sized_first].uid : UINT32_MAX;
  for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
    if (lowest(sets[i]) < first)
      first = lowest(sets[i]);
  for (size_t i = 0; i < f->batch_count; i++)
    if (!f->batch[i].came && f->batch[i].uid < first)
      first = f->batch[i].uid;
  if (s->gap_since_ms && (first == s->gap_uid || first == UINT32_MAX))
    return; /* the same, or not counted yet since the start */
  s->gap_uid = first;
  s->gap_since_ms = clock_now_ms();
}

const struct ledger_status *mailbox_folder_status(struct mailbox_folder *f) {
  measure_gap(f);
  f->status.counts = f->counts;
  f->status.as_of_ms = clock_now_ms();
  return &f->status;
}

static void write_status(struct mailbox_folder *f) {
  f->status_changed = false;
  ledger_set_status(f->o.intake->ledger, f->o.mailbox->name, f->o.folder, mailbox_folder_status(f));
}

static void on_tell(uv_timer_t *timer) {
  struct mailbox_folder *f = timer->data;
  if (f->status_changed)
    write_status(f);
}

void folder_changed(struct mailbox_folder *f) {
  f->status_changed = true;
  if (!f->closing && !uv_is_active((uv_handle_t *)&f->tell))
    uv_timer_start(&f->tell, on_tell, TELL_MS, 0);
}

static void set_state(struct mailbox_folder *f, enum folder_state state, const char *why) {
  struct ledger_status *s = &f->status;
  if (s->state != state)
    s->state_since_ms = clock_now_ms();
  s->state = state;
  snprintf(s->why, sizeof(s->why), "%s", why);
  folder_changed(f);
}

void folder_is_up(struct mailbox_folder *f) {
  set_state(f, FOLDER_UP, "");
}

static int64_t age_ms(int64_t since_ms) {
  return since_ms ? clock_now_ms() - since_ms : 0;
}

void mailbox_folder_unhealthy(struct mailbox_folder *f, struct buf *ret_reasons) {
  const struct ledger_status *s = mailbox_folder_status(f);
  const int64_t most = f->o.mailbox->alarm_after_ms;
  if (s->state != FOLDER_UP && age_ms(s->state_since_ms) > most)
    buf_printf(ret_reasons, "mailbox: %s %s not read for %" PRId64 "s: %s\n", f->o.mailbox->name, f->o.folder,
               age_ms(s->state_since_ms) / 1000, s->why);
  if (age_ms(s->gap_since_ms) <= most)
    return;
  buf_printf(ret_reasons, "mailbox: %s %s does not add up for %" PRId64 "s: %" PRIu32 " of %" PRIu32 " mails missing\n",
             f->o.mailbox->name, f->o.folder, age_ms(s->gap_since_ms) / 1000, s->counts.missing, s->counts.server);
  if (!f->alarmed)
    log_error("mailbox_gap", WHO(f), KI("missing", s->counts.missing), KI("server", s->counts.server),
              KI("first_uid", s->gap_uid), KI("for_s", age_ms(s->gap_since_ms) / 1000));
  f->alarmed = true;
}

/* ---- selecting */

/* By then it may be another connection, on which nothing is selected yet. */
static void after_row(void *arg, int outcome) {
  struct mailbox_folder *f = arg;
  f->busy = false;
  if (outcome == 0 && f->up && f->met == f->connection)
    f->selected = f->count_wanted = true;
  folder_step(f);
  folder_free_when_done(f);
}

static void keep_row(struct mailbox_folder *f) {
  f->busy = true;
  ledger_set_folder(f->o.intake->ledger, f->o.mailbox->name, f->o.folder, &f->row, after_row, f);
}

/* The first time: what is there already is below first_uid, whatever happens to us or the server from now on. */
static void first_contact(struct mailbox_folder *f, uint32_t uid_validity, uint32_t uid_next) {
  f->row = (struct ledger_folder){.id = ledger_new_folder(f->o.intake->ledger), .uid_validity = uid_validity,
                                  .first_uid = f->o.mailbox->first_run == MAILBOX_FIRST_ALL ? 1 : uid_next};
  log_info("mailbox_first_contact", WHO(f), KI("uid_validity", uid_validity), KI("first_uid", f->row.first_uid));
  keep_row(f);
}

/* A server that does not say what comes next is asked what there is. */
struct first {
  struct mailbox_folder *f;
  uint32_t uid_validity;
};

static void on_first_list(void *arg, const struct imap_result *result, const struct uid_range *ranges, size_t count) {
  struct first first = *(struct first *)arg;
  free(arg);
  if (folder_back(first.f, result) && result->outcome == IMAP_OK)
    first_contact(first.f, first.uid_validity, count ? ranges[count - 1].last + 1 : 1);
  else
    folder_give_up(first.f, result, "list mails");
}

static void forget_numbers(struct mailbox_folder *f) {
  struct uid_set *const sets[] = {&f->missing, &f->old, &f->suspects, &f->unmarked, &f->marking};
  for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
    uid_set_clear(sets[i]);
  f->sized_first = f->sized_count = f->batch_count = 0;
  f->renumbered = true;
}

static void meet(struct mailbox_folder *f, const struct imap_folder *folder) {
  uint32_t validity = folder->uid_validity;
  f->met = f->connection;
  /* UIDs that mean nothing beyond this connection: each is a new numbering, and the mails are known by their content. */
  if (folder->uid_not_sticky || !validity) {
    log_warn("mailbox_uids_do_not_last", WHO(f));
    validity = f->row.uid_validity + 1 ? f->row.uid_validity + 1 : 1;
  }
  if (validity == f->row.uid_validity) {
    f->busy = true;
    after_row(f, 0);
    return;
  }
  if (f->row.uid_validity) { /* TR-41 */
    log_warn("mailbox_renumbered", WHO(f), KI("former", f->row.uid_validity), KI("uid_validity", validity));
    f->row.uid_validity = validity;
    f->row.first_uid = 1;
    forget_numbers(f);
    keep_row(f);
  } else if (folder->uid_next || f->o.mailbox->first_run == MAILBOX_FIRST_ALL) {
    first_contact(f, validity, folder->uid_next);
  } else {
    struct first *first = must_calloc(1, sizeof(*first));
    *first = (struct first){f, validity};
    f->busy = true;
    imap_client_search(f->client, &(struct imap_search){0}, on_first_list, first);
  }
}

static void on_selected(void *arg, const struct imap_result *result, const struct imap_folder *folder) {
  struct mailbox_folder *f = arg;
  if (!folder_back(f, result) || result->outcome != IMAP_OK) {
    folder_give_up(f, result, "open the folder");
    return;
  }
  if (folder->read_only && f->o.mailbox->after != MAILBOX_AFTER_NOTHING) {
    log_warn("mailbox_marks_refused", WHO(f), KV("why", "the folder is read-only"));
    f->marks_refused = true;
  }
  meet(f, folder);
}

static void select_folder(struct mailbox_folder *f) {
  const bool examine = f->o.mailbox->after == MAILBOX_AFTER_NOTHING;
  f->busy = true;
  f->marks_refused = false;
  imap_client_select(f->client, f->o.folder, examine, on_selected, f);
}

bool folder_back(struct mailbox_folder *f, const struct imap_result *result) {
  f->busy = false;
  if (result->outcome == IMAP_LOST)
    f->up = f->selected = false;
  return f->up;
}

void folder_give_up(struct mailbox_folder *f, const struct imap_result *result, const char *what) {
  char why[FOLDER_WHY_MAX + 1];
  if (!f->up) { /* on_down() says why */
    folder_step(f);
    return;
  }
  if (result->outcome == IMAP_TOO_MANY)
    snprintf(why, sizeof(why), "the folder has too many mails, in too many pieces; move some elsewhere");
  else
    snprintf(why, sizeof(why), "the server refuses to %s: %.*s", what, (int)result->words.len, result->words.at);
  if (f->status.state != FOLDER_DOWN || strcmp(f->status.why, why) != 0)
    log_warn("mailbox_refused", WHO(f), KV("what", what), KS("words", result->words));
  set_state(f, FOLDER_DOWN, why);
  f->selected = false;
  folder_pause(f, f->o.mailbox->poll_ms);
}

/* ---- what is next */

static void on_again(uv_timer_t *timer) {
  struct mailbox_folder *f = timer->data;
  f->paused = false;
  folder_step(f);
}

void folder_pause(struct mailbox_folder *f, int64_t ms) {
  if (f->closing)
    return;
  f->paused = true;
  uv_timer_start(&f->again, on_again, (uint64_t)ms, 0);
}

static void tell_quiet(struct mailbox_folder *f) {
  if (f->told || f->closing || f->hand_count || f->busy || (f->selected && folder_should_mark(f)))
    return;
  f->told = true;
  f->o.quiet(f->o.arg);
}

static bool wait_for_suspect(struct mailbox_folder *f) {
  if (!f->suspects.count || uv_is_active((uv_handle_t *)&f->again))
    return false;
  const uint64_t now = uv_now(f->loop);
  uv_timer_start(&f->again, on_again, f->suspect_due_ms > now ? f->suspect_due_ms - now : 1, 0);
  return true;
}

/* All that was known to be missing is done; the client watches. */
static void count_rest(struct mailbox_folder *f) {
  if (f->more && !f->hand_count)
    folder_count(f);
}

static void do_next(struct mailbox_folder *f) {
  if (!f->selected)
    select_folder(f);
  else if (folder_should_mark(f))
    folder_mark(f);
  else if (f->draining)
    return;
  else if (f->renumbered && f->hand_count)
    return; /* they are settled first */
  else if (f->count_wanted)
    folder_count(f);
  else if (f->search_wanted)
    folder_search(f);
  else if (f->old.count || f->since_wanted)
    folder_decide_old(f);
  else if (!f->missing.count && f->sized_first == f->sized_count && !f->suspects.count)
    count_rest(f);
  else if (!folder_may_fetch(f))
    return; /* what is in hand, or the timer, goes on */
  else if (folder_suspect_due(f))
    folder_fetch_suspect(f);
  else if (f->sized_first < f->sized_count)
    folder_fetch(f);
  else if (f->missing.count)
    folder_sizes(f);
  else
    wait_for_suspect(f);
}

void folder_step(struct mailbox_folder *f) {
  if (f->up && !f->busy && !f->paused && (f->selected || !f->draining))
    do_next(f);
  if (f->draining)
    tell_quiet(f);
}

/* ---- what the client says */

static void on_ready(void *arg, struct imap_client *c, unsigned capabilities) {
  struct mailbox_folder *f = arg;
  (void)c;
  log_info("mailbox_connected", WHO(f), KI("idle", (capabilities & IMAP_CAN_IDLE) != 0),
           KI("move", (capabilities & IMAP_CAN_MOVE) != 0));
  f->up = true;
  f->connection++;
  f->selected = f->paused = false;
  uv_timer_stop(&f->again);
  folder_step(f);
}

static void on_down(void *arg, struct imap_client *c, enum imap_down reason, const char *why, int64_t retry_ms) {
  struct mailbox_folder *f = arg;
  (void)c;
  const bool news = f->status.state != FOLDER_DOWN || strcmp(f->status.why, why) != 0;
  const bool mine = reason == IMAP_DOWN_TLS || reason == IMAP_DOWN_REFUSED || reason == IMAP_DOWN_TOKEN;
  if (news && mine)
    log_error("mailbox_needs_you", WHO(f), KV("why", why), KI("retry_ms", retry_ms));
  else if (news && reason == IMAP_DOWN_LOST) /* some servers end every session after a while */
    log_info("mailbox_disconnected", WHO(f), KV("why", why), KI("retry_ms", retry_ms));
  else if (news)
    log_warn("mailbox_down", WHO(f), KV("why", why), KI("retry_ms", retry_ms));
  f->up = f->selected = false;
  folder_forget_sized(f);
  set_state(f, FOLDER_DOWN, why);
  folder_step(f);
}

static void on_changed(void *arg, struct imap_client *c, enum imap_change change) {
  struct mailbox_folder *f = arg;
  (void)c;
  if (change == IMAP_CHANGE_NEW)
    f->search_wanted = true;
  else if (!f->count_wanted && uv_timer_get_due_in(&f->reconcile) > RECOUNT_MS) /* who went is found out by looking */
    uv_timer_start(&f->reconcile, f->reconcile.timer_cb, RECOUNT_MS, (uint64_t)f->o.mailbox->reconcile_ms);
  folder_step(f);
}

static void on_alert(void *arg, struct imap_client *c, struct slice words) {
  struct mailbox_folder *f = arg;
  (void)c;
  log_warn("mailbox_alert", WHO(f), KS("words", words));
}

/* ---- life */

static void on_reconcile(uv_timer_t *timer) {
  struct mailbox_folder *f = timer->data;
  f->count_wanted = true;
  folder_step(f);
}

void mailbox_folder_reconcile(struct mailbox_folder *f) {
  f->count_wanted = true;
  imap_client_hurry(f->client);
  folder_step(f);
}

/* The rows of the epoch before do not count any more. */
void mailbox_folder_rescan(struct mailbox_folder *f, ledger_done *done, void *arg) {
  log_info("mailbox_rescan", WHO(f));
  f->row.epoch++;
  f->count_wanted = true;
  if (f->row.uid_validity) /* else nothing was ever read */
    ledger_set_folder(f->o.intake->ledger, f->o.mailbox->name, f->o.folder, &f->row, done, arg);
  else
    done(arg, 0);
  folder_step(f);
}

static struct imap_account account_of(const struct mailbox_folder_options *o) {
  static const enum imap_security security[] = {[MAILBOX_TLS_IMPLICIT] = IMAP_TLS,
                                                [MAILBOX_TLS_STARTTLS] = IMAP_STARTTLS,
                                                [MAILBOX_TLS_NONE] = IMAP_CLEAR};
  static const enum imap_auth auth[] = {[MAILBOX_AUTH_PASSWORD] = IMAP_AUTH_PASSWORD,
                                        [MAILBOX_AUTH_PLAIN] = IMAP_AUTH_PLAIN,
                                        [MAILBOX_AUTH_LOGIN] = IMAP_AUTH_LOGIN,
                                        [MAILBOX_AUTH_XOAUTH2] = IMAP_AUTH_XOAUTH2,
                                        [MAILBOX_AUTH_OAUTHBEARER] = IMAP_AUTH_OAUTHBEARER};
  const struct mailbox_config *m = o->mailbox;
  return (struct imap_account){
      .host = m->host,
      .port = (uint16_t)m->port,
      .security = security[m->tls],
      .auth = auth[m->auth],
      .user = m->user,
      .password_file = o->paths[FOLDER_PASSWORD],
      .token = o->token,
      .tls_ca_file = o->paths[FOLDER_CA],
      .tls_pin = m->tls_pin,
      .proxy = m->proxy,
  };
}

struct mailbox_folder *mailbox_folder_open(uv_loop_t *loop, const struct mailbox_folder_options *options) {
  struct mailbox_folder *f = must_calloc(1, sizeof(*f));
  struct uid_set *const sets[] = {&f->missing, &f->old, &f->suspects, &f->in_hand, &f->awaited, &f->unmarked,
                                 &f->marking};
  f->o = *options;
  f->loop = loop;
  for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
    sets[i]->max = SURVEY_RANGES_MAX;
  uv_timer_t *const timers[] = {&f->reconcile, &f->again, &f->tell};
  for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
    uv_timer_init(loop, timers[i]);
    timers[i]->data = f;
    f->handles++;
  }
  int r = ledger_folder(options->intake->ledger, options->mailbox->name, options->folder, &f->row);
  if (r < 0) /* its row is damaged: as never seen, but the events are known */
    log_error("mailbox_row_damaged", WHO(f), KI("fault", r));
  if (ledger_status(options->intake->ledger, options->mailbox->name, options->folder, &f->status) == 0)
    f->counts = f->status.counts; /* until it is counted again, what was known last */
  f->status.state_since_ms = clock_now_ms();
  set_state(f, FOLDER_DOWN, "not connected yet");
  uv_timer_start(&f->reconcile, on_reconcile, (uint64_t)options->mailbox->reconcile_ms,
                 (uint64_t)options->mailbox->reconcile_ms);
  const struct imap_client_options client = {
      .account = account_of(options), .curl = options->curl, .poll_ms = options->mailbox->poll_ms,
      .ready = on_ready, .down = on_down, .changed = on_changed, .alert = on_alert, .arg = f,
  };
  f->client = imap_client_open(loop, &client);
  return f;
}

void mailbox_folder_drain(struct mailbox_folder *f) {
  f->draining = true;
  f->paused = false;
  folder_forget_sized(f);
  folder_step(f);
}

void folder_free_when_done(struct mailbox_folder *f) {
  struct uid_set *const sets[] = {&f->missing, &f->old, &f->suspects, &f->in_hand, &f->awaited, &f->unmarked,
                                 &f->marking};
  if (!f->closing || f->handles || f->hand_count || f->busy)
    return;
  for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
    uid_set_free(sets[i]);
  const struct mailbox_folder_options o = f->o;
  free(f->skipped);
  free(f);
  o.gone(o.arg);
}

static void on_closed(uv_handle_t *handle) {
  struct mailbox_folder *f = handle->data;
  f->handles--;
  folder_free_when_done(f);
}

void mailbox_folder_close(struct mailbox_folder **folder) {
  if (!folder || !*folder)
    return;
  struct mailbox_folder *f = *folder;
  uv_timer_t *const timers[] = {&f->reconcile, &f->again, &f->tell};
  *folder = NULL;
  f->closing = true;
  f->up = f->selected = false;
  imap_client_close(&f->client);
  set_state(f, FOLDER_DOWN, "the program ended");
  write_status(f);
  for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
    uv_close((uv_handle_t *)timers[i], on_closed);
}
