/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell ack try FILE.eml: reads a mail as `email` does, asks the policy as `acknowledge` does, and sends nothing. */
#include "acknowledgement/compose.h"
#include "base/clock.h"
#include "base/file.h"
#include "definition.h"
#include "mail_trust.h"
#include "text/address.h"
#include "token/token.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAIL_MOST = 64 * 1024 * 1024, PATH_LINE_MAX = 1000 };

struct trial {
  struct ctl *ctl;
  struct config *config;
  struct desk *desk;
  struct arena *arena;
  const char *desk_file, *channel, *from, *queue, *language;
  struct buf secret;
};

/* ---- the desk definition */

static int parse_desk(struct trial *t, struct slice text, const char *name) {
  struct complaint c = {.text = ""};
  if (desk_parse(text, name, &t->desk, &c) == 0)
    return CTL_OK;
  fprintf(stderr, "%s:%u:%u: %s\n", c.file[0] ? c.file : name, c.line, c.column, c.text);
  return CTL_USAGE;
}

static int desk_in_force(struct trial *t) {
  struct desk_view v;
  int status = desk_view_open(t->ctl, &v);
  if (status != CTL_OK)
    return status;
  status = definition_in_force(&v, &t->desk);
  desk_view_close(&v);
  return status;
}

static int find_desk(struct trial *t) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  if (!t->desk_file[0])
    return desk_in_force(t);
  int r = file_read(t->desk_file, &text);
  if (r)
    return ctl_fail(t->ctl, "cannot read %s: %s", t->desk_file, r > 0 ? "it is too large" : strerror(-r));
  return parse_desk(t, buf_slice(&text), t->desk_file);
}

/* ---- the envelope that the mail might have had */

/* The value of the topmost field of this name on one line; "" none. */
static struct slice field_of(struct slice raw, const char *name) {
  struct slice line;
  while (slice_split(&raw, '\n', &line) && slice_trim(line).len)
    if (slice_starts_nocase(line, slice_text(name)))
      return slice_trim(slice_of(line.at + strlen(name), line.len - strlen(name)));
  return SLICE("");
}

static struct slice without_brackets(struct slice s) {
  const char *open = s.len ? memrchr(s.at, '<', s.len) : NULL;
  const char *close = open ? memchr(open, '>', s.len - (size_t)(open - s.at)) : NULL;
  return close ? slice_of(open + 1, (size_t)(close - open - 1)) : s;
}

/* As given; else the mail's Return-Path, else its From: most mails have the same there. */
static void set_path(const struct trial *t, struct slice raw, struct mime_envelope *e) {
  struct slice path = field_of(raw, "Return-Path:");
  if (t->from)
    path = slice_text(t->from);
  else if (!path.len)
    path = field_of(raw, "From:");
  e->mail_from = without_brackets(path);
  e->null_path = e->mail_from.len == 0;
}

/* As given; else the channel of the first recipient that is ours, else the only e-mail channel. */
static const struct channel_config *channel_of(const struct trial *t, const contact_event *event) {
  if (t->channel[0])
    return config_channel(t->config, slice_text(t->channel));
  for (size_t i = 0; event && i < event->n_to; i++) {
    struct slice local, token, domain;
    const struct channel_config *c = address_split_token(slice_text(event->to[i]->address), &local, &token, &domain)
                                         ? config_channel_for_recipient(t->config, local, domain) : NULL;
    if (c)
      return c;
  }
  return config_only_channel(t->config, CHANNEL_EMAIL);
}

static int read_once(struct trial *t, struct slice raw, const char *channel, const char *file, contact_event **ret) {
  struct mime_own *own = mail_trust_own(t->config);
  const struct mime_trust trust = mail_trust_of(t->config, channel, own);
  struct mime_envelope envelope = {.channel = slice_text(channel), .received_ms = clock_now_ms(), .trust = &trust};
  struct mime_result result;
  const char *why = "it is too complex";
  set_path(t, raw, &envelope);
  int r = mime_to_event(raw, &envelope, t->arena, &result, &why);
  mime_own_free(&own);
  if (r)
    return ctl_fail(t->ctl, "%s would go into quarantine, and nothing there is acknowledged: %s", file, why);
  *ret = result.event;
  return CTL_OK;
}

