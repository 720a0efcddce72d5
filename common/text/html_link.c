/* SPDX-License-Identifier: Apache-2.0 */
#include "text/html_link.h"
#include "text/html_tag.h"
#include "text/utf8.h"

static const struct slice shown_schemes[] = {
    {"http://", 7}, {"https://", 8}, {"mailto:", 7}, {"tel:", 4}, {"ftp://", 6},
};

/* Hosts that stand between a link and where it leads, and the parameter that says where. */
static const struct wrapper {
  const char *host, *parameter;
} wrappers[] = {
    {".safelinks.protection.outlook.com", "url"}, /* Microsoft Defender */
    {"www.google.com", "q"},                      /* Gmail */
    {"www.google.com", "url"},
    {"linkprotect.cudasvc.com", "a"},             /* Barracuda */
    {"l.facebook.com", "u"},
};

static struct slice behind(struct slice s, size_t len) {
  return slice_of(s.at + len, s.len - len);
}

static bool is_worth_showing(struct slice url) {
  for (size_t i = 0; i < sizeof(shown_schemes) / sizeof(shown_schemes[0]); i++)
    if (slice_starts_nocase(url, shown_schemes[i]) && url.len > shown_schemes[i].len)
      return true;
  return false;
}

static struct slice host_of(struct slice url) {
  const char *at = memmem(url.at, url.len, "://", 3);
  struct slice rest = at ? behind(url, (size_t)(at - url.at) + 3) : slice_of("", 0);
  size_t len = 0;
  while (len < rest.len && !strchr("/?#:", rest.at[len]))
    len++;
  return slice_of(rest.at, len);
}

static bool ends_nocase(struct slice s, struct slice end) {
  return s.len >= end.len && slice_equal_nocase(behind(s, s.len - end.len), end);
}

static int hex_value(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* In place; what comes out must be a web address and nothing that breaks a line. */
static struct slice percent_decode(char *at, size_t len) {
  size_t written = 0;
  for (size_t i = 0; i < len; i++) {
    bool coded = at[i] == '%' && i + 2 < len && hex_value(at[i + 1]) >= 0 && hex_value(at[i + 2]) >= 0;
    char c = coded ? (char)(16 * hex_value(at[i + 1]) + hex_value(at[i + 2])) : at[i];
    i += coded ? 2 : 0;
    if ((uint8_t)c <= ' ' || c == 0x7F)
      return slice_of("", 0);
    at[written++] = c;
  }
  return slice_of(at, written);
}

/* Unwraps in place: `url` is in `at`. */
static struct slice unwrap(char *at, struct slice url) {
  struct slice host = host_of(url), rest, one;
  for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
    const char *query = memchr(url.at, '?', url.len);
    const struct slice parameter = slice_text(wrappers[i].parameter);
    if (!query || !ends_nocase(host, slice_text(wrappers[i].host)))
      continue;
    rest = behind(url, (size_t)(query - url.at) + 1);
    while (slice_split(&rest, '&', &one)) {
      if (one.len <= parameter.len || one.at[parameter.len] != '=' || !slice_starts_nocase(one, parameter))
        continue;
      memmove(at, one.at + parameter.len + 1, one.len - parameter.len - 1);
      struct slice inner = percent_decode(at, one.len - parameter.len - 1);
      return slice_starts_nocase(inner, SLICE("http")) && is_worth_showing(inner) && utf8_clean(inner)
                 ? inner
                 : slice_of("", 0);
    }
  }
  return url;
}

/* "mailto:a@b.example?subject=x" → "a@b.example", so that "Joe <a@b.example>" is what everybody writes. */
static struct slice address(struct slice url) {
  url = behind(url, strlen("mailto:"));
  const char *query = url.len ? memchr(url.at, '?', url.len) : NULL;
  return slice_of(url.at, query ? (size_t)(query - url.at) : url.len);
}

/* "https://www.Example.com/" shown as "example.com" says nothing new. */
static struct slice bare(struct slice s) {
  static const struct slice prefixes[] = {{"http://", 7}, {"https://", 8}, {"www.", 4}};
  s = slice_trim(s);
  if (slice_starts_nocase(s, SLICE("mailto:")))
    s = address(s);
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
    if (slice_starts_nocase(s, prefixes[i]))
      s = behind(s, prefixes[i].len);
  while (s.len && s.at[s.len - 1] == '/')
    s.len--;
  return s;
}

static bool has_digit(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (s.at[i] >= '0' && s.at[i] <= '9')
      return true;
  return false;
}

static bool says_the_same(struct slice text, struct slice url) {
  if (slice_starts_nocase(url, SLICE("tel:")) && has_digit(text))
    return true;
  return slice_equal_nocase(bare(text), bare(url));
}

/* Behind the host, where a reader sees who is asked. */
static size_t cut(struct slice url, char *ret) {
  struct slice host = host_of(url);
  size_t len = host.len ? (size_t)(host.at - url.at) + host.len : 0;
  if (!len || len > HTML_LINK_SHOWN)
    return 0;
  memcpy(ret, url.at, len);
  memcpy(ret + len, "/\xE2\x80\xA6", 4);
  return len + 4;
}

size_t html_link_shown(struct slice href, struct slice text, char *ret) {
  char decoded[HTML_LINK_MAX];
  text = slice_trim(text);
  if (!href.len || href.len > HTML_LINK_MAX || !text.len)
    return 0;
  struct slice url = slice_of(decoded, html_attribute_decode(href, HTML_DECODE_LINK, decoded, sizeof(decoded)));
  if (!is_worth_showing(url) || says_the_same(text, url))
    return 0;
  url = unwrap(decoded, url);
  if (!url.len || says_the_same(text, url))
    return 0;
  if (slice_starts_nocase(url, SLICE("mailto:")))
    url = address(url);
  if (url.len > HTML_LINK_SHOWN)
    return cut(url, ret);
  memcpy(ret, url.at, url.len);
  return url.len;
}
