/* SPDX-License-Identifier: Apache-2.0 */
#include "text/subject.h"
#include "base/encode.h"
#include "text/utf8.h"
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

struct mark_row {
  struct slice word;
  enum subject_mark mark;
};

#define ROW(text, kind) {{text, sizeof(text) - 1}, SUBJECT_##kind}
/* Letters beyond ASCII as they are written; ASCII in any case. "VS" is an answer in Finland and a forward in Denmark:
 * taken for an answer, which promises less. */
static const struct mark_row marks[] = {
    ROW("re", REPLY),    ROW("fw", FORWARD),   ROW("fwd", FORWARD), /* everywhere */
    ROW("aw", REPLY),    ROW("antw", REPLY),   ROW("antwort", REPLY), ROW("wg", FORWARD),
    ROW("weitergeleitet", FORWARD), /* de, nl */
    ROW("sv", REPLY),    ROW("svar", REPLY),   ROW("vs", REPLY),    ROW("vb", FORWARD),    ROW("vl", FORWARD),
    ROW("rv", FORWARD),  ROW("res", REPLY),    ROW("resp", REPLY),  ROW("enc", FORWARD),   /* es, pt */
    ROW("tr", FORWARD),  ROW("réf", REPLY),    ROW("r", REPLY),     ROW("rif", REPLY),     ROW("i", FORWARD), /* fr, it */
    ROW("odp", REPLY),   ROW("pd", FORWARD),   ROW("ynt", REPLY),   ROW("ilt", FORWARD),   ROW("İLT", FORWARD),
    ROW("vá", REPLY),    ROW("Vá", REPLY),     ROW("továbbítás", FORWARD), ROW("bls", REPLY), ROW("trs", FORWARD),
    ROW("απ", REPLY),    ROW("ΑΠ", REPLY),     ROW("σχετ", REPLY),  ROW("ΣΧΕΤ", REPLY),    ROW("πρθ", FORWARD),
    ROW("ΠΡΘ", FORWARD), ROW("ha", REPLY),     ROW("на", REPLY),    ROW("НА", REPLY),      ROW("отв", REPLY),
    ROW("Отв", REPLY),   ROW("ответ", REPLY),  ROW("Ответ", REPLY), ROW("пересл", FORWARD), ROW("Пересл", FORWARD),
    ROW("回复", REPLY),  ROW("回覆", REPLY),   ROW("答复", REPLY),  ROW("答覆", REPLY),    ROW("转发", FORWARD),
    ROW("轉寄", FORWARD), ROW("返信", REPLY),  ROW("転送", FORWARD), ROW("회신", REPLY),   ROW("답장", REPLY),
    ROW("전달", FORWARD), ROW("رد", REPLY),    ROW("تحويل", FORWARD), ROW("השב", REPLY),   ROW("תשובה", REPLY),
    ROW("הועבר", FORWARD), ROW("ตอบกลับ", REPLY), ROW("ส่งต่อ", FORWARD),
    /* of robots: they say what they answer (AR-51), and prove nothing (AR-18) */
    ROW("auto", AUTOMATIC), ROW("autoreply", AUTOMATIC), ROW("auto-reply", AUTOMATIC), ROW("auto reply", AUTOMATIC),
    ROW("automatic reply", AUTOMATIC), ROW("automated reply", AUTOMATIC), ROW("automated response", AUTOMATIC),
    ROW("out of office", AUTOMATIC), ROW("automatische antwort", AUTOMATIC), ROW("abwesenheitsnotiz", AUTOMATIC),
    ROW("réponse automatique", AUTOMATIC), ROW("respuesta automática", AUTOMATIC),
    ROW("risposta automatica", AUTOMATIC), ROW("resposta automática", AUTOMATIC),
    ROW("automatisch antwoord", AUTOMATIC), ROW("autosvar", AUTOMATIC), ROW("odpowiedź automatyczna", AUTOMATIC),
    ROW("автоответ", AUTOMATIC), ROW("Автоответ", AUTOMATIC), ROW("自动回复", AUTOMATIC), ROW("自動回覆", AUTOMATIC),
    ROW("自動返信", AUTOMATIC), ROW("자동 회신", AUTOMATIC),
};

static struct slice from(struct slice s, size_t at) {
  return slice_of(s.at + at, s.len - at);
}

