/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/channel_outbound.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/point.h"
#include "channel/channel_internal.h"
#include "event/event.h"
#include <stdio.h>
#include <stdlib.h>

enum { AGAIN_MS = 1000, ARENA_FIRST = 16 * 1024, ARENA_MOST = 512 * 1024, OLDEST_MOST_MS = 15 * 60 * 1000 };

/* A status event on its way into the spool. */
struct report {
  struct channel_outbound *o;
  struct report *next;             /* of those that wait for room */
  char id[OUTBOUND_ID_LEN + 1];
  enum delivery_state state;
  uint32_t attempt;
  struct buf event;
};

struct channel_outbound {
  struct channel *channel;
  struct channel_outbound_options options;
  struct outbound *store;
  struct arena *arena;
  uv_timer_t again;
  struct taking *takings;
  struct report *waiting, **tail;  /* reports the disk refused */
  size_t in_spool;                 /* reports the spool has not answered for */
  bool closing;
  struct metric *waiting_now, *under_way, *unsure, *held, *oldest, *down, *used, *size, *damaged, *reports_waiting;
};

/* ---- from the link into the store */

/* An order the store has not answered. */
struct taking {
  struct taking *next, **at;
  struct channel_outbound *o;
  const char *order;               /* as the router gave it; static */
  uint32_t attempt;
  size_t len;
  char message[];                  /* of an order that is done as if it were new, should the store not know it */
};

static void end_taking(struct taking *t) {
  *t->at = t->next;
  if (t->next)
    t->next->at = t->at;
  free(t);
}

/* How the store's outcomes are answered; what is no row and no fault is bad luck: later. */
static const struct {
  int outcome;
  enum link_answer answer;
  const char *reason;
} answers[] = {{0, LINK_TAKEN, ""},
               {OUTBOUND_FULL, LINK_LATER, "the delivery store is full"},
               {OUTBOUND_UNREADABLE, LINK_REFUSED, "the message cannot be read"},
               {OUTBOUND_UNKNOWN, LINK_REFUSED, "the delivery store does not know it"},
               {OUTBOUND_ILLEGAL, LINK_REFUSED, "it is too late for that"},
               {OUTBOUND_TEXT_GONE, LINK_REFUSED, "its text is not kept any more"}};

static void on_stored(void *arg, const char *id, int outcome) {
  struct taking *t = arg;
  struct link *link = t->o->channel->link;
  POINT("outbound.stored");
  if (outcome == OUTBOUND_UNKNOWN && t->len) { /* a store that was lost, say: it begins anew */
    size_t len = t->len;
    t->len = 0;
    outbound_take(t->o->store, id, slice_of(t->message, len), "deliver", t->attempt, on_stored, t);
    return;
  }
  size_t i = 0, count = sizeof(answers) / sizeof(answers[0]);
  while (i < count && answers[i].outcome != outcome)
    i++;
  if (i < count)
    link_outbound_result(link, id, t->order, answers[i].answer, slice_text(answers[i].reason));
  else
    link_outbound_result(link, id, t->order, LINK_LATER, slice_text(outcome < 0 ? strerror(-outcome) : ""));
  end_taking(t);
}

static void take(struct channel_outbound *o, const struct link_outbound *item) {
  bool anew = item->order == link_order("retry") || item->order == link_order("release");
  size_t len = anew ? item->message.len : 0;
  struct taking *t = must_realloc(NULL, sizeof(*t) + len);
  *t = (struct taking){.next = o->takings, .at = &o->takings, .o = o, .order = item->order,
                       .attempt = item->attempt, .len = len};
  if (len)
    memcpy(t->message, item->message.at, len);
  if (t->next)
    t->next->at = &t->next;
  o->takings = t;
  outbound_take(o->store, item->id, item->message, item->order, item->attempt, on_stored, t);
}

/* Why a message is none of this program's; NULL: it is. */
static const char *foreign(struct channel_outbound *o, const struct link_outbound *item) {
  const char *why = NULL;
  arena_reset(o->arena);
  outbound_message *m = deskbell__v1__outbound_message__unpack(arena_protobuf(o->arena), item->message.len,
                                                               (const uint8_t *)item->message.at);
  if (!m)
    why = "the message cannot be read";
  else if (strcmp(m->id, item->id) != 0)
    why = "the message says it is another one";
  else if (!channel_speaks_for(o->channel, slice_text(m->channel)))
    why = "this program does not serve the message's channel";
  return why;
}

