/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell customer import FILE.csv|.jsonl, customer show ADDRESS.
 * Columns: id, name, email, phone, tags, value, language (several addresses of a kind by ';' or blanks); everything
 * else goes into the profile as it is. A row that cannot be used is told with its line and skipped; the others count.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/id.h"
#include "csv.h"
#include "journal.h"
#include "text/address.h"
#include "text/utf8.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MOST = 1024 * 1024 * 1024, ROW_ARENA = 4 * 1024 * 1024 };
enum { PROFILE_MOST = 16 * 1024, COLUMN_MOST = 16 * 1024, KEYS_MAX = 32 };

struct import {
  struct desk_view *view;
  struct arena *arena;
  const char *path;
  char now[24];
  unsigned done, failed;
};

struct row {
  unsigned line;
  const char *name, *value, *language, *tags, *id;
  char *keys[KEYS_MAX];
  size_t key_count;
  json_t *profile;
  char why[200];
};

static void refuse(struct row *row, const char *why, const char *detail) {
  if (!row->why[0])
    snprintf(row->why, sizeof(row->why), "%s%s%s", why, detail[0] ? ": " : "", detail);
}

static void add_key(struct row *row, char *key) {
  for (size_t i = 0; i < row->key_count; i++)
    if (strcmp(row->keys[i], key) == 0)
      return;
  if (row->key_count == KEYS_MAX)
    refuse(row, "more than 32 addresses", "");
  else
    row->keys[row->key_count++] = key;
}

static void add_addresses(struct import *m, struct row *row, const char *text, bool phone) {
  struct slice rest = slice_text(text), part;
  while (slice_split(&rest, ';', &part)) {
    part = slice_trim(part);
    char *address, *key = NULL;
    bool answerable;
    if (part.len == 0)
      continue;
    int r = phone ? address_phone(m->arena, part, false, &address, &key, &answerable)
                  : address_email(m->arena, part, &address, &key);
    if (r != 0)
      refuse(row, phone ? "no phone number in +E.164 form" : "no e-mail address", arena_copy(m->arena, part));
    else
      add_key(row, key);
  }
}

/* "VIP, gold" → "|vip|gold|"; only what a rule can name is kept. */
static const char *normal_tags(struct import *m, const char *text) {
  char *out = arena_alloc(m->arena, strlen(text) * 2 + 3);
  size_t n = 0;
  bool open = false;
  if (!out)
    return "";
  for (const char *s = text; *s; s++) {
    char ch = (char)tolower((unsigned char)*s);
    bool word = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-';
    if (word && !open)
      out[n++] = '|';
    if (word)
      out[n++] = ch;
    open = word;
  }
  if (n)
    out[n++] = '|';
  out[n] = '\0';
  return out;
}

/* What goes into each journal entry of the customer, or names them: short. */
static const char *short_line(struct import *m, struct row *row, const char *name, const char *value) {
  const char *line = utf8_one_line(m->arena, slice_text(value));
  if (line && strlen(line) <= 256)
    return line;
  refuse(row, "longer than 256 bytes", name);
  return "";
}

/* NULL: the row has filled its arena. */
static void take_column(struct import *m, struct row *row, const char *name, const char *value) {
  if (!name || !value || strlen(value) > COLUMN_MOST) {
    refuse(row, "a column is longer than 16 KiB", name ? name : "");
    return;
  }
  if (strcasecmp(name, "email") == 0 || strcasecmp(name, "e-mail") == 0) {
    add_addresses(m, row, value, false);
  } else if (strcasecmp(name, "phone") == 0 || strcasecmp(name, "mobile") == 0) {
    add_addresses(m, row, value, true);
  } else if (strcasecmp(name, "name") == 0) {
    row->name = short_line(m, row, name, value);
  } else if (strcasecmp(name, "tags") == 0) {
    row->tags = normal_tags(m, value);
  } else if (strcasecmp(name, "language") == 0) {
    row->language = short_line(m, row, name, value);
  } else if (strcasecmp(name, "value") == 0) {
    char *end;
    if (value[0] && (strtod(value, &end), *end))
      refuse(row, "value is no number", value);
    row->value = short_line(m, row, name, value);
  } else if (strcasecmp(name, "id") == 0) {
    row->id = short_line(m, row, name, value);
    if (row->id[0])
      add_key(row, arena_printf(m->arena, "id:%s", row->id));
  } else if (value[0]) {
    json_object_set_new(row->profile, name, json_string(value));
  }
}

