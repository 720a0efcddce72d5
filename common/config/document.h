/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator's YAML document as a small tree in which every key and value knows its line and column, so that each
 * complaint can point at the place. Only what configuration needs: maps, lists and scalars.
 *
 * Refused, with a complaint: more than DOCUMENT_MAX_BYTES, nesting deeper than DOCUMENT_MAX_DEPTH, aliases, anchors
 * and tags, several documents, a key given twice, more than DOCUMENT_MAX_KEYS keys in one map or DOCUMENT_MAX_NODES
 * values in all. Scalars stay text: what "yes" or "010" means is decided by the setting that reads it.
 */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "base/arena.h"

#define DOCUMENT_MAX_BYTES (1024 * 1024)
#define DOCUMENT_MAX_DEPTH 16
#define DOCUMENT_MAX_NODES 200000
#define DOCUMENT_MAX_KEYS 256

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
  enum node_kind kind;
  bool plain;                /* an unquoted scalar */
  unsigned line, column;     /* 1-based */
  unsigned depth;            /* 1: the whole document */
  struct slice text;         /* NODE_TEXT; NUL-terminated */
  const struct node *key;    /* as a member of a map: its key */
  struct node *first, *last, *next;
  size_t count;              /* members or items */
};

/* The document a complaint is about. */
struct document {
  const char *name;          /* what complaints call it; borrowed */
  struct complaint *complaint; /* borrowed; may be NULL */
  const struct node *root;   /* a map, possibly empty; lives in the arena */
};

/* Reads `yaml` into `a`. `ret->name` and `ret->complaint` are set by the caller. Returns 0 or -EINVAL (complained). */
int must_check document_read(struct slice yaml, struct arena *a, struct document *ret);

/* The member `key` of a map, lent; NULL when absent or `map` is NULL or no map. */
const struct node *node_member(const struct node *map, const char *key);
/* A scalar that says nothing: empty, "~" or "null", unquoted. */
bool node_is_null(const struct node *n);

/* complain() at a node's place (NULL: the document as a whole). */
int document_complain(const struct document *d, const struct node *at, const char *format, ...) printf_like(3, 4);
/* A value as complaints show it: at most 60 bytes, control characters as '?'. */
#define SHOWN_MAX 80
const char *slice_shown(struct slice s, char ret[SHOWN_MAX]);
/* "unknown key 'x' in WHERE; did you mean 'y'? allowed: a, b, c". `allowed` has `count` names. */
int document_unknown_key(const struct document *d, const struct node *key, const char *where,
                         const char *const *allowed, size_t count);
/* The allowed name that differs from `text` by a slip of the pen; NULL when none is near. */
const char *nearest_name(struct slice text, const char *const *allowed, size_t count);

#endif
