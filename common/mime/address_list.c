/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups do not nest in earnest, so nothing is nested here: "a:a:a:…" is one group whose name was said again. One pass
 * cuts the value into mailboxes at commas and semicolons that stand outside quotes, comments and brackets; a
 * quote, comment or bracket that is never closed is an ordinary character. The second looks at one mailbox.
 */
#include "mime/address_list.h"
#include "mime/encoded_word.h"
#include "text/address.h"
#include "text/utf8.h"

/* Where the value's last closing marks are, so that a search that must fail is not made. */
struct closers {
  const char *quote, *parenthesis;
};

struct mailbox {
  struct slice raw;
  struct slice angle;       /* between < and > */
  struct slice before;      /* the phrase before it, or everything */
  struct slice after;
  struct slice comment;     /* the last one, without its parentheses */
  bool has_angle;
};

static const char *end_of(struct slice s) {
  return s.at + s.len;
}

/* Behind the closing quote; NULL when there is none. */
static const char *skip_quoted(const char *at, const char *end, const struct closers *c) {
  if (at >= c->quote)
    return NULL;
  for (at++; at < end; at++) {
    if (*at == '\\' && at + 1 < end)
      at++;
    else if (*at == '"')
      return at + 1;
  }
  return NULL;
}

static const char *skip_comment(const char *at, const char *end, const struct closers *c) {
  size_t depth = 0;
  if (at >= c->parenthesis)
    return NULL;
  for (; at < end; at++) {
    if (*at == '\\' && at + 1 < end)
      at++;
    else if (*at == '(')
      depth++;
    else if (*at == ')' && --depth == 0)
      return at + 1;
  }
  return NULL;
}

/* Behind the '>' that ends the bracket; several may end "<<a@b>>". One that is never closed ends where its mailbox
 * does. */
static const char *skip_angle(const char *at, const char *end, const struct closers *c) {
  bool route = at + 1 < end && at[1] == '@';
  for (at++; at < end && *at != '>' && (route || (*at != ',' && *at != ';')); at++) {
    const char *quoted = *at == '"' ? skip_quoted(at, end, c) : NULL;
    if (quoted)
      at = quoted - 1;
  }
  while (at < end && *at == '>')
    at++;
  return at;
}

/* Behind whatever begins at `at`: a quoted string, a comment, a bracket, an encoded-word or a character. */
static const char *skip_token(const char *at, const char *end, struct closers *c, struct mailbox *box) {
  const char *next = NULL;
  size_t word;
  switch (*at) {
  case '"':
    next = skip_quoted(at, end, c);
    if (!next)
      c->quote = at; /* no later one is closed either */
    break;
  case '(':
    next = skip_comment(at, end, c);
    if (next)
      box->comment = slice_of(at + 1, (size_t)(next - at) - 2);
    else
      c->parenthesis = at;
    break;
  case '<':
    next = skip_angle(at, end, c);
    if (!box->has_angle) {
      box->has_angle = true;
      box->before.len = (size_t)(at - box->before.at);
      box->angle = slice_of(at, (size_t)(next - at));
      box->after = slice_of(next, 0);
    }
    break;
  case '=':
    word = encoded_word_length(slice_of(at, (size_t)(end - at)), false);
    next = word ? at + word : NULL;
    break;
  case '\\':
    next = at + 1 < end ? at + 2 : NULL;
    break;
  default:
    break;
  }
  return next ? next : at + 1;
}

/* --- one mailbox --- */

/* Between the innermost brackets: "<<a@b>>", "a < b <c@d>". */
static struct slice trim_brackets(struct slice s) {
  while (s.len && s.at[s.len - 1] == '>')
    s.len--;
  const char *open = s.len ? memrchr(s.at, '<', s.len) : NULL;
  return slice_trim(open ? slice_of(open + 1, (size_t)(end_of(s) - open) - 1) : s);
}

