/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/entry_json.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>

static json_t *text_json(struct slice s) {
  json_t *j = json_stringn(s.at, s.len);
  return j ? j : json_string(""); /* not UTF-8: cannot come from us */
}

static void set(json_t *to, const char *name, struct slice value) {
  if (value.len)
    json_object_set_new(to, name, text_json(value));
}

static void set_time(json_t *to, const char *name, struct slice ms) {
  uint64_t at;
  char text[RFC3339_LEN + 1];
  if (slice_to_u64(ms, INT64_MAX, &at) < 0 || at == 0)
    return;
  clock_rfc3339((int64_t)at, text);
  json_object_set_new(to, name, json_string(text));
}

static void set_words(json_t *to, const char *name, struct slice list, char sep) {
  json_t *array = json_array();
  struct slice word;
  if (!list.len) {
    json_decref(array);
    return;
  }
  while (slice_split(&list, sep, &word))
    if (word.len)
      json_array_append_new(array, text_json(word));
  json_object_set_new(to, name, array);
}

static void set_number(json_t *to, const char *name, struct slice text) {
  uint64_t number;
  if (slice_to_u64(text, INT64_MAX, &number) == 0)
    json_object_set_new(to, name, json_integer((json_int_t)number));
}

static json_t *history_json(struct slice text) {
  struct slice part[HISTORY_COUNT];
  split_parts(text, ' ', part, HISTORY_COUNT);
  json_t *h = json_object();
  set_time(h, "known_since", part[HISTORY_KNOWN_SINCE]);
  set_number(h, "contacts", part[HISTORY_CONTACTS]);
  set_number(h, "conversations", part[HISTORY_CONVERSATIONS]);
  set_time(h, "last_contact", part[HISTORY_LAST_CONTACT]);
  set_time(h, "last_served", part[HISTORY_LAST_SERVED]);
  return h;
}

json_t *entry_context_json(const struct entry *e) {
  struct slice part[CONTEXT_COUNT];
  entry_context_parts(e, part);
  json_t *c = json_object();
  set(c, "state", part[CONTEXT_STATE]);
  set_time(c, "as_of", part[CONTEXT_AS_OF]);
  set(c, "name", part[CONTEXT_NAME]);
  set_words(c, "tags", part[CONTEXT_TAGS], '|');
  if (part[CONTEXT_VALUE].len) {
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)part[CONTEXT_VALUE].len, part[CONTEXT_VALUE].at);
    json_object_set_new(c, "value", json_real(strtod(text, NULL)));
  }
  set(c, "language", part[CONTEXT_LANGUAGE]);
  set_words(c, "open_conversations", part[CONTEXT_OPEN], ' ');
  set(c, "last_agent", part[CONTEXT_LAST_AGENT]);
  set_words(c, "consent", part[CONTEXT_CONSENT], '|');
  if (part[CONTEXT_HISTORY].len)
    json_object_set_new(c, "history", history_json(part[CONTEXT_HISTORY]));
  struct slice text = part[CONTEXT_PROFILE];
  json_t *profile = text.len ? json_loadb(text.at, text.len, 0, NULL) : NULL;
  if (profile)
    json_object_set_new(c, "profile", profile);
  return c;
}