/* The customer's id when its addresses are new: from the first of them, so that a repeated import is the same. */
static void new_id(const struct row *row, char ret[DERIVED_ID_LEN + 1]) {
  char text[EVENT_ID_LEN + 1];
  struct event_id id = event_id_make(SLICE("import"), SLICE("customer"), slice_text(row->keys[0]), SLICE(""));
  event_id_text(&id, text);
  snprintf(ret, DERIVED_ID_LEN + 1, "c%.16s", text);
}

/* Returns false when the connection is gone. */
static bool import_row(struct import *m, struct row *row) {
  char *profile = json_object_size(row->profile) ? json_dumps(row->profile, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  if (row->key_count == 0)
    refuse(row, "no address: email, phone or id is needed", "");
  if (profile && strlen(profile) > PROFILE_MOST)
    refuse(row, "more than 16 KiB of columns", "");
  bool alive = true;
  if (!row->why[0]) {
    char id[DERIVED_ID_LEN + 1];
    new_id(row, id);
    const char *argv[12 + KEYS_MAX] = {"FCALL", "deskbell_customer_import", "1", TAG, m->now, row->name, row->tags,
                                       row->value, row->language, profile ? profile : "", id};
    int argc = 11;
    for (size_t i = 0; i < row->key_count; i++)
      argv[argc++] = row->keys[i];
    auto_reply *reply = redisCommandArgv(m->view->redis, argc, argv, NULL);
    alive = reply != NULL;
    if (reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "CONFLICT", 8) == 0)
      refuse(row, "its addresses belong to different customers", reply->str + 9);
    else if (reply && reply->type == REDIS_REPLY_ERROR)
      refuse(row, "Redis refuses", reply->str);
  }
  free(profile);
  if (row->why[0]) {
    fprintf(stderr, "%s:%u: %s; row skipped\n", m->path, row->line, row->why);
    m->failed++;
  } else if (alive) {
    m->done++;
  }
  return alive;
}

static struct row row_new(unsigned line) {
  return (struct row){.line = line, .name = "", .value = "", .language = "", .tags = "", .id = "", .profile = json_object()};
}

static int import_csv(struct import *m, struct slice text) {
  struct csv csv;
  struct slice head[CSV_COLUMNS_MAX], fields[CSV_COLUMNS_MAX];
  size_t columns, count;
  struct arena *names = arena_new(64 * 1024, ROW_ARENA);
  csv_open(&csv, text);
  int r = csv_row(&csv, names, head, &columns);
  bool alive = true;
  while (r == 0 && alive) {
    arena_reset(m->arena);
    r = csv_row(&csv, m->arena, fields, &count);
    if (r)
      break;
    struct row row = row_new(csv.line);
    if (count > columns)
      refuse(&row, "more fields than columns", "");
    for (size_t i = 0; i < count && i < columns; i++)
      take_column(m, &row, arena_copy(m->arena, head[i]), utf8_mend(m->arena, fields[i], NULL));
    alive = import_row(m, &row);
    json_decref(row.profile);
  }
  unsigned line = csv.line;
  arena_free(&names);
  if (!alive)
    return ctl_fail(m->view->ctl, "the connection to Redis is lost");
  if (r == CSV_END)
    return CTL_OK;
  return ctl_fail(m->view->ctl, "%s:%u: %s", m->path, line,
                  r == CSV_BROKEN ? "a quote is opened and never closed" : "too many or too long columns");
}

static const char *json_as_text(struct import *m, const json_t *value) {
  if (json_is_string(value))
    return json_string_value(value);
  if (json_is_array(value)) {
    struct buf list = BUF_INIT(64 * 1024);
    size_t i;
    json_t *part;
    json_array_foreach(value, i, part) if (json_is_string(part)) buf_printf(&list, "%s%s", i ? ";" : "", json_string_value(part));
    char *text = arena_copy(m->arena, buf_slice(&list));
    buf_free(&list);
    return text ? text : "";
  }
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  char *copy = text ? arena_copy(m->arena, slice_text(text)) : NULL;
  free(text);
  return copy ? copy : "";
}

static void take_member(struct import *m, struct row *row, const char *name, json_t *value) {
  if (json_is_null(value))
    return; /* as good as absent */
  static const char *const known[] = {"email", "e-mail", "phone", "mobile", "name", "tags", "language", "value", "id"};
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (strcasecmp(name, known[i]) == 0) {
      take_column(m, row, name, json_as_text(m, value));
      return;
    }
  }
  json_object_set(row->profile, name, value);
}

