/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says, put together with what was asked. */
#include "imap/session_internal.h"
#include <inttypes.h>
#include <stdlib.h>

#define GO_ON (-1)
#define OUTPUT_MAX (16 * 1024)

/* Life */

struct imap_session *imap_session_new(const struct imap_session_options *options, int64_t now_ms) {
  struct imap_session *s = must_calloc(1, sizeof(*s));
  s->options = *options;
  if (s->options.idle_ms > SESSION_IDLE_MOST_MS)
    s->options.idle_ms = SESSION_IDLE_MOST_MS;
  s->reader = imap_reader_new();
  s->output = BUF_INIT(OUTPUT_MAX);
  s->found = UID_SET_INIT(IMAP_RANGES_MAX);
  for (size_t i = 0; i < SESSION_COMMANDS; i++)
    s->commands[i].asked = UID_SET_INIT(SESSION_UIDS);
  session_requests_init(&s->requests);
  session_requests_init(&s->finished);
  s->now_ms = s->heard_ms = s->sent_ms = s->quiet_ms = now_ms;
  return s;
}

static void free_list(struct request_list *list) {
  while (list->first) {
    struct request *r = list->first;
    list->first = r->next;
    session_request_free(&r);
  }
}

void imap_session_free(struct imap_session **session) {
  if (!session || !*session)
    return;
  struct imap_session *s = *session;
  *session = NULL;
  free_list(&s->requests);
  free_list(&s->finished);
  session_request_free(&s->reported);
  for (size_t i = 0; i < SESSION_COMMANDS; i++)
    uid_set_free(&s->commands[i].asked);
  uid_set_free(&s->found);
  imap_reader_free(&s->reader);
  buf_free(&s->output);
  free(s);
}

const struct session_said *imap_session_said(const struct imap_session *s) {
  return &s->said;
}

struct buf *imap_session_output(struct imap_session *s) {
  return &s->output;
}

size_t imap_session_waiting(const struct imap_session *s) {
  return s->waiting;
}

void session_end(struct imap_session *s, enum session_end why, struct slice words) {
  s->state = STATE_ENDED;
  s->end_due = true;
  s->said.why = why;
  s->said.words = words;
}

void imap_session_lose(struct imap_session *s) {
  s->state = STATE_LOST;
  s->end_due = s->ready_due = s->tagged_waits = false;
}

void imap_session_logout(struct imap_session *s) {
  if (s->state != STATE_UP || s->on_way > (s->watch == WATCH_IDLE))
    return;
  if (s->watch == WATCH_IDLE)
    buf_add_text(&s->output, "DONE\r\n");
  buf_printf(&s->output, "D%" PRIu32 " LOGOUT\r\n", ++s->tag);
}

/* Commands */

struct command *session_command_begin(struct imap_session *s, enum command_kind kind) {
  for (size_t i = 0; i < SESSION_COMMANDS; i++) {
    struct command *c = &s->commands[i];
    if (c->kind != COMMAND_NONE)
      continue;
    c->kind = kind;
    c->tag = ++s->tag;
    c->request = NULL;
    uid_set_clear(&c->asked);
    s->on_way++;
    s->sent_ms = s->now_ms;
    buf_printf(&s->output, "D%" PRIu32 " ", c->tag);
    return c;
  }
  return NULL;
}

static struct command *command_tagged(struct imap_session *s, uint32_t tag) {
  for (size_t i = 0; i < SESSION_COMMANDS; i++)
    if (s->commands[i].kind != COMMAND_NONE && s->commands[i].tag == tag)
      return &s->commands[i];
  return NULL;
}

/* The command of this kind that still waits for the UID; with UID 0 the first of them. */
static struct command *command_asking(struct imap_session *s, enum request_kind kind, uint32_t uid) {
  struct command *first = NULL;
  for (size_t i = 0; i < SESSION_COMMANDS; i++) {
    struct command *c = &s->commands[i];
    if (c->kind != COMMAND_REQUEST || c->request->kind != kind || (uid && !uid_set_has(&c->asked, uid)))
      continue;
    if (!first || c->tag < first->tag)
      first = c;
  }
  return first;
}

