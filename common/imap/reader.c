/* SPDX-License-Identifier: Apache-2.0 */
/* One function for each place in a response. A function looks at one token and returns an event, or GO_ON. Whatever
 * does not fit leads to AT_REST, which waits for the end of the response; the event said there is the one that was
 * chosen when the kind of the response became known. */
#include "imap/reader.h"
#include "imap/lexer.h"
#include "imap/mailbox_name.h"
#include "imap/words.h"
#include <stdlib.h>

#define GO_ON (-1)
#define NAME_MAX_BYTES 4096

enum place {
  AT_START,
  AT_UNTAGGED,
  AT_NUMBERED,  /* behind "* 12" */
  AT_TAGGED,
  AT_STATUS,
  AT_CODE,
  AT_CODE_REST,
  AT_CAPABILITY,
  AT_SEARCH,
  AT_ESEARCH,
  AT_SET,
  AT_LIST_FLAGS,
  AT_LIST_DELIMITER,
  AT_LIST_NAME,
  AT_STATUS_NAME,
  AT_STATUS_KEY,
  AT_STATUS_VALUE,
  AT_FETCH_KEY,
  AT_FETCH_VALUE,
  AT_FETCH_LIST,
  AT_FETCH_BODY,
  AT_REST,
};

enum key { KEY_OTHER, KEY_UID, KEY_FLAGS, KEY_SIZE, KEY_DATE };

/* A set of UIDs being read: "4,7:9". */
struct set_reading {
  uint64_t number, first;
  bool digits, has_first;
};

struct imap_reader {
  struct imap_lexer lexer;
  struct imap_response said;
  enum place place;
  enum imap_event event; /* at the end of the response */
  bool ended;            /* it was said; the next call begins anew */
  unsigned depth;
  unsigned list_depth;   /* of what a list stands in */
  enum key key;
  uint32_t *item;        /* where the next value of a STATUS goes */
  bool body_seen, run_waits;
  struct set_reading set;
  struct slice set_left;
  enum imap_event set_event;
  struct buf name;
  char words[IMAP_WORDS_MAX + 1];
};

static void begin(struct imap_reader *r) {
  r->said = (struct imap_response){.mail = {.internal_date_ms = INT64_MIN}, .selectable = true};
  r->place = AT_START;
  r->event = IMAP_PASSED_OVER;
  r->ended = r->body_seen = r->run_waits = false;
  r->depth = r->list_depth = 0;
  r->key = KEY_OTHER;
  r->item = NULL;
  r->set = (struct set_reading){0};
  r->set_left = (struct slice){NULL, 0};
}

struct imap_reader *imap_reader_new(void) {
  struct imap_reader *r = must_calloc(1, sizeof(*r));
  imap_lexer_init(&r->lexer);
  r->name = BUF_INIT(NAME_MAX_BYTES);
  begin(r);
  return r;
}

void imap_reader_free(struct imap_reader **r) {
  if (!r || !*r)
    return;
  imap_lexer_free(&(*r)->lexer);
  buf_free(&(*r)->name);
  free(*r);
  *r = NULL;
}

const struct imap_response *imap_reader_response(const struct imap_reader *r) {
  return &r->said;
}

static struct slice text(const struct imap_reader *r) {
  return imap_lexer_text(&r->lexer);
}

static bool is_text(enum imap_token t) {
  return t == TOKEN_ATOM || t == TOKEN_STRING;
}

static int rest(struct imap_reader *r) {
  r->place = AT_REST;
  return GO_ON;
}

static int at_rest(struct imap_reader *r, enum imap_token t) {
  (void)r;
  (void)t;
  return GO_ON;
}

/* Status responses */

static const struct {
  struct slice word;
  enum imap_status_word status;
} status_words[] = {
    {{"OK", 2}, IMAP_SAYS_OK},   {{"NO", 2}, IMAP_SAYS_NO},           {{"BAD", 3}, IMAP_SAYS_BAD},
    {{"BYE", 3}, IMAP_SAYS_BYE}, {{"PREAUTH", 7}, IMAP_SAYS_PREAUTH},
};

