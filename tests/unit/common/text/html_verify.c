/* SPDX-License-Identifier: Apache-2.0 */
#include "html_verify.h"

enum { DEPTH_MAX = 300, NAME_MAX_LEN = 20, ATTRIBUTES_MAX = 30, DATA_MAX = 300 * 1024 };

static const char *const elements[] = {
    "a", "abbr", "address", "b", "bdi", "big", "blockquote", "caption", "center", "cite", "code", "colgroup", "dd",
    "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "i",
    "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var", NULL};
static const char *const void_elements[] = {"br", "col", "hr", "img", "wbr", NULL};
/* Values of these are letters, digits and a few signs. */
static const char *const plain[] = {
    "align", "bgcolor", "border", "cellpadding", "cellspacing", "clear", "color", "colspan", "dir", "height", "hspace",
    "lang", "noshade", "nowrap", "reversed", "rowspan", "scope", "size", "span", "start", "type", "valign", "value",
    "vspace", "width", "data-dropped", "data-quote", NULL};
static const char *const free_text[] = {"alt", "title", "face", NULL};
/* Properties: what they begin with. */
static const char *const styles[] = {
    "background-color", "border", "caption-side", "clear", "color", "direction", "display", "empty-cells", "float",
    "font", "height", "letter-spacing", "line-height", "list-style", "margin", "max-width", "min-width",
    "overflow-wrap", "padding", "table-layout", "text-align", "text-decoration", "text-indent", "text-transform",
    "vertical-align", "visibility", "white-space", "width", "word-", NULL};
static const char *const not_styles[] = {"border-image", "list-style-image", "font-src", NULL};

struct reader {
  const char *start, *at, *end;
  struct slice open[DEPTH_MAX];
  size_t depth;
};

static bool listed(struct slice name, const char *const *list) {
  for (; *list; list++)
    if (slice_equal(name, slice_text(*list)))
      return true;
  return false;
}

static bool starts(struct slice s, const char *with) {
  size_t len = strlen(with);
  return s.len > len && memcmp(s.at, with, len) == 0;
}

static bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static struct slice read_name(struct reader *r) {
  const char *from = r->at;
  while (r->at < r->end && is_name_char(*r->at))
    r->at++;
  return slice_of(from, (size_t)(r->at - from));
}

/* '&' only as one of the four references that are written; no control characters; quotes in text only. */
static const char *check_characters(struct slice s, bool text) {
  static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
  for (size_t i = 0; i < s.len; i++) {
    uint8_t c = (uint8_t)s.at[i];
    bool known = c != '&';
    for (size_t n = 0; n < 4 && !known; n++)
      known = s.len - i >= strlen(references[n]) && memcmp(s.at + i, references[n], strlen(references[n])) == 0;
    if (!known)
      return "a bare '&'";
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
      return "a control character";
    if (c == '<' || c == '>' || (c == '"' && !text))
      return "a bare '<', '>' or '\"'";
  }
  return memmem(s.at, s.len, "\xE2\x80\xAE", 3) || memmem(s.at, s.len, "\xE2\x80\xAD", 3) ? "a bidi override" : NULL;
}

static bool only(struct slice s, const char *signs) {
  for (size_t i = 0; i < s.len; i++) {
    char c = s.at[i];
    bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alphanumeric && !(c && strchr(signs, c)))
      return false;
  }
  return true;
}

static bool begins_with_one(struct slice s, const char *const *list) {
  for (; *list; list++)
    if (s.len >= strlen(*list) && memcmp(s.at, *list, strlen(*list)) == 0)
      return true;
  return false;
}

/* Brackets of colours only, no number below nought, no sign that starts anything else. */
static bool is_style_value(struct slice s) {
  static const char *const colours[] = {"rgb(", "rgba(", "hsl(", "hsla(", NULL};
  size_t word = 0;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.at[i];
    bool in_word = only(slice_of(&c, 1), "-_") || (uint8_t)c >= 0x80;
    if (!in_word && !strchr(" #%.,()'/", c))
      return false;
    if (c == '(' && !begins_with_one(slice_of(s.at + word, i + 1 - word), colours))
      return false;
    if (c == '-' && i == word && i + 1 < s.len && strchr("0123456789.-", s.at[i + 1]))
      return false;
    word = in_word ? word : i + 1;
  }
  return s.len > 0;
}

static const char *check_style(struct slice style) {
  struct slice one, name;
  while (slice_split(&style, ';', &one)) {
    if (!slice_split(&one, ':', &name) || !begins_with_one(name, styles) || begins_with_one(name, not_styles))
      return "a property that may not be";
    if (!is_style_value(one))
      return "a value that may not be";
  }
  return NULL;
}

static bool is_web(struct slice url) {
  bool web = starts(url, "http://") || starts(url, "https://");
  struct slice rest = web ? slice_of(url.at + (url.at[4] == 's' ? 8 : 7), url.len - (url.at[4] == 's' ? 8 : 7)) : url;
  return web && rest.len && !strchr("/\\?#:@", rest.at[0]);
}

