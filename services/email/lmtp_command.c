/* SPDX-License-Identifier: Apache-2.0 */
/* Lenient where real senders are sloppy and nothing depends on it (blanks after the colon, source routes), strict where
 * a wrong guess would accept a mail under conditions we do not keep (unknown parameters). */
#include "lmtp_command.h"
#include "text/utf8.h"

static const struct {
  struct slice name;
  enum lmtp_verb verb;
} verbs[] = {
    {{"LHLO", 4}, VERB_LHLO}, {{"HELO", 4}, VERB_HELO}, {{"EHLO", 4}, VERB_HELO}, {{"MAIL", 4}, VERB_MAIL},
    {{"RCPT", 4}, VERB_RCPT}, {{"DATA", 4}, VERB_DATA}, {{"RSET", 4}, VERB_RSET}, {{"NOOP", 4}, VERB_NOOP},
    {{"VRFY", 4}, VERB_VRFY}, {{"QUIT", 4}, VERB_QUIT},
    {{"GET", 3}, VERB_FOREIGN}, {{"POST", 4}, VERB_FOREIGN}, {{"PUT", 3}, VERB_FOREIGN},
    {{"CONNECT", 7}, VERB_FOREIGN}, {{"OPTIONS", 7}, VERB_FOREIGN}, {{"HEAD", 4}, VERB_FOREIGN},
};

void lmtp_command_read(struct slice line, struct lmtp_command *ret) {
  struct slice rest = line, word;
  if (!slice_split(&rest, ' ', &word))
    word = slice_of("", 0);
  if (!rest.at)
    rest = SLICE("");
  *ret = (struct lmtp_command){.verb = VERB_UNKNOWN, .argument = slice_trim(rest)};
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (slice_equal_nocase(word, verbs[i].name))
      ret->verb = verbs[i].verb;
  }
}

static void skip(struct slice *s, size_t len) {
  s->at += len;
  s->len -= len;
}

static void skip_blanks(struct slice *s) {
  while (s->len && *s->at == ' ')
    skip(s, 1);
}

/* The length of "…>" with quoted strings respected; 0 when it does not end. */
static size_t path_len(struct slice s) {
  bool quoted = false;
  for (size_t i = 0; i < s.len; i++) {
    if (quoted && s.at[i] == '\\')
      i++;
    else if (s.at[i] == '"')
      quoted = !quoted;
    else if (s.at[i] == '>' && !quoted)
      return i + 1;
  }
  return 0;
}

static bool path_allowed(struct slice path) {
  if (path.len > LMTP_PATH_MAX || !utf8_valid(path))
    return false;
  for (size_t i = 0; i < path.len; i++) {
    unsigned char c = (unsigned char)path.at[i];
    if (c < 0x20 || c == 0x7f)
      return false;
  }
  return true;
}

/* "<@relay,@relay:path>" is "<path>" (RFC 5321 appendix C). */
static struct slice without_route(struct slice path) {
  const char *colon = path.len && *path.at == '@' ? memchr(path.at, ':', path.len) : NULL;
  return colon ? slice_of(colon + 1, path.len - (size_t)(colon + 1 - path.at)) : path;
}

/* "FROM:<path>" off the front of *s. */
static int read_path(struct slice *s, struct slice keyword, struct slice *ret) {
  if (!slice_starts_nocase(*s, keyword))
    return LMTP_SYNTAX;
  skip(s, keyword.len);
  skip_blanks(s);
  if (!s->len || *s->at != '<')
    return LMTP_SYNTAX;
  skip(s, 1);
  size_t len = path_len(*s);
  if (!len)
    return LMTP_SYNTAX;
  struct slice path = slice_of(s->at, len - 1);
  skip(s, len);
  if (s->len && *s->at != ' ')
    return LMTP_SYNTAX;
  path = without_route(path);
  if (!path_allowed(path))
    return LMTP_SYNTAX;
  *ret = path;
  return 0;
}

static bool next_parameter(struct slice *s, struct slice *ret_name, struct slice *ret_value) {
  skip_blanks(s);
  struct slice word;
  if (!s->len || !slice_split(s, ' ', &word))
    return false;
  const char *equals = memchr(word.at, '=', word.len);
  size_t name = equals ? (size_t)(equals - word.at) : word.len;
  *ret_name = slice_of(word.at, name);
  *ret_value = equals ? slice_of(equals + 1, word.len - name - 1) : slice_of(NULL, 0);
  return true;
}

static int read_size(struct slice value, uint64_t *ret) {
  switch (slice_to_u64(value, UINT64_MAX, ret)) {
  case 0:
    return 0;
  case -ERANGE: /* more than can be counted is more than is allowed */
    *ret = UINT64_MAX;
    return 0;
  default:
    return LMTP_SYNTAX;
  }
}

static int read_parameter(struct slice name, struct slice value, struct lmtp_sender *sender) {
  if (slice_equal_nocase(name, SLICE("SIZE")))
    return read_size(value, &sender->size);
  if (slice_equal_nocase(name, SLICE("BODY"))) {
    sender->eight_bit = slice_equal_nocase(value, SLICE("8BITMIME"));
    return sender->eight_bit || slice_equal_nocase(value, SLICE("7BIT")) ? 0 : LMTP_PARAMETER;
  }
  if (slice_equal_nocase(name, SLICE("SMTPUTF8")) && !value.at) {
    sender->smtputf8 = true;
    return 0;
  }
  return LMTP_PARAMETER;
}

int lmtp_read_mail(struct slice argument, struct lmtp_sender *ret) {
  struct lmtp_sender sender = {0};
  int r = read_path(&argument, SLICE("FROM:"), &sender.path);
  struct slice name, value;
  while (r == 0 && next_parameter(&argument, &name, &value))
    r = read_parameter(name, value, &sender);
  if (r == 0)
    *ret = sender;
  return r;
}

int lmtp_read_rcpt(struct slice argument, struct slice *ret_path) {
  struct slice path, name, value;
  int r = read_path(&argument, SLICE("TO:"), &path);
  if (r)
    return r;
  if (next_parameter(&argument, &name, &value))
    return LMTP_PARAMETER;
  if (!path.len)
    return LMTP_SYNTAX;
  *ret_path = path;
  return 0;
}