static size_t skip_blanks(struct slice s, size_t at) {
  while (at < s.len && s.at[at] == ' ')
    at++;
  return at;
}

/* Length of ':' or of the full-width one at `at`; 0: neither. */
static size_t colon(struct slice s, size_t at) {
  static const struct slice wide = {"：", 3};
  if (at < s.len && s.at[at] == ':')
    return 1;
  return s.len - at >= wide.len && memcmp(s.at + at, wide.at, wide.len) == 0 ? wide.len : 0;
}

/* "[name] " at the beginning; 0: none. */
static size_t name_in_brackets(struct slice s) {
  if (!s.len || s.at[0] != '[')
    return 0;
  for (size_t i = 1; i < s.len && s.at[i] != '['; i++)
    if (s.at[i] == ']')
      return skip_blanks(s, i + 1);
  return 0;
}

/* How often it went to and fro: "Re[2]:", "Re (3):", "Re^4:". */
static size_t skip_counter(struct slice s, size_t at) {
  size_t begin = skip_blanks(s, at), i = begin;
  char open = i < s.len ? s.at[i] : '\0', close = open == '(' ? ')' : open == '[' ? ']' : '\0';
  if (!close && open != '^')
    return at;
  for (i++; i < s.len && s.at[i] >= '0' && s.at[i] <= '9'; i++)
    continue;
  if (close && (i >= s.len || s.at[i++] != close))
    return at;
  return i;
}

/* Length of one mark with its colon at the beginning; 0: none. */
static size_t mark_at(struct slice s, enum subject_mark *ret) {
  for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
    size_t at = marks[i].word.len;
    if ((s.at[0] | 0x20) != (marks[i].word.at[0] | 0x20) || !slice_starts_nocase(s, marks[i].word))
      continue;
    at += at < s.len && s.at[at] == '.';
    at = skip_blanks(s, skip_counter(s, at));
    size_t end = colon(s, at);
    if (!end) { /* RFC 5256: "Re [name]: " */
      size_t name = name_in_brackets(from(s, at));
      at += name;
      end = name ? colon(s, at) : 0;
    }
    if (end) {
      *ret = marks[i].mark;
      return at + end;
    }
  }
  return 0;
}

static bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (uint8_t)c >= 0x80;
}

/* Crockford's digits have no i, l, o, u. */
static bool is_reference(const char *s) {
  for (size_t i = 0; i < REFERENCE_LEN; i++) {
    bool dash = i % 5 == 4;
    char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 0x20) : s[i];
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z' && !strchr("ilou", c))))
      return false;
  }
  return true;
}

bool subject_reference_next(struct slice s, size_t *at, struct slice *ret) {
  enum { WHOLE = REFERENCE_LEN + 3 };
  for (; *at + WHOLE <= s.len; (*at)++) {
    const char *c = s.at + *at;
    if (c[0] != '[' || c[1] != '#' || c[WHOLE - 1] != ']' || !is_reference(c + 2))
      continue;
    if ((*at > 0 && is_word(c[-1])) || (*at + WHOLE < s.len && is_word(c[WHOLE])))
      continue;
    *ret = slice_of(c + 2, REFERENCE_LEN);
    *at += WHOLE;
    return true;
  }
  return false;
}

/* In place; blanks that meet become one. */
static struct slice cut_references(char *line) {
  struct slice s = slice_text(line), found;
  size_t at = 0, kept = 0, written = 0;
  while (subject_reference_next(s, &at, &found)) {
    size_t begin = (size_t)(found.at - s.at) - 2;
    memmove(line + written, line + kept, begin - kept);
    written += begin - kept;
    kept = written == 0 || line[written - 1] == ' ' ? skip_blanks(s, at) : at;
  }
  memmove(line + written, line + kept, s.len - kept);
  return slice_trim(slice_of(line, written + s.len - kept));
}

/* One subject being taken apart: `rest` gets shorter from both ends, names in brackets met on the way are kept. */
struct peeling {
  struct slice rest;
  bool keep_names;
  char *names;          /* as long as the subject: each name is shorter than the mark and blanks that follow it */
  size_t names_len;
  enum subject_mark mark;
};

static void note(struct peeling *p, enum subject_mark mark) {
  if (p->mark == SUBJECT_PLAIN)
    p->mark = mark;
}

