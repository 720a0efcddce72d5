/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of one template by itself: its text, its variables, the channels it is for. */
#include "template/review.h"
#include "template/cover.h"
#include "template/scan.h"
#include "hours/zone.h"
#include "text/sms_segments.h"
#include <stdarg.h>
#include <stdio.h>

#define ARENA_MAX (256 * 1024)
/* A moment at which most desks are open and one at which they are closed: a Monday, 10:00 and 23:00 UTC. */
#define OPEN_MS 1767607200000
#define CLOSED_MS 1767654000000

static printf_like(5, 0) void tell_of(struct review *r, bool wrong, const struct complaint_place *place,
                                      const char *name, const char *format, va_list args) {
  struct template_finding f = {.wrong = wrong, .place = *place, .name = name};
  vsnprintf(f.text, sizeof(f.text), format, args);
  r->wrong += wrong;
  r->tell(r->arg, &f);
}

static printf_like(4, 5) void wrong(struct review *r, const struct complaint_place *place, const char *name,
                                    const char *format, ...) {
  va_list args;
  va_start(args, format);
  tell_of(r, true, place, name, format, args);
  va_end(args);
}

void review_note(struct review *r, const struct complaint_place *place, const char *name, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tell_of(r, false, place, name, format, args);
  va_end(args);
}

/* ---- texts */

/* One of a template's two texts. */
struct words {
  const struct desk_template *t;
  struct slice source;
  const struct complaint_place *place;
  const char *what; /* "text", "subject" */
};

/* Can it be without value where this template is taken? Outside of its hours there is a next opening. */
static bool can_be_empty(const struct review *r, const struct desk_template *t, enum template_variable v) {
  bool hours = template_hours(r->desk, t) != NULL;
  if (v == TEMPLATE_OPENING_HOURS)
    return !hours;
  return !template_about(v)->sure && !(v == TEMPLATE_NEXT_OPEN && hours && t->outside);
}

static void look_at_variable(struct review *r, const struct words *w, const struct piece *p) {
  const struct template_about *about = template_about(p->variable);
  if (about->personal && (w->t->allow & ALLOW_TYPED_ADDRESS))
    review_note(r, w->place, w->t->name, "{{%s}} in its %s is never filled in for an address that was only typed in "
                "(WF-20): there %s", about->name, w->what, p->has_default ? "its default is said" : "nothing is sent");
  else if (can_be_empty(r, w->t, p->variable) && !p->has_default)
    review_note(r, w->place, w->t->name, "{{%s}} in its %s has no default: when it has no value, nothing is sent; "
                "{{%s|…}} says something else instead", about->name, w->what, about->name);
}

static bool look_at_variables(struct review *r, const struct words *w) {
  struct scan s = {.source = w->source};
  struct complaint c = {0};
  struct piece piece;
  bool told[TEMPLATE_VARIABLES] = {false};
  if (template_check(w->source, &c)) {
    wrong(r, w->place, w->t->name, "line %u of its %s, column %u: %s", c.line, w->what, c.column, c.text);
    return false;
  }
  while (scan_next(&s, &piece) > 0) {
    if (piece.variable == TEMPLATE_VARIABLES || told[piece.variable])
      continue;
    told[piece.variable] = true;
    look_at_variable(r, w, &piece);
  }
  return true;
}

/* With everything a customer can choose at its longest. */
static size_t longest(const struct words *w, const struct template_values *values) {
  struct scan s = {.source = w->source};
  struct piece piece;
  size_t total = 0;
  while (scan_next(&s, &piece) > 0) {
    bool text = piece.variable == TEMPLATE_VARIABLES;
    const struct template_about *about = text ? NULL : template_about(piece.variable);
    total += text ? piece.text.len : about->personal ? about->longest : values->of[piece.variable].len;
  }
  return total;
}

static const struct channel_config *channel_of(const struct review *r, const char *name) {
  return r->config ? config_channel(r->config, slice_text(name)) : NULL;
}

static void look_at_sms(struct review *r, const struct words *w, const char *channel, const char *text) {
  struct sms_segments parts;
  int most = r->desk->acknowledge.sms_parts;
  sms_segments(slice_text(text), &parts);
  if (parts.count > (size_t)most)
    review_note(r, w->place, w->t->name, "over channel '%s' it is an SMS in %zu parts with sample values (%zu "
                "characters%s); in more than %d it is not sent (acknowledge: sms_parts)", channel, parts.count, parts.units,
                parts.encoding == SMS_GSM7 ? "" : ", not all of GSM 7-bit, so that fewer fit", most);
}

