/* SPDX-License-Identifier: Apache-2.0 */
#include "take_form.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "form_token.h"
#include "log/log.h"
#include "upload.h"
#include <inttypes.h>

#define ARENA_FIRST (16 * 1024)
#define ARENA_CEILING (4 * 1024 * 1024)
#define FULL_RETRY_S 30

/* One post under way; lives in its own arena. */
struct taking {
  struct asker asker;
  struct arena *arena;
  int64_t now_ms, began_us;
  struct posted posted;
  struct checked checked;
  char token[FORM_TOKEN_MAX];      /* of the page that shows it again */
  const char *source_id;
  const char *suspected;
  struct event_id submission, event;
  char event_text[EVENT_ID_LEN + 1];
};

static struct slice secret(const struct webform *w) {
  return slice_of(w->secret, w->secret_len);
}

static void new_token(const struct asker *asker, int64_t issued_ms, char ret[FORM_TOKEN_MAX]) {
  uint8_t submission[SUBMISSION_BYTES];
  random_bytes(submission, sizeof(submission));
  form_token_make(secret(asker->webform), asker->channel->config->name, issued_ms, submission, ret);
}

void show_form(const struct asker *asker) {
  char token[FORM_TOKEN_MAX];
  struct posted empty;
  posted_clear(&empty);
  new_token(asker, clock_now_ms(), token);
  answer_form(asker, 200, OUTCOME_SHOWN,
              &(struct page_form){.channel = asker->channel->config, .posted = &empty, .token = token}, 0);
}

/* --- ways to end --- */

static void finish(struct taking *t) {
  struct arena *arena = t->arena;
  arena_free(&arena);
}

/* Shows the page again with everything that was entered. A new token is dated back: who has just read and corrected
 * the page did take the time that the trap asks for. */
static void show_again(struct taking *t, unsigned status, enum outcome outcome, enum word notice, const char *argument,
                       int64_t retry_after_s) {
  const struct channel_config *channel = t->asker.channel->config;
  if (!t->token[0])
    new_token(&t->asker, t->now_ms - channel->min_fill_ms, t->token);
  answer_form(&t->asker, status, outcome,
              &(struct page_form){.channel = channel,
                                  .posted = &t->posted,
                                  .errors = t->checked.errors,
                                  .error_count = t->checked.error_count,
                                  .notice = notice,
                                  .notice_argument = argument,
                                  .token = t->token},
              retry_after_s);
  finish(t);
}

static void show_error(struct taking *t, enum posted_field field, enum word text, const char *argument) {
  t->checked.errors[0] = (struct form_error){field, text, argument};
  t->checked.error_count = 1;
  show_again(t, 422, OUTCOME_INVALID, WORD_NONE, NULL, 0);
}

static void too_large(struct taking *t) {
  answer_plain(&t->asker, 413, OUTCOME_TOO_LARGE, WORD_TOO_LARGE, WORD_TOO_LARGE_TEXT, NULL);
  finish(t);
}

static void show_full(struct taking *t) {
  show_again(t, 503, OUTCOME_FULL, WORD_FULL, NULL, FULL_RETRY_S);
}

/* --- steps: each returns false when it has answered; `t` is gone then --- */

static bool read_post(struct taking *t, enum posted_kind kind) {
  const struct http_request *request = t->asker.request;
  int r = posted_read(t->arena, kind, http_header(request, "content-type"), http_body(request), &t->posted);
  if (r == POSTED_BROKEN) {
    posted_clear(&t->posted);
    show_again(t, 400, OUTCOME_BROKEN, WORD_UNREADABLE, NULL, 0);
  } else if (r) {
    too_large(t);
  }
  return r == 0;
}

