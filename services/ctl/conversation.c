/* SPDX-License-Identifier: Apache-2.0 */
#include "conversation.h"
#include "journal_work.h"
#include "base/clock.h"
#include "text/utf8.h"
#include "threading.h"
#include <stdio.h>
#include <stdlib.h>

enum { PREVIEW = 160, HOPS_MAX = 20, DEPTH_MAX = 10, WORDS_MAX = 2000 };
enum { KEYS_MAX = 21 }; /* the sender and as many others as the router lets take part */

static const char *copy(struct arena *a, struct slice s) {
  const char *text = arena_copy(a, s);
  return text ? text : "";
}

static const char *copy_reply(struct arena *a, const redisReply *r) {
  return copy(a, slice_text(reply_text(r)));
}

int cursor_compare(const char *a, const char *b) {
  char *a_end, *b_end;
  unsigned long long x = strtoull(a, &a_end, 10), y = strtoull(b, &b_end, 10);
  if (x == y) {
    x = *a_end == '-' ? strtoull(a_end + 1, NULL, 10) : 0;
    y = *b_end == '-' ? strtoull(b_end + 1, NULL, 10) : 0;
  }
  return x < y ? -1 : x > y;
}

bool list_find(const char *list, const char *word, struct slice *ret) {
  struct slice rest = slice_text(list), one, wanted = slice_text(word);
  while (slice_split(&rest, ' ', &one))
    if (one.len >= wanted.len && wanted.len && memcmp(one.at, wanted.at, wanted.len) == 0 &&
        (one.len == wanted.len || one.at[wanted.len] == ':')) {
      *ret = one;
      return true;
    }
  return false;
}

static bool in_list(const char *list, const char *word) {
  struct slice unused;
  return list_find(list, word, &unused);
}

/* ---- one conversation */

int conversation_read(struct desk_view *v, struct arena *a, const char *id, struct conversation *ret) {
  char key[128];
  snprintf(key, sizeof(key), TAG ":conv:%.64s", id);
  auto_reply *r = CALL(v, "HMGET", key, "facts", "item", "queue", "messages", "last", "begins", "participants", "merged",
                       "members", "parts", "gone", "taken", "subject", "counted", "ack");
  if (!r)
    return -EIO;
  if (r->type != REDIS_REPLY_ARRAY || r->elements != 15 || r->element[0]->type != REDIS_REPLY_STRING)
    return -ENOENT;
  enum { CUSTOMER, CHANNEL, CREATED, REFERENCE, SUBJECT, FACTS };
  struct slice facts[FACTS];
  uint64_t created = 0;
  split_parts(slice_text(reply_text(r->element[0])), '\x1f', facts, FACTS);
  if (slice_to_u64(facts[CREATED], INT64_MAX, &created) < 0)
    created = 0;
  const char *renamed = copy_reply(a, r->element[12]);
  *ret = (struct conversation){.id = copy(a, slice_text(id)),
                               .customer = copy(a, facts[CUSTOMER]),
                               .channel = copy(a, facts[CHANNEL]),
                               .reference = copy(a, facts[REFERENCE]),
                               .subject = *renamed ? renamed : copy(a, facts[SUBJECT]),
                               .item = copy_reply(a, r->element[1]),
                               .queue = copy_reply(a, r->element[2]),
                               .messages = copy_reply(a, r->element[3]),
                               .last = copy_reply(a, r->element[4]),
                               .begins = copy_reply(a, r->element[5]),
                               .participants = copy_reply(a, r->element[6]),
                               .merged = copy_reply(a, r->element[7]),
                               .members = copy_reply(a, r->element[8]),
                               .parts = copy_reply(a, r->element[9]),
                               .gone = copy_reply(a, r->element[10]),
                               .taken = copy_reply(a, r->element[11]),
                               .counted = copy_reply(a, r->element[13]),
                               .acknowledgement = copy_reply(a, r->element[14]),
                               .created_ms = (int64_t)created};
  return 0;
}

int conversation_find(struct desk_view *v, struct arena *a, const char *what, struct conversation *ret) {
  const char *id = what;
  if (strlen(what) == REFERENCE_LEN && what[4] == '-') {
    char key[128];
    snprintf(key, sizeof(key), TAG ":ref:%.64s", what);
    auto_reply *named = CALL(v, "GET", key);
    if (!named)
      return CTL_FAILED;
    id = copy_reply(a, named);
  }
  int r = conversation_read(v, a, id, ret);
  if (r == -ENOENT)
    return ctl_fail(v->ctl, "there is no conversation %s", what);
  return r < 0 ? CTL_FAILED : CTL_OK;
}

