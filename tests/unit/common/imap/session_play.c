/* SPDX-License-Identifier: Apache-2.0 */
#include "session_play.h"
#include "imap/session.h"
#include "reader_play.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define REQUESTS 32

struct play {
  const char *name;
  unsigned chance; /* 0: in one piece; 1: byte by byte; else random */
  struct imap_session *session;
  int64_t now_ms;
  struct buf pending;        /* server's bytes not yet given */
  struct buf events, output; /* not yet expected */
  char kinds[REQUESTS];      /* first letters of the requests; by number */
  size_t requests;
  bool ended;
};

static const char *const outcomes[] = {"ok", "no", "bad", "lost", "unsupported", "too-many"};

static const char *code_name(enum imap_code code) {
  switch (code) {
  case IMAP_CODE_READ_WRITE: return "READ-WRITE";
  case IMAP_CODE_READ_ONLY: return "READ-ONLY";
  case IMAP_CODE_TRYCREATE: return "TRYCREATE";
  case IMAP_CODE_NONEXISTENT: return "NONEXISTENT";
  case IMAP_CODE_EXPUNGEISSUED: return "EXPUNGEISSUED";
  case IMAP_CODE_OVERQUOTA: return "OVERQUOTA";
  case IMAP_CODE_COPYUID: return "COPYUID";
  case IMAP_CODE_ALERT: return "ALERT";
  default: return "OTHER";
  }
}

static size_t number(const void *user) {
  return (size_t)(uintptr_t)user;
}

static void write_done(struct play *p, const struct session_said *said, struct buf *out) {
  const struct imap_result *r = &said->result;
  const char kind = p->kinds[number(said->user)];
  buf_printf(out, "done %zu %s", number(said->user), outcomes[r->outcome]);
  if (r->code)
    buf_printf(out, " [%s]", code_name(r->code));
  if (r->words.len)
    buf_printf(out, ": %.*s", (int)r->words.len, r->words.at);
  if (r->outcome != IMAP_OK)
    return;
  if (kind == 's' || kind == 'e') {
    const struct imap_folder *f = &said->folder;
    buf_printf(out, " validity=%" PRIu32 " next=%" PRIu32 " exists=%" PRIu32, f->uid_validity, f->uid_next, f->exists);
    if (f->permanent != ~0u)
      buf_printf(out, " permanent=%x", f->permanent);
    if (f->highest_modseq)
      buf_printf(out, " modseq=%" PRIu64, f->highest_modseq);
    buf_printf(out, "%s%s", f->read_only ? " read-only" : "", f->uid_not_sticky ? " not-sticky" : "");
  } else if (kind == 'f') {
    buf_printf(out, " found");
    for (size_t i = 0; i < said->count; i++)
      buf_printf(out, " %" PRIu32 "-%" PRIu32, said->ranges[i].first, said->ranges[i].last);
  } else if (kind == 't') {
    buf_printf(out, " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32, said->status.messages, said->status.unseen,
               said->status.uid_next, said->status.uid_validity);
  }
}

static void write_can(unsigned capabilities, struct buf *out) {
  static const char *const names[] = {"idle", "uidplus", "move", "esearch", "id"};
  const char *between = " ";
  for (size_t i = 0; i < 5; i++) {
    if (!(capabilities & (1u << i)))
      continue;
    buf_printf(out, "%s%s", between, names[i]);
    between = ",";
  }
}