/* The key of a client without a page: its header or field, else what was said (equal words are then one event). */
static bool own_key(struct taking *t) {
  const char *key = http_header(t->asker.request, "idempotency-key");
  if (!key)
    key = t->posted.value[FIELD_SUBMISSION];
  size_t len = strlen(key);
  bool visible = len <= SOURCE_KEY_MAX;
  for (size_t i = 0; i < len && visible; i++)
    visible = key[i] > ' ' && key[i] <= '~';
  if (!visible || (len == 0 && http_header(t->asker.request, "idempotency-key"))) {
    show_error(t, FIELD_SUBMISSION, WORD_BAD_KEY, NULL);
    return false;
  }
  t->source_id = arena_copy(t->arena, slice_text(key)); /* the header is lent until the answer only */
  if (len == 0) {
    char hex[HEX_LEN(sizeof(t->checked.digest)) + 1];
    hex_encode(t->checked.digest, sizeof(t->checked.digest), hex);
    t->source_id = arena_printf(t->arena, "sha256:%s", hex);
  }
  return true;
}

/* Proof that a page of ours was filled in, and since when. A JSON client has none and needs none; when it has one it
 * counts. */
static bool confirm(struct taking *t, int64_t *ret_fill_ms) {
  const struct channel_config *channel = t->asker.channel->config;
  struct slice text = slice_text(t->posted.value[FIELD_TOKEN]);
  *ret_fill_ms = -1;
  if (t->asker.json && text.len == 0)
    return true;
  struct form_token token;
  int r = form_token_check(secret(t->asker.webform), channel->name, text, t->now_ms, channel->max_fill_ms, &token);
  if (r) {
    show_again(t, 400, OUTCOME_UNCONFIRMED, r == FORM_TOKEN_EXPIRED ? WORD_EXPIRED : WORD_UNCONFIRMED, NULL, 0);
    return false;
  }
  memcpy(t->token, text.at, text.len + 1);
  *ret_fill_ms = t->now_ms - token.issued_ms;
  t->source_id = arena_copy(t->arena, slice_text(token.submission));
  return true;
}

static bool check(struct taking *t) {
  int r = form_check(t->arena, t->asker.channel->config, &t->posted, &t->checked);
  if (r == 0 && t->checked.error_count == 0)
    return true;
  if (r < 0)
    too_large(t);
  else
    show_again(t, 422, OUTCOME_INVALID, WORD_NONE, NULL, 0);
  return false;
}

static bool identify(struct taking *t) {
  if (!t->source_id && !own_key(t))
    return false;
  if (!t->source_id) {
    too_large(t);
    return false;
  }
  struct slice channel = slice_text(t->asker.channel->config->name), source = slice_text(t->source_id);
  t->submission = event_id_make(channel, SLICE("form"), source, SLICE(""));
  t->event = event_id_make(channel, SLICE("form"), source, slice_of(t->checked.digest, sizeof(t->checked.digest)));
  event_id_text(&t->event, t->event_text);
  return true;
}

/* Known repeats are answered or asked about; everything else must find a token in the buckets. */
static bool admit(struct taking *t) {
  struct webform *w = t->asker.webform;
  struct event_id before;
  switch (repeats_look(w->repeats, &t->submission, &t->event, &before)) {
  case REPEAT_TAKEN:
    answer_taken(&t->asker, OUTCOME_REPEATED, &t->event);
    finish(t);
    return false;
  case REPEAT_OTHER:
    if (t->asker.json) {
      show_error(t, FIELD_SUBMISSION, WORD_KEY_REUSED, NULL);
    } else {
      char text[EVENT_ID_LEN + 1], reference[REFERENCE_LEN + 1];
      event_id_text(&before, text);
      event_reference(text, reference);
      t->token[0] = '\0';
      show_again(t, 409, OUTCOME_REUSED, WORD_SENT_BEFORE, reference, 0);
    }
    return false;
  case REPEAT_UNDER_WAY:
    return true;
  case REPEAT_NEW:
    break;
  }
  int64_t wait_ms = guard_take(t->asker.channel->guard, http_peer(t->asker.request), t->checked.key, t->now_ms);
  if (wait_ms > 0) {
    int64_t wait_s = (wait_ms + 999) / 1000;
    show_again(t, 429, OUTCOME_LIMITED, WORD_LIMITED, arena_printf(t->arena, "%" PRId64, wait_s), wait_s);
  }
  return wait_ms == 0;
}

