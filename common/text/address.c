/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-mail addresses. The domain is what DNS compares, so it is brought to one form; the local part belongs to its
 * host, so only the key is folded. libidn2 is asked for what is not plain ASCII only: it accepts empty labels and
 * characters no host has, so its answer passes the same label check as plain domains do.
 */
#include "text/address.h"
#include "text/address_scan.h"
#include "text/utf8.h"
#include <idn2.h>
#include <stdlib.h>
#include <uninorm.h>

enum {
  LOCAL_MAX = 64,   /* AD-05: RFC 5321 4.5.3.1; a path's 256 include its <> */
  DOMAIN_MAX = 255,
  EMAIL_MAX = 254,
  LABEL_MAX = 63,
  RAW_MAX = 1024,   /* of what is looked at at all */
  KEY_MAX = 512,
  KIND_MAX = 32,
};

static bool is_atext(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c && strchr("!#$%&'*+-/=?^_`{|}~.", c)) || (uint8_t)c >= 0x80;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* A quoted local part up to its closing quote, which must be the end; its words are what lies between, unescaped. */
static bool unquote(struct slice quoted, char *ret, size_t *ret_len, bool *ret_plain) {
  size_t len = 0;
  bool plain = true;
  if (quoted.len < 2 || quoted.at[quoted.len - 1] != '"')
    return false;
  for (size_t i = 1; i < quoted.len - 1; i++) {
    char c = quoted.at[i];
    if (c == '"')
      return false;
    if (c == '\\') {
      if (++i >= quoted.len - 1)
        return false;
      c = quoted.at[i];
    }
    plain = plain && is_atext(c);
    ret[len++] = c;
  }
  *ret_len = len;
  *ret_plain = plain && len > 0;
  return true;
}

/* AD-14: RFC 2047 section 5 forbids an encoded-word here; whoever decodes one lets anybody be anybody. */
static bool has_encoded_word(struct slice s) {
  const char *open = memmem(s.at, s.len, "=?", 2);
  return open && memmem(open + 2, s.len - (size_t)(open + 2 - s.at), "?=", 2);
}

/* Dots may stand anywhere: there are carriers whose customers have "name..x." for an address. */
static bool local_is_valid(struct slice local) {
  if (local.len == 0 || local.len > LOCAL_MAX || has_encoded_word(local) || address_has_invisible(local))
    return false;
  if (local.at[0] == '"') {
    char words[LOCAL_MAX];
    size_t len;
    bool plain;
    return unquote(local, words, &len, &plain);
  }
  for (size_t i = 0; i < local.len; i++)
    if (!is_atext(local.at[i]))
      return false;
  return true;
}

/* The last '@' that is not inside a quoted local part; a second one makes the local part invalid by itself. */
static bool split_at(struct slice s, struct slice *ret_local, struct slice *ret_domain) {
  const char *at = s.len ? memrchr(s.at, '@', s.len) : NULL;
  if (!at)
    return false;
  *ret_local = slice_of(s.at, (size_t)(at - s.at));
  *ret_domain = slice_of(at + 1, s.len - ret_local->len - 1);
  if (ret_domain->len && ret_domain->at[ret_domain->len - 1] == '.')
    ret_domain->len--;
  return ret_local->len && ret_domain->len;
}

static bool label_is_valid(struct slice label) {
  if (label.len == 0 || label.len > LABEL_MAX || label.at[0] == '-' || label.at[label.len - 1] == '-')
    return false;
  for (size_t i = 0; i < label.len; i++) {
    char c = label.at[i];
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
      return false;
  }
  return true;
}

/* Lower-case ASCII by now. A last label of digits only would be an IP address that forgot its brackets. */
static bool labels_are_valid(struct slice domain) {
  struct slice rest = domain, label = {0};
  if (domain.len == 0 || domain.len > DOMAIN_MAX || domain.at[domain.len - 1] == '.')
    return false;
  while (slice_split(&rest, '.', &label))
    if (!label_is_valid(label))
      return false;
  uint64_t number;
  return slice_to_u64(label, UINT64_MAX, &number) == -EINVAL;
}

static bool literal_is_valid(struct slice domain) {
  if (domain.len < 3 || domain.len > DOMAIN_MAX || domain.at[domain.len - 1] != ']')
    return false;
  for (size_t i = 1; i < domain.len - 1; i++)
    if (!(is_atext(domain.at[i]) || domain.at[i] == ':') || (uint8_t)domain.at[i] >= 0x80)
      return false;
  return true;
}

static bool needs_idna(struct slice lowered) {
  for (size_t i = 0; i < lowered.len; i++)
    if ((uint8_t)lowered.at[i] >= 0x80)
      return true;
  return memmem(lowered.at, lowered.len, "xn--", 4);
}

