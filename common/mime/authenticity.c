/* SPDX-License-Identifier: Apache-2.0 */
/* A field is found out to be the operator's by where it stands and what it calls itself, nothing else: so a run of
 * fields ends at the first thing a sender could have written. */
#include "mime/authenticity.h"
#include "mime/address_list.h"
#include "mime/authres.h"
#include "mime/own.h"
#include "text/confusable.h"

enum { WORD_MAX = 32, METHODS = 3 };

static const struct slice methods[METHODS] = {{"dmarc", 5}, {"spf", 3}, {"dkim", 4}};
enum { DMARC, SPF, DKIM };

/* What the trusted fields say. */
struct said {
  struct slice id;
  const struct authres *fields[METHODS]; /* of each method, the topmost field that speaks of it; NULL: none */
  bool any;
};

static bool is_trusted(const struct mime_trust *trust, struct slice id) {
  for (size_t i = 0; i < trust->authserv_id_count; i++)
    if (slice_equal_nocase(id, slice_text(trust->authserv_ids[i])))
      return true;
  return false;
}

/* Fields that filters beside the one that authenticates put between its own. */
static bool is_filter_field(struct slice name) {
  static const struct slice prefixes[] = {{"DKIM-Filter", 11}, {"Received-SPF", 12}, {"ARC-", 4},
                                          {"X-Spam", 6},       {"X-Rspamd-", 9},     {"X-Virus", 7}};
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
    if (slice_starts_nocase(name, prefixes[i]))
      return true;
  return false;
}

static void keep(struct said *said, const struct authres *field) {
  if (!said->any)
    said->id = field->id;
  said->any = true;
  for (size_t m = 0; m < METHODS; m++) {
    bool speaks = false;
    for (size_t i = 0; i < field->count; i++)
      speaks |= slice_equal_nocase(field->results[i].method, methods[m]);
    if (speaks && !said->fields[m])
      said->fields[m] = field;
  }
}

static void listen(struct reading *r, const struct mail_header *h, const struct mime_trust *trust, struct said *ret) {
  static const struct slice name = {"Authentication-Results", 22};
  bool ended = false;
  struct authres *field = NULL; /* a kept one is not used again */
  for (size_t i = 0; i < h->count; i++) {
    bool results = slice_equal_nocase(h->fields[i].name, name);
    if (results && !field && !(field = reading_alloc(r, sizeof(*field))))
      return;
    bool trusted = results && authres_read(header_unfold(r, h->fields[i].value), field) && is_trusted(trust, field->id);
    if (trusted && ended) {
      reading_warn(r, "authentication-results-left");
      return;
    }
    if (trusted) {
      keep(ret, field);
      field = NULL;
    } else if (ret->any && (results || !is_filter_field(h->fields[i].name))) {
      ended = true;
    }
  }
}

static bool passed(const struct authres_result *result) {
  return result && slice_equal_nocase(result->result, SLICE("pass"));
}

/* The result that counts, among several of the method: of SPF the one on the envelope, of DKIM one that passed. */
static const struct authres_result *best(const struct said *said, size_t method) {
  const struct authres_result *first = NULL;
  for (size_t i = 0; said->fields[method] && i < said->fields[method]->count; i++) {
    const struct authres_result *one = &said->fields[method]->results[i];
    if (!slice_equal_nocase(one->method, methods[method]))
      continue;
    if ((method == SPF && one->mail_from.len) || (method == DKIM && passed(one)))
      return one;
    first = first ? first : one;
  }
  return first;
}

/* A result's word, lower case; "" for what is none. */
static char *word(struct reading *r, const struct authres_result *result) {
  struct slice s = result ? result->result : SLICE("");
  if (s.len > WORD_MAX)
    s.len = 0;
  char *copy = reading_copy(r, s);
  for (char *c = copy; *c; c++) {
    *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') && *c != '-' && *c != '_')
      return reading_copy(r, SLICE(""));
  }
  return copy;
}

static void add_domain(struct reading *r, struct slice domain, Deskbell__V1__Authenticity *to) {
  for (size_t i = 0; i < to->n_dkim_domains; i++)
    if (slice_equal(slice_text(to->dkim_domains[i]), domain))
      return;
  if (domain.len && to->n_dkim_domains < AUTHENTICITY_DOMAINS_MAX)
    to->dkim_domains[to->n_dkim_domains++] = reading_copy(r, domain);
}

static void add_domains(struct reading *r, const struct said *said, Deskbell__V1__Authenticity *to) {
  const struct authres *field = said->fields[DKIM];
  to->dkim_domains = reading_alloc(r, AUTHENTICITY_DOMAINS_MAX * sizeof(*to->dkim_domains));
  for (size_t i = 0; to->dkim_domains && field && i < field->count; i++)
    if (slice_equal_nocase(field->results[i].method, methods[DKIM]) && passed(&field->results[i]))
      add_domain(r, domain_key(r, field->results[i].signer), to);
}

