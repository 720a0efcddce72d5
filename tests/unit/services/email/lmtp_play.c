/* SPDX-License-Identifier: Apache-2.0 */
#include "lmtp_play.h"
#include <inttypes.h>
#include <stdio.h>

void play_open(struct play *p, const struct lmtp_limits *limits) {
  memset(p, 0, sizeof(*p));
  p->lmtp = lmtp_new(limits, "here");
  p->replies = p->events = p->content = BUF_INIT(64 * 1024 * 1024);
}

void play_close(struct play *p) {
  lmtp_free(&p->lmtp);
  buf_free(&p->replies);
  buf_free(&p->events);
  buf_free(&p->content);
}

static void take_output(struct play *p) {
  struct buf *output = lmtp_output(p->lmtp);
  if (output->len > p->most_output)
    p->most_output = output->len;
  buf_add_slice(&p->replies, buf_slice(output));
  buf_clear(output);
}

static bool local_is(struct slice path, const char *local) {
  struct slice rest = path, head;
  return slice_split(&rest, '@', &head) && slice_equal(head, slice_text(local));
}

static void on_recipient(struct play *p) {
  static const struct {
    const char *local;
    enum lmtp_outcome at_once, at_end;
  } rules[] = {
      {"nobody", LMTP_UNKNOWN_MAILBOX, 0}, {"off", LMTP_DISABLED_MAILBOX, 0}, {"full", LMTP_ACCEPTED, LMTP_NO_ROOM},
      {"broken", LMTP_ACCEPTED, LMTP_TROUBLE},
  };
  struct slice path = lmtp_path(p->lmtp);
  enum lmtp_outcome at_once = LMTP_ACCEPTED, at_end = LMTP_ACCEPTED;
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
    if (!local_is(path, rules[i].local))
      continue;
    at_once = rules[i].at_once;
    at_end = rules[i].at_end;
  }
  uint32_t target = 0;
  if (at_once == LMTP_ACCEPTED && !(local_is(path, "same") && p->targets)) {
    target = (uint32_t)p->targets++;
    p->results[target] = (struct lmtp_result){at_end, 100 + target};
  }
  lmtp_answer_recipient(p->lmtp, at_once, target);
}

static void on_message(struct play *p) {
  const struct lmtp_message *m = lmtp_message(p->lmtp);
  buf_printf(&p->events, "from=<%.*s>%s%s%s to=%zu size=%" PRIu64 " ", (int)m->sender.path.len, m->sender.path.at,
             m->sender.smtputf8 ? " utf8" : "", m->sender.eight_bit ? " 8bit" : "", m->bare_line_end ? " bare" : "",
             m->recipients, m->size);
  assert(m->size == p->content.len);
  for (size_t i = 0; i < p->content.len && i < 400; i++) {
    unsigned char c = (unsigned char)p->content.at[i];
    if (c == '\r' || c == '\n')
      buf_add_text(&p->events, c == '\r' ? "\\r" : "\\n");
    else if (c < 0x20)
      buf_printf(&p->events, "\\x%02x", c);
    else
      buf_add_char(&p->events, (char)c);
  }
  buf_add_text(&p->events, "\n");
  buf_clear(&p->content);
  if (!p->keep_waiting)
    play_answer(p);
}

void play_answer(struct play *p) {
  lmtp_answer_message(p->lmtp, p->results, p->targets);
}

static void on_data(struct play *p) {
  struct slice from = lmtp_message(p->lmtp)->sender.path;
  lmtp_answer_data(p->lmtp, local_is(from, "nodata") ? LMTP_TROUBLE : local_is(from, "noroom") ? LMTP_NO_ROOM
                                                                                               : LMTP_ACCEPTED);
  buf_clear(&p->content);
}

void play_bytes(struct play *p, struct slice bytes) {
  for (;;) {
    struct slice content;
    switch (lmtp_next(p->lmtp, &bytes, &content)) {
    case LMTP_CLOSE:
      p->closed = true;
      take_output(p);
      return;
    case LMTP_WAIT:
    case LMTP_MORE:
      take_output(p);
      return;
    case LMTP_WRITE_FIRST:
      take_output(p);
      break;
    case LMTP_MAIL:
      p->targets = 0;
      break;
    case LMTP_RECIPIENT:
      on_recipient(p);
      break;
    case LMTP_DATA:
      on_data(p);
      break;
    case LMTP_CONTENT:
      if (local_is(lmtp_message(p->lmtp)->sender.path, "norun"))
        lmtp_refuse(p->lmtp, LMTP_NO_ROOM);
      else
        buf_add_slice(&p->content, content);
      break;
    case LMTP_DISCARD:
      buf_add_text(&p->events, "discarded\n");
      buf_clear(&p->content);
      break;
    case LMTP_MESSAGE:
      on_message(p);
      break;
    }
  }
}
