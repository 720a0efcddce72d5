/* SPDX-License-Identifier: Apache-2.0 */
/* The deadline runs for the first mail without an answer. A timer that fires only raises a doubt: when this process
 * itself was stopped for a while, the answer may be waiting in the pipe, so the pipe is read once more before the
 * kill. */
#include "parser_process.h"
#include "base/file.h"
#include "parser.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define READ_ROOM 65536
#define DOUBT_MS 50
#define BIRTH_MS 30000 /* to load its libraries on a busy machine */
#define KEPT_OUTPUT (256 * 1024)

struct pending {
  uint64_t seq;
  uint64_t bytes;
  void *tag;
};

struct parser_process {
  struct parser_user user;
  int64_t deadline_ms;
  uv_process_t process;
  uv_pipe_t input, output; /* as the child sees them */
  uv_timer_t timer;
  uv_write_t write;
  unsigned handles;        /* open; freed at 0 */
  bool ready, in_doubt, killed, exited, drained, closed;
  enum parser_end end;
  int status, signal;
  struct pending pending[PARSER_WINDOW]; /* a ring */
  size_t first, count;
  uint64_t bytes;          /* of them */
  bool useful;             /* it has answered at least once */
  struct buf filling, writing;
  bool is_writing;
  struct wire_reader reader;
  struct blob_store *blobs;
  struct blob_writer *writer;
  struct blob_ref *refs;
  size_t ref_count, ref_room;
  int fault;               /* of the blobs of the answer so far */
  char *read_room;
};

static struct pending *head(struct parser_process *p) {
  return &p->pending[p->first];
}

/* Closing */

static void on_closed(uv_handle_t *handle) {
  struct parser_process *p = handle->data;
  if (--p->handles)
    return;
  buf_free(&p->filling);
  buf_free(&p->writing);
  wire_reader_free(&p->reader);
  free(p->refs);
  free(p->read_room);
  free(p);
}

static void close_handles(struct parser_process *p) {
  uv_handle_t *const all[] = {(uv_handle_t *)&p->process, (uv_handle_t *)&p->input, (uv_handle_t *)&p->output,
                              (uv_handle_t *)&p->timer};
  blob_writer_free(&p->writer);
  p->closed = true;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    uv_close(all[i], on_closed);
}

void parser_process_close(struct parser_process **p) {
  if (!p || !*p)
    return;
  if (!(*p)->exited)
    uv_process_kill(&(*p)->process, SIGKILL);
  if (!(*p)->closed)
    close_handles(*p);
  *p = NULL;
}

/* The end is told when the child is gone and all it ever wrote was read: its last answers still count. */
static void tell_end(struct parser_process *p) {
  if (!p->exited || !p->drained || p->closed)
    return;
  void *tags[PARSER_WINDOW];
  for (size_t i = 0; i < p->count; i++)
    tags[i] = p->pending[(p->first + i) % PARSER_WINDOW].tag;
  enum parser_end end = p->end;
  if (!p->ready)
    end = PARSER_UNBORN;
  else if (!p->killed)
    end = p->status == 0 && p->signal == 0 && p->useful ? PARSER_RETIRED : PARSER_DIED;
  close_handles(p);
  p->user.ended(p->user.arg, p, end, p->status, p->signal, tags, p->count);
}

static void kill_it(struct parser_process *p, enum parser_end end) {
  if (p->killed)
    return;
  p->killed = true;
  p->end = end;
  uv_process_kill(&p->process, SIGKILL);
}

static void on_exited(uv_process_t *process, int64_t status, int number) {
  struct parser_process *p = process->data;
  p->exited = true;
  p->status = (int)status;
  p->signal = number;
  tell_end(p);
}

/* Time */

static void on_timer(uv_timer_t *timer) {
  struct parser_process *p = timer->data;
  if (p->in_doubt) {
    kill_it(p, PARSER_TIMEOUT);
    return;
  }
  p->in_doubt = true;
  uv_timer_start(timer, on_timer, DOUBT_MS, 0);
}

static void watch(struct parser_process *p) {
  p->in_doubt = false;
  if (p->count || !p->ready)
    uv_timer_start(&p->timer, on_timer, (uint64_t)(p->ready ? p->deadline_ms : BIRTH_MS), 0);
  else
    uv_timer_stop(&p->timer);
}

/* Answers */

