/* SPDX-License-Identifier: Apache-2.0 */
/* Each property that matters is a row; what one alone does not say (nought high, and what flows over is cut off) is
 * gathered first. */
#include "text/html_look.h"
#include "text/html_style.h"

enum { SMALL_PIXELS = 2, SPECK_PIXELS = 3, SHEET_MAX = 64 * 1024, MARGIN_SEEN = 2 };

struct reader {
  const struct html_tag *tag;
  struct html_look *look;
  bool no_height, no_width, cut_off;
  int margin_top, margin_bottom; /* -1 unsaid, 0 none, 1 some */
  uint32_t colour, background;
  bool has_colour, has_background;
  double width, height;          /* -1 unsaid */
};

static bool is(struct slice value, const char *word) {
  size_t len = strlen(word);
  return slice_starts_nocase(value, slice_of(word, len)) &&
         (value.len == len || html_is_space(value.at[len]) || value.at[len] == '!');
}

static bool has(struct slice value, const char *word) {
  size_t len = strlen(word);
  for (size_t i = 0; i + len <= value.len; i++)
    if (slice_starts_nocase(slice_of(value.at + i, value.len - i), slice_of(word, len)))
      return true;
  return false;
}

static void inherit(struct reader *r, enum html_inherited what, bool on) {
  r->look->on = on ? r->look->on | what : r->look->on & ~what;
  r->look->off = on ? r->look->off & ~what : r->look->off | what;
}

static struct slice first_word(struct slice value) {
  size_t len = 0;
  while (len < value.len && !html_is_space(value.at[len]) && value.at[len] != '!')
    len++;
  return slice_of(value.at, len);
}

static bool colour(struct slice value, uint32_t *ret) {
  const char *close = slice_starts_nocase(value, SLICE("rgb(")) ? memchr(value.at, ')', value.len) : NULL;
  return html_style_colour(close ? slice_of(value.at, (size_t)(close - value.at) + 1) : first_word(value), ret);
}

/* --- one function for each property that counts --- */

static void read_display(struct reader *r, struct slice value) {
  r->look->gone |= is(value, "none");
}

/* Outlook alone does not show it. On a link it marks a button that Outlook gets drawn otherwise, and all others see. */
static void read_mso_hide(struct reader *r, struct slice value) {
  r->look->gone |= is(value, "all") && !(r->tag->element->flags & HTML_LINK);
}

static void read_visibility(struct reader *r, struct slice value) {
  inherit(r, HTML_INVISIBLE, is(value, "hidden") || is(value, "collapse"));
}

static void read_opacity(struct reader *r, struct slice value) {
  double number;
  r->look->gone |= html_style_pixels(first_word(value), &number) && number == 0;
}

static void read_font_size(struct reader *r, struct slice value) {
  double pixels;
  if (html_style_pixels(first_word(value), &pixels))
    inherit(r, HTML_TOO_SMALL, pixels <= SMALL_PIXELS);
  else if (value.len && !strchr("0123456789.", value.at[0]))
    inherit(r, HTML_TOO_SMALL, false); /* "small", "medium": seen */
}

static void read_max_height(struct reader *r, struct slice value) {
  double pixels;
  r->no_height |= html_style_pixels(first_word(value), &pixels) && pixels == 0;
}

static void read_max_width(struct reader *r, struct slice value) {
  double pixels;
  r->no_width |= html_style_pixels(first_word(value), &pixels) && pixels == 0;
}

static void read_height(struct reader *r, struct slice value) {
  read_max_height(r, value);
  html_style_pixels(first_word(value), &r->height);
}

static void read_width(struct reader *r, struct slice value) {
  read_max_width(r, value);
  html_style_pixels(first_word(value), &r->width);
}

static void read_overflow(struct reader *r, struct slice value) {
  r->cut_off |= is(value, "hidden");
}

static void read_colour(struct reader *r, struct slice value) {
  r->has_colour = colour(value, &r->colour);
  inherit(r, HTML_BLENDED, false);
}

static void read_background(struct reader *r, struct slice value) {
  r->has_background = colour(value, &r->background);
}

static void read_white_space(struct reader *r, struct slice value) {
  inherit(r, HTML_AS_TYPED, has(value, "pre") || is(value, "break-spaces"));
}

static void read_font_family(struct reader *r, struct slice value) {
  inherit(r, HTML_SYMBOLS, has(first_word(value), "wingdings") || is(value, "symbol"));
}

static void read_list_style(struct reader *r, struct slice value) {
  inherit(r, HTML_NO_MARK, has(value, "none"));
}

/* "l0 level2 lfo1", or "Ignore" for the mark itself. */
static void read_mso_list(struct reader *r, struct slice value) {
  const char *level = memmem(value.at, value.len, "level", 5);
  if (is(value, "ignore"))
    inherit(r, HTML_LIST_MARK, true);
  if (level && level + 5 < value.at + value.len && level[5] >= '1' && level[5] <= '9')
    r->look->level = (unsigned)(level[5] - '0');
}

static int margin(struct slice value) {
  double pixels;
  return !html_style_pixels(value, &pixels) || pixels > MARGIN_SEEN;
}

static void read_margin_top(struct reader *r, struct slice value) {
  r->margin_top = margin(first_word(value));
}

static void read_margin_bottom(struct reader *r, struct slice value) {
  r->margin_bottom = margin(first_word(value));
}

