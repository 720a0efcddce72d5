/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell reply CONVERSATION: an answer to the customer's latest message, created as an agent's is. What it inherits
 * from that message: common/answer. Its files become blobs of the program "deskbell" before it is created, so that it
 * never names what is not there.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/point.h"
#include "config/value.h"
#include "inject.h"
#include "outbound.h"
#include "reply.h"
#include "text/address.h"
#include "text/sms_segments.h"
#include "text/utf8.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MOST = 64 * 1024 * 1024, TEXT_FILE_MOST = 1024 * 1024 };

/* ---- what it says */

static int read_file(struct desk_view *v, const char *path, struct buf *ret) {
  int r = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, ret);
  return r == 0 ? CTL_OK : ctl_fail(v->ctl, "cannot read %s: %s", path, r > 0 ? "it is too large" : strerror(-r));
}

/* Text from a file, as UTF-8 without controls; in the arena. */
static int read_text(struct reply *r, const char *path, char **ret) {
  auto_clean(buf_free) struct buf bytes = BUF_INIT(TEXT_FILE_MOST);
  int status = read_file(r->view, path, &bytes);
  if (status != CTL_OK)
    return status;
  *ret = utf8_mend(r->arena, buf_slice(&bytes), NULL);
  return *ret ? CTL_OK : ctl_fail(r->view->ctl, "%s is too large", path);
}

static int set_words(struct reply *r) {
  const struct wish *w = r->wish;
  answer_message *m = r->message;
  int status = CTL_OK;
  if (w->text_file[0])
    status = read_text(r, w->text_file, &m->text);
  else
    m->text = utf8_mend(r->arena, slice_text(w->text), NULL);
  if (status == CTL_OK && w->html[0])
    status = read_text(r, w->html, &m->html);
  if (status != CTL_OK)
    return status;
  if (w->subject[0] && r->channel->kind == CHANNEL_EMAIL) {
    m->subject = utf8_one_line(r->arena, slice_text(w->subject));
    m->subject[utf8_cut(slice_text(m->subject), ANSWER_SUBJECT_MAX)] = '\0';
  }
  if (!m->text[0])
    return ctl_wrong_usage(r->view->ctl, "a reply without words");
  if (strlen(m->text) > ANSWER_TEXT_MAX || strlen(m->html) > ANSWER_HTML_MAX)
    return ctl_fail(r->view->ctl, "the text may have %d KiB, the HTML %d; attach what is longer", ANSWER_TEXT_MAX / 1024,
                    ANSWER_HTML_MAX / 1024);
  return CTL_OK;
}

/* Gives the keys of those copied, by blanks, in the arena. */
static int set_cc(struct reply *r, char **ret_others) {
  const struct wish *w = r->wish;
  answer_message *m = r->message;
  char *others = (char *)"";
  m->cc = arena_alloc(r->arena, sizeof(*m->cc) * (w->cc_count + 1));
  for (size_t i = 0; i < w->cc_count; i++) {
    char *key;
    if (address_email(r->arena, slice_text(w->cc[i]), &m->cc[m->n_cc++], &key) != 0)
      return ctl_wrong_usage(r->view->ctl, "--cc \"%s\" is no e-mail address", w->cc[i]);
    others = arena_printf(r->arena, "%s%s%s", others, *others ? " " : "", key);
  }
  *ret_others = others;
  return CTL_OK;
}

/* The options that mail alone has. */
static int refuse_mail_options(const struct reply *r) {
  const struct wish *w = r->wish;
  if (r->channel->kind == CHANNEL_EMAIL || (!w->cc_count && !w->html[0] && !w->subject[0]))
    return CTL_OK;
  return ctl_wrong_usage(r->view->ctl, "--subject, --html and --cc are for mail; channel %s is none", r->channel->name);
}

/* ---- files */

static const char *type_of(const char *name) {
  static const struct {
    const char *end, *type;
  } rows[] = {{".pdf", "application/pdf"}, {".png", "image/png"},   {".jpg", "image/jpeg"},      {".jpeg", "image/jpeg"},
              {".gif", "image/gif"},       {".txt", "text/plain"},  {".csv", "text/csv"},        {".html", "text/html"},
              {".ics", "text/calendar"},   {".zip", "application/zip"}, {".json", "application/json"}};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof(rows) / sizeof(rows[0]); i++)
    if (slice_equal_nocase(slice_text(dot), slice_text(rows[i].end)))
      return rows[i].type;
  return "application/octet-stream";
}

