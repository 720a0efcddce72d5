/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell quarantine ls|show|retry|drop: what was accepted and could not be read.
 * retry reads a mail again with today's parser in a limited child process; what it makes is a new event.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "inject.h"
#include "journal.h"
#include "mail_trust.h"
#include "mime/mime.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORIGINAL_MOST = 1024 * 1024 * 1024, ARENA_FIRST = 1024 * 1024, ARENA_MOST = 256 * 1024 * 1024 };
enum { PARSER_MEMORY = 1024 * 1024 * 1024, PARSER_SECONDS = 30 };

static int run_ls(struct desk_view *v) {
  auto_reply *ids = CALL(v, "ZRANGE", TAG ":quarantine", "0", "9999", "WITHSCORES");
  if (!ids)
    return CTL_FAILED;
  json_t *list = json_array();
  for (size_t i = 0; i + 1 < ids->elements; i += 2) {
    const char *id = reply_text(ids->element[i]);
    redisReply *reply = NULL;
    struct entry e;
    json_t *one = json_object();
    char at[RFC3339_LEN + 1];
    clock_rfc3339((int64_t)strtod(reply_text(ids->element[i + 1]), NULL), at);
    json_object_set_new(one, "id", json_string(id));
    json_object_set_new(one, "since", json_string(at));
    if (entry_of_event(v, id, &reply, &e) == 0) {
      json_object_set_new(one, "reason", slice_json(e.meta[META_EVIDENCE]));
      contact_event *event = entry_event(v, &e);
      if (event)
        json_object_set_new(one, "channel", json_string(event->channel));
      freeReplyObject(reply);
    }
    if (!v->ctl->json)
      printf("%s  %s  %-8s %s\n", id, at, json_string_value(json_object_get(one, "channel")) ?: "?",
             json_string_value(json_object_get(one, "reason")) ?: "?");
    json_array_append_new(list, one);
  }
  if (v->ctl->json)
    print_json(json_incref(list));
  else if (json_array_size(list) == 0)
    printf("nothing is in quarantine\n");
  json_decref(list);
  return CTL_OK;
}

static int find(struct desk_view *v, const char *id, redisReply **ret_reply, struct entry *ret) {
  int r = entry_of_event(v, id, ret_reply, ret);
  if (r == 0 && !slice_equal(ret->type, SLICE("quarantine"))) {
    reply_free(ret_reply);
    r = -ENOENT;
  }
  return r == 0 ? CTL_OK : r == -ENOENT ? ctl_fail(v->ctl, "there is no quarantine entry %s", id) : CTL_FAILED;
}

/* The journal still has what is no longer in quarantine: it can be looked at, and nothing more. */
static int find_waiting(struct desk_view *v, const char *id, redisReply **ret_reply, struct entry *ret) {
  int status = find(v, id, ret_reply, ret);
  if (status != CTL_OK)
    return status;
  auto_reply *score = CALL(v, "ZSCORE", TAG ":quarantine", id);
  if (score && score->type != REDIS_REPLY_NIL)
    return CTL_OK;
  reply_free(ret_reply);
  return score ? ctl_fail(v->ctl, "%s is no longer in quarantine: it was read again or dropped", id) : CTL_FAILED;
}

static int run_show(struct desk_view *v, const char *id) {
  redisReply *reply = NULL;
  struct entry e;
  int status = find(v, id, &reply, &e);
  if (status == CTL_OK)
    print_json(entry_json(v, &e));
  reply_free(&reply);
  return status;
}

/* ---- retry */

static void put_bytes(int fd, const void *at, size_t len) {
  for (const char *p = at; len;) {
    ssize_t n = write(fd, p, len);
    if (n <= 0)
      _exit(3);
    p += n;
    len -= (size_t)n;
  }
}