static void write_session_event(struct play *p, enum session_event event) {
  const struct session_said *said = imap_session_said(p->session);
  struct buf *out = &p->events;
  static const char *const ends[] = {"whole", "cut", "unasked"}, *const whys[] = {"bye", "silent", "nonsense"};
  switch (event) {
  case SESSION_MORE:
    return;
  case SESSION_READY:
    buf_add_text(out, "ready");
    write_can(said->capabilities, out);
    break;
  case SESSION_CHANGED:
    buf_add_text(out, said->gone ? "gone" : "new");
    break;
  case SESSION_ALERT:
    buf_printf(out, "alert %.*s", (int)said->words.len, said->words.at);
    break;
  case SESSION_SIZE:
  case SESSION_BODY_BEGIN:
    buf_printf(out, "%s %zu", event == SESSION_SIZE ? "size" : "begin", number(said->user));
    write_mail(&said->mail, out);
    break;
  case SESSION_BODY_RUN: {
    const char *last = out->len ? memrchr(out->at, '\n', out->len - 1) : NULL;
    last = last ? last + 1 : out->at;
    if (last && strncmp(last, "run ", 4) == 0)
      out->len--;
    else
      buf_printf(out, "run %zu ", number(said->user));
    for (size_t i = 0; i < said->run.len; i++)
      buf_add_char(out, said->run.at[i] < ' ' ? '~' : said->run.at[i]);
    break;
  }
  case SESSION_BODY_END:
    buf_printf(out, "end %zu %s", number(said->user), ends[said->end]);
    write_mail(&said->mail, out);
    break;
  case SESSION_LISTED:
    buf_printf(out, "listed %zu %.*s%s", number(said->user), (int)said->name.len, said->name.at,
               said->selectable ? "" : " (not selectable)");
    break;
  case SESSION_DONE:
    write_done(p, said, out);
    break;
  case SESSION_ENDED:
    buf_printf(out, "ended %s: %.*s", whys[said->why], (int)said->words.len, said->words.at);
    break;
  }
  buf_add_char(out, '\n');
}

static void pump(struct play *p, struct slice bytes) {
  for (enum session_event event; (event = imap_session_next(p->session, &bytes, p->now_ms)) != SESSION_MORE;) {
    write_session_event(p, event);
    if (event == SESSION_ENDED)
      p->ended = true;
  }
  assert_int_equal(bytes.len, 0);
  buf_add_slice(&p->output, buf_slice(imap_session_output(p->session)));
  buf_clear(imap_session_output(p->session));
}

static void give_pending(struct play *p) {
  size_t at = 0;
  while (at < p->pending.len) {
    size_t len = p->pending.len - at;
    if (p->chance == 1)
      len = 1;
    else if (p->chance) {
      const size_t some = 1 + (p->chance = p->chance * 1103515245u + 12345u) / 65536 % 11;
      len = some < len ? some : len;
    }
    char *copy = malloc(len);
    memcpy(copy, p->pending.at + at, len);
    pump(p, slice_of(copy, len));
    free(copy);
    at += len;
  }
  buf_clear(&p->pending);
}

/* The next line of what was written down must be this. */
static void expect(struct play *p, struct buf *written, const char *what, struct slice line) {
  const char *end = written->len ? memchr(written->at, '\n', written->len) : NULL;
  struct slice is = slice_of(written->at, end ? (size_t)(end - written->at) : 0);
  struct slice trimmed = slice_trim(is);
  if (!end || !slice_equal(trimmed, slice_trim(line)))
    fail_msg("%s (%u)\n%s expected: %.*s\nbut: %s", p->name, p->chance, what, (int)line.len, line.at,
             end ? written->at : "nothing");
  buf_consume(written, is.len + 1);
}

static struct uid_range *ranges_of(struct slice text, size_t *ret_count) {
  static struct uid_range ranges[1000];
  size_t count = 0;
  struct slice one;
  while (slice_split(&text, ',', &one)) {
    const uint32_t first = (uint32_t)strtoul(one.at, NULL, 10);
    const char *colon = memchr(one.at, ':', one.len);
    ranges[count++] = (struct uid_range){first, colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : first};
  }
  *ret_count = count;
  return ranges;
}