static int attach(struct reply *r, struct inject *inject, const char *path, event_attachment **ret) {
  auto_clean(buf_free) struct buf bytes = BUF_INIT(FILE_MOST);
  struct blob_ref ref = {.size = 0};
  int status = read_file(r->view, path, &bytes);
  if (status != CTL_OK)
    return status;
  ref.size = bytes.len;
  sha256(buf_slice(&bytes), ref.sha256);
  int put = inject ? blob_put(inject_blobs(inject), buf_slice(&bytes), &ref) : 0;
  if (put)
    return ctl_fail(r->view->ctl, "%s cannot be kept: %s", path, put < 0 ? strerror(-put) : "too large, or no room");
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  event_attachment *a = *ret = arena_alloc(r->arena, sizeof(*a));
  deskbell__v1__attachment__init(a);
  a->name = utf8_one_line(r->arena, slice_text(name));
  a->type = (char *)type_of(name);
  a->blob = event_blob_new(r->arena, ref.sha256, ref.size);
  return CTL_OK;
}

/* In a dry run they are read and not kept. */
static int attach_all(struct reply *r) {
  const struct wish *w = r->wish;
  answer_message *m = r->message;
  struct inject *inject = NULL;
  int status = CTL_OK;
  if (w->file_count == 0)
    return CTL_OK;
  if (!w->dry_run)
    status = inject_open(r->view->ctl, r->view->config, &inject);
  m->attachments = arena_alloc(r->arena, sizeof(*m->attachments) * w->file_count);
  for (size_t i = 0; i < w->file_count && status == CTL_OK; i++)
    status = attach(r, inject, w->files[i], &m->attachments[m->n_attachments++]);
  if (status == CTL_OK && inject)
    status = inject_sync_blobs(inject);
  inject_close(&inject);
  return status;
}

/* ---- creating */

static void name_it(struct reply *r) {
  uint8_t chance[16];
  random_bytes(chance, sizeof(chance));
  hex_encode(chance, sizeof(chance), r->key);
  const char *key = r->wish->key[0] ? r->wish->key : r->key;
  outbound_id_make(slice_text(r->channel->name), slice_text(key), r->id);
  r->message->id = r->id;
  r->message->idempotency_key = (char *)key;
}

/* How many SMS it is, cut by who cuts it. */
static void measure(const struct reply *r, struct sms_segments *ret) {
  if (r->channel->out_split == SPLIT_US)
    sms_singles(slice_text(r->message->text), ret);
  else
    sms_segments(slice_text(r->message->text), ret);
}

/* What we cut ourselves has a limit; a provider has its own. */
static int check_parts(const struct reply *r) {
  struct sms_segments s;
  if (r->channel->kind != CHANNEL_SMS || r->channel->out_split != SPLIT_US)
    return CTL_OK;
  measure(r, &s);
  if (s.count <= r->channel->out_parts_max)
    return CTL_OK;
  return ctl_fail(r->view->ctl, "the text would be %zu SMS; channel %s allows %u (out_parts_max)", s.count, r->channel->name,
                  r->channel->out_parts_max);
}

static int compose(struct reply *r, char **ret_others) {
  auto_clean(buf_free) struct buf secret = BUF_INIT(64);
  struct complaint complaint;
  if (config_desk_secret(r->view->config, &secret, &complaint) < 0)
    return ctl_fail(r->view->ctl, "%s: %s", complaint.file, complaint.text);
  int status = refuse_mail_options(r);
  if (status != CTL_OK)
    return status;
  struct answer_options options = {.secret = buf_slice(&secret), .channel = slice_text(r->channel->name),
                                   .mail = r->channel->kind == CHANNEL_EMAIL, .conversation = slice_text(r->talk.id),
                                   .domain = slice_text(r->view->config->message_id_domain),
                                   .root = slice_text(r->talk.root)};
  random_bytes(options.unique, sizeof(options.unique));
  answer_message *m = r->message = answer_new(r->arena);
  int outcome = answer_to(r->talk.latest, &options, r->arena, m);
  if (outcome)
    return ctl_fail(r->view->ctl, "%s",
                    outcome == ANSWER_NO_ADDRESS ? "the customer's address is none that this channel can write to"
                                                 : strerror(-outcome));
  m->kind = DESKBELL__V1__OUTBOUND_KIND__REPLY;
  m->agent = (char *)r->wish->agent;
  m->created_ms = clock_now_ms();
  m->not_before_ms = r->wish->hold_ms ? m->created_ms + r->wish->hold_ms : 0;
  name_it(r);
  status = set_words(r);
  if (status == CTL_OK)
    status = check_parts(r);
  if (status == CTL_OK)
    status = set_cc(r, ret_others);
  return status == CTL_OK ? attach_all(r) : status;
}

