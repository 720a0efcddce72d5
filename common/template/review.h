/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator should know of a desk definition's templates before it is put into force. Reading it has found what
 * no program could work with; this finds what would be silent later: texts that are none, zones the system does not
 * have, variables without default, templates that never have their turn, customers for whom there is none.
 */
#ifndef TEMPLATE_REVIEW_H
#define TEMPLATE_REVIEW_H

#include "config/config.h"
#include "template/template.h"

struct template_finding {
  bool wrong;              /* must be mended: desk apply refuses it; else worth knowing */
  struct complaint_place place;
  const char *name;        /* of the template; NULL: about several */
  char text[500];          /* one sentence */
};

typedef void template_tell(void *arg, const struct template_finding *f);

/* Tells each finding in the order of the document, what is about several last. `config` (may be NULL) says of which
 * kind the channels are. Returns how many were wrong. */
size_t template_review(const struct desk *d, const struct config *config, template_tell *tell, void *arg);

/* Values that show what a template looks like, as they would be in this language at this time; NULL config: as far as
 * the desk definition says. Those in words live in the arena. -ENOMEM. */
int must_check template_samples(const struct desk *d, const struct desk_template *t, const struct config *config,
                                struct slice language, int64_t now_ms, struct arena *a, struct template_values *ret);

#endif
