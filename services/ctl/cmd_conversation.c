/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell conversation: seen, put together and taken apart by hand. What changes is one atomic step in Redis
 * (conversation.lua); what a step needs to know of the journal is read before and checked there by the chain's end.
 */
#include "base/clock.h"
#include "conversation.h"
#include "text/subject.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MOST = 64 * 1024 * 1024, TRIES = 5, IDS_MAX = 2 * CONVERSATION_ENTRIES_MAX, TEXT_MOST = 1024 * 1024 };

struct asked {
  const char *at, *to, *into, *by;
};

struct work {
  struct desk_view *view;
  const struct asked *asked;
  struct arena *arena;
  char now[24];
};

static const char *text_of(struct work *w, const struct buf *b) {
  const char *text = arena_copy(w->arena, buf_slice(b));
  return text ? text : "";
}

/* Ids that nothing else has: of a new conversation ("v"), of a work item should one be needed ("w"). */
static void new_id(struct work *w, char prefix, const char *from, char ret[EVENT_ID_LEN + 2]) {
  char text[EVENT_ID_LEN + 1];
  const char kind[2] = {prefix, '\0'};
  struct event_id id = event_id_make(SLICE("by hand"), slice_text(kind), slice_text(from), slice_text(w->now));
  event_id_text(&id, text);
  snprintf(ret, EVENT_ID_LEN + 2, "%c%s", prefix, text);
}

/* ---- who takes part */

static bool has_key(const struct buf *list, const char *key) {
  char framed[700];
  int len = snprintf(framed, sizeof(framed), "|%s|", key);
  return list->len && memmem(list->at, list->len, framed, (size_t)len);
}

/* "|key|key|" */
static void add_keys(struct buf *list, const struct said *s) {
  if (!list->len)
    buf_add_text(list, "|");
  for (size_t i = 0; i < s->key_count; i++)
    if (!has_key(list, s->keys[i]))
      buf_printf(list, "%s|", s->keys[i]);
}

/* Those of `moved` who are not in `left`, as participants and as guests. */
static const char *gone_keys(struct work *w, const struct buf *moved, const struct buf *left) {
  auto_clean(buf_free) struct buf gone = BUF_INIT(TEXT_MOST);
  struct slice rest = buf_slice(moved), key;
  buf_add_text(&gone, "|");
  while (slice_split(&rest, '|', &key)) {
    const char *text = key.len ? arena_copy(w->arena, key) : NULL;
    if (text && !has_key(left, text))
      buf_printf(&gone, "%s|~%s|", text, text);
  }
  return text_of(w, &gone);
}

/* ---- what a step answered */

struct told {
  const char *outcome, *words; /* %s: the id it is about */
};

static int tell(struct work *w, const redisReply *reply, const struct told *rows, size_t count, const char *done) {
  if (!reply)
    return CTL_FAILED;
  bool pair = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
  const char *outcome = pair ? reply_text(reply->element[0]) : "", *id = pair ? reply_text(reply->element[1]) : "";
  for (size_t i = 0; i < count; i++)
    if (strcmp(outcome, rows[i].outcome) == 0)
      return ctl_fail(w->view->ctl, "%s: %s", id, rows[i].words);
  if (strcmp(outcome, "OK") != 0)
    return ctl_fail(w->view->ctl, "Redis answers something unknown: %s", outcome);
  if (w->view->ctl->json) {
    json_t *j = json_object();
    json_object_set_new(j, "conversation", json_string(id));
    print_json(j);
  } else {
    printf("%s %s\n", done, id);
  }
  return CTL_OK;
}

/* ---- merge, and undo it */

