/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, parses, answers, one mail at a time. Each answer is written before the next mail is touched: if that one kills
 * this process, the parent must blame the right mail. Nothing is logged here; the words in a mail are a customer's. */
#include "parser.h"
#include "base/arena.h"
#include "mail_event.h"
#include "mime/mime.h"
#include "parser_sandbox.h"
#include "parser_wire.h"
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARENA_FIRST (256 * 1024)
#define ARENA_CEILING (64 * 1024 * 1024) /* or a quarter of the memory: an operator who takes larger mails gives more */
#define KEPT_BUFFER (1024 * 1024) /* a larger one is given back after its mail */

struct parser {
  struct arena *arena;
  char *input;
  size_t input_room;
  struct buf event;
};

static bool read_all(void *at, size_t len) {
  for (size_t done = 0; done < len;) {
    ssize_t got = read(STDIN_FILENO, (char *)at + done, len - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    done += (size_t)got;
  }
  return true;
}

/* The parent being gone ends it all. */
static void write_all(const void *at, size_t len) {
  for (size_t done = 0; done < len;) {
    ssize_t put = write(STDOUT_FILENO, (const char *)at + done, len - done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      _exit(0);
    done += (size_t)put;
  }
}

static void answer(enum wire_kind kind, uint64_t seq, struct slice head, struct slice body) {
  char header[WIRE_HEADER];
  wire_answer_put(kind, seq, head.len + body.len, header);
  if (head.len + body.len > 65536) {
    write_all(header, sizeof(header));
    write_all(head.at, head.len);
    write_all(body.at, body.len);
    return;
  }
  static char together[WIRE_HEADER + 65536]; /* one write for all but the largest */
  memcpy(together, header, sizeof(header));
  if (head.len)
    memcpy(together + sizeof(header), head.at, head.len);
  if (body.len)
    memcpy(together + sizeof(header) + head.len, body.at, body.len);
  write_all(together, sizeof(header) + head.len + body.len);
}

/* What mime cannot know: how the mail came and where its bytes are. */
static bool complete(struct parser *p, contact_event *e, const struct mail_record *record) {
  return mail_event_complete(e, record, p->arena) == 0 && event_pack(e, p->arena, &p->event) == 0;
}

static void answer_event(struct parser *p, uint64_t seq, const struct event_id *id) {
  answer(ANSWER_EVENT, seq, slice_of(id->bytes, sizeof(id->bytes)), buf_slice(&p->event));
}

static void answer_unreadable(struct parser *p, uint64_t seq, struct slice raw, const struct mail_record *record,
                              const struct mime_envelope *envelope, const char *why) {
  arena_reset(p->arena);
  contact_event *e = mime_quarantine(p->arena, raw, envelope, why, "The mail's structure could not be read.");
  struct event_id id;
  /* An arena too small for a quarantine entry is a bug; the parent then makes the entry. */
  if (!e || !complete(p, e, record) || event_id_parse(slice_text(e->id), &id) != 0)
    abort();
  answer_event(p, seq, &id);
}

static void parse(struct parser *p, uint64_t seq, const struct mail_record *record, struct slice raw) {
  const struct mime_envelope envelope = {
      .channel = record->channel,
      .mail_from = record->mail_from,
      .null_path = record->null_path,
      .recipient = record->recipient,
      .reply_token = record->token,
      .received_ms = record->received_ms,
  };
  struct mime_result result = {0};
  const char *why = "unparseable";
  int r = mime_to_event(raw, &envelope, p->arena, &result, &why);
  if (r == 0 && complete(p, result.event, record)) {
    for (size_t i = 0; i < result.blob_count; i++)
      answer(ANSWER_BLOB, seq, slice_of(NULL, 0), result.blobs[i].bytes);
    answer_event(p, seq, &result.id);
  } else {
    answer_unreadable(p, seq, raw, record, &envelope, r == MIME_UNREADABLE ? why : "too-complex");
  }
  if (r == 0)
    mime_result_free(&result);
}

static bool room_for(struct parser *p, uint64_t len) {
  if (len <= p->input_room)
    return true;
  free(p->input);
  p->input_room = len < KEPT_BUFFER ? KEPT_BUFFER / 4 : 0;
  while (p->input_room && p->input_room < len)
    p->input_room *= 2;
  if (!p->input_room)
    p->input_room = len;
  p->input = malloc(p->input_room);
  return p->input;
}

static bool next_request(struct parser *p) {
  char header[WIRE_HEADER];
  if (!read_all(header, sizeof(header)))
    return false;
  const struct wire_request request = wire_request_get(header);
  /* No memory for the mail: end as a crash would, the parent knows what to do. */
  if (!room_for(p, request.record_len + request.mail_len))
    abort();
  if (!read_all(p->input, request.record_len + request.mail_len))
    return false;
  struct mail_record record;
  if (mail_record_unpack(slice_of(p->input, request.record_len), &record) != 0)
    abort(); /* the parent has read it before */
  parse(p, request.seq, &record, slice_of(p->input + request.record_len, request.mail_len));
  arena_reset(p->arena);
  buf_clear(&p->event);
  if (p->input_room > KEPT_BUFFER) {
    free(p->input);
    p->input = NULL;
    p->input_room = 0;
    malloc_trim(0);
  }
  return true;
}

/* One mail of each sort: before the walls, so that everything lazy in the libraries has happened; behind them, as the
 * proof that reading mail works there, since otherwise mail after mail would be blamed. Returns whether it was read. */
static bool try_out(struct parser *p) {
  static const char mail[] =
      "From: =?ISO-8859-1?Q?J=F6rg?= <a@example.com>\r\nTo: b@example.com\r\nSubject: =?UTF-8?B?w6Q=?=\r\n"
      "Date: Tue, 24 Nov 2026 09:30:00 +0100\r\nMessage-ID: <warm@up>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
      "--a\r\nContent-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "=80\r\n--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>x&auml;</p>\r\n--a--\r\n--m\r\n"
      "Content-Type: application/pdf; name*=utf-8''%C3%A4.pdf\r\nContent-Disposition: attachment\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n"
      "Subject: y\r\n\r\nz\r\n--m--\r\n";
  const struct mime_envelope envelope = {.channel = SLICE("warm"), .mail_from = SLICE("a@example.com"),
                                         .recipient = SLICE("b@example.com"), .reply_token = SLICE("")};
  struct mime_result result = {0};
  const char *why;
  if (mime_to_event(slice_of(mail, sizeof(mail) - 1), &envelope, p->arena, &result, &why) != 0)
    return false;
  bool good = event_pack(result.event, p->arena, &p->event) == 0;
  mime_result_free(&result);
  arena_reset(p->arena);
  buf_clear(&p->event);
  return good;
}

static bool worn_out(void) {
  struct timespec used;
  return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 && used.tv_sec >= PARSER_CPU_SECONDS;
}

int parser_main(int argc, char **argv) {
  uint64_t memory, deadline_ms;
  if (argc != 3 || slice_to_u64(slice_text(argv[1]), UINT64_MAX, &memory) != 0 ||
      slice_to_u64(slice_text(argv[2]), 86400000, &deadline_ms) != 0)
    return 2;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, SIG_IGN); /* a Ctrl-C reaches the whole group; the parent decides */
  if (sandbox_limit(memory, PARSER_CPU_SECONDS + 2 * (deadline_ms / 1000 + 1)) < 0)
    return 1;
  mallopt(M_ARENA_MAX, 1);
  const size_t ceiling = memory / 4 > ARENA_CEILING ? memory / 4 : ARENA_CEILING;
  struct parser p = {.arena = arena_new(ARENA_FIRST, ceiling), .event = BUF_INIT(EVENT_MAX_BYTES)};
  mime_start();
  sandbox_warm_up();
  if (!try_out(&p) || sandbox_enter() < 0 || !try_out(&p))
    return 1;
  malloc_trim(0);
  answer(ANSWER_READY, 0, slice_of(NULL, 0), slice_of(NULL, 0));
  while (next_request(&p) && !worn_out())
    continue;
  _exit(0); /* nothing to tidy: no files, and the libraries' exit handlers may want what the walls refuse */
}
