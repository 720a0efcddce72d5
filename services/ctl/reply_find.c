/* SPDX-License-Identifier: Apache-2.0 */
#include "conversation.h"
#include "reply.h"
#include "token/token.h"
#include <errno.h>
#include <stdio.h>

enum { ROOT_MOST = 100 };

/* ---- the conversation */

/* By its id, a work item's, or the reference a customer was told; the one that took it over, when one did. */
static int find_conversation(struct reply *r, struct conversation *ret) {
  struct desk_view *v = r->view;
  const char *what = r->wish->conversation;
  struct conversation named;
  if (what[0] == 'w') {
    char key[128];
    struct slice first;
    snprintf(key, sizeof(key), TAG ":item:%.64s", what);
    auto_reply *found = CALL(v, "HGET", key, "facts");
    split_parts(slice_text(reply_text(found)), '\x1f', &first, 1);
    if (first.len)
      what = arena_copy(r->arena, first);
  }
  int status = conversation_find(v, r->arena, what, &named);
  if (status != CTL_OK)
    return status;
  int got = conversation_survivor(v, r->arena, &named, ret);
  if (got == -ENOENT)
    return ctl_fail(v->ctl, "there is no conversation \"%s\"", what);
  return got < 0 ? CTL_FAILED : CTL_OK;
}

/* A bounce or report is nobody's letter. */
static bool is_letter(const contact_event *e) {
  const char *automatic = e->automatic ? e->automatic->kind : "";
  return e->kind == DESKBELL__V1__EVENT_KIND__MESSAGE && strcmp(automatic, "bounce") != 0 &&
         strcmp(automatic, "report") != 0;
}

/* The event of an entry, in the arena of the reply; NULL when it is no letter. */
static contact_event *letter_of(struct reply *r, const struct said *said) {
  redisReply *reply = NULL;
  struct entry e;
  contact_event *event = NULL;
  const char *why;
  if (strcmp(said->type, "event") == 0 && entry_get(r->view, said->cursor, &reply, &e) == 0 &&
      (event_unpack(e.event, r->arena, &event, &why) != 0 || !is_letter(event)))
    event = NULL;
  freeReplyObject(reply);
  return event;
}

/* The Message-ID of its first letter, sought among the first ROOT_MOST entries: it matters for mail alone. */
static char *root_of(struct reply *r, const struct said_list *all) {
  for (size_t i = 0; i < all->count && i < ROOT_MOST; i++) {
    const contact_event *event = letter_of(r, all->at[i]);
    if (event && event->thread && event->thread->message_id[0])
      return event->thread->message_id;
  }
  return (char *)"";
}

static int read_talk(struct reply *r, const struct conversation *c) {
  struct said_list all = {0};
  const struct said *latest;
  snprintf(r->talk.id, sizeof(r->talk.id), "%s", c->id);
  snprintf(r->talk.channel, sizeof(r->talk.channel), "%s", c->channel);
  if (conversation_all(r->view, r->arena, c, &all) < 0)
    return CTL_FAILED;
  while ((latest = conversation_latest(&all)) && !(r->talk.latest = letter_of(r, latest)))
    for (size_t i = 0; i < all.count; i++) /* what came back is not answered: the one before it */
      if (all.at[i] == latest)
        all.at[i]->counts = false;
  r->talk.root = root_of(r, &all);
  if (r->talk.latest)
    return CTL_OK;
  return ctl_fail(r->view->ctl, "%s has no message that could be answered", r->talk.id);
}

/* ---- the channel it goes out over */

/* A form has no way back: the address that was typed in says which kind of channel reaches it. */
static const struct channel_config *only_channel(const struct reply *r) {
  const char *key = r->talk.latest->from ? r->talk.latest->from->key : "";
  return config_only_channel(r->view->config, strncmp(key, "tel:", 4) == 0 ? CHANNEL_SMS : CHANNEL_EMAIL);
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
  struct conversation c;
  int status = find_conversation(r, &c);
  if (status == CTL_OK)
    status = read_talk(r, &c);
  return status == CTL_OK ? choose_channel(r) : status;
}
