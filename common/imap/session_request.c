/* SPDX-License-Identifier: Apache-2.0 */
/* Requests into commands. */
#include "imap/session_internal.h"
#include <stdlib.h>

void session_requests_init(struct request_list *list) {
  list->first = NULL;
  list->end = &list->first;
}

void session_request_free(struct request **r) {
  if (!r || !*r)
    return;
  buf_free(&(*r)->argument);
  buf_free(&(*r)->set);
  free((*r)->ranges);
  free(*r);
  *r = NULL;
}

static void append(struct request_list *list, struct request *r) {
  r->next = NULL;
  *list->end = r;
  list->end = &r->next;
}

static void take_out(struct request_list *list, struct request *r) {
  struct request **at = &list->first;
  while (*at != r)
    at = &(*at)->next;
  *at = r->next;
  if (!r->next)
    list->end = at;
}

static void finish(struct imap_session *s, struct request *r) {
  take_out(&s->requests, r);
  append(&s->finished, r);
  s->quiet_ms = s->now_ms;
}

static struct request *ask(struct imap_session *s, enum request_kind kind, void *user) {
  struct request *r = must_calloc(1, sizeof(*r));
  r->kind = kind;
  r->user = user;
  r->argument = BUF_INIT(2 * IMAP_FOLDER_MAX + 2);
  r->set = BUF_INIT(SESSION_SET_BYTES + 32);
  append(&s->requests, r);
  s->waiting++;
  return r;
}

static void ask_folder(struct imap_session *s, struct request *r, struct slice folder) {
  if (imap_folder_write(folder, &r->argument) == 0)
    return;
  r->result = (struct imap_result){.outcome = IMAP_UNSUPPORTED, .words = SLICE("this is no folder's name")};
  r->written = true;
  finish(s, r);
}

static void ask_ranges(struct request *r, const struct uid_range *ranges, size_t count) {
  r->ranges = r->left = must_calloc(count ? count : 1, sizeof(*ranges));
  r->left_count = count;
  if (count)
    memcpy(r->ranges, ranges, count * sizeof(*ranges));
}

void imap_session_select(struct imap_session *s, struct slice folder, bool examine, void *user) {
  struct request *r = ask(s, REQUEST_SELECT, user);
  r->examine = examine;
  ask_folder(s, r, folder);
}

void imap_session_search(struct imap_session *s, const struct imap_search *search, void *user) {
  ask(s, REQUEST_SEARCH, user)->search = *search;
}

void imap_session_sizes(struct imap_session *s, const struct uid_range *ranges, size_t count, void *user) {
  ask_ranges(ask(s, REQUEST_SIZES, user), ranges, count);
}

void imap_session_fetch(struct imap_session *s, const struct uid_range *ranges, size_t count, enum imap_part part,
                        void *user) {
  struct request *r = ask(s, REQUEST_FETCH, user);
  r->part = part;
  ask_ranges(r, ranges, count);
}

void imap_session_mark(struct imap_session *s, const struct uid_range *ranges, size_t count, struct slice flag,
                       void *user) {
  struct request *r = ask(s, REQUEST_MARK, user);
  ask_ranges(r, ranges, count);
  if (imap_flag_valid(flag)) {
    buf_add_slice(&r->argument, flag);
    return;
  }
  r->result = (struct imap_result){.outcome = IMAP_UNSUPPORTED, .words = SLICE("this is no flag")};
  r->written = true;
  finish(s, r);
}

void imap_session_move(struct imap_session *s, const struct uid_range *ranges, size_t count, struct slice folder,
                       void *user) {
  struct request *r = ask(s, REQUEST_MOVE, user);
  ask_ranges(r, ranges, count);
  ask_folder(s, r, folder);
}

void imap_session_create(struct imap_session *s, struct slice folder, void *user) {
  ask_folder(s, ask(s, REQUEST_CREATE, user), folder);
}

void imap_session_status(struct imap_session *s, struct slice folder, void *user) {
  ask_folder(s, ask(s, REQUEST_STATUS, user), folder);
}

void imap_session_list(struct imap_session *s, struct slice pattern, void *user) {
  ask_folder(s, ask(s, REQUEST_LIST, user), pattern);
}

