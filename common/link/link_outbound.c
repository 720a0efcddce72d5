/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel program's end of what goes out: orders are handed on as they come, answers leave together at the end of
 * the turn. Nothing is remembered beyond the link: what was not answered, the router sends again.
 */
#include "link/link_internal.h"
#include "base/point.h"
#include <stdlib.h>

void link_take_outbound(struct link *l, const Deskbell__V1__OutboundBatch *b) {
  struct link_outbound items[FRAME_OUTBOUND_ITEMS];
  assert(b->n_items <= FRAME_OUTBOUND_ITEMS); /* frame.c */
  for (size_t i = 0; i < b->n_items; i++) {
    const Deskbell__V1__OutboundItem *item = b->items[i];
    items[i] = (struct link_outbound){.id = item->id, .order = link_order(item->order),
                                      .message = slice_of(item->message.data, item->message.len),
                                      .attempt = item->attempt};
    if (!l->user.outbound)
      link_outbound_result(l, item->id, items[i].order, LINK_LATER, SLICE("this program delivers nothing"));
  }
  if (l->user.outbound)
    l->user.outbound(l->user.arg, items, b->n_items);
}

/* The router has no more unanswered orders than fit in `answers`; were it otherwise, it would have to ask again. */
void link_outbound_result(struct link *l, const char *id, const char *order, enum link_answer answer,
                          struct slice reason) {
  if (l->state != LINK_UP || l->answer_count == FRAME_RESULTS)
    return;
  if (!l->answers)
    l->answers = must_calloc(FRAME_RESULTS, sizeof(*l->answers));
  struct answer *a = &l->answers[l->answer_count++];
  *a = (struct answer){.order = link_order(order), .answer = answer};
  assert(a->order && strlen(id) == DERIVED_ID_LEN);
  memcpy(a->id, id, DERIVED_ID_LEN + 1);
  if (reason.len) {
    size_t len = reason.len < FRAME_REASON_MAX ? reason.len : FRAME_REASON_MAX;
    a->reason = must_calloc(len + 1, 1);
    for (size_t i = 0; i < len; i++)
      a->reason[i] = reason.at[i] < ' ' || reason.at[i] > '~' ? '?' : reason.at[i];
  }
  connection_wake(l->connection);
}

void link_say_answers(struct link *l) {
  static const Deskbell__V1__OutboundAnswer codes[] = {
      [LINK_TAKEN] = DESKBELL__V1__OUTBOUND_ANSWER__TAKEN,
      [LINK_REFUSED] = DESKBELL__V1__OUTBOUND_ANSWER__REFUSED,
      [LINK_LATER] = DESKBELL__V1__OUTBOUND_ANSWER__LATER,
  };
  Deskbell__V1__OutboundResult results[FRAME_RESULTS], *list[FRAME_RESULTS];
  if (l->answer_count == 0)
    return;
  for (size_t i = 0; i < l->answer_count; i++) {
    const struct answer *a = &l->answers[i];
    deskbell__v1__outbound_result__init(&results[i]);
    results[i].id = (char *)a->id;
    results[i].order = (char *)a->order;
    results[i].answer = codes[a->answer];
    if (a->reason)
      results[i].reason = a->reason;
    list[i] = &results[i];
  }
  Deskbell__V1__OutboundConfirm confirm = DESKBELL__V1__OUTBOUND_CONFIRM__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  confirm.n_results = l->answer_count;
  confirm.results = list;
  f.body_case = DESKBELL__V1__FRAME__BODY_OUTBOUND_CONFIRM;
  f.outbound_confirm = &confirm;
  if (link_say(l, &f))
    link_forget_answers(l);
  POINT("outbound.answered");
}

void link_forget_answers(struct link *l) {
  for (size_t i = 0; i < l->answer_count; i++)
    free(l->answers[i].reason);
  l->answer_count = 0;
}
