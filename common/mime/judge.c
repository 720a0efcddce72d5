/* SPDX-License-Identifier: Apache-2.0 */
/* The order matters: a report says whether a delivery failed, the verdict whether it is one at all. */
#include "mime/judge.h"
#include "base/pattern.h"
#include "mime/address_list.h"
#include "mime/authenticity.h"
#include "mime/automatic.h"

enum { SPAM_VALUE_MAX = 1000 };

static bool has_calendar(const struct mail_part *p) {
  for (; p; p = p->next)
    if (strcmp(p->type, "text/calendar") == 0 || has_calendar(p->first)) /* at most PART_DEPTH_MAX deep */
      return true;
  return false;
}

/* Reply-To's first address, "" without one. */
static const char *read_reply_to(struct reading *r, const struct mail_header *h) {
  struct address_list list = {0};
  struct reading inner = {.arena = r->arena}; /* what is odd there is not said of the sender */
  address_list_read(&inner, header_value(r, h, "Reply-To"), &list);
  r->failed |= inner.failed;
  return list.count ? list.parties[0]->address : "";
}

static struct slice lowered(struct reading *r, struct slice s) {
  char *lower = reading_alloc(r, s.len + 1);
  if (!lower)
    return SLICE("");
  lower_copy(s, lower);
  return slice_of(lower, s.len);
}

/* "X-Spam-Flag: YES" against the fields of that name. */
static bool is_marked(struct reading *r, const struct mail_header *h, const char *rule) {
  const char *colon = strchr(rule, ':');
  if (!colon)
    return false;
  char *name = reading_copy(r, slice_trim(slice_of(rule, (size_t)(colon - rule))));
  struct slice pattern = lowered(r, slice_trim(slice_text(colon + 1)));
  for (const struct mail_field *f = NULL; (f = header_find(h, name, f));) {
    struct slice value = header_unfold(r, f->value);
    value.len = value.len < SPAM_VALUE_MAX ? value.len : SPAM_VALUE_MAX;
    if (pattern_match(pattern, lowered(r, value)))
      return true;
  }
  return false;
}

static void look_for_spam(struct reading *r, const struct mail_header *h, const struct mime_trust *trust,
                          contact_event *e) {
  for (size_t i = 0; trust && i < trust->spam_header_count; i++)
    if (is_marked(r, h, trust->spam_headers[i])) {
      e->suspected = (char *)(uintptr_t) "spam-filter";
      return;
    }
}

static void set_automatic(struct reading *r, const struct mail_header *h, const struct mail_part *root,
                          const struct automatic_facts *facts, Deskbell__V1__Report *report, contact_event *e) {
  struct automatic_verdict verdict;
  automatic_decide(r, facts, &verdict);
  bool bounce = strcmp(verdict.kind, "bounce") == 0, other = strcmp(verdict.kind, "report") == 0;
  bool delivery = !report || strcmp(report->kind, "delivery-status") == 0;
  if (delivery && (bounce || verdict.delayed))
    report = report_add_text(r, h, root, facts->text, bounce, report);
  e->automatic = automatic_event(r, &verdict);
  e->report = bounce || other ? report : NULL; /* in a person's mail it is an attachment like any other */
  if (e->report)
    report_bound(r, e->report);
  if (verdict.doubtful)
    reading_warn(r, "looks-automatic");
}

void judge(struct reading *r, const struct mail_header *h, const struct mail_part *root,
           const struct mime_envelope *envelope, contact_event *e) {
  static const struct mime_trust nothing;
  const struct mime_trust *trust = envelope->trust ? envelope->trust : &nothing;
  const char *reply_to = read_reply_to(r, h);
  Deskbell__V1__Report *report = report_read(r, root);
  const struct automatic_facts facts = {
      .header = h,
      .type = root ? root->type : "",
      .report_type = root ? root->report_type : "",
      .outcome = report_outcome(report),
      .null_path = envelope->null_path,
      .invitation = has_calendar(root),
      .mail_from = envelope->mail_from,
      .sender = slice_text(e->from ? e->from->address : ""),
      .sender_name = slice_text(e->from ? e->from->name : ""),
      .reply_to = slice_text(reply_to),
      .subject = slice_text(e->subject),
      .text = slice_text(e->text),
      .own = trust->own,
  };
  set_automatic(r, h, root, &facts, report, e);
  authenticity_read(r, h, trust, envelope->mail_from, e);
  authenticity_look(r, trust->own, reply_to, e);
  look_for_spam(r, h, trust, e);
}
