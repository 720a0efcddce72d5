/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's view of Redis: a blocking connection, the journal's entries, and their outside face
 * (CloudEvents 1.0). Keys and fields: proto/redis.md.
 */
#ifndef CTL_JOURNAL_H
#define CTL_JOURNAL_H

#include "ctl.h"
#include "event/event.h"
#include "journal/entry.h"

#define TAG "{p00}"

/* The desk a command works on. */
struct desk_view {
  const struct ctl *ctl;
  struct config *config;
  redisContext *redis;
  struct arena *arena;         /* of one entry; reset by entry_json() */
};

/* Loads the configuration and connects. Returns CTL_OK or an exit status after saying why. */
int must_check desk_view_open(const struct ctl *ctl, struct desk_view *ret);
void desk_view_close(struct desk_view *v);

/* A command's answer, or NULL after saying why (connection lost, error reply). The caller frees it. */
redisReply *desk_call(struct desk_view *v, int argc, const char **argv);
#define CALL(v, ...)                                                                                                \
  desk_call(v, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__})
/* The same with lengths: arguments may hold any bytes. */
redisReply *desk_call_bytes(struct desk_view *v, int argc, const char **argv, const size_t *lengths);
void reply_free(redisReply **r);
#define auto_reply auto_clean(reply_free) redisReply
/* "" unless it is a string. */
const char *reply_text(const redisReply *r);

/* By cursor. Returns 0 (gives *ret_reply, which the entry borrows), -ENOENT, -EIO after saying why. */
int must_check entry_get(struct desk_view *v, const char *cursor, redisReply **ret_reply, struct entry *ret);
/* Of a contact event. */
int must_check entry_of_event(struct desk_view *v, const char *event_id, redisReply **ret_reply, struct entry *ret);
int64_t entry_at(const struct entry *e);

/* The entries of a conversation, the latest first. */
struct chain {
  struct desk_view *view;
  redisReply *reply;
  char cursor[64];
};
void chain_open(struct chain *c, struct desk_view *v, const char *conversation);
/* Lends the next until the next call. Returns false at the end, and where the journal was trimmed. */
bool must_check chain_next(struct chain *c, struct entry *ret);
void chain_close(struct chain *c);
/* The four times of the trace: taken, spooled, sent, received by the router; 0 unknown. */
void entry_trace(const struct entry *e, int64_t ret[4]);
/* {state, as_of, tags[], value, language, open_conversations[], last_agent, name, profile}. */
json_t *entry_context(const struct entry *e);
/* The unpacked event in the view's arena, or NULL (no event's entry, quarantine of what cannot be unpacked). */
contact_event *entry_event(struct desk_view *v, const struct entry *e);
/* The entry as a CloudEvent. */
json_t *entry_json(struct desk_view *v, const struct entry *e);

json_t *slice_json(struct slice s);
/* RFC 3339; nothing when it is not above 0. */
void json_set_time(json_t *to, const char *name, int64_t at_ms);

/* Blobs of every program of this desk. Returns 0, BLOB_… or -errno. */
int must_check desk_blob(struct desk_view *v, const uint8_t sha256[32], struct buf *ret);
/* Prints JSON on one line, and a line end. */
void print_json(json_t *j);

#endif
