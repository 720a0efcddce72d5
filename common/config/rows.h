/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of config_rows.def as a table: for each setting where it lives, how it is read, its default and its range.
 * Private to the module (and its tests).
 */
#ifndef CONFIG_ROWS_H
#define CONFIG_ROWS_H

#include "config/config.h"
#include "config/document.h"

#define CONFIG_MAX_CHANNELS 1000
#define CONFIG_MAX_MAILBOXES 100

enum row_type {
  /* texts: char * */
  ROW_TEXT, ROW_PROSE, ROW_PATH, ROW_NAME, ROW_LISTEN, ROW_LINK, ROW_REDIS, ROW_DOMAIN, ROW_URL, ROW_LANGUAGE,
  ROW_WORD, ROW_HOST, ROW_PIN, ROW_DATE, ROW_KEYWORD,
  /* lists of text: char ** and a size_t */
  ROW_PATHS, ROW_PEERS, ROW_ORIGINS, ROW_RECIPIENTS, ROW_NUMBERS, ROW_FOLDERS, ROW_FIELDS,
  /* numbers, in an integer of `width` bytes, a double, a bool, an enum */
  ROW_COUNT, ROW_DURATION, ROW_SIZE, ROW_DECIMAL, ROW_BOOL, ROW_CHOICE,
  ROW_TYPES
};

enum row_shape { SHAPE_TEXT, SHAPE_LIST, SHAPE_INTEGER, SHAPE_DECIMAL, SHAPE_BOOL, SHAPE_CHOICE };

struct row_form {
  enum row_shape shape;
  const char *called;              /* in the manual: "duration" */
  bool (*fits)(struct slice text); /* texts and items: NULL: any without control characters */
  const char *what;                /* the complaint: "is not host:port (port 0 picks one)" */
};

struct row {
  const char *section, *key;
  enum row_type type;
  unsigned kinds;                  /* channels: bit 1 << enum channel_kind; 0: any */
  size_t offset, count_offset, width;
  const char *fallback, *least, *most, *manual;
};

struct section {
  const char *name, *manual;
};

/* A section that is a list of maps, each a struct of its own. */
struct list_section {
  const char *name, *item;         /* "channels", "channel" */
  size_t most;
  size_t offset, count_offset;     /* in struct config: the array and its length */
  size_t size;                     /* of one struct */
  const char *kind;                /* the setting that decides what else an item may say; NULL: none does */
  const char *needs[4];            /* settings without which an item makes no sense */
};

extern const struct row config_rows[];
extern const size_t config_row_count;
extern const struct section config_sections[];
extern const size_t config_section_count;

/* Lends the list of that name; NULL: not a list. */
const struct list_section *list_section(const char *name);
/* Lends the n-th item of a list; NULL behind the last. */
void *list_item(const struct list_section *list, const struct config *c, size_t n);
/* The kind bit of an item, 0 in lists without kinds. */
unsigned list_item_kind(const struct list_section *list, const void *item);

const struct row_form *row_form(const struct row *row);
/* The row of `key` in `section` that applies to a channel of this kind (kind_bit 0: not a channel); lent or NULL. */
const struct row *row_find(const char *section, struct slice key, unsigned kind_bit);
/* Does the row apply? */
static inline bool row_applies(const struct row *row, const char *section, unsigned kind_bit) {
  return strcmp(row->section, section) == 0 && (row->kinds == 0 || (row->kinds & kind_bit));
}
/* Reads one scalar or list into `base`, freeing what was there. 0 or -EINVAL (complained at the node). */
int must_check row_read(const struct row *row, void *base, const struct node *value, const struct document *d);
/* Fills in the default, which is known to fit; a row of another kind of channel gets "" or 0. */
void row_default(const struct row *row, void *base, bool applies);
void row_free(const struct row *row, void *base);
/* Writes the value as YAML. */
void row_print(const struct row *row, const void *base, struct buf *ret);
/* The row's default, as YAML; its range in words ("1s to 1h", "" without one). */
void row_print_default(const struct row *row, struct buf *ret);
void row_print_range(const struct row *row, struct buf *ret);

/* Cross-checks of the whole and the effective values that follow from others; 0 or -EINVAL (complained). */
int must_check config_check(struct config *c, const struct document *d);
/* The sorted table of addresses (config_address.c). Complains about an address that is given twice. */
int must_check config_index_addresses(struct config *c, const struct document *d);
void config_index_free(struct config *c);
/* The node of `key` in the n-th item of a list; the item's own node when it has none. */
const struct node *item_node(const struct document *d, const char *list, size_t n, const char *key);
int must_check config_check_mailboxes(struct config *c, const struct document *d);

#endif
