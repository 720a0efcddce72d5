/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell mailbox ls|reconcile|rescan. What is asked of the program `email` is a file that it watches, so that asking
 * works while it is down; what it did about it is read in its ledger (mailbox/request.h).
 */
#include "base/clock.h"
#include "journal.h"
#include "mailbox/request.h"
#include "mailbox_view.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEP_MS = 50, HEARD_MS = 10 * 1000, COUNT_MS = 30 * 1000, SETTLE_MS = 10 * 1000, DOWN_MS = 1500 };

struct listing {
  const struct ctl *ctl;
  json_t *list;
  bool well;
};

static const char *state_text(const struct mailbox_view *v) {
  static const char *const names[] = {[FOLDER_NEVER] = "never", [FOLDER_UP] = "up", [FOLDER_DOWN] = "down"};
  return !v->read ? "disabled" : names[v->known ? v->status.state : FOLDER_NEVER];
}

static void set_time(json_t *to, const char *key, int64_t ms) {
  char text[RFC3339_LEN + 1];
  if (ms)
    clock_rfc3339(ms, text);
  json_object_set_new(to, key, ms ? json_string(text) : json_null());
}

static json_t *view_json(const struct mailbox_view *v) {
  const struct ledger_status *s = &v->status;
  const struct {
    const char *key;
    uint32_t count;
  } counts[] = {
      {"server", s->counts.server},           {"stored", s->counts.stored},   {"repeats", s->counts.repeats},
      {"oversize", s->counts.oversize},       {"skipped", s->counts.skipped}, {"missing", s->counts.missing},
      {"quarantined", s->counts.quarantined},
  };
  json_t *one = json_object();
  json_object_set_new(one, "mailbox", json_string(v->mailbox->name));
  json_object_set_new(one, "folder", json_string(v->folder));
  json_object_set_new(one, "channel", json_string(v->mailbox->channel));
  json_object_set_new(one, "state", json_string(state_text(v)));
  json_object_set_new(one, "why", json_string(s->why));
  for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
    json_object_set_new(one, counts[i].key, json_integer(counts[i].count));
  set_time(one, "state_since", s->state_since_ms);
  set_time(one, "gap_since", s->gap_since_ms);
  set_time(one, "counted_at", s->counted_ms);
  set_time(one, "as_of", s->as_of_ms);
  return one;
}

static void print_view(void *arg, const struct mailbox_view *v) {
  struct listing *l = arg;
  l->well = l->well && (!v->read || (mailbox_view_well(v) && !v->status.counts.missing));
  if (l->ctl->json) {
    json_array_append_new(l->list, view_json(v));
    return;
  }
  char at[RFC3339_LEN + 1] = "never";
  auto_clean(buf_free) struct buf text = BUF_INIT(2048);
  mailbox_view_text(v, &text);
  if (v->known && v->status.counted_ms)
    clock_rfc3339(v->status.counted_ms, at);
  printf("%-16s %-20s %-8s %s; counted %s\n", v->mailbox->name, v->folder, state_text(v), buf_slice(&text).at, at);
}

static int print_views(const struct ctl *ctl, const struct config *config, const char *name, bool *ret_well) {
  struct listing l = {.ctl = ctl, .list = json_array(), .well = true};
  int r = mailbox_view_each(config, name, print_view, &l);
  if (r == 0 && ctl->json)
    print_json(json_incref(l.list));
  else if (r == 0 && config->mailbox_count == 0)
    printf("no mailboxes are configured\n");
  json_decref(l.list);
  *ret_well = l.well;
  return r == 0 ? CTL_OK : ctl_fail(ctl, "the ledger of mailboxes cannot be read: %s", strerror(-r));
}

static int run_ls(const struct ctl *ctl, const struct config *config, const char *name) {
  bool well;
  return print_views(ctl, config, name, &well);
}

/* ---- asking */

