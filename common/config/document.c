/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is built from libyaml's events, not by its document loader: events carry the place of every key and
 * value, and nesting is refused the moment it is met, before memory is spent on it.
 */
#include "config/document.h"
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#define ARENA_FULL "too many values for one document"

struct building {
  yaml_parser_t parser;
  struct arena *arena;
  struct document *document;
  struct node *open[DOCUMENT_MAX_DEPTH]; /* maps and lists not yet closed, outermost first */
  struct node *key[DOCUMENT_MAX_DEPTH];  /* in a map: the key whose value comes next */
  size_t depth, nodes, documents;
  struct node *root;
};

static printf_like(4, 0) int vcomplain(const struct document *d, unsigned line, unsigned column, const char *format,
                                       va_list args) {
  char text[sizeof(((struct complaint *)0)->text)];
  vsnprintf(text, sizeof(text), format, args);
  return complain(d->complaint, d->name, line, column, "%s", text);
}

int document_complain(const struct document *d, const struct node *at, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int r = vcomplain(d, at ? at->line : 0, at ? at->column : 0, format, args);
  va_end(args);
  return r;
}

static printf_like(3, 4) int complain_mark(const struct building *b, const yaml_mark_t *mark, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int r = vcomplain(b->document, (unsigned)mark->line + 1, (unsigned)mark->column + 1, format, args);
  va_end(args);
  return r;
}

/* ---- libyaml's own errors, with a hint for the slips operators really make */

static const struct {
  const char *problem, *hint;
} hints[] = {
    {"did not find expected alphabetic or numeric character", "; a value that begins with '*' or '&' needs quotes"},
    {"found character that cannot start any token", "; a value that begins with '@', '%' or '`' needs quotes, and "
                                                    "indentation is made of spaces"},
    {"mapping values are not allowed in this context", "; a value that contains ': ' needs quotes"},
};

static int complain_yaml(const struct building *b, struct slice yaml) {
  const yaml_parser_t *p = &b->parser;
  const char *problem = p->problem ? p->problem : "unreadable";
  const char *hint = "";
  for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
    if (strcmp(problem, hints[i].problem) == 0)
      hint = hints[i].hint;
  yaml_mark_t mark = p->problem_mark;
  if (p->error == YAML_READER_ERROR) { /* has an offset only */
    mark = (yaml_mark_t){0};
    for (size_t i = 0; i < p->problem_offset && i < yaml.len; i++) {
      mark.column++;
      if (yaml.at[i] == '\n')
        mark.line++, mark.column = 0;
    }
  }
  return complain_mark(b, &mark, "not YAML: %s%s", problem, hint);
}

/* ---- the tree */

static int node_new(struct building *b, enum node_kind kind, const yaml_event_t *e, struct node **ret) {
  if (++b->nodes > DOCUMENT_MAX_NODES)
    return complain_mark(b, &e->start_mark, ARENA_FULL ": at most %d", DOCUMENT_MAX_NODES);
  struct node *n = arena_zalloc(b->arena, sizeof(*n));
  if (!n)
    return complain_mark(b, &e->start_mark, ARENA_FULL);
  n->kind = kind;
  n->line = (unsigned)e->start_mark.line + 1;
  n->column = (unsigned)e->start_mark.column + 1;
  n->depth = (unsigned)b->depth + 1;
  *ret = n;
  return 0;
}

static void append(struct node *parent, struct node *n) {
  if (parent->last)
    parent->last->next = n;
  else
    parent->first = n;
  parent->last = n;
  parent->count++;
}

static int take_key(struct building *b, struct node *map, struct node *key) {
  char shown[SHOWN_MAX];
  if (key->kind != NODE_TEXT)
    return document_complain(b->document, key, "a key must be plain text");
  for (const struct node *m = map->first; m; m = m->next)
    if (slice_equal(m->key->text, key->text))
      return document_complain(b->document, key, "key '%s' is given twice; first on line %u",
                               slice_shown(key->text, shown), m->key->line);
  if (map->count >= DOCUMENT_MAX_KEYS)
    return document_complain(b->document, key, "more than %d keys in one place", DOCUMENT_MAX_KEYS);
  b->key[b->depth - 1] = key;
  return 0;
}

