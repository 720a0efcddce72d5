/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_imap.h"
#include "curl/curl_loop.h"
#include "oauth_token.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { RECONNECT_MS = 2, RANGES = 4096 };

struct fake_server server;

/* ---- the server */

struct fake_folder *fake_folder(const char *name) {
  for (size_t i = 0; i < server.folder_count; i++)
    if (strcmp(server.folders[i].name, name) == 0)
      return &server.folders[i];
  assert_true(server.folder_count < FAKE_FOLDERS);
  struct fake_folder *f = &server.folders[server.folder_count++];
  snprintf(f->name, sizeof(f->name), "%s", name);
  f->validity = 1000;
  f->next = 1;
  return f;
}

uint32_t fake_deliver(struct fake_folder *f, const char *bytes) {
  assert_true(f->count < FAKE_MAILS);
  static int64_t date = 1700000000000;
  f->mails[f->count] = (struct fake_mail){.uid = f->next, .bytes = strdup(bytes), .date_ms = date += 1000};
  f->count++;
  return f->next++;
}

void fake_expunge(struct fake_folder *f, size_t index) {
  free(f->mails[index].bytes);
  memmove(&f->mails[index], &f->mails[index + 1], (f->count - index - 1) * sizeof(f->mails[0]));
  f->count--;
}

void fake_move(struct fake_folder *from, size_t index, struct fake_folder *to) {
  struct fake_mail m = from->mails[index];
  from->mails[index].bytes = NULL;
  fake_expunge(from, index);
  m.uid = to->next++;
  assert_true(to->count < FAKE_MAILS);
  to->mails[to->count++] = m;
}

void fake_renumber(struct fake_folder *f) {
  f->validity++;
  f->next = 1;
  for (size_t i = 0; i < f->count; i++)
    f->mails[i].uid = f->next++;
}

void fake_server_free(void) {
  for (size_t i = 0; i < server.folder_count; i++)
    for (size_t k = 0; k < server.folders[i].count; k++)
      free(server.folders[i].mails[k].bytes);
  memset(&server, 0, sizeof(server));
}

/* ---- the client */

enum verb { SELECT, SEARCH, SIZES, FETCH, MARK, MOVE, CREATE };

struct request {
  struct request *next;
  enum verb verb;
  char text[128];
  struct imap_search search;
  struct uid_range *ranges;
  size_t count;
  enum imap_part part;
  struct imap_fetch_user user;
  void (*each)(void *arg, const struct imap_mail *mail);
  imap_done *done;
  imap_selected *selected;
  imap_found *found;
  void *arg;
};

struct imap_client {
  uv_loop_t *loop;
  struct imap_client_options options;
  uv_timer_t timer;
  bool ready, lost, closing;
  struct fake_folder *folder;
  struct request *first, **end;
};

static void on_timer(uv_timer_t *timer);

static void work_soon(struct imap_client *c, uint64_t ms) {
  if (!c->closing)
    uv_timer_start(&c->timer, on_timer, ms, 0);
}

static void answer(struct request *r, enum imap_outcome outcome, const struct imap_folder *folder,
                   const struct uid_range *found, size_t count) {
  const struct imap_result result = {.outcome = outcome, .words = SLICE("as told")};
  if (r->selected)
    r->selected(r->arg, &result, outcome == IMAP_OK ? folder : NULL);
  else if (r->found)
    r->found(r->arg, &result, found, outcome == IMAP_OK ? count : 0);
  else
    r->done(r->arg, &result);
  free(r->ranges);
  free(r);
}

static void lose(struct imap_client *c) {
  c->lost = true;
  for (struct request *r; (r = c->first);) {
    c->first = r->next;
    if (!c->first)
      c->end = &c->first;
    answer(r, IMAP_LOST, NULL, NULL, 0);
  }
}

static void go_down(struct imap_client *c) {
  c->ready = false;
  c->folder = NULL;
  lose(c);
  if (c->closing)
    return;
  c->options.down(c->options.arg, c, IMAP_DOWN_LOST, "the connection was lost", RECONNECT_MS);
  work_soon(c, RECONNECT_MS);
}

static bool asked(const struct request *r, uint32_t uid) {
  for (size_t i = 0; i < r->count; i++)
    if (uid >= r->ranges[i].first && uid <= r->ranges[i].last)
      return true;
  return false;
}

static struct imap_mail mail_of(const struct fake_mail *m) {
  return (struct imap_mail){.uid = m->uid, .size = server.said_size ? server.said_size : (uint32_t)strlen(m->bytes),
                            .internal_date_ms = m->date_ms};
}