int conversation_survivor(struct desk_view *v, struct arena *a, const struct conversation *c,
                          struct conversation *ret) {
  *ret = *c;
  int r = 0;
  for (int n = 0; r == 0 && n < HOPS_MAX && ret->merged[0]; n++)
    r = conversation_read(v, a, ret->merged, ret);
  return r;
}

/* ---- entries */

static bool is_ours(const struct config *config, const char *address) {
  for (size_t i = 0; i < config->channel_count; i++)
    for (size_t k = 0; k < config->channels[i].address_count; k++)
      if (slice_equal_nocase(slice_text(config->channels[i].addresses[k]), slice_text(address)))
        return true;
  return false;
}

static void add_key(struct said *s, struct arena *a, const char *key) {
  if (key[0] && !strchr(key, '|') && s->keys && s->key_count < KEYS_MAX)
    s->keys[s->key_count++] = copy(a, slice_text(key));
}

static void set_event(struct desk_view *v, struct arena *a, const contact_event *e, struct said *s) {
  char digest[EVENT_ID_LEN + 1];
  s->channel = copy(a, slice_text(e->channel));
  s->channel_kind = copy(a, slice_text(e->channel_kind));
  s->subject = copy(a, slice_text(e->subject));
  s->keys = arena_alloc(a, KEYS_MAX * sizeof(*s->keys));
  if (e->from) {
    s->key = copy(a, slice_text(e->from->key));
    s->from = copy(a, slice_text(e->from->address[0] ? e->from->address : e->from->raw));
    s->name = copy(a, slice_text(e->from->name));
    add_key(s, a, e->from->key);
  }
  for (size_t i = 0; i < e->n_to; i++)
    if (!is_ours(v->config, e->to[i]->address))
      add_key(s, a, e->to[i]->key);
  struct slice text = slice_text(e->text);
  const char *line = utf8_one_line(a, slice_of(text.at, utf8_cut(text, PREVIEW)));
  s->text = line ? line : "";
  if (e->thread && e->thread->message_id[0]) {
    message_id_digest(slice_text(e->thread->message_id), digest);
    s->digest = copy(a, slice_text(digest));
  }
}

/* NULL when the arena is full. */
static struct said *said_new(struct desk_view *v, struct arena *a, const struct entry *e, const char *home) {
  struct said *s = arena_alloc(a, sizeof(*s));
  if (!s)
    return NULL;
  *s = (struct said){.home = home,
                     .cursor = copy(a, slice_text(e->cursor)),
                     .previous = copy(a, e->meta[META_PREVIOUS]),
                     .type = copy(a, e->type),
                     .event = copy(a, e->meta[META_EVENT]),
                     .customer = copy(a, e->meta[META_CUSTOMER]),
                     .work_item = copy(a, e->meta[META_WORK_ITEM]),
                     .queue = copy(a, e->meta[META_QUEUE]),
                     .how = copy(a, e->meta[META_HOW]),
                     .evidence = copy(a, e->meta[META_EVIDENCE]),
                     .agent = copy(a, e->meta[META_AGENT]),
                     .at_ms = entry_at(e),
                     .channel = "", .channel_kind = "", .key = "", .from = "", .name = "", .subject = "", .text = "",
                     .digest = "", .words = ""};
  contact_event *event = entry_event(v, e);
  if (event)
    set_event(v, a, event, s);
  if (work_type_of(e)) {
    auto_clean(buf_free) struct buf words = BUF_INIT(WORDS_MAX);
    work_words(e, &words);
    s->words = copy(a, buf_slice(&words));
  }
  if (strcmp(s->type, "event") == 0) {
    auto_clean(buf_free) struct buf words = BUF_INIT(WORDS_MAX);
    threading_words(e->meta[META_CONVERSATION], e->meta[META_HOW], e->meta[META_EVIDENCE], event, &words);
    s->words = copy(a, buf_slice(&words));
    s->counts = s->work_item[0] && !threading_has(e->meta[META_EVIDENCE], "no_work");
  }
  return s;
}

static int said_get(struct desk_view *v, struct arena *a, const char *cursor, const char *home, struct said **ret) {
  redisReply *reply = NULL;
  struct entry e;
  int r = entry_get(v, cursor, &reply, &e);
  if (r < 0)
    return r;
  *ret = said_new(v, a, &e, home ? home : copy(a, e.meta[META_CONVERSATION]));
  freeReplyObject(reply);
  return *ret ? 0 : -ENOMEM;
}

int said_of_event(struct desk_view *v, struct arena *a, const char *event, struct said **ret) {
  if (strchr(event, '-') && strspn(event, "0123456789-") == strlen(event))
    return said_get(v, a, event, NULL, ret);
  redisReply *reply = NULL;
  struct entry e;
  int r = entry_of_event(v, event, &reply, &e);
  if (r < 0)
    return r;
  *ret = said_new(v, a, &e, copy(a, e.meta[META_CONVERSATION]));
  freeReplyObject(reply);
  return *ret ? 0 : -ENOMEM;
}

