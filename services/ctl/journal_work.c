/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_work.h"
#include "base/clock.h"
#include "dispatch/record.h"
#include "record_show.h"
#include <stdlib.h>

/* What stands in the evidence. */
enum form { FORM_OFFER, FORM_HOW, FORM_REQUEUE, FORM_UNTIL, FORM_REOPEN, FORM_DEADLINE, FORM_PRESENCE };

static const struct row {
  struct work_type type;
  enum form form;
} rows[] = {
    {{"offer", "org.deskbell.work_item.offered.v1", "offered"}, FORM_OFFER},
    {{"offer_end", "org.deskbell.work_item.offer_ended.v1", "not taken"}, FORM_HOW},
    {{"claim", "org.deskbell.work_item.claimed.v1", "claimed"}, FORM_HOW},
    {{"requeue", "org.deskbell.work_item.requeued.v1", "requeued"}, FORM_REQUEUE},
    {{"hold", "org.deskbell.work_item.held.v1", "on hold"}, FORM_UNTIL},
    {{"snooze", "org.deskbell.work_item.snoozed.v1", "snoozed"}, FORM_UNTIL},
    {{"resume", "org.deskbell.work_item.resumed.v1", "resumed"}, FORM_HOW},
    {{"wrap", "org.deskbell.work_item.wrapping.v1", "wrapping up"}, FORM_UNTIL},
    {{"reopen", "org.deskbell.work_item.reopened.v1", "reopened"}, FORM_REOPEN},
    {{"deadline", "org.deskbell.work_item.deadline.v1", "deadline"}, FORM_DEADLINE},
    {{"presence", "org.deskbell.agent.presence.v1", "presence"}, FORM_PRESENCE},
};

static const struct row *row_of(const struct entry *e) {
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (slice_equal(e->type, slice_text(rows[i].type.type)))
      return rows[i].form == FORM_REOPEN && (!e->meta[META_EVIDENCE].len || e->meta[META_EVIDENCE].at[0] != 'w')
                 ? NULL
                 : &rows[i];
  return NULL;
}

const struct work_type *work_type_of(const struct entry *e) {
  const struct row *row = row_of(e);
  return row ? &row->type : NULL;
}

/* ---- parts of the evidence */

static struct slice take_word(struct slice *rest) {
  struct slice word = SLICE("");
  (void)!slice_split(rest, ' ', &word);
  return word;
}

/* RFC 3339, of a word that is Unix ms; "" when there is no time. */
static const char *time_of(struct slice word, char ret[RFC3339_LEN + 1]) {
  uint64_t ms = 0;
  ret[0] = '\0';
  if (slice_to_u64(word, INT64_MAX, &ms) == 0 && ms > 0)
    clock_rfc3339((int64_t)ms, ret);
  return ret;
}

struct requeue {
  struct slice from, to, by;
  bool lease;
};

static struct requeue requeue_of(struct slice evidence) {
  struct requeue r = {.from = take_word(&evidence), .to = SLICE(""), .by = SLICE("")};
  while (evidence.len) {
    if (slice_starts_nocase(evidence, SLICE("by="))) { /* last: a name may hold blanks */
      r.by = slice_of(evidence.at + 3, evidence.len - 3);
      return r;
    }
    struct slice word = take_word(&evidence);
    if (slice_starts_nocase(word, SLICE("to=")))
      r.to = slice_of(word.at + 3, word.len - 3);
    r.lease = r.lease || slice_equal(word, SLICE("lease"));
  }
  return r;
}

/* NULL when it cannot be read; the caller frees it. */
static struct rule_record *record_of(const struct entry *e) {
  struct rule_record *r = must_calloc(1, sizeof(*r));
  if (rule_record_read(e->event, r) == 0)
    return r;
  free(r);
  return NULL;
}

/* ---- as data */

static void set(json_t *to, const char *name, struct slice value) {
  if (value.len)
    json_object_set_new(to, name, slice_json(value));
}

static void set_time(json_t *to, const char *name, struct slice word) {
  char text[RFC3339_LEN + 1];
  set(to, name, slice_text(time_of(word, text)));
}

static void set_offer(json_t *data, const struct entry *e) {
  json_t *agents = json_array();
  struct slice rest = e->meta[META_AGENT], name;
  while (slice_split(&rest, ' ', &name))
    if (name.len)
      json_array_append_new(agents, slice_json(name));
  json_object_set_new(data, "agents", agents);
  json_object_del(data, "agent");
  set_time(data, "until", e->meta[META_EVIDENCE]);
  struct rule_record *record = record_of(e);
  if (record)
    json_object_set_new(data, "decision", record_json(record));
  free(record);
}

static void set_requeue(json_t *data, const struct entry *e) {
  struct requeue r = requeue_of(e->meta[META_EVIDENCE]);
  set(data, "evidence", e->meta[META_EVIDENCE]);
  set(data, "from", r.from);
  set(data, "to", r.to);
  set(data, "by", r.by);
  set(data, "note", e->meta[META_CONTEXT]);
  if (r.lease)
    json_object_set_new(data, "lease", json_true());
}

void work_set(json_t *data, const struct entry *e) {
  const struct row *row = row_of(e);
  struct slice rest = e->meta[META_EVIDENCE];
  switch (row ? row->form : FORM_HOW) {
  case FORM_OFFER: set_offer(data, e); break;
  case FORM_HOW: set(data, "how", rest); break;
  case FORM_REQUEUE: set_requeue(data, e); break;
  case FORM_UNTIL:
    set_time(data, "until", take_word(&rest));
    set(data, "why", rest);
    break;
  case FORM_REOPEN:
    (void)take_word(&rest);
    set(data, "why", rest);
    break;
  case FORM_DEADLINE:
    set(data, "grade", take_word(&rest));
    set(data, "target", take_word(&rest));
    set_time(data, "due", take_word(&rest));
    break;
  case FORM_PRESENCE:
    set(data, "was", take_word(&rest));
    set(data, "presence", take_word(&rest));
    set(data, "why", rest);
    break;
  }
}