static int run_merge(struct work *w, const char *what) {
  static const struct told rows[] = {
      {"GONE", "there is no such conversation"},
      {"MERGED", "it is part of this conversation already; `deskbell conversation split` takes it out"},
      {"SAME", "it cannot be merged into itself"},
      {"MANY", "50 conversations were merged into it; that is enough"}};
  struct conversation from, into;
  if (!w->asked->into[0])
    return ctl_wrong_usage(w->view->ctl, "merge into which conversation? --into ID");
  int r = conversation_find(w->view, w->arena, what, &from);
  if (r == CTL_OK)
    r = conversation_find(w->view, w->arena, w->asked->into, &into);
  if (r != CTL_OK)
    return r;
  auto_reply *reply = CALL(w->view, "FCALL", "deskbell_conversation_merge", "1", TAG, w->now, w->asked->by, from.id,
                           into.id);
  return tell(w, reply, rows, sizeof(rows) / sizeof(rows[0]), "merged into");
}

static int unmerge(struct work *w, const struct conversation *c) {
  static const struct told rows[] = {{"GONE", "there is no such conversation"},
                                     {"WHOLE", "it is not part of another conversation"},
                                     {"SINCE", "what it is in was merged into this one since; split that out first"}};
  char fresh[EVENT_ID_LEN + 2];
  new_id(w, 'w', c->id, fresh);
  fresh[DERIVED_ID_LEN] = '\0';
  auto_reply *reply = CALL(w->view, "FCALL", "deskbell_conversation_unmerge", "1", TAG, w->now, w->asked->by, c->id,
                           fresh);
  return tell(w, reply, rows, sizeof(rows) / sizeof(rows[0]), "out again of");
}

/* ---- split */

/* What a split takes along; NULL-terminated in the order of the chain, the latest first. */
struct cut {
  struct said_list chain, moved, left; /* `moved`, `left`: what belongs to it, without what went elsewhere */
  size_t at;                           /* in the chain: the first entry of the new conversation */
  bool partial;                        /* older entries were not read: nobody is taken for gone */
};

static bool is_event(const struct said *s, const char *event) {
  return strcmp(s->type, "event") == 0 && (strcmp(s->event, event) == 0 || strcmp(s->cursor, event) == 0);
}

static void put_said(struct work *w, struct said_list *list, struct said *s) {
  if (!list->at)
    list->at = arena_zalloc(w->arena, 2 * CONVERSATION_ENTRIES_MAX * sizeof(*list->at));
  if (list->at && list->count < 2 * CONVERSATION_ENTRIES_MAX)
    list->at[list->count++] = s;
}

/* Its own chain decides where it is cut; what was moved here goes by its time. */
static int find_cut(struct work *w, const struct conversation *c, struct cut *ret) {
  struct said_list all = {0};
  struct cut cut = {.at = SIZE_MAX};
  int r = conversation_chain(w->view, w->arena, c, &cut.chain);
  if (r == 0)
    r = conversation_all(w->view, w->arena, c, &all);
  if (r < 0)
    return CTL_FAILED;
  for (size_t i = 0; i < cut.chain.count; i++)
    if (is_event(cut.chain.at[i], w->asked->at))
      cut.at = i;
  if (cut.at == SIZE_MAX)
    return ctl_fail(w->view->ctl, "%s: %s is no message of this conversation's own%s%s", c->id, w->asked->at,
                    c->members[0] ? "; of a merged one? split that out first" : "",
                    cut.chain.cut ? "; only its latest entries are looked at" : "");
  struct slice unused;
  if (list_find(c->gone, cut.chain.at[cut.at]->cursor, &unused))
    return ctl_fail(w->view->ctl, "%s was moved to another conversation", w->asked->at);
  const char *begins = cut.chain.at[cut.at]->cursor;
  size_t before = 0;
  for (size_t i = 0; i < all.count; i++) {
    struct said *s = all.at[i];
    bool own = strcmp(s->home, c->id) == 0, taken = list_find(c->taken, s->cursor, &unused);
    bool along = cursor_compare(s->cursor, begins) >= 0 && (taken || own);
    put_said(w, along ? &cut.moved : &cut.left, s);
    before += !along && strcmp(s->type, "event") == 0;
  }
  if (before == 0 && !all.cut)
    return ctl_fail(w->view->ctl, "%s begins with that message: nothing would be left in it", c->id);
  cut.partial = all.cut;
  *ret = cut;
  return CTL_OK;
}