static bool begin_status(struct imap_reader *r) {
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

static int at_tagged(struct imap_reader *r, enum imap_token t) {
  return t == TOKEN_ATOM && begin_status(r) ? GO_ON : rest(r);
}

static int at_status(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_CODE_OPEN)
    r->place = AT_CODE;
  else if (t == TOKEN_TEXT)
    r->said.words = slice_of(r->words, imap_words_clean(text(r), r->words));
  return GO_ON;
}

static int at_code(struct imap_reader *r, enum imap_token t) {
  r->place = t == TOKEN_CODE_CLOSE ? AT_STATUS : AT_CODE_REST;
  if (t == TOKEN_ATOM)
    r->said.code = imap_code_of(text(r));
  return GO_ON;
}

static int at_code_rest(struct imap_reader *r, enum imap_token t) {
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

static int at_capability(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_ATOM)
    r->said.capabilities |= imap_capability_of(text(r));
  return GO_ON;
}

/* Searches and sets */

static int at_search(struct imap_reader *r, enum imap_token t) {
  uint32_t uid = t == TOKEN_ATOM && r->depth == 0 ? imap_uid_of(text(r)) : 0;
  r->said.range = (struct uid_range){uid, uid};
  return uid ? (int)IMAP_FOUND : GO_ON;
}

static int begin_set(struct imap_reader *r, enum imap_event event) {
  r->set_event = event;
  r->set = (struct set_reading){0};
  r->lexer.stream = STREAM_ATOM;
  r->place = AT_SET;
  return GO_ON;
}

/* (TAG "D5") UID MIN 2 ALL 4:18,21 COUNT 16: only ALL matters, the others are passed one by one. */
static int at_esearch(struct imap_reader *r, enum imap_token t) {
  return t == TOKEN_ATOM && r->depth == 0 && slice_equal_nocase(text(r), SLICE("ALL")) ? begin_set(r, IMAP_FOUND)
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

static int next_range(struct imap_reader *r) {
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

static int at_set(struct imap_reader *r, enum imap_token t) {
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

static int at_list_flags(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_CLOSE && r->depth == 0)
    r->place = AT_LIST_DELIMITER;
  else if (t == TOKEN_ATOM &&
           (slice_equal_nocase(text(r), SLICE("\\Noselect")) || slice_equal_nocase(text(r), SLICE("\\NonExistent"))))
    r->said.selectable = false;
  return GO_ON;
}

static int at_list_delimiter(struct imap_reader *r, enum imap_token t) {
  if (is_text(t))
    r->place = AT_LIST_NAME;
  return GO_ON;
}

static int at_list_name(struct imap_reader *r, enum imap_token t) {
  if (!is_text(t))
    return GO_ON;
  take_name(r);
  r->event = IMAP_LISTED;
  return rest(r);
}

static int at_status_name(struct imap_reader *r, enum imap_token t) {
  if (!is_text(t))
    return rest(r);
  take_name(r);
  r->event = IMAP_STATUS_IS;
  r->place = AT_STATUS_KEY;
  return GO_ON;
}

static int at_status_key(struct imap_reader *r, enum imap_token t) {
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

static int at_status_value(struct imap_reader *r, enum imap_token t) {
  if (is_text(t) && r->item)
    *r->item = imap_uid_of(text(r));
  r->place = AT_STATUS_KEY;
  return GO_ON;
}

/* FETCH: keys and values in any order, wherever the parentheses stand */

static enum imap_body body_of(struct slice key) {
  static const struct {
    struct slice word;
    enum imap_body body;
  } bodies[] = {
      {{"BODY[]", 6}, IMAP_BODY_MAIL},          {{"BODY[HEADER]", 12}, IMAP_BODY_HEADER},
      {{"RFC822", 6}, IMAP_BODY_MAIL},          {{"RFC822.HEADER", 13}, IMAP_BODY_HEADER},
      {{"BODY.PEEK[]", 11}, IMAP_BODY_MAIL},    {{"BODY.PEEK[HEADER]", 17}, IMAP_BODY_HEADER},
  };
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
    if (slice_equal_nocase(key, bodies[i].word))
      return bodies[i].body;
  return IMAP_NO_BODY;
}

static enum key key_of(struct slice word) {
  static const struct {
    struct slice word;
    enum key key;
  } keys[] = {
      {{"UID", 3}, KEY_UID},
      {{"FLAGS", 5}, KEY_FLAGS},
      {{"RFC822.SIZE", 11}, KEY_SIZE},
      {{"INTERNALDATE", 12}, KEY_DATE},
  };
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    if (slice_equal_nocase(word, keys[i].word))
      return keys[i].key;
  return KEY_OTHER;
}

static int begin_list(struct imap_reader *r) {
  r->list_depth = r->depth - 1;
  r->place = AT_FETCH_LIST;
  return GO_ON;
}

static int at_fetch_key(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_OPEN && r->depth > 1) {
    r->key = KEY_OTHER;
    return begin_list(r);
  }
  if (t != TOKEN_ATOM)
    return GO_ON;
  r->key = key_of(text(r));
  r->place = AT_FETCH_VALUE;
  const enum imap_body body = r->key == KEY_OTHER && !r->body_seen ? body_of(text(r)) : IMAP_NO_BODY;
  if (body) {
    r->said.body = body;
    r->lexer.stream = STREAM_STRING;
    r->place = AT_FETCH_BODY;
  }
  return GO_ON;
}

static void take_value(struct imap_reader *r) {
  uint64_t number;
  switch (r->key) {
  case KEY_UID:
    r->said.mail.uid = imap_uid_of(text(r));
    break;
  case KEY_SIZE:
    if (slice_to_u64(text(r), UINT64_MAX, &number) == 0) {
      r->said.mail.size = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
      r->said.has_size = true;
    }
    break;
  case KEY_DATE:
    r->said.mail.internal_date_ms = imap_date_of(text(r));
    break;
  default:
    break;
  }
}

static int at_fetch_value(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_OPEN)
    return begin_list(r);
  if (is_text(t))
    take_value(r);
  r->place = AT_FETCH_KEY;
  return GO_ON;
}

static int at_fetch_list(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_CLOSE && r->depth <= r->list_depth)
    r->place = AT_FETCH_KEY;
  else if (t == TOKEN_ATOM && r->key == KEY_FLAGS)
    r->said.mail.flags |= imap_flag_of(text(r));
  return GO_ON;
}

