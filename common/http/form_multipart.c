/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 7578 as browsers, curl and old clients really send it. A delimiter counts only at the start of a line and only
 * when nothing but blanks follows it, so a boundary that is the prefix of another, or that stands inside a value, cuts
 * nothing. The closing delimiter is demanded: a body that stops before it is a torn upload, and half a message must
 * never be taken for the whole.
 *
 * Linear: each byte is looked at by one search for delimiters, one for the end of the part's headers, and, within the
 * header ceiling, by the parameter reader.
 */
#include "base/encode.h"
#include "http/form.h"

enum {
  BOUNDARY_MAX = 200,            /* RFC 2046 says 70; some clients send more */
  HEADERS_MAX = 16 * 1024,       /* of one part */
  FIRST_PARTS = 16,
};

/* --- parameters of a header value: `form-data; name="a"; filename="b"` --- */

struct parameter {
  struct slice name, value;
  bool escaped;                  /* the value holds \" */
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The length of the quoted text at `s` (behind the opening quote), without the closing one. */
static size_t quoted_len(struct slice s, bool *ret_escaped) {
  *ret_escaped = false;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] == '"')
      return i;
    /* Only \" is an escape: a lone backslash belongs to the DOS path that old browsers send. */
    if (s.at[i] == '\\' && s.len - i > 2 && s.at[i + 1] == '"') {
      *ret_escaped = true;
      i++;
    }
  }
  return s.len;
}

/* Takes the next parameter off *rest, which stands at or before a ';'. The media type or disposition itself is what
 * comes first and has no '='. */
static bool next_parameter(struct slice *rest, struct parameter *ret) {
  const char *at = rest->at, *end = rest->at + rest->len;
  while (at < end && (is_blank(*at) || *at == ';'))
    at++;
  if (at == end)
    return false;
  const char *name = at;
  while (at < end && *at != '=' && *at != ';')
    at++;
  *ret = (struct parameter){.name = slice_trim(slice_of(name, (size_t)(at - name))), .value = SLICE("")};
  if (at < end && *at == '=') {
    at++;
    while (at < end && is_blank(*at))
      at++;
    bool quoted = at < end && *at == '"';
    if (quoted) {
      at++;
      ret->value = slice_of(at, quoted_len(slice_of(at, (size_t)(end - at)), &ret->escaped));
      at += ret->value.len;
    }
    const char *next = memchr(at, ';', (size_t)(end - at));
    if (!next)
      next = end;
    if (!quoted)
      ret->value = slice_trim(slice_of(at, (size_t)(next - at)));
    at = next;
  }
  *rest = slice_of(at, (size_t)(end - at));
  return true;
}

/* \" to ". Borrows when there is nothing to do. */
static int unescape(struct arena *a, const struct parameter *p, struct slice *ret) {
  if (!p->escaped) {
    *ret = p->value;
    return 0;
  }
  char *copy = arena_alloc(a, p->value.len + 1);
  if (!copy)
    return -ENOMEM;
  size_t n = 0;
  for (size_t i = 0; i < p->value.len; i++) {
    if (p->value.at[i] == '\\' && p->value.len - i > 1 && p->value.at[i + 1] == '"')
      i++;
    copy[n++] = p->value.at[i];
  }
  *ret = slice_of(copy, n);
  return 0;
}

/* RFC 5987 `UTF-8''na%C3%AFve.txt`: RFC 7578 forbids it here and some clients send it all the same. Another charset
 * stays as it is sent. */
static int decode_extended(struct arena *a, struct slice value, struct slice *ret) {
  struct slice rest = value, charset, language;
  if (!slice_starts_nocase(value, SLICE("utf-8'")) || !slice_split(&rest, '\'', &charset) ||
      !slice_split(&rest, '\'', &language)) {
    *ret = value;
    return 0;
  }
  auto_clean(buf_free) struct buf decoded = BUF_INIT(HEADERS_MAX);
  int r = percent_decode(rest, false, &decoded);
  char *copy = r ? NULL : arena_copy(a, buf_slice(&decoded));
  if (!copy)
    return -ENOMEM;
  *ret = slice_of(copy, decoded.len);
  return 0;
}

static int read_disposition(struct arena *a, struct slice value, struct form_part *part) {
  struct parameter p;
  bool plain_name = false;
  while (next_parameter(&value, &p)) {
    int r = 0;
    if (slice_equal_nocase(p.name, SLICE("name"))) {
      r = unescape(a, &p, &part->name);
    } else if (slice_equal_nocase(p.name, SLICE("filename"))) {
      part->is_file = plain_name = true;
      r = unescape(a, &p, &part->filename);
    } else if (slice_equal_nocase(p.name, SLICE("filename*")) && !plain_name) {
      part->is_file = true;
      r = decode_extended(a, p.value, &part->filename);
    }
    if (r)
      return r;
  }
  return 0;
}

/* --- one part --- */

/* The next line of *rest without its end; false when *rest is exhausted. */
static bool next_line(struct slice *rest, struct slice *ret_line) {
  if (!slice_split(rest, '\n', ret_line))
    return false;
  if (ret_line->len && ret_line->at[ret_line->len - 1] == '\r')
    ret_line->len--;
  return true;
}

