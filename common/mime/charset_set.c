/* SPDX-License-Identifier: Apache-2.0 */
/* iconv is told to convert and never to transliterate. What it trips over is skipped as a browser would, so that one
 * bad byte costs one character and not the rest of the line. */
#include "mime/charset_set.h"
#include "mime/charset_seven.h"
#include <iconv.h>

enum { LABEL_MAX = 40, WINDOW = 16 * 1024 };

static const struct {
  const char *name;
  uint8_t unit;
  bool wide;
} sets[] = {
#define SET(id, name, unit, wide) [CHARSET_##id] = {name, unit, wide},
#define LABEL(id, label)
#include "mime/charset_rows.def"
#undef SET
#undef LABEL
};

static const struct {
  struct slice label;
  enum charset set;
} labels[] = {
#define SET(id, name, unit, wide)
#define LABEL(id, label) {{label, sizeof(label) - 1}, CHARSET_##id},
#include "mime/charset_rows.def"
#undef SET
#undef LABEL
};

/* Seven-bit sets are shifted up and read as their eight-bit sisters, which the C library reads better. */
static const struct {
  enum charset set, sister;
  struct slice (*up)(struct reading *r, struct slice bytes);
} sevens[] = {
    {CHARSET_JP7, CHARSET_EUC_JP, charset_up_jp},
    {CHARSET_KR7, CHARSET_EUC_KR, charset_up_kr},
    {CHARSET_HZ, CHARSET_GB18030, charset_up_hz},
};

/* What Windows added and the C library does not know. */
static const struct {
  enum charset set;
  struct slice bytes;
  const char *text;
} additions[] = {
    {CHARSET_GB18030, {"\x80", 1}, "\xE2\x82\xAC"},
    {CHARSET_BIG5, {"\xA3\xE1", 2}, "\xE2\x82\xAC"},
};

const char *charset_name(enum charset set) {
  return set < CHARSET_COUNT ? sets[set].name : NULL;
}

enum charset charset_find(struct slice label) {
  char plain[LABEL_MAX];
  size_t len = 0;
  label = slice_trim(label);
  if (label.len > 2 && (label.at[0] == '"' || label.at[0] == '\''))
    label = slice_of(label.at + 1, label.len - 2);
  for (size_t i = 0; i < label.len; i++) {
    char c = label.at[i];
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      if (len == LABEL_MAX)
        return CHARSET_UNKNOWN;
      plain[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    } else if (!c || !strchr("-_.:+", c)) { /* "//IGNORE" is an order to iconv and no name */
      return CHARSET_UNKNOWN;
    }
  }
  if (len == 0 && label.len)
    return CHARSET_UNKNOWN;
  for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
    if (slice_equal(slice_of(plain, len), labels[i].label))
      return labels[i].set;
  return CHARSET_UNKNOWN;
}

/* --- converters --- */

static iconv_t open_converter(enum charset set) {
  static iconv_t kept[CHARSET_COUNT]; /* 0: not tried yet; for the life of the process */
  if (!kept[set])
    kept[set] = iconv_open("UTF-8", sets[set].name);
  return kept[set];
}

static bool needs_converter(enum charset set) {
  if (set == CHARSET_NONE || set == CHARSET_UTF_8 || set == CHARSET_UTF_16)
    return false;
  for (size_t i = 0; i < sizeof(sevens) / sizeof(sevens[0]); i++)
    if (sevens[i].set == set)
      return false;
  return true;
}

size_t charset_open_all(void) {
  size_t missing = 0;
  for (enum charset set = 0; set < CHARSET_COUNT; set++)
    if (needs_converter(set))
      missing += open_converter(set) == (iconv_t)-1;
  return missing;
}

struct converting {
  enum charset set;
  const char *from;
  size_t left;
  char *to;
  size_t room, broken;
};

static bool put(struct converting *c, const char *text, size_t taken) {
  size_t len = strlen(text);
  if (c->room < len)
    return false;
  memcpy(c->to, text, len);
  c->to += len;
  c->room -= len;
  c->from += taken;
  c->left -= taken;
  return true;
}

