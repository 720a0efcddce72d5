/* SPDX-License-Identifier: Apache-2.0 */
/* Tolerance in reading, none in believing: the router checks every token and id against what was ours. */
#include "mime/thread.h"
#include "base/id.h"
#include "mime/address_list.h"
#include "mime/encoded_word.h"
#include "text/address.h"
#include "text/subject.h"

enum { ID_MAX = 500, SUBJECT_TOKENS_MAX = 8 };

/* Different texts in order. When it is full it takes no more; one that `rolls` loses the second oldest instead: the
 * oldest names the thread, the newest are what is answered. */
struct texts {
  char *at[THREAD_REFERENCES_MAX];
  uint64_t hash[THREAD_REFERENCES_MAX];
  size_t count, most;
  bool rolls, rolled;
};

static bool has(const struct texts *t, struct slice s, uint64_t hash) {
  for (size_t i = 0; i < t->count; i++)
    if (t->hash[i] == hash && slice_equal(slice_text(t->at[i]), s))
      return true;
  return false;
}

static void roll(struct texts *t) {
  t->count--;
  memmove(t->at + 1, t->at + 2, (t->count - 1) * sizeof(t->at[0]));
  memmove(t->hash + 1, t->hash + 2, (t->count - 1) * sizeof(t->hash[0]));
  t->rolled = true;
}

static void add(struct reading *r, struct texts *t, struct slice s) {
  uint64_t hash = hash64(s);
  if (!s.len || (t->count == t->most && !t->rolls) || has(t, s, hash))
    return;
  if (t->count == t->most)
    roll(t);
  t->at[t->count] = reading_copy(r, s);
  t->hash[t->count++] = hash;
}

static char **keep(struct reading *r, const struct texts *t, size_t *ret_count) {
  char **kept = t->count ? reading_alloc(r, t->count * sizeof(*kept)) : NULL;
  if (kept)
    memcpy(kept, t->at, t->count * sizeof(*kept));
  *ret_count = kept ? t->count : 0;
  return kept;
}

static bool is_separator(char c) {
  return c == ' ' || c == '\t' || c == ',';
}

/* What folding put inside an id goes; one with anything but printable ASCII is none of ours, but of somebody's: it
 * is kept clean. */
static void add_id(struct reading *r, struct texts *ids, struct slice s) {
  size_t len = 0;
  if (!s.len || s.len > ID_MAX)
    return;
  char *id = reading_line(r, s);
  for (const char *c = id; *c; c++)
    if (*c != ' ')
      id[len++] = *c;
  add(r, ids, slice_of(id, len));
}

/* Every <…>; one that is not closed ends at white space. With `bare`, also words with an '@' and no brackets. */
static void read_ids(struct reading *r, struct slice value, bool bare, struct texts *ids) {
  size_t i = 0;
  while (i < value.len) {
    if (value.at[i] == '<') {
      size_t start = ++i;
      while (i < value.len && value.at[i] != '>' && value.at[i] != '<')
        i++;
      if (i == value.len || value.at[i] == '<')
        for (i = start; i < value.len && !is_separator(value.at[i]) && value.at[i] != '<';)
          i++;
      add_id(r, ids, slice_of(value.at + start, i - start));
      i += i < value.len && value.at[i] == '>';
    } else if (bare && !is_separator(value.at[i])) {
      size_t start = i;
      while (i < value.len && !is_separator(value.at[i]) && value.at[i] != '<')
        i++;
      struct slice word = slice_of(value.at + start, i - start);
      if (memchr(word.at, '@', word.len))
        add_id(r, ids, word);
    } else {
      i++;
    }
  }
}

static void read_field(struct reading *r, const struct mail_header *h, const char *name, bool bare, struct texts *ids) {
  for (const struct mail_field *f = NULL; (f = header_find(h, name, f));) {
    struct slice value = header_unfold(r, f->value);
    bool encoded = value.len && memmem(value.at, value.len, "=?", 2); /* some fold long ids so */
    read_ids(r, encoded ? slice_text(encoded_word_decode(r, value)) : value, bare, ids);
  }
}

/* In-Reply-To is prose in old mail ("Your message of … <id>"): words count only when no brackets do. */
static char **read_replies(struct reading *r, const struct mail_header *h, size_t *ret_count) {
  struct texts ids = {.most = THREAD_REPLIES_MAX};
  for (int bare = 0; bare < 2 && ids.count == 0; bare++)
    read_field(r, h, "In-Reply-To", bare, &ids);
  return keep(r, &ids, ret_count);
}

static char **read_references(struct reading *r, const struct mail_header *h, size_t *ret_count) {
  struct texts ids = {.most = THREAD_REFERENCES_MAX, .rolls = true};
  read_field(r, h, "References", true, &ids);
  if (ids.rolled)
    reading_warn(r, "references-cut");
  return keep(r, &ids, ret_count);
}

static void add_token(struct reading *r, struct texts *tokens, struct slice address) {
  struct slice local, token, domain;
  if (address_split_token(address, &local, &token, &domain) && token.len <= THREAD_TOKEN_LEN_MAX)
    add(r, tokens, slice_text(reading_line(r, token)));
}

static char **read_tokens(struct reading *r, const struct mail_header *h, struct slice token, event_party *const *to,
                          size_t to_count, size_t *ret_count) {
  static const char *const fields[] = {"Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To"};
  struct texts tokens = {.most = THREAD_TOKENS_MAX};
  if (token.len <= THREAD_TOKEN_LEN_MAX)
    add(r, &tokens, slice_text(reading_line(r, token)));
  for (size_t i = 0; i < to_count; i++)
    add_token(r, &tokens, slice_text(to[i]->address));
  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
    struct address_list list = {0};
    for (const struct mail_field *f = NULL; (f = header_find(h, fields[i], f)) && list.count < THREAD_TOKENS_MAX;)
      address_list_read(r, header_unfold(r, f->value), &list);
    for (size_t k = 0; k < list.count; k++)
      add_token(r, &tokens, slice_text(list.parties[k]->address));
  }
  return keep(r, &tokens, ret_count);
}

/* TH-13 */
static char **read_subject_tokens(struct reading *r, const char *subject, size_t *ret_count) {
  struct texts tokens = {.most = SUBJECT_TOKENS_MAX};
  struct slice reference;
  for (size_t at = 0; subject_reference_next(slice_text(subject), &at, &reference);) {
    char lower[REFERENCE_LEN];
    for (size_t i = 0; i < REFERENCE_LEN; i++)
      lower[i] = reference.at[i] >= 'A' && reference.at[i] <= 'Z' ? (char)(reference.at[i] | 0x20) : reference.at[i];
    add(r, &tokens, slice_of(lower, REFERENCE_LEN));
  }
  return keep(r, &tokens, ret_count);
}

void thread_read(struct reading *r, const struct mail_header *h, struct slice message_id, struct slice token,
                 event_party *const *to, size_t to_count, const char *subject, Deskbell__V1__ThreadHints *ret) {
  deskbell__v1__thread_hints__init(ret);
  ret->message_id = reading_line(r, message_id);
  ret->in_reply_to = read_replies(r, h, &ret->n_in_reply_to);
  ret->references = read_references(r, h, &ret->n_references);
  ret->reply_tokens = read_tokens(r, h, token, to, to_count, &ret->n_reply_tokens);
  ret->subject_tokens = read_subject_tokens(r, subject, &ret->n_subject_tokens);
}