static bool belongs(struct parser_process *p) {
  return p->ready && p->count && head(p)->seq == p->reader.seq;
}

static bool blob_begin(struct parser_process *p) {
  if (!belongs(p) || p->ref_count >= PARSER_BLOBS_MAX)
    return false;
  if (!p->fault)
    p->fault = blob_writer_open(p->blobs, &p->writer);
  return true;
}

static void blob_run(struct parser_process *p) {
  if (!p->fault)
    p->fault = blob_writer_add(p->writer, p->reader.bytes);
  if (p->fault)
    blob_writer_free(&p->writer);
}

static void blob_end(struct parser_process *p) {
  if (p->fault)
    return;
  if (p->ref_count == p->ref_room) {
    p->ref_room = p->ref_room ? 2 * p->ref_room : 8;
    p->refs = must_realloc(p->refs, p->ref_room * sizeof(*p->refs));
  }
  p->fault = blob_writer_end(&p->writer, &p->refs[p->ref_count]);
  if (!p->fault)
    p->ref_count++;
  else
    blob_writer_free(&p->writer);
}

static bool answered(struct parser_process *p) {
  if (!belongs(p))
    return false;
  const struct parser_answer answer = {
      .tag = head(p)->tag, .id = p->reader.id, .event = p->reader.bytes, .blobs = p->refs,
      .blob_count = p->ref_count, .fault = p->fault,
  };
  /* Still the first in line until its answer is believed: a wrong one is its doing. */
  if (!p->user.answer(p->user.arg, &answer))
    return false;
  p->bytes -= head(p)->bytes;
  p->first = (p->first + 1) % PARSER_WINDOW;
  p->count--;
  p->ref_count = 0;
  p->fault = 0;
  p->useful = true;
  watch(p);
  return true;
}

static bool take_step(struct parser_process *p, enum wire_step step) {
  switch (step) {
  case WIRE_READY:
    if (p->ready)
      return false;
    p->ready = true;
    watch(p);
    p->user.ready(p->user.arg);
    return true;
  case WIRE_BLOB_BEGIN:
    return blob_begin(p);
  case WIRE_BLOB_RUN:
    blob_run(p);
    return true;
  case WIRE_BLOB_END:
    blob_end(p);
    return true;
  case WIRE_EVENT:
    return answered(p);
  default:
    return false;
  }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
  (void)suggested;
  struct parser_process *p = handle->data;
  if (!p->read_room)
    p->read_room = must_realloc(NULL, READ_ROOM);
  *ret = uv_buf_init(p->read_room, READ_ROOM);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *room) {
  struct parser_process *p = stream->data;
  if (got < 0) {
    uv_read_stop(stream);
    p->drained = true;
    if (!p->exited)
      uv_process_kill(&p->process, SIGKILL); /* its only way to answer is gone; a clean end is ending already */
    tell_end(p);
    return;
  }
  struct slice bytes = slice_of(room->base, (size_t)got);
  while (!p->killed && !p->closed) {
    enum wire_step step = wire_next(&p->reader, &bytes);
    if (step == WIRE_MORE)
      return;
    if (!take_step(p, step))
      kill_it(p, PARSER_DIED);
  }
}

/* Requests */

static void tidy_written(struct parser_process *p) {
  p->is_writing = false;
  buf_clear(&p->writing);
  if (p->writing.cap > KEPT_OUTPUT)
    buf_free(&p->writing);
}

static void on_written(uv_write_t *write, int status) {
  struct parser_process *p = write->data;
  tidy_written(p);
  if (status == 0 && !p->closed)
    parser_process_flush(p);
}

void parser_process_flush(struct parser_process *p) {
  if (p->is_writing || !p->filling.len || p->killed || p->exited)
    return;
  struct buf full = p->filling;
  p->filling = p->writing;
  p->writing = full;
  uv_buf_t bytes = uv_buf_init(p->writing.at, (unsigned)p->writing.len);
  int put = uv_try_write((uv_stream_t *)&p->input, &bytes, 1);
  if (put == (int)p->writing.len) {
    tidy_written(p);
    return;
  }
  if (put > 0) {
    bytes.base += put;
    bytes.len -= (size_t)put;
  }
  p->is_writing = true;
  if (uv_write(&p->write, (uv_stream_t *)&p->input, &bytes, 1, on_written) < 0)
    p->is_writing = false; /* the child is gone; its exit tells the rest */
}

