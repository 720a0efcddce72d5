/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the client's user: each has a call, which the session gives back with the answer. Without a connection
 * the call waits for the next turn of the loop, to be answered IMAP_LOST. */
#include "imap_client_internal.h"
#include <stdlib.h>

void imap_call_done(struct imap_call *call, const struct session_said *said) {
  const bool good = said->result.outcome == IMAP_OK;
  if (call->selected)
    call->selected(call->arg, &said->result, good ? &said->folder : NULL);
  else if (call->found)
    call->found(call->arg, &said->result, said->ranges, said->count);
  else if (call->status)
    call->status(call->arg, &said->result, good ? &said->status : NULL);
  else
    call->done(call->arg, &said->result);
  free(call);
}

void imap_call_lost(struct imap_call *call) {
  const struct session_said said = {.result = {.outcome = IMAP_LOST, .words = SLICE("there is no connection")}};
  imap_call_done(call, &said);
}

static struct imap_call *call_new(struct imap_client *c, void *arg) {
  struct imap_call *call = must_calloc(1, sizeof(*call));
  call->arg = arg;
  imap_client_soon(c);
  if (c->ready && !c->closing && !c->going_down)
    return call;
  *c->lost_end = call;
  c->lost_end = &call->next;
  c->lost_count++;
  return call;
}

/* The session, when the call can be made there. */
static struct imap_session *way(struct imap_client *c) {
  return c->ready && !c->closing && !c->going_down ? c->session : NULL;
}

void imap_client_select(struct imap_client *c, const char *folder, bool examine, imap_selected *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->selected = done;
  if (way(c))
    imap_session_select(way(c), slice_text(folder), examine, call);
}

void imap_client_search(struct imap_client *c, const struct imap_search *search, imap_found *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->found = done;
  if (way(c))
    imap_session_search(way(c), search, call);
}

void imap_client_sizes(struct imap_client *c, const struct uid_range *ranges, size_t count,
                       void (*each)(void *arg, const struct imap_mail *mail), imap_done *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->each = each;
  call->done = done;
  if (way(c))
    imap_session_sizes(way(c), ranges, count, call);
}

void imap_client_fetch(struct imap_client *c, const struct uid_range *ranges, size_t count, enum imap_part part,
                       const struct imap_fetch_user *user, imap_done *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->fetch = *user;
  call->done = done;
  if (way(c))
    imap_session_fetch(way(c), ranges, count, part, call);
}

void imap_client_mark(struct imap_client *c, const struct uid_range *ranges, size_t count, const char *flag,
                      imap_done *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->done = done;
  if (way(c))
    imap_session_mark(way(c), ranges, count, slice_text(flag), call);
}

void imap_client_move(struct imap_client *c, const struct uid_range *ranges, size_t count, const char *folder,
                      imap_done *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->done = done;
  if (way(c))
    imap_session_move(way(c), ranges, count, slice_text(folder), call);
}

void imap_client_create(struct imap_client *c, const char *folder, imap_done *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->done = done;
  if (way(c))
    imap_session_create(way(c), slice_text(folder), call);
}

void imap_client_status(struct imap_client *c, const char *folder,
                        void (*done)(void *arg, const struct imap_result *result, const struct imap_status *status),
                        void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->status = done;
  if (way(c))
    imap_session_status(way(c), slice_text(folder), call);
}

void imap_client_list(struct imap_client *c, const char *pattern,
                      void (*each)(void *arg, const char *folder, bool selectable), imap_done *done, void *arg) {
  struct imap_call *call = call_new(c, arg);
  call->listed = each;
  call->done = done;
  if (way(c))
    imap_session_list(way(c), slice_text(pattern), call);
}