/* Twice: what it says of its recipients chooses the channel, and that whose words are believed. */
static int read_mail(struct trial *t, struct slice raw, const char *file, contact_event **ret) {
  contact_event *first = NULL;
  int status = read_once(t, raw, "", file, &first);
  const struct channel_config *c = status == CTL_OK ? channel_of(t, first) : NULL;
  if (status == CTL_OK && t->channel[0] && (!c || c->kind != CHANNEL_EMAIL))
    return ctl_fail(t->ctl, "there is no e-mail channel \"%s\"", t->channel);
  if (status == CTL_OK && !c)
    return ctl_wrong_usage(t->ctl, "%s names no recipient of a channel; which one took it? --channel C", file);
  return status == CTL_OK ? read_once(t, raw, c->name, file, ret) : status;
}

/* ---- the answer */

/* The queue of the first rule that asks nothing about the customer and applies. */
static const char *queue_of(const struct trial *t, const contact_event *e) {
  uint16_t rules[64];
  struct slice *recipients = arena_alloc(t->arena, (e->n_to + 1) * sizeof(*recipients));
  for (size_t i = 0; i < e->n_to; i++)
    recipients[i] = slice_text(e->to[i]->address);
  const struct desk_facts facts = {
      .channel = slice_text(e->channel), .channel_kind = slice_text(e->channel_kind), .recipients = recipients,
      .recipient_count = e->n_to, .subject = slice_text(e->subject), .text = slice_text(e->text),
      .automatic = slice_text(e->automatic ? e->automatic->kind : ""), .suspected = e->suspected[0] != '\0',
      .now_ms = clock_now_ms()};
  size_t count = desk_match(t->desk, &facts, rules, 64);
  return t->desk->rules[rules[count - 1]].queue;
}

/* AR-08: the router finds that out before anybody else. */
static bool is_ours(const struct trial *t, const contact_event *e) {
  char conversation[CONVERSATION_ID_LEN + 1];
  for (size_t i = 0; e->thread && i < t->config->channel_count; i++)
    if (token_message_id_check(buf_slice(&t->secret), slice_text(t->config->channels[i].name),
                               slice_text(e->thread->message_id), conversation) == 0)
      return true;
  return false;
}

static json_t *as_json(const char *file, const contact_event *e, const char *queue, const struct policy_verdict *v,
                       const answer_message *m) {
  json_t *j = json_object();
  json_object_set_new(j, "file", json_string(file));
  json_object_set_new(j, "channel", json_string(e->channel));
  json_object_set_new(j, "queue", json_string(queue));
  json_object_set_new(j, "acknowledged", json_boolean(m != NULL));
  if (v->template)
    json_object_set_new(j, "template", json_string(v->template->name));
  if (!m) {
    json_object_set_new(j, "why", slice_json(slice_text(v->reason)));
    return j;
  }
  json_object_set_new(j, "over", json_string(m->channel));
  json_object_set_new(j, "to", slice_json(slice_text(m->to)));
  json_object_set_new(j, "subject", slice_json(slice_text(m->subject)));
  json_object_set_new(j, "text", slice_json(slice_text(m->text)));
  return j;
}

static void print(const struct trial *t, const char *file, const contact_event *e, const char *queue,
                  const struct policy_verdict *v, const answer_message *m) {
  if (t->ctl->json) {
    json_t *j = as_json(file, e, queue, v, m);
    print_json(j);
    return;
  }
  if (!m) {
    printf("%s: no acknowledgement: %s\n", file, v->reason);
    return;
  }
  printf("%s: acknowledged over %s with template %s (channel %s, queue %s)\nTo: %s\nSubject: %s\n\n%s\n", file, m->channel,
         v->template->name, e->channel, queue, m->to, m->subject, m->text);
}

