/* SPDX-License-Identifier: Apache-2.0 */
/* The factors of a customer's worth, each from what the profile has. NAN stands for what it does not have. */
#include "plan/worth.h"
#include "plan/date.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define NUMBER_MAX 40
#define DAY_MS 86400000.0

struct customer {
  const char *tags;
  double value;
  const json_t *profile;   /* NULL: none */
  double now_ms;
};

/* ---- what the profile has */

static size_t digits(const char *at) {
  return strspn(at, "0123456789");
}

static bool number_form(const char *at) {
  size_t n;
  if (strlen(at) > NUMBER_MAX)
    return false;
  at += *at == '-';
  if ((n = digits(at)) == 0)
    return false;
  at += n;
  if (*at == '.') {
    if ((n = digits(at + 1)) == 0)
      return false;
    at += n + 1;
  }
  if (*at == 'e' || *at == 'E') {
    at += 1 + (at[1] == '-' || at[1] == '+');
    if ((n = digits(at)) == 0)
      return false;
    at += n;
  }
  return *at == '\0';
}

static double finite_or_none(double number) {
  return isfinite(number) ? number : NAN;
}

static double number_of(const struct customer *c, const char *name) {
  if (strcmp(name, "value") == 0)
    return finite_or_none(c->value);
  const json_t *member = json_object_get(c->profile, name);
  if (json_is_number(member))
    return finite_or_none(json_number_value(member));
  if (json_is_string(member) && number_form(json_string_value(member)))
    return finite_or_none(strtod(json_string_value(member), NULL));
  return NAN;
}

/* Seconds since 1970. */
static double date_of(const struct customer *c, const char *name) {
  const json_t *member = json_object_get(c->profile, name);
  int64_t seconds;
  if (json_is_string(member) && date_seconds(slice_text(json_string_value(member)), &seconds))
    return (double)seconds;
  return number_of(c, name);
}

static bool text_is(const struct customer *c, const char *name, const char *text) {
  const json_t *member = json_object_get(c->profile, name);
  if (json_is_boolean(member))
    return strcmp(text, json_is_true(member) ? "true" : "false") == 0;
  return json_is_string(member) && strcmp(json_string_value(member), text) == 0;
}

static bool has_tag(const struct customer *c, const char *tag) {
  size_t len = strlen(tag);
  for (const char *at = c->tags; (at = strchr(at, '|')); at++)
    if (strncmp(at + 1, tag, len) == 0 && at[1 + len] == '|')
      return true;
  return false;
}

/* ---- factors */

static double at_points(const struct desk_factor *f, double x) {
  const struct desk_point *p = f->points;
  if (isnan(x))
    return 1;
  if (x < p[0].x)
    return p[0].factor;
  for (size_t i = 1; i < f->point_count; i++)
    if (x < p[i].x)
      return p[i - 1].factor + ((x - p[i - 1].x) / (p[i].x - p[i - 1].x)) * (p[i].factor - p[i - 1].factor);
  return p[f->point_count - 1].factor;
}

static double lifetime(const struct customer *c, const struct desk_factor *f) {
  double number = number_of(c, f->name), keeps = f->keeps_name ? number_of(c, f->keeps_name) : f->keeps;
  double sum = 0, power = 1;
  if (isnan(number) || !(keeps >= 0 && keeps <= 1))
    return NAN;
  for (int year = 0; year < f->years; year++) {
    sum = sum + number * power;
    power = power * keeps;
  }
  return sum;
}

static double factor_of(const struct customer *c, const struct desk_factor *f) {
  switch (f->kind) {
  case FACTOR_FIGURE:
    return at_points(f, number_of(c, f->name));
  case FACTOR_AGE:
    return at_points(f, (c->now_ms - date_of(c, f->name) * 1000) / DAY_MS);
  case FACTOR_LIFETIME:
    return at_points(f, lifetime(c, f));
  case FACTOR_TAG:
    return has_tag(c, f->name) ? f->factor : 1;
  case FACTOR_IS:
    return text_is(c, f->name, f->text) ? f->factor : 1;
  }
  return 1;
}

double desk_worth(const struct desk *d, const char *tags, double value, struct slice profile, int64_t now_ms) {
  json_t *object = profile.len && d->factor_count
                       ? json_loadb(profile.at, profile.len, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
  struct customer c = {tags, value, json_is_object(object) ? object : NULL, (double)now_ms};
  double worth = 1;
  for (size_t i = 0; i < d->factor_count; i++)
    worth = worth * factor_of(&c, &d->factors[i]);
  json_decref(object);
  return worth;
}
