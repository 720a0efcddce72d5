/* SPDX-License-Identifier: Apache-2.0 */
/* Sample values: the rows' own, and what the desk definition itself says better. */
#include "base/clock.h"
#include "template/review.h"

#define ANSWER_TIME_MS (2LL * 3600 * 1000)

/* The first queue the template is for; its service level is what it would promise. */
static const struct desk_queue *queue_of(const struct desk *d, const struct desk_template *t) {
  for (size_t i = 0; t->queue_count && i < d->queue_count; i++)
    if (strcmp(d->queues[i].name, t->queues[0]) == 0)
      return &d->queues[i];
  return d->queue_count ? &d->queues[0] : NULL;
}

/* In words of the language; false at the arena's ceiling. */
static bool add_words(const struct desk *d, const struct desk_template *t, struct slice language, int64_t now_ms,
                      struct arena *a, struct template_values *ret) {
  const struct hours *hours = template_hours(d, t);
  const struct desk_queue *queue = queue_of(d, t);
  int64_t answer = queue && queue->answer_within_ms ? queue->answer_within_ms : ANSWER_TIME_MS;
  char *time = template_duration(a, language, answer);
  char *opening = hours ? template_opening(a, language, hours) : arena_copy(a, SLICE(""));
  char *next = hours ? template_next_open(a, language, hours, now_ms) : arena_copy(a, SLICE(""));
  ret->of[TEMPLATE_ANSWER_TIME] = slice_text(time);
  ret->of[TEMPLATE_OPENING_HOURS] = slice_text(opening);
  ret->of[TEMPLATE_NEXT_OPEN] = slice_text(next);
  return time && opening && next;
}

int template_samples(const struct desk *d, const struct desk_template *t, const struct config *config,
                     struct slice language, int64_t now_ms, struct arena *a, struct template_values *ret) {
  char date[RFC3339_LEN + 1];
  for (unsigned v = 0; v < TEMPLATE_VARIABLES; v++)
    ret->of[v] = slice_text(template_about((enum template_variable)v)->sample);
  clock_rfc3339(now_ms, date);
  char *today = arena_copy(a, slice_of(date, 10));
  ret->of[TEMPLATE_DATE] = slice_text(today);
  ret->of[TEMPLATE_CHANNEL] = slice_text(t->channels[0]);
  const struct desk_queue *queue = queue_of(d, t);
  if (queue)
    ret->of[TEMPLATE_QUEUE] = slice_text(queue->name);
  if (config)
    ret->of[TEMPLATE_DESK_NAME] = slice_text(config->name);
  return today && add_words(d, t, language, now_ms, a, ret) ? 0 : -ENOMEM;
}
