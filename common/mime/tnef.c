/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes are read here, the properties that some of them carry by tnef_property.c. */
#include "mime/tnef.h"
#include "mime/charset.h"
#include "mime/lzfu.h"
#include "mime/rtf.h"
#include "mime/tnef_property.h"
#include <stdio.h>

#define SIGNATURE 0x223E9F78u

enum { HEADER = 6, ATTRIBUTE = 9, CHECKSUM = 2, OBJECT_ID = 16, NAME_MAX_LEN = 2000 };

enum attribute {
  ATTRIBUTE_BODY = 0x800C,
  ATTRIBUTE_CLASS = 0x8008,
  ATTRIBUTE_CODE_PAGE = 0x9007,
  ATTRIBUTE_PROPERTIES = 0x9003,
  ATTRIBUTE_NEXT_FILE = 0x9002,
  ATTRIBUTE_FILE_TITLE = 0x8010,
  ATTRIBUTE_FILE_DATA = 0x800F,
  ATTRIBUTE_FILE_PROPERTIES = 0x9005,
};

enum property {
  PROPERTY_BODY = 0x1000,
  PROPERTY_RTF = 0x1009,
  PROPERTY_HTML = 0x1013,
  PROPERTY_CODE_PAGE = 0x3FDE,
  PROPERTY_FILE_DATA = 0x3701,
  PROPERTY_FILE_NAME = 0x3704,
  PROPERTY_FILE_LONG_NAME = 0x3707,
  PROPERTY_FILE_TYPE = 0x370E,
  PROPERTY_FILE_ID = 0x3712,
};

/* MAPI's IMessage: the object is a TNEF of its own. */
static const char message_id[OBJECT_ID + 1] = "\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";

struct state {
  struct reading *reading;
  struct tnef *to;
  struct tnef_file *file;    /* the newest; NULL before the first, or behind the last there is room for */
  size_t room;               /* for files */
  bool long_name;
  unsigned code_page, html_page;
  struct slice rtf, html;
  size_t most;
};

static uint16_t get16(const char *at) {
  const uint8_t *b = (const uint8_t *)at;
  return (uint16_t)(b[0] | b[1] << 8);
}