/* White space at a dot or an '@' is obsolete and means nothing; between words it means that this is no address. */
static size_t drop_blanks(char *out, size_t len) {
  size_t kept = 0;
  for (size_t i = 0; i < len; i++) {
    size_t next = i;
    while (next < len && (out[next] == ' ' || out[next] == '\t'))
      next++;
    bool at_mark = next == len || kept == 0 || strchr("@.", out[next]) || strchr("@.", out[kept - 1]);
    if (next > i && at_mark) {
      i = next - 1;
      continue;
    }
    out[kept++] = out[i];
  }
  return kept;
}

/* Comments and an obsolete route in an addr-spec mean nothing either: "<@relay:joe (x) @ b.example>". */
static struct slice tidy_spec(struct reading *r, struct slice s) {
  const char *colon = s.len && s.at[0] == '@' ? memchr(s.at, ':', s.len) : NULL;
  if (colon)
    s = slice_of(colon + 1, s.len - (size_t)(colon + 1 - s.at));
  char *out = reading_alloc(r, s.len + 1);
  size_t len = 0;
  struct closers c = {end_of(s), end_of(s)};
  for (const char *at = s.at, *next; out && at < end_of(s); at = next) {
    bool comment = *at == '(' && (next = skip_comment(at, end_of(s), &c));
    if (comment)
      continue;
    if (*at == '(')
      c.parenthesis = at;
    out[len++] = *at;
    next = at + 1;
  }
  return slice_of(out ? out : "", out ? drop_blanks(out, len) : 0);
}

/* "Joe Doe joe@b.example": the word with the '@' is the address, the others are the name. */
static struct slice find_bare(struct slice s, struct slice *ret_name) {
  const char *at = s.len ? memrchr(s.at, '@', s.len) : NULL;
  *ret_name = slice_of("", 0);
  if (!at)
    return s;
  struct closers c = {end_of(s), end_of(s)};
  const char *start = s.at, *end = end_of(s);
  for (const char *p = s.at; p < at;) {
    const char *next = *p == '"' ? skip_quoted(p, end, &c) : NULL;
    if (*p == ' ' || *p == '\t')
      start = p + 1;
    if (*p == '"' && !next)
      c.quote = p;
    p = next ? next : p + 1;
  }
  while (at < end && *at != ' ' && *at != '\t')
    at++;
  *ret_name = start > s.at ? slice_of(s.at, (size_t)(start - s.at)) : slice_of(at, (size_t)(end - at));
  return slice_of(start, (size_t)(at - start));
}

/* A phrase as people see it: quotes and their escapes gone, encoded-words decoded, in quotes too. */
static char *decode_name(struct reading *r, struct slice s) {
  s = slice_trim(s);
  char *plain = reading_alloc(r, s.len + 1);
  size_t len = 0;
  for (size_t i = 0; plain && i < s.len; i++) {
    if (s.at[i] == '\\' && i + 1 < s.len)
      plain[len++] = s.at[++i];
    else if (s.at[i] != '"')
      plain[len++] = s.at[i];
  }
  char *name = encoded_word_decode(r, slice_of(plain ? plain : "", len));
  struct slice shown = slice_text(name);
  if (shown.len > 2 && shown.at[0] == '\'' && shown.at[shown.len - 1] == '\'') /* Outlook quotes so */
    return reading_copy(r, slice_of(shown.at + 1, shown.len - 2));
  return name;
}

/* AD-07: "billing@bank.example" <x@evil.example> */
static void check_name(struct reading *r, const char *name, const char *address) {
  const char *shown = strchr(name, '@'), *real = strrchr(address, '@');
  if (!shown || !real)
    return;
  size_t len = strcspn(shown + 1, " \t,;<>()[]\"'");
  if (!slice_equal_nocase(slice_of(shown + 1, len), slice_text(real + 1)) && memchr(shown + 1, '.', len))
    reading_warn(r, "name-shows-other-address");
}

static bool set_address(struct reading *r, event_party *p, struct slice spec) {
  int found = spec.len ? address_email(r->arena, spec, &p->address, &p->key) : ADDRESS_INVALID;
  r->failed |= found < 0;
  return found == 0;
}

