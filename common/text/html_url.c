/* SPDX-License-Identifier: Apache-2.0 */
/* References are decoded before anything is looked at, and what browsers pass over in a URL (controls, white space
 * around it, HTML and URL Living Standards) goes first, so "java&#10;script:" is what it is. */
#include "text/html_url.h"
#include "text/html_entity.h"
#include "text/html_tag.h"

enum { SCHEME_MAX_LEN = 10 };

static const struct scheme {
  const char *name;
  bool web; /* has a host */
} schemes[] = {{"https", true}, {"http", true}, {"mailto", false}, {"tel", false}};

static const char hex_digits[] = "0123456789ABCDEF";

struct url {
  const struct scheme *scheme;
  struct slice rest; /* behind "scheme:" and, of the web, its slashes */
};

static bool is_slash(char c) {
  return c == '/' || c == '\\';
}

static size_t slashes(struct slice s) {
  size_t n = 0;
  while (n < s.len && is_slash(s.at[n]))
    n++;
  return n;
}

static const struct scheme *find_scheme(struct slice s, size_t *ret_len) {
  for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
    size_t len = strlen(schemes[i].name);
    *ret_len = len + 1;
    if (s.len > len && s.at[len] == ':' && slice_starts_nocase(s, slice_of(schemes[i].name, len)))
      return &schemes[i];
  }
  return NULL;
}

/* A URL without its scheme would be one of the page it stands in: but for "//host" it may not stay. */
static bool read_url(struct slice s, struct url *ret) {
  size_t len = 0;
  ret->scheme = find_scheme(s, &len);
  if (!ret->scheme) {
    if (slashes(s) < 2)
      return false;
    ret->scheme = &schemes[0];
    len = 0;
  }
  s = slice_of(s.at + len, s.len - len);
  size_t slashed = ret->scheme->web ? slashes(s) : 0;
  if (ret->scheme->web && slashed < 2)
    return false;
  ret->rest = slice_of(s.at + slashed, s.len - slashed);
  return ret->rest.len && !(ret->scheme->web && strchr("?#:@", ret->rest.at[0]));
}

static struct slice decode(struct slice value, char *ret) {
  if (value.len > HTML_URL_MAX)
    return slice_of("", 0);
  return slice_trim(slice_of(ret, html_attribute_decode(value, HTML_DECODE_URL, ret, HTML_URL_MAX)));
}

/* Browsers read a backslash as a slash up to the query; what needs quoting anywhere is quoted. */
static size_t put_url(const struct url *url, char *ret) {
  const char *name = url->scheme->name;
  size_t len = strlen(name);
  bool path = url->scheme->web;
  memcpy(ret, name, len);
  memcpy(ret + len, "://", 3);
  len += url->scheme->web ? 3 : 1;
  for (size_t i = 0; i < url->rest.len; i++) {
    char c = url->rest.at[i];
    if (len + 3 > HTML_URL_MAX)
      return 0;
    path = path && c != '?' && c != '#';
    if (path && c == '\\')
      c = '/';
    if (strchr(" \"<>`\\", c)) {
      ret[len++] = '%';
      ret[len++] = hex_digits[(uint8_t)c >> 4];
      ret[len++] = hex_digits[(uint8_t)c & 15];
    } else {
      ret[len++] = c;
    }
  }
  return len;
}

size_t html_url_link(struct slice value, char *ret) {
  char decoded[HTML_URL_MAX];
  struct url url;
  return read_url(decode(value, decoded), &url) ? put_url(&url, ret) : 0;
}

/* --- images --- */

static int hex_value(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static bool is_cid_char(char c) {
  return (uint8_t)c > ' ' && (uint8_t)c < 0x7F && !strchr("\"'<>`\\", c);
}

/* "%40" → '@', printable ASCII only. */
static size_t put_cid(struct slice id, char *ret) {
  size_t len = 0;
  for (size_t i = 0; i < id.len; i++) {
    char c = id.at[i];
    if (c == '%' && i + 2 < id.len && hex_value(id.at[i + 1]) >= 2 && hex_value(id.at[i + 1]) < 8 &&
        hex_value(id.at[i + 2]) >= 0) {
      c = (char)(16 * hex_value(id.at[i + 1]) + hex_value(id.at[i + 2]));
      i += 2;
    }
    if (!is_cid_char(c))
      return 0;
    ret[len++] = c;
  }
  return len;
}

/* Written once, an id is not decoded again: a '%' in it means itself. */
size_t html_url_cid(struct slice value, char *ret) {
  char decoded[HTML_URL_MAX];
  struct slice id = decode(value, decoded);
  for (size_t i = 0; i < id.len; i++)
    if (!is_cid_char(id.at[i]))
      return 0;
  if (id.len)
    memcpy(ret, id.at, id.len);
  return id.len;
}

static const char *const data_heads[] = {"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,",
                                         "data:image/webp;base64,", "data:image/jpg;base64,"};

static size_t data_head(struct slice value) {
  for (size_t i = 0; i < sizeof(data_heads) / sizeof(data_heads[0]); i++)
    if (slice_starts_nocase(value, slice_text(data_heads[i])))
      return strlen(data_heads[i]);
  return 0;
}

static bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/* Pictures only, and in base64 only: SVG can run scripts, text can be anything. */
static enum html_image_source data_image(struct slice value, size_t head) {
  if (value.len > HTML_DATA_IMAGE_MAX)
    return HTML_IMAGE_TOO_LARGE;
  for (size_t i = head; i < value.len; i++)
    if (!is_base64(value.at[i]) && !html_is_space(value.at[i]))
      return HTML_IMAGE_NONE;
  return value.len > head ? HTML_IMAGE_DATA : HTML_IMAGE_NONE;
}

enum html_image_source html_url_image(struct slice value, char *ret, size_t *ret_len) {
  char decoded[HTML_URL_MAX];
  struct slice s = slice_trim(value);
  struct url url;
  size_t head = data_head(s);
  *ret_len = 0;
  if (head)
    return data_image(s, head);
  s = decode(value, decoded);
  if (slice_starts_nocase(s, SLICE("cid:"))) {
    *ret_len = put_cid(slice_of(s.at + 4, s.len - 4), ret);
    return *ret_len ? HTML_IMAGE_CID : HTML_IMAGE_NONE;
  }
  if (!read_url(s, &url) || !url.scheme->web)
    return HTML_IMAGE_NONE;
  *ret_len = put_url(&url, ret);
  return *ret_len ? HTML_IMAGE_REMOTE : HTML_IMAGE_NONE;
}

bool html_url_data(struct slice *rest, struct slice *ret) {
  while (rest->len && html_is_space(rest->at[0]))
    *rest = slice_of(rest->at + 1, rest->len - 1);
  size_t len = 0;
  while (len < rest->len && !html_is_space(rest->at[len]))
    len++;
  *ret = slice_of(rest->at, len);
  *rest = slice_of(rest->at + len, rest->len - len);
  return len;
}