static int import_jsonl(struct import *m, struct slice text) {
  struct slice line;
  for (unsigned number = 1; slice_split(&text, '\n', &line); number++) {
    if (slice_trim(line).len == 0)
      continue;
    arena_reset(m->arena);
    struct row row = row_new(number);
    json_error_t error;
    json_t *object = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object))
      refuse(&row, "no JSON object", object ? "" : error.text);
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) take_member(m, &row, name, value);
    bool alive = import_row(m, &row);
    json_decref(object);
    json_decref(row.profile);
    if (!alive)
      return ctl_fail(m->view->ctl, "the connection to Redis is lost");
  }
  return CTL_OK;
}

static int run_import(struct desk_view *v, const char *path) {
  struct import m = {.view = v, .path = path};
  snprintf(m.now, sizeof(m.now), "%lld", (long long)clock_now_ms());
  auto_clean(buf_free) struct buf text = BUF_INIT(FILE_MOST);
  int r = file_read(path, &text);
  if (r)
    return ctl_fail(v->ctl, "cannot read %s: %s", path, strerror(r > 0 ? EFBIG : -r));
  const char *dot = strrchr(path, '.');
  bool jsonl = dot && (strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".ndjson") == 0);
  if (!jsonl && (!dot || strcmp(dot, ".csv") != 0))
    return ctl_wrong_usage(v->ctl, "%s: the name must end in .csv or .jsonl", path);
  m.arena = arena_new(64 * 1024, ROW_ARENA);
  int status = jsonl ? import_jsonl(&m, buf_slice(&text)) : import_csv(&m, buf_slice(&text));
  arena_free(&m.arena);
  if (v->ctl->json)
    printf("{\"imported\":%u,\"skipped\":%u}\n", m.done, m.failed);
  else
    printf("%u customers imported, %u rows skipped\n", m.done, m.failed);
  return status == CTL_OK && m.failed ? CTL_FAILED : status;
}

/* "1764000000000 5.1.1": since when, and what the mail system said (RFC 3463). */
static json_t *undeliverable_json(const char *value) {
  char since[RFC3339_LEN + 1], *status;
  json_t *j = json_object();
  clock_rfc3339(strtoll(value, &status, 10), since);
  json_object_set_new(j, "since", json_string(since));
  json_object_set_new(j, "status", json_string(*status == ' ' ? status + 1 : status));
  return j;
}

static int run_show(struct desk_view *v, const char *address) {
  char *key = NULL, at[512];
  if (address_key_of(v->arena, slice_text(address), &key) != 0)
    return ctl_fail(v->ctl, "%s is no e-mail address, phone number or id:…", address);
  snprintf(at, sizeof(at), TAG ":addr:%.400s", key);
  auto_reply *id = CALL(v, "GET", at);
  if (!id)
    return CTL_FAILED;
  if (id->type != REDIS_REPLY_STRING)
    return ctl_fail(v->ctl, "nobody is known by %s", key);
  snprintf(at, sizeof(at), TAG ":cust:%.64s", id->str);
  auto_reply *fields = CALL(v, "HGETALL", at);
  if (!fields)
    return CTL_FAILED;
  json_t *customer = json_object();
  json_object_set_new(customer, "id", json_string(id->str));
  for (size_t i = 0; i + 1 < fields->elements; i += 2) {
    const char *name = reply_text(fields->element[i]), *value = reply_text(fields->element[i + 1]);
    if (strncmp(name, "talk:", 5) == 0)
      continue;
    bool bad = strncmp(name, "undeliverable:", 14) == 0;
    json_t *parsed = strcmp(name, "profile") == 0 ? json_loads(value, 0, NULL) : bad ? undeliverable_json(value) : NULL;
    json_object_set_new(customer, name, parsed ? parsed : json_string(value));
  }
  if (v->ctl->json) {
    print_json(customer);
    return CTL_OK;
  }
  const char *name;
  json_t *value;
  json_object_foreach(customer, name, value) {
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    printf("%-12s %s\n", name, text ? text : json_string_value(value));
    free(text);
  }
  json_decref(customer);
  return CTL_OK;
}

int cmd_customer(struct ctl *ctl, int argc, char **argv) {
  bool importing = argc == 3 && strcmp(argv[1], "import") == 0;
  if (!importing && !(argc == 3 && strcmp(argv[1], "show") == 0))
    return ctl_wrong_usage(ctl, "import FILE, or show ADDRESS?");
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  status = importing ? run_import(&v, argv[2]) : run_show(&v, argv[2]);
  desk_view_close(&v);
  return status;
}