/* One mail in pieces. Returns false when the connection ends in it. */
static bool send_mail(struct request *r, const struct fake_mail *m) {
  struct imap_mail mail = mail_of(m), unknown = mail;
  const bool dies = m->how == MAIL_KILLS || (server.loses && (unsigned)rand() % 400 < server.loses);
  const char *blank = strstr(m->bytes, "\r\n\r\n");
  size_t len = r->part == IMAP_HEADER_ONLY && blank ? (size_t)(blank + 4 - m->bytes) : strlen(m->bytes);
  size_t sent = 0, stop = dies ? len / 2 : len;
  if (rand() % 2)
    unknown.uid = 0;
  r->user.begin(r->arg, &unknown);
  while (sent < stop) {
    size_t n = 1 + (size_t)rand() % (stop - sent);
    r->user.run(r->arg, slice_of(m->bytes + sent, n));
    sent += n;
  }
  r->user.end(r->arg, &mail, dies ? IMAP_MAIL_CUT : IMAP_MAIL_WHOLE);
  server.whole_count += !dies;
  return !dies;
}

/* Returns false when the connection ended. */
static bool do_fetch(struct imap_client *c, struct request *r, enum imap_outcome *ret) {
  *ret = IMAP_OK;
  server.fetch_count++;
  for (size_t i = 0; i < c->folder->count; i++) {
    const struct fake_mail *m = &c->folder->mails[i];
    if (!asked(r, m->uid) || m->how == MAIL_LEFT_OUT)
      continue;
    if (m->how == MAIL_REFUSED) {
      *ret = IMAP_NO; /* and nothing of what is behind it */
      return true;
    }
    if (!send_mail(r, m))
      return false;
  }
  return true;
}

static void do_sizes(struct imap_client *c, struct request *r) {
  for (size_t i = 0; i < c->folder->count; i++) {
    struct imap_mail mail = mail_of(&c->folder->mails[i]);
    if (asked(r, mail.uid))
      r->each(r->arg, &mail);
  }
}

static size_t do_search(struct imap_client *c, const struct request *r, struct uid_range *ret) {
  struct uid_set found = UID_SET_INIT(RANGES);
  for (size_t i = 0; i < c->folder->count; i++) {
    const struct fake_mail *m = &c->folder->mails[i];
    if (m->uid >= r->search.first && (!r->search.last || m->uid <= r->search.last) &&
        m->date_ms >= r->search.since_ms)
      uid_set_add(&found, m->uid, m->uid);
  }
  if (found.count)
    memcpy(ret, found.ranges, found.count * sizeof(*ret));
  const size_t count = found.count;
  uid_set_free(&found);
  return count;
}

static enum imap_outcome do_mark(struct imap_client *c, struct request *r) {
  if (server.no_marks)
    return IMAP_NO;
  for (size_t i = 0; i < c->folder->count; i++)
    if (asked(r, c->folder->mails[i].uid)) {
      c->folder->mails[i].seen |= strcmp(r->text, "\\Seen") == 0;
      c->folder->mails[i].keyword |= strcmp(r->text, "\\Seen") != 0;
    }
  return IMAP_OK;
}

static enum imap_outcome do_move(struct imap_client *c, struct request *r) {
  if (server.no_move)
    return IMAP_UNSUPPORTED;
  for (size_t i = 0; i < c->folder->count;)
    if (asked(r, c->folder->mails[i].uid))
      fake_move(c->folder, i, fake_folder(r->text));
    else
      i++;
  return IMAP_OK;
}

static struct imap_folder do_select(struct imap_client *c, struct request *r) {
  c->folder = fake_folder(r->text);
  server.select_count++;
  return (struct imap_folder){.uid_validity = server.no_validity ? 0 : c->folder->validity,
                              .uid_next = server.no_uidnext ? 0 : c->folder->next,
                              .exists = (uint32_t)c->folder->count};
}

static void carry_out(struct imap_client *c, struct request *r) {
  static struct uid_range found[RANGES];
  enum imap_outcome outcome = IMAP_OK;
  struct imap_folder folder = {0};
  size_t count = 0;
  bool up = true;
  switch (r->verb) {
  case SELECT: folder = do_select(c, r); break;
  case SEARCH: count = do_search(c, r, found), outcome = server.refuse_list ? IMAP_NO : IMAP_OK; break;
  case SIZES: do_sizes(c, r); break;
  case FETCH: up = do_fetch(c, r, &outcome); break;
  case MARK: outcome = do_mark(c, r); break;
  case MOVE: outcome = do_move(c, r); break;
  case CREATE: fake_folder(r->text); break;
  }
  answer(r, up ? outcome : IMAP_LOST, &folder, found, count);
  if (!up)
    go_down(c);
}

static void on_timer(uv_timer_t *timer) {
  struct imap_client *c = timer->data;
  if (!c->ready && server.down) {
    c->options.down(c->options.arg, c, IMAP_DOWN_UNREACHABLE, "refused", RECONNECT_MS);
    work_soon(c, RECONNECT_MS);
    return;
  }
  if (!c->ready) {
    c->ready = true;
    c->lost = false;
    c->options.ready(c->options.arg, c, IMAP_CAN_IDLE | IMAP_CAN_MOVE);
  } else if (server.loses && (unsigned)rand() % 100 < server.loses) {
    go_down(c);
  } else if (c->first) {
    struct request *r = c->first;
    c->first = r->next;
    if (!c->first)
      c->end = &c->first;
    carry_out(c, r);
  }
  if (c->first && c->ready)
    work_soon(c, 0);
}

