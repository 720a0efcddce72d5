/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell check --deliver: does what we send arrive, and as what it was sent? The program `email` hands a mail from the
 * channel to the channel itself to the relay: it holds the relay's password and its way out (libesmtp, libcurl) is the one that
 * answers go. Its ids are signed for no conversation, so that the router keeps it aside whatever is left of it, and a bounce
 * of it too: no queue, no customer, no answer. Here we wait for it in the journal.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "check.h"
#include "token/token.h"
#include "up.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MOST = 16 * 1024, DETAIL_MOST = 4096, BLOCK_MS = 2000, TOKEN_BYTES = 10 };

/* What the program `email` said: lines "name value". */
enum answer { ANSWER_FROM, ANSWER_TO, ANSWER_RELAY, ANSWER_TLS, ANSWER_OUTCOME, ANSWER_CODE, ANSWER_WHY, ANSWER_ERROR, ANSWERS };

struct trial {
  struct checking *c;
  struct desk_view *v;
  const struct channel_config *channel;
  int64_t began_ms, until_ms;
  char token[BASE32_LEN(TOKEN_BYTES) + 1], subject[64];
  char message_id[TOKEN_MESSAGE_ID_MAX + 1], reply_token[TOKEN_REPLY_LEN + 1], cursor[64];
  struct buf said;
  char *answers[ANSWERS];
};

static json_t *say(struct trial *t, bool good, const char *what, struct buf *detail) {
  char name[80];
  snprintf(name, sizeof(name), "mail %s %s", t->channel->name, what);
  return check_said(t->c, good, name, detail->len ? buf_slice(detail).at : "");
}

/* ---- sending */

static int name_it(struct trial *t) {
  auto_clean(buf_free) struct buf secret = BUF_INIT(64);
  struct slice channel = slice_text(t->channel->name), none = slice_text(TOKEN_CHECK_CONVERSATION);
  uint8_t chance[2 * TOKEN_BYTES];
  struct complaint complaint;
  if (config_desk_secret(t->v->config, &secret, &complaint) < 0)
    return ctl_fail(t->v->ctl, "%s: %s", complaint.file, complaint.text);
  random_bytes(chance, sizeof(chance));
  base32_encode(chance, TOKEN_BYTES, t->token);
  snprintf(t->subject, sizeof(t->subject), "Deskbell check %s", t->token);
  token_reply_make(buf_slice(&secret), channel, none, t->reply_token);
  int r = token_message_id_make(buf_slice(&secret), channel, none, chance + TOKEN_BYTES,
                                slice_text(t->v->config->message_id_domain), t->message_id);
  return r < 0 ? ctl_fail(t->v->ctl, "desk.message_id_domain is too long") : CTL_OK;
}

/* Reads what the child says until it ends, or the time is over: then it is killed. Returns false then. */
static bool listen_to(struct trial *t, int fd) {
  char chunk[4096];
  for (;;) {
    int64_t left = t->until_ms - clock_now_ms();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (left <= 0 || poll(&p, 1, (int)left) == 0)
      return false;
    ssize_t n = read(fd, chunk, sizeof(chunk));
    if (n == 0 || (n < 0 && errno != EINTR))
      return true;
    if (n > 0)
      buf_add(&t->said, chunk, (size_t)n);
  }
}

