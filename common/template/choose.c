/* SPDX-License-Identifier: Apache-2.0 */
/* The first template whose conditions all hold. */
#include "template/hours.h"
#include "template/template.h"
#include "template/zone.h"

static bool one_of(struct slice text, char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (slice_equal(text, slice_text(names[i])))
      return true;
  return count == 0;
}

/* "de" fits "de-AT" and "de_AT", not "del". */
static bool language_fits(struct slice language, struct slice wanted) {
  return slice_starts_nocase(language, wanted) &&
         (language.len == wanted.len || language.at[wanted.len] == '-' || language.at[wanted.len] == '_');
}

static bool one_language(struct slice language, char *const *wanted, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (language_fits(language, slice_text(wanted[i])))
      return true;
  return count == 0;
}

/* Whoever cannot tell the time must not say that it is closed either. */
static bool hours_fit(const struct desk_template *t, int64_t now_ms) {
  return !t->hours || (zone_known(t->hours->zone) && hours_open(t->hours, now_ms) != t->outside);
}

const struct desk_template *template_choose(const struct desk *d, const struct template_facts *f) {
  for (size_t i = 0; i < d->template_count; i++) {
    const struct desk_template *t = &d->templates[i];
    if (one_of(f->channel, t->channels, t->channel_count) && one_of(f->queue, t->queues, t->queue_count) &&
        one_language(f->language, t->languages, t->language_count) && hours_fit(t, f->now_ms))
      return t;
  }
  return NULL;
}

bool template_any(const struct desk *d, struct slice channel) {
  for (size_t i = 0; i < d->template_count; i++)
    if (one_of(channel, d->templates[i].channels, d->templates[i].channel_count))
      return true;
  return false;
}