static void keep_names(struct peeling *p, struct slice names) {
  if (!p->keep_names || !names.len)
    return;
  memcpy(p->names + p->names_len, names.at, names.len);
  p->names_len += names.len;
  if (names.at[names.len - 1] != ' ')
    p->names[p->names_len++] = ' ';
}

static void peel_end(struct peeling *p) {
  static const struct slice forwarded = {"(fwd)", 5};
  p->rest = slice_trim(p->rest);
  while (p->rest.len >= forwarded.len && slice_starts_nocase(from(p->rest, p->rest.len - forwarded.len), forwarded)) {
    note(p, SUBJECT_FORWARD);
    p->rest = slice_trim(slice_of(p->rest.at, p->rest.len - forwarded.len));
  }
}

/* One mark with the names before it; or, when they are not kept, the names alone, unless nothing else is left. */
static bool peel_beginning(struct peeling *p) {
  size_t names = 0, last = 0, len = 0;
  enum subject_mark mark;
  for (size_t more; (more = name_in_brackets(from(p->rest, names))) > 0; names += more)
    last = names;
  if (names < p->rest.len)
    len = mark_at(from(p->rest, names), &mark);
  if (len) {
    note(p, mark);
    keep_names(p, slice_of(p->rest.at, names));
    p->rest = from(p->rest, skip_blanks(p->rest, names + len));
    return true;
  }
  size_t cut = p->keep_names ? 0 : names < p->rest.len ? names : last;
  p->rest = from(p->rest, cut);
  return cut > 0;
}

static bool peel_wrapping(struct peeling *p) {
  static const struct slice open = {"[fwd:", 5};
  if (!slice_starts_nocase(p->rest, open) || p->rest.at[p->rest.len - 1] != ']')
    return false;
  note(p, SUBJECT_FORWARD);
  p->rest = slice_trim(slice_of(p->rest.at + open.len, p->rest.len - open.len - 1));
  return true;
}

static char *peel(struct arena *a, struct slice subject, bool shown, enum subject_mark *ret_mark) {
  char *line = utf8_one_line(a, subject);
  if (!line)
    return NULL;
  struct peeling p = {.rest = cut_references(line), .keep_names = shown};
  p.names = arena_alloc(a, p.rest.len + 2);
  if (!p.names)
    return NULL;
  do {
    peel_end(&p);
    while (peel_beginning(&p))
      continue;
  } while (peel_wrapping(&p));
  if (ret_mark)
    *ret_mark = p.mark;
  struct slice rest = slice_trim(p.rest);
  memcpy(p.names + p.names_len, rest.at, rest.len);
  size_t len = p.names_len + rest.len;
  while (len && p.names[len - 1] == ' ')
    len--;
  p.names[len] = '\0';
  return p.names;
}

char *subject_shown(struct arena *a, struct slice subject, enum subject_mark *ret_mark) {
  return peel(a, subject, true, ret_mark);
}

static bool fold_ascii(char *s) {
  for (; *s; s++) {
    if ((uint8_t)*s >= 0x80)
      return false;
    if (*s >= 'A' && *s <= 'Z')
      *s = (char)(*s | 0x20);
  }
  return true;
}

char *subject_base(struct arena *a, struct slice subject) {
  char *base = peel(a, subject, false, NULL);
  if (!base || fold_ascii(base))
    return base;
  size_t len = 0;
  uint8_t *folded = u8_casefold((const uint8_t *)base, strlen(base), NULL, UNINORM_NFC, NULL, &len);
  char *copy = folded ? arena_copy(a, slice_of(folded, len)) : NULL;
  free(folded);
  return copy;
}

char *subject_digest(struct arena *a, struct slice subject) {
  enum { BYTES = 5 };
  static_assert(BASE32_LEN(BYTES) == SUBJECT_DIGEST_LEN, "five bytes");
  char *base = subject_base(a, subject);
  if (!base || !*base)
    return base;
  uint64_t hash = hash64(slice_text(base));
  uint8_t bytes[BYTES];
  for (size_t i = 0; i < BYTES; i++)
    bytes[i] = (uint8_t)(hash >> (8 * i));
  char *text = arena_alloc(a, SUBJECT_DIGEST_LEN + 1);
  if (text)
    base32_encode(bytes, BYTES, text);
  return text;
}