/* The child: parses and writes length-prefixed pieces, the event first, then its blobs. Never returns. */
static void parse_in_child(int fd, struct slice raw, const struct mime_envelope *envelope, const event_blob *original) {
  struct rlimit memory = {PARSER_MEMORY, PARSER_MEMORY}, cpu = {PARSER_SECONDS, PARSER_SECONDS}, none = {0, 0};
  setrlimit(RLIMIT_CPU, &cpu);
  setrlimit(RLIMIT_FSIZE, &none);
  mime_start();
  struct arena *a = arena_new(ARENA_FIRST, ARENA_MOST);
#if !defined(__SANITIZE_ADDRESS__)
  setrlimit(RLIMIT_AS, &memory);
#endif
  (void)memory;
  struct mime_result result;
  const char *why = "";
  if (mime_to_event(raw, envelope, a, &result, &why) != 0)
    _exit(4);
  /* A new event: the first one was the quarantine entry. */
  struct event_id id = event_id_make(envelope->channel, SLICE("read-again"), slice_text(result.event->id), SLICE(""));
  char text[EVENT_ID_LEN + 1];
  event_id_text(&id, text);
  result.event->id = text;
  result.event->original = event_blob_new(a, original->sha256.data, original->size);
  struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  if (event_pack(result.event, a, &packed) != 0)
    _exit(5);
  uint64_t len = packed.len;
  put_bytes(fd, &len, sizeof(len));
  put_bytes(fd, packed.at, packed.len);
  for (size_t i = 0; i < result.blob_count; i++) {
    len = result.blobs[i].bytes.len;
    put_bytes(fd, &len, sizeof(len));
    put_bytes(fd, result.blobs[i].bytes.at, len);
  }
  _exit(0);
}

static int read_child(int fd, struct buf *ret) {
  for (;;) {
    char *at;
    if (buf_reserve(ret, 65536, &at) != 0)
      return -EFBIG;
    ssize_t n = read(fd, at, 65536);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    if (n == 0)
      return 0;
    buf_advance(ret, (size_t)n);
  }
}

/* Returns CTL_OK with the pieces, or says why. */
static int parse(const struct ctl *ctl, struct slice raw, const struct mime_envelope *envelope, const event_blob *original,
                 struct buf *ret) {
  int ends[2];
  if (pipe(ends) < 0)
    return ctl_fail(ctl, "no pipe: %s", strerror(errno));
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    parse_in_child(ends[1], raw, envelope, original);
  }
  close(ends[1]);
  int r = child < 0 ? -errno : read_child(ends[0], ret);
  close(ends[0]);
  int status = 0;
  if (child > 0 && r < 0)
    kill(child, SIGKILL);
  if (child > 0)
    waitpid(child, &status, 0);
  if (r < 0)
    return ctl_fail(ctl, "the parser cannot be read: %s", strerror(-r));
  if (WIFSIGNALED(status))
    return ctl_fail(ctl, "the parser died again (signal %d); the original stays: deskbell event ID --original",
                    WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return ctl_fail(ctl, "the mail still cannot be read; the original stays: deskbell event ID --original");
  return CTL_OK;
}

static bool take_piece(struct slice *rest, struct slice *ret) {
  uint64_t len;
  if (rest->len < sizeof(len))
    return false;
  memcpy(&len, rest->at, sizeof(len));
  if (len > rest->len - sizeof(len))
    return false;
  *ret = slice_of(rest->at + sizeof(len), len);
  *rest = slice_of(ret->at + len, rest->len - sizeof(len) - len);
  return true;
}

static int send_pieces(struct desk_view *v, struct slice pieces, char ret_id[EVENT_ID_LEN + 1]) {
  struct slice packed, blob;
  contact_event *event;
  const char *why = "";
  arena_reset(v->arena);
  if (!take_piece(&pieces, &packed) || event_unpack(packed, v->arena, &event, &why) != 0)
    return ctl_fail(v->ctl, "the parser answered nonsense: %s", why);
  struct inject *inject = NULL;
  int status = inject_open(v->ctl, v->config, &inject);
  while (status == CTL_OK && take_piece(&pieces, &blob)) {
    struct blob_ref ref;
    if (blob_put(inject_blobs(inject), blob, &ref) != 0)
      status = ctl_fail(v->ctl, "an attachment cannot be stored in %s/deskbell", v->config->dir);
  }
  if (status == CTL_OK)
    status = inject_event(inject, event, v->arena);
  inject_close(&inject);
  snprintf(ret_id, EVENT_ID_LEN + 1, "%s", event->id);
  return status;
}