/* "w1=1 w2=1": under which work item each message is counted; of one that was moved, c->counted says it. */
static const char *count_work(struct work *w, const struct conversation *c, const struct said_list *list) {
  auto_clean(buf_free) struct buf text = BUF_INIT(TEXT_MOST);
  buf_add_text(&text, "");
  for (size_t i = 0; i < list->count; i++) {
    struct slice moved, part[2] = {SLICE(""), slice_text(list->at[i]->counts ? list->at[i]->work_item : "")};
    if (list_find(c->counted, list->at[i]->cursor, &moved))
      split_parts(moved, ':', part, 2);
    if (part[1].len)
      buf_printf(&text, "%s%.*s=1", text.len ? " " : "", (int)part[1].len, part[1].at);
  }
  return text_of(w, &text);
}

/* The cursors of `taken` before the cut, or from it on. */
static const char *taken_of(struct work *w, const char *taken, const char *begins, bool along) {
  auto_clean(buf_free) struct buf text = BUF_INIT(TEXT_MOST);
  struct slice rest = slice_text(taken), one;
  buf_add_text(&text, "");
  while (slice_split(&rest, ' ', &one)) {
    const char *cursor = one.len ? arena_copy(w->arena, one) : NULL;
    if (cursor && (cursor_compare(cursor, begins) >= 0) == along)
      buf_printf(&text, "%s%s", text.len ? " " : "", cursor);
  }
  return text_of(w, &text);
}

static int add_ids(const struct said_list *list, const char **argv, int argc) {
  for (size_t i = 0; i < list->count; i++)
    if (list->at[i]->digest[0]) {
      argv[argc++] = list->at[i]->channel;
      argv[argc++] = list->at[i]->digest;
    }
  return argc;
}

static redisReply *split_step(struct work *w, const struct conversation *c, const struct cut *cut) {
  const struct said *first = cut->chain.at[cut->at];
  const char *before = cut->at + 1 < cut->chain.count ? cut->chain.at[cut->at + 1]->cursor : "";
  char id[EVENT_ID_LEN + 2], item[EVENT_ID_LEN + 2], reference[REFERENCE_LEN + 1], at[24];
  auto_clean(buf_free) struct buf moved = BUF_INIT(TEXT_MOST), left = BUF_INIT(TEXT_MOST);
  new_id(w, 'v', first->cursor, id);
  new_id(w, 'w', first->cursor, item);
  event_reference(id + 1, reference);
  id[DERIVED_ID_LEN] = item[DERIVED_ID_LEN] = '\0';
  snprintf(at, sizeof(at), "%lld", (long long)first->at_ms);
  const char *customer = first->customer;
  for (size_t i = 0; i < cut->moved.count; i++) {
    add_keys(&moved, cut->moved.at[i]);
    customer = customer[0] ? customer : cut->moved.at[i]->customer;
  }
  for (size_t i = 0; i < cut->left.count; i++)
    add_keys(&left, cut->left.at[i]);
  const char *subject = subject_shown(w->arena, slice_text(first->subject), NULL);
  const char *base = subject_digest(w->arena, slice_text(first->subject));
  const char **argv = arena_alloc(w->arena, (25 + 2 * IDS_MAX) * sizeof(*argv));
  if (!argv || !subject || !base)
    return NULL;
  bool mail = strcmp(first->channel_kind, "email") == 0; /* all else runs as a talk of its sender */
  const char *const head[] = {"FCALL", "deskbell_conversation_split", "1", TAG, w->now, w->asked->by, c->id, c->last,
                              id, first->cursor, before, first->event, at, item, customer, first->channel, reference,
                              subject, cut->partial ? "|" : gone_keys(w, &moved, &left), text_of(w, &moved),
                              taken_of(w, c->taken, first->cursor, false), taken_of(w, c->taken, first->cursor, true),
                              mail ? "" : first->key, count_work(w, c, &cut->moved), mail ? base : ""};
  memcpy(argv, head, sizeof(head));
  return desk_call(w->view, add_ids(&cut->moved, argv, (int)(sizeof(head) / sizeof(head[0]))), argv);
}