/* The user hears of a mail with its first piece, or with its end when it is empty. */
static int at_fetch_body(struct imap_reader *r, enum imap_token t) {
  const bool first = !r->body_seen;
  switch (t) {
  case TOKEN_RUN:
    r->body_seen = true;
    r->said.run = r->lexer.run;
    r->run_waits = first;
    return (int)(first ? IMAP_BODY_BEGIN : IMAP_BODY_RUN);
  case TOKEN_STRING:
    r->body_seen = true;
    r->place = AT_FETCH_KEY;
    if (first)
      return (int)IMAP_BODY_BEGIN;
    if (r->lexer.cut)
      r->said.body = IMAP_NO_BODY;
    return GO_ON;
  default: /* NIL, or worse */
    r->said.body = IMAP_NO_BODY;
    r->lexer.stream = STREAM_NOTHING;
    return at_fetch_value(r, t);
  }
}

/* The beginning of a response */

static const struct {
  struct slice word;
  enum place place;
  enum imap_event event;
} kinds[] = {
    {{"CAPABILITY", 10}, AT_CAPABILITY, IMAP_CAPABILITIES},
    {{"SEARCH", 6}, AT_SEARCH, IMAP_PASSED_OVER},
    {{"ESEARCH", 7}, AT_ESEARCH, IMAP_PASSED_OVER},
    {{"LIST", 4}, AT_LIST_FLAGS, IMAP_PASSED_OVER},
    {{"STATUS", 6}, AT_STATUS_NAME, IMAP_PASSED_OVER},
};

static const struct {
  struct slice word;
  enum place place;
  enum imap_event event;
} numbered[] = {
    {{"FETCH", 5}, AT_FETCH_KEY, IMAP_FETCHED},
    {{"EXISTS", 6}, AT_REST, IMAP_EXISTS},
    {{"EXPUNGE", 7}, AT_REST, IMAP_EXPUNGED},
};