static int end_entry(struct desk_view *v, const char *id, const char *evidence) {
  char now[24];
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  auto_reply *reply = CALL(v, "FCALL", "deskbell_quarantine_end", "1", TAG, now, id, evidence);
  return reply ? CTL_OK : CTL_FAILED;
}

static int retry(struct desk_view *v, const char *id, const contact_event *event) {
  if (strcmp(event->channel_kind, "email") != 0 || !event->original || event->original->sha256.len != SHA256_BYTES)
    return ctl_fail(v->ctl, "only mails can be read again; look at the original: deskbell event %s --original", id);
  auto_clean(buf_free) struct buf raw = BUF_INIT(ORIGINAL_MOST), pieces = BUF_INIT(ORIGINAL_MOST);
  if (desk_blob(v, event->original->sha256.data, &raw) != 0)
    return ctl_fail(v->ctl, "the original is not on this machine, or damaged");
  struct mime_envelope envelope = {.channel = slice_text(event->channel), .mail_from = slice_text(event->envelope_from),
                                   .null_path = strcmp(event->envelope_from, "<>") == 0,
                                   .recipient = event->n_to ? slice_text(event->to[0]->address) : SLICE(""),
                                   .received_ms = event->received_at_ms};
  struct mime_own *own = mail_trust_own(v->config);
  const struct mime_trust trust = mail_trust_of(v->config, event->channel, own);
  envelope.trust = &trust;
  int status = parse(v->ctl, buf_slice(&raw), &envelope, event->original, &pieces);
  mime_own_free(&own);
  char new_id[EVENT_ID_LEN + 1];
  if (status == CTL_OK)
    status = send_pieces(v, buf_slice(&pieces), new_id);
  if (status == CTL_OK)
    status = end_entry(v, id, new_id);
  if (status == CTL_OK)
    printf(v->ctl->json ? "{\"id\":\"%s\"}\n" : "read as event %s\n", new_id);
  return status;
}

static int run_retry(struct desk_view *v, const char *id) {
  redisReply *reply = NULL;
  struct entry e;
  int status = find_waiting(v, id, &reply, &e);
  if (status != CTL_OK)
    return status;
  contact_event *event = entry_event(v, &e);
  if (!event) {
    status = ctl_fail(v->ctl, "the event itself is unreadable; its bytes: deskbell event %s --original", id);
  } else {
    struct arena *own = v->arena; /* the event lives in it; the pieces need their own */
    v->arena = arena_new(ARENA_FIRST, ARENA_MOST);
    status = retry(v, id, event);
    arena_free(&v->arena);
    v->arena = own;
  }
  reply_free(&reply);
  return status;
}

static int run_drop(struct desk_view *v, const char *id) {
  redisReply *reply = NULL;
  struct entry e;
  int status = find_waiting(v, id, &reply, &e);
  if (status == CTL_OK)
    status = end_entry(v, id, "dropped by the operator");
  reply_free(&reply);
  return status;
}

int cmd_quarantine(struct ctl *ctl, int argc, char **argv) {
  static const struct {
    const char *name;
    int (*run)(struct desk_view *v, const char *id);
  } verbs[] = {{"show", run_show}, {"retry", run_retry}, {"drop", run_drop}};
  const char *verb = argc > 1 ? argv[1] : "ls";
  bool ls = strcmp(verb, "ls") == 0 && argc <= 2;
  int (*run)(struct desk_view *v, const char *id) = NULL;
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
    if (argc == 3 && strcmp(verb, verbs[i].name) == 0)
      run = verbs[i].run;
  if (!ls && !run)
    return ctl_wrong_usage(ctl, "ls, or show, retry or drop one entry?");
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  status = ls ? run_ls(&v) : run(&v, argv[2]);
  desk_view_close(&v);
  return status;
}
