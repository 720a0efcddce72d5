/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell events, event, blob: reading what was committed. */
#include "base/encode.h"
#include "journal.h"
#include "spool/blob.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 500, BLOB_MOST = 1024 * 1024 * 1024 };

struct reading {
  struct desk_view view;
  char after[64];       /* cursor of the last one printed */
  uint64_t left;
};

/* Prints entries of one XRANGE or XREAD answer. */
static void print_entries(struct reading *r, const redisReply *entries) {
  for (size_t i = 0; i < entries->elements && r->left > 0; i++) {
    struct entry e;
    if (!entry_read(entries->element[i], &e))
      continue;
    print_json(entry_json(&r->view, &e));
    snprintf(r->after, sizeof(r->after), "%s", e.cursor);
    r->left--;
  }
}

static int print_stored(struct reading *r) {
  for (;;) {
    char from[72];
    snprintf(from, sizeof(from), "%s%s", r->after[0] ? "(" : "", r->after[0] ? r->after : "-");
    char page[16];
    snprintf(page, sizeof(page), "%u", (unsigned)(r->left < PAGE ? r->left : PAGE));
    auto_reply *reply = CALL(&r->view, "XRANGE", TAG ":journal", from, "+", "COUNT", page);
    if (!reply)
      return CTL_FAILED;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
      return CTL_OK;
    print_entries(r, reply);
    if (r->left == 0)
      return CTL_OK;
  }
}

static int follow(struct reading *r) {
  while (r->left > 0) {
    fflush(stdout);
    if (ferror(stdout))
      return CTL_OK;
    const char *after = r->after[0] ? r->after : "0";
    auto_reply *reply = CALL(&r->view, "XREAD", "COUNT", "500", "BLOCK", "5000", "STREAMS", TAG ":journal", after);
    if (!reply)
      return CTL_FAILED;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2)
      print_entries(r, reply->element[0]->element[1]);
  }
  return CTL_OK;
}

static bool is_cursor(const char *s) {
  size_t digits = strspn(s, "0123456789");
  if (digits == 0 || strlen(s) > 50)
    return false;
  return s[digits] == '\0' || (s[digits] == '-' && s[digits + 1] && s[digits + 1 + strspn(s + digits + 1, "0123456789")] == '\0');
}

int cmd_events(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"since", required_argument, NULL, 's'}, {"limit", required_argument, NULL, 'l'},
                                          {"follow", no_argument, NULL, 'f'}, {0}};
  struct reading r = {.left = UINT64_MAX};
  bool following = false;
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
    if (o == 's' && is_cursor(optarg))
      snprintf(r.after, sizeof(r.after), "%s", optarg);
    else if (o == 's')
      return ctl_wrong_usage(ctl, "\"%s\" is no cursor; take one from the field \"cursor\" of an event", optarg);
    else if (o == 'l' && (slice_to_u64(slice_text(optarg), UINT64_MAX, &r.left) < 0))
      return ctl_wrong_usage(ctl, "--limit wants a number, not \"%s\"", optarg);
    else if (o == 'f')
      following = true;
    else if (o == '?')
      return ctl_wrong_usage(ctl, "wrong option");
  }
  if (optind < argc)
    return ctl_wrong_usage(ctl, "too many arguments");
  int status = desk_view_open(ctl, &r.view);
  if (status != CTL_OK)
    return status;
  if (r.left > 0)
    status = print_stored(&r);
  if (status == CTL_OK && following)
    status = follow(&r);
  desk_view_close(&r.view);
  return status;
}

static int print_original(struct desk_view *v, const struct entry *e) {
  contact_event *event = entry_event(v, e);
  if (!event && e->event.len) /* unreadable: what the channel program sent is all there is */
    return fwrite(e->event.at, 1, e->event.len, stdout) == e->event.len ? CTL_OK : CTL_FAILED;
  if (!event || !event->original || event->original->sha256.len != SHA256_BYTES)
    return ctl_fail(v->ctl, "this event has no original");
  auto_clean(buf_free) struct buf bytes = BUF_INIT(BLOB_MOST);
  int r = desk_blob(v, event->original->sha256.data, &bytes);
  if (r != 0)
    return ctl_fail(v->ctl, "the original is %s", r == BLOB_DAMAGED ? "damaged on disk" : "not on this machine");
  return fwrite(buf_slice(&bytes).at, 1, bytes.len, stdout) == bytes.len ? CTL_OK : CTL_FAILED;
}

int cmd_event(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"original", no_argument, NULL, 'o'}, {0}};
  bool original = false;
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == '?')
      return ctl_wrong_usage(ctl, "wrong option");
    original = true;
  }
  if (optind + 1 != argc)
    return ctl_wrong_usage(ctl, "which event?");
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  redisReply *reply = NULL;
  struct entry e;
  int r = entry_of_event(&v, argv[optind], &reply, &e);
  if (r == -ENOENT)
    status = ctl_fail(ctl, "there is no event %s; `deskbell trace %s` looks further", argv[optind], argv[optind]);
  else if (r < 0)
    status = CTL_FAILED;
  else if (original)
    status = print_original(&v, &e);
  else
    print_json(entry_json(&v, &e));
  reply_free(&reply);
  desk_view_close(&v);
  return status;
}

int cmd_blob(struct ctl *ctl, int argc, char **argv) {
  uint8_t sha256[SHA256_BYTES];
  size_t len = 0;
  if (argc != 2 || hex_decode(slice_text(argv[1]), sha256, sizeof(sha256), &len) < 0 || len != sizeof(sha256))
    return ctl_wrong_usage(ctl, "which blob? 64 hex digits of its SHA-256");
  int status = ctl_need_dir(ctl);
  if (status != CTL_OK)
    return status;
  struct desk_view v = {.ctl = ctl};
  auto_clean(buf_free) struct buf bytes = BUF_INIT(BLOB_MOST);
  int r = desk_blob(&v, sha256, &bytes);
  if (r == BLOB_DAMAGED)
    return ctl_fail(ctl, "the blob is damaged on disk: its digest does not fit");
  if (r != 0)
    return ctl_fail(ctl, "there is no such blob on this machine");
  return fwrite(buf_slice(&bytes).at, 1, bytes.len, stdout) == bytes.len ? CTL_OK : CTL_FAILED;
}