/* Puts a finished scalar or a just opened map or list where it belongs. */
static int place(struct building *b, struct node *n) {
  if (b->depth == 0) {
    b->root = n;
    return 0;
  }
  struct node *parent = b->open[b->depth - 1];
  if (parent->kind == NODE_MAP) {
    if (!b->key[b->depth - 1])
      return take_key(b, parent, n);
    n->key = b->key[b->depth - 1];
    b->key[b->depth - 1] = NULL;
  }
  append(parent, n);
  return 0;
}

static int take_scalar(struct building *b, const yaml_event_t *e) {
  struct node *n = NULL;
  int r = node_new(b, NODE_TEXT, e, &n);
  if (r)
    return r;
  struct slice text = slice_of(e->data.scalar.value, e->data.scalar.length);
  n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  char *copy = arena_copy(b->arena, text);
  if (!copy)
    return complain_mark(b, &e->start_mark, ARENA_FULL);
  n->text = slice_of(copy, text.len);
  if (memchr(copy, '\0', text.len))
    return complain_mark(b, &e->start_mark, "a NUL character cannot be part of a value");
  return place(b, n);
}

static int take_open(struct building *b, const yaml_event_t *e, enum node_kind kind) {
  struct node *n = NULL;
  if (b->depth == DOCUMENT_MAX_DEPTH)
    return complain_mark(b, &e->start_mark, "nested deeper than %d levels", DOCUMENT_MAX_DEPTH);
  int r = node_new(b, kind, e, &n);
  if (r)
    return r;
  if (b->depth && b->open[b->depth - 1]->kind == NODE_MAP && !b->key[b->depth - 1])
    return complain_mark(b, &e->start_mark, "a key must be plain text");
  r = place(b, n);
  b->open[b->depth] = n;
  b->key[b->depth] = NULL;
  b->depth++;
  return r;
}

static int take_event(struct building *b, const yaml_event_t *e) {
  static const char no_alias[] = "aliases and anchors are not allowed; write the value out (a text that begins with "
                                 "'*' or '&' needs quotes)";
  static const char no_tag[] = "tags are not allowed; a text that begins with '!' needs quotes";
  switch (e->type) {
  case YAML_DOCUMENT_START_EVENT:
    return b->documents++ ? complain_mark(b, &e->start_mark, "only one document is allowed in the file") : 0;
  case YAML_ALIAS_EVENT:
    return complain_mark(b, &e->start_mark, no_alias);
  case YAML_SCALAR_EVENT:
    if (e->data.scalar.anchor || e->data.scalar.tag)
      return complain_mark(b, &e->start_mark, "%s", e->data.scalar.anchor ? no_alias : no_tag);
    return take_scalar(b, e);
  case YAML_SEQUENCE_START_EVENT:
    if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
      return complain_mark(b, &e->start_mark, "%s", e->data.sequence_start.anchor ? no_alias : no_tag);
    return take_open(b, e, NODE_LIST);
  case YAML_MAPPING_START_EVENT:
    if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
      return complain_mark(b, &e->start_mark, "%s", e->data.mapping_start.anchor ? no_alias : no_tag);
    return take_open(b, e, NODE_MAP);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    assert(b->depth > 0);
    b->depth--;
    return 0;
  default:
    return 0;
  }
}

static int build(struct building *b, struct slice yaml) {
  for (bool more = true; more;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&b->parser, &event))
      return complain_yaml(b, yaml);
    int r = take_event(b, &event);
    more = event.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (r)
      return r;
  }
  return 0;
}

