/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_event.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static char *const trusted_ids[] = {(char[]){"mx.desk.example"}, (char[]){"mx2.desk.example"}, (char[]){"-"}};
static char *const spam_headers[] = {(char[]){"X-Spam-Flag: YES"}, (char[]){"X-Spam-Status: Yes*"},
                                     (char[]){"X-Rspamd-Action: reject"}};
static char *const own_addresses[] = {(char[]){"support@desk.example"}, (char[]){"@help.desk.example"}};

void mail_event_read(struct mail_event *m, struct slice raw) {
  struct mime_own *own = mime_own_new(own_addresses, 2);
  const struct mime_trust trust = {
      .authserv_ids = trusted_ids, .authserv_id_count = 3, .spam_headers = spam_headers, .spam_header_count = 3,
      .own = own,
  };
  const struct mime_envelope envelope = {
      .channel = SLICE("support"),
      .mail_from = SLICE("joe@customer.example"),
      .recipient = SLICE("support+tok@desk.example"),
      .reply_token = SLICE("tok"),
      .received_ms = MAIL_RECEIVED_MS,
      .trust = &trust,
  };
  *m = (struct mail_event){.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  m->outcome = mime_to_event(raw, &envelope, m->arena, &m->result, &m->why);
  mime_own_free(&own);
}

void mail_event_free(struct mail_event *m) {
  mime_result_free(&m->result);
  arena_free(&m->arena);
}

static void add_texts(json_t *to, const char *name, char *const *texts, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, json_string(texts[i]));
  if (count)
    json_object_set_new(to, name, list);
  else
    json_decref(list);
}

json_t *mail_event_json(const struct mail_event *m) {
  const contact_event *e = m->result.event;
  json_t *json = event_json(e);
  add_texts(json, "reply_tokens", e->thread->reply_tokens, e->thread->n_reply_tokens);
  add_texts(json, "subject_tokens", e->thread->subject_tokens, e->thread->n_subject_tokens);
  for (size_t i = 0; e->html && i < m->result.blob_count; i++) {
    const struct mime_blob *blob = &m->result.blobs[i];
    if (memcmp(blob->sha256, e->html->sha256.data, 32) == 0)
      json_object_set_new(json, "html_text", json_stringn(blob->bytes.at, blob->bytes.len));
  }
  json_object_set_new(json, "from_raw", json_string(e->from->raw));
  return json;
}

struct buf mail_crlf(struct slice raw) {
  struct buf out = BUF_INIT(2 * raw.len + 16);
  for (size_t i = 0; i < raw.len; i++) {
    if (raw.at[i] == '\n' && (i == 0 || raw.at[i - 1] != '\r'))
      buf_add_char(&out, '\r');
    buf_add_char(&out, raw.at[i]);
  }
  return out;
}
