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
};

void free_texts(char **texts, size_t count);
void when_free(struct desk_when **w);

/* A desk being read. */
struct reading {
  struct document document;
  struct desk *desk;
  struct names queues, agents, rules, hours, templates; /* name → index */
};

/* A key of a map and who reads its value into `into`. */
struct field {
  const char *key;
  bool required;
  int (*read)(struct reading *r, const struct node *value, void *into);
};

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
/* A duration of 0 to `most_ms`; `what` is the setting's name. */
int must_check read_duration(struct reading *r, const struct node *value, const char *what, int64_t most_ms,
                             int64_t *ret_ms);
int must_check read_within(struct reading *r, const struct node *value, int64_t *ret_ms);
/* A queue that is defined. */
int must_check read_queue_name(struct reading *r, const struct node *value, char **ret);
/* "'x' WHY" at the value's place. */
int complain_value(struct reading *r, const struct node *value, const char *why);

/* The parts of the parser (parse_when.c, parse_rule.c). */
int must_check read_when(struct reading *r, const struct node *value, struct desk_rule *rule);
int must_check read_rules(struct reading *r, const struct node *rules, const struct node *fallback);
int must_check read_hours(struct reading *r, const struct node *list);
int must_check read_templates(struct reading *r, const struct node *list);
int must_check read_acknowledge(struct reading *r, const struct node *map); /* NULL: all as by default */
void hours_clear(struct desk_hours *h);
void template_clear(struct desk_template *t);

#endif