/* One blob; `name` of the file, NULL for the original and the text. */
static bool put(struct taking *t, struct slice bytes, const char *name, struct blob_ref *ret) {
  int r = blob_put(spool_blobs(channel_spool(t->asker.webform->channel)), bytes, ret);
  if (r == 0)
    return true;
  if (r == BLOB_TOO_LARGE && name) {
    show_error(t, FIELD_FILES, WORD_LARGE_FILE, name);
  } else if (r == BLOB_TOO_LARGE) {
    too_large(t);
  } else {
    if (r < 0)
      log_error("blob_not_written", KV("channel", t->asker.channel->config->name), KI("fault", r));
    show_full(t);
  }
  return false;
}

static bool put_all(struct taking *t, struct form_facts *facts, struct blob_ref *text, struct blob_ref *files) {
  struct slice message = slice_text(t->posted.value[FIELD_MESSAGE]);
  if (!put(t, http_body(t->asker.request), NULL, &facts->original))
    return false;
  if (message.len > EVENT_TEXT_MAX) {
    if (!put(t, message, NULL, text))
      return false;
    facts->text = text;
  }
  for (size_t i = 0; i < t->posted.file_count; i++) {
    if (!put(t, t->posted.files[i].bytes, t->posted.files[i].name, &files[i]))
      return false;
  }
  facts->files = files;
  return true;
}

static void on_done(void *arg, int outcome, uint64_t seq) {
  struct taking *t = arg;
  struct webform *w = t->asker.webform;
  const char *channel = t->asker.channel->config->name;
  repeats_end(w->repeats, &t->submission, &t->event, outcome == 0);
  if (outcome != 0) {
    if (outcome < 0)
      log_error("not_spooled", KV("channel", channel), KV("contact_event", t->event_text), KI("fault", outcome));
    show_full(t);
    return;
  }
  log_info("taken", KV("channel", channel), KV("contact_event", t->event_text), KI("seq", seq),
           KI("files", t->posted.file_count), KV("suspected", t->suspected ? t->suspected : ""));
  metric_observe_us(w->take_seconds, clock_monotonic_us() - t->began_us);
  answer_taken(&t->asker, t->suspected ? OUTCOME_SUSPECTED : OUTCOME_ACCEPTED, &t->event);
  finish(t);
}

static void spool(struct taking *t) {
  struct webform *w = t->asker.webform;
  struct form_facts facts = {.channel = t->asker.channel->config,
                             .posted = &t->posted,
                             .checked = &t->checked,
                             .id = t->event_text,
                             .source_id = t->source_id,
                             .suspected = t->suspected,
                             .now_ms = t->now_ms};
  struct blob_ref text, files[UPLOAD_MAX_FILES];
  if (!put_all(t, &facts, &text, files))
    return;
  contact_event *event = form_event(t->arena, &facts);
  if (!event || event_pack(event, t->arena, &w->event) != 0) {
    too_large(t);
    return;
  }
  int r = channel_take(w->channel, RECORD_EVENT, t->now_ms, buf_slice(&w->event), on_done, t);
  if (r) {
    show_full(t);
    return;
  }
  repeats_begin(w->repeats, &t->submission, &t->event);
}

void take_form(const struct asker *asker) {
  enum posted_kind kind = posted_kind_of(http_header(asker->request, "content-type"));
  if (kind == POSTED_UNSUPPORTED) {
    answer_plain(asker, 415, OUTCOME_UNSUPPORTED, WORD_UNSUPPORTED, WORD_UNSUPPORTED_TEXT, NULL);
    return;
  }
  struct arena *arena = arena_new(ARENA_FIRST, ARENA_CEILING);
  struct taking *t = arena_zalloc(arena, sizeof(*t));
  t->asker = *asker;
  t->arena = arena;
  t->now_ms = clock_now_ms();
  t->began_us = clock_monotonic_us();
  int64_t fill_ms;
  if (!read_post(t, kind) || !confirm(t, &fill_ms) || !check(t) || !identify(t) || !admit(t))
    return;
  t->suspected = form_suspected(asker->channel->config, &t->posted, &t->checked, fill_ms);
  spool(t);
}
