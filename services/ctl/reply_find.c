/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"
#include "token/token.h"
#include <stdio.h>

enum { CHAIN_MOST = 1000 };

/* ---- the conversation */

/* By its id, a work item's, or the reference a customer was told. */
static int find_conversation(struct reply *r) {
  struct desk_view *v = r->view;
  const char *what = r->wish->conversation;
  char key[128];
  snprintf(r->talk.id, sizeof(r->talk.id), "%.60s", what);
  if (what[0] == 'w' || (strlen(what) == REFERENCE_LEN && what[4] == '-')) {
    snprintf(key, sizeof(key), what[0] == 'w' ? TAG ":item:%.64s" : TAG ":ref:%.64s", what);
    auto_reply *found = what[0] == 'w' ? CALL(v, "HGET", key, "facts") : CALL(v, "GET", key);
    struct slice first;
    split_parts(slice_text(reply_text(found)), '\x1f', &first, 1);
    snprintf(r->talk.id, sizeof(r->talk.id), "%.*s", (int)(first.len < 60 ? first.len : 60), first.at);
  }
  for (int hops = 0; hops < 10; hops++) {
    snprintf(key, sizeof(key), TAG ":conv:%s", r->talk.id);
    auto_reply *found = CALL(v, "HMGET", key, "facts", "merged");
    if (!found)
      return CTL_FAILED;
    struct slice facts[2];
    split_parts(slice_text(found->elements == 2 ? reply_text(found->element[0]) : ""), '\x1f', facts, 2);
    if (facts[1].len == 0 || strlen(r->talk.id) != CONVERSATION_ID_LEN)
      break;
    int len = facts[1].len < 60 ? (int)facts[1].len : 60;
    snprintf(r->talk.channel, sizeof(r->talk.channel), "%.*s", len, facts[1].at);
    if (!reply_text(found->element[1])[0])
      return CTL_OK;
    snprintf(r->talk.id, sizeof(r->talk.id), "%.60s", reply_text(found->element[1]));
  }
  return ctl_fail(v->ctl, "there is no conversation \"%s\"", what);
}

/* A bounce or report is nobody's letter. */
static bool is_letter(const contact_event *e) {
  const char *automatic = e->automatic ? e->automatic->kind : "";
  return e->kind == DESKBELL__V1__EVENT_KIND__MESSAGE && strcmp(automatic, "bounce") != 0 &&
         strcmp(automatic, "report") != 0;
}

static int read_talk(struct reply *r) {
  struct chain chain;
  struct entry e;
  const char *why;
  r->talk.root = (char *)"";
  chain_open(&chain, r->view, r->talk.id);
  for (int n = 0; n < CHAIN_MOST && chain_next(&chain, &e); n++) {
    contact_event *event = slice_equal(e.type, SLICE("event")) ? entry_event(r->view, &e) : NULL;
    if (!event || !is_letter(event))
      continue;
    if (event->thread && event->thread->message_id[0])
      r->talk.root = arena_copy(r->arena, slice_text(event->thread->message_id));
    if (!r->talk.latest && event_unpack(e.event, r->arena, &r->talk.latest, &why) != 0)
      r->talk.latest = NULL;
    if (!r->talk.root)
      break;
  }
  chain_close(&chain);
  if (r->talk.latest && r->talk.root)
    return CTL_OK;
  return ctl_fail(r->view->ctl, "%s has no message that could be answered", r->talk.id);
}

/* ---- the channel it goes out over */

/* A form has no way back: the address that was typed in says which kind of channel reaches it. */
static const struct channel_config *only_channel(const struct reply *r) {
  const struct config *c = r->view->config;
  const char *key = r->talk.latest->from ? r->talk.latest->from->key : "";
  enum channel_kind kind = strncmp(key, "tel:", 4) == 0 ? CHANNEL_SMS : CHANNEL_EMAIL;
  const struct channel_config *found = NULL;
  for (size_t i = 0; i < c->channel_count; i++) {
    if (c->channels[i].kind != kind || !c->channels[i].enabled)
      continue;
    if (found)
      return NULL;
    found = &c->channels[i];
  }
  return found;
}

static int choose_channel(struct reply *r) {
  const struct config *c = r->view->config;
  const char *name = r->wish->channel[0] ? r->wish->channel : r->talk.channel;
  r->channel = config_channel(c, slice_text(name));
  if (!r->channel)
    return ctl_fail(r->view->ctl, "there is no channel \"%s\" in the configuration", name);
  if (r->channel->kind == CHANNEL_FORM && !(r->channel = only_channel(r)))
    return ctl_wrong_usage(r->view->ctl, "a form has no way back; over which channel? --channel NAME");
  return CTL_OK;
}

int reply_find(struct reply *r) {
  int status = find_conversation(r);
  if (status == CTL_OK)
    status = read_talk(r);
  return status == CTL_OK ? choose_channel(r) : status;
}
