/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/channel_outbound.h"
#include "base/clock.h"
#include "base/file.h"
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
  struct report *waiting, **tail;
  size_t in_spool;                 /* reports the spool has not answered for */
  bool closing;
  struct metric *waiting_now, *under_way, *unsure, *held, *oldest, *down, *reports_waiting;
};

/* ---- from the link into the store */

struct taking {
  struct channel_outbound *o;
  const char *order;               /* static */
};

static void on_stored(void *arg, const char *id, int outcome) {
  struct taking t = *(struct taking *)arg;
  free(arg);
  if (t.o->closing)
    return;
  struct link *link = t.o->channel->link;
  if (outcome == 0)
    link_outbound_result(link, id, t.order, LINK_TAKEN, SLICE(""));
  else if (outcome == OUTBOUND_UNREADABLE)
    link_outbound_result(link, id, t.order, LINK_REFUSED, SLICE("the message cannot be read"));
  else if (outcome == OUTBOUND_UNKNOWN)
    link_outbound_result(link, id, t.order, LINK_REFUSED, SLICE("the message is not known here any more"));
  else if (outcome == OUTBOUND_ILLEGAL)
    link_outbound_result(link, id, t.order, LINK_REFUSED, SLICE("it is too late for that"));
  else
    link_outbound_result(link, id, t.order, LINK_LATER,
                         outcome == OUTBOUND_FULL ? SLICE("the delivery store is full") : slice_text(strerror(-outcome)));
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
  for (size_t i = 0; i < count; i++) {
    const char *why = items[i].message.len ? foreign(o, &items[i]) : NULL;
    if (why) {
      link_outbound_result(o->channel->link, items[i].id, items[i].order, LINK_REFUSED, slice_text(why));
      continue;
    }
    struct taking *t = must_calloc(1, sizeof(*t));
    *t = (struct taking){.o = o, .order = items[i].order};
    outbound_take(o->store, items[i].id, items[i].message, items[i].order, on_stored, t);
  }
}

/* ---- from a state into the spool */

static void free_report(struct report *r) {
  buf_free(&r->event);
  free(r);
}

static void wait_for_room(struct report *r) {
  struct channel_outbound *o = r->o;
  r->next = NULL;
  *o->tail = r;
  o->tail = &r->next;
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
    wait_for_room(r);
    return;
  }
  outbound_reported(o->store, r->id, r->state, r->attempt);
  free_report(r);
}

/* Behind those that wait already: the states of a message stay in order. */
static void spool_report(struct report *r) {
  if (r->o->waiting) {
    wait_for_room(r);
    return;
  }
  int outcome = channel_take(r->o->channel, RECORD_EVENT, clock_now_ms(), buf_slice(&r->event), on_spooled, r);
  if (outcome == 0)
    r->o->in_spool++;
  else
    wait_for_room(r);
}

static void on_again(uv_timer_t *timer) {
  struct channel_outbound *o = timer->data;
  struct report *r = o->waiting;
  o->waiting = NULL;
  o->tail = &o->waiting;
  while (r) {
    struct report *next = r->next;
    spool_report(r);
    r = next;
  }
}

static char *text_copy(struct arena *a, const char *s) {
  char *copy = arena_copy(a, slice_text(s));
  assert(copy); /* the arena holds several times a status */
  return copy;
}

static void fill_status(struct arena *a, Deskbell__V1__DeliveryStatus *s, const struct outbound_item *item) {
  deskbell__v1__delivery_status__init(s);
  s->of_outbound = text_copy(a, item->id);
  s->of_source_id = text_copy(a, item->provider_id);
  s->state = text_copy(a, delivery_text(item->state));
  s->attempt = item->attempt;
  s->at_ms = item->changed_ms;
  s->next_try_ms = item->next_try_ms;
  s->why = text_copy(a, item->why);
  s->code = text_copy(a, item->code);
  s->destination = text_copy(a, item->destination);
  s->permanent = item->permanent;
}

/* From the customer's side, as all statuses: the router keeps what concerns one customer in order. */
static event_party *customer_of(struct arena *a, const struct outbound_item *item) {
  event_party *p = event_party_new(a);
  assert(p);
  p->key = text_copy(a, item->to_key);
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
  e->id = text_copy(a, id);
  e->kind = DESKBELL__V1__EVENT_KIND__STATUS;
  e->channel = text_copy(a, item->channel);
  e->channel_kind = text_copy(a, channel ? channel_kind_text(channel->kind) : "");
  e->source_id = text_copy(a, source);
  e->from = customer_of(a, item);
  e->received_at_ms = item->changed_ms;
  e->signature = text_copy(a, "delivery");
  e->status = &status;
  int r = event_pack(e, a, ret);
  assert(r == 0);
}

static int on_changed(void *arg, const struct outbound_item *item) {
  struct channel_outbound *o = arg;
  struct report *r = must_calloc(1, sizeof(*r));
  *r = (struct report){.o = o, .state = item->state, .attempt = item->attempt, .event = BUF_INIT(EVENT_MAX_BYTES)};
  memcpy(r->id, item->id, sizeof(r->id));
  make_event(o, item, &r->event);
  spool_report(r);
  return 0;
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
  o->reports_waiting = metric_gauge("deskbell_outbound_reports_waiting", "Reports that find no room in the spool", NULL, NULL);
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
  uv_timer_start(&o->again, on_again, AGAIN_MS, AGAIN_MS);
  uv_unref((uv_handle_t *)&o->again);
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
  metric_set(o->reports_waiting, reports);
}