static int at_untagged(struct imap_reader *r, enum imap_token t) {
  uint64_t number;
  if (t != TOKEN_ATOM)
    return rest(r);
  if (slice_to_u64(text(r), UINT32_MAX, &number) == 0) {
    r->said.number = number;
    r->place = AT_NUMBERED;
    return GO_ON;
  }
  if (begin_status(r))
    return GO_ON;
  if (slice_equal_nocase(text(r), SLICE("VANISHED")))
    return begin_set(r, IMAP_VANISHED);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (slice_equal_nocase(text(r), kinds[i].word)) {
      r->place = kinds[i].place;
      r->event = kinds[i].event;
      return GO_ON;
    }
  }
  return rest(r);
}

static int at_numbered(struct imap_reader *r, enum imap_token t) {
  r->place = AT_REST;
  for (size_t i = 0; t == TOKEN_ATOM && i < sizeof(numbered) / sizeof(numbered[0]); i++) {
    if (slice_equal_nocase(text(r), numbered[i].word)) {
      r->place = numbered[i].place;
      r->event = numbered[i].event;
    }
  }
  return GO_ON;
}

static int at_start(struct imap_reader *r, enum imap_token t) {
  struct slice word = text(r);
  uint64_t tag;
  if (t != TOKEN_ATOM)
    return rest(r);
  if (slice_equal(word, SLICE("*"))) {
    r->place = AT_UNTAGGED;
  } else if (word.at[0] == '+') {
    r->event = IMAP_CONTINUE;
    r->place = AT_REST;
    imap_lexer_status(&r->lexer);
  } else if (slice_starts_nocase(word, SLICE("D")) &&
             slice_to_u64(slice_of(word.at + 1, word.len - 1), UINT32_MAX, &tag) == 0) {
    r->said.tag = (uint32_t)tag;
    r->place = AT_TAGGED;
  } else {
    r->place = AT_REST;
  }
  return GO_ON;
}

/* The end of a response. Empty lines are none. */
static int at_end(struct imap_reader *r) {
  if (r->place == AT_START)
    return GO_ON;
  if (r->event == IMAP_FETCHED && !r->body_seen)
    r->said.body = IMAP_NO_BODY;
  r->ended = true;
  return (int)r->event;
}

static int on_token(struct imap_reader *r, enum imap_token t) {
  static int (*const places[])(struct imap_reader *, enum imap_token) = {
      [AT_START] = at_start,
      [AT_UNTAGGED] = at_untagged,
      [AT_NUMBERED] = at_numbered,
      [AT_TAGGED] = at_tagged,
      [AT_STATUS] = at_status,
      [AT_CODE] = at_code,
      [AT_CODE_REST] = at_code_rest,
      [AT_CAPABILITY] = at_capability,
      [AT_SEARCH] = at_search,
      [AT_ESEARCH] = at_esearch,
      [AT_SET] = at_set,
      [AT_LIST_FLAGS] = at_list_flags,
      [AT_LIST_DELIMITER] = at_list_delimiter,
      [AT_LIST_NAME] = at_list_name,
      [AT_STATUS_NAME] = at_status_name,
      [AT_STATUS_KEY] = at_status_key,
      [AT_STATUS_VALUE] = at_status_value,
      [AT_FETCH_KEY] = at_fetch_key,
      [AT_FETCH_VALUE] = at_fetch_value,
      [AT_FETCH_LIST] = at_fetch_list,
      [AT_FETCH_BODY] = at_fetch_body,
      [AT_REST] = at_rest,
  };
  if (t == TOKEN_OPEN && ++r->depth > IMAP_DEPTH_MAX)
    r->place = AT_REST;
  else if (t == TOKEN_CLOSE && r->depth)
    r->depth--;
  return places[r->place](r, t);
}

enum imap_event imap_reader_next(struct imap_reader *r, struct slice *bytes) {
  if (r->ended)
    begin(r);
  if (r->run_waits) {
    r->run_waits = false;
    return IMAP_BODY_RUN;
  }
  for (;;) {
    int event = next_range(r);
    if (event != GO_ON)
      return (enum imap_event)event;
    const enum imap_token t = imap_lexer_next(&r->lexer, bytes);
    if (t == TOKEN_MORE)
      return IMAP_MORE;
    if (t == TOKEN_BROKEN)
      return IMAP_BROKEN;
    event = t == TOKEN_END ? at_end(r) : on_token(r, t);
    if (event != GO_ON)
      return (enum imap_event)event;
  }
}
