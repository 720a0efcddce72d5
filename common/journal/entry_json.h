/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry of the journal says of the customer, for the outside. */
#ifndef JOURNAL_ENTRY_JSON_H
#define JOURNAL_ENTRY_JSON_H

#include "journal/entry.h"
#include <jansson.h>

/* {state, as_of, tags[], value, language, open_conversations[], last_agent, name, profile}; gives a new reference. */
json_t *entry_context_json(const struct entry *e);

#endif