/* One header field with its folded lines, which keep their line ends inside (blanks to the parameter reader). */
static bool next_field(struct slice *rest, struct slice *ret_name, struct slice *ret_value) {
  struct slice line;
  if (!next_line(rest, &line))
    return false;
  const char *start = line.at;
  const char *end = line.at + line.len;
  while (rest->len && (rest->at[0] == ' ' || rest->at[0] == '\t') && next_line(rest, &line))
    end = line.at + line.len;
  struct slice field = slice_of(start, (size_t)(end - start));
  const char *colon = memchr(field.at, ':', field.len);
  size_t name_len = colon ? (size_t)(colon - field.at) : field.len;
  size_t value_at = colon ? name_len + 1 : name_len;
  *ret_name = slice_trim(slice_of(field.at, name_len));
  *ret_value = slice_trim(slice_of(field.at + value_at, field.len - value_at));
  return true;
}

/* `whole`: between two delimiter lines, with the line end that belongs to the second. */
static int read_part(struct arena *a, struct slice whole, struct form_part *part) {
  struct slice rest = whole, line;
  size_t headers_len = 0;
  bool ended = false;
  while (!ended) {
    /* Without its empty line the value would be read as a header and lost. */
    if (!next_line(&rest, &line) || !rest.at)
      return FORM_BROKEN;
    ended = line.len == 0;
    if (!ended)
      headers_len = (size_t)(line.at + line.len - whole.at);
    if (headers_len > HEADERS_MAX)
      return FORM_BROKEN;
  }
  *part = (struct form_part){SLICE(""), SLICE(""), false, SLICE(""), SLICE("")};
  if (rest.len && rest.at[rest.len - 1] == '\n')
    rest.len--;
  if (rest.len && rest.at[rest.len - 1] == '\r')
    rest.len--;
  part->value = slice_of(rest.at, rest.len);

  struct slice headers = slice_of(whole.at, headers_len), name, value;
  while (next_field(&headers, &name, &value)) {
    int r = 0;
    if (slice_equal_nocase(name, SLICE("content-disposition")))
      r = read_disposition(a, value, part);
    else if (slice_equal_nocase(name, SLICE("content-type")))
      part->type = value;
    if (r)
      return r;
  }
  return 0;
}

/* --- the body --- */

struct delimiter {
  size_t at, end;                /* from the first '-' to behind the line end */
  bool closing;
};

/* The next delimiter line at or behind `from`. After a false one the search goes on at the next line, not at the next
 * byte: a body of dashes against a boundary of dashes would else cost their product. */
static bool next_delimiter(struct slice body, struct slice dashed, size_t from, struct delimiter *ret) {
  for (const char *line; from < body.len; from = (size_t)(line + 1 - body.at)) {
    const char *hit = memmem(body.at + from, body.len - from, dashed.at, dashed.len);
    if (!hit)
      return false;
    size_t at = (size_t)(hit - body.at), i = at + dashed.len;
    line = memchr(hit, '\n', body.len - at);
    if (at > 0 && body.at[at - 1] != '\n') {
      if (!line)
        return false;
      continue;
    }
    if (body.len - i >= 2 && body.at[i] == '-' && body.at[i + 1] == '-') {
      *ret = (struct delimiter){at, i + 2, true};
      return true;
    }
    while (i < body.len && (body.at[i] == ' ' || body.at[i] == '\t'))
      i++;
    if (i < body.len && body.at[i] == '\r')
      i++;
    if (i < body.len && body.at[i] == '\n') {
      *ret = (struct delimiter){at, i + 1, false};
      return true;
    }
    if (!line)
      return false;
  }
  return false;
}

static int find_boundary(struct arena *a, struct slice content_type, struct slice *ret_dashed) {
  if (!slice_starts_nocase(content_type, SLICE("multipart/")))
    return FORM_BROKEN;
  struct parameter p;
  while (next_parameter(&content_type, &p)) {
    if (!slice_equal_nocase(p.name, SLICE("boundary")))
      continue;
    if (p.value.len == 0 || p.value.len > BOUNDARY_MAX)
      return FORM_BROKEN;
    char *dashed = arena_printf(a, "--%.*s", (int)p.value.len, p.value.at);
    if (!dashed)
      return -ENOMEM;
    *ret_dashed = slice_text(dashed);
    return 0;
  }
  return FORM_BROKEN;
}

static int add_part(struct arena *a, struct form *form, size_t *room, struct slice whole) {
  if (form->count == FORM_MAX_PARTS)
    return FORM_TOO_MANY;
  if (form->count == *room) {
    size_t more = *room ? 2 * *room : FIRST_PARTS;
    struct form_part *parts = arena_alloc(a, more * sizeof(*parts));
    if (!parts)
      return -ENOMEM;
    if (form->count)
      memcpy(parts, form->parts, form->count * sizeof(*parts));
    form->parts = parts;
    *room = more;
  }
  int r = read_part(a, whole, &form->parts[form->count]);
  if (r == 0)
    form->count++;
  return r;
}

int form_parse_multipart(struct arena *a, struct slice content_type, struct slice body, struct form *ret) {
  struct slice dashed;
  int r = find_boundary(a, content_type, &dashed);
  if (r)
    return r;
  struct form form = {0};
  struct delimiter now, next;
  if (!next_delimiter(body, dashed, 0, &now))
    return FORM_BROKEN;
  for (size_t room = 0; !now.closing; now = next) {
    if (!next_delimiter(body, dashed, now.end, &next))
      return FORM_BROKEN;
    r = add_part(a, &form, &room, slice_of(body.at + now.end, next.at - now.end));
    if (r)
      return r;
  }
  *ret = form;
  return 0;
}
