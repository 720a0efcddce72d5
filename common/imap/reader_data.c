/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/mailbox_name.h"
#include "imap/reader_internal.h"
#include "imap/words.h"

/* Status responses */

static const struct {
  struct slice word;
  enum imap_status_word status;
} status_words[] = {
    {{"OK", 2}, IMAP_SAYS_OK},   {{"NO", 2}, IMAP_SAYS_NO},           {{"BAD", 3}, IMAP_SAYS_BAD},
    {{"BYE", 3}, IMAP_SAYS_BYE}, {{"PREAUTH", 7}, IMAP_SAYS_PREAUTH},
};

bool reader_begin_status(struct imap_reader *r) {
  for (size_t i = 0; i < sizeof(status_words) / sizeof(status_words[0]); i++) {
    if (!slice_equal_nocase(text(r), status_words[i].word))
      continue;
    r->said.status = status_words[i].status;
    r->event = IMAP_SAID;
    r->place = AT_STATUS;
    imap_lexer_status(&r->lexer);
    return true;
  }
  return false;
}

int reader_at_tagged(struct imap_reader *r, enum imap_token t) {
  return t == TOKEN_ATOM && reader_begin_status(r) ? GO_ON : rest(r);
}

int reader_at_status(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_CODE_OPEN)
    r->place = AT_CODE;
  else if (t == TOKEN_TEXT)
    r->said.words = slice_of(r->words, imap_words_clean(text(r), r->words));
  return GO_ON;
}

int reader_at_code(struct imap_reader *r, enum imap_token t) {
  r->place = t == TOKEN_CODE_CLOSE ? AT_STATUS : AT_CODE_REST;
  if (t == TOKEN_ATOM)
    r->said.code = imap_code_of(text(r));
  return GO_ON;
}

int reader_at_code_rest(struct imap_reader *r, enum imap_token t) {
  uint64_t number;
  if (t == TOKEN_CODE_CLOSE)
    r->place = AT_STATUS;
  if (t != TOKEN_ATOM)
    return GO_ON;
  if (r->said.code == IMAP_CODE_CAPABILITY)
    r->said.capabilities |= imap_capability_of(text(r));
  else if (r->said.code == IMAP_CODE_PERMANENTFLAGS)
    r->said.flags |= imap_flag_of(text(r));
  else if (!r->said.number && slice_to_u64(text(r), UINT64_MAX, &number) == 0)
    r->said.number = number;
  return GO_ON;
}

int reader_at_capability(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_ATOM)
    r->said.capabilities |= imap_capability_of(text(r));
  return GO_ON;
}

/* Searches and sets */

int reader_at_search(struct imap_reader *r, enum imap_token t) {
  uint32_t uid = t == TOKEN_ATOM && r->depth == 0 ? imap_uid_of(text(r)) : 0;
  r->said.range = (struct uid_range){uid, uid};
  return uid ? (int)IMAP_FOUND : GO_ON;
}

int reader_begin_set(struct imap_reader *r, enum imap_event event) {
  r->set_event = event;
  r->set = (struct set_reading){0};
  r->lexer.stream = STREAM_ATOM;
  r->place = AT_SET;
  return GO_ON;
}

/* (TAG "D5") UID MIN 2 ALL 4:18,21 COUNT 16: only ALL matters, the others are passed one by one. */
int reader_at_esearch(struct imap_reader *r, enum imap_token t) {
  return t == TOKEN_ATOM && r->depth == 0 && slice_equal_nocase(text(r), SLICE("ALL")) ? reader_begin_set(r, IMAP_FOUND)
                                                                                       : GO_ON;
}

/* A number or range of the set is complete. Returns whether it is one. */
static bool end_range(struct imap_reader *r) {
  struct set_reading *set = &r->set;
  const uint64_t last = set->number, first = set->has_first ? set->first : last;
  const bool good = set->digits && first && last && first <= UID_LAST && last <= UID_LAST;
  *set = (struct set_reading){0};
  if (good)
    r->said.range =
        (struct uid_range){(uint32_t)(first < last ? first : last), (uint32_t)(first < last ? last : first)};
  return good;
}

