/* SPDX-License-Identifier: Apache-2.0 */
/* Strict on purpose: a typing error found here is one that nobody has to find at three in the morning. */
#include "config/forms.h"
#include <arpa/inet.h>

static bool lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool alnum(char c) {
  return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool one_of(char c, const char *set) {
  return c != '\0' && strchr(set, c) != NULL;
}

static bool free_of_controls(struct slice s, const char *allowed) {
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.at[i];
    if ((c < 0x20 || c == 0x7F) && !one_of((char)c, allowed))
      return false;
    if (c == 0xC2 && i + 1 < s.len && (unsigned char)s.at[i + 1] < 0xA0) /* C1 */
      return false;
  }
  return true;
}

bool form_line(struct slice s) {
  return free_of_controls(s, "");
}

bool form_prose(struct slice s) {
  return free_of_controls(s, "\t\n");
}

bool form_name(struct slice s) {
  if (s.len < 1 || s.len > 32 || s.at[0] == '-')
    return false;
  for (size_t i = 0; i < s.len; i++)
    if (!lower_or_digit(s.at[i]) && s.at[i] != '-')
      return false;
  return true;
}

static bool label(struct slice s) {
  if (s.len < 1 || s.len > 63 || s.at[0] == '-' || s.at[s.len - 1] == '-')
    return false;
  for (size_t i = 0; i < s.len; i++)
    if (!alnum(s.at[i]) && s.at[i] != '-' && s.at[i] != '_')
      return false;
  return true;
}

bool form_domain(struct slice s) {
  struct slice part;
  if (s.len < 1 || s.len > 253)
    return false;
  while (slice_split(&s, '.', &part))
    if (!label(part))
      return false;
  return true;
}

