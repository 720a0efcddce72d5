/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass cuts the field into rows, a second puts pieces together. Where a quoted value ends is decided by what stands
 * behind the quote, since names contain quotes that nobody escaped; where the last such quote is, is remembered, so
 * that a search which must fail is not made.
 */
#include "mime/parameter.h"
#include "base/encode.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

struct scan {
  const char *at, *end;
  const char *no_close; /* from here on no quote closes anything */
};

/* What may follow a blank without a semicolon before it, and ends what was before. */
static const struct slice known[] = {
    {"charset", 7},       {"boundary", 8}, {"name", 4},   {"filename", 8}, {"format", 6},   {"delsp", 5},  {"type", 4},
    {"report-type", 11},  {"method", 6},   {"size", 4},   {"protocol", 8}, {"micalg", 6},   {"start", 5},
    {"creation-date", 13}, {"modification-date", 17}, {"smime-type", 10},
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && is_blank(*at))
    at++;
  return at;
}

/* "charset=", "name*0*=" */
static bool starts_known(const char *at, const char *end) {
  struct slice rest = slice_of(at, (size_t)(end - at));
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (!slice_starts_nocase(rest, known[i]))
      continue;
    const char *behind = at + known[i].len;
    while (behind < end && (*behind == '*' || (*behind >= '0' && *behind <= '9')))
      behind++;
    behind = skip_blanks(behind, end);
    if (behind < end && *behind == '=')
      return true;
  }
  return false;
}

/* Whether a value may end before `at`. */
static bool may_end(const char *at, const char *end) {
  const char *next = skip_blanks(at, end);
  return next == end || *next == ';' || *next == ',' || *next == '(' || starts_known(next, end);
}

/* The quote that closes the one before `from`; NULL when none does. */
static const char *closing_quote(struct scan *s, const char *from) {
  const char *first = NULL;
  for (const char *at = from; at < s->end && from < s->no_close; at++) {
    if (*at == '\\' && at + 1 < s->end && (at[1] == '"' || at[1] == '\\'))
      at++;
    else if (*at == '"' && may_end(at + 1, s->end))
      return at;
    else if (*at == '"' && !first)
      first = at;
  }
  if (from < s->no_close)
    s->no_close = from;
  return first ? first : memchr(from, '"', (size_t)(s->end - from));
}

/* A backslash before anything but a quote or itself is a path's. */
static struct slice unescape(struct reading *r, struct slice s) {
  char *out = s.len && memchr(s.at, '\\', s.len) ? reading_alloc(r, s.len) : NULL;
  size_t len = 0;
  if (!out)
    return s;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] == '\\' && i + 1 < s.len && (s.at[i + 1] == '"' || s.at[i + 1] == '\\'))
      i++;
    out[len++] = s.at[i];
  }
  return slice_of(out, len);
}

static struct slice read_quoted(struct reading *r, struct scan *s) {
  const char *start = s->at + 1, *close = closing_quote(s, start);
  if (!close) { /* it ends where it would without quotes */
    const char *stop = memchr(start, ';', (size_t)(s->end - start));
    close = stop ? stop : s->end;
    s->at = close;
    return slice_trim(slice_of(start, (size_t)(close - start)));
  }
  s->at = close + 1;
  return unescape(r, slice_of(start, (size_t)(close - start)));
}

static struct slice read_bare(struct scan *s, bool name) {
  const char *start = s->at;
  while (s->at < s->end && *s->at != ';') {
    size_t word = *s->at == '=' ? encoded_word_length(slice_of(s->at, (size_t)(s->end - s->at)), false) : 0;
    if (is_blank(*s->at)) {
      const char *next = skip_blanks(s->at, s->end);
      if (starts_known(next, s->end) || (!name && next < s->end && *next == '('))
        break;
      s->at = next;
      continue;
    }
    s->at += word ? word : 1;
  }
  return slice_trim(slice_of(start, (size_t)(s->at - start)));
}