static bool is_news(const redisReply *r) {
  return r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 && strcmp(reply_text(r->element[0]), "NEWS") == 0;
}

/* A merged conversation whose first message is that event: to be taken out again. */
static bool find_member(struct work *w, const struct conversation *c, struct conversation *ret) {
  struct slice rest = slice_text(c->members), id;
  while (slice_split(&rest, ' ', &id)) {
    struct said_list chain = {0};
    if (!id.len || conversation_read(w->view, w->arena, arena_copy(w->arena, id), ret) < 0 ||
        conversation_chain(w->view, w->arena, ret, &chain) < 0)
      continue;
    for (size_t i = chain.count; i > 0; i--)
      if (strcmp(chain.at[i - 1]->type, "event") == 0) {
        if (is_event(chain.at[i - 1], w->asked->at))
          return true;
        break;
      }
  }
  return false;
}

static int run_split(struct work *w, const char *what) {
  static const struct told rows[] = {{"GONE", "there is no such conversation"},
                                     {"MERGED", "it was merged into this conversation meanwhile"},
                                     {"NEWS", "it changes all the time; try again"},
                                     {"MANY", "it was split 50 times; that is enough"}};
  struct conversation c, member;
  int r = conversation_find(w->view, w->arena, what, &c);
  if (r != CTL_OK)
    return r;
  if (c.merged[0] && !w->asked->at[0])
    return unmerge(w, &c);
  if (c.merged[0])
    return ctl_fail(w->view->ctl, "%s was merged into %s; take it out first: deskbell conversation split %s", c.id,
                    c.merged, c.id);
  if (!w->asked->at[0])
    return ctl_wrong_usage(w->view->ctl, "split at which message? --at EVENT");
  if (find_member(w, &c, &member))
    return unmerge(w, &member);
  redisReply *reply = NULL;
  for (int n = 0; n < TRIES && (n == 0 || is_news(reply)); n++) {
    struct cut cut = {.at = SIZE_MAX};
    reply_free(&reply);
    if (n && conversation_read(w->view, w->arena, c.id, &c) < 0)
      return CTL_FAILED;
    r = find_cut(w, &c, &cut);
    if (r != CTL_OK)
      return r;
    reply = split_step(w, &c, &cut);
  }
  r = tell(w, reply, rows, sizeof(rows) / sizeof(rows[0]), "split off:");
  reply_free(&reply);
  return r;
}

/* ---- move */

static redisReply *move_step(struct work *w, const struct said *s, const struct conversation *from,
                             const struct conversation *to, const struct said_list *all) {
  char fresh[EVENT_ID_LEN + 2], at[24];
  auto_clean(buf_free) struct buf moved = BUF_INIT(TEXT_MOST), left = BUF_INIT(TEXT_MOST);
  new_id(w, 'w', s->cursor, fresh);
  fresh[DERIVED_ID_LEN] = '\0';
  snprintf(at, sizeof(at), "%lld", (long long)s->at_ms);
  add_keys(&moved, s);
  for (size_t i = 0; i < all->count; i++)
    if (strcmp(all->at[i]->cursor, s->cursor) != 0)
      add_keys(&left, all->at[i]);
  const char *argv[20] = {"FCALL", "deskbell_conversation_move", "1", TAG, w->now, w->asked->by, from->id, from->last,
                          to->id, s->cursor, s->event, at, fresh, s->counts ? s->work_item : "",
                          all->cut ? "|" : gone_keys(w, &moved, &left), text_of(w, &moved)};
  int argc = 16;
  if (s->digest[0]) {
    argv[argc++] = s->channel;
    argv[argc++] = s->digest;
  }
  return desk_call(w->view, argc, argv);
}

