/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include "form_token.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#define METHODS "GET, HEAD, POST, OPTIONS"
#define HEADERS_MAX 12

struct headers {
  struct http_reply_header list[HEADERS_MAX];
  size_t count;
};

static void add(struct headers *h, const char *name, const char *value) {
  assert(h->count < HEADERS_MAX);
  h->list[h->count++] = (struct http_reply_header){name, value};
}

/* Answers depend on the Origin header, also when it is not there (WF-02). */
static struct headers common(const struct asker *asker) {
  struct headers h = {.count = 0};
  add(&h, "Vary", "Origin");
  if (asker->cors_origin)
    add(&h, "Access-Control-Allow-Origin", asker->cors_origin);
  return h;
}

static void count(const struct asker *asker, enum outcome outcome) {
  metric_add(asker->webform->requests[outcome], 1);
}

static const struct words *words_of(const struct asker *asker) {
  const char *language = asker->channel ? asker->channel->config->language : "en";
  return words_for(language);
}

/* Sends webform->page, whatever it holds, and gives back the memory of an unusually large one. */
static void send_page(const struct asker *asker, unsigned status, struct headers *h) {
  struct buf *page = &asker->webform->page;
  add(h, "Content-Security-Policy", asker->channel ? asker->channel->policy : asker->webform->plain_policy);
  /* Not "no-referrer": a browser would then send "Origin: null" with our own form. */
  add(h, "Referrer-Policy", "same-origin");
  add(h, "Content-Language", words_language(words_of(asker)));
  http_reply(asker->request, page->full ? 500 : status, "text/html; charset=utf-8", buf_slice(page), h->list,
             h->count);
  if (page->cap > 64 * 1024)
    buf_free(page);
  buf_clear(page);
}

/* --- JSON --- */

static void send_json(const struct asker *asker, unsigned status, struct headers *h, json_t *body) {
  char *text = json_dumps(body, JSON_COMPACT);
  http_reply(asker->request, status, "application/json", slice_text(text), h->list, h->count);
  free(text);
  json_decref(body);
}

static void add_json_error(json_t *errors, const char *field, const struct words *words, enum word text,
                           const char *argument) {
  auto_clean(buf_free) struct buf message = BUF_INIT(4096);
  words_add(&message, words, text, argument);
  json_array_append_new(errors, json_pack("{s:s, s:s}", "field", field, "message", message.at ? message.at : ""));
}

static json_t *json_errors(const struct asker *asker, const struct page_form *form) {
  const struct words *words = words_of(asker);
  json_t *errors = json_array();
  if (form->notice != WORD_NONE)
    add_json_error(errors, "", words, form->notice, form->notice_argument);
  for (size_t i = 0; i < form->error_count; i++) {
    const struct form_error *e = &form->errors[i];
    add_json_error(errors, e->field < FIELD_COUNT ? posted_field_name(e->field) : "", words, e->text, e->argument);
  }
  return json_pack("{s:o}", "errors", errors);
}

/* --- answers --- */

void answer_form(const struct asker *asker, unsigned status, enum outcome outcome, const struct page_form *form,
                 int64_t retry_after_s) {
  struct headers h = common(asker);
  char seconds[24];
  snprintf(seconds, sizeof(seconds), "%" PRId64, retry_after_s);
  if (retry_after_s > 0)
    add(&h, "Retry-After", seconds);
  count(asker, outcome);
  if (asker->json) {
    send_json(asker, status, &h, json_errors(asker, form));
    return;
  }
  page_form(&asker->webform->page, form);
  send_page(asker, status, &h);
}

void answer_taken(const struct asker *asker, enum outcome outcome, const struct event_id *id) {
  struct headers h = common(asker);
  char text[EVENT_ID_LEN + 1], reference[REFERENCE_LEN + 1];
  event_id_text(id, text);
  event_reference(text, reference);
  count(asker, outcome);
  if (asker->json) {
    send_json(asker, 202, &h, json_pack("{s:s, s:s}", "id", text, "reference", reference));
    return;
  }
  const struct webform *w = asker->webform;
  const char *name = asker->channel->config->name;
  char proof[THANKS_PROOF_LEN + 1], location[256];
  thanks_proof_make(slice_of(w->secret, w->secret_len), name, slice_text(reference), proof);
  snprintf(location, sizeof(location), "/form/%s/thanks?ref=%s&t=%s", name, reference, proof);
  add(&h, "Location", location);
  http_reply(asker->request, 303, NULL, SLICE(""), h.list, h.count);
}

void answer_thanks(const struct asker *asker, const char *reference) {
  struct headers h = common(asker);
  count(asker, OUTCOME_SHOWN);
  page_thanks(&asker->webform->page, asker->channel->config, reference);
  send_page(asker, 200, &h);
}

void answer_plain(const struct asker *asker, unsigned status, enum outcome outcome, enum word title, enum word text,
                  const char *allow) {
  struct headers h = common(asker);
  count(asker, outcome);
  if (allow)
    add(&h, "Allow", allow);
  if (asker->json) {
    json_t *errors = json_array();
    add_json_error(errors, "", words_of(asker), text, NULL);
    send_json(asker, status, &h, json_pack("{s:o}", "errors", errors));
    return;
  }
  page_plain(&asker->webform->page, words_of(asker), title, text);
  send_page(asker, status, &h);
}

void answer_preflight(const struct asker *asker) {
  struct headers h = common(asker);
  count(asker, OUTCOME_SHOWN);
  add(&h, "Allow", METHODS);
  if (asker->cors_origin) {
    add(&h, "Access-Control-Allow-Methods", "POST");
    add(&h, "Access-Control-Allow-Headers", "Content-Type, Idempotency-Key");
    add(&h, "Access-Control-Max-Age", "600");
  }
  http_reply(asker->request, 204, NULL, SLICE(""), h.list, h.count);
}
