/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner of our own, because mail is hostile: libxml2's HTML parser is quadratic in end tags that match nothing
 * and in the attributes of one tag (280 KB: 3.6 s), gumbo and tidy are worse, and nothing here needs a tree. It reads
 * as browsers do where that decides what a person saw.
 */
#include "text/html_scan.h"
#include "text/html_tag.h"
#include "text/utf8.h"

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip(struct html_scan *s, size_t len) {
  s->rest = slice_of(s->rest.at + len, s->rest.len - len);
}

void html_scan_begin(struct html_scan *s, struct slice html) {
  *s = (struct html_scan){.rest = html};
  s->last_end = html.len ? memrchr(html.at, '>', html.len) : NULL;
  for (const char *at = s->last_end; at && at - html.at >= 2 && !s->last_comment_end; at--)
    if (at[0] == '>' && at[-1] == '-' && at[-2] == '-')
      s->last_comment_end = at - 2;
}

static void skip_comment(struct html_scan *s) {
  const char *end = NULL;
  size_t end_len = 1;
  if (s->rest.len >= 4 && memcmp(s->rest.at, "<!--", 4) == 0 && s->rest.at + 4 <= s->last_comment_end) {
    end = memmem(s->rest.at + 2, s->rest.len - 2, "-->", 3); /* "<!-->" is a whole comment */
    end_len = 3;
  }
  if (!end)
    end = memchr(s->rest.at, '>', s->rest.len);
  skip(s, end ? (size_t)(end - s->rest.at) + end_len : s->rest.len);
}

/* An end tag may have attributes, which mean nothing. */
static void skip_to_end(struct html_scan *s) {
  const char *end = s->rest.len ? memchr(s->rest.at, '>', s->rest.len) : NULL;
  skip(s, end ? (size_t)(end + 1 - s->rest.at) : s->rest.len);
}

/* The rest begins with '<'. NONE: it was nothing, and is passed over. */
static enum html_piece next_markup(struct html_scan *s, struct slice *ret) {
  char next = s->rest.len > 1 ? s->rest.at[1] : '\0';
  bool end_tag = next == '/' && s->rest.len > 2 && is_letter(s->rest.at[2]);
  if (s->rest.at > s->last_end || !next || !(is_letter(next) || strchr("/!?", next))) {
    *ret = slice_of(s->rest.at, 1);
    skip(s, 1);
    return HTML_PIECE_TEXT;
  }
  if (!is_letter(next) && !end_tag) {
    skip_comment(s); /* "<!", "<?", "</>" */
    return HTML_PIECE_NONE;
  }
  size_t start = end_tag ? 2 : 1, end = start;
  while (end < s->rest.len && s->rest.at[end] != '>' && s->rest.at[end] != '/' && !html_is_space(s->rest.at[end]))
    end++;
  *ret = slice_of(s->rest.at + start, end - start);
  skip(s, end);
  if (end_tag)
    skip_to_end(s);
  return end_tag ? HTML_PIECE_END : HTML_PIECE_START;
}

enum html_piece html_scan_next(struct html_scan *s, struct slice *ret) {
  while (s->rest.len) {
    const char *markup = memchr(s->rest.at, '<', s->rest.len);
    size_t len = markup ? (size_t)(markup - s->rest.at) : s->rest.len;
    if (len) {
      *ret = slice_of(s->rest.at, len);
      skip(s, len);
      return HTML_PIECE_TEXT;
    }
    enum html_piece piece = next_markup(s, ret);
    if (piece != HTML_PIECE_NONE)
      return piece;
  }
  return HTML_PIECE_NONE;
}

static bool ends_raw(struct slice at, struct slice name) {
  if (at.len < name.len + 2 || at.at[1] != '/' || !slice_starts_nocase(slice_of(at.at + 2, at.len - 2), name))
    return false;
  char behind = at.len > name.len + 2 ? at.at[name.len + 2] : '>';
  return behind == '>' || behind == '/' || html_is_space(behind);
}

struct slice html_scan_raw(struct html_scan *s, const char *name) {
  const char *start = s->rest.at;
  while (s->rest.len) {
    const char *at = memchr(s->rest.at, '<', s->rest.len);
    skip(s, at ? (size_t)(at - s->rest.at) : s->rest.len);
    if (!s->rest.len || ends_raw(s->rest, slice_text(name)))
      break;
    skip(s, 1);
  }
  struct slice content = slice_of(start, (size_t)(s->rest.at - start));
  skip_to_end(s);
  return content;
}

int html_scan_mend(struct slice html, struct slice *ret, struct arena **ret_arena) {
  *ret_arena = NULL;
  *ret = html;
  if (utf8_clean(html))
    return 0;
  struct arena *a = arena_new(3 * html.len + 64, 3 * html.len + 64);
  char *mended = a ? utf8_mend(a, html, NULL) : NULL;
  if (!mended) {
    arena_free(&a);
    return -ENOMEM;
  }
  *ret = slice_text(mended);
  *ret_arena = a;
  return 0;
}
