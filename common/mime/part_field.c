/* SPDX-License-Identifier: Apache-2.0 */
/* A type is looked for in what is there, since a part whose type is nonsense is still read by its place (MI-27). */
#include "mime/part_field.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "mime/parameter.h"

enum { TYPE_MAX = 100, CONTENT_ID_MAX = 512 };

/* Halves and reversals that are meant for something. */
static const struct {
  const char *written, *type;
} meant[] = {
    {"text", "text/plain"},         {"text/", "text/plain"},           {"plain", "text/plain"},
    {"plain/text", "text/plain"},   {"text/txt", "text/plain"},        {"html", "text/html"},
    {"text/htm", "text/html"},      {"html/text", "text/html"},        {"multipart", "multipart/mixed"},
    {"multipart/", "multipart/mixed"}, {"message", "message/rfc822"},  {"message/", "message/rfc822"},
};

static bool is_token(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$&^_.+-", c));
}

/* Behind blanks and comments. */
static size_t skip_blank(struct slice s, size_t at) {
  while (at < s.len && (s.at[at] == ' ' || s.at[at] == '\t' || s.at[at] == '(')) {
    const char *close = s.at[at] == '(' ? memchr(s.at + at, ')', s.len - at) : NULL;
    if (s.at[at] == '(' && !close)
      break;
    at = close ? (size_t)(close - s.at) + 1 : at + 1;
  }
  return at;
}

/* What stands before the type and is none of it: its field's name once more, a quote. */
static struct slice skip_noise(struct slice s) {
  static const struct slice name = {"Content-Type:", 13};
  s = slice_trim(s);
  while (s.len && (slice_starts_nocase(s, name) || s.at[0] == '"' || s.at[0] == '\'')) {
    size_t skip = s.at[0] == '"' || s.at[0] == '\'' ? 1 : name.len;
    s = slice_trim(slice_of(s.at + skip, s.len - skip));
  }
  return s;
}