static bool is_url(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if ((uint8_t)s.at[i] <= ' ' || s.at[i] == '\\' || s.at[i] == '`')
      return false;
  return true;
}

static const char *check_src(struct slice value) {
  static const char *const types[] = {"png", "jpeg", "jpg", "gif", "webp"};
  for (size_t i = 0; i < 5; i++) {
    char head[40] = "data:image/";
    strcat(strcat(head, types[i]), ";base64,");
    if (slice_starts_nocase(value, slice_text(head)) && value.len <= DATA_MAX)
      return only(slice_of(value.at + strlen(head), value.len - strlen(head)), "+/=") ? NULL : "no base64";
  }
  return "a src that is fetched";
}

static const char *check_attribute(struct slice element, struct slice name, struct slice value) {
  bool image = slice_equal(element, SLICE("img")), link = slice_equal(element, SLICE("a"));
  const char *wrong = check_characters(value, false);
  if (wrong)
    return wrong;
  if (listed(name, free_text))
    return NULL;
  if (listed(name, plain))
    return only(value, "#%+-") ? NULL : "a value that is not plain";
  if (slice_equal(name, SLICE("style")))
    return check_style(value);
  if (slice_equal(name, SLICE("href")))
    return link && is_url(value) && (is_web(value) || starts(value, "mailto:") || starts(value, "tel:")) ? NULL
                                                                                                        : "an href";
  if (slice_equal(name, SLICE("rel")))
    return link && slice_equal(value, SLICE("noopener noreferrer nofollow")) ? NULL : "a rel";
  if (slice_equal(name, SLICE("target")))
    return link && slice_equal(value, SLICE("_blank")) ? NULL : "a target";
  if (slice_equal(name, SLICE("src")))
    return image ? check_src(value) : "a src";
  if (slice_equal(name, SLICE("data-remote-src")))
    return image && is_url(value) && is_web(value) ? NULL : "a data-remote-src";
  if (slice_equal(name, SLICE("data-cid")))
    return image && is_url(value) ? NULL : "a data-cid";
  return "an attribute that is not allowed";
}

static const char *read_attributes(struct reader *r, struct slice element) {
  struct slice seen[ATTRIBUTES_MAX];
  size_t count = 0;
  bool href = false, rel = false, target = false;
  while (r->at < r->end && *r->at == ' ') {
    r->at++;
    struct slice name = read_name(r);
    if (!name.len || name.len > NAME_MAX_LEN || r->end - r->at < 3 || memcmp(r->at, "=\"", 2) != 0)
      return "an attribute that is not name=\"value\"";
    const char *value = r->at + 2, *close = memchr(value, '"', (size_t)(r->end - value));
    if (!close)
      return "a value that is not closed";
    r->at = close + 1;
    const char *wrong = check_attribute(element, name, slice_of(value, (size_t)(close - value)));
    for (size_t i = 0; i < count && !wrong; i++)
      wrong = slice_equal(seen[i], name) ? "the same attribute twice" : NULL;
    if (wrong || count == ATTRIBUTES_MAX)
      return wrong ? wrong : "too many attributes";
    seen[count++] = name;
    href |= slice_equal(name, SLICE("href"));
    rel |= slice_equal(name, SLICE("rel"));
    target |= slice_equal(name, SLICE("target"));
  }
  return href == rel && rel == target ? NULL : "a link without rel and target";
}

static const char *read_end_tag(struct reader *r) {
  r->at += 2;
  struct slice name = read_name(r);
  if (!r->depth || !slice_equal(r->open[r->depth - 1], name))
    return "an end tag that closes nothing";
  r->depth--;
  return r->at < r->end && *r->at++ == '>' ? NULL : "an end tag with more in it";
}

static const char *read_tag(struct reader *r) {
  if (r->end - r->at > 2 && r->at[1] == '/')
    return read_end_tag(r);
  r->at++;
  struct slice name = read_name(r);
  bool is_void = listed(name, void_elements);
  if (!is_void && !listed(name, elements))
    return "an element that is not allowed";
  const char *wrong = read_attributes(r, name);
  if (wrong)
    return wrong;
  if (r->at >= r->end || *r->at++ != '>')
    return "a tag that is not closed";
  if (is_void)
    return NULL;
  if (r->depth == DEPTH_MAX)
    return "too deep";
  r->open[r->depth++] = name;
  return NULL;
}

const char *html_verify(struct slice html, size_t *ret_at) {
  struct reader r = {.start = html.at, .at = html.at, .end = html.at + html.len};
  const char *wrong = NULL;
  while (r.at < r.end && !wrong) {
    *ret_at = (size_t)(r.at - r.start);
    const char *tag = memchr(r.at, '<', (size_t)(r.end - r.at));
    struct slice text = slice_of(r.at, (size_t)((tag ? tag : r.end) - r.at));
    wrong = check_characters(text, true);
    r.at += text.len;
    if (!wrong && tag)
      wrong = read_tag(&r);
  }
  return wrong || !r.depth ? wrong : "an element that is not closed";
}