/* Writing. Each adds what is behind the tag, without CRLF, and says when it was the last of its request. */

static void write_select(struct imap_session *s, struct request *r, struct command *c) {
  (void)c;
  s->selected = false;
  s->folder = (struct imap_folder){.permanent = ~0u};
  buf_add_text(&s->output, r->examine ? "EXAMINE " : "SELECT ");
  buf_add_slice(&s->output, buf_slice(&r->argument));
  r->written = true;
}

static void write_search(struct imap_session *s, struct request *r, struct command *c) {
  (void)c;
  uid_set_clear(&s->found);
  imap_search_write(&r->search, s->capabilities & IMAP_CAN_ESEARCH, &s->output);
  r->written = true;
}

/* The next UIDs of the request; they are the command's. */
static void write_set(struct imap_session *s, struct request *r, struct command *c, uint64_t uids_max) {
  uid_set_write(&r->left, &r->left_count, SESSION_SET_BYTES, uids_max, &s->output, &c->asked);
  r->written = r->left_count == 0;
}

static void write_sizes(struct imap_session *s, struct request *r, struct command *c) {
  buf_add_text(&s->output, "UID FETCH ");
  write_set(s, r, c, SESSION_UIDS);
  buf_add_text(&s->output, " (UID FLAGS RFC822.SIZE INTERNALDATE)");
}

static void write_fetch(struct imap_session *s, struct request *r, struct command *c) {
  buf_add_text(&s->output, "UID FETCH ");
  write_set(s, r, c, SESSION_FETCH_UIDS);
  buf_printf(&s->output, " (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[%s])",
             r->part == IMAP_HEADER_ONLY ? "HEADER" : "");
}

static void write_mark(struct imap_session *s, struct request *r, struct command *c) {
  buf_add_text(&s->output, "UID STORE ");
  write_set(s, r, c, SESSION_UIDS);
  buf_printf(&s->output, " +FLAGS.SILENT (%s)", r->argument.at);
}

/* Without MOVE the same set is copied, flagged and expunged in three commands (RFC 6851 section 3.3). */
static void write_move(struct imap_session *s, struct request *r, struct command *c) {
  (void)c;
  if (r->step == MOVE_AT_ONCE || r->step == MOVE_COPY) {
    buf_clear(&r->set);
    uid_set_write(&r->left, &r->left_count, SESSION_SET_BYTES, SESSION_UIDS, &r->set, NULL);
  }
  switch (r->step) {
  case MOVE_AT_ONCE:
    buf_printf(&s->output, "UID MOVE %s %s", r->set.at, r->argument.at);
    break;
  case MOVE_COPY:
    buf_printf(&s->output, "UID COPY %s %s", r->set.at, r->argument.at);
    break;
  case MOVE_DELETE:
    buf_printf(&s->output, "UID STORE %s +FLAGS.SILENT (\\Deleted)", r->set.at);
    break;
  case MOVE_EXPUNGE:
    buf_printf(&s->output, "UID EXPUNGE %s", r->set.at);
    break;
  }
  if (r->step != MOVE_AT_ONCE)
    r->step = r->step == MOVE_EXPUNGE ? MOVE_COPY : r->step + 1;
  r->written = r->left_count == 0 && (r->step == MOVE_AT_ONCE || r->step == MOVE_COPY);
}

static void write_create(struct imap_session *s, struct request *r, struct command *c) {
  (void)c;
  buf_printf(&s->output, "CREATE %s", r->argument.at);
  r->written = true;
}

static void write_status(struct imap_session *s, struct request *r, struct command *c) {
  (void)c;
  s->status = (struct imap_status){0};
  buf_printf(&s->output, "STATUS %s (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)", r->argument.at);
  r->written = true;
}

static void write_list(struct imap_session *s, struct request *r, struct command *c) {
  (void)c;
  buf_printf(&s->output, "LIST \"\" %s", r->argument.at);
  r->written = true;
}

static const struct {
  void (*write)(struct imap_session *s, struct request *r, struct command *c);
  bool has_set, pipelined;
} kinds[] = {
    [REQUEST_SELECT] = {write_select, false, false}, [REQUEST_SEARCH] = {write_search, false, false},
    [REQUEST_SIZES] = {write_sizes, true, true},     [REQUEST_FETCH] = {write_fetch, true, true},
    [REQUEST_MARK] = {write_mark, true, true},       [REQUEST_MOVE] = {write_move, true, false},
    [REQUEST_CREATE] = {write_create, false, false}, [REQUEST_STATUS] = {write_status, false, false},
    [REQUEST_LIST] = {write_list, false, false},
};