static json_t *segments_json(const struct sms_segments *s) {
  json_t *j = json_object();
  json_object_set_new(j, "encoding", json_string(s->encoding == SMS_GSM7 ? "GSM-7" : "UCS-2"));
  json_object_set_new(j, "count", json_integer((json_int_t)s->count));
  json_object_set_new(j, "units", json_integer((json_int_t)s->units));
  json_object_set_new(j, "left", json_integer((json_int_t)s->left));
  return j;
}

/* SM-03: how many parts it is, before it goes. */
static json_t *show_segments(const struct reply *r) {
  struct sms_segments s;
  if (r->channel->kind != CHANNEL_SMS)
    return NULL;
  measure(r, &s);
  if (!r->view->ctl->json)
    printf("%zu SMS, %s, %zu characters, %zu left\n", s.count, s.encoding == SMS_GSM7 ? "GSM-7" : "UCS-2", s.units,
           s.left);
  return segments_json(&s);
}

static int print_result(const struct reply *r, const char *outcome, const char *state, const char *why,
                        json_t *segments) {
  const struct ctl *ctl = r->view->ctl;
  if (ctl->json) {
    json_t *j = json_object();
    json_object_set_new(j, "id", json_string(r->id));
    json_object_set_new(j, "state", json_string(state));
    json_object_set_new(j, "created", json_boolean(strcmp(outcome, "CREATED") == 0));
    if (why[0])
      json_object_set_new(j, "why", slice_json(slice_text(why)));
    if (segments)
      json_object_set(j, "segments", segments);
    print_json(j);
  } else {
    printf("%s  %s%s\n", r->id, state, strcmp(outcome, "KNOWN") == 0 ? ", created before" : "");
  }
  return strcmp(state, "suppressed") == 0 ? ctl_fail(ctl, "%s will not be sent: %s", r->id, why) : CTL_OK;
}

static int create(struct reply *r, const char *others, struct slice packed, json_t *segments) {
  const answer_message *m = r->message;
  char now[24], not_before[24], digest[EVENT_ID_LEN + 1] = "";
  snprintf(now, sizeof(now), "%lld", (long long)m->created_ms);
  snprintf(not_before, sizeof(not_before), "%lld", (long long)m->not_before_ms);
  if (m->message_id[0])
    message_id_digest(slice_text(m->message_id), digest);
  const char *argv[] = {"FCALL",    "deskbell_outbound_create", "1", TAG, now, m->id, "reply", m->channel,
                        m->idempotency_key, m->conversation, m->to_key, others, m->agent, not_before, "0",
                        m->in_answer_to, digest, packed.at};
  enum { COUNT = sizeof(argv) / sizeof(argv[0]) };
  size_t lengths[COUNT];
  for (size_t i = 0; i + 1 < COUNT; i++)
    lengths[i] = strlen(argv[i]);
  lengths[COUNT - 1] = packed.len;
  POINT("reply.creating");
  auto_reply *reply = desk_call_bytes(r->view, COUNT, argv, lengths);
  POINT("reply.created");
  if (!reply || reply->elements != 4)
    return CTL_FAILED;
  const char *outcome = reply_text(reply->element[0]);
  if (strcmp(outcome, "GONE") == 0)
    return ctl_fail(r->view->ctl, "there is no conversation %s any more", m->conversation);
  if (strcmp(outcome, "FULL") == 0)
    return ctl_fail(r->view->ctl, "too much waits for channel %s: nothing was created", m->channel);
  snprintf(r->id, sizeof(r->id), "%s", reply_text(reply->element[1]));
  return print_result(r, outcome, reply_text(reply->element[2]), reply_text(reply->element[3]), segments);
}

