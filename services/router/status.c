/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"
#include "outbound/outbound.h"
#include "text/utf8.h"

enum { WORD_MAX = 200, WHY_MAX = 1000 };

static const char *const states[] = {
#define STATE(name, final, words) #name,
#define MOVE(from, to)
#include "outbound/delivery.def"
};

/* Twilio's, SMPP's and others' words. That a provider has it, in whatever stage, is `accepted`. */
static const struct {
  const char *word, *state;
} words[] = {{"accepted", "accepted"},  {"scheduled", "accepted"}, {"queued", "accepted"},  {"sending", "accepted"},
             {"submitted", "accepted"}, {"enroute", "accepted"},   {"sent", "accepted"},    {"buffered", "accepted"},
             {"delivered", "delivered"}, {"delivrd", "delivered"}, {"read", "read"},        {"seen", "read"},
             {"displayed", "read"},     {"failed", "failed"},      {"undelivered", "failed"}, {"undeliv", "failed"},
             {"rejected", "failed"},    {"rejectd", "failed"},     {"expired", "failed"},   {"canceled", "failed"},
             {"cancelled", "failed"}};

static const char *state_of(const Deskbell__V1__DeliveryStatus *s) {
  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
    if (strcmp(s->state, states[i]) == 0)
      return states[i];
  for (size_t i = 0; !*s->state && i < sizeof(words) / sizeof(words[0]); i++)
    if (slice_equal_nocase(slice_text(s->provider_status), slice_text(words[i].word)))
      return words[i].state;
  return "";
}

/* One line, which cannot hold the separator. */
static const char *line(struct arena *a, const char *text, size_t most) {
  char *s = utf8_one_line(a, slice_text(text));
  if (s)
    s[utf8_cut(slice_text(s), most)] = '\0';
  return s;
}

/* The next system's id, or those of the parts that are through, joined. */
static const char *sources(const Deskbell__V1__DeliveryStatus *s, struct arena *a) {
  const char *all = "";
  if (!s->parts)
    return line(a, s->of_source_id, WORD_MAX);
  for (size_t i = 0; all && i < s->n_of_part_ids && i < OUTBOUND_PARTS_MAX; i++) {
    const char *one = line(a, s->of_part_ids[i], WORD_MAX);
    all = one ? arena_printf(a, "%s%s%s", all, i ? "\x1e" : "", one) : NULL;
  }
  return all;
}

const char *status_facts(const contact_event *e, struct arena *a) {
  const Deskbell__V1__DeliveryStatus *s = e->status;
  if (e->kind != DESKBELL__V1__EVENT_KIND__STATUS || !s || (!*s->of_outbound && !*s->of_source_id))
    return "";
  const char *state = state_of(s);
  bool permanent = s->permanent || (!*s->state && strcmp(state, "failed") == 0);
  const char *own = line(a, s->of_outbound, WORD_MAX), *source = sources(s, a);
  const char *code = line(a, *s->code ? s->code : s->error_code, WORD_MAX);
  const char *destination = line(a, s->destination, WORD_MAX);
  const char *why = line(a, *s->why || *s->state ? s->why : s->provider_status, WHY_MAX);
  if (!own || !source || !code || !destination || !why)
    return NULL;
  return arena_printf(a, "%s\x1f%s\x1f%s\x1f%u\x1f%lld\x1f%lld\x1f%s\x1f%s\x1f%s\x1f%s\x1f%u", own, source, state, s->attempt,
                      (long long)(s->at_ms ? s->at_ms : e->received_at_ms), (long long)s->next_try_ms,
                      permanent ? "1" : "", code, destination, why,
                      s->parts < OUTBOUND_PARTS_MAX ? s->parts : OUTBOUND_PARTS_MAX);
}