/* Whether a command of it may be on its way together with those that are. */
static bool may_go(const struct imap_session *s, const struct request *r) {
  if (s->on_way == SESSION_COMMANDS)
    return false;
  for (size_t i = 0; i < SESSION_COMMANDS; i++) {
    const struct command *c = &s->commands[i];
    if (c->kind == COMMAND_NONE)
      continue;
    if (c->kind != COMMAND_REQUEST || !kinds[r->kind].pipelined || !kinds[c->request->kind].pipelined)
      return false;
    if (c->request != r && c->request->kind == r->kind)
      return false;
  }
  return true;
}

/* What needs no command, or cannot be done: finished at once. Returns whether so. */
static bool settled(struct imap_session *s, struct request *r) {
  if (kinds[r->kind].has_set && !r->left_count && !r->written && r->step <= MOVE_COPY) {
    r->written = true;
  } else if (r->kind == REQUEST_MOVE && r->left == r->ranges && r->step == MOVE_AT_ONCE &&
             !(s->capabilities & IMAP_CAN_MOVE)) {
    r->step = MOVE_COPY;
    if (!(s->capabilities & IMAP_CAN_UIDPLUS)) {
      r->result = (struct imap_result){.outcome = IMAP_UNSUPPORTED, .words = SLICE("the server cannot move mails")};
      r->written = true;
    }
  }
  if (!r->written || r->on_way)
    return false;
  finish(s, r);
  return true;
}

static void write_command(struct imap_session *s, struct request *r) {
  struct command *c = session_command_begin(s, COMMAND_REQUEST);
  c->request = r;
  kinds[r->kind].write(s, r, c);
  buf_add_text(&s->output, "\r\n");
  r->on_way++;
}

void session_requests_advance(struct imap_session *s) {
  for (;;) {
    struct request *r = s->requests.first;
    while (r && r->written)
      r = r->next;
    if (!r)
      return;
    if (settled(s, r))
      continue;
    if (!session_watch_give_way(s) || !may_go(s, r))
      return;
    write_command(s, r);
  }
}

/* Answers */

static enum imap_outcome outcome_of(const struct request *r, const struct imap_response *said) {
  if (said->status == IMAP_SAYS_OK)
    return IMAP_OK;
  if (said->code == IMAP_CODE_EXPUNGEISSUED && kinds[r->kind].pipelined)
    return IMAP_OK; /* some of them were gone: the others were done */
  return said->status == IMAP_SAYS_NO ? IMAP_NO : IMAP_BAD;
}

static void note_result(struct request *r, const struct imap_response *said) {
  if (r->result.outcome != IMAP_OK)
    return;
  memcpy(r->words, said->words.at ? said->words.at : "", said->words.len);
  r->result = (struct imap_result){outcome_of(r, said), said->code, slice_of(r->words, said->words.len)};
}

static void note_search(struct imap_session *s, struct request *r) {
  uid_set_settle(&s->found);
  if (s->found.full && r->result.outcome == IMAP_OK)
    r->result.outcome = IMAP_TOO_MANY;
}

void session_request_answered(struct imap_session *s, struct request *r, const struct imap_response *said) {
  r->on_way--;
  note_result(r, said);
  if (r->kind == REQUEST_SELECT) {
    s->selected = r->result.outcome == IMAP_OK;
    s->folder.read_only |= r->examine;
  } else if (r->kind == REQUEST_SEARCH) {
    note_search(s, r);
  } else if (r->kind == REQUEST_MOVE && r->result.outcome != IMAP_OK) {
    r->written = true; /* what was not copied must not be deleted */
  }
  if (r->written && !r->on_way)
    finish(s, r);
}

void session_requests_lose(struct imap_session *s) {
  while (s->requests.first) {
    struct request *r = s->requests.first;
    r->result = (struct imap_result){.outcome = IMAP_LOST, .words = SLICE("the connection was lost")};
    finish(s, r);
  }
}