static int decide(struct trial *t, const char *file, const contact_event *e) {
  char conversation[CONVERSATION_ID_LEN + 1];
  snprintf(conversation, sizeof(conversation), "v%.16s", e->id);
  const char *queue = t->queue[0] ? t->queue : queue_of(t, e);
  const struct policy_facts facts = {.event = e, .config = t->config, .desk = t->desk, .how = SLICE("new"),
                                     .queue = slice_text(queue), .language = slice_text(t->language),
                                     .now_ms = clock_now_ms()};
  const struct compose_facts words = {.policy = &facts, .customer_name = SLICE(""), .conversation = slice_text(conversation),
                                      .secret = buf_slice(&t->secret)};
  struct policy_verdict v;
  answer_message *m = NULL;
  int r = policy_decide(&facts, t->arena, &v);
  if (r == 0 && v.answer == POLICY_NOT_ASKED)
    snprintf(v.reason, sizeof(v.reason), "no template is for channel %s", e->channel);
  if (r == 0 && v.answer != POLICY_NOT_ASKED && is_ours(t, e)) {
    v.answer = POLICY_SILENT;
    snprintf(v.reason, sizeof(v.reason), "AR-08 it is our own mail, come back");
  }
  if (r == 0 && v.answer == POLICY_SEND)
    r = compose(&words, t->arena, &v, &m);
  if (r < 0)
    return ctl_fail(t->ctl, "%s: %s", file, strerror(-r));
  print(t, file, e, queue, &v, m);
  return CTL_OK;
}

static int try(struct trial *t, const char *file) {
  auto_clean(buf_free) struct buf raw = BUF_INIT(MAIL_MOST);
  contact_event *event = NULL;
  int r = file_read(strcmp(file, "-") == 0 ? "/dev/stdin" : file, &raw);
  if (r)
    return ctl_fail(t->ctl, "cannot read %s: %s", file, r > 0 ? "it is too large" : strerror(-r));
  arena_reset(t->arena);
  int status = read_mail(t, buf_slice(&raw), file, &event);
  return status == CTL_OK ? decide(t, file, event) : status;
}

static int run(struct trial *t, char **files) {
  struct complaint complaint;
  int status = ctl_need_dir(t->ctl);
  if (status == CTL_OK)
    status = ctl_config(t->ctl, &t->config);
  if (status != CTL_OK)
    return status;
  if (config_desk_secret(t->config, &t->secret, &complaint) < 0)
    status = ctl_fail(t->ctl, "%s: %s", complaint.file, complaint.text);
  else
    status = find_desk(t);
  mime_start();
  for (size_t i = 0; files[i] && status == CTL_OK; i++)
    status = try(t, files[i]);
  return status;
}

int cmd_ack(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"desk", required_argument, NULL, 'd'},  {"channel", required_argument, NULL, 'c'},
                                          {"from", required_argument, NULL, 'f'},  {"queue", required_argument, NULL, 'q'},
                                          {"language", required_argument, NULL, 'l'}, {0}};
  struct trial t = {.ctl = ctl, .desk_file = "", .channel = "", .queue = "", .language = "", .secret = BUF_INIT(64)};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    const char **texts[] = {['d'] = &t.desk_file, ['c'] = &t.channel, ['f'] = &t.from, ['q'] = &t.queue,
                            ['l'] = &t.language};
    if (o == '?' || (size_t)o >= sizeof(texts) / sizeof(texts[0]) || !texts[o])
      return ctl_wrong_usage(ctl, "\"%s\" is not understood", argv[optind - 1]);
    *texts[o] = optarg;
  }
  if (optind + 1 >= argc || strcmp(argv[optind], "try") != 0)
    return ctl_wrong_usage(ctl, "try which mail?");
  t.arena = arena_new(256 * 1024, 512u * 1024 * 1024);
  int status = run(&t, argv + optind + 1);
  arena_free(&t.arena);
  desk_free(&t.desk);
  config_free(&t.config);
  if (t.secret.at)
    explicit_bzero(t.secret.at, t.secret.len);
  buf_free(&t.secret);
  return status;
}