int reader_next_range(struct imap_reader *r) {
  struct set_reading *set = &r->set;
  while (r->set_left.len) {
    const char c = *r->set_left.at;
    r->set_left = slice_of(r->set_left.at + 1, r->set_left.len - 1);
    if (c >= '0' && c <= '9') {
      set->digits = true;
      if (set->number <= UID_LAST)
        set->number = set->number * 10 + (uint64_t)(c - '0');
    } else if (c == ':') {
      *set = (struct set_reading){.first = set->number, .has_first = true};
    } else if (end_range(r)) {
      return (int)r->set_event;
    }
  }
  return GO_ON;
}

int reader_at_set(struct imap_reader *r, enum imap_token t) {
  switch (t) {
  case TOKEN_RUN:
    r->set_left = r->lexer.run;
    return GO_ON;
  case TOKEN_OPEN: /* "(EARLIER)" */
    r->said.earlier = r->set_event == IMAP_VANISHED;
    return GO_ON;
  case TOKEN_CLOSE:
    r->lexer.stream = STREAM_ATOM;
    return GO_ON;
  default:
    if (r->depth)
      return GO_ON;
    r->place = r->set_event == IMAP_FOUND ? AT_ESEARCH : AT_REST;
    return end_range(r) ? (int)r->set_event : GO_ON;
  }
}

/* LIST and STATUS */

static void take_name(struct imap_reader *r) {
  buf_clear(&r->name);
  r->name.full = false;
  if (mailbox_name_decode(text(r), &r->name)) {
    buf_clear(&r->name);
    buf_add(&r->name, text(r).at, text(r).len < NAME_MAX_BYTES ? text(r).len : NAME_MAX_BYTES);
  }
  r->said.name = buf_slice(&r->name);
}

int reader_at_list_flags(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_CLOSE && r->depth == 0)
    r->place = AT_LIST_DELIMITER;
  else if (t == TOKEN_ATOM &&
           (slice_equal_nocase(text(r), SLICE("\\Noselect")) || slice_equal_nocase(text(r), SLICE("\\NonExistent"))))
    r->said.selectable = false;
  return GO_ON;
}

int reader_at_list_delimiter(struct imap_reader *r, enum imap_token t) {
  if (is_text(t))
    r->place = AT_LIST_NAME;
  return GO_ON;
}

int reader_at_list_name(struct imap_reader *r, enum imap_token t) {
  if (!is_text(t))
    return GO_ON;
  take_name(r);
  r->event = IMAP_LISTED;
  return rest(r);
}

int reader_at_status_name(struct imap_reader *r, enum imap_token t) {
  if (!is_text(t))
    return rest(r);
  take_name(r);
  r->event = IMAP_STATUS_IS;
  r->place = AT_STATUS_KEY;
  return GO_ON;
}

int reader_at_status_key(struct imap_reader *r, enum imap_token t) {
  struct imap_status *s = &r->said.status_is;
  const struct {
    struct slice word;
    uint32_t *item;
  } items[] = {
      {SLICE("MESSAGES"), &s->messages}, {SLICE("UNSEEN"), &s->unseen},
      {SLICE("UIDNEXT"), &s->uid_next}, {SLICE("UIDVALIDITY"), &s->uid_validity},
  };
  if (t != TOKEN_ATOM)
    return GO_ON;
  r->item = NULL;
  for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
    if (slice_equal_nocase(text(r), items[i].word))
      r->item = items[i].item;
  r->place = AT_STATUS_VALUE;
  return GO_ON;
}

int reader_at_status_value(struct imap_reader *r, enum imap_token t) {
  if (is_text(t) && r->item)
    *r->item = imap_uid_of(text(r));
  r->place = AT_STATUS_KEY;
  return GO_ON;
}