struct command *session_command_of(struct imap_session *s, enum request_kind kind) {
  return command_asking(s, kind, 0);
}

/* The start: what can it do, and who are we. Some servers (163.com) open no folder before they know. */

static void ask_capabilities(struct imap_session *s) {
  s->state = STATE_GREETING;
  session_command_begin(s, COMMAND_CAPABILITY);
  buf_add_text(&s->output, "CAPABILITY\r\n");
}

static void greeted(struct imap_session *s, enum command_kind kind) {
  if (kind == COMMAND_CAPABILITY && (s->capabilities & IMAP_CAN_ID)) {
    session_command_begin(s, COMMAND_ID);
    buf_add_text(&s->output, "ID (\"name\" \"Deskbell\" \"version\" ");
    imap_quoted_write(slice_text(s->options.version), &s->output);
    buf_add_text(&s->output, ")\r\n");
    return;
  }
  s->state = STATE_UP;
  s->ready_due = true;
  s->quiet_ms = s->now_ms;
}

/* Status responses */

static void on_answer(struct imap_session *s, const struct imap_response *said) {
  struct command *c = command_tagged(s, said->tag);
  if (!c)
    return;
  const enum command_kind kind = c->kind;
  struct request *request = c->request;
  c->kind = COMMAND_NONE;
  s->on_way--;
  switch (kind) {
  case COMMAND_CAPABILITY:
  case COMMAND_ID:
    greeted(s, kind);
    break;
  case COMMAND_IDLE:
  case COMMAND_NOOP:
    session_watch_answered(s, kind, said->status);
    break;
  default:
    session_request_answered(s, request, said);
    break;
  }
}

static void note_code(struct imap_session *s, const struct imap_response *said) {
  struct imap_folder *f = &s->folder;
  switch (said->code) {
  case IMAP_CODE_CAPABILITY:
    s->capabilities = said->capabilities;
    break;
  case IMAP_CODE_UIDVALIDITY:
    if (!s->selected)
      f->uid_validity = said->number > UINT32_MAX ? 0 : (uint32_t)said->number;
    else if (!said->tag && said->number != f->uid_validity)
      session_end(s, SESSION_NONSENSE, SLICE("the folder was renumbered while it was open"));
    break;
  case IMAP_CODE_UIDNEXT:
    f->uid_next = said->number > UINT32_MAX ? 0 : (uint32_t)said->number;
    break;
  case IMAP_CODE_HIGHESTMODSEQ:
    f->highest_modseq = said->number;
    break;
  case IMAP_CODE_PERMANENTFLAGS:
    f->permanent = said->flags;
    break;
  case IMAP_CODE_UIDNOTSTICKY:
    f->uid_not_sticky = true;
    break;
  case IMAP_CODE_READ_ONLY:
    f->read_only = true;
    break;
  case IMAP_CODE_READ_WRITE:
    f->read_only = false;
    break;
  default:
    break;
  }
}

static int on_said(struct imap_session *s, const struct imap_response *said) {
  note_code(s, said);
  if (s->state == STATE_ENDED)
    return GO_ON;
  if (said->status == IMAP_SAYS_BYE) {
    session_end(s, SESSION_SAID_BYE, said->words);
    return GO_ON;
  }
  const bool alert = said->code == IMAP_CODE_ALERT || (!said->tag && said->code == IMAP_CODE_OVERQUOTA);
  if (alert) {
    s->tagged_waits = said->tag != 0;
    s->said.words = said->words;
    return SESSION_ALERT;
  }
  if (said->tag)
    on_answer(s, said);
  return GO_ON;
}

/* What changes in the folder */