/* Where the message is now, and whether anything is left there without it. */
static int find_place(struct work *w, const struct said *s, struct conversation *from, struct said_list *all) {
  struct conversation holder;
  int r = s->home[0] ? conversation_of(w->view, w->arena, s->cursor, s->home, from) : -ENOENT;
  if (r == 0)
    r = conversation_survivor(w->view, w->arena, from, &holder);
  if (r == 0)
    r = conversation_all(w->view, w->arena, &holder, all);
  if (r == -ENOENT)
    return ctl_fail(w->view->ctl, "%s is in no conversation", s->event);
  if (r < 0)
    return CTL_FAILED;
  size_t messages = 0;
  for (size_t i = 0; i < all->count; i++)
    messages += strcmp(all->at[i]->type, "event") == 0;
  if (messages < 2)
    return ctl_fail(w->view->ctl, "it is the only message of %s: deskbell conversation merge %s --into %s", holder.id,
                    holder.id, w->asked->to);
  return CTL_OK;
}

static int run_move(struct work *w, const char *event) {
  static const struct told rows[] = {{"GONE", "there is no such conversation"},
                                     {"SAME", "it is there already"},
                                     {"NEWS", "it changes all the time; try again"},
                                     {"MANY", "50 messages were moved; split or merge instead"}};
  struct conversation to;
  struct said *s = NULL;
  if (!w->asked->to[0])
    return ctl_wrong_usage(w->view->ctl, "move to which conversation? --to ID");
  int r = said_of_event(w->view, w->arena, event, &s);
  if (r == -ENOENT || (r == 0 && strcmp(s->type, "event") != 0))
    return ctl_fail(w->view->ctl, "there is no message %s; an old one is found by its cursor (conversation show --json)",
                    event);
  if (r < 0)
    return CTL_FAILED;
  r = conversation_find(w->view, w->arena, w->asked->to, &to);
  redisReply *reply = NULL;
  for (int n = 0; r == CTL_OK && n < TRIES && (n == 0 || is_news(reply)); n++) {
    struct conversation from;
    struct said_list all = {0};
    reply_free(&reply);
    r = find_place(w, s, &from, &all);
    if (r == CTL_OK)
      reply = move_step(w, s, &from, &to, &all);
  }
  if (r == CTL_OK)
    r = tell(w, reply, rows, sizeof(rows) / sizeof(rows[0]), "moved to");
  reply_free(&reply);
  return r;
}

int cmd_conversation(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"at", required_argument, NULL, 'a'}, {"to", required_argument, NULL, 't'},
                                          {"into", required_argument, NULL, 'i'}, {"by", required_argument, NULL, 'b'},
                                          {0}};
  static const struct {
    const char *name, *what;
    int (*run)(struct work *w, const char *what);
  } verbs[] = {{"show", "a conversation or reference", NULL},
               {"split", "a conversation", run_split},
               {"move", "a message", run_move},
               {"merge", "a conversation", run_merge}};
  struct asked asked = {.at = "", .to = "", .into = "", .by = "operator"};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == '?')
      return ctl_wrong_usage(ctl, "wrong option");
    *(o == 'a' ? &asked.at : o == 't' ? &asked.to : o == 'i' ? &asked.into : &asked.by) = optarg;
  }
  if (optind >= argc)
    return ctl_wrong_usage(ctl, "show, split, move or merge?");
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (strcmp(argv[optind], verbs[i].name) != 0)
      continue;
    if (argc - optind != 2)
      return ctl_wrong_usage(ctl, "%s wants %s", verbs[i].name, verbs[i].what);
    struct desk_view v;
    int status = desk_view_open(ctl, &v);
    if (status != CTL_OK)
      return status;
    struct work w = {.view = &v, .asked = &asked, .arena = arena_new(1024 * 1024, ARENA_MOST)};
    snprintf(w.now, sizeof(w.now), "%lld", (long long)clock_now_ms());
    status = verbs[i].run ? verbs[i].run(&w, argv[optind + 1]) : conversation_show(&v, w.arena, argv[optind + 1]);
    arena_free(&w.arena);
    desk_view_close(&v);
    return status;
  }
  return ctl_wrong_usage(ctl, "there is no \"conversation %s\"", argv[optind]);
}
