/* SPDX-License-Identifier: Apache-2.0 */
/* What a customer is worth to routing: factors, each of one kind with keys of its own. */
#include "config/forms.h"
#include "config/value.h"
#include "desk/when.h"
#include <math.h>
#include <stdlib.h>

#define MEMBER_MAX 64
#define TEXT_MAX 200
#define FACTOR_LEAST 0.001
#define FACTOR_MOST 1000
#define YEARS_MOST 50
#define X_MOST 999999999

static int factor_member(struct reading *r, const struct node *value, void *into) {
  if (value->kind != NODE_TEXT || node_is_null(value) || value->text.len == 0 || value->text.len > MEMBER_MAX ||
      !form_line(value->text))
    return complain_value(r, value, "is no member of a profile: 1 to 64 bytes in one line");
  ((struct desk_factor *)into)->name = must_strdup(value->text.at);
  return 0;
}

static int factor_tag(struct reading *r, const struct node *value, void *into) {
  struct buf tag = BUF_INIT(MEMBER_MAX + 1);
  int fault = read_tag(r, value, &tag);
  if (!fault)
    ((struct desk_factor *)into)->name = must_strdup(tag.at);
  buf_free(&tag);
  return fault;
}

static int factor_text(struct reading *r, const struct node *value, void *into) {
  if (value->kind != NODE_TEXT || value->text.len == 0 || value->text.len > TEXT_MAX || !form_line(value->text))
    return complain_value(r, value, "is no text of a profile: 1 to 200 bytes in one line");
  ((struct desk_factor *)into)->text = must_strdup(value->text.at);
  return 0;
}

static int factor_factor(struct reading *r, const struct node *value, void *into) {
  return read_decimal(r, value, "factor", FACTOR_LEAST, FACTOR_MOST, &((struct desk_factor *)into)->factor);
}

static int factor_keeps(struct reading *r, const struct node *value, void *into) {
  struct desk_factor *f = into;
  double unused;
  if (value->kind == NODE_TEXT && !value_decimal(value->text, &unused))
    return read_decimal(r, value, "share of customers who stay a year", 0, 1, &f->keeps);
  if (value->kind != NODE_TEXT || node_is_null(value) || value->text.len > MEMBER_MAX || !form_line(value->text) ||
      (value->text.len && strchr("-+.0123456789", value->text.at[0])))
    return complain_value(r, value, "is neither a share of customers who stay a year (0 to 1) nor a member of a "
                                    "profile");
  f->keeps = NAN;
  f->keeps_name = must_strdup(value->text.at);
  return 0;
}

static int factor_years(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of years", 1, YEARS_MOST, &((struct desk_factor *)into)->years);
}

/* ---- points */

static int read_x(struct reading *r, const struct node *key, const struct desk_factor *f, double *ret) {
  int64_t ms;
  if (f->kind != FACTOR_AGE)
    return read_decimal(r, key, "number to the left of a factor", -X_MOST, X_MOST, ret);
  int fault = read_duration(r, key, "points", 36500 * DAY_MS, &ms);
  if (!fault)
    *ret = (double)ms / (double)DAY_MS;
  return fault;
}

static int factor_points(struct reading *r, const struct node *value, void *into) {
  struct desk_factor *f = into;
  if (value->kind != NODE_MAP || value->count == 0)
    return document_complain(&r->document, value, f->kind == FACTOR_AGE ? "'points' must be a map: {30d: 1.5, 365d: 1}"
                                                                        : "'points' must be a map: {0: 0.5, 1000: 2}");
  if (value->count > DESK_MAX_POINTS)
    return document_complain(&r->document, value, "'points' has %zu entries; at most %d are allowed", value->count,
                             DESK_MAX_POINTS);
  f->points = must_calloc(value->count, sizeof(*f->points));
  for (const struct node *n = value->first; n; n = n->next) {
    struct desk_point *p = &f->points[f->point_count];
    int fault = read_x(r, n->key, f, &p->x);
    fault = fault ? fault : read_decimal(r, n, "factor", FACTOR_LEAST, FACTOR_MOST, &p->factor);
    if (fault)
      return fault;
    if (f->point_count > 0 && p->x <= p[-1].x)
      return complain_value(r, n->key, "must be more than what stands before it in 'points'");
    f->point_count++;
  }
  return 0;
}

/* ---- the section */

static const struct field figure_fields[] = {{"figure", true, factor_member}, {"points", true, factor_points}};
static const struct field age_fields[] = {{"age", true, factor_member}, {"points", true, factor_points}};
static const struct field lifetime_fields[] = {{"lifetime", true, factor_member},
                                               {"keeps", true, factor_keeps},
                                               {"years", true, factor_years},
                                               {"points", true, factor_points}};
static const struct field tag_fields[] = {{"tag", true, factor_tag}, {"factor", true, factor_factor}};
static const struct field is_fields[] = {
    {"is", true, factor_member}, {"text", true, factor_text}, {"factor", true, factor_factor}};

static const struct {
  const char *key, *where;
  enum desk_factor_kind kind;
  const struct field *fields;
  size_t count;
} kinds[] = {
    {"figure", "a factor 'figure'", FACTOR_FIGURE, figure_fields, COUNT(figure_fields)},
    {"age", "a factor 'age'", FACTOR_AGE, age_fields, COUNT(age_fields)},
    {"lifetime", "a factor 'lifetime'", FACTOR_LIFETIME, lifetime_fields, COUNT(lifetime_fields)},
    {"tag", "a factor 'tag'", FACTOR_TAG, tag_fields, COUNT(tag_fields)},
    {"is", "a factor 'is'", FACTOR_IS, is_fields, COUNT(is_fields)},
};

static int read_factor(struct reading *r, const struct node *n, struct desk_factor *f) {
  for (size_t i = 0; i < COUNT(kinds); i++)
    if (node_member(n, kinds[i].key)) {
      f->kind = kinds[i].kind;
      return read_fields(r, n, kinds[i].fields, kinds[i].count, kinds[i].where, f);
    }
  return document_complain(&r->document, n, "a factor of 'value' needs one of figure, age, lifetime, tag, is");
}

int read_value(struct reading *r, const struct node *list) {
  int fault = read_list_shape(r, list, "value", DESK_MAX_FACTORS);
  if (fault)
    return fault;
  r->desk->factors = must_calloc(list->count + 1, sizeof(*r->desk->factors));
  for (const struct node *n = list->first; n && !fault; n = n->next)
    fault = read_factor(r, n, &r->desk->factors[r->desk->factor_count++]);
  return fault;
}

void factor_clear(struct desk_factor *f) {
  free(f->name);
  free(f->text);
  free(f->points);
  free(f->keeps_name);
}
