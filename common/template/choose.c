/* SPDX-License-Identifier: Apache-2.0 */
/* The first template whose conditions all hold. */
#include "template/choose.h"
#include "hours/hours.h"
#include "template/template.h"
#include "hours/zone.h"

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

bool template_fits(const struct desk_template *t, struct slice channel, struct slice queue, struct slice language) {
  return one_of(channel, t->channels, t->channel_count) && one_of(queue, t->queues, t->queue_count) &&
         one_language(language, t->languages, t->language_count);
}

/* Whoever cannot tell the time must not say that it is closed either. */
bool template_fits_time(const struct desk_template *t, int64_t now_ms) {
  return !t->hours || (zone_known(t->hours->zone) && hours_open(t->hours, now_ms) != t->outside);
}

const struct desk_template *template_choose(const struct desk *d, const struct template_facts *f) {
  for (size_t i = 0; i < d->template_count; i++)
    if (template_fits(&d->templates[i], f->channel, f->queue, f->language) &&
        template_fits_time(&d->templates[i], f->now_ms))
      return &d->templates[i];
  return NULL;
}

bool template_any(const struct desk *d, struct slice channel) {
  for (size_t i = 0; i < d->template_count; i++)
    if (one_of(channel, d->templates[i].channels, d->templates[i].channel_count))
      return true;
  return false;
}

const struct hours *template_hours(const struct desk *d, const struct desk_template *t) {
  if (t->hours)
    return t->hours;
  return d->hours_count ? &d->hours[0] : NULL;
}

struct slice template_subject(const struct desk_template *t, bool has_subject) {
  if (t->subject)
    return slice_text(t->subject);
  return has_subject ? SLICE("Re: {{subject}}") : SLICE("{{desk_name}}");
}
