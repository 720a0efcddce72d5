/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twilio signs the URL it was told to call, not the one that arrives, and has changed over the years whether it
 * writes the default port; so the URL comes from configuration and both spellings are tried.
 */
#include "base/digest.h"
#include "base/encode.h"
#include "webhook/signature.h"
#include <stdlib.h>

#define FORMS_MAX 2

/* An address as its two halves around an inserted or removed port. */
struct spelling {
  struct slice before, port, after;
};

struct authority {
  struct slice whole;      /* "user:pass@host:port" */
  struct slice port;       /* with the ':', empty when none is written */
  const char *usual;       /* ":443" or ":80" */
};

static bool find_authority(struct slice url, struct authority *ret) {
  size_t start = slice_starts_nocase(url, SLICE("https://")) ? 8 : slice_starts_nocase(url, SLICE("http://")) ? 7 : 0;
  if (start == 0)
    return false;
  size_t end = start, colon = 0;
  while (end < url.len && !memchr("/?#", url.at[end], 3))
    end++;
  for (size_t i = start; i < end; i++) {
    if (url.at[i] == '@' || url.at[i] == ']') /* a ':' before it is of the password or inside an IPv6 address */
      colon = 0;
    else if (url.at[i] == ':')
      colon = i;
  }
  ret->whole = slice_of(url.at + start, end - start);
  ret->port = colon ? slice_of(url.at + colon, end - colon) : slice_of(url.at + end, 0);
  ret->usual = start == 8 ? ":443" : ":80";
  return true;
}

/* The URL as configured, then with the default port written or left out. Returns how many. */
static size_t spellings(struct slice url, struct spelling ret[FORMS_MAX]) {
  struct authority a;
  ret[0] = (struct spelling){url, SLICE(""), SLICE("")};
  if (!find_authority(url, &a))
    return 1;
  struct slice usual = slice_text(a.usual);
  const char *end = a.whole.at + a.whole.len;
  struct slice before = slice_of(url.at, (size_t)(a.port.at - url.at));
  struct slice after = slice_of(end, (size_t)(url.at + url.len - end));
  if (a.port.len == 0)
    ret[1] = (struct spelling){before, usual, after};
  else if (slice_equal(a.port, usual))
    ret[1] = (struct spelling){before, SLICE(""), after};
  else
    return 1;
  return 2;
}

static int order(struct slice a, struct slice b) {
  size_t common = a.len < b.len ? a.len : b.len;
  int r = common ? memcmp(a.at, b.at, common) : 0;
  return r ? r : (a.len > b.len) - (a.len < b.len);
}

static int by_name_and_value(const void *left, const void *right) {
  const struct form_part *a = *(const struct form_part *const *)left, *b = *(const struct form_part *const *)right;
  int r = order(a->name, b->name);
  return r ? r : order(a->value, b->value);
}

static char *add(char *at, struct slice s) {
  if (s.len)
    memcpy(at, s.at, s.len);
  return at + s.len;
}

/* Names and values, sorted, each pair once. Returns false at the arena's ceiling. */
static bool join(const struct form *form, struct arena *a, struct slice *ret) {
  const struct form_part **sorted = arena_alloc(a, (form->count + 1) * sizeof(*sorted));
  size_t len = 0;
  if (!sorted)
    return false;
  for (size_t i = 0; i < form->count; i++) {
    sorted[i] = &form->parts[i];
    len += form->parts[i].name.len + form->parts[i].value.len;
  }
  char *start = arena_alloc(a, len + 1), *at = start;
  if (!start)
    return false;
  if (form->count)
    qsort(sorted, form->count, sizeof(const struct form_part *), by_name_and_value);
  for (size_t i = 0; i < form->count; i++) {
    if (i && by_name_and_value(&sorted[i - 1], &sorted[i]) == 0)
      continue;
    at = add(add(at, sorted[i]->name), sorted[i]->value);
  }
  *ret = slice_of(start, (size_t)(at - start));
  return true;
}

/* The value of bodySHA256 in the query, as it stands. */
static struct slice body_digest(struct slice url) {
  const char *mark = url.len ? memchr(url.at, '?', url.len) : NULL;
  struct slice rest = mark ? slice_of(mark + 1, (size_t)(url.at + url.len - mark - 1)) : SLICE(""), pair;
  const struct slice name = SLICE("bodySHA256=");
  while (slice_split(&rest, '&', &pair))
    if (pair.len > name.len && memcmp(pair.at, name.at, name.len) == 0)
      return slice_of(pair.at + name.len, pair.len - name.len);
  return SLICE("");
}

static bool body_matches(struct slice url, struct slice body) {
  uint8_t digest[SHA256_BYTES], given[SHA256_BYTES];
  size_t len = 0;
  sha256(body, digest);
  return hex_decode(body_digest(url), given, sizeof(given), &len) == 0 && len == sizeof(given) &&
         bytes_equal_secret(slice_of(digest, sizeof(digest)), slice_of(given, sizeof(given)));
}

int signature_twilio(const struct slice *secrets, size_t secret_count, struct slice url, const struct form *form,
                     struct slice body, struct slice header, struct arena *a) {
  struct spelling forms[FORMS_MAX];
  struct slice parameters = SLICE("");
  if (header.len == 0 || (form && !join(form, a, &parameters)) || (!form && !body_matches(url, body)))
    return SIGNATURE_WRONG;
  size_t count = spellings(url, forms);
  char *content = arena_alloc(a, url.len + 4 + parameters.len + 1);
  if (!content)
    return SIGNATURE_WRONG;
  for (size_t i = 0; i < count; i++) {
    char *end = add(add(add(add(content, forms[i].before), forms[i].port), forms[i].after), parameters);
    for (size_t k = 0; k < secret_count; k++) {
      uint8_t mac[SHA1_BYTES];
      char expected[BASE64_LEN(SHA1_BYTES) + 1];
      hmac_sha1(secrets[k], slice_of(content, (size_t)(end - content)), mac);
      base64_encode(mac, sizeof(mac), expected);
      if (bytes_equal_secret(header, slice_text(expected)))
        return 0;
    }
  }
  return SIGNATURE_WRONG;
}
