/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream that came with Last-Event-ID is behind until it has read the journal up to where the tail is; news it hears
 * meanwhile is dropped, because it will come to it. Reading and hearing meet without gap or repeat: it is level when a
 * reading ends at or behind the tail's position, and from then on hears only what is behind its own.
 *
 * What is behind goes at the reader's pace: when the room is full the reading stops there, and goes on when all is
 * sent.
 */
#include "events.h"
#include "answer.h"
#include "base/clock.h"
#include "http/stream.h"
#include "log/log.h"
#include "sse.h"
#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 128, BEHIND_MOST = 20000, EMPTY_MOST = 3, SPARE = 512, RETRY_MS = 2000 };

struct event_stream {
  struct event_streams *all;
  struct event_stream *next, *previous;
  struct http_stream *http;
  struct listener *listener;
  struct access_row row;
  char cursor[TAIL_CURSOR_MAX]; /* of the last entry that was looked at for it */
  size_t read;                  /* entries, while it was behind */
  unsigned empty;               /* pages in a row */
  int64_t said_ms;
  bool behind, asking, over;    /* over: freed when the answer comes */
};

struct event_streams {
  struct inbox *inbox;
  struct event_stream *first;
  struct buf out;
};

static void read_on(struct event_stream *s);

struct event_streams *event_streams_new(struct inbox *inbox) {
  struct event_streams *all = must_calloc(1, sizeof(*all));
  all->inbox = inbox;
  all->out = BUF_INIT(256 * 1024);
  return all;
}

void event_streams_free(struct event_streams **all) {
  if (!all || !*all)
    return;
  assert(!(*all)->first);
  buf_free(&(*all)->out);
  free(*all);
  *all = NULL;
}

static void forget(struct event_stream *s) {
  listener_remove(&s->listener);
  if (s->over)
    return;
  s->over = true;
  if (s->previous)
    s->previous->next = s->next;
  else
    s->all->first = s->next;
  if (s->next)
    s->next->previous = s->previous;
  if (!s->asking)
    free(s);
}

/* ---- saying */

static bool write_out(struct event_stream *s, size_t spare) {
  struct buf *b = &s->all->out;
  size_t room = s->all->inbox->config->inbox.stream_size + SPARE - http_stream_waiting(s->http);
  return !b->full && b->len + spare <= room && http_stream_write(s->http, buf_slice(b)) == 0;
}

/* The last thing it hears. */
static void end_with(struct event_stream *s, const char *why) {
  char data[64];
  int len = snprintf(data, sizeof(data), "{\"reason\":\"%s\"}", why);
  buf_clear(&s->all->out);
  sse_event(&s->all->out, "", "reset", slice_of(data, (size_t)len));
  (void)!write_out(s, 0); /* the spare room is for it */
  http_stream_end(&s->http);
  forget(s);
}

/* False: there is no room for it. */
static bool try_to_say(struct event_stream *s, const char *id, const char *event, const char *data) {
  buf_clear(&s->all->out);
  sse_event(&s->all->out, id, event, slice_text(data));
  s->said_ms = clock_monotonic_ms();
  return write_out(s, SPARE);
}

/* False: it was too slow, and is gone. */
static bool say(struct event_stream *s, const char *id, const char *event, const char *data) {
  if (try_to_say(s, id, event, data))
    return true;
  metric_add(s->all->inbox->overrun, 1);
  end_with(s, "slow");
  return false;
}

static bool say_reset(struct event_stream *s, const char *why) {
  char data[64];
  snprintf(data, sizeof(data), "{\"reason\":\"%s\"}", why);
  return say(s, s->cursor, "reset", data);
}

static bool concerns(const struct event_stream *s, const struct notice *n) {
  return s->row.role == ACCESS_SUPERVISOR || notice_concerns(n, slice_text(s->row.agent));
}

/* ---- hearing */

/* It may be gone after it. */
static void give_up(struct event_stream *s, const char *why) {
  snprintf(s->cursor, sizeof(s->cursor), "%s", tail_position(s->all->inbox->tail));
  s->behind = false;
  say_reset(s, why);
}

static void on_hear(void *arg, struct notice *n) {
  struct event_stream *s = arg;
  if (s->behind || cursor_compare(n->cursor, s->cursor) <= 0)
    return;
  snprintf(s->cursor, sizeof(s->cursor), "%s", n->cursor);
  say(s, n->cursor, n->event, notice_text(n));
}

static void on_told(void *arg, const char *why) {
  struct event_stream *s = arg;
  if (strcmp(why, "lost") == 0) {
    give_up(s, why);
  } else {
    end_with(s, why);
  }
}

static void on_gone(void *arg) {
  forget(arg);
}

/* ---- catching up */

/* False: no room for it now. */
static bool take_entry(struct event_stream *s, const redisReply *one) {
  struct entry e;
  struct notice n;
  bool good = true;
  if (entry_read(one, &e) && notice_is(e.type) && notice_read(&e, &n)) {
    good = !concerns(s, &n) || try_to_say(s, n.cursor, n.event, notice_text(&n));
    notice_free(&n);
  }
  if (good)
    snprintf(s->cursor, sizeof(s->cursor), "%s", one->element[0]->str);
  return good;
}

/* False: it must wait for its reader. */
static bool take_page(struct event_stream *s, const redisReply *reply) {
  s->empty = reply->elements ? 0 : s->empty + 1;
  for (size_t i = 0; i < reply->elements; i++, s->read++) {
    const redisReply *one = reply->element[i];
    bool whole = one->type == REDIS_REPLY_ARRAY && one->elements && one->element[0]->type == REDIS_REPLY_STRING;
    if (whole && !take_entry(s, one))
      return false;
  }
  return true;
}