/* "text / plain" → "text/plain", lower case; *ret_behind is where it ends. Empty when it is no type. */
static struct slice scan_type(struct slice s, char room[TYPE_MAX + 1], size_t *ret_behind) {
  size_t len = 0, at = skip_blank(s, 0), slashes = 0;
  while (at < s.len && len < TYPE_MAX) {
    char c = s.at[at];
    if (c == '/' && slashes++)
      break; /* "text/plain/x" */
    if (c != '/' && !is_token(c))
      break;
    room[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    size_t next = skip_blank(s, ++at);
    bool slash_near = next < s.len && s.at[next] == '/' && !slashes;
    at = c == '/' || slash_near ? next : at;
  }
  *ret_behind = at;
  bool ended = at == s.len || strchr(" \t;(,/\"'", s.at[at]);
  return slice_of(room, ended && len < TYPE_MAX ? len : 0);
}

/* NULL when it is no type. */
static char *read_type(struct reading *r, struct slice value, size_t *ret_behind) {
  char room[TYPE_MAX + 1];
  struct slice type = scan_type(value, room, ret_behind);
  for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
    if (slice_equal(type, slice_text(meant[i].written)))
      return reading_copy(r, slice_text(meant[i].type));
  const char *slash = type.len ? memchr(type.at, '/', type.len) : NULL;
  if (!slash || slash == type.at || slash == type.at + type.len - 1)
    return NULL;
  return reading_copy(r, type);
}

static const char *keep_word(struct reading *r, const struct parameters *p, const char *name, const char *preset) {
  struct slice word = parameter_word(r, p, name);
  return word.len ? reading_line(r, word) : preset;
}

static bool word_is(struct reading *r, const struct parameters *p, const char *name, const char *expected) {
  return slice_equal_nocase(parameter_word(r, p, name), slice_text(expected));
}

static void read_type_parameters(struct reading *r, struct slice value, struct mail_part *p,
                                 struct slice *ret_boundary) {
  struct parameters ps;
  parameters_read(r, value, &ps);
  if (ps.count == 0)
    return;
  p->charset = parameter_word(r, &ps, "charset");
  charset_remember(r, p->charset);
  if (parameter_bytes(r, &ps, "boundary", ret_boundary))
    *ret_boundary = slice_trim(*ret_boundary);
  const char *name = parameter_text(r, &ps, "name");
  p->name = name ? name : p->name;
  p->report_type = keep_word(r, &ps, "report-type", p->report_type);
  p->smime_type = keep_word(r, &ps, "smime-type", p->smime_type);
  p->method = keep_word(r, &ps, "method", p->method);
  p->flowed = word_is(r, &ps, "format", "flowed");
  p->delete_space = word_is(r, &ps, "delsp", "yes");
}

static void read_content_type(struct reading *r, struct slice value, bool first, struct mail_part *p,
                              struct slice *ret_boundary) {
  size_t behind = 0;
  if (value.len > 2 && value.at[0] == '=' && value.at[1] == '?')
    value = slice_text(encoded_word_decode(r, value));
  value = skip_noise(value);
  const char *type = read_type(r, value, &behind);
  if (!type) { /* what follows nonsense may make sense */
    const char *rest = memchr(value.at, ';', value.len);
    behind = rest ? (size_t)(rest - value.at) : value.len;
  }
  read_type_parameters(r, slice_of(value.at + behind, value.len - behind), p, ret_boundary);
  if (!type) {
    reading_warn(r, "content-type-broken");
    type = first || p->charset.len ? "text/plain" : "application/octet-stream";
  }
  p->type = type;
}

static void read_disposition(struct reading *r, struct slice value, struct mail_part *p) {
  size_t len = 0;
  struct parameters ps;
  while (len < value.len && is_token(value.at[len]))
    len++;
  struct slice word = slice_of(value.at, len);
  size_t behind = skip_blank(value, len);
  if (behind < value.len && value.at[behind] == '=') /* "filename=x": the disposition was forgotten */
    word.len = len = 0;
  if (slice_equal_nocase(word, SLICE("inline")))
    p->place = PLACE_INLINE;
  else if (len) /* RFC 2183 2.8: unknown ones are attachments */
    p->place = PLACE_ATTACHMENT;
  parameters_read(r, slice_of(value.at + len, value.len - len), &ps);
  const char *name = parameter_text(r, &ps, "filename");
  if (!name)
    name = parameter_text(r, &ps, "name");
  p->name = name && *name ? name : p->name;
}

static char *read_content_id(struct reading *r, struct slice value) {
  if (value.len >= 2 && value.at[0] == '<' && value.at[value.len - 1] == '>')
    value = slice_of(value.at + 1, value.len - 2);
  return value.len && value.len <= CONTENT_ID_MAX ? reading_line(r, value) : reading_copy(r, slice_of("", 0));
}

static void warn_if_repeated(struct reading *r, const struct mail_header *h, const char *name) {
  const struct mail_field *one = header_find(h, name, NULL), *other = one ? header_find(h, name, one) : NULL;
  if (other && !slice_equal(slice_trim(one->value), slice_trim(other->value)))
    reading_warn(r, "field-repeated");
}

void part_fields_read(struct reading *r, const struct mail_header *h, const char *preset, bool first,
                      struct mail_part *p, struct slice *ret_boundary) {
  struct slice type = header_value(r, h, "Content-Type");
  p->type = preset;
  p->name = p->report_type = p->smime_type = p->method = p->content_id = p->location = "";
  *ret_boundary = slice_of("", 0);
  if (type.len)
    read_content_type(r, type, first, p, ret_boundary);
  warn_if_repeated(r, h, "Content-Type");
  warn_if_repeated(r, h, "Content-Transfer-Encoding");
  p->encoding = transfer_find(r, header_value(r, h, "Content-Transfer-Encoding"));
  read_disposition(r, header_value(r, h, "Content-Disposition"), p);
  struct slice id = header_value(r, h, "Content-ID"), location = header_value(r, h, "Content-Location");
  p->content_id = id.len ? read_content_id(r, id) : p->content_id;
  if (location.len && location.len <= LOCATION_MAX)
    p->location = reading_line(r, location);
}
