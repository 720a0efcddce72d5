/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom an event is from or to. Providers put the messenger in front ("whatsapp:+1415…"); one phone number is one key
 * whatever it came over (AD-11), and what is no phone number keeps its messenger in the key, so that two of them never
 * share one.
 */
#include "draft.h"
#include "text/address.h"
#include "text/utf8.h"

#define RAW_MAX 512

/* Messengers whose ids are phone numbers, if they look like one. */
static const char *const phone_schemes[] = {"whatsapp", "rcs", "sms", "tel"};

static event_party *new_party(struct draft *d, struct slice raw) {
  event_party *p = event_party_new(d->arena);
  if (!p) {
    d->failed = true;
    return NULL;
  }
  p->raw = draft_line(d, raw, RAW_MAX);
  return p;
}

/* 0 when it was a phone number, a short code or a sender's name. */
static int set_phone(struct draft *d, event_party *p, struct slice raw) {
  char *address, *key;
  bool answerable = false;
  int r = address_phone(d->arena, raw, false, &address, &key, &answerable);
  if (r == 0) {
    p->address = answerable ? address : (char *)"";
    p->key = key;
  }
  d->failed |= r < 0;
  return r;
}

static void set_key(struct draft *d, event_party *p, const char *prefix, struct slice space, struct slice id) {
  char *key = arena_printf(d->arena, "%s%.*s:%.*s", prefix, (int)space.len, space.at, (int)id.len, id.at);
  p->key = key ? key : (char *)"";
  d->failed |= !key;
}

/* "messenger:123": letters, then a colon. */
static bool split_scheme(struct slice raw, struct slice *ret_scheme, struct slice *ret_rest) {
  size_t i = 0;
  while (i < raw.len && i < 32 && ((raw.at[i] | 0x20) >= 'a' && (raw.at[i] | 0x20) <= 'z'))
    i++;
  if (i == 0 || i >= raw.len || raw.at[i] != ':')
    return false;
  *ret_scheme = slice_of(raw.at, i);
  *ret_rest = slice_of(raw.at + i + 1, raw.len - i - 1);
  return true;
}

static bool is_phone_scheme(struct slice scheme) {
  for (size_t i = 0; i < sizeof(phone_schemes) / sizeof(phone_schemes[0]); i++)
    if (slice_equal_nocase(scheme, slice_text(phone_schemes[i])))
      return true;
  return false;
}

/* Numbers only with their plus, or the blank a form makes of it: a messenger's bare digits are an id of its own. */
static bool has_plus(struct slice s) {
  return s.len > 1 && (s.at[0] == '+' || s.at[0] == ' ') && s.at[1] >= '0' && s.at[1] <= '9';
}

static void set_scheme(struct draft *d, event_party *p, struct slice scheme, struct slice rest) {
  char name[33];
  size_t len = scheme.len < sizeof(name) ? scheme.len : sizeof(name) - 1;
  for (size_t i = 0; i < len; i++)
    name[i] = (char)(scheme.at[i] | 0x20);
  if (is_phone_scheme(scheme) && has_plus(rest) && set_phone(d, p, rest) == 0)
    return;
  p->address = p->raw;
  set_key(d, p, "", slice_of(name, len), slice_text(draft_line(d, rest, DRAFT_NAME_MAX)));
}

event_party *draft_phone_party(struct draft *d, struct slice raw) {
  struct slice scheme, rest;
  if (slice_trim(raw).len == 0)
    return NULL;
  event_party *p = new_party(d, raw);
  if (!p)
    return NULL;
  if (split_scheme(slice_trim(raw), &scheme, &rest))
    set_scheme(d, p, scheme, rest);
  else if (set_phone(d, p, raw) != 0 && !d->failed)
    draft_warn(d, "address-invalid");
  return p;
}

static bool set_email(struct draft *d, event_party *p, struct slice raw) {
  char *address, *key;
  int r = address_email(d->arena, raw, &address, &key);
  d->failed |= r < 0;
  if (r)
    return false;
  p->address = address;
  p->key = key;
  return true;
}

event_party *draft_any_party(struct draft *d, struct slice raw) {
  struct slice scheme, rest, plain = slice_trim(raw);
  if (plain.len == 0)
    return NULL;
  event_party *p = new_party(d, plain);
  if (!p)
    return NULL;
  bool schemed = split_scheme(plain, &scheme, &rest);
  bool mail = schemed && (slice_equal_nocase(scheme, SLICE("mailto")) || slice_equal_nocase(scheme, SLICE("email")));
  if (memchr(plain.at, '@', plain.len) && (!schemed || mail) && set_email(d, p, mail ? rest : plain))
    return p;
  if (schemed && is_phone_scheme(scheme)) {
    set_scheme(d, p, scheme, rest);
    return p;
  }
  if ((has_plus(plain) || d->source->sms) && set_phone(d, p, plain) == 0)
    return p;
  p->address = p->raw; /* the sender's own id: only their channel can tell what it means */
  set_key(d, p, "id:", d->source->channel, slice_text(p->raw));
  return p;
}