static int changed(struct imap_session *s, bool gone) {
  if (!s->selected || (gone && session_command_of(s, REQUEST_MOVE))) /* we did it */
    return GO_ON;
  s->said.gone = gone;
  return SESSION_CHANGED;
}

static int on_exists(struct imap_session *s, uint32_t number) {
  const bool more = number > s->folder.exists;
  s->folder.exists = number;
  return more ? changed(s, false) : GO_ON;
}

static int on_gone(struct imap_session *s, uint64_t number) {
  s->folder.exists = number < s->folder.exists ? s->folder.exists - (uint32_t)number : 0;
  return changed(s, true);
}

/* Mails */

static int on_body_begin(struct imap_session *s, const struct imap_response *said) {
  struct command *c = command_asking(s, REQUEST_FETCH, said->mail.uid);
  const enum imap_body wanted = c && c->request->part == IMAP_HEADER_ONLY ? IMAP_BODY_HEADER : IMAP_BODY_MAIL;
  if (!c || said->body != wanted)
    return GO_ON;
  s->body = c;
  s->said.user = c->request->user;
  s->said.mail = said->mail;
  return SESSION_BODY_BEGIN;
}

static int on_body_run(struct imap_session *s, const struct imap_response *said) {
  if (!s->body)
    return GO_ON;
  s->said.user = s->body->request->user;
  s->said.run = said->run;
  return SESSION_BODY_RUN;
}

static int on_body_end(struct imap_session *s, const struct imap_response *said) {
  struct command *c = s->body;
  s->body = NULL;
  s->said.user = c->request->user;
  s->said.mail = said->mail;
  uint32_t uid = said->mail.uid;
  if (!uid && uid_set_total(&c->asked) == 1) /* it did not say which; only one can be meant */
    uid = c->asked.ranges[0].first;
  s->said.mail.uid = uid;
  s->said.end = IMAP_MAIL_UNASKED;
  if (!said->body)
    s->said.end = IMAP_MAIL_CUT;
  else if (uid && uid_set_has(&c->asked, uid) && uid_set_remove(&c->asked, uid, uid) == 0)
    s->said.end = IMAP_MAIL_WHOLE;
  return SESSION_BODY_END;
}

static int on_fetched(struct imap_session *s, const struct imap_response *said) {
  if (s->body)
    return on_body_end(s, said);
  struct command *c = said->has_size && said->mail.uid ? command_asking(s, REQUEST_SIZES, said->mail.uid) : NULL;
  if (!c || uid_set_remove(&c->asked, said->mail.uid, said->mail.uid))
    return GO_ON;
  s->said.user = c->request->user;
  s->said.mail = said->mail;
  return SESSION_SIZE;
}

static int on_found(struct imap_session *s, const struct imap_response *said) {
  struct command *c = session_command_of(s, REQUEST_SEARCH);
  if (!c)
    return GO_ON;
  /* "n:*" finds the last mail even when its UID is below n (TR-42). */
  const struct imap_search *search = &c->request->search;
  const uint32_t last = search->last ? search->last : UID_LAST;
  struct uid_range range = said->range;
  if (range.first < search->first)
    range.first = search->first;
  if (range.last > last)
    range.last = last;
  if (range.first <= range.last)
    uid_set_collect(&s->found, range.first, range.last);
  return GO_ON;
}

static int on_listed(struct imap_session *s, const struct imap_response *said) {
  struct command *c = session_command_of(s, REQUEST_LIST);
  if (!c)
    return GO_ON;
  s->said.user = c->request->user;
  s->said.name = said->name;
  s->said.selectable = said->selectable;
  return SESSION_LISTED;
}