/* Semicolons, commas, blanks, comments. A comment that is not closed is skipped as a word would be. */
static void skip_between(struct scan *s) {
  while (s->at < s->end) {
    if (*s->at == '(') {
      const char *close = memchr(s->at, ')', (size_t)(s->end - s->at));
      const char *stop = memchr(s->at, ';', (size_t)((close ? close : s->end) - s->at));
      s->at = stop ? stop : close ? close + 1 : s->end;
    } else if (*s->at == ';' || *s->at == ',' || is_blank(*s->at)) {
      s->at++;
    } else {
      break;
    }
  }
}

/* "name*10*" → name, 10, extended */
static void read_name(struct slice written, struct parameter *ret) {
  const char *star = written.len ? memchr(written.at, '*', written.len) : NULL;
  *ret = (struct parameter){.name = written, .piece = PARAMETER_WHOLE};
  if (!star)
    return;
  ret->name.len = (size_t)(star - written.at);
  struct slice mark = slice_of(star + 1, written.len - ret->name.len - 1);
  if (mark.len == 0 || mark.at[mark.len - 1] == '*') {
    ret->extended = true;
    mark.len -= mark.len > 0;
  }
  uint64_t piece;
  if (mark.len && slice_to_u64(mark, PARAMETERS_MAX - 1, &piece) == 0)
    ret->piece = (unsigned)piece;
}

static bool is_a_name(struct slice s) {
  return slice_equal_nocase(s, SLICE("name")) || slice_equal_nocase(s, SLICE("filename"));
}

/* False when the field has none left. */
static bool next_parameter(struct reading *r, struct scan *s, struct parameter *ret) {
  for (skip_between(s); s->at < s->end; skip_between(s)) {
    const char *start = s->at;
    while (s->at < s->end && *s->at != '=' && *s->at != ';' && *s->at != '"' && !is_blank(*s->at))
      s->at++;
    struct slice name = slice_of(start, (size_t)(s->at - start));
    const char *equals = skip_blanks(s->at, s->end);
    if (equals == s->end || *equals != '=' || !name.len) {
      s->at += s->at == start; /* a word that is no parameter */
      continue;
    }
    s->at = skip_blanks(equals + 1, s->end);
    read_name(name, ret);
    ret->value = s->at < s->end && *s->at == '"' ? read_quoted(r, s) : read_bare(s, is_a_name(ret->name));
    return true;
  }
  return false;
}

void parameters_read(struct reading *r, struct slice value, struct parameters *ret) {
  struct scan s = {.at = value.at, .end = value.at + value.len, .no_close = value.at + value.len};
  struct parameter one;
  size_t room = 0;
  *ret = (struct parameters){0};
  while (ret->count < PARAMETERS_MAX && next_parameter(r, &s, &one)) {
    if (ret->count == room) {
      room = room ? 2 * room : 8;
      struct parameter *more = reading_alloc(r, room * sizeof(*more));
      if (!more)
        return;
      if (ret->count)
        memcpy(more, ret->rows, ret->count * sizeof(*more));
      ret->rows = more;
    }
    ret->rows[ret->count++] = one;
  }
  skip_between(&s);
  if (s.at < s.end)
    reading_warn(r, "parameters-cut");
}

/* --- one parameter --- */

/* The pieces of one name in order, the first of each number; or the whole, alone. */
struct pieces {
  const struct parameter *at[PARAMETERS_MAX];
  size_t count;
};

enum form { FORM_PLAIN, FORM_EXTENDED, FORM_PIECES };

static bool find_pieces(const struct parameters *p, const char *name, enum form form, struct pieces *ret) {
  size_t behind = 0;
  memset(ret, 0, sizeof(*ret));
  for (size_t i = 0; i < p->count; i++) {
    const struct parameter *row = &p->rows[i];
    bool whole = row->piece == PARAMETER_WHOLE;
    if (whole != (form != FORM_PIECES) || (whole && row->extended != (form == FORM_EXTENDED)) ||
        !slice_equal_nocase(row->name, slice_text(name)))
      continue;
    size_t place = whole ? 0 : row->piece;
    if (!ret->at[place])
      ret->at[place] = row;
    behind = place + 1 > behind ? place + 1 : behind;
  }
  for (size_t i = 0; i < behind; i++) /* a piece that got lost leaves the others */
    if (ret->at[i])
      ret->at[ret->count++] = ret->at[i];
  return ret->count;
}