/* False when there is no room for more. */
static bool list_add(struct said_list *list, struct arena *a, struct said *s) {
  if (list->count >= CONVERSATION_ENTRIES_MAX)
    return false;
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 64;
    struct said **more = arena_alloc(a, room * sizeof(*more));
    if (!more)
      return false;
    if (list->count)
      memcpy(more, list->at, list->count * sizeof(*more));
    list->at = more;
    list->room = room;
  }
  list->at[list->count++] = s;
  return true;
}

int conversation_chain(struct desk_view *v, struct arena *a, const struct conversation *c, struct said_list *ret) {
  const char *cursor = c->last;
  while (cursor[0]) {
    struct said *s = NULL;
    int r = said_get(v, a, cursor, c->id, &s);
    if (r == -EIO)
      return r;
    if (r < 0 || !list_add(ret, a, s)) { /* trimmed, or too much */
      ret->cut = true;
      return 0;
    }
    cursor = strcmp(cursor, c->begins) == 0 ? "" : s->previous;
  }
  return 0;
}

static int add_taken(struct desk_view *v, struct arena *a, const struct conversation *c, struct said_list *ret) {
  struct slice rest = slice_text(c->taken), cursor;
  while (slice_split(&rest, ' ', &cursor)) {
    struct said *s = NULL;
    int r = cursor.len ? said_get(v, a, copy(a, cursor), NULL, &s) : -ENOENT;
    if (r == -EIO)
      return r;
    if (r == 0 && !list_add(ret, a, s))
      ret->cut = true;
  }
  return 0;
}

static int collect(struct desk_view *v, struct arena *a, const struct conversation *c, int depth,
                   struct said_list *ret) {
  struct said_list own = {0};
  int r = conversation_chain(v, a, c, &own);
  ret->cut = ret->cut || own.cut;
  for (size_t i = 0; r == 0 && i < own.count; i++)
    if (!in_list(c->gone, own.at[i]->cursor) && !list_add(ret, a, own.at[i]))
      ret->cut = true;
  if (r == 0)
    r = add_taken(v, a, c, ret);
  struct slice rest = slice_text(c->members), id;
  while (r == 0 && depth < DEPTH_MAX && slice_split(&rest, ' ', &id)) {
    struct conversation member;
    r = id.len ? conversation_read(v, a, copy(a, id), &member) : -ENOENT;
    r = r == 0 ? collect(v, a, &member, depth + 1, ret) : r == -ENOENT ? 0 : r;
  }
  return r;
}

static int older_first(const void *a, const void *b) {
  return cursor_compare((*(struct said *const *)a)->cursor, (*(struct said *const *)b)->cursor);
}

int conversation_all(struct desk_view *v, struct arena *a, const struct conversation *c, struct said_list *ret) {
  int r = collect(v, a, c, 0, ret);
  if (r == 0 && ret->count)
    qsort(ret->at, ret->count, sizeof(*ret->at), older_first);
  return r;
}

static bool is_guest(const struct said *s) {
  return threading_has(slice_text(s->evidence), "guest") || threading_has(slice_text(s->evidence), "new_participant");
}

const struct said *conversation_latest(const struct said_list *all) {
  const struct said *guest = NULL;
  for (size_t i = all->count; i > 0; i--) {
    const struct said *s = all->at[i - 1];
    if (s->counts && !is_guest(s))
      return s;
    if (s->counts && !guest)
      guest = s;
  }
  return guest;
}

/* "v…:begins:ends": the first split that took the entry along. */
static bool part_of(struct arena *a, const char *parts, const char *cursor, const char **ret) {
  struct slice rest = slice_text(parts), one, field[3];
  while (slice_split(&rest, ' ', &one)) {
    split_parts(one, ':', field, 3);
    if (field[2].len && cursor_compare(copy(a, field[1]), cursor) <= 0 &&
        cursor_compare(cursor, copy(a, field[2])) <= 0) {
      *ret = copy(a, field[0]);
      return true;
    }
  }
  return false;
}

int conversation_of(struct desk_view *v, struct arena *a, const char *cursor, const char *conversation,
                    struct conversation *ret) {
  const char *id = conversation;
  for (int n = 0; n < HOPS_MAX; n++) {
    struct slice moved, field[2];
    int r = conversation_read(v, a, id, ret);
    if (r < 0 || in_list(ret->taken, cursor))
      return r;
    if (list_find(ret->gone, cursor, &moved)) {
      split_parts(moved, ':', field, 2);
      id = copy(a, field[1]);
    } else if (!part_of(a, ret->parts, cursor, &id)) {
      return 0;
    }
  }
  return 0;
}