bool parser_process_room(const struct parser_process *p, uint64_t bytes) {
  return p->ready && !p->killed && !p->exited && !p->drained && p->count < PARSER_WINDOW &&
         (!p->count || p->bytes + bytes <= PARSER_BYTES);
}

bool parser_process_ready(const struct parser_process *p) {
  return p->ready;
}

size_t parser_process_load(const struct parser_process *p) {
  return p->count;
}

int parser_process_send(struct parser_process *p, struct blob_store *blobs, uint64_t seq, struct slice record,
                        const struct blob_ref *original, void *tag) {
  assert(parser_process_room(p, original->size));
  const size_t before = p->filling.len;
  const char header[WIRE_HEADER] = {0}; /* its place; the length is known later */
  p->blobs = blobs;
  buf_add(&p->filling, header, sizeof(header));
  int r = buf_add_slice(&p->filling, record);
  const size_t mail_at = p->filling.len;
  if (r == 0)
    r = blob_read(blobs, original->sha256, &p->filling);
  if (r != 0) {
    p->filling.len = before;
    p->filling.full = false;
    return r;
  }
  const struct wire_request request = {
      .seq = seq, .record_len = record.len, .mail_len = p->filling.len - mail_at};
  wire_request_put(&request, p->filling.at + before);
  p->pending[(p->first + p->count) % PARSER_WINDOW] = (struct pending){seq, request.mail_len, tag};
  p->bytes += request.mail_len;
  if (p->count++ == 0)
    watch(p);
  return 0;
}

/* Birth */

static int spawn(uv_loop_t *loop, struct parser_process *p, const struct parser_options *options) {
  char memory[32], deadline[32];
  snprintf(memory, sizeof(memory), "%zu", options->memory);
  snprintf(deadline, sizeof(deadline), "%" PRId64, options->deadline_ms);
  char name[] = "email-parser", option[] = PARSER_OPTION;
  char *args[] = {name, option, memory, deadline, NULL};
  /* Nothing of our environment: it may hold what a parser must not know. */
  char zone[] = "TZ=UTC", locale[] = "LC_ALL=C.UTF-8";
  char *environment[] = {zone, locale, NULL};
  uv_stdio_container_t stdio[] = {
      {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&p->input},
      {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&p->output},
#ifdef __SANITIZE_ADDRESS__
      {.flags = UV_INHERIT_FD, .data.fd = 2},
#else
      {.flags = UV_IGNORE}, /* libraries complain there, in customers' words */
#endif
  };
  const uv_process_options_t how = {
      .file = options->program, .args = args, .env = environment, .stdio = stdio, .stdio_count = 3,
      .exit_cb = on_exited,
  };
  descriptors_close_on_exec();
  return uv_spawn(loop, &p->process, &how);
}

/* Before anything else; it is not waited for. */
static void send_trust(struct parser_process *p, struct slice trust) {
  const struct wire_request request = {.kind = REQUEST_TRUST, .mail_len = trust.len};
  char header[WIRE_HEADER];
  wire_request_put(&request, header);
  buf_add(&p->filling, header, sizeof(header));
  buf_add_slice(&p->filling, trust);
  parser_process_flush(p);
}

int parser_process_open(uv_loop_t *loop, const struct parser_options *options, const struct parser_user *user,
                        struct parser_process **ret) {
  struct parser_process *p = must_calloc(1, sizeof(*p));
  p->user = *user;
  p->deadline_ms = options->deadline_ms;
  p->filling = p->writing = BUF_INIT(options->largest + PARSER_BYTES + options->trust.len +
                                     (PARSER_WINDOW + 1) * (WIRE_HEADER + MAIL_RECORD_MAX));
  uv_pipe_init(loop, &p->input, 0);
  uv_pipe_init(loop, &p->output, 0);
  uv_timer_init(loop, &p->timer);
  p->process.data = p->input.data = p->output.data = p->timer.data = p->write.data = p;
  p->handles = 4;
  int r = spawn(loop, p, options);
  if (r == 0)
    r = uv_read_start((uv_stream_t *)&p->output, on_alloc, on_read);
  if (r < 0) {
    p->exited = true;
    close_handles(p);
    return r;
  }
  send_trust(p, options->trust);
  watch(p);
  *ret = p;
  return 0;
}