static int print_dry_run(struct reply *r, struct slice packed, const json_t *segments) {
  json_t *j = outbound_content(r->view, packed);
  if (segments)
    json_object_set(j, "segments", (json_t *)segments);
  if (r->view->ctl->json) {
    print_json(j);
    return CTL_OK;
  }
  const answer_message *m = r->message;
  printf("over %s to %s\n", m->channel, m->to);
  for (size_t i = 0; i < m->n_cc; i++)
    printf("copy to %s\n", m->cc[i]);
  if (m->subject[0])
    printf("subject %s\n", m->subject);
  for (size_t i = 0; i < m->n_attachments; i++)
    printf("with %s, %s, %llu bytes\n", m->attachments[i]->name, m->attachments[i]->type,
           (unsigned long long)m->attachments[i]->blob->size);
  printf("\n%s\n", m->text);
  json_decref(j);
  return CTL_OK;
}

static int run(struct reply *r) {
  auto_clean(buf_free) struct buf packed = BUF_INIT(ANSWER_MAX_BYTES);
  char *others = NULL;
  int status = reply_find(r);
  if (status == CTL_OK)
    status = compose(r, &others);
  if (status != CTL_OK)
    return status;
  if (answer_pack(r->message, &packed))
    return ctl_fail(r->view->ctl, "the reply is larger than 64 KiB; attach what is long");
  json_t *segments = show_segments(r);
  status = r->wish->dry_run ? print_dry_run(r, buf_slice(&packed), segments)
                            : create(r, others, buf_slice(&packed), segments);
  json_decref(segments);
  return status;
}

/* ---- options */

static const char *take_option(struct wish *w, int o, const char *value) {
  const char **texts[] = {['t'] = &w->text,  ['T'] = &w->text_file, ['s'] = &w->subject, ['h'] = &w->html,
                          ['a'] = &w->agent, ['k'] = &w->key,       ['C'] = &w->channel};
  if (o == 'n')
    w->dry_run = true;
  else if (o == 'H')
    return value_duration(slice_text(value), &w->hold_ms);
  else if (o == 'f' && w->file_count < ANSWER_ATTACHMENTS_MAX)
    w->files[w->file_count++] = value;
  else if (o == 'c' && w->cc_count < ANSWER_CC_MAX)
    w->cc[w->cc_count++] = value;
  else if ((size_t)o < sizeof(texts) / sizeof(texts[0]) && texts[o])
    *texts[o] = value;
  else
    return "is not understood, or given too often";
  return NULL;
}

int cmd_reply(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {
      {"text", required_argument, NULL, 't'},    {"text-file", required_argument, NULL, 'T'},
      {"subject", required_argument, NULL, 's'}, {"html", required_argument, NULL, 'h'},
      {"attach", required_argument, NULL, 'f'},  {"agent", required_argument, NULL, 'a'},
      {"hold", required_argument, NULL, 'H'},    {"key", required_argument, NULL, 'k'},
      {"cc", required_argument, NULL, 'c'},      {"channel", required_argument, NULL, 'C'},
      {"dry-run", no_argument, NULL, 'n'},       {0}};
  struct wish w = {.conversation = "", .text = "", .text_file = "", .subject = "", .html = "", .agent = "", .key = "",
                   .channel = ""};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    const char *why = take_option(&w, o, optarg);
    if (why)
      return ctl_wrong_usage(ctl, "\"%s\" %s", optarg ? optarg : argv[optind - 1], why);
  }
  if (optind + 1 != argc)
    return ctl_wrong_usage(ctl, "which conversation?");
  if (!w.text[0] == !w.text_file[0])
    return ctl_wrong_usage(ctl, "one of --text and --text-file is needed");
  if (strlen(w.key) > 200 || strlen(w.agent) > 64 || !utf8_clean(slice_text(w.key)) || strpbrk(w.agent, "\n\t\x1f"))
    return ctl_wrong_usage(ctl, "--key may have 200 bytes, --agent 64, on one line");
  w.conversation = argv[optind];
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  struct reply r = {.view = &v, .wish = &w, .arena = arena_new(256 * 1024, 64 * 1024 * 1024)};
  status = run(&r);
  arena_free(&r.arena);
  desk_view_close(&v);
  return status;
}
