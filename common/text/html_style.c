/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value is made of tokens, each of a kind that can only say how something looks; what is no such token (a function
 * but for colours, a backslash, a negative number, an at-word, a brace) drops its declaration. Nothing is copied that
 * was not understood, so there is nothing for a browser to understand otherwise.
 */
#include "text/html_style.h"
#include "text/html_tag.h"

enum token {
  TOKEN_END = 0,
  TOKEN_WORD = 1 << 0,
  TOKEN_LENGTH = 1 << 1, /* number, with or without unit, or percent; never negative */
  TOKEN_HEX = 1 << 2,
  TOKEN_COLOUR = 1 << 3, /* rgb(…) and its like */
  TOKEN_COMMA = 1 << 4,
  TOKEN_SLASH = 1 << 5,
  TOKEN_STRING = 1 << 6,
  TOKEN_BAD = 1 << 7,
};

enum {
  STYLE_WORD = TOKEN_WORD,
  STYLE_LENGTHS = TOKEN_WORD | TOKEN_LENGTH,
  STYLE_COLOUR = TOKEN_WORD | TOKEN_HEX | TOKEN_COLOUR,
  STYLE_LINE = STYLE_COLOUR | TOKEN_LENGTH,
  STYLE_FAMILY = TOKEN_WORD | TOKEN_COMMA | TOKEN_STRING,
  STYLE_FONT = STYLE_FAMILY | TOKEN_LENGTH | TOKEN_SLASH,
  STYLE_DISPLAY = 1 << 8 | TOKEN_WORD,
  STYLE_BACKGROUND = 1 << 9 | STYLE_COLOUR,
};

enum { BETWEEN = TOKEN_COMMA | TOKEN_SLASH };
enum { NAME_MAX_LEN = 32, WORD_MAX = 60, DIGITS_MAX = 4, FRACTION_MAX = 6, COLOUR_MAX = 60, PIXELS_MAX_LEN = 12 };
enum { TOKENS_MAX = HTML_STYLE_SPARE };

struct property {
  const char *name;
  unsigned kinds;
};

static const struct property properties[] = {
#define PROPERTY(name, kinds) {name, kinds},
#include "text/html_style.def"
#undef PROPERTY
};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_word_char(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_' || (uint8_t)c >= 0x80;
}

/* --- declarations --- */

/* The byte behind a comment or a quoted string that starts at `i`, or behind one plain byte. */
static size_t step_over(struct slice s, size_t i) {
  const char *end;
  if (s.at[i] == '/' && i + 1 < s.len && s.at[i + 1] == '*') {
    end = memmem(s.at + i + 2, s.len - i - 2, "*/", 2);
    return end ? (size_t)(end - s.at) + 2 : s.len;
  }
  if (s.at[i] != '"' && s.at[i] != '\'')
    return i + 1;
  end = memchr(s.at + i + 1, s.at[i], s.len - i - 1);
  return end ? (size_t)(end - s.at) + 1 : s.len;
}

/* Each search that fails ends the loop, so all of them together are linear. */
bool html_style_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value) {
  while (rest->len) {
    size_t end = 0, colon = rest->len;
    unsigned open = 0;
    while (end < rest->len && (rest->at[end] != ';' || open)) {
      if (rest->at[end] == ':' && colon == rest->len)
        colon = end;
      open += rest->at[end] == '(';
      open -= rest->at[end] == ')' && open;
      end = step_over(*rest, end);
    }
    struct slice one = slice_of(rest->at, end);
    size_t taken = end + (end < rest->len);
    *rest = slice_of(rest->at + taken, rest->len - taken);
    if (colon >= one.len)
      continue;
    *ret_name = slice_trim(slice_of(one.at, colon));
    *ret_value = slice_trim(slice_of(one.at + colon + 1, one.len - colon - 1));
    return true;
  }
  return false;
}