static void on_outbound(void *arg, const struct link_outbound *items, size_t count) {
  struct channel_outbound *o = arg;
  POINT("outbound.arrived");
  for (size_t i = 0; i < count; i++) {
    const char *why = items[i].message.len ? foreign(o, &items[i]) : NULL;
    if (why) {
      link_outbound_result(o->channel->link, items[i].id, items[i].order, LINK_REFUSED, slice_text(why));
      continue;
    }
    take(o, &items[i]);
  }
}

/* ---- from a state into the spool */

static void free_report(struct report *r) {
  buf_free(&r->event);
  free(r);
}

static void on_again(uv_timer_t *timer);

static void try_later(struct report *r) {
  struct channel_outbound *o = r->o;
  r->next = NULL;
  *o->tail = r;
  o->tail = &r->next;
  uv_timer_start(&o->again, on_again, AGAIN_MS, 0);
}

static void on_spooled(void *arg, int outcome, uint64_t seq) {
  struct report *r = arg;
  struct channel_outbound *o = r->o;
  (void)seq;
  o->in_spool--;
  if (o->closing) { /* told again at the next start */
    free_report(r);
    if (o->in_spool == 0)
      free(o);
    return;
  }
  if (outcome) {
    try_later(r);
    return;
  }
  POINT("report.spooled");
  outbound_reported(o->store, r->id, r->state, r->attempt);
  free_report(r);
}

/* Returns 0, or SPOOL_FULL. */
static int spool_report(struct report *r) {
  int outcome = channel_take(r->o->channel, RECORD_EVENT, clock_now_ms(), buf_slice(&r->event), on_spooled, r);
  if (outcome == 0)
    r->o->in_spool++;
  return outcome;
}

static void on_again(uv_timer_t *timer) {
  struct channel_outbound *o = timer->data;
  struct report *r = o->waiting;
  o->waiting = NULL;
  o->tail = &o->waiting;
  while (r) {
    struct report *next = r->next;
    if (spool_report(r) != 0)
      try_later(r);
    r = next;
  }
}

static char *copy(struct arena *a, const char *s) {
  char *text = arena_copy(a, slice_text(s));
  assert(text); /* the arena holds several times a status */
  return text;
}

/* Of a message in parts: what the next system calls each that is through. */
static void fill_parts(struct arena *a, Deskbell__V1__DeliveryStatus *s, const struct outbound_item *item) {
  struct slice rest = slice_text(item->provider_id), id;
  s->of_source_id = copy(a, item->parts ? "" : item->provider_id);
  s->parts = item->parts;
  if (!item->parts || !item->part)
    return;
  s->of_part_ids = arena_alloc(a, OUTBOUND_PARTS_MAX * sizeof(*s->of_part_ids));
  assert(s->of_part_ids);
  while (s->n_of_part_ids < OUTBOUND_PARTS_MAX && s->n_of_part_ids < item->part) {
    bool more = slice_split(&rest, OUTBOUND_ID_SEPARATOR, &id);
    s->of_part_ids[s->n_of_part_ids] = arena_copy(a, more ? id : SLICE(""));
    assert(s->of_part_ids[s->n_of_part_ids]);
    s->n_of_part_ids++;
  }
}

static void fill_status(struct arena *a, Deskbell__V1__DeliveryStatus *s, const struct outbound_item *item) {
  deskbell__v1__delivery_status__init(s);
  s->of_outbound = copy(a, item->id);
  fill_parts(a, s, item);
  s->state = copy(a, delivery_text(item->state));
  s->attempt = item->attempt;
  s->at_ms = item->changed_ms;
  s->next_try_ms = item->next_try_ms;
  s->why = copy(a, item->why);
  s->code = copy(a, item->code);
  s->destination = copy(a, item->destination);
  /* The store tries again by itself what is worth it; what is unsure, only when it says when. */
  s->permanent = item->state == DELIVERY_failed || (item->state == DELIVERY_unsure && !item->next_try_ms);
}

/* From the customer's side, as all statuses: the router keeps what concerns one customer in order. */
static event_party *customer_of(struct arena *a, const char *to_key) {
  event_party *p = event_party_new(a);
  const char *colon = strchr(to_key, ':');
  assert(p);
  p->raw = copy(a, colon ? colon + 1 : to_key);
  p->key = copy(a, to_key);
  return p;
}

