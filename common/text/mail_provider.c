/* SPDX-License-Identifier: Apache-2.0 */
#include "text/mail_provider.h"
#include <stdlib.h>

static const char *const providers[] = {
#define PROVIDER(domain) domain,
#include "text/mail_providers.def"
#undef PROVIDER
};

static int by_text(const void *key, const void *row) {
  const struct slice *domain = key;
  const char *text = *(const char *const *)row;
  int order = strncmp(domain->at, text, domain->len);
  return order ? order : -(int)(text[domain->len] != '\0');
}

/* by_text() stops at a NUL only in the row. */
bool mail_provider_has(struct slice domain) {
  return domain.len && !memchr(domain.at, '\0', domain.len) &&
         bsearch(&domain, providers, sizeof(providers) / sizeof(providers[0]), sizeof(providers[0]), by_text);
}
