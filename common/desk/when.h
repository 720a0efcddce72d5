/* SPDX-License-Identifier: Apache-2.0 */
/* The event conditions of a rule, and what the parts of the parser share. Private to the module. */
#ifndef DESK_WHEN_H
#define DESK_WHEN_H

#include "config/document.h"
#include "desk/desk.h"
#include "desk/names.h"

enum suspicion { SUSPICION_ANY, SUSPICION_YES, SUSPICION_NO };

/* Bits of a rule's `automatic`; 0: any. */
enum { AUTOMATIC_NONE = 1, AUTOMATIC_FIRST = 2 };
/* The bit of a kind of automatic mail ("" none); 0 when there is no such kind. */
unsigned automatic_bit(struct slice kind);

/* All that are set must hold; a count of 0 is not set. */
struct desk_when {
  char **channels;
  size_t channel_count;
  char **kinds;
  size_t kind_count;
  char **recipients;          /* patterns in lower case */
  size_t recipient_count;
  uint32_t *phrases;          /* numbers in desk->words */
  size_t phrase_count;
  enum suspicion suspected;
  unsigned automatic;         /* bits of the kinds */
  const struct hours *hours;  /* NULL: at any time */
  bool outside;               /* outside of `hours` */
};

void free_texts(char **texts, size_t count);
void when_free(struct desk_when **w);

/* A desk being read. */
struct reading {
  struct document document;
  struct desk *desk;
  struct names queues, agents, rules, hours, templates; /* name → index */
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SECOND_MS 1000LL
#define HOUR_MS (3600 * SECOND_MS)
#define DAY_MS (24 * HOUR_MS)

/* A key of a map and who reads its value into `into`. */
struct field {
  const char *key;
  bool required;
  int (*read)(struct reading *r, const struct node *value, void *into);
};

/* The reader of a key whose value is read at another time, when what it names is known. */
int read_later(struct reading *r, const struct node *value, void *into);
/* Reads a map by its fields; unknown and missing keys are complained about. `where`: "a rule". */
int must_check read_fields(struct reading *r, const struct node *map, const struct field *fields, size_t count,
                           const char *where, void *into);
/* A list of at most `most` entries, or nothing (null). */
int must_check read_list_shape(struct reading *r, const struct node *value, const char *what, size_t most);
typedef int item_reader(struct reading *r, const struct node *item, char **ret);
/* A list of 1 to `most` texts, each read by `read`; what was read before a fault is counted too. */
int must_check read_texts(struct reading *r, const struct node *value, item_reader *read, size_t most, char ***ret,
                          size_t *ret_count);
int must_check read_name(struct reading *r, const struct node *value, char **ret);
int must_check read_number(struct reading *r, const struct node *value, const char *what, int least, int most,
                           int *ret);
/* A number such as 0.5 or -3; `what` as in "is not a WHAT: 0.1 to 10". */
int must_check read_decimal(struct reading *r, const struct node *value, const char *what, double least, double most,
                            double *ret);
int must_check read_bool(struct reading *r, const struct node *value, bool *ret);
/* A duration of 0 to `most_ms`; `what` is the setting's name. */
int must_check read_duration(struct reading *r, const struct node *value, const char *what, int64_t most_ms,
                             int64_t *ret_ms);
/* The same from `least_ms` on. */
int must_check read_time(struct reading *r, const struct node *value, const char *what, int64_t least_ms,
                         int64_t most_ms, int64_t *ret_ms);
/* A promise to a customer. `what`: "answer_within". */
int must_check read_within(struct reading *r, const struct node *value, const char *what, int64_t *ret_ms);
/* A queue that is defined. */
int must_check read_queue_name(struct reading *r, const struct node *value, char **ret);
/* Hours that are defined, lent. */
int must_check read_hours_name(struct reading *r, const struct node *value, const struct hours **ret);
/* "office", or "not office" for the time outside of them. */
int must_check read_hours_side(struct reading *r, const struct node *value, const struct hours **ret,
                               bool *ret_outside);
/* {billing: 5, zh: 8}; at most DESK_AGENT_SKILLS. What was read before a fault is counted too. */
int must_check read_skill_levels(struct reading *r, const struct node *value, struct desk_skill **ret,
                                 size_t *ret_count);
/* ["billing >= 3", zh]: levels that are needed, each skill once. As read_skill_levels(). */
int must_check read_skill_needs(struct reading *r, const struct node *value, struct desk_skill **ret,
                                size_t *ret_count);
void skills_free(struct desk_skill *skills, size_t count);
/* Appends a tag or another mark: [a-z0-9_-], lower-cased: no character that means something in a predicate. */
int must_check read_tag(struct reading *r, const struct node *item, struct buf *ret);
/* "'x' WHY" at the value's place. */
int complain_value(struct reading *r, const struct node *value, const char *why);
int complain_twice(struct reading *r, const struct node *at, const char *what, const char *name);
struct complaint_place place_of(const struct node *n);

/* Kinds of channels, most frequent first. */
#define CHANNEL_KINDS 4
extern const char *const channel_kinds[CHANNEL_KINDS];
/* {email: 4, sms: 2} from `least` to DESK_MAX_UNITS; with `ret_total` also "total". */
int must_check read_units(struct reading *r, const struct node *map, int least, struct desk_units **ret,
                          size_t *ret_count, int *ret_total);
void units_free(struct desk_units *units, size_t count);

/* The sections (parse_….c); NULL where one may be absent. */
int must_check read_queues(struct reading *r, const struct node *list);
int must_check read_agents(struct reading *r, const struct node *list);
int must_check read_members(struct reading *r, const struct node *queues); /* after the agents */
int must_check read_when(struct reading *r, const struct node *value, struct desk_rule *rule);
/* Conditions on the customer alone: a predicate, never "". */
int must_check read_when_customer(struct reading *r, const struct node *value, const char *where, char **ret);
int must_check read_rules(struct reading *r, const struct node *rules, const struct node *fallback);
int must_check read_hours(struct reading *r, const struct node *list);
int must_check read_templates(struct reading *r, const struct node *list);
int must_check read_acknowledge(struct reading *r, const struct node *map); /* NULL: all as by default */
int must_check read_dispatch(struct reading *r, const struct node *map);    /* NULL: all as by default */
int must_check read_value(struct reading *r, const struct node *list);
void queue_clear(struct desk_queue *q);
void agent_clear(struct desk_agent *a);
void factor_clear(struct desk_factor *f);
void hours_clear(struct hours *h);
void template_clear(struct desk_template *t);

#endif