static void on_empty(void *arg) {
  struct event_stream *s = arg;
  if (s->behind && !s->asking)
    read_on(s);
}

/* A short page is the journal's end as Redis saw it; the tail may have seen more by now. */
static bool is_level(const struct event_stream *s, size_t count) {
  return count < PAGE && cursor_compare(s->cursor, tail_position(s->all->inbox->tail)) >= 0;
}

static void on_page(void *arg, redisReply *reply) {
  struct event_stream *s = arg;
  s->asking = false;
  if (s->over) {
    free(s);
    return;
  }
  if (!reply || !s->behind)
    return; /* Redis is away: event_streams_resume() */
  if (reply->type != REDIS_REPLY_ARRAY) {
    give_up(s, "lost");
    return;
  }
  if (!take_page(s, reply)) {
    if (http_stream_waiting(s->http) == 0)
      end_with(s, "slow"); /* one alone is larger than all room: cannot be */
    else
      http_stream_when_empty(s->http, on_empty);
  } else if (is_level(s, reply->elements)) {
    s->behind = false;
  } else if (s->read > BEHIND_MOST) {
    give_up(s, "too-far-behind");
  } else if (s->empty > EMPTY_MOST) {
    give_up(s, "lost");
  } else {
    read_on(s);
  }
}

static void read_on(struct event_stream *s) {
  char from[TAIL_CURSOR_MAX + 1], count[16];
  snprintf(from, sizeof(from), "(%s", s->cursor);
  snprintf(count, sizeof(count), "%d", PAGE);
  const char *argv[] = {"XRANGE", TAG ":journal", from, "+", "COUNT", count};
  s->asking = redis_send_argv(s->all->inbox->redis, 6, argv, NULL, on_page, s) == 0;
}

/* Is the entry still there that the client saw last? Else something behind it may be gone too. */
static void on_first(void *arg, redisReply *reply) {
  struct event_stream *s = arg;
  s->asking = false;
  if (s->over) {
    free(s);
    return;
  }
  if (!reply)
    return;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
    give_up(s, "unknown-position");
  else
    read_on(s);
}

static void look_back(struct event_stream *s) {
  const char *argv[] = {"XRANGE", TAG ":journal", s->cursor, s->cursor};
  s->asking = redis_send_argv(s->all->inbox->redis, 4, argv, NULL, on_first, s) == 0;
}

void event_streams_resume(struct event_streams *all) {
  for (struct event_stream *s = all->first; s; s = s->next)
    if (s->behind && !s->asking)
      look_back(s);
}

/* ---- beginning */

static bool say_hello(struct event_stream *s, const char *position) {
  char now[RFC3339_LEN + 1];
  clock_rfc3339(clock_now_ms(), now);
  json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:b}", "agent", s->row.agent, "role", access_role_text(s->row.role),
                           "time", now, "position", position, "resumed", s->behind);
  buf_clear(&s->all->out);
  buf_printf(&s->all->out, "retry: %d\n", RETRY_MS);
  char *text = json_dumps(data, JSON_COMPACT);
  /* The id only when it begins here: a client that breaks off while it catches up must not skip what is left. */
  sse_event(&s->all->out, s->behind ? "" : position, "hello", slice_text(text ? text : "{}"));
  free(text);
  json_decref(data);
  return write_out(s, SPARE);
}

static struct event_stream *open_stream(struct event_streams *all, const struct access_row *row) {
  struct event_stream *s = must_calloc(1, sizeof(*s));
  const struct listener_user user = {.hear = on_hear, .told = on_told, .arg = s};
  *s = (struct event_stream){.all = all, .next = all->first, .row = *row, .said_ms = clock_monotonic_ms()};
  s->listener = listener_add(all->inbox->listeners, row, &user, s->said_ms);
  if (!s->listener) {
    free(s);
    return NULL;
  }
  if (s->next)
    s->next->previous = s;
  all->first = s;
  return s;
}

void events_begin(struct event_streams *all, struct http_request *request, const struct access_row *row,
                  const struct http_reply_header *headers, size_t header_count) {
  struct inbox *inbox = all->inbox;
  struct http_reply_header list[8] = {{"X-Accel-Buffering", "no"}, {"Cache-Control", "no-store"}};
  struct slice last = slice_text(http_header(request, "last-event-id"));
  if (!tail_position(inbox->tail)[0] || inbox->draining) {
    answer_problem(inbox, request, PROBLEM_AWAY, NULL, headers, header_count);
    return;
  }
  bool known = cursor_ok(last);
  struct event_stream *s = open_stream(all, row);
  if (!s) {
    answer_problem(inbox, request, PROBLEM_STREAMS, NULL, headers, header_count);
    return;
  }
  struct slice from = known ? last : slice_text(tail_position(inbox->tail));
  snprintf(s->cursor, sizeof(s->cursor), "%.*s", (int)from.len, from.at);
  s->behind = known && cursor_compare(s->cursor, tail_position(inbox->tail)) != 0;
  memcpy(list + 2, headers, header_count * sizeof(*headers));
  s->http = http_stream_begin(request, "text/event-stream; charset=utf-8", list, 2 + header_count,
                              inbox->config->inbox.stream_size + SPARE, on_gone, s);
  if (say_hello(s, s->cursor) && last.len && !known)
    say_reset(s, "unknown-position");
  else if (s->behind)
    look_back(s);
}

void event_streams_tick(struct event_streams *all, int64_t now_ms) {
  for (struct event_stream *s = all->first, *next; s; s = next) {
    next = s->next;
    if (now_ms - s->said_ms < all->inbox->config->inbox.heartbeat_ms)
      continue;
    s->said_ms = now_ms;
    if (s->http && http_stream_write(s->http, sse_heartbeat()) != 0)
      end_with(s, "slow");
  }
}
