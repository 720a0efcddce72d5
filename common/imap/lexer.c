/* SPDX-License-Identifier: Apache-2.0 */
/* One function for each state. A function takes bytes and returns a token, or GO_ON when it took some (or changed the
 * state) and there is none yet. Whether `{12}` is a literal is known only at the line end behind it; until then its
 * bytes wait in `head`. */
#include "imap/lexer.h"

#define GO_ON (-1)

void imap_lexer_init(struct imap_lexer *l) {
  *l = (struct imap_lexer){.text = BUF_INIT(TOKEN_KEPT)};
}

void imap_lexer_free(struct imap_lexer *l) {
  buf_free(&l->text);
}

void imap_lexer_status(struct imap_lexer *l) {
  l->state = LEX_STATUS;
}

static void skip(struct imap_lexer *l, struct slice *bytes, size_t len) {
  l->used += len;
  bytes->at += len;
  bytes->len -= len;
}

static void clear(struct imap_lexer *l) {
  buf_clear(&l->text);
  l->cut = l->text.full = false;
}

static void keep(struct imap_lexer *l, const char *at, size_t len) {
  size_t room = l->text.max - l->text.len;
  if (len > room)
    l->cut = true;
  buf_add(&l->text, at, len < room ? len : room);
}

static int token(struct imap_lexer *l, enum imap_token t) {
  l->state = LEX_GAP;
  l->stream = STREAM_NOTHING;
  return (int)t;
}

/* Gives a piece of a token: to the user when it is streamed, else into the text. */
static int piece(struct imap_lexer *l, struct slice *bytes, size_t len, bool streamed) {
  l->run = slice_of(bytes->at, len);
  if (!streamed)
    keep(l, bytes->at, len);
  skip(l, bytes, len);
  return streamed && len ? TOKEN_RUN : GO_ON;
}

static int in_gap(struct imap_lexer *l, struct slice *bytes) {
  switch (*bytes->at) {
  case ' ':
  case '\t':
  case '\r':
    skip(l, bytes, 1);
    return GO_ON;
  case '\n':
    skip(l, bytes, 1);
    l->in_code = false;
    l->used = 0;
    return token(l, TOKEN_END);
  case '(':
    skip(l, bytes, 1);
    return token(l, TOKEN_OPEN);
  case ')':
    skip(l, bytes, 1);
    return token(l, TOKEN_CLOSE);
  case '"':
    skip(l, bytes, 1);
    clear(l);
    l->state = LEX_QUOTED;
    return GO_ON;
  case ']':
    if (!l->in_code)
      break;
    skip(l, bytes, 1);
    token(l, TOKEN_CODE_CLOSE);
    l->in_code = false;
    l->state = LEX_TEXT;
    clear(l);
    return TOKEN_CODE_CLOSE;
  default:
    break;
  }
  clear(l);
  l->state = LEX_ATOM;
  return GO_ON;
}

static bool ends_atom(const struct imap_lexer *l, char c) {
  switch (c) {
  case ' ':
  case '\t':
  case '\r':
  case '\n':
  case '(':
  case ')':
  case '"':
  case '{':
  case '[':
    return true;
  case ']':
    return l->in_code;
  default:
    return false;
  }
}

/* Behind these a [ begins a section, which may hold blanks and parentheses; in other atoms it is a character. */
static bool has_section(struct slice atom) {
  static const struct slice names[] = {{"BODY", 4}, {"BODY.PEEK", 9}, {"BINARY", 6}, {"BINARY.SIZE", 11}};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (slice_equal_nocase(atom, names[i]))
      return true;
  return false;
}

static int in_atom(struct imap_lexer *l, struct slice *bytes) {
  const bool streamed = l->stream == STREAM_ATOM;
  size_t len = 0;
  while (len < bytes->len && !ends_atom(l, bytes->at[len]))
    len++;
  if (len)
    return piece(l, bytes, len, streamed);
  if (*bytes->at == '[') {
    l->state = !l->in_code && has_section(imap_lexer_text(l)) ? LEX_SECTION : LEX_ATOM;
    return piece(l, bytes, 1, streamed);
  }
  if (*bytes->at == '{') {
    l->head_len = 0;
    l->state = LEX_LITERAL_HEAD;
    return GO_ON;
  }
  return token(l, TOKEN_ATOM);
}

static int in_section(struct imap_lexer *l, struct slice *bytes) {
  size_t len = 0;
  while (len < bytes->len && bytes->at[len] != ']' && bytes->at[len] != '\n')
    len++;
  if (len < bytes->len && bytes->at[len] == '\n' && len == 0)
    return token(l, TOKEN_ATOM);
  if (len < bytes->len && bytes->at[len] == ']') {
    len++;
    l->state = LEX_ATOM;
  }
  return piece(l, bytes, len, false);
}

static int in_quoted(struct imap_lexer *l, struct slice *bytes) {
  size_t len = 0;
  while (len < bytes->len && !strchr("\"\\\r\n", bytes->at[len]))
    len++;
  while (len < bytes->len && bytes->at[len] == '\0') /* strchr() finds a NUL too: it is a byte like others here */
    len++;
  if (len)
    return piece(l, bytes, len, l->stream == STREAM_STRING);
  switch (*bytes->at) {
  case '\n': /* left open: the line end is the next token */
    l->cut = true;
    return token(l, TOKEN_STRING);
  case '"':
    skip(l, bytes, 1);
    return token(l, TOKEN_STRING);
  case '\\':
    l->state = LEX_ESCAPED;
    break;
  default:
    break;
  }
  skip(l, bytes, 1);
  return GO_ON;
}