static void wait_a_bit(void) {
  nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

static int ask(const struct ctl *ctl, const char *folder, const struct config *config, const char *name,
               enum mailbox_verb verb) {
  for (size_t i = 0; i < config->mailbox_count; i++) {
    struct mailbox_request r = {.verb = verb};
    if (name && strcmp(config->mailboxes[i].name, name) != 0)
      continue;
    snprintf(r.mailbox, sizeof(r.mailbox), "%s", config->mailboxes[i].name);
    int fault = mailbox_request_put(folder, &r);
    if (fault < 0)
      return ctl_fail(ctl, "the request cannot be written in %s: %s", folder, strerror(-fault));
  }
  return CTL_OK;
}

/* The program heard all of it. */
static bool was_heard(const char *folder, const struct config *config, const char *name, enum mailbox_verb verb) {
  for (size_t i = 0; i < config->mailbox_count; i++) {
    struct mailbox_request r = {.verb = verb};
    snprintf(r.mailbox, sizeof(r.mailbox), "%s", config->mailboxes[i].name);
    if ((!name || strcmp(r.mailbox, name) == 0) && mailbox_request_waits(folder, &r))
      return false;
  }
  return true;
}

static int ask_and_wait(const struct ctl *ctl, const struct config *config, const char *name, enum mailbox_verb verb) {
  char *folder = config_path(config, MAILBOX_REQUEST_FOLDER);
  const int64_t until = clock_monotonic_ms() + HEARD_MS;
  int status = ask(ctl, folder, config, name, verb);
  bool heard = false;
  while (status == CTL_OK && !(heard = was_heard(folder, config, name, verb)) && clock_monotonic_ms() < until)
    wait_a_bit();
  free(folder);
  if (status == CTL_OK && !heard)
    return ctl_fail(ctl, "the program email does not answer; it will do it when it runs");
  return status;
}

/* ---- reconcile */

struct waiting {
  int64_t asked_ms;
  bool counted, settled;
};

static void look(void *arg, const struct mailbox_view *v) {
  struct waiting *w = arg;
  const struct ledger_status *s = &v->status;
  if (!v->read)
    return;
  const bool down = v->known && s->state != FOLDER_UP && s->as_of_ms > w->asked_ms + DOWN_MS;
  const bool counted = v->known && s->counted_ms >= w->asked_ms;
  w->counted = w->counted && (counted || down);
  w->settled = w->settled && (down || (counted && !s->counts.missing));
}

static int run_reconcile(const struct ctl *ctl, const struct config *config, const char *name) {
  struct waiting w = {.asked_ms = clock_now_ms()};
  int status = ask_and_wait(ctl, config, name, MAILBOX_RECONCILE);
  int64_t until = clock_monotonic_ms() + COUNT_MS;
  bool was_counted = false;
  while (status == CTL_OK && !w.settled && clock_monotonic_ms() < until) {
    wait_a_bit();
    w.counted = w.settled = true;
    int r = mailbox_view_each(config, name, look, &w);
    if (r < 0)
      status = ctl_fail(ctl, "the ledger of mailboxes cannot be read: %s", strerror(-r));
    if (w.counted && !was_counted) /* what is missing is being read now */
      until = clock_monotonic_ms() + SETTLE_MS;
    was_counted = was_counted || w.counted;
  }
  bool well = false;
  if (status == CTL_OK)
    status = print_views(ctl, config, name, &well);
  return status == CTL_OK && !well ? CTL_FAILED : status;
}

static int run_rescan(const struct ctl *ctl, const struct config *config, const char *name) {
  int status = ask_and_wait(ctl, config, name, MAILBOX_RESCAN);
  if (status == CTL_OK && !ctl->json)
    printf("%s is read again from the start; what is known is not stored twice\n", name);
  return status;
}

int cmd_mailbox(struct ctl *ctl, int argc, char **argv) {
  static const struct {
    const char *verb;
    bool needs_name;
    int (*run)(const struct ctl *ctl, const struct config *config, const char *name);
  } verbs[] = {{"ls", false, run_ls}, {"reconcile", false, run_reconcile}, {"rescan", true, run_rescan}};
  const char *verb = argc > 1 ? argv[1] : "ls", *name = argc > 2 ? argv[2] : NULL;
  size_t n = 0;
  while (n < sizeof(verbs) / sizeof(verbs[0]) && strcmp(verb, verbs[n].verb) != 0)
    n++;
  if (n == sizeof(verbs) / sizeof(verbs[0]) || argc > 3)
    return ctl_wrong_usage(ctl, "ls, reconcile, or rescan one mailbox?");
  if (verbs[n].needs_name && !name)
    return ctl_wrong_usage(ctl, "which mailbox?");
  struct config *config = NULL;
  int status = ctl_need_dir(ctl);
  if (status == CTL_OK)
    status = ctl_config(ctl, &config);
  if (status != CTL_OK)
    return status;
  if (name && !config_mailbox(config, slice_text(name)))
    status = ctl_fail(ctl, "there is no mailbox '%s'", name);
  else
    status = verbs[n].run(ctl, config, name);
  config_free(&config);
  return status;
}