bool form_ip(struct slice s) {
  char text[INET6_ADDRSTRLEN + 1];
  struct in6_addr any;
  if (s.len == 0 || s.len >= sizeof(text))
    return false;
  memcpy(text, s.at, s.len);
  text[s.len] = '\0';
  return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

bool host_port(struct slice s, struct slice *ret_host, struct slice *ret_port) {
  const char *colon = s.len ? memrchr(s.at, ':', s.len) : NULL;
  if (!colon)
    return false;
  struct slice host = slice_of(s.at, (size_t)(colon - s.at));
  if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
    host = slice_of(host.at + 1, host.len - 2);
  else if (host.len && memchr(host.at, ':', host.len))
    return false; /* IPv6 needs brackets */
  *ret_host = host;
  *ret_port = slice_of(colon + 1, s.len - (size_t)(colon + 1 - s.at));
  return true;
}

static bool listen_at(struct slice s, uint64_t least_port, bool wildcard) {
  struct slice host, port;
  uint64_t number;
  if (!host_port(s, &host, &port))
    return false;
  if (s.at[0] == '[' ? !form_ip(host) : !form_domain(host))
    return false;
  if (wildcard && slice_equal(port, SLICE("*")))
    return true;
  return port.len <= 5 && slice_to_u64(port, 65535, &number) == 0 && number >= least_port;
}

bool form_listen(struct slice s) {
  return listen_at(s, 0, false);
}

static bool after(struct slice s, struct slice prefix, struct slice *ret_rest) {
  if (s.len < prefix.len || memcmp(s.at, prefix.at, prefix.len) != 0)
    return false;
  *ret_rest = slice_of(s.at + prefix.len, s.len - prefix.len);
  return true;
}

bool form_link(struct slice s) {
  struct slice rest;
  if (after(s, SLICE("ipc://"), &rest))
    return rest.len > 1 && rest.at[0] == '/' && form_line(rest);
  return after(s, SLICE("tcp://"), &rest) && listen_at(rest, 1, true);
}

bool form_redis(struct slice s) {
  struct slice rest;
  if (after(s, SLICE("unix:"), &rest))
    return rest.len > 1 && rest.at[0] == '/' && form_line(rest);
  return listen_at(s, 1, false);
}

static bool after_scheme(struct slice s, struct slice *ret_rest) {
  return after(s, SLICE("https://"), ret_rest) || after(s, SLICE("http://"), ret_rest);
}

static bool host_maybe_port(struct slice s) {
  return form_domain(s) || listen_at(s, 1, false) ||
         (s.len > 2 && s.at[0] == '[' && s.at[s.len - 1] == ']' && form_ip(slice_of(s.at + 1, s.len - 2)));
}

bool form_origin(struct slice s) {
  struct slice rest;
  return after_scheme(s, &rest) && host_maybe_port(rest);
}

bool form_url(struct slice s) {
  struct slice rest, host;
  if (!after_scheme(s, &rest))
    return false;
  size_t end = 0;
  while (end < rest.len && !one_of(rest.at[end], "/?#"))
    end++;
  host = slice_of(rest.at, end);
  for (size_t i = 0; i < rest.len; i++)
    if ((unsigned char)rest.at[i] <= 0x20 || (unsigned char)rest.at[i] >= 0x7F || one_of(rest.at[i], "\"<>\\^`{|}"))
      return false;
  return host_maybe_port(host);
}

bool form_language(struct slice s) {
  struct slice part;
  bool first = true;
  if (s.len == 0 || s.len > 35)
    return false;
  while (slice_split(&s, '-', &part)) {
    if (part.len < (first ? 2 : 1) || part.len > 8)
      return false;
    for (size_t i = 0; i < part.len; i++)
      if (!alnum(part.at[i]) || (first && part.at[i] <= '9'))
        return false;
    first = false;
  }
  return true;
}

/* An '@' in quotes is not worth having here; '+' would begin a conversation token, so it could never match. */
bool form_recipient(struct slice s) {
  if (slice_equal(s, SLICE("*")))
    return true;
  const char *at = s.len ? memchr(s.at, '@', s.len) : NULL;
  if (!at)
    return false;
  struct slice local = slice_of(s.at, (size_t)(at - s.at));
  if (local.len > 64 || !form_domain(slice_of(at + 1, s.len - local.len - 1)))
    return false;
  for (size_t i = 0; i < local.len; i++)
    if ((unsigned char)local.at[i] <= 0x20 || local.at[i] == 0x7F || one_of(local.at[i], "\"(),:;<>[\\]+*"))
      return false;
  return form_line(local);
}

bool form_number(struct slice s) {
  struct slice rest = s;
  if (s.len < 3 || s.len > 64)
    return false;
  const char *colon = memchr(s.at, ':', s.len); /* "whatsapp:+1415…" */
  if (colon)
    rest = slice_of(colon + 1, s.len - (size_t)(colon + 1 - s.at));
  if (rest.len && rest.at[0] == '+') {
    uint64_t number;
    return rest.len >= 9 && rest.len <= 16 && rest.at[1] != '0' &&
           slice_to_u64(slice_of(rest.at + 1, rest.len - 1), UINT64_MAX, &number) == 0;
  }
  for (size_t i = 0; i < rest.len; i++)
    if (!alnum(rest.at[i]) && !one_of(rest.at[i], " _-."))
      return false;
  return rest.len >= 3;
}

bool form_host(struct slice s) {
  return form_domain(s) || form_ip(s);
}

static bool hex_pin(struct slice s) {
  size_t digits = 0;
  for (size_t i = 0; i < s.len; i++) {
    bool colon = s.at[i] == ':';
    if (colon ? digits % 2 || i == 0 || s.at[i - 1] == ':' || i + 1 == s.len
              : !one_of(s.at[i], "0123456789abcdefABCDEF"))
      return false;
    digits += !colon;
  }
  return digits == 64;
}

static bool base64_pin(struct slice s) {
  for (size_t i = 0; i + 1 < s.len; i++)
    if (!alnum(s.at[i]) && !one_of(s.at[i], "+/"))
      return false;
  return s.len == 44 && s.at[43] == '=';
}

bool form_pin(struct slice s) {
  struct slice rest;
  return (after(s, SLICE("sha256:"), &rest) && hex_pin(rest)) || (after(s, SLICE("sha256//"), &rest) && base64_pin(rest));
}

bool form_date(struct slice s) {
  uint64_t year, month, day;
  static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (s.len != 10 || s.at[4] != '-' || s.at[7] != '-' || slice_to_u64(slice_of(s.at, 4), 9999, &year) ||
      slice_to_u64(slice_of(s.at + 5, 2), 12, &month) || slice_to_u64(slice_of(s.at + 8, 2), 31, &day))
    return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return year >= 1970 && month >= 1 && day >= 1 && day <= (uint64_t)days[month - 1] + (leap && month == 2);
}

bool form_keyword(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (s.at[i] <= 0x20 || s.at[i] >= 0x7F || one_of(s.at[i], "(){%*\"\\]"))
      return false;
  return s.len > 0;
}

bool form_folder(struct slice s) {
  return s.len >= 1 && s.len <= 255 && form_line(s);
}

bool form_field(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (s.at[i] <= 0x20 || s.at[i] >= 0x7F || s.at[i] == ':')
      return false;
  return s.len >= 1 && s.len <= 76;
}