/* One mailbox; most values show that without being read. */
static bool has_one_sender(struct reading *r, const struct mail_header *h) {
  const struct mail_field *from = header_find(h, "From", NULL);
  struct address_list list = {0};
  if (from && !header_find(h, "From", from) && !memchr(from->value.at, ',', from->value.len) &&
      !memchr(from->value.at, ';', from->value.len))
    return true;
  for (const struct mail_field *f = NULL; (f = header_find(h, "From", f)) && list.count < 2;)
    address_list_read(r, header_unfold(r, f->value), &list);
  return list.count == 1;
}

static const char *verified(struct reading *r, const struct said *said, const Deskbell__V1__Authenticity *a,
                            struct slice from, struct slice mail_from) {
  const struct authres_result *dmarc = best(said, DMARC), *spf = best(said, SPF);
  if (!from.len || strcmp(a->dmarc, "fail") == 0)
    return "";
  if (passed(dmarc) && domain_covers(domain_key(r, dmarc->from), from))
    return "dmarc";
  for (size_t i = 0; i < a->n_dkim_domains; i++)
    if (domain_covers(slice_text(a->dkim_domains[i]), from))
      return "dkim";
  if (passed(spf) && slice_equal(domain_key(r, spf->mail_from), from) && slice_equal(domain_key(r, mail_from), from))
    return "spf";
  return "";
}

void authenticity_read(struct reading *r, const struct mail_header *h, const struct mime_trust *trust,
                       struct slice mail_from, contact_event *e) {
  struct said found = {.any = false}, *said = &found;
  if (trust && trust->authserv_id_count)
    listen(r, h, trust, said);
  Deskbell__V1__Authenticity *a = said->any ? reading_alloc(r, sizeof(*a)) : NULL;
  if (!a)
    return;
  deskbell__v1__authenticity__init(a);
  a->authserv_id = reading_line(r, said->id);
  a->dmarc = word(r, best(said, DMARC));
  a->spf = word(r, best(said, SPF));
  a->dkim = word(r, best(said, DKIM));
  add_domains(r, said, a);
  e->authenticity = a;
  if (strcmp(a->dmarc, "fail") == 0)
    reading_warn(r, "dmarc-fail");
  if (e->from && has_one_sender(r, h))
    e->from->verified =
        (char *)(uintptr_t)verified(r, said, a, domain_of(slice_text(e->from->key)), mail_from);
}

/* --- those who pass for others --- */

static bool ends_word(char c) {
  return c == '\0' || strchr(" \t,;:<>()[]\"'", c);
}

/* An address or a domain of ours among the words of a name. */
static bool name_shows_us(struct reading *r, const struct mime_own *own, const char *name) {
  for (const char *at = name; *at;) {
    size_t len = 0;
    while (!ends_word(at[len]))
      len++;
    struct slice one = slice_of(at, len);
    bool looks = len && memchr(at, '.', len);
    if (looks && own_has_domain(own, domain_key(r, one)))
      return true;
    if (looks && memchr(at, '@', len) && own_has_address(own, one))
      return true;
    at += len + (at[len] != '\0');
  }
  return false;
}

static bool imitates_us(struct reading *r, const struct mime_own *own, const contact_event *e, struct slice address) {
  struct slice domain = domain_of(address);
  bool failed = e->authenticity && strcmp(e->authenticity->dmarc, "fail") == 0;
  if (own_has_address(own, address))
    return !*e->from->verified;
  if (own_has_domain(own, domain))
    return failed;
  return own_is_imitated(r, own, domain) || name_shows_us(r, own, e->from->name);
}

void authenticity_look(struct reading *r, const struct mime_own *own, const char *reply_to, const contact_event *e) {
  struct slice key = e->from ? slice_text(e->from->key) : SLICE("");
  struct slice address = key.len > 6 ? slice_of(key.at + 6, key.len - 6) : key; /* behind "email:" */
  struct slice from = domain_of(address), other = *reply_to ? domain_key(r, slice_text(reply_to)) : SLICE("");
  if (!from.len)
    return;
  if (own && imitates_us(r, own, e, address))
    reading_warn(r, "from-imitates-us");
  if (memmem(from.at, from.len, "xn--", 4)) {
    const char *shown = domain_shown(r->arena, from);
    r->failed |= !shown;
    if (shown && domain_mixes_scripts(slice_text(shown)))
      reading_warn(r, "from-mixed-script");
  }
  if (other.len && !domain_covers(from, other) && !domain_covers(other, from))
    reading_warn(r, "reply-to-differs");
}