static int run_child(struct trial *t, char *const argv[]) {
  extern char **environ;
  posix_spawn_file_actions_t actions;
  int ends[2], status = 0;
  pid_t pid;
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -errno;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  int r = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (r == 0) {
    if (!listen_to(t, ends[0]))
      kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  close(ends[0]);
  return -r;
}

static int send_it(struct trial *t) {
  char self[4096], patience[24];
  size_t len = sizeof(self);
  const struct ctl *ctl = t->v->ctl;
  if (uv_exepath(self, &len) < 0)
    return ctl_fail(ctl, "cannot find out where deskbell itself is");
  *strrchr(self, '/') = '\0';
  char *program = up_find_program(self, "email");
  if (!program)
    return ctl_fail(ctl, "the program email is not installed");
  snprintf(patience, sizeof(patience), "%lld", (long long)(t->until_ms - t->began_ms));
  const char *argv[] = {program,       "--check-deliver", ctl->dir, ctl->config ? ctl->config : "", t->channel->name,
                        t->message_id, t->reply_token,    t->token, patience, NULL};
  int r = run_child(t, (char *const *)(uintptr_t)argv);
  if (r < 0)
    ctl_fail(ctl, "cannot run %s: %s", program, strerror(-r));
  free(program);
  return r < 0 ? CTL_FAILED : CTL_OK;
}

static void read_answers(struct trial *t) {
  static const char *const names[ANSWERS] = {"from", "to", "relay", "tls", "outcome", "code", "why", "error"};
  for (size_t i = 0; i < ANSWERS; i++)
    t->answers[i] = (char *)"";
  char *rest = t->said.len ? t->said.at : (char *)"", *line;
  while ((line = strsep(&rest, "\n")))
    for (size_t i = 0; i < ANSWERS; i++) {
      size_t len = strlen(names[i]);
      if (strncmp(line, names[i], len) == 0 && line[len] == ' ')
        t->answers[i] = line + len + 1;
    }
}

/* ---- what the relay said */

/* What to do about it: the first row whose words stand in the relay's code or text. */
static const struct {
  const char *words, *advice;
} advices[] = {
    {"cannot be reached", "does it run, are smtp.host and smtp.port right, does a firewall let this machine through?"},
    {"STARTTLS", "does it offer TLS on this port? smtp.tls: implicit for port 465, none only for a relay on this machine"},
    {"TLS", "smtp.tls_ca_file for a certificate of your own authority, smtp.tls_pin for this one certificate"},
    {"535", "are smtp.user and smtp.password_file (or token_file) those that the relay knows?"},
    {"530", "it wants a login: smtp.user with smtp.password_file or token_file"},
    {"5.1.", "it does not know this recipient: its domain must accept + addresses (Postfix: recipient_delimiter = +)"},
    {"unknown", "it does not know this recipient: its domain must accept + addresses (Postfix: recipient_delimiter = +)"},
    {"5.7.", "it does not relay for us: permit this machine (Postfix: mynetworks) or log in with smtp.user; and is the channel's "
             "address one that it lets us write from?"},
    {"4.7.", "it puts strangers off for a while (greylisting): exempt this machine, or try again in some minutes"},
    {"before the answer came", "its log says whether it took the mail"},
    {"", "its log says more"},
};

static const char *advice_for(const struct trial *t) {
  size_t i = 0;
  while (!strstr(t->answers[ANSWER_CODE], advices[i].words) && !strstr(t->answers[ANSWER_WHY], advices[i].words))
    i++;
  return advices[i].advice;
}

/* Returns whether it may come back. */
static bool tell_relay(struct trial *t) {
  char *const *a = t->answers;
  auto_clean(buf_free) struct buf detail = BUF_INIT(DETAIL_MOST);
  bool accepted = strcmp(a[ANSWER_OUTCOME], "accepted") == 0, unsure = strcmp(a[ANSWER_OUTCOME], "unsure") == 0;
  const char *code = strstr(a[ANSWER_WHY], a[ANSWER_CODE]) ? "" : a[ANSWER_CODE]; /* most words begin with it */
  if (a[ANSWER_ERROR][0])
    buf_add_text(&detail, a[ANSWER_ERROR]);
  else if (!a[ANSWER_RELAY][0])
    buf_add_text(&detail, "the program email ended without a word: its own log says why");
  else if (!a[ANSWER_OUTCOME][0])
    buf_printf(&detail, "%s did not answer in time: does it run, and how busy is it?", a[ANSWER_RELAY]);
  else if (accepted)
    buf_printf(&detail, "%s took it from %s to %s, %s: %s%s%s", a[ANSWER_RELAY], a[ANSWER_FROM], a[ANSWER_TO], a[ANSWER_TLS],
               code, code[0] ? " " : "", a[ANSWER_WHY]);
  else
    buf_printf(&detail, "%s did not take it from %s to %s (%s)%s%s: %s. What to do: %s", a[ANSWER_RELAY], a[ANSWER_FROM],
               a[ANSWER_TO], a[ANSWER_TLS], code[0] ? ": " : "", code, a[ANSWER_WHY], advice_for(t));
  say(t, accepted, "relay", &detail);
  return accepted || unsure;
}

/* ---- what came back */

static void tell_ids(struct trial *t, const contact_event *e, const struct entry *entry) {
  auto_clean(buf_free) struct buf detail = BUF_INIT(DETAIL_MOST);
  bool id = strcmp(e->thread->message_id, t->message_id) == 0, token = false;
  for (size_t i = 0; i < e->thread->n_reply_tokens; i++)
    token = token || strcasecmp(e->thread->reply_tokens[i], t->reply_token) == 0;
  if (id && token)
    buf_add_text(&detail, "the Message-ID and the + address survived: answers find their conversation");
  if (!id)
    buf_add_text(&detail, "the Message-ID was replaced on the way: tell the relay to keep it, else answers are known by the + address "
                          "alone. ");
  if (!token)
    buf_add_text(&detail, "the + address was lost: its domain must keep + addresses (Postfix: recipient_delimiter = +), else bounces "
                          "and answers are known by the Message-ID alone. ");
  if (!slice_equal(entry->meta[META_HOW], SLICE("loopback")))
    buf_printf(&detail, "With both gone it was taken for a customer's mail: event %s, see `deskbell trace %s`. ", e->id, e->id);
  say(t, id && token, "ids", &detail);
}

/* In the order of what is to be mended first. */
static void tell_authenticity(struct trial *t, const contact_event *e) {
  auto_clean(buf_free) struct buf detail = BUF_INIT(DETAIL_MOST);
  const Deskbell__V1__Authenticity *a = e->authenticity;
  if (!t->channel->authserv_id_count || !a) {
    buf_add_text(&detail, t->channel->authserv_id_count
                              ? "no Authentication-Results of the configured authserv_ids: many servers write none for mail of their own "
                                "users; look at a mail of yours in a mailbox elsewhere"
                              : "not known: the channel trusts no Authentication-Results (authserv_ids)");
    say(t, true, "authenticity", &detail);
    return;
  }
  const struct {
    const char *name, *value, *advice;
  } rows[] = {{"SPF", a->spf, "name the relay in the TXT record of the sender's domain"},
              {"DKIM", a->dkim, "let the relay sign for the sender's domain, and publish the key"},
              {"DMARC", a->dmarc, "SPF or DKIM must pass for the very domain in From"}};
  bool good = true;
  buf_printf(&detail, "%s says", a->authserv_id);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    buf_printf(&detail, " %s %s", rows[i].name, rows[i].value[0] ? rows[i].value : "nothing");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    bool bad = strcmp(rows[i].value, "fail") == 0 || strcmp(rows[i].value, "softfail") == 0 ||
               strcmp(rows[i].value, "permerror") == 0;
    good = good && !bad;
    if (bad || strcmp(rows[i].value, "none") == 0)
      buf_printf(&detail, "; %s: %s", rows[i].name, rows[i].advice);
  }
  say(t, good, "authenticity", &detail);
}

