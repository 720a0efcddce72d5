/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail reader that does what the mail says, one order in its first line:
 *   crash · hang · recurse · hog · open · socket · exec · fork · exit · unreadable · complex · other-channel
 * · other-id · trust (says what it was told of the channel) ·
 *   lost-blob · blobs N SIZE · charset NAME · anything else is the event's text
 */
#include "base/digest.h"
#include "mime/mime.h"
#include <fcntl.h>
#include <iconv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARTS_MAX 64

/* As the real one: open for ever, since the C library unloads a set's module soon after its last user closes it. */
void mime_start(void) {
  static const char *const names[] = {"ISO-8859-15", "WINDOWS-1252", "GB18030", "ISO-2022-JP", "EUC-KR", "UTF-7",
                                      "BIG5-HKSCS",  "SHIFT_JIS",    "KOI8-R",  "UTF-16",      "MACINTOSH"};
  static iconv_t kept[sizeof(names) / sizeof(names[0])];
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if ((kept[i] = iconv_open("UTF-8", names[i])) == (iconv_t)-1)
      abort();
}

struct mime_own {
  size_t count;
  char first[64];
};

struct mime_own *mime_own_new(char *const *addresses, size_t count) {
  struct mime_own *own = calloc(1, sizeof(*own));
  own->count = count;
  snprintf(own->first, sizeof(own->first), "%s", count ? addresses[0] : "");
  return own;
}

void mime_own_free(struct mime_own **own) {
  free(*own);
  *own = NULL;
}

static char *trust_text(struct arena *a, const struct mime_trust *t) {
  if (!t)
    return arena_printf(a, "none");
  return arena_printf(a, "%zu %s, %zu %s, %zu %s", t->authserv_id_count, t->authserv_id_count ? t->authserv_ids[0] : "",
                      t->spam_header_count, t->spam_header_count ? t->spam_headers[0] : "", t->own->count,
                      t->own->first);
}

struct event_id mime_event_id(const struct mime_envelope *envelope, struct slice raw) {
  return event_id_make(envelope->channel, SLICE("message"), SLICE(""), raw);
}

static contact_event *make(struct arena *a, struct slice raw, const struct mime_envelope *envelope,
                           struct event_id *ret_id) {
  contact_event *e = event_new(a);
  char text[EVENT_ID_LEN + 1];
  *ret_id = mime_event_id(envelope, raw);
  event_id_text(ret_id, text);
  e->id = arena_copy(a, slice_text(text));
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = arena_copy(a, envelope->channel);
  e->channel_kind = arena_copy(a, SLICE("email"));
  e->source_id = arena_copy(a, slice_text(text));
  e->received_at_ms = envelope->received_ms;
  e->envelope_from = arena_copy(a, envelope->mail_from);
  return e;
}

static volatile int depth_seen;

static int recurse(int depth) { /* never ends by itself, and the compiler must not know */
  volatile char frame[4096];
  frame[0] = (char)depth;
  depth_seen = depth;
  return depth < 0 ? frame[0] : recurse(depth + 1) + frame[0];
}

static int hog(void) {
  for (char *block; (block = malloc(1 << 20));)
    memset(block, 1, 1 << 20);
  abort();
}

static int hang(void) {
  while (depth_seen >= 0)
    continue;
  return 0;
}

static int crash(void) {
  abort();
}

static int leave(void) {
  _exit(0);
}