static int in_escape(struct imap_lexer *l, struct slice *bytes) {
  l->state = LEX_QUOTED;
  return *bytes->at == '\n' ? GO_ON : piece(l, bytes, 1, l->stream == STREAM_STRING);
}

/* `{`, digits, perhaps `+`, `}`, perhaps blanks: what is in `head` so far. Returns whether `c` goes on with it. */
static bool continues_head(const struct imap_lexer *l, char c) {
  const char last = l->head[l->head_len - 1];
  const bool digit = last >= '0' && last <= '9';
  if (c >= '0' && c <= '9')
    return (digit || last == '{') && l->head_len < 20;
  if (c == '+' || c == '-')
    return digit;
  if (c == '}')
    return digit || last == '+' || last == '-';
  return (c == ' ' || c == '\r') && (last == '}' || last == ' ' || last == '\r');
}

static int begin_literal(struct imap_lexer *l) {
  l->literal = 0;
  for (size_t i = 1; l->head[i] >= '0' && l->head[i] <= '9'; i++)
    l->literal = l->literal * 10 + (uint64_t)(l->head[i] - '0');
  l->fresh = true;
  struct slice before = imap_lexer_text(l);
  l->state = LEX_LITERAL;
  if (!before.len || slice_equal(before, SLICE("~")))
    return GO_ON;
  l->stream = STREAM_NOTHING; /* the atom in front is a token of its own; the user may set it again */
  return TOKEN_ATOM;
}

static int in_literal_head(struct imap_lexer *l, struct slice *bytes) {
  const char c = *bytes->at;
  if (l->head_len && c == '\n' && strchr("} \r", l->head[l->head_len - 1])) {
    skip(l, bytes, 1);
    return begin_literal(l);
  }
  if (l->head_len == 0 || (continues_head(l, c) && l->head_len < sizeof(l->head))) {
    l->head[l->head_len++] = c;
    skip(l, bytes, 1);
    return GO_ON;
  }
  size_t len = l->head_len;
  while (len && (l->head[len - 1] == ' ' || l->head[len - 1] == '\r'))
    len--;
  const bool blanks = len < l->head_len;
  keep(l, l->head, len);
  l->state = LEX_ATOM;
  return blanks ? token(l, TOKEN_ATOM) : GO_ON;
}

static int in_literal(struct imap_lexer *l, struct slice *bytes) {
  if (l->fresh)
    clear(l);
  l->fresh = false;
  if (!l->literal)
    return token(l, TOKEN_STRING);
  if (!bytes->len)
    return TOKEN_MORE;
  size_t len = bytes->len < l->literal ? bytes->len : (size_t)l->literal;
  l->literal -= len;
  const bool streamed = l->stream == STREAM_STRING;
  int t = piece(l, bytes, len, streamed);
  if (streamed)
    l->used -= len;
  return t;
}

static int at_status(struct imap_lexer *l, struct slice *bytes) {
  if (*bytes->at == ' ' || *bytes->at == '\t') {
    skip(l, bytes, 1);
    return GO_ON;
  }
  if (*bytes->at != '[') {
    clear(l);
    l->state = LEX_TEXT;
    return GO_ON;
  }
  skip(l, bytes, 1);
  l->in_code = true;
  return token(l, TOKEN_CODE_OPEN);
}

static int in_text(struct imap_lexer *l, struct slice *bytes) {
  const char *end = memchr(bytes->at, '\n', bytes->len);
  if (!end)
    return piece(l, bytes, bytes->len, false);
  piece(l, bytes, (size_t)(end - bytes->at), false);
  struct slice words = slice_trim(imap_lexer_text(l));
  if (!words.len) {
    l->state = LEX_GAP;
    return GO_ON;
  }
  buf_consume(&l->text, (size_t)(words.at - l->text.at));
  l->text.at[l->text.len = words.len] = '\0';
  return token(l, TOKEN_TEXT);
}

enum imap_token imap_lexer_next(struct imap_lexer *l, struct slice *bytes) {
  static int (*const states[])(struct imap_lexer *, struct slice *) = {
      [LEX_GAP] = in_gap,         [LEX_ATOM] = in_atom,
      [LEX_SECTION] = in_section, [LEX_QUOTED] = in_quoted,
      [LEX_ESCAPED] = in_escape,  [LEX_LITERAL_HEAD] = in_literal_head,
      [LEX_LITERAL] = in_literal, [LEX_STATUS] = at_status,
      [LEX_TEXT] = in_text,
  };
  while (!l->broken && (bytes->len || l->state == LEX_LITERAL)) {
    int t = states[l->state](l, bytes);
    if (l->used > RESPONSE_MOST)
      l->broken = true;
    else if (t != GO_ON)
      return (enum imap_token)t;
  }
  return l->broken ? TOKEN_BROKEN : TOKEN_MORE;
}