static void tell_bounce(struct trial *t, const contact_event *e) {
  auto_clean(buf_free) struct buf detail = BUF_INIT(DETAIL_MOST);
  const Deskbell__V1__ReportedRecipient *to = e->report->n_recipients ? e->report->recipients[0] : NULL;
  buf_printf(&detail, "came back as a report of %s: %s %s %s. What to do: the relay must hand the channel's addresses, with "
             "+ addresses, to the desk's LMTP or into a mailbox that is read for this channel",
             e->report->reporter[0] ? e->report->reporter : "a mail server", to ? to->action : "", to ? to->status : "",
             to ? to->diagnostic : "");
  say(t, false, "return", &detail);
}

static void tell_return(struct trial *t, const contact_event *e, const struct entry *entry) {
  auto_clean(buf_free) struct buf detail = BUF_INIT(DETAIL_MOST);
  int64_t took = entry_at(entry) - t->began_ms;
  bool here = strcmp(e->channel, t->channel->name) == 0;
  buf_printf(&detail, "came back after %lld ms", (long long)took);
  if (e->place)
    buf_printf(&detail, " in the mailbox %s, %s", e->place->mailbox, e->place->folder);
  else
    buf_add_text(&detail, " over LMTP");
  if (!here)
    buf_printf(&detail, ", on channel %s: to which channel does its address belong?", e->channel);
  json_t *one = say(t, here, "return", &detail);
  json_object_set_new(one, "round_trip_ms", json_integer(took));
  tell_ids(t, e, entry);
  tell_authenticity(t, e);
}

