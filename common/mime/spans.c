/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/spans.h"
#include "text/strip.h"

static_assert(STRIP_SPANS_MAX <= EVENT_SPANS_MAX, "every span that is found fits an event");

static struct strip_hints hints_of(const struct mail_body *body, const contact_event *e) {
  enum strip_subject subject = strip_subject(slice_text(e->subject));
  bool answers = e->thread && (e->thread->n_in_reply_to || e->thread->n_references);
  return (struct strip_hints){
      .from_html = body->from_html,
      .forwarded = subject == STRIP_SUBJECT_FORWARD,
      .fresh = subject == STRIP_SUBJECT_PLAIN && !answers,
  };
}

void spans_set(struct reading *r, const struct mail_body *body, contact_event *e) {
  const struct strip_hints hints = hints_of(body, e);
  struct strip_span *found;
  size_t count;
  if (strip_text(r->arena, body->text, &hints, &found, &count) != 0) {
    r->failed = true;
    return;
  }
  count = strip_clip(body->text, strlen(e->text), found, count);
  Deskbell__V1__TextSpan *spans = reading_alloc(r, (count + 1) * sizeof(*spans));
  e->spans = reading_alloc(r, (count + 1) * sizeof(*e->spans));
  for (size_t i = 0; i < count && spans && e->spans; i++) {
    deskbell__v1__text_span__init(&spans[i]);
    spans[i].begin = (uint32_t)found[i].begin;
    spans[i].end = (uint32_t)found[i].end;
    spans[i].kind = (char *)(uintptr_t)strip_kind_text(found[i].kind);
    e->spans[e->n_spans++] = &spans[i];
  }
}