/* A document of nothing but comments is an empty map, so that an empty file means "all defaults". */
static int finish(struct building *b) {
  if (!b->root || node_is_null(b->root)) {
    struct node *empty = arena_zalloc(b->arena, sizeof(*empty));
    if (!empty)
      return document_complain(b->document, NULL, ARENA_FULL);
    *empty = (struct node){.kind = NODE_MAP, .line = 1, .column = 1, .depth = 1};
    b->root = empty;
  }
  if (b->root->kind != NODE_MAP)
    return document_complain(b->document, b->root, "the document must be made of 'key: value' lines");
  b->document->root = b->root;
  return 0;
}

/* ---- directives ("%YAML 1.2"): of no use here, and libyaml's time with many of them grows with their square. A few may stand
 * there, and as few lines of a text that begin alike: which they are only a parser can tell. */

#define DIRECTIVES_MOST 16

static bool ends_line(struct slice before) {
  static const struct slice breaks[] = {{"\n", 1}, {"\r", 1}, {"\xc2\x85", 2}, {"\xe2\x80\xa8", 3}, {"\xe2\x80\xa9", 3},
                                        {"\xef\xbb\xbf", 3}}; /* libyaml's, and the mark at the beginning */
  for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
    if (before.len >= breaks[i].len && memcmp(before.at + before.len - breaks[i].len, breaks[i].at, breaks[i].len) == 0)
      return true;
  return before.len == 0;
}

static int refuse_directives(const struct document *d, struct slice yaml) {
  unsigned line = 1, found = 0;
  const char *counted = yaml.at, *at = yaml.len ? memchr(yaml.at, '%', yaml.len) : NULL;
  for (; at; at = memchr(at + 1, '%', yaml.len - (size_t)(at + 1 - yaml.at))) {
    for (; counted < at; counted++)
      line += *counted == '\n';
    const struct node here = {.line = line, .column = 1};
    if (ends_line(slice_of(yaml.at, (size_t)(at - yaml.at))) && ++found > DIRECTIVES_MOST)
      return document_complain(d, &here, "more than %d lines begin with '%%', as YAML's directives do", DIRECTIVES_MOST);
  }
  return 0;
}

int document_read(struct slice yaml, struct arena *a, struct document *ret) {
  struct building b = {.arena = a, .document = ret};
  if (yaml.len > DOCUMENT_MAX_BYTES)
    return document_complain(ret, NULL, "larger than 1MiB (%zu bytes)", yaml.len);
  int r = refuse_directives(ret, yaml);
  if (r)
    return r;
  if (!yaml_parser_initialize(&b.parser))
    return document_complain(ret, NULL, "out of memory");
  yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&b.parser, (const unsigned char *)(yaml.len ? yaml.at : ""), yaml.len);
  r = build(&b, yaml);
  yaml_parser_delete(&b.parser);
  return r ? r : finish(&b);
}

/* ---- looking into it */

const struct node *node_member(const struct node *map, const char *key) {
  if (!map || map->kind != NODE_MAP)
    return NULL;
  for (const struct node *m = map->first; m; m = m->next)
    if (slice_equal(m->key->text, slice_text(key)))
      return m;
  return NULL;
}

bool node_is_null(const struct node *n) {
  return n->kind == NODE_TEXT && n->plain &&
         (n->text.len == 0 || slice_equal(n->text, SLICE("~")) || slice_equal(n->text, SLICE("null")));
}

const char *slice_shown(struct slice s, char ret[SHOWN_MAX]) {
  size_t len = s.len < 60 ? s.len : 60;
  while (len < s.len && len > 0 && ((unsigned char)s.at[len] & 0xC0) == 0x80)
    len--; /* not inside a character */
  for (size_t i = 0; i < len; i++)
    ret[i] = (unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7F ? '?' : s.at[i];
  memcpy(ret + len, len < s.len ? "…" : "", len < s.len ? sizeof("…") : 1);
  return ret;
}