static void make_event(struct channel_outbound *o, const struct outbound_item *item, struct buf *ret) {
  struct arena *a = o->arena;
  char source[120], id[EVENT_ID_LEN + 1];
  Deskbell__V1__DeliveryStatus status;
  arena_reset(a);
  const struct channel_config *channel = config_channel(o->options.config, slice_text(item->channel));
  snprintf(source, sizeof(source), "%s:%s:%u:%lld", item->id, delivery_text(item->state), item->attempt,
           (long long)item->changed_ms);
  struct event_id event_id = event_id_make(slice_text(item->channel), SLICE("status"), slice_text(source), SLICE(""));
  event_id_text(&event_id, id);
  contact_event *e = event_new(a);
  assert(e);
  fill_status(a, &status, item);
  e->id = copy(a, id);
  e->kind = DESKBELL__V1__EVENT_KIND__STATUS;
  e->channel = copy(a, item->channel);
  e->channel_kind = copy(a, channel ? channel_kind_text(channel->kind) : "");
  e->source_id = copy(a, source);
  e->from = customer_of(a, item->to_key);
  e->received_at_ms = item->changed_ms;
  e->signature = copy(a, "delivery");
  e->status = &status;
  int r = event_pack(e, a, ret);
  assert(r == 0);
}

static int on_changed(void *arg, const struct outbound_item *item) {
  struct channel_outbound *o = arg;
  struct report *r = must_calloc(1, sizeof(*r));
  *r = (struct report){.o = o, .state = item->state, .attempt = item->attempt, .event = BUF_INIT(EVENT_MAX_BYTES)};
  snprintf(r->id, sizeof(r->id), "%s", item->id);
  POINT("report.made");
  make_event(o, item, &r->event);
  if (spool_report(r) == 0)
    return 0;
  free_report(r);
  return 1; /* asked again in a second */
}

/* ---- what is the program's */

static const char *on_destination(void *arg, const outbound_message *m) {
  struct channel_outbound *o = arg;
  return o->options.destination(o->options.arg, m);
}

static void on_attempt(void *arg, const char *id, const outbound_message *m, uint32_t attempt) {
  struct channel_outbound *o = arg;
  o->options.attempt(o->options.arg, id, m, attempt);
}

static bool on_resend(void *arg, const outbound_message *m) {
  struct channel_outbound *o = arg;
  return o->options.resend(o->options.arg, m);
}

void channel_outbound_drain(struct channel_outbound *o, void (*drained)(void *arg), void *arg) {
  outbound_drain(o->store, drained, arg);
}

int channel_outbound_blob(const struct config *config, const uint8_t sha256[SHA256_BYTES], struct buf *ret) {
  /* Who makes outbound messages comes first. */
  static const char *const programs[] = {"deskbell", "inbox", "acknowledge", "email", "sms", "webform"};
  int found = BLOB_ABSENT;
  for (size_t i = 0; found == BLOB_ABSENT && i < sizeof(programs) / sizeof(programs[0]); i++) {
    char *home = config_path(config, programs[i]), *folder = path_join(home, "blobs");
    int r = blob_find(folder, sha256, ret);
    found = r == -ENOENT ? BLOB_ABSENT : r; /* a program that never ran has no folder */
    free(folder);
    free(home);
  }
  return found;
}

/* ---- life and health */

static void open_metrics(struct channel_outbound *o) {
  o->waiting_now = metric_gauge("deskbell_outbound_waiting", "Messages that are not over", NULL, NULL);
  o->under_way = metric_gauge("deskbell_outbound_under_way", "Tries under way", NULL, NULL);
  o->unsure = metric_gauge("deskbell_outbound_unsure", "Messages nobody knows the fate of", NULL, NULL);
  o->held = metric_gauge("deskbell_outbound_held", "Messages kept back", NULL, NULL);
  o->oldest = metric_gauge("deskbell_outbound_oldest_seconds", "Age of the oldest message that is not over", NULL, NULL);
  o->down = metric_gauge("deskbell_outbound_destinations_down", "Destinations that are not tried just now", NULL, NULL);
  o->used = metric_gauge("deskbell_outbound_used_bytes", "Bytes of the delivery store in use", NULL, NULL);
  o->size = metric_gauge("deskbell_outbound_size_bytes", "Bytes preallocated for the delivery store", NULL, NULL);
  o->damaged = metric_gauge("deskbell_outbound_damaged", "Rows that could not be read at the start", NULL, NULL);
  o->reports_waiting = metric_gauge("deskbell_outbound_reports_waiting", "Reports the spool's disk refused", NULL, NULL);
}

