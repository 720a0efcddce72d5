/* SPDX-License-Identifier: Apache-2.0 */
#include "notice.h"
#include "base/clock.h"
#include <stdlib.h>

enum form { UNTIL, END, HOW, REQUEUE, UNTIL_WHY, WHAT, NONE, REOPEN, DEADLINE, PRESENCE, DESK };

static const struct {
  const char *type;
  enum form form;
} notices[] = {
#define NOTICE(type, form) {#type, form},
#include "notices.def"
};

static int find(struct slice type) {
  for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
    if (slice_equal(type, slice_text(notices[i].type)))
      return (int)i;
  return -1;
}

bool notice_is(struct slice type) {
  return find(type) >= 0;
}

/* ---- pieces */

static struct slice word(struct slice *rest) {
  struct slice one = SLICE("");
  if (!rest->at || !slice_split(rest, ' ', &one))
    return SLICE("");
  return one;
}

static struct slice left(struct slice rest) {
  return rest.at ? rest : SLICE("");
}

/* What is not UTF-8 cannot stand in JSON; json_stringn() refuses it and the member is left out. */
static void set(struct notice *n, const char *name, struct slice value) {
  if (value.len)
    json_object_set_new(n->data, name, json_stringn(value.at, value.len));
}

static void set_moment(struct notice *n, const char *name, struct slice ms) {
  uint64_t at;
  char text[RFC3339_LEN + 1];
  if (slice_to_u64(ms, INT64_MAX / 2, &at) < 0 || at == 0)
    return;
  clock_rfc3339((int64_t)at, text);
  json_object_set_new(n->data, name, json_string(text));
}

static void concern(struct notice *n, struct slice agent) {
  if (agent.len && n->agent_count < NOTICE_AGENTS && !notice_concerns(n, agent))
    n->agents[n->agent_count++] = agent;
}

static void take_agents(struct notice *n, struct slice names) {
  json_t *list = json_array();
  struct slice all = names, one;
  while (names.len && slice_split(&names, ' ', &one)) {
    concern(n, one);
    if (one.len)
      json_array_append_new(list, json_stringn(one.at, one.len));
  }
  if (slice_equal(slice_text(n->event), SLICE("offer")))
    json_object_set(n->data, "agents", list);
  else
    set(n, "agent", all);
  json_decref(list);
}

/* ---- forms of evidence */

/* "accepted", "pulled", "picked", "taken from X". */
static void read_how(struct notice *n, struct slice evidence) {
  set(n, "how", word(&evidence));
  if (!slice_equal(word(&evidence), SLICE("from")))
    return;
  struct slice from = word(&evidence);
  set(n, "from", from);
  concern(n, from);
}

/* The queue it left, then "to=AGENT", "by=WHO", "lease". */
static void read_requeue(struct notice *n, const struct entry *e, struct slice evidence) {
  set(n, "from_queue", word(&evidence));
  for (struct slice w = word(&evidence); w.len; w = word(&evidence)) {
    struct slice name = w, value = w;
    slice_split(&value, '=', &name);
    if (slice_equal(name, SLICE("to")) && value.at) {
      set(n, "to", value);
      concern(n, value);
    } else if (slice_equal(name, SLICE("by")) && value.at) {
      set(n, "by", value);
    } else if (slice_equal(w, SLICE("lease"))) {
      json_object_set_new(n->data, "lease", json_true());
    }
  }
  set(n, "note", e->meta[META_CONTEXT]);
}

static void read_deadline(struct notice *n, struct slice evidence) {
  set(n, "what", word(&evidence));
  set(n, "target", word(&evidence));
  set_moment(n, "due", word(&evidence));
}

static void read_desk(struct notice *n, const struct entry *e) {
  uint64_t version;
  if (slice_to_u64(e->meta[META_DESK], INT64_MAX, &version) == 0)
    json_object_set_new(n->data, "version", json_integer((json_int_t)version));
  set(n, "by", e->meta[META_EVIDENCE]);
}

static void read_evidence(struct notice *n, enum form form, const struct entry *e) {
  struct slice evidence = e->meta[META_EVIDENCE];
  switch (form) {
  case UNTIL: set_moment(n, "until", word(&evidence)); return;
  case END:
    set(n, "how", word(&evidence));
    set(n, "why", left(evidence));
    return;
  case HOW: read_how(n, evidence); return;
  case REQUEUE: read_requeue(n, e, evidence); return;
  case UNTIL_WHY:
    set_moment(n, "until", word(&evidence));
    set(n, "why", left(evidence));
    return;
  case WHAT: set(n, "by", word(&evidence)); return;
  case REOPEN:
    (void)word(&evidence); /* the item, or the outbound message that made it so */
    set(n, "why", left(evidence));
    return;
  case DEADLINE: read_deadline(n, evidence); return;
  case PRESENCE:
    set(n, "was", word(&evidence));
    set(n, "presence", word(&evidence));
    set(n, "why", left(evidence));
    return;
  case DESK: read_desk(n, e); return;
  case NONE: return;
  }
}

bool notice_read(const struct entry *e, struct notice *ret) {
  int row = find(e->type);
  if (row < 0)
    return false;
  struct notice n = {.event = notices[row].type, .cursor = e->cursor, .data = json_object()};
  set(&n, "item", e->meta[META_WORK_ITEM]);
  set(&n, "conversation", e->meta[META_CONVERSATION]);
  set(&n, "queue", e->meta[META_QUEUE]);
  take_agents(&n, e->meta[META_AGENT]);
  set_moment(&n, "at", e->meta[META_AT]);
  read_evidence(&n, notices[row].form, e);
  *ret = n;
  return true;
}

const char *notice_text(struct notice *n) {
  if (!n->text)
    n->text = json_dumps(n->data, JSON_COMPACT);
  return n->text ? n->text : "{}";
}

void notice_free(struct notice *n) {
  json_decref(n->data);
  free(n->text);
  n->data = NULL;
  n->text = NULL;
}

bool notice_concerns(const struct notice *n, struct slice agent) {
  for (size_t i = 0; i < n->agent_count; i++)
    if (slice_equal(n->agents[i], agent))
      return true;
  return false;
}