static bool pass_bad(struct converting *c) {
  for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++)
    if (additions[i].set == c->set && c->left >= additions[i].bytes.len &&
        memcmp(c->from, additions[i].bytes.at, additions[i].bytes.len) == 0)
      return put(c, additions[i].text, additions[i].bytes.len);
  size_t skip = sets[c->set].unit;
  if (sets[c->set].wide && c->left > 1 && (uint8_t)c->from[0] >= 0x80 && (uint8_t)c->from[1] >= 0x80)
    skip = 2; /* else its second half begins another wrong pair, and so on */
  c->broken++;
  return put(c, "\xEF\xBF\xBD", skip < c->left ? skip : c->left);
}

/* Without a mark the label does not say which half comes first; ASCII's zeros do. */
static enum charset half_order(struct slice s) {
  size_t zeros[2] = {0};
  for (size_t i = 0; i < s.len && i < 512; i++)
    zeros[i % 2] += s.at[i] == '\0';
  return zeros[0] > zeros[1] ? CHARSET_UTF_16BE : CHARSET_UTF_16LE;
}

/* One step, of a window: whoever looks at all that is left at every bad byte (sanitizers do) is quadratic. Returns 0,
 * or E2BIG, EILSEQ, EINVAL of what is at c->from now. */
static int step(iconv_t cd, struct converting *c) {
  const size_t window = c->left < WINDOW ? c->left : WINDOW;
  size_t rest = window;
  char *from = (char *)(uintptr_t)c->from;
  int e = iconv(cd, &from, &rest, &c->to, &c->room) == (size_t)-1 ? errno : 0;
  c->from = from;
  c->left -= window - rest;
  return e == EINVAL && rest < window && rest < c->left ? 0 : e; /* a character over the window's edge */
}

/* A set that shifts may have stopped shifted: what follows would be read wrong to the end. */
static bool resume(iconv_t cd, struct converting *c) {
  if (c->set == CHARSET_UTF_7)
    iconv(cd, NULL, NULL, NULL, NULL);
  return pass_bad(c);
}

/* The converter to use, and what to give it. */
static iconv_t choose(struct reading *r, enum charset *set, struct slice *bytes) {
  for (size_t i = 0; i < sizeof(sevens) / sizeof(sevens[0]); i++) {
    if (sevens[i].set == *set) {
      *set = sevens[i].sister;
      *bytes = sevens[i].up(r, *bytes);
      break;
    }
  }
  if (*set == CHARSET_UTF_16)
    *set = half_order(*bytes);
  iconv_t cd = needs_converter(*set) ? open_converter(*set) : (iconv_t)-1;
  if (cd != (iconv_t)-1)
    iconv(cd, NULL, NULL, NULL, NULL);
  return cd;
}

bool charset_explains(struct reading *r, enum charset set, struct slice bytes) {
  char scrap[4096];
  iconv_t cd = choose(r, &set, &bytes);
  struct converting c = {.set = set, .from = bytes.at, .left = bytes.len};
  while (cd != (iconv_t)-1 && c.left) {
    c.to = scrap;
    c.room = sizeof(scrap);
    int e = step(cd, &c);
    c.to = scrap;
    c.room = sizeof(scrap);
    if (e && e != E2BIG && (!resume(cd, &c) || c.broken))
      return false;
  }
  return cd != (iconv_t)-1;
}

bool charset_convert(struct reading *r, enum charset set, struct slice bytes, struct slice *ret, size_t *ret_broken) {
  iconv_t cd = choose(r, &set, &bytes);
  if (cd == (iconv_t)-1)
    return false;
  /* A byte makes at most three (U+FFFD, or one character of the first plane). Should a set surprise us, iconv is
   * believed and not the arithmetic: what does not fit is cut. */
  const size_t size = 3 * bytes.len + 64;
  char *out = reading_alloc(r, size);
  struct converting c = {.set = set, .from = bytes.at, .left = bytes.len, .to = out, .room = out ? size : 0};
  while (out && c.left) {
    int e = step(cd, &c);
    if (e && ((e != EILSEQ && e != EINVAL) || !resume(cd, &c)))
      break;
  }
  if (out)
    iconv(cd, NULL, NULL, &c.to, &c.room);
  *ret = slice_of(out ? out : "", out ? (size_t)(c.to - out) : 0);
  *ret_broken = c.broken;
  reading_shrink(r, out, size, ret->len);
  return true;
}