/* ---- in words */

static void add(struct buf *b, const char *before, struct slice s, const char *behind) {
  buf_add_text(b, before);
  buf_add_slice(b, s);
  buf_add_text(b, behind);
}

static void add_if(struct buf *b, const char *before, struct slice s) {
  if (s.len)
    add(b, before, s, "");
}

static struct slice who(const struct entry *e) {
  return e->meta[META_AGENT].len ? e->meta[META_AGENT] : SLICE("the operator");
}

static void offer_words(const struct entry *e, struct buf *b) {
  char until[RFC3339_LEN + 1];
  struct rule_record *record = record_of(e);
  if (record)
    (void)!rule_words(record, b);
  else
    add(b, "offered to ", e->meta[META_AGENT], "");
  free(record);
  add_if(b, "; until ", slice_text(time_of(e->meta[META_EVIDENCE], until)));
}

static void offer_end_words(const struct entry *e, struct slice how, struct buf *b) {
  static const struct {
    const char *how, *before, *behind;
  } ends[] = {{"declined", "declined by ", ""},
              {"ignored", "", " did not answer in time"},
              {"gone", "", " is not there any more"},
              {"withdrawn", "withdrawn from ", ""},
              {"lost", "another one was faster than ", ""}};
  struct slice word = take_word(&how);
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    if (slice_equal(word, slice_text(ends[i].how))) {
      add(b, ends[i].before, who(e), ends[i].behind);
      add_if(b, ": ", how);
      return;
    }
  add(b, "", who(e), ": ");
  buf_add_slice(b, e->meta[META_EVIDENCE]);
}

static void resume_words(struct slice how, struct buf *b) {
  if (slice_equal(how, SLICE("reply")))
    buf_add_text(b, "waits again: the customer wrote");
  else if (slice_equal(how, SLICE("time")))
    buf_add_text(b, "waits again: its time has come");
  else
    add(b, "waits again: ", how, "");
}

static void requeue_words(const struct entry *e, struct buf *b) {
  struct requeue r = requeue_of(e->meta[META_EVIDENCE]);
  add(b, "back from ", who(e), " to queue ");
  buf_add_slice(b, e->meta[META_QUEUE]);
  if (!slice_equal(r.from, e->meta[META_QUEUE]))
    add_if(b, " out of ", r.from);
  add_if(b, ", for ", r.to);
  add_if(b, ", by ", r.by);
  buf_add_text(b, r.lease ? ": the agent disappeared" : "");
  add_if(b, "; note: ", e->meta[META_CONTEXT]);
}

static void until_words(const struct entry *e, struct slice rest, struct buf *b) {
  char until[RFC3339_LEN + 1];
  bool hold = slice_equal(e->type, SLICE("hold")), wrap = slice_equal(e->type, SLICE("wrap"));
  add(b, hold || wrap ? "" : "put aside by ", who(e), hold ? " waits for the customer" : wrap ? " finishes up" : "");
  add_if(b, " until ", slice_text(time_of(take_word(&rest), until)));
  add_if(b, ": ", rest);
}

static void deadline_words(struct slice rest, struct buf *b) {
  char due[RFC3339_LEN + 1];
  bool late = slice_equal(take_word(&rest), SLICE("late"));
  struct slice which = take_word(&rest);
  const char *target = slice_equal(which, SLICE("first"))  ? "first answer"
                       : slice_equal(which, SLICE("next")) ? "next answer"
                                                           : "end";
  buf_printf(b, "%s is %s: it %s due %s", target, late ? "late" : "soon due", late ? "was" : "is",
             time_of(take_word(&rest), due));
}

static void presence_words(const struct entry *e, struct slice rest, struct buf *b) {
  struct slice was = take_word(&rest), now = take_word(&rest);
  add(b, "", who(e), " is ");
  add(b, "", now, ", was ");
  buf_add_slice(b, was);
  add_if(b, ": ", rest);
}

void work_words(const struct entry *e, struct buf *ret) {
  const struct row *row = row_of(e);
  struct slice rest = e->meta[META_EVIDENCE];
  if (!row)
    return;
  switch (row->form) {
  case FORM_OFFER: offer_words(e, ret); break;
  case FORM_REQUEUE: requeue_words(e, ret); break;
  case FORM_UNTIL: until_words(e, rest, ret); break;
  case FORM_DEADLINE: deadline_words(rest, ret); break;
  case FORM_PRESENCE: presence_words(e, rest, ret); break;
  case FORM_REOPEN:
    (void)take_word(&rest);
    add(ret, "opened again by ", who(e), "");
    add_if(ret, ": ", rest);
    break;
  case FORM_HOW:
    if (slice_equal(e->type, SLICE("claim"))) {
      bool goes_on = slice_equal(rest, SLICE("agent"));
      add(ret, goes_on ? "" : "held by ", who(e), goes_on ? " goes on" : "");
      if (rest.len && !goes_on)
        add(ret, " (", rest, ")");
    } else if (slice_equal(e->type, SLICE("resume"))) {
      resume_words(rest, ret);
    } else {
      offer_end_words(e, rest, ret);
    }
    break;
  }
}