/* Is this it, or a report on it? */
static bool tell_if_ours(struct trial *t, const struct entry *entry) {
  contact_event *e = entry_event(t->v, entry);
  bool report = e && e->report && e->thread && strcmp(e->report->of_message_id, t->message_id) == 0;
  if (report)
    tell_bounce(t, e);
  else if (e && e->thread && strstr(e->subject, t->token))
    tell_return(t, e, entry);
  else
    return false;
  return true;
}

/* Reads the journal on, from where it was before the mail was sent. Returns < 0 when Redis is gone. */
static int wait_for_it(struct trial *t) {
  for (int64_t left; (left = t->until_ms - clock_now_ms()) > 0;) {
    char block[24];
    snprintf(block, sizeof(block), "%lld", (long long)(left < BLOCK_MS ? left : BLOCK_MS));
    auto_reply *reply = CALL(t->v, "XREAD", "COUNT", "100", "BLOCK", block, "STREAMS", TAG ":journal", t->cursor);
    if (!reply)
      return -EIO;
    const redisReply *list = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2
                                 ? reply->element[0]->element[1] : NULL;
    for (size_t i = 0; list && i < list->elements; i++) {
      struct entry entry;
      if (!entry_read(list->element[i], &entry))
        continue;
      snprintf(t->cursor, sizeof(t->cursor), "%s", entry.cursor);
      arena_reset(t->v->arena);
      if (tell_if_ours(t, &entry))
        return 0;
    }
  }
  auto_clean(buf_free) struct buf detail = BUF_INIT(DETAIL_MOST);
  buf_printf(&detail, "did not come back within %lld s. What to do: look in the log of %s for \"%s\": where did %s go? It must be handed to "
             "the desk's LMTP or into a mailbox that is read for this channel; with a slow one, --wait longer",
             (long long)((t->until_ms - t->began_ms) / 1000), t->answers[ANSWER_RELAY], t->answers[ANSWER_WHY], t->answers[ANSWER_TO]);
  say(t, false, "return", &detail);
  return 0;
}

/* ---- all */

static int remember_place(struct trial *t) {
  auto_reply *last = CALL(t->v, "XREVRANGE", TAG ":journal", "+", "-", "COUNT", "1");
  if (!last)
    return CTL_FAILED;
  bool any = last->type == REDIS_REPLY_ARRAY && last->elements == 1 && last->element[0]->elements == 2;
  snprintf(t->cursor, sizeof(t->cursor), "%s", any ? reply_text(last->element[0]->element[0]) : "0-0");
  return CTL_OK;
}

static int try_channel(struct checking *c, struct desk_view *v, const struct channel_config *channel, int64_t patience_ms) {
  struct trial t = {.c = c, .v = v, .channel = channel, .said = BUF_INIT(SAID_MOST), .began_ms = clock_now_ms()};
  t.until_ms = t.began_ms + patience_ms;
  int status = name_it(&t);
  if (status == CTL_OK)
    status = remember_place(&t);
  if (status == CTL_OK)
    status = send_it(&t);
  if (status == CTL_OK) {
    read_answers(&t);
    if (tell_relay(&t) && wait_for_it(&t) < 0)
      status = CTL_FAILED;
  }
  buf_free(&t.said);
  return status;
}

int check_deliver(struct checking *c, struct desk_view *v, const char *channel, int64_t patience_ms) {
  size_t tried = 0;
  int status = CTL_OK;
  for (size_t i = 0; status == CTL_OK && i < v->config->channel_count; i++) {
    const struct channel_config *one = &v->config->channels[i];
    if (one->kind != CHANNEL_EMAIL || (*channel ? strcmp(one->name, channel) != 0 : !one->enabled))
      continue;
    tried++;
    status = try_channel(c, v, one, patience_ms);
  }
  if (status == CTL_OK && !tried)
    return *channel ? ctl_fail(v->ctl, "there is no e-mail channel \"%s\"", channel) : ctl_fail(v->ctl, "no e-mail channel is enabled");
  return status;
}