static uint32_t get32(const char *at) {
  return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

static struct slice to_utf8(struct state *s, unsigned page, struct slice bytes) {
  char label[16];
  if (bytes.len > s->most)
    bytes.len = s->most;
  snprintf(label, sizeof(label), "cp%u", page ? page : s->code_page);
  while (bytes.len && bytes.at[bytes.len - 1] == '\0' && page != 1200)
    bytes.len--; /* strings of C */
  return charset_to_utf8(s->reading, slice_text(label), bytes);
}

static struct slice value_text(struct state *s, const struct tnef_property *p) {
  return p->type == TNEF_UNICODE ? to_utf8(s, 1200, p->value) : to_utf8(s, 0, p->value);
}

static const char *value_line(struct state *s, const struct tnef_property *p) {
  struct tnef_property cut = *p;
  if (cut.value.len > NAME_MAX_LEN)
    cut.value.len = NAME_MAX_LEN;
  return reading_line(s->reading, value_text(s, &cut));
}

/* --- files --- */

static void next_file(struct state *s) {
  struct tnef *t = s->to;
  s->file = NULL;
  s->long_name = false;
  if (t->file_count == TNEF_FILES_MAX) {
    t->whole = false;
    return;
  }
  if (t->file_count == s->room) {
    s->room = s->room ? 2 * s->room : 4;
    struct tnef_file *more = reading_alloc(s->reading, s->room * sizeof(*more));
    if (!more)
      return;
    if (t->file_count)
      memcpy(more, t->files, t->file_count * sizeof(*more));
    t->files = more;
  }
  s->file = &t->files[t->file_count++];
  *s->file = (struct tnef_file){{"", 0}, "", "application/octet-stream", ""};
}

static void set_object(struct state *s, struct slice value) {
  if (value.len < OBJECT_ID)
    return;
  if (memcmp(value.at, message_id, OBJECT_ID) == 0)
    s->file->type = TNEF_TYPE;
  s->file->bytes = slice_of(value.at + OBJECT_ID, value.len - OBJECT_ID);
}

static void on_file_property(void *arg, const struct tnef_property *p) {
  struct state *s = arg;
  if (!s->file)
    return;
  switch (p->id) {
  case PROPERTY_FILE_DATA:
    if (p->type == TNEF_OBJECT)
      set_object(s, p->value);
    else if (!s->file->bytes.len)
      s->file->bytes = p->value;
    break;
  case PROPERTY_FILE_LONG_NAME:
    s->file->name = value_line(s, p);
    s->long_name = true;
    break;
  case PROPERTY_FILE_NAME:
    if (!s->long_name)
      s->file->name = value_line(s, p);
    break;
  case PROPERTY_FILE_TYPE:
    if (strcmp(s->file->type, TNEF_TYPE) != 0 && memchr(p->value.at, '/', p->value.len))
      s->file->type = value_line(s, p);
    break;
  case PROPERTY_FILE_ID:
    s->file->content_id = value_line(s, p);
    break;
  default:
    break;
  }
}

/* --- the message --- */

static void on_message_property(void *arg, const struct tnef_property *p) {
  struct state *s = arg;
  if (p->id == PROPERTY_BODY && !s->to->text.len)
    s->to->text = value_text(s, p);
  else if (p->id == PROPERTY_RTF)
    s->rtf = p->value;
  else if (p->id == PROPERTY_HTML && p->type == TNEF_UNICODE)
    s->to->html = value_text(s, p);
  else if (p->id == PROPERTY_HTML)
    s->html = p->value;
  else if (p->id == PROPERTY_CODE_PAGE && p->type == TNEF_LONG)
    s->html_page = get32(p->value.at);
}

/* A meeting, a contact, a task: what it is about stands in properties that are not read here. */
static bool is_mail(struct slice class) {
  static const struct slice words[] = {{"Schedule", 8}, {"Appointment", 11}, {"Contact", 7}, {"Task", 4}};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (class.len && memmem(class.at, class.len, words[i].at, words[i].len))
      return false;
  return true;
}

static bool read_attribute(struct state *s, unsigned attribute, struct slice value) {
  switch (attribute) {
  case ATTRIBUTE_CODE_PAGE:
    if (value.len >= 4)
      s->code_page = get32(value.at) & 0xFFFF;
    return true;
  case ATTRIBUTE_CLASS:
    s->to->special = !is_mail(value);
    return true;
  case ATTRIBUTE_BODY:
    s->to->text = to_utf8(s, 0, value);
    return true;
  case ATTRIBUTE_PROPERTIES:
    return tnef_properties(value, on_message_property, s);
  case ATTRIBUTE_NEXT_FILE:
    next_file(s);
    return true;
  case ATTRIBUTE_FILE_TITLE:
    if (s->file && !*s->file->name)
      s->file->name = value_line(s, &(struct tnef_property){.type = TNEF_STRING, .value = value});
    return true;
  case ATTRIBUTE_FILE_DATA:
    if (s->file)
      s->file->bytes = value;
    return true;
  case ATTRIBUTE_FILE_PROPERTIES:
    return tnef_properties(value, on_file_property, s);
  default:
    return true;
  }
}

static bool sum_fits(struct slice value, const char *at) {
  uint16_t sum = 0;
  for (size_t i = 0; i < value.len; i++)
    sum = (uint16_t)(sum + (uint8_t)value.at[i]);
  return sum == get16(at);
}

static void read_attributes(struct state *s, struct slice rest) {
  while (rest.len >= ATTRIBUTE && !s->reading->failed) {
    unsigned attribute = get16(rest.at + 1);
    size_t len = get32(rest.at + 5), left = rest.len - ATTRIBUTE;
    bool there = len <= left && left - len >= CHECKSUM;
    struct slice value = slice_of(rest.at + ATTRIBUTE, len < left ? len : left);
    if (!read_attribute(s, attribute, value) || !there || !sum_fits(value, value.at + value.len))
      s->to->whole = false;
    if (!there)
      return;
    rest = slice_of(value.at + len + CHECKSUM, left - len - CHECKSUM);
  }
  if (rest.len)
    s->to->whole = false;
}

/* The HTML itself, else what the RTF was made from, else its words. */
static void choose_body(struct state *s) {
  struct slice rtf;
  bool is_html;
  if (s->html.len && !s->to->html.len)
    s->to->html = to_utf8(s, s->html_page, s->html);
  if (s->to->html.len || !s->rtf.len || !lzfu_read(s->reading, s->rtf, s->most, &rtf))
    return;
  struct slice body = rtf_read(s->reading, rtf, s->code_page, s->most, &is_html);
  if (is_html)
    s->to->html = body;
  else if (!s->to->text.len)
    s->to->text = body;
}

bool tnef_read(struct reading *r, struct slice bytes, size_t most, struct tnef *ret) {
  *ret = (struct tnef){.text = {"", 0}, .html = {"", 0}, .whole = true};
  if (bytes.len < HEADER || get32(bytes.at) != SIGNATURE)
    return false;
  struct state s = {.reading = r, .to = ret, .code_page = 1252, .rtf = {"", 0}, .html = {"", 0}, .most = most};
  read_attributes(&s, slice_of(bytes.at + HEADER, bytes.len - HEADER));
  choose_body(&s);
  return true;
}
