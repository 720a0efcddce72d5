/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell conversation show: what belongs to it, in the order it came, and why it is there. */
#include "base/clock.h"
#include "conversation.h"
#include <stdio.h>
#include <stdlib.h>

static void set(json_t *to, const char *name, const char *value) {
  if (value[0])
    json_object_set_new(to, name, slice_json(slice_text(value)));
}

static void set_time(json_t *to, const char *name, int64_t at_ms) {
  char text[RFC3339_LEN + 1];
  clock_rfc3339(at_ms, text);
  json_object_set_new(to, name, json_string(text));
}

/* Those whose key is, or is not, marked as a guest's. */
static json_t *parties(const char *list, bool guests) {
  json_t *array = json_array();
  struct slice rest = slice_text(list), key;
  while (slice_split(&rest, '|', &key)) {
    bool guest = key.len && key.at[0] == '~';
    if (key.len && guest == guests)
      json_array_append_new(array, slice_json(slice_of(key.at + guest, key.len - guest)));
  }
  return array;
}

static json_t *words_json(const char *list) {
  json_t *array = json_array();
  struct slice rest = slice_text(list), word;
  while (slice_split(&rest, ' ', &word))
    if (word.len)
      json_array_append_new(array, slice_json(word));
  return array;
}

static json_t *entry_as_json(const struct said *s) {
  json_t *j = json_object();
  set(j, "cursor", s->cursor);
  set_time(j, "at", s->at_ms);
  set(j, "type", s->type);
  set(j, "event", s->event);
  set(j, "channel", s->channel);
  set(j, "from", s->from);
  set(j, "name", s->name);
  set(j, "subject", s->subject);
  set(j, "text", s->text);
  set(j, "work_item", s->work_item);
  set(j, "agent", s->agent);
  set(j, "how", s->how);
  set(j, "evidence", s->evidence);
  set(j, "words", s->words);
  return j;
}

static json_t *as_json(const struct conversation *c, const struct said_list *list) {
  json_t *j = json_object(), *entries = json_array();
  set(j, "id", c->id);
  set(j, "reference", c->reference);
  set(j, "subject", c->subject);
  set(j, "channel", c->channel);
  set(j, "customer", c->customer);
  set_time(j, "created", c->created_ms);
  set(j, "work_item", c->item);
  set(j, "queue", c->queue);
  set(j, "merged_into", c->merged);
  set(j, "acknowledgement", c->acknowledgement);
  json_object_set_new(j, "messages", json_integer(c->item[0] ? atoll(c->messages) : 0));
  json_object_set_new(j, "participants", parties(c->participants, false));
  json_object_set_new(j, "guests", parties(c->participants, true));
  json_object_set_new(j, "members", words_json(c->members));
  for (size_t i = 0; i < list->count; i++)
    json_array_append_new(entries, entry_as_json(list->at[i]));
  const struct said *latest = conversation_latest(list);
  set(j, "to_answer", latest ? latest->event : "");
  json_object_set_new(j, "entries", entries);
  json_object_set_new(j, "complete", json_boolean(!list->cut));
  return j;
}

static void print_list(const char *name, json_t *list) {
  size_t i;
  json_t *one;
  json_array_foreach(list, i, one) printf("%s%s", i ? ", " : name, json_string_value(one));
  if (json_array_size(list))
    printf("\n");
  json_decref(list);
}

static void print_entry(const struct said *s) {
  static const struct {
    const char *type, *text;
  } types[] = {{"done", "ended by"}, {"merge", "merged by"}, {"split", "split by"}, {"move", "moved by"}};
  char at[RFC3339_LEN + 1];
  clock_rfc3339(s->at_ms, at);
  printf("  %s  ", at);
  if (strcmp(s->type, "event") == 0) {
    printf("%s%s%s%s  %s%s%s\n", s->name, s->name[0] ? " <" : "", s->from, s->name[0] ? ">" : "", s->subject,
           s->subject[0] ? " – " : "", s->text);
    printf("%*s%s  (%s)\n", RFC3339_LEN + 4, "", s->words, s->event);
    return;
  }
  if (strcmp(s->type, "acknowledge") == 0) {
    printf("no acknowledgement: %s\n", strncmp(s->evidence, "silent ", 7) == 0 ? s->evidence + 7 : s->evidence);
    return;
  }
  if (s->words[0]) {
    printf("%s\n", s->words);
    return;
  }
  const char *text = s->type;
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    if (strcmp(s->type, types[i].type) == 0)
      text = types[i].text;
  printf("%s %s%s%s\n", text, s->agent[0] ? s->agent : "the operator", s->evidence[0] ? ": " : "", s->evidence);
}

static void print(const struct conversation *c, const struct said_list *list) {
  printf("%s  %s  %s, reference %s, customer %s\n", c->id, c->subject, c->channel, c->reference, c->customer);
  if (c->merged[0])
    printf("merged into %s\n", c->merged);
  if (c->acknowledgement[0])
    printf("acknowledgement: %s\n", c->acknowledgement);
  if (c->item[0])
    printf("work item %s in %s, %s messages\n", c->item, c->queue, c->messages);
  print_list("takes part: ", parties(c->participants, false));
  print_list("guests:     ", parties(c->participants, true));
  print_list("with:       ", words_json(c->members));
  if (list->cut)
    printf("  … older entries are not shown\n");
  for (size_t i = 0; i < list->count; i++)
    print_entry(list->at[i]);
  const struct said *latest = conversation_latest(list);
  if (latest)
    printf("to answer: %s of %s\n", latest->event, latest->from);
}

int conversation_show(struct desk_view *v, struct arena *a, const char *what) {
  struct conversation c;
  struct said_list list = {0};
  int r = conversation_find(v, a, what, &c);
  if (r != CTL_OK)
    return r;
  if (conversation_all(v, a, &c, &list) < 0)
    return CTL_FAILED;
  if (v->ctl->json)
    print_json(as_json(&c, &list));
  else
    print(&c, &list);
  return CTL_OK;
}