/* These say in the event's text what the walls answered. */
static int try_open(void) {
  return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int try_create(void) {
  return open("/tmp/deskbell-should-not-exist", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
}

static int try_socket(void) {
  return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int try_fork(void) {
  return fork() < 0 ? errno : 0;
}

static int try_kill(void) {
  return kill(getppid(), 0) < 0 ? errno : 0;
}

static int try_exec(void) {
  char *const args[] = {(char[]){"true"}, NULL};
  return execv("/bin/true", args);
}

static const struct {
  const char *order;
  int (*obey)(void);
} orders[] = {
    {"crash", crash}, {"hang", hang}, {"hog", hog}, {"exit", leave}, {"open", try_open}, {"create", try_create},
    {"socket", try_socket}, {"fork", try_fork}, {"kill", try_kill}, {"exec", try_exec},
};

static int convert(const char *charset) {
  iconv_t with = iconv_open("UTF-8", charset);
  if (with == (iconv_t)-1)
    return errno;
  char in[] = "abc\xe4", out[32], *from = in, *to = out;
  size_t from_left = 3, to_left = sizeof(out);
  int r = iconv(with, &from, &from_left, &to, &to_left) == (size_t)-1 ? errno : 0;
  iconv_close(with);
  return r;
}

static bool add_blobs(struct arena *a, struct mime_result *ret, size_t count, size_t size, bool hand_over) {
  contact_event *e = ret->event;
  ret->blobs = arena_zalloc(a, count * sizeof(*ret->blobs));
  e->attachments = arena_zalloc(a, count * sizeof(*e->attachments));
  for (size_t i = 0; i < count; i++) {
    char *bytes = arena_alloc(a, size);
    if (!bytes)
      return false;
    memset(bytes, (int)('a' + i), size);
    ret->blobs[i].bytes = slice_of(bytes, size);
    sha256(ret->blobs[i].bytes, ret->blobs[i].sha256);
    event_attachment *part = arena_alloc(a, sizeof(*part));
    deskbell__v1__attachment__init(part);
    part->name = arena_printf(a, "part-%zu", i);
    part->type = arena_copy(a, SLICE("application/pdf"));
    part->blob = event_blob_new(a, ret->blobs[i].sha256, size);
    e->attachments[e->n_attachments++] = part;
  }
  ret->blob_count = hand_over ? count : 0;
  return true;
}

int mime_to_event(struct slice raw, const struct mime_envelope *envelope, struct arena *a, struct mime_result *ret,
                  const char **ret_why) {
  char line[64], word[32], name[32];
  size_t count, size;
  snprintf(line, sizeof(line), "%.*s", (int)(raw.len < 60 ? raw.len : 60), raw.at);
  line[strcspn(line, "\r\n")] = '\0';
  ret->event = make(a, raw, envelope, &ret->id);
  ret->event->text = arena_copy(a, slice_text(line));
  for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
    if (strcmp(line, orders[i].order) == 0)
      ret->event->text = arena_printf(a, "%s: %d", line, orders[i].obey());
  if (strcmp(line, "recurse") == 0)
    ret->event->text = arena_printf(a, "%d", recurse(0));
  if (strcmp(line, "trust") == 0)
    ret->event->text = trust_text(a, envelope->trust);
  if (strcmp(line, "unreadable") == 0) {
    *ret_why = "no-structure";
    return MIME_UNREADABLE;
  }
  if (strcmp(line, "complex") == 0)
    return -ENOMEM;
  if (strcmp(line, "other-channel") == 0)
    ret->event->channel = arena_copy(a, SLICE("sales"));
  if (strcmp(line, "other-id") == 0)
    ret->id.bytes[0] ^= 1;
  if (strcmp(line, "lost-blob") == 0)
    return add_blobs(a, ret, 1, 10, false) ? 0 : -ENOMEM;
  if (sscanf(line, "%31s %zu %zu", word, &count, &size) == 3 && strcmp(word, "blobs") == 0)
    return add_blobs(a, ret, count, size, true) ? 0 : -ENOMEM;
  if (sscanf(line, "charset %31s", name) == 1)
    ret->event->text = arena_printf(a, "%s: %d", name, convert(name));
  return 0;
}

void mime_result_free(struct mime_result *r) {
  (void)r;
}

contact_event *mime_quarantine(struct arena *a, struct slice raw, const struct mime_envelope *envelope,
                               const char *reason, const char *detail) {
  struct event_id id;
  contact_event *e = make(a, raw, envelope, &id);
  e->kind = DESKBELL__V1__EVENT_KIND__QUARANTINE;
  e->quarantine = arena_alloc(a, sizeof(*e->quarantine));
  deskbell__v1__quarantine_reason__init(e->quarantine);
  e->quarantine->reason = arena_copy(a, slice_text(reason));
  e->quarantine->detail = arena_copy(a, slice_text(detail));
  return e;
}
