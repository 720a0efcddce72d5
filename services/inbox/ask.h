/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody asks for, checked: from a path, a query, a header, a body or a protobuf message into one shape
 * (verbs.def). Pure. */
#ifndef INBOX_ASK_H
#define INBOX_ASK_H

#include "access/access.h"
#include "base/arena.h"
#include "desk/desk.h"

#define ASK_BODY_MAX (16 * 1024)
#define ASK_QUERY_MAX 2048

enum field {
#define FIELD(id, name, form, least, most) FIELD_##id,
#include "verbs.def"
  FIELD_COUNT
};

enum verb {
#define VERB(id, method, path, who, takes, needs, step) VERB_##id,
#include "verbs.def"
  VERB_COUNT
};

struct verb_row {
  const char *name;         /* "TAKE_OVER" */
  const char *method, *path;
  unsigned who;             /* bits of roles */
  unsigned takes, needs;    /* bits of fields */
  const char *step;
};

struct ask {
  enum verb verb;
  unsigned given;           /* bits of fields */
  struct slice text[FIELD_COUNT]; /* "" unless given; NUL-terminated in the arena */
  int64_t number[FIELD_COUNT];    /* NUMBER; MOMENT in Unix ms */
};

/* What is wrong with a field, for who asked. */
struct ask_fault {
  const char *field;        /* "" the body as a whole; static */
  char words[160];
  bool syntax;              /* it could not even be read: 400, else 422 */
};

enum { ASK_WRONG = 1 };

const struct verb_row *verb_row(enum verb verb);
/* NULL, or why this role may not ask for it: one sentence. */
const char *verb_refuses(enum verb verb, enum access_role role);
/* An empty one. */
struct ask ask_new(enum verb verb);
const char *field_name(enum field field);
/* The field of that name, FIELD_COUNT if there is none. */
enum field field_find(struct slice name);
static inline bool ask_has(const struct ask *a, enum field field) {
  return a->given & (1u << field);
}

/* Takes one value; `text` is copied. Returns 0, ASK_WRONG (fault filled), -ENOMEM (the arena's ceiling). */
int must_check ask_text(struct ask *a, enum field field, struct slice text, struct arena *arena,
                        struct ask_fault *fault);
int must_check ask_number(struct ask *a, enum field field, int64_t number, struct ask_fault *fault);
/* Of a MOMENT. */
int must_check ask_moment(struct ask *a, enum field field, int64_t unix_ms, struct ask_fault *fault);
/* "wait=30&known=w…": fields that the verb does not take are passed over. */
int must_check ask_query(struct ask *a, struct slice query, struct arena *arena, struct ask_fault *fault);
/* A JSON object, or nothing at all; members that are no fields of the verb are passed over, null is as not given. */
int must_check ask_json(struct ask *a, struct slice body, struct arena *arena, struct ask_fault *fault);
/* The value of If-Match: one strong ETag of a version, "7" (RFC 9110, 8.8.3 and 13.1.1). */
int must_check ask_etag(struct ask *a, struct slice value, struct ask_fault *fault);
/* The body as a desk definition; it is lent, not copied. Nothing at all is as not given. */
void ask_document(struct ask *a, struct slice body);
/* Is all there that the verb needs? */
int must_check ask_complete(const struct ask *a, struct ask_fault *fault);

#endif
