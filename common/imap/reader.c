/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever does not fit leads to AT_REST, which waits for the end of the response; the event said there is the one that
 * was chosen when the kind of the response became known. */
#include "imap/reader_internal.h"
#include <stdlib.h>

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

static int at_rest(struct imap_reader *r, enum imap_token t) {
  (void)r;
  (void)t;
  return GO_ON;
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
  if (reader_begin_status(r))
    return GO_ON;
  if (slice_equal_nocase(text(r), SLICE("VANISHED")))
    return reader_begin_set(r, IMAP_VANISHED);
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
      [AT_TAGGED] = reader_at_tagged,
      [AT_STATUS] = reader_at_status,
      [AT_CODE] = reader_at_code,
      [AT_CODE_REST] = reader_at_code_rest,
      [AT_CAPABILITY] = reader_at_capability,
      [AT_SEARCH] = reader_at_search,
      [AT_ESEARCH] = reader_at_esearch,
      [AT_SET] = reader_at_set,
      [AT_LIST_FLAGS] = reader_at_list_flags,
      [AT_LIST_DELIMITER] = reader_at_list_delimiter,
      [AT_LIST_NAME] = reader_at_list_name,
      [AT_STATUS_NAME] = reader_at_status_name,
      [AT_STATUS_KEY] = reader_at_status_key,
      [AT_STATUS_VALUE] = reader_at_status_value,
      [AT_FETCH_KEY] = reader_at_fetch_key,
      [AT_FETCH_VALUE] = reader_at_fetch_value,
      [AT_FETCH_LIST] = reader_at_fetch_list,
      [AT_FETCH_BODY] = reader_at_fetch_body,
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
    int event = reader_next_range(r);
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