static int open_store(struct channel_outbound *o, uv_loop_t *loop, struct complaint *complaint) {
  const struct channel_outbound_options *p = &o->options;
  char *home = config_path(p->config, p->program), *folder = path_join(home, "outbound");
  const struct outbound_settings *s = &p->config->outbound;
  const struct outbound_options options = {.folder = folder, .size = s->size, .per_destination = s->per_destination,
                                           .in_all = s->in_all, .keep_ms = s->keep_ms, .channel_kind = p->channel_kind,
                                           .destination = on_destination, .attempt = on_attempt, .resend = on_resend,
                                           .changed = on_changed, .arg = o};
  int r = outbound_open(loop, &options, &o->store, complaint);
  free(folder);
  free(home);
  return r;
}

int channel_outbound_open(uv_loop_t *loop, struct channel *c, const struct channel_outbound_options *options,
                          struct channel_outbound **ret, struct complaint *complaint) {
  struct channel_outbound *o = must_calloc(1, sizeof(*o));
  o->channel = c;
  o->options = *options;
  o->tail = &o->waiting;
  o->arena = arena_new(ARENA_FIRST, ARENA_MOST);
  open_metrics(o);
  uv_timer_init(loop, &o->again);
  o->again.data = o;
  int r = open_store(o, loop, complaint);
  if (r < 0) {
    channel_outbound_close(&o);
    return r;
  }
  channel_on_outbound(c, on_outbound, o);
  *ret = o;
  return 0;
}

static void on_timer_closed(uv_handle_t *handle) {
  struct channel_outbound *o = handle->data;
  o->again.data = NULL;
  if (--o->in_spool == 0)
    free(o);
}

/* Reports under way answer when the spool closes, later than this; the last one frees. */
void channel_outbound_close(struct channel_outbound **outbound) {
  if (!outbound || !*outbound)
    return;
  struct channel_outbound *o = *outbound;
  *outbound = NULL;
  channel_on_outbound(o->channel, NULL, NULL);
  outbound_close(&o->store);
  o->closing = true;
  while (o->takings) /* the store answers nobody any more */
    end_taking(o->takings);
  while (o->waiting) {
    struct report *r = o->waiting;
    o->waiting = r->next;
    free_report(r);
  }
  arena_free(&o->arena);
  o->in_spool++; /* the timer holds on as well */
  uv_close((uv_handle_t *)&o->again, on_timer_closed);
}

struct outbound *channel_outbound_store(struct channel_outbound *o) {
  return o->store;
}

static int64_t oldest_age_ms(const struct outbound_state *state) {
  int64_t age = state->oldest_ms ? clock_now_ms() - state->oldest_ms : 0;
  return age > 0 ? age : 0;
}

void channel_outbound_unhealthy(struct channel_outbound *o, struct buf *ret_reasons) {
  struct outbound_state state;
  outbound_state(o->store, &state);
  if (state.full)
    buf_add_text(ret_reasons, "outbox: the delivery store is full, the router waits\n");
  if (state.damaged)
    buf_printf(ret_reasons, "outbox: %llu messages were damaged on disk: see `deskbell outbox ls --state unsure`\n",
               (unsigned long long)state.damaged);
  if (state.destinations_down)
    buf_printf(ret_reasons, "outbound: %zu destinations cannot be reached\n", state.destinations_down);
  if (oldest_age_ms(&state) > OLDEST_MOST_MS)
    buf_printf(ret_reasons, "outbound: the oldest of %zu messages is %llds old\n", state.waiting,
               (long long)(oldest_age_ms(&state) / 1000));
}

void channel_outbound_measure(struct channel_outbound *o) {
  struct outbound_state state;
  int64_t reports = 0;
  for (const struct report *r = o->waiting; r; r = r->next)
    reports++;
  outbound_state(o->store, &state);
  metric_set(o->waiting_now, (int64_t)state.waiting);
  metric_set(o->under_way, (int64_t)state.under_way);
  metric_set(o->unsure, (int64_t)state.unsure);
  metric_set(o->held, (int64_t)state.held);
  metric_set(o->oldest, oldest_age_ms(&state) / 1000);
  metric_set(o->down, (int64_t)state.destinations_down);
  metric_set(o->used, (int64_t)state.used);
  metric_set(o->size, (int64_t)state.size);
  metric_set(o->damaged, (int64_t)state.damaged);
  metric_set(o->reports_waiting, reports);
}