static const struct property *find(struct slice name) {
  char lowered[NAME_MAX_LEN + 1];
  if (name.len > NAME_MAX_LEN)
    return NULL;
  for (size_t i = 0; i < name.len; i++)
    lowered[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 0x20) : name.at[i];
  lowered[name.len] = '\0';
  size_t low = 0, high = sizeof(properties) / sizeof(properties[0]);
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(lowered, properties[middle].name);
    if (order == 0)
      return &properties[middle];
    if (order > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* --- values --- */

static bool is_colour_function(struct slice name) {
  return slice_equal_nocase(name, SLICE("rgb")) || slice_equal_nocase(name, SLICE("rgba")) ||
         slice_equal_nocase(name, SLICE("hsl")) || slice_equal_nocase(name, SLICE("hsla"));
}

/* Numbers, commas and blanks only, up to the closing bracket. */
static enum token take_arguments(struct slice s, size_t i, size_t *ret_len) {
  size_t start = i;
  while (i < s.len && i - start < COLOUR_MAX && s.at[i] && strchr("0123456789.,%/ ", s.at[i]))
    i++;
  *ret_len = i + 1;
  return i < s.len && s.at[i] == ')' ? TOKEN_COLOUR : TOKEN_BAD;
}

/* "-18" is no word, nor is "--variable". */
static bool starts_word(struct slice s) {
  size_t i = s.len > 1 && s.at[0] == '-' ? 1 : 0;
  return is_word_char(s.at[i]) && !is_digit(s.at[i]) && s.at[i] != '-';
}

static enum token take_word(struct slice s, size_t *ret_len) {
  size_t i = 0;
  while (i < s.len && is_word_char(s.at[i]))
    i++;
  *ret_len = i;
  if (i < s.len && s.at[i] == '(')
    return is_colour_function(slice_of(s.at, i)) ? take_arguments(s, i + 1, ret_len) : TOKEN_BAD;
  return i && i <= WORD_MAX && starts_word(s) ? TOKEN_WORD : TOKEN_BAD;
}

static bool is_unit(struct slice s) {
  static const char *const units[] = {"",   "%",  "px", "pt", "em", "rem", "ex",
                                      "ch", "in", "cm", "mm", "pc", "vw"};
  for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
    if (slice_equal_nocase(s, slice_text(units[i])))
      return true;
  return false;
}

static enum token take_number(struct slice s, size_t *ret_len) {
  size_t whole = 0, i, fraction = 0;
  while (whole < s.len && is_digit(s.at[whole]))
    whole++;
  i = whole;
  if (i < s.len && s.at[i] == '.')
    for (i++; i < s.len && is_digit(s.at[i]); i++)
      fraction++;
  size_t unit = i;
  while (i < s.len && (is_word_char(s.at[i]) || s.at[i] == '%'))
    i++;
  *ret_len = i;
  bool good = whole + fraction && whole <= DIGITS_MAX && fraction <= FRACTION_MAX;
  return good && is_unit(slice_of(s.at + unit, i - unit)) ? TOKEN_LENGTH : TOKEN_BAD;
}

static enum token take_hex(struct slice s, size_t *ret_len) {
  size_t i = 1;
  while (i < s.len && (is_digit(s.at[i]) || ((s.at[i] | 0x20) >= 'a' && (s.at[i] | 0x20) <= 'f')))
    i++;
  *ret_len = i;
  bool ended = i == s.len || !is_word_char(s.at[i]);
  return ended && (i == 4 || i == 5 || i == 7 || i == 9) ? TOKEN_HEX : TOKEN_BAD;
}

static enum token take_string(struct slice s, size_t *ret_len) {
  size_t i = 1;
  while (i < s.len && (is_word_char(s.at[i]) || s.at[i] == ' ' || s.at[i] == '.' || s.at[i] == ','))
    i++;
  *ret_len = i + 1;
  return i < s.len && s.at[i] == s.at[0] && i <= WORD_MAX ? TOKEN_STRING : TOKEN_BAD;
}

/* "!important" says nothing where there is no style sheet. */
static enum token take_important(struct slice s, size_t *ret_len) {
  *ret_len = s.len;
  struct slice word = slice_trim(slice_of(s.at + 1, s.len - 1));
  return slice_equal_nocase(word, SLICE("important")) ? TOKEN_END : TOKEN_BAD;
}

/* The token at the start of `s`, which is not empty and begins with no blank. */
static enum token take(struct slice s, size_t *ret_len) {
  char c = s.at[0];
  *ret_len = 1;
  if (c == ',')
    return TOKEN_COMMA;
  if (c == '/')
    return TOKEN_SLASH;
  if (c == '#')
    return take_hex(s, ret_len);
  if (c == '"' || c == '\'')
    return take_string(s, ret_len);
  if (c == '!')
    return take_important(s, ret_len);
  if (is_digit(c) || c == '.')
    return take_number(s, ret_len);
  return take_word(s, ret_len);
}

static void skip_blanks(struct slice *s) {
  size_t i = 0;
  while (i < s->len) {
    bool comment = s->at[i] == '/' && i + 1 < s->len && s->at[i + 1] == '*';
    if (!comment && !html_is_space(s->at[i]))
      break;
    i = comment ? step_over(*s, i) : i + 1;
  }
  *s = slice_of(s->at + i, s->len - i);
}

static size_t put(char *to, size_t at, struct slice s) {
  memcpy(to + at, s.at, s.len);
  return at + s.len;
}

/* A token in its one form: strings in single quotes. */
static size_t put_token(char *to, size_t at, struct slice token, enum token kind) {
  size_t end = put(to, at, token);
  if (kind == TOKEN_STRING)
    to[at] = to[end - 1] = '\'';
  return end;
}

/* Writes the value at `to`, which has room for it as written. Returns the length, 0 when it may not stay. A background
 * is reduced to its colour. */
static size_t put_value(struct slice value, unsigned kinds, char *to) {
  size_t len = 0, written = 0;
  enum token before = TOKEN_COMMA;
  bool background = kinds == STYLE_BACKGROUND;
  for (size_t count = 0; skip_blanks(&value), value.len; count++) {
    size_t taken;
    enum token kind = take(value, &taken);
    bool between = kind & BETWEEN, behind = before & BETWEEN;
    if (kind == TOKEN_END)
      break;
    if (kind == TOKEN_BAD || count == TOKENS_MAX || !(kind & kinds) || (between && behind))
      return 0;
    if (!between && !behind)
      to[len++] = ' ';
    len = put_token(to, len, slice_of(value.at, taken), kind);
    value = slice_of(value.at + taken, value.len - taken);
    before = kind;
    written++;
  }
  return before & BETWEEN || (background && written != 1) ? 0 : len;
}

/* The colour among what else a background says; the rest of it would have to be loaded or placed. */
static struct slice background_colour(struct slice value) {
  struct slice rest = value;
  while (skip_blanks(&rest), rest.len) {
    size_t taken;
    enum token kind = take(rest, &taken);
    if (taken > rest.len)
      taken = rest.len;
    uint32_t rgb;
    struct slice token = slice_of(rest.at, taken);
    bool named = kind == TOKEN_WORD && (html_style_colour(token, &rgb) || taken == value.len);
    if (kind == TOKEN_HEX || kind == TOKEN_COLOUR || named)
      return token;
    if (kind == TOKEN_BAD) { /* "url(…)" and the like: on behind the next blank */
      const char *blank = memchr(rest.at, ' ', rest.len);
      taken = blank ? (size_t)(blank - rest.at) : rest.len;
    }
    rest = slice_of(rest.at + taken, rest.len - taken);
  }
  return slice_of("", 0);
}

/* Not "none": what is not shown is dropped whole (html_look.h). Nothing that lays things out over each other. */
static bool is_display(struct slice value) {
  static const char *const shown[] = {"block", "inline", "inline-block", "list-item", "table", "inline-table",
                                      "table-row", "table-cell", "table-row-group", "table-header-group",
                                      "table-footer-group", "table-caption"};
  for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
    if (slice_equal_nocase(value, slice_text(shown[i])))
      return true;
  return false;
}

size_t html_style_clean(struct slice style, char *ret) {
  struct slice name, value;
  size_t len = 0;
  char kept[HTML_STYLE_MAX + HTML_STYLE_SPARE];
  style.len = style.len < HTML_STYLE_MAX ? style.len : HTML_STYLE_MAX;
  while (html_style_next(&style, &name, &value)) {
    const struct property *p = find(name);
    if (!p || !value.len)
      continue;
    struct slice as = slice_text(p->name);
    if (p->kinds == STYLE_BACKGROUND) {
      value = background_colour(value);
      as = SLICE("background-color");
    }
    size_t value_len = put_value(value, p->kinds, kept);
    struct slice one = slice_of(kept, value_len);
    if (!value_len || (p->kinds == STYLE_DISPLAY && !is_display(one)) ||
        len + as.len + value_len + 2 > HTML_STYLE_MAX)
      continue;
    if (len)
      ret[len++] = ';';
    len = put(ret, len, as);
    ret[len++] = ':';
    len = put(ret, len, one);
  }
  return len;
}

size_t html_style_family(struct slice value, char *ret) {
  return put_value(value, STYLE_FAMILY, ret);
}

/* --- what a value means --- */

static int hex_value(char c) {
  return is_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static bool hex_colour(struct slice digits, uint32_t *ret) {
  uint32_t rgb = 0;
  if (digits.len != 3 && digits.len != 6)
    return false;
  for (size_t i = 0; i < digits.len; i++) {
    int digit = hex_value(digits.at[i]);
    if (digit < 0)
      return false;
    rgb = rgb << 4 | (uint32_t)digit;
    rgb = digits.len == 3 ? rgb << 4 | (uint32_t)digit : rgb;
  }
  *ret = rgb;
  return true;
}

static bool function_colour(struct slice value, uint32_t *ret) {
  uint32_t rgb = 0;
  if (!slice_starts_nocase(value, SLICE("rgb(")))
    return false;
  value = slice_of(value.at + 4, value.len - 4);
  for (int i = 0; i < 3; i++) {
    struct slice one;
    if (!slice_split(&value, ',', &one))
      return false;
    int number = html_attribute_number(one);
    if (number < 0 || number > 255)
      return false;
    rgb = rgb << 8 | (uint32_t)number;
  }
  *ret = rgb;
  return true;
}

bool html_style_colour(struct slice value, uint32_t *ret) {
  value = slice_trim(value);
  if (slice_equal_nocase(value, SLICE("white")) || slice_equal_nocase(value, SLICE("black"))) {
    *ret = (value.at[0] | 0x20) == 'w' ? 0xFFFFFF : 0;
    return true;
  }
  if (value.len && value.at[0] == '#')
    return hex_colour(slice_of(value.at + 1, value.len - 1), ret);
  return function_colour(value, ret) || hex_colour(value, ret);
}

bool html_style_pixels(struct slice value, double *ret) {
  static const struct {
    const char *unit;
    double pixels;
  } units[] = {{"", 1}, {"px", 1}, {"pt", 4.0 / 3}, {"in", 96}, {"cm", 96 / 2.54}, {"mm", 9.6 / 2.54}, {"pc", 16}};
  double amount = 0, scale = 1;
  size_t i = 0;
  bool fraction = false;
  value = slice_trim(value);
  for (; i < value.len && i < PIXELS_MAX_LEN && (is_digit(value.at[i]) || (value.at[i] == '.' && !fraction)); i++) {
    fraction |= value.at[i] == '.';
    if (is_digit(value.at[i])) {
      scale /= fraction ? 10 : 1;
      amount = fraction ? amount + scale * (value.at[i] - '0') : 10 * amount + (value.at[i] - '0');
    }
  }
  struct slice unit = slice_of(value.at + i, value.len - i);
  for (size_t u = 0; i && u < sizeof(units) / sizeof(units[0]); u++) {
    if (amount == 0 || slice_equal_nocase(unit, slice_text(units[u].unit))) {
      *ret = amount * units[u].pixels;
      return true;
    }
  }
  return false;
}
