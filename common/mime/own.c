/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted tables, made once per process: they are asked for every mail. */
#include "mime/own.h"
#include "base/pattern.h"
#include "text/address.h"
#include "text/confusable.h"
#include "text/mail_provider.h"
#include <stdlib.h>

enum { TEXT_MAX = 512, PLAIN_MAX = 63, ARENA_FIRST = 4096 };

struct table {
  char **texts;
  size_t count;
};

struct mime_own {
  struct arena *arena;
  struct table addresses; /* "support@example.com", "@example.com" */
  struct table domains;   /* of all of them */
  struct table looks;     /* their skeletons */
};

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has(const struct table *t, const char *text) {
  return t->count && bsearch(&text, t->texts, t->count, sizeof(*t->texts), by_text);
}

static void sort(struct table *t) {
  size_t kept = 0;
  if (t->count)
    qsort(t->texts, t->count, sizeof(*t->texts), by_text);
  for (size_t i = 0; i < t->count; i++)
    if (kept == 0 || strcmp(t->texts[kept - 1], t->texts[i]) != 0)
      t->texts[kept++] = t->texts[i];
  t->count = kept;
}

/* Texts that do not fit, as "*", are nobody's. */
static bool lowered(struct slice s, char ret[TEXT_MAX + 1]) {
  if (s.len > TEXT_MAX)
    return false;
  lower_copy(s, ret);
  ret[s.len] = '\0';
  return true;
}

struct slice domain_of(struct slice address) {
  const char *at = address.len ? memrchr(address.at, '@', address.len) : NULL;
  return at ? slice_of(at + 1, address.len - (size_t)(at + 1 - address.at)) : slice_of("", 0);
}

static void add(struct mime_own *own, const char *address) {
  char lower[TEXT_MAX + 1];
  const char *at;
  if (!lowered(slice_text(address), lower) || !(at = strrchr(lower, '@')))
    return;
  const char *domain = at + 1, *shown = domain_shown(own->arena, slice_text(domain));
  own->addresses.texts[own->addresses.count++] = arena_copy(own->arena, slice_text(lower));
  own->looks.texts[own->looks.count++] = domain_skeleton(own->arena, slice_text(shown));
  own->domains.texts[own->domains.count++] = arena_copy(own->arena, slice_text(domain));
}

struct mime_own *mime_own_new(char *const *addresses, size_t count) {
  struct mime_own *own = must_calloc(1, sizeof(*own));
  own->arena = arena_new(ARENA_FIRST, SIZE_MAX / 2); /* the operator's own list */
  struct table *tables[] = {&own->addresses, &own->domains, &own->looks};
  for (size_t i = 0; i < 3; i++)
    tables[i]->texts = must_calloc(count, sizeof(*tables[i]->texts));
  for (size_t i = 0; i < count; i++)
    add(own, addresses[i]);
  for (size_t i = 0; i < 3; i++)
    sort(tables[i]);
  return own;
}

void mime_own_free(struct mime_own **own) {
  if (!own || !*own)
    return;
  free((*own)->addresses.texts);
  free((*own)->domains.texts);
  free((*own)->looks.texts);
  arena_free(&(*own)->arena);
  free(*own);
  *own = NULL;
}

bool own_has_address(const struct mime_own *own, struct slice address) {
  char text[TEXT_MAX + 1];
  struct slice local, token, domain;
  if (!own || !lowered(address, text) || !address_split_token(slice_text(text), &local, &token, &domain))
    return false;
  if (domain.at > text && has(&own->addresses, domain.at - 1)) /* "@example.com" */
    return true;
  if (!token.len)
    return has(&own->addresses, text);
  char plain[TEXT_MAX + 1];
  memcpy(plain, local.at, local.len);
  memcpy(plain + local.len, domain.at - 1, domain.len + 1);
  plain[local.len + 1 + domain.len] = '\0';
  return has(&own->addresses, plain);
}

bool own_has_domain(const struct mime_own *own, struct slice domain) {
  char text[TEXT_MAX + 1];
  return own && domain.len && lowered(domain, text) && !mail_provider_has(slice_text(text)) && has(&own->domains, text);
}

bool own_is_imitated(struct reading *r, const struct mime_own *own, struct slice domain) {
  char text[TEXT_MAX + 1];
  if (!own || !domain.len || !lowered(domain, text))
    return false;
  const char *shown = memmem(text, domain.len, "xn--", 4) ? domain_shown(r->arena, domain) : text;
  const char *look = shown ? domain_skeleton(r->arena, slice_text(shown)) : NULL;
  r->failed |= !look;
  return look && has(&own->looks, look) && !has(&own->domains, text);
}

/* Lower-case letters, digits and '-' in labels that are not empty, the last not a number: most domains. */
static bool is_plain(struct slice domain) {
  bool label = false, letter = false;
  for (size_t i = 0; i < domain.len; i++) {
    char c = domain.at[i];
    if (c == '.' ? !label : !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c != '-' || !label))
      return false;
    label = c != '.';
    letter = c != '.' && (letter || (c >= 'a' && c <= 'z'));
  }
  return label && letter && domain.at[domain.len - 1] != '-';
}

struct slice domain_key(struct reading *r, struct slice s) {
  char *address, *key;
  struct slice domain = memrchr(s.at ? s.at : "", '@', s.len) ? domain_of(s) : s;
  if (domain.len <= PLAIN_MAX && is_plain(domain))
    return domain;
  if (!domain.len || domain.len > TEXT_MAX)
    return slice_of("", 0);
  char *probe = arena_printf(r->arena, "x@%.*s", (int)domain.len, domain.at);
  int found = probe ? address_email(r->arena, slice_text(probe), &address, &key) : -ENOMEM;
  r->failed |= found < 0;
  return found == 0 ? domain_of(slice_text(key)) : slice_of("", 0);
}

bool domain_covers(struct slice above, struct slice below) {
  if (!above.len || slice_equal(above, below))
    return above.len != 0;
  return memchr(above.at, '.', above.len) && below.len > above.len + 1 && below.at[below.len - above.len - 1] == '.' &&
         memcmp(below.at + below.len - above.len, above.at, above.len) == 0;
}