/* One event of the reader. */
static int on_event(struct imap_session *s, enum imap_event event) {
  const struct imap_response *said = imap_reader_response(s->reader);
  switch (event) {
  case IMAP_SAID:
    return on_said(s, said);
  case IMAP_CONTINUE:
    session_watch_continue(s);
    return GO_ON;
  case IMAP_CAPABILITIES:
    s->capabilities = said->capabilities;
    return GO_ON;
  case IMAP_EXISTS:
    return on_exists(s, (uint32_t)said->number);
  case IMAP_EXPUNGED:
    return on_gone(s, 1);
  case IMAP_VANISHED:
    return said->earlier ? GO_ON : on_gone(s, (uint64_t)said->range.last - said->range.first + 1);
  case IMAP_FOUND:
    return on_found(s, said);
  case IMAP_LISTED:
    return on_listed(s, said);
  case IMAP_STATUS_IS:
    s->status = said->status_is;
    return GO_ON;
  case IMAP_BODY_BEGIN:
    return on_body_begin(s, said);
  case IMAP_BODY_RUN:
    return on_body_run(s, said);
  case IMAP_FETCHED:
    return on_fetched(s, said);
  case IMAP_BROKEN:
    session_end(s, SESSION_NONSENSE, SLICE("an answer without end"));
    return GO_ON;
  default:
    return GO_ON;
  }
}

/* The turn */

static enum session_event report(struct imap_session *s) {
  struct request *r = s->finished.first;
  s->finished.first = r->next;
  if (!r->next)
    s->finished.end = &s->finished.first;
  s->reported = r;
  s->waiting--;
  s->said.user = r->user;
  s->said.result = r->result;
  s->said.folder = s->folder;
  s->said.status = s->status;
  s->said.ranges = NULL;
  s->said.count = 0;
  if (r->kind == REQUEST_SEARCH && r->result.outcome == IMAP_OK) {
    s->said.ranges = s->found.ranges;
    s->said.count = s->found.count;
  }
  return SESSION_DONE;
}

static void forget_reported(struct imap_session *s) {
  if (s->reported && s->reported->kind == REQUEST_SEARCH)
    uid_set_free(&s->found);
  session_request_free(&s->reported);
}

/* After the connection: the mail that was begun, then everything that was asked. */
static int wind_up(struct imap_session *s) {
  if (s->body) {
    s->said.user = s->body->request->user;
    s->said.mail = imap_reader_response(s->reader)->mail;
    s->said.end = IMAP_MAIL_CUT;
    s->body = NULL;
    return SESSION_BODY_END;
  }
  session_requests_lose(s);
  return s->finished.first ? (int)report(s) : (int)SESSION_MORE;
}

/* What is to be said before more is read. */
static int due_now(struct imap_session *s) {
  if (s->state == STATE_LOST)
    return wind_up(s);
  if (s->end_due) {
    s->end_due = false;
    return SESSION_ENDED;
  }
  if (s->state == STATE_ENDED)
    return SESSION_MORE;
  if (s->ready_due) {
    s->ready_due = false;
    s->said.capabilities = s->capabilities;
    return SESSION_READY;
  }
  if (s->tagged_waits) {
    s->tagged_waits = false;
    on_answer(s, imap_reader_response(s->reader));
  }
  if (s->finished.first) /* before the next command takes the place of its answer */
    return (int)report(s);
  if (s->state == STATE_NEW)
    ask_capabilities(s);
  if (s->state == STATE_UP)
    session_requests_advance(s);
  return s->finished.first ? (int)report(s) : GO_ON;
}

enum session_event imap_session_next(struct imap_session *s, struct slice *bytes, int64_t now_ms) {
  s->now_ms = now_ms;
  forget_reported(s);
  if (bytes->len)
    s->heard_ms = now_ms;
  for (;;) {
    int event = due_now(s);
    if (event == GO_ON) {
      enum imap_event heard = imap_reader_next(s->reader, bytes);
      if (heard == IMAP_MORE)
        return SESSION_MORE;
      event = on_event(s, heard);
    }
    if (event == SESSION_MORE)
      *bytes = slice_of(bytes->at + bytes->len, 0);
    if (event != GO_ON)
      return (enum session_event)event;
  }
}
