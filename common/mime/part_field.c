/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GMime reads the parameters: RFC 2231's continuations and character sets, and RFC 2047 where it does not belong,
 * are its leaf functions and do not recurse. The type itself is read here, for GMime takes nonsense for
 * application/octet-stream.
 */
#include "mime/part_field.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "text/utf8.h"
#include <gmime/gmime.h>

enum { TYPE_MAX = 100, CONTENT_ID_MAX = 512 };

static bool is_token(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$&^_.+-", c));
}

/* "text/plain", or NULL when it is no type. */
static char *read_type(struct reading *r, struct slice value) {
  size_t len = 0, slashes = 0;
  while (len < value.len && (is_token(value.at[len]) || value.at[len] == '/'))
    slashes += value.at[len++] == '/';
  struct slice type = slice_of(value.at, len);
  if (slashes == 0 && slice_equal_nocase(type, SLICE("text")))
    return reading_copy(r, SLICE("text/plain"));
  bool ended = len == value.len || value.at[len] == ';' || value.at[len] == ' ' || value.at[len] == '\t' ||
               value.at[len] == '(' || value.at[len] == ',';
  if (slice_equal_nocase(type, SLICE("text/")))
    return reading_copy(r, SLICE("text/plain"));
  if (!ended || slashes != 1 || len > TYPE_MAX || type.at[0] == '/' || type.at[len - 1] == '/')
    return NULL;
  char *copy = reading_copy(r, type);
  for (char *c = copy; *c; c++)
    *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
  return copy;
}

static char *join(struct reading *r, const char *a, struct slice b) {
  char *joined = arena_printf(r->arena, "%s%.*s", a, (int)b.len, b.at);
  r->failed |= !joined;
  return joined ? joined : reading_copy(r, b);
}

/* GMime wants a string and reads raw 8-bit in a way of its own, so it gets UTF-8. */
static char *for_gmime(struct reading *r, struct slice value) {
  if (!utf8_valid(value))
    value = charset_to_utf8(r, SLICE("utf-8"), value);
  return reading_copy(r, value);
}

static char *parameter(struct reading *r, GMimeParamList *list, const char *name) {
  GMimeParam *param = list ? g_mime_param_list_get_parameter(list, name) : NULL;
  const char *value = param ? g_mime_param_get_value(param) : NULL;
  return value ? reading_copy(r, slice_text(value)) : NULL;
}

/* What remains encoded is an encoded-word in a quoted string, cut over continuations or not. */
static char *name_parameter(struct reading *r, GMimeParamList *list, const char *name) {
  char *value = parameter(r, list, name);
  return value && *value ? encoded_word_decode(r, slice_text(value)) : NULL;
}

static void read_content_type(struct reading *r, struct slice value, struct mail_part *p, struct slice *ret_boundary) {
  if (!memchr(value.at, ';', value.len))
    return;
  GMimeContentType *type = g_mime_content_type_parse(NULL, for_gmime(r, value));
  if (!type)
    return;
  GMimeParamList *list = g_mime_content_type_get_parameters(type);
  char *charset = parameter(r, list, "charset"), *boundary = parameter(r, list, "boundary");
  char *name = name_parameter(r, list, "name"), *report = parameter(r, list, "report-type");
  char *format = parameter(r, list, "format"), *delsp = parameter(r, list, "delsp");
  p->charset = slice_text(charset);
  *ret_boundary = slice_text(boundary);
  p->name = name ? name : p->name;
  p->report_type = report ? report : p->report_type;
  p->flowed = format && strcasecmp(format, "flowed") == 0;
  p->delete_space = delsp && strcasecmp(delsp, "yes") == 0;
  g_object_unref(type);
}

static void read_disposition(struct reading *r, struct slice value, struct mail_part *p) {
  size_t len = 0;
  while (len < value.len && is_token(value.at[len]))
    len++;
  struct slice word = slice_of(value.at, len);
  if (slice_equal_nocase(word, SLICE("inline")))
    p->place = PLACE_INLINE;
  else if (len) /* RFC 2183 2.8: unknown ones are attachments */
    p->place = PLACE_ATTACHMENT;
  if (!value.len || !memchr(value.at, ';', value.len))
    return;
  GMimeContentDisposition *disposition = g_mime_content_disposition_parse(NULL, for_gmime(r, value));
  if (!disposition)
    return;
  char *name = name_parameter(r, g_mime_content_disposition_get_parameters(disposition), "filename");
  p->name = name ? name : p->name;
  g_object_unref(disposition);
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
  p->name = p->report_type = p->content_id = "";
  *ret_boundary = slice_of("", 0);
  if (type.len) {
    const char *read = read_type(r, type), *rest = memchr(type.at, ';', type.len);
    if (!read && rest) /* what follows nonsense may make sense */
      type = slice_text(join(r, "text/plain", slice_of(rest, type.len - (size_t)(rest - type.at))));
    read_content_type(r, type, p, ret_boundary);
    if (!read) {
      reading_warn(r, "content-type-broken");
      read = first || p->charset.len ? "text/plain" : "application/octet-stream";
    }
    p->type = read;
  }
  warn_if_repeated(r, h, "Content-Type");
  warn_if_repeated(r, h, "Content-Transfer-Encoding");
  p->encoding = transfer_find(r, header_value(r, h, "Content-Transfer-Encoding"));
  read_disposition(r, header_value(r, h, "Content-Disposition"), p);
  struct slice id = header_value(r, h, "Content-ID");
  p->content_id = id.len ? read_content_id(r, id) : p->content_id;
}
