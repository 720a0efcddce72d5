/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates of acknowledgements: which one fits, and its words with the variables filled in (desk/desk.h has the
 * sections of the desk definition).
 *
 *   {{reference}}                a variable (variables.def)
 *   {{customer_name|there}}      with a default, taken when the variable has no value; it may be empty: {{subject|}}
 *   {{{{                         two braces
 *
 * A variable without value and without default is a gap: nothing is rendered, the acknowledgement is not sent. What is
 * put in is never looked at again, so a value cannot bring a placeholder; it is made one line of at most
 * 200 characters first (variables.def), without controls, bidi controls and invisible characters, so it cannot start a
 * header, turn the text around it or hide in it. Time and memory are linear in the source and the values.
 *
 * Pure, but what tells the time of day asks the system's zones (hours/zone.h) and is not for several threads.
 */
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H

#include "base/arena.h"
#include "desk/desk.h"

#define TEMPLATE_TEXT_MAX 4096 /* bytes of what is rendered (AR-37) */

/* ---- which */

struct template_facts {
  struct slice channel, queue;
  struct slice language;  /* tag of BCP 47, any case; empty: not known */
  int64_t now_ms;
};

/* The first that fits, lent; NULL: none. One whose hours' zone the system does not know never fits. */
const struct desk_template *template_choose(const struct desk *d, const struct template_facts *f);
/* Do its hours allow it now? True when it has none. */
bool template_fits_time(const struct desk_template *t, int64_t now_ms);
/* The hours its opening_hours and next_open tell of: those it is chosen by, else the desk's first; NULL: none. */
const struct hours *template_hours(const struct desk *d, const struct desk_template *t);
/* The source of its subject: its own; else "Re: " and theirs, or the desk's name when there is none to quote. */
struct slice template_subject(const struct desk_template *t, bool has_subject);
/* Is anything acknowledged on this channel? */
bool template_any(const struct desk *d, struct slice channel);

/* ---- its words */

enum template_variable {
#define VARIABLE(constant, name, personal, sure, longest, sample, what) constant,
#include "template/variables.def"
#undef VARIABLE
  TEMPLATE_VARIABLES
};

/* A row of variables.def, where its members are explained. */
struct template_about {
  const char *name, *sample, *what;
  bool personal, sure;
  size_t longest;
};

/* Lent. */
const struct template_about *template_about(enum template_variable v);
/* TEMPLATE_VARIABLES: there is none of this name. */
enum template_variable template_variable_named(struct slice name);

/* Borrowed; empty: no value. Any bytes. */
struct template_values {
  struct slice of[TEMPLATE_VARIABLES];
};

enum { TEMPLATE_GAP = 1, TEMPLATE_TOO_LONG = 2 };
/* Renders into the arena. Returns 0 (*ret NUL-terminated); TEMPLATE_GAP (*ret_gap: the variable's name, static);
 * TEMPLATE_TOO_LONG (more than TEMPLATE_TEXT_MAX bytes); -EINVAL (not what template_check() accepts); -ENOMEM. */
int must_check template_render(struct slice source, const struct template_values *v, struct arena *a, char **ret,
                               const char **ret_gap);
/* Is the source well-formed? Returns 0 or -EINVAL; the complaint's line is that in the source, its file is empty. */
int must_check template_check(struct slice source, struct complaint *c);

/* ---- time in words: of a language (en de fr es it pt nl pl ru zh ja ko; by its primary tag; else en). All NULL at the
 * arena's ceiling. */

/* A duration as a person would promise it, rounded up: "15 minutes", "2 Stunden", "3 дня". */
char *template_duration(struct arena *a, struct slice language, int64_t ms);
/* "Mon-Fri 09:00-17:00, Sat 10:00-12:00" (a hyphen: a dash would double the price of an SMS) */
char *template_opening(struct arena *a, struct slice language, const struct hours *h);
/* "Monday at 09:00"; a week and more away "Monday (2027-01-04) at 09:00". "" while it is open, and when it never is. */
char *template_next_open(struct arena *a, struct slice language, const struct hours *h, int64_t now_ms);

#endif
