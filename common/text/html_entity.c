/* SPDX-License-Identifier: Apache-2.0 */
/* As browsers read them (HTML Living Standard 13.2.5.72 ff.), because what a sender's program wrote was tried in
 * one. */
#include "text/html_entity.h"


enum { NAME_MAX_LEN = 8, LEGACY_MIN_LEN = 2, LEGACY_MAX_LEN = 6 };
#define BROKEN 0xFFFDu

struct entity {
  const char *name;
  uint32_t character;
};

static const struct entity entities[] = {
#define ENTITY(name, character) {name, character},
#include "text/html_entities.def"
#undef ENTITY
};

/* Numbers 0x80 to 0x9F mean windows-1252, whatever Unicode says. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
};

static bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const struct entity *find(struct slice name) {
  size_t low = 0, high = sizeof(entities) / sizeof(entities[0]);
  while (low < high) {
    size_t middle = (low + high) / 2;
    const char *at = entities[middle].name;
    int order = strncmp(name.at, at, name.len);
    if (order == 0 && at[name.len] == '\0')
      return &entities[middle];
    if (order > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* Names that were understood without ';' before there was a standard. */
static bool is_legacy(const struct entity *e) {
  return e->character < 0x100 && (e->character >= 0xA0 || (e->character && strchr("&<>\"", (int)e->character)));
}

static size_t read_name(struct slice s, bool in_attribute, uint32_t *ret) {
  size_t len = 0;
  while (1 + len < s.len && len <= NAME_MAX_LEN && is_alphanumeric(s.at[1 + len]))
    len++;
  if (1 + len < s.len && s.at[1 + len] == ';') {
    const struct entity *e = find(slice_of(s.at + 1, len));
    if (e) {
      *ret = e->character;
      return len + 2;
    }
  }
  for (size_t part = len < LEGACY_MAX_LEN ? len : LEGACY_MAX_LEN; part >= LEGACY_MIN_LEN; part--) {
    const struct entity *e = find(slice_of(s.at + 1, part));
    if (!e || !is_legacy(e))
      continue;
    char next = 1 + part < s.len ? s.at[1 + part] : '\0';
    if (in_attribute && (is_alphanumeric(next) || next == '='))
      return 0;
    *ret = e->character;
    return part + 1;
  }
  return 0;
}

static int digit_value(char c, bool hex) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
    return (c | 0x20) - 'a' + 10;
  return -1;
}

static size_t read_number(struct slice s, uint32_t *ret) {
  bool hex = s.len > 2 && (s.at[2] | 0x20) == 'x';
  size_t start = hex ? 3 : 2, i = start;
  uint32_t value = 0;
  for (; i < s.len; i++) {
    int digit = digit_value(s.at[i], hex);
    if (digit < 0)
      break;
    if (value <= 0x110000)
      value = value * (hex ? 16 : 10) + (uint32_t)digit;
  }
  if (i == start)
    return 0;
  if (value >= 0x80 && value <= 0x9F)
    value = windows_1252[value - 0x80];
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    value = BROKEN;
  *ret = value;
  return i + (i < s.len && s.at[i] == ';');
}

size_t html_entity_read(struct slice s, bool in_attribute, uint32_t *ret_character) {
  if (s.len < 3)
    return 0;
  return s.at[1] == '#' ? read_number(s, ret_character) : read_name(s, in_attribute, ret_character);
}

size_t html_entity_utf8(uint32_t c, char ret[4]) {
  if (c < 0x80) {
    ret[0] = (char)c;
    return 1;
  }
  size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = len; i-- > 1; c >>= 6)
    ret[i] = (char)(0x80 | (c & 0x3F));
  static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  ret[0] = (char)(lead[len] | c);
  return len;
}
