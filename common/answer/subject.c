/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5256, 2.1, for the prefixes; what stands in brackets stays, it is the customer's ("[Order 42]"). */
#include "answer/answer.h"
#include "text/utf8.h"

/* Of answers and forwards: English, German, Scandinavian, Finnish, Dutch, Spanish, Portuguese, French, Italian, Polish,
 * Turkish, Chinese. */
static const char *const prefixes[] = {"re", "fwd", "fw", "aw", "wg", "sv", "vs", "vb", "vl", "antw", "doorst", "rv", "res",
                                       "enc", "rif", "tr", "réf", "r", "i", "odp", "pd", "ynt", "ilt", "回复", "答复", "转发"};

static struct slice skip_blanks(struct slice s) {
  while (s.len && (*s.at == ' ' || *s.at == '\t'))
    s = slice_of(s.at + 1, s.len - 1);
  return s;
}

/* "[2]" or "(2)". */
static struct slice skip_number(struct slice s) {
  size_t n = 1;
  if (!s.len || (*s.at != '[' && *s.at != '('))
    return s;
  while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
    n++;
  bool closed = n > 1 && n < s.len && s.at[n] == (*s.at == '[' ? ']' : ')');
  return closed ? slice_of(s.at + n + 1, s.len - n - 1) : s;
}

/* Behind one prefix; the same when there is none. */
static struct slice skip_prefix(struct slice s) {
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
    struct slice prefix = slice_text(prefixes[i]);
    if (!slice_starts_nocase(s, prefix))
      continue;
    struct slice rest = slice_of(s.at + prefix.len, s.len - prefix.len);
    rest = skip_blanks(skip_number(skip_blanks(rest)));
    if (rest.len && *rest.at == ':')
      return skip_blanks(slice_of(rest.at + 1, rest.len - 1));
    if (rest.len >= 3 && memcmp(rest.at, "：", 3) == 0)
      return skip_blanks(slice_of(rest.at + 3, rest.len - 3));
  }
  return s;
}

char *answer_subject(struct arena *a, struct slice subject) {
  char *line = utf8_one_line(a, subject);
  if (!line)
    return NULL;
  struct slice rest = slice_text(line), before;
  do {
    before = rest;
    rest = skip_prefix(rest);
  } while (rest.len < before.len);
  rest.len = utf8_cut(rest, ANSWER_SUBJECT_MAX - 4);
  return arena_printf(a, "Re: %.*s", (int)rest.len, rest.at);
}