static int domain_by_idna(const char *lowered, char ret[DOMAIN_MAX + 1]) {
  uint8_t *found = NULL;
  int r = idn2_lookup_u8((const uint8_t *)lowered, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (r == IDN2_MALLOC)
    return -ENOMEM;
  size_t len = r == IDN2_OK ? strlen((const char *)found) : 0;
  if (len && found[len - 1] == '.')
    len--;
  bool fits = len > 0 && len <= DOMAIN_MAX;
  if (fits) {
    memcpy(ret, found, len);
    ret[len] = '\0';
  }
  idn2_free(found);
  return fits ? 0 : ADDRESS_INVALID;
}

/* AD-03 */
static int normalise_domain(struct slice domain, char ret[DOMAIN_MAX + 1]) {
  char lowered[RAW_MAX + 1];
  assert(domain.len <= RAW_MAX);
  for (size_t i = 0; i < domain.len; i++)
    lowered[i] = lower(domain.at[i]);
  lowered[domain.len] = '\0';
  struct slice name = slice_of(lowered, domain.len);
  if (domain.at[0] == '[') {
    if (!literal_is_valid(name))
      return ADDRESS_INVALID;
  } else if (needs_idna(name)) {
    int r = domain_by_idna(lowered, ret);
    return r ? r : labels_are_valid(slice_text(ret)) ? 0 : ADDRESS_INVALID;
  } else if (!labels_are_valid(name)) {
    return ADDRESS_INVALID;
  }
  memcpy(ret, lowered, domain.len + 1);
  return 0;
}

/* AD-02. "john"@ and john@ are one mailbox by RFC 5321, so needless quotes go. */
static int fold_local(struct slice local, char *ret, size_t room, size_t *ret_len) {
  char words[LOCAL_MAX];
  size_t len = local.len;
  bool plain = false, foreign = false;
  if (local.at[0] == '"' && unquote(local, words, &len, &plain) && plain)
    local = slice_of(words, len);
  assert(local.len <= room);
  for (size_t i = 0; i < local.len; i++) {
    ret[i] = lower(local.at[i]);
    foreign |= (uint8_t)ret[i] >= 0x80;
  }
  *ret_len = local.len;
  if (!foreign)
    return 0;
  uint8_t *composed = u8_normalize(UNINORM_NFC, (const uint8_t *)ret, local.len, NULL, ret_len);
  if (!composed)
    return errno == ENOMEM ? -ENOMEM : ADDRESS_INVALID;
  int r = *ret_len <= room ? 0 : ADDRESS_INVALID;
  if (r == 0)
    memcpy(ret, composed, *ret_len);
  free(composed);
  return r;
}

int address_email(struct arena *a, struct slice raw, char **ret_address, char **ret_key) {
  struct slice s = address_trim(raw), local, domain;
  if (s.len > 2 && s.at[0] == '<' && s.at[s.len - 1] == '>')
    s = address_trim(slice_of(s.at + 1, s.len - 2));
  if (s.len > RAW_MAX || !utf8_clean(s) || !split_at(s, &local, &domain) || !local_is_valid(local))
    return ADDRESS_INVALID;
  char host[DOMAIN_MAX + 1], folded[3 * LOCAL_MAX];
  size_t folded_len;
  int r = normalise_domain(domain, host);
  if (r == 0 && local.len + 1 + strlen(host) > EMAIL_MAX)
    r = ADDRESS_INVALID;
  if (r == 0)
    r = fold_local(local, folded, sizeof(folded), &folded_len);
  if (r)
    return r;
  char *address = arena_printf(a, "%.*s@%s", (int)local.len, local.at, host);
  char *key = arena_printf(a, "email:%.*s@%s", (int)folded_len, folded, host);
  if (!address || !key)
    return -ENOMEM;
  *ret_address = address;
  *ret_key = key;
  return 0;
}

static bool kind_is_valid(struct slice kind) {
  if (kind.len == 0 || kind.len > KIND_MAX || kind.at[0] < 'a' || kind.at[0] > 'z')
    return false;
  for (size_t i = 0; i < kind.len; i++) {
    char c = kind.at[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
      return false;
  }
  return true;
}

static int key_as_it_is(struct arena *a, struct slice s, struct slice value, char **ret_key) {
  if (value.len == 0 || s.len > KEY_MAX || !utf8_clean(s) || address_has_invisible(s) || memchr(s.at, ' ', s.len))
    return ADDRESS_INVALID;
  char *key = arena_copy(a, s);
  if (!key)
    return -ENOMEM;
  *ret_key = key;
  return 0;
}

int address_key_of(struct arena *a, struct slice raw, char **ret_key) {
  struct slice s = address_trim(raw), value = s, kind;
  char *address, *key = NULL;
  bool answerable, schemed = s.len && memchr(s.at, ':', s.len) && slice_split(&value, ':', &kind);
  int r;
  if (schemed && (slice_equal_nocase(kind, SLICE("email")) || slice_equal_nocase(kind, SLICE("mailto"))))
    r = address_email(a, value, &address, &key);
  else if (schemed && slice_equal(kind, SLICE("short")))
    r = address_phone(a, value, false, &address, &key, &answerable);
  else if (schemed && !address_is_phone_scheme(kind) && kind_is_valid(kind))
    return key_as_it_is(a, s, value, ret_key);
  else if (s.len && memchr(s.at, '@', s.len))
    r = address_email(a, s, &address, &key);
  else
    r = address_phone(a, s, false, &address, &key, &answerable);
  if (r == 0)
    *ret_key = key;
  return r;
}

bool address_split_token(struct slice address, struct slice *ret_local, struct slice *ret_token,
                         struct slice *ret_domain) {
  struct slice local, domain, token;
  if (!split_at(address, &local, &domain))
    return false;
  if (local.len > 2 && local.at[0] == '"' && local.at[local.len - 1] == '"')
    local = slice_of(local.at + 1, local.len - 2);
  for (size_t i = 0; i < local.len; i++)
    if (!is_atext(local.at[i]) && local.at[i] != ' ')
      return false;
  const char *plus = memchr(local.at, '+', local.len);
  size_t before = plus ? (size_t)(plus - local.at) : local.len;
  token = plus ? slice_of(plus + 1, local.len - before - 1) : slice_of(local.at + local.len, 0);
  if (before == 0) { /* "+x@" is a name, not a token without one */
    before = local.len;
    token = slice_of(local.at + local.len, 0);
  }
  *ret_local = slice_of(local.at, before);
  *ret_token = token;
  *ret_domain = domain;
  return true;
}
