/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"
#include "desk/desk.h"
#include <stdlib.h>

#define DOMAIN_MAX 253

static const char *const providers[] = {
#define PROVIDER(domain) domain,
#include "desk/providers.def"
#undef PROVIDER
};

static int compare(const void *key, const void *row) {
  return strcmp(key, *(const char *const *)row);
}

bool desk_big_provider(struct slice domain) {
  char lower[DOMAIN_MAX + 1];
  if (domain.len > DOMAIN_MAX || memchr(domain.at, '\0', domain.len))
    return false;
  lower_copy(domain, lower);
  lower[domain.len] = '\0';
  return bsearch(lower, providers, sizeof(providers) / sizeof(providers[0]), sizeof(providers[0]), compare) != NULL;
}