/* One to four lengths: the first is the top, the third or first the bottom. */
static void read_margin(struct reader *r, struct slice value) {
  struct slice sides[3], rest = value;
  size_t count = 0;
  while (count < 3 && rest.len) {
    sides[count] = first_word(rest);
    rest = slice_trim(slice_of(rest.at + sides[count].len, rest.len - sides[count].len));
    if (!sides[count++].len)
      return;
  }
  r->margin_top = count ? margin(sides[0]) : -1;
  r->margin_bottom = count ? margin(sides[count == 3 ? 2 : 0]) : -1;
}

static const struct {
  const char *name;
  void (*read)(struct reader *r, struct slice value);
} properties[] = {
    {"background", read_background}, {"background-color", read_background},
    {"color", read_colour},          {"display", read_display},
    {"font-family", read_font_family}, {"font-size", read_font_size},
    {"height", read_height},         {"list-style", read_list_style},
    {"list-style-type", read_list_style}, {"margin", read_margin},
    {"margin-bottom", read_margin_bottom}, {"margin-top", read_margin_top},
    {"max-height", read_max_height}, {"max-width", read_max_width},
    {"mso-hide", read_mso_hide},     {"mso-list", read_mso_list},
    {"opacity", read_opacity},       {"overflow", read_overflow},
    {"visibility", read_visibility}, {"white-space", read_white_space},
    {"width", read_width},
};

static void read_style(struct reader *r, struct slice style) {
  struct slice name, value;
  while (html_style_next(&style, &name, &value))
    for (size_t i = 0; name.len && i < sizeof(properties) / sizeof(properties[0]); i++)
      if ((name.at[0] | 0x20) == properties[i].name[0] && slice_equal_nocase(name, slice_text(properties[i].name)))
        properties[i].read(r, value);
}

/* A word of a class list that begins with "Mso", also where Outlook on the web has put "x_" before it. */
static bool is_of_word(struct slice classes) {
  struct slice one;
  while (slice_split(&classes, ' ', &one)) {
    while (slice_starts_nocase(one, SLICE("x_")))
      one = slice_of(one.at + 2, one.len - 2);
    if (slice_starts_nocase(one, SLICE("mso")))
      return true;
  }
  return false;
}

static void read_attributes(struct reader *r) {
  const struct slice *value = r->tag->value;
  if (value[HTML_AT_COLOR].at)
    r->has_colour = html_style_colour(value[HTML_AT_COLOR], &r->colour);
  if (value[HTML_AT_BGCOLOR].at)
    r->has_background = html_style_colour(value[HTML_AT_BGCOLOR], &r->background);
  if (value[HTML_AT_FACE].at)
    read_font_family(r, slice_trim(value[HTML_AT_FACE]));
  if (r->tag->element->flags & HTML_IMAGE) {
    r->width = html_attribute_number(value[HTML_AT_WIDTH]);
    r->height = html_attribute_number(value[HTML_AT_HEIGHT]);
  }
  r->look->gone = html_tag_has(r->tag, HTML_AT_HIDDEN);
}

struct slice html_look_style(const struct html_tag *tag, char *ret) {
  struct slice style = tag->value[HTML_AT_STYLE];
  return slice_of(ret, style.len ? html_attribute_decode(style, HTML_DECODE_STYLE, ret, HTML_STYLE_MAX) : 0);
}

void html_look_read(const struct html_tag *tag, struct slice style, struct html_look *look) {
  *look = (struct html_look){0};
  struct reader r = {.tag = tag, .look = look, .margin_top = -1, .margin_bottom = -1, .width = -1, .height = -1};
  if (tag->element->flags & HTML_PRE)
    inherit(&r, HTML_AS_TYPED, true);
  read_attributes(&r);
  if (tag->element->flags & HTML_PARAGRAPH && is_of_word(tag->value[HTML_AT_CLASS]))
    r.margin_top = r.margin_bottom = 0;
  read_style(&r, style);
  if (r.has_colour && r.has_background && r.colour == r.background)
    inherit(&r, HTML_BLENDED, true);
  look->gone |= r.cut_off && (r.no_height || r.no_width) && !(tag->element->flags & HTML_IMAGE);
  look->tight = r.margin_top == 0 && r.margin_bottom == 0;
  look->spaced = r.margin_top > 0 || r.margin_bottom > 0;
  look->speck = tag->element->flags & HTML_IMAGE && r.width >= 0 && r.width <= SPECK_PIXELS && r.height >= 0 &&
                r.height <= SPECK_PIXELS;
}

/* Whether `s` begins with `packed`, white space aside. */
static bool begins_packed(struct slice s, const char *packed) {
  size_t i = 0;
  for (; i < s.len && *packed; i++) {
    char c = s.at[i] >= 'A' && s.at[i] <= 'Z' ? (char)(s.at[i] | 0x20) : s.at[i];
    if (html_is_space(c))
      continue;
    if (c != *packed)
      return false;
    packed++;
  }
  return !*packed;
}

bool html_look_sheet_is_tight(struct slice sheet) {
  static const char *const rules[] = {"p{margin-top:0;margin-bottom:0", "p{margin:0"};
  char before = '}'; /* the last character that is no white space */
  sheet.len = sheet.len < SHEET_MAX ? sheet.len : SHEET_MAX;
  for (; sheet.len; sheet = slice_of(sheet.at + 1, sheet.len - 1)) {
    bool starts_rule = !html_is_space(sheet.at[0]) && strchr("}-/", before); /* behind a rule, "<!--", a comment */
    for (size_t i = 0; starts_rule && i < sizeof(rules) / sizeof(rules[0]); i++)
      if (begins_packed(sheet, rules[i]))
        return true;
    if (!html_is_space(sheet.at[0]))
      before = sheet.at[0];
  }
  return false;
}