static void request(struct play *p, struct slice line) {
  struct slice verb, set, rest = line;
  slice_split(&rest, ' ', &verb);
  struct slice name = rest.at ? rest : SLICE("");
  size_t count = 0;
  assert_true(++p->requests < REQUESTS);
  void *user = (void *)(uintptr_t)p->requests;
  p->kinds[p->requests] = slice_equal(verb, SLICE("search")) || slice_equal(verb, SLICE("since")) ? 'f'
                          : slice_equal(verb, SLICE("select")) || slice_equal(verb, SLICE("examine")) ? 's'
                          : slice_equal(verb, SLICE("status"))                                        ? 't'
                                                                                                      : '-';
  if (slice_equal(verb, SLICE("select")) || slice_equal(verb, SLICE("examine"))) {
    imap_session_select(p->session, name, verb.at[0] == 'e', user);
  } else if (slice_equal(verb, SLICE("search"))) {
    struct imap_search search = {0};
    if (name.len) {
      struct uid_range *r = ranges_of(name, &count);
      search = (struct imap_search){.first = r->first, .last = memchr(name.at, ':', name.len) ? r->last : 0};
    }
    imap_session_search(p->session, &search, user);
  } else if (slice_equal(verb, SLICE("since"))) {
    imap_session_search(p->session, &(struct imap_search){.since_ms = strtoll(name.at, NULL, 10)}, user);
  } else if (slice_equal(verb, SLICE("create"))) {
    imap_session_create(p->session, name, user);
  } else if (slice_equal(verb, SLICE("status"))) {
    imap_session_status(p->session, name, user);
  } else if (slice_equal(verb, SLICE("list"))) {
    imap_session_list(p->session, name, user);
  } else {
    set = SLICE("");
    if (name.len)
      slice_split(&rest, ' ', &set);
    struct uid_range *r = set.len ? ranges_of(set, &count) : NULL;
    if (slice_equal(verb, SLICE("sizes")))
      imap_session_sizes(p->session, r, count, user);
    else if (slice_equal(verb, SLICE("fetch")) || slice_equal(verb, SLICE("header")))
      imap_session_fetch(p->session, r, count, verb.at[0] == 'h' ? IMAP_HEADER_ONLY : IMAP_WHOLE_MAIL, user);
    else if (slice_equal(verb, SLICE("mark")))
      imap_session_mark(p->session, r, count, rest, user);
    else if (slice_equal(verb, SLICE("move")))
      imap_session_move(p->session, r, count, rest, user);
    else
      fail_msg("%s: %.*s", p->name, (int)line.len, line.at);
  }
  pump(p, SLICE(""));
}

/* Time passes up to `ms` later, the session being woken whenever it wants. */
static void pass(struct play *p, int64_t ms) {
  const int64_t until = p->now_ms + ms;
  while (!p->ended && imap_session_due(p->session) <= until) {
    assert_true(imap_session_due(p->session) >= p->now_ms);
    p->now_ms = imap_session_due(p->session);
    imap_session_tick(p->session, p->now_ms);
    pump(p, SLICE(""));
  }
  p->now_ms = until;
}

static void step(struct play *p, struct slice line) {
  struct slice word, rest = line;
  slice_split(&rest, ' ', &word);
  if (!rest.at)
    rest = SLICE("");
  if (slice_equal(word, SLICE("S"))) {
    buf_add_slice(&p->pending, rest);
    buf_add_text(&p->pending, "\r\n");
    return;
  }
  give_pending(p);
  if (slice_equal(word, SLICE(">")))
    request(p, rest);
  else if (slice_equal(word, SLICE("C")))
    expect(p, &p->output, "said", rest);
  else if (slice_equal(word, SLICE("E")))
    expect(p, &p->events, "event", rest);
  else if (slice_equal(word, SLICE("T")))
    pass(p, strtoll(rest.at, NULL, 10));
  else if (slice_equal(word, SLICE("RESUMED")))
    imap_session_resumed(p->session, p->now_ms);
  else if (slice_equal(word, SLICE("LOGOUT")))
    imap_session_logout(p->session);
  else if (slice_equal(word, SLICE("LOSE")))
    imap_session_lose(p->session);
  else
    fail_msg("%s: %.*s", p->name, (int)line.len, line.at);
  pump(p, SLICE(""));
}

static void play(const char *name, const char *script, unsigned chance) {
  static const struct imap_session_options options = {
      .command_ms = 90000, .probe_ms = 90000, .idle_ms = 240000, .poll_ms = 60000, .version = "1"};
  struct play p = {.name = name, .chance = chance, .now_ms = 1000000, .pending = BUF_INIT(1 << 20),
                   .events = BUF_INIT(1 << 20), .output = BUF_INIT(1 << 20)};
  p.session = imap_session_new(&options, p.now_ms);
  pump(&p, SLICE(""));
  struct slice left = slice_text(script), line;
  while (slice_split(&left, '\n', &line))
    if (line.len)
      step(&p, line);
  give_pending(&p);
  if (p.events.len || p.output.len)
    fail_msg("%s (%u)\nleft over: %s%s", name, chance, p.events.len ? p.events.at : "",
             p.output.len ? p.output.at : "");
  imap_session_free(&p.session);
  buf_free(&p.pending);
  buf_free(&p.events);
  buf_free(&p.output);
}

void session_play(const char *name, const char *script) {
  for (unsigned chance = 0; chance < 12; chance++)
    play(name, script, chance);
}
