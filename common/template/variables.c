/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of each variable: the rows of variables.def. */
#include "template/template.h"

static const struct template_about rows[TEMPLATE_VARIABLES] = {
#define VARIABLE(constant, name, personal, sure, longest, sample, what)  \
  [constant] = {name, sample, what, personal, sure, longest},
#include "template/variables.def"
#undef VARIABLE
};

const struct template_about *template_about(enum template_variable v) {
  assert(v < TEMPLATE_VARIABLES);
  return &rows[v];
}

enum template_variable template_variable_named(struct slice name) {
  unsigned v = 0;
  while (v < TEMPLATE_VARIABLES && !slice_equal(name, slice_text(rows[v].name)))
    v++;
  return (enum template_variable)v;
}