/* As it looks: in the first of its languages, when the desk is open or closed as the template wants it. */
static void look_at_sample(struct review *r, const struct words *w) {
  auto_clean(arena_free) struct arena *a = arena_new(4096, ARENA_MAX);
  struct slice language = slice_text(w->t->language_count ? w->t->languages[0] : "");
  struct template_values values;
  char *text;
  const char *gap;
  if (template_samples(r->desk, w->t, r->config, language, w->t->outside ? CLOSED_MS : OPEN_MS, a, &values))
    return;
  if (longest(w, &values) > TEMPLATE_TEXT_MAX)
    review_note(r, w->place, w->t->name, "its text can become %zu bytes long; more than %d are not sent",
                longest(w, &values), TEMPLATE_TEXT_MAX);
  if (template_render(w->source, &values, a, &text, &gap))
    return;
  for (size_t i = 0; i < w->t->channel_count; i++) {
    const struct channel_config *channel = channel_of(r, w->t->channels[i]);
    if (channel && channel->kind == CHANNEL_SMS)
      look_at_sms(r, w, channel->name, text);
  }
}

/* ---- channels */

static size_t mail_channels(const struct config *config) {
  size_t count = 0;
  for (size_t i = 0; i < config->channel_count; i++)
    count += config->channels[i].kind == CHANNEL_EMAIL && config->channels[i].enabled;
  return count;
}

static void look_at_form(struct review *r, const struct desk_template *t, const char *channel) {
  if (!(t->allow & ALLOW_TYPED_ADDRESS))
    review_note(r, &t->place, t->name, "channel '%s' is a form, where an address is only typed in: without 'allow: "
                "[typed-address]' nothing is sent", channel);
  else if (!t->over && mail_channels(r->config) != 1)
    review_note(r, &t->place, t->name, "channel '%s' is a form and there are %zu e-mail channels: 'over' must say "
                "which one it goes out over", channel, mail_channels(r->config));
}

static void look_at_over(struct review *r, const struct desk_template *t, bool form) {
  const struct channel_config *over = channel_of(r, t->over);
  if (!over || over->kind != CHANNEL_EMAIL)
    review_note(r, &t->over_place, t->name, over ? "'over' names channel '%s', which is no e-mail channel"
                : "'over' names channel '%s', which is not in the configuration", t->over);
  else if (!form)
    review_note(r, &t->over_place, t->name, "'over' is for forms, and it is for none");
}

static void look_at_channels(struct review *r, const struct desk_template *t) {
  bool mail = false, form = false, unknown = false;
  for (size_t i = 0; i < t->channel_count; i++) {
    const struct channel_config *channel = channel_of(r, t->channels[i]);
    if (!channel) {
      review_note(r, &t->place, t->name, "channel '%s' is not in the configuration", t->channels[i]);
      unknown = true;
      continue;
    }
    mail = mail || channel->kind == CHANNEL_EMAIL;
    form = form || channel->kind == CHANNEL_FORM;
    if (channel->kind == CHANNEL_FORM)
      look_at_form(r, t, channel->name);
  }
  if (t->over)
    look_at_over(r, t, form || unknown);
  if (t->subject && !mail && !form && !unknown)
    review_note(r, &t->subject_place, t->name, "'subject' is for mail, and none of its channels is one");
}

/* ---- the whole */

static void look_at_template(struct review *r, size_t index) {
  const struct desk_template *t = &r->desk->templates[index];
  struct words text = {t, slice_text(t->text), &t->text_place, "text"};
  struct words subject = {t, slice_text(t->subject), &t->subject_place, "subject"};
  if (t->subject)
    look_at_variables(r, &subject);
  if (look_at_variables(r, &text))
    look_at_sample(r, &text);
  if (r->config)
    look_at_channels(r, t);
  review_turn(r, index);
}

size_t template_review(const struct desk *d, const struct config *config, template_tell *tell, void *arg) {
  struct review r = {.desk = d, .config = config, .tell = tell, .arg = arg, .patience = REVIEW_PATIENCE};
  for (size_t i = 0; i < d->hours_count; i++)
    if (!zone_known(d->hours[i].zone))
      wrong(&r, &d->hours[i].zone_place, NULL, "hours '%s': this system knows no time zone '%s' (Europe/Berlin, "
            "America/New_York; package tzdata)", d->hours[i].name, d->hours[i].zone);
  for (size_t i = 0; i < d->template_count; i++)
    look_at_template(&r, i);
  review_holes(&r);
  return r.wrong;
}
