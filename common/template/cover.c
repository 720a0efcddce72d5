/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case is a channel, a queue and a language. Whether templates take it at all hours is settled by the hours they
 * name: one without takes it always, two with both sides of the same hours do so together.
 */
#include "template/cover.h"
#include "template/choose.h"
#include <stdio.h>

#define SET_MAX 100 /* channels and languages that are looked at */

enum cover { NEVER, SOMETIMES, ALWAYS };

struct texts {
  const char *at[SET_MAX];
  size_t count;
};

/* Which sides of which hours are taken. */
struct sides {
  bool inside[DESK_MAX_HOURS], outside[DESK_MAX_HOURS];
};

static enum cover add_side(const struct desk *d, struct sides *s, const struct hours *hours, bool outside) {
  size_t index = (size_t)(hours - d->hours);
  (outside ? s->outside : s->inside)[index] = true;
  return s->inside[index] && s->outside[index] ? ALWAYS : SOMETIMES;
}

/* How far the first `count` templates take a case; `sides` is what is taken before. */
static enum cover cover_of(struct review *r, size_t count, const char *channel, const char *queue,
                           const char *language, struct sides *sides) {
  const struct desk *d = r->desk;
  enum cover cover = NEVER;
  r->patience -= (int64_t)count + 1;
  for (size_t i = 0; i < count && cover != ALWAYS && r->patience > 0; i++) {
    const struct desk_template *t = &d->templates[i];
    if (!template_fits(t, slice_text(channel), slice_text(queue), slice_text(language)))
      continue;
    cover = t->hours ? add_side(d, sides, t->hours, t->outside) : ALWAYS;
  }
  return cover;
}

/* ---- a template's turn */

static bool taken(struct review *r, size_t index, const char *channel, const char *queue, const char *language) {
  const struct desk_template *t = &r->desk->templates[index];
  struct sides sides = {{false}, {false}};
  if (t->hours) /* the other side it does not want */
    add_side(r->desk, &sides, t->hours, !t->outside);
  return cover_of(r, index, channel, queue, language, &sides) == ALWAYS;
}

static bool all_languages_taken(struct review *r, size_t index, const char *channel, const char *queue) {
  const struct desk_template *t = &r->desk->templates[index];
  if (t->language_count == 0) /* what fits where no language is known fits them all */
    return taken(r, index, channel, queue, "");
  for (size_t i = 0; i < t->language_count; i++)
    if (!taken(r, index, channel, queue, t->languages[i]))
      return false;
  return true;
}

static bool all_taken(struct review *r, size_t index) {
  const struct desk_template *t = &r->desk->templates[index];
  size_t queues = t->queue_count ? t->queue_count : r->desk->queue_count;
  for (size_t c = 0; c < t->channel_count; c++)
    for (size_t q = 0; q < queues; q++)
      if (!all_languages_taken(r, index, t->channels[c], t->queue_count ? t->queues[q] : r->desk->queues[q].name))
        return false;
  return true;
}

void review_turn(struct review *r, size_t index) {
  const struct desk_template *t = &r->desk->templates[index];
  if (index > 0 && all_taken(r, index) && r->patience > 0)
    review_note(r, &t->place, t->name, "never has its turn: those before it take all its cases");
}

/* ---- who is left without */

static void add_text(struct texts *set, const char *text) {
  for (size_t i = 0; i < set->count; i++)
    if (strcmp(set->at[i], text) == 0)
      return;
  if (set->count < SET_MAX)
    set->at[set->count++] = text;
}

static enum cover cover_all(struct review *r, const char *channel, const char *queue, const char *language) {
  struct sides sides = {{false}, {false}};
  return cover_of(r, r->desk->template_count, channel, queue, language, &sides);
}

/* `single`: it is otherwise for customers of another language. */
static void tell_hole(struct review *r, const char *channel, const char *queue, const char *language, bool single,
                      enum cover cover) {
  static const struct complaint_place nowhere = {0, 0};
  char whom[120];
  if (language[0])
    snprintf(whom, sizeof(whom), " for customers who write in '%s'", language);
  else
    snprintf(whom, sizeof(whom), "%s", single ? " for customers whose language is not known, or another" : "");
  review_note(r, &nowhere, NULL, "channel '%s', queue '%s': there is no template%s%s", channel, queue,
              cover == SOMETIMES ? " at some hours" : "", whom);
}

/* A queue for which nothing is said in any language is meant so. Returns whether something was told. */
static bool tell_holes(struct review *r, const char *channel, const char *queue, const struct texts *languages) {
  enum cover unknown = cover_all(r, channel, queue, ""), of[SET_MAX];
  bool any = unknown != NEVER, single = false, told = unknown != ALWAYS;
  for (size_t i = 0; i < languages->count; i++) {
    of[i] = cover_all(r, channel, queue, languages->at[i]);
    any = any || of[i] != NEVER;
    single = single || of[i] != unknown;
  }
  if (!any || r->patience <= 0)
    return false;
  if (unknown != ALWAYS)
    tell_hole(r, channel, queue, "", single, unknown);
  for (size_t i = 0; i < languages->count; i++)
    if (of[i] != ALWAYS && of[i] != unknown) {
      tell_hole(r, channel, queue, languages->at[i], true, of[i]);
      told = true;
    }
  return told;
}

void review_holes(struct review *r) {
  const struct desk *d = r->desk;
  struct texts channels = {.count = 0}, languages = {.count = 0};
  for (size_t i = 0; i < d->template_count; i++) {
    for (size_t c = 0; c < d->templates[i].channel_count; c++)
      add_text(&channels, d->templates[i].channels[c]);
    for (size_t l = 0; l < d->templates[i].language_count; l++)
      add_text(&languages, d->templates[i].languages[l]);
  }
  /* the first queue of a channel that has one stands for the others */
  for (size_t c = 0; c < channels.count; c++)
    for (size_t q = 0; q < d->queue_count; q++)
      if (tell_holes(r, channels.at[c], d->queues[q].name, &languages))
        break;
}