/* "utf-8'en'text": takes charset and language off; nothing when there are none. */
static struct slice take_charset(struct slice *value) {
  const char *one = value->len ? memchr(value->at, '\'', value->len) : NULL;
  const char *two = one ? memchr(one + 1, '\'', value->len - (size_t)(one + 1 - value->at)) : NULL;
  if (!two)
    return slice_of("", 0);
  struct slice charset = slice_of(value->at, (size_t)(one - value->at));
  *value = slice_of(two + 1, value->len - (size_t)(two + 1 - value->at));
  return charset;
}

static struct slice join(struct reading *r, const struct pieces *p, struct slice *ret_charset, bool *ret_extended) {
  auto_clean(buf_free) struct buf out = BUF_INIT(HEADER_FIELD_MAX + 64);
  *ret_charset = slice_of("", 0);
  *ret_extended = false;
  for (size_t i = 0; i < p->count; i++) {
    struct slice value = p->at[i]->value;
    if (p->at[i]->extended && !*ret_extended)
      *ret_charset = take_charset(&value);
    *ret_extended |= p->at[i]->extended;
    if (p->at[i]->extended ? percent_decode(value, false, &out) : buf_add_slice(&out, value))
      break;
  }
  return slice_of(reading_copy(r, buf_slice(&out)), out.len);
}

static struct slice first_word(struct slice s) {
  size_t len = 0;
  while (len < s.len && !is_blank(s.at[len]) && s.at[len] != ',')
    len++;
  return slice_of(s.at, len);
}

bool parameter_bytes(struct reading *r, const struct parameters *p, const char *name, struct slice *ret) {
  static const enum form order[] = {FORM_PLAIN, FORM_PIECES, FORM_EXTENDED};
  struct pieces pieces;
  struct slice charset;
  bool extended;
  for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
    if (!find_pieces(p, name, order[i], &pieces))
      continue;
    *ret = join(r, &pieces, &charset, &extended);
    return true;
  }
  return false;
}

struct slice parameter_word(struct reading *r, const struct parameters *p, const char *name) {
  struct slice value;
  return parameter_bytes(r, p, name, &value) ? first_word(value) : slice_of("", 0);
}

/* "utf-8''a%20b" in a place where it means nothing, as some write it. */
static bool is_extended_by_mistake(struct slice value) {
  struct slice rest = value, charset = take_charset(&rest);
  enum charset set = charset.len ? charset_find(charset) : CHARSET_UNKNOWN;
  return set != CHARSET_UNKNOWN && set != CHARSET_NONE && memchr(rest.at, '%', rest.len);
}

static char *without_quotes(char *s) {
  size_t len = strlen(s);
  if (len < 2 || s[0] != '"' || s[len - 1] != '"')
    return s;
  s[len - 1] = '\0';
  return s + 1;
}

char *parameter_text(struct reading *r, const struct parameters *p, const char *name) {
  static const enum form order[] = {FORM_EXTENDED, FORM_PIECES, FORM_PLAIN};
  struct pieces pieces;
  struct slice charset;
  bool extended;
  char *empty = NULL;
  for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
    if (!find_pieces(p, name, order[i], &pieces))
      continue;
    struct parameter mistaken = *pieces.at[0];
    if (pieces.count == 1 && !mistaken.extended && is_extended_by_mistake(mistaken.value)) {
      mistaken.extended = true;
      pieces.at[0] = &mistaken;
    }
    struct slice value = join(r, &pieces, &charset, &extended);
    if (extended)
      value = charset_to_utf8(r, charset, value);
    char *text = without_quotes(encoded_word_decode(r, value));
    if (*text)
      return text;
    empty = text;
  }
  return empty;
}