void fake_drop_all(void) {
  for (size_t i = 0; i < 8; i++)
    if (server.clients[i] && server.clients[i]->ready)
      go_down(server.clients[i]);
}

void fake_changed(struct fake_folder *f, enum imap_change change) {
  for (size_t i = 0; i < 8; i++) {
    struct imap_client *c = server.clients[i];
    if (c && c->ready && c->folder == f)
      c->options.changed(c->options.arg, c, change);
  }
}

static struct request *add(struct imap_client *c, enum verb verb, const struct uid_range *ranges, size_t count,
                           void *arg) {
  struct request *r = calloc(1, sizeof(*r));
  r->verb = verb;
  r->arg = arg;
  if (verb == SIZES || verb == FETCH || verb == MARK || verb == MOVE) {
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
      assert_true(ranges[i].first && ranges[i].first <= ranges[i].last);
      assert_true(i == 0 || ranges[i - 1].last < ranges[i].first);
    }
    r->ranges = malloc(count * sizeof(*ranges));
    memcpy(r->ranges, ranges, count * sizeof(*ranges));
    r->count = count;
  }
  assert_true(c->ready && !c->lost); /* who was told that it is down does not ask */
  assert_null(c->first);             /* one at a time */
  *c->end = r;
  c->end = &r->next;
  work_soon(c, 0);
  return r;
}

/* ---- imap_client.h */

struct imap_client *imap_client_open(uv_loop_t *loop, const struct imap_client_options *options) {
  struct imap_client *c = calloc(1, sizeof(*c));
  c->loop = loop;
  c->options = *options;
  c->end = &c->first;
  uv_timer_init(loop, &c->timer);
  c->timer.data = c;
  for (size_t i = 0; i < 8; i++)
    if (!server.clients[i]) {
      server.clients[i] = c;
      break;
    }
  work_soon(c, 0);
  return c;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void imap_client_close(struct imap_client **client) {
  struct imap_client *c = *client;
  *client = NULL;
  c->closing = true;
  for (size_t i = 0; i < 8; i++)
    if (server.clients[i] == c)
      server.clients[i] = NULL;
  lose(c);
  uv_close((uv_handle_t *)&c->timer, on_closed);
}

void imap_client_hurry(struct imap_client *c) {
  if (!c->ready)
    work_soon(c, 0);
}

void imap_client_select(struct imap_client *c, const char *folder, bool examine, imap_selected *done, void *arg) {
  struct request *r = add(c, SELECT, NULL, 0, arg);
  (void)examine;
  r->selected = done;
  snprintf(r->text, sizeof(r->text), "%s", folder);
}

void imap_client_search(struct imap_client *c, const struct imap_search *search, imap_found *done, void *arg) {
  struct request *r = add(c, SEARCH, NULL, 0, arg);
  r->found = done;
  r->search = *search;
}

void imap_client_sizes(struct imap_client *c, const struct uid_range *ranges, size_t count,
                       void (*each)(void *arg, const struct imap_mail *mail), imap_done *done, void *arg) {
  struct request *r = add(c, SIZES, ranges, count, arg);
  r->each = each;
  r->done = done;
}

void imap_client_fetch(struct imap_client *c, const struct uid_range *ranges, size_t count, enum imap_part part,
                       const struct imap_fetch_user *user, imap_done *done, void *arg) {
  struct request *r = add(c, FETCH, ranges, count, arg);
  r->part = part;
  r->user = *user;
  r->done = done;
}

void imap_client_mark(struct imap_client *c, const struct uid_range *ranges, size_t count, const char *flag,
                      imap_done *done, void *arg) {
  struct request *r = add(c, MARK, ranges, count, arg);
  r->done = done;
  snprintf(r->text, sizeof(r->text), "%s", flag);
}

void imap_client_move(struct imap_client *c, const struct uid_range *ranges, size_t count, const char *folder,
                      imap_done *done, void *arg) {
  struct request *r = add(c, MOVE, ranges, count, arg);
  r->done = done;
  snprintf(r->text, sizeof(r->text), "%s", folder);
}

void imap_client_create(struct imap_client *c, const char *folder, imap_done *done, void *arg) {
  struct request *r = add(c, CREATE, NULL, 0, arg);
  r->done = done;
  snprintf(r->text, sizeof(r->text), "%s", folder);
}

/* ---- what else it would need of the network */

struct curl_loop *curl_loop_open(uv_loop_t *loop) {
  (void)loop;
  return calloc(1, 1);
}

void curl_loop_close(struct curl_loop **l) {
  free(*l);
  *l = NULL;
}

struct oauth_token *oauth_token_new(uv_loop_t *loop, const struct oauth_options *options) {
  (void)loop, (void)options;
  return calloc(1, 1);
}

void oauth_token_free(struct oauth_token **t) {
  free(*t);
  *t = NULL;
}
