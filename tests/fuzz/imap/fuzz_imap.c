/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a server says: no crash, each request is answered once, mails come one at a time, what we say is whole
 * lines, and how the bytes are cut means nothing. The first byte chooses what is asked, the second where it is cut.
 */
#include "imap/session.h"
#include <stdlib.h>

#define REQUESTS 6

struct outcome {
  uint64_t hash; /* of events and of what we said */
  bool open;     /* a mail is begun */
  unsigned answered[REQUESTS];
};

static uint64_t mix(uint64_t hash, struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    hash = (hash ^ (unsigned char)s.at[i]) * 0x100000001b3u;
  return hash;
}

static void ask(struct imap_session *s, unsigned what) {
  static const struct uid_range ranges[] = {{1, 3}, {5, 5}, {7, 400}};
  static unsigned numbers[REQUESTS];
  for (unsigned i = 0; i < REQUESTS; i++)
    numbers[i] = i;
  imap_session_select(s, SLICE("INBOX"), what & 1, &numbers[0]);
  imap_session_search(s, &(struct imap_search){.first = what & 2 ? 5 : 0}, &numbers[1]);
  imap_session_sizes(s, ranges, 3, &numbers[2]);
  imap_session_fetch(s, ranges, 2, what & 4 ? IMAP_HEADER_ONLY : IMAP_WHOLE_MAIL, &numbers[3]);
  imap_session_mark(s, ranges, 1, SLICE("\\Seen"), &numbers[4]);
  imap_session_move(s, ranges, 3, SLICE("Done"), &numbers[5]);
}

static void on_done(struct imap_session *s, struct outcome *o) {
  const struct session_said *said = imap_session_said(s);
  const unsigned number = *(unsigned *)said->user;
  assert(++o->answered[number] == 1);
  assert(said->result.words.len <= IMAP_WORDS_MAX);
  o->hash = mix(o->hash, said->result.words) + said->result.outcome + said->count;
  for (size_t i = 0; i < said->count; i++) {
    assert(said->ranges[i].first && said->ranges[i].first <= said->ranges[i].last);
    assert(i == 0 || said->ranges[i - 1].last + 1 < said->ranges[i].first);
    o->hash += said->ranges[i].first * 31 + said->ranges[i].last;
  }
}

static void on_event(struct imap_session *s, enum session_event event, struct outcome *o) {
  const struct session_said *said = imap_session_said(s);
  switch (event) {
  case SESSION_BODY_BEGIN:
    assert(!o->open);
    o->open = true;
    break;
  case SESSION_BODY_RUN:
    assert(o->open && said->run.len);
    o->hash = mix(o->hash, said->run);
    return; /* how many runs there are depends on the cuts */
  case SESSION_BODY_END:
    assert(o->open && (said->end != IMAP_MAIL_WHOLE || said->mail.uid));
    o->open = false;
    o->hash += said->mail.uid + said->end;
    break;
  case SESSION_DONE:
    assert(!o->open);
    on_done(s, o);
    break;
  case SESSION_SIZE:
    assert(!o->open && said->mail.uid);
    o->hash += said->mail.size;
    break;
  default:
    assert(!o->open || event == SESSION_ENDED);
    break;
  }
  o->hash = (o->hash ^ (unsigned)event) * 0x100000001b3u;
}

static void take_output(struct imap_session *s, struct outcome *o) {
  struct buf *output = imap_session_output(s);
  assert(!output->full && (!output->len || output->at[output->len - 1] == '\n'));
  o->hash = mix(o->hash, buf_slice(output));
  buf_clear(output);
}

/* Returns whether it goes on. */
static bool give(struct imap_session *s, struct slice bytes, struct outcome *o) {
  for (;;) {
    enum session_event event = imap_session_next(s, &bytes, 5);
    if (event == SESSION_MORE) {
      assert(!bytes.len);
      return true;
    }
    on_event(s, event, o);
    if (event == SESSION_ENDED)
      return false;
  }
}

static uint64_t play(struct slice in, unsigned what, unsigned chance, bool cut) {
  static const struct imap_session_options options = {
      .command_ms = 9, .probe_ms = 9, .idle_ms = 9, .poll_ms = 9, .version = "0"};
  struct outcome o = {0};
  struct imap_session *s = imap_session_new(&options, 1);
  ask(s, what);
  for (bool going = give(s, SLICE(""), &o); in.len && going;) {
    size_t len = cut ? 1 + (chance = chance * 1103515245u + 12345u) / 65536 % 7 : in.len;
    if (len > in.len)
      len = in.len;
    char *piece = malloc(len);
    memcpy(piece, in.at, len);
    going = give(s, slice_of(piece, len), &o);
    free(piece);
    in = slice_of(in.at + len, in.len - len);
  }
  take_output(s, &o);
  if (what & 8) {
    imap_session_tick(s, INT32_MAX);
    give(s, SLICE(""), &o);
    take_output(s, &o);
  }
  imap_session_lose(s);
  give(s, SLICE(""), &o);
  for (size_t i = 0; i < REQUESTS; i++)
    assert(o.answered[i] == 1);
  assert(!o.open && imap_session_waiting(s) == 0);
  imap_session_free(&s);
  return o.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct slice in = slice_of(data + 2, size - 2);
  assert(play(in, data[0], 0, false) == play(in, data[0], data[1], true));
  return 0;
}