/* "joe@b.example (Joe, joe@home)" */
static struct slice without_comment(const struct mailbox *box) {
  const char *open = box->comment.at ? box->comment.at - 1 : end_of(box->before);
  struct slice head = slice_of(box->before.at, (size_t)(open - box->before.at));
  return slice_trim(head.len && memchr(head.at, '@', head.len) ? head : box->before);
}

static bool says_nothing(const struct mailbox *box) {
  return box->has_angle && !trim_brackets(box->angle).len && !slice_trim(box->before).len &&
         !slice_trim(box->after).len;
}

static void add_mailbox(struct reading *r, struct address_list *list, const struct mailbox *box) {
  struct slice spec, whole = {0}, name = box->before;
  if (says_nothing(box))
    return;
  if (list->count == ADDRESS_LIST_MAX) {
    reading_warn(r, "recipients-cut");
    return;
  }
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 8;
    event_party **more = reading_alloc(r, room * sizeof(*more));
    if (!more)
      return;
    if (list->count)
      memcpy(more, list->parties, list->count * sizeof(*more));
    list->parties = more;
    list->room = room;
  }
  event_party *p = event_party_new(r->arena);
  r->failed |= !p;
  if (!p)
    return;
  if (box->has_angle) {
    spec = trim_brackets(box->angle);
    if (slice_trim(name).len == 0)
      name = box->comment.len ? box->comment : box->after;
  } else {
    whole = without_comment(box);
    spec = find_bare(whole, &name);
    if (box->comment.len)
      name = box->comment;
  }
  p->raw = reading_line(r, box->raw);
  if (!set_address(r, p, spec))
    set_address(r, p, tidy_spec(r, box->has_angle ? spec : whole));
  /* A mailbox of which nothing is an address is shown as what it says. */
  p->name = decode_name(r, *p->address || box->has_angle ? name : box->before);
  check_name(r, p->name, p->address);
  list->parties[list->count++] = p;
}

static bool has_address(const struct mailbox *box) {
  return box->has_angle || (box->before.len && memchr(box->before.at, '@', box->before.len));
}

/* "Doe, John <j@b.example>" came without its quotes: what has no address belongs to what follows and has one in
 * brackets. */
static struct mailbox join(const struct mailbox *first, const struct mailbox *second) {
  struct mailbox box = *second;
  box.before = slice_of(first->before.at, (size_t)(end_of(second->before) - first->before.at));
  box.raw = slice_of(first->raw.at, (size_t)(end_of(second->raw) - first->raw.at));
  return box;
}

static void finish(struct mailbox *box, const char *end) {
  box->raw = slice_of(box->raw.at, (size_t)(end - box->raw.at));
  if (box->has_angle)
    box->after.len = (size_t)(end - box->after.at);
  else
    box->before.len = (size_t)(end - box->before.at);
  box->raw = slice_trim(box->raw);
}

void address_list_read(struct reading *r, struct slice value, struct address_list *list) {
  const char *at = value.at, *end = end_of(value);
  struct closers c = {end, end};
  struct mailbox pending = {0};
  while (at < end && !r->failed) {
    struct mailbox box = {.raw = {at, 0}, .before = {at, 0}};
    while (at < end && *at != ',' && *at != ';') {
      /* A group's name, unless it is the colon of a mistyped address. */
      if (*at == ':' && !box.has_angle && !memchr(box.raw.at, '@', (size_t)(at - box.raw.at)))
        box = (struct mailbox){.raw = {at + 1, 0}, .before = {at + 1, 0}};
      at = skip_token(at, end, &c, &box);
    }
    if (at > end)
      at = end;
    finish(&box, at);
    bool separated = at < end && *at == ';';
    at += at < end;
    if (pending.raw.at && box.has_angle) {
      box = join(&pending, &box);
      pending.raw.at = NULL;
    }
    if (pending.raw.at) {
      add_mailbox(r, list, &pending);
      pending.raw.at = NULL;
    }
    if (box.raw.len == 0)
      continue;
    if (has_address(&box) || separated)
      add_mailbox(r, list, &box);
    else
      pending = box;
  }
  if (pending.raw.at)
    add_mailbox(r, list, &pending);
}
