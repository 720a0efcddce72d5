/* SPDX-License-Identifier: Apache-2.0 */
/* What each HTML element means for plain text and for the cleaner (html_elements.def). Inside common/text only.
 * Pure. */
#ifndef TEXT_HTML_ELEMENT_H
#define TEXT_HTML_ELEMENT_H

#include "base/slice.h"

enum html_flag {
  HTML_BLOCK = 1 << 0,     /* starts and ends on a line of its own */
  HTML_SPACED = 1 << 1,    /* … with a blank line around it */
  HTML_VOID = 1 << 2,      /* has no end tag */
  HTML_DROPPED = 1 << 3,   /* its content is not text */
  HTML_RAW = 1 << 4,       /* only its own end tag ends it */
  HTML_ALONE = 1 << 5,     /* its own kind cannot be open directly inside it: <p>, <li>, <dd> */
  HTML_PRE = 1 << 6,
  HTML_QUOTE = 1 << 7,
  HTML_LIST = 1 << 8,
  HTML_ORDERED = 1 << 9,
  HTML_ITEM = 1 << 10,
  HTML_CELL = 1 << 11,
  HTML_LINK = 1 << 12,
  HTML_IMAGE = 1 << 13,
  HTML_BREAK = 1 << 14,
  HTML_RULE = 1 << 15,
  HTML_HEAD = 1 << 16,      /* ended by the first block, closed or not */
  HTML_PARAGRAPH = 1 << 17, /* the same */
  HTML_ROW = 1 << 18,
  HTML_TABLE = 1 << 19,
  HTML_SECTION = 1 << 20,   /* of a table: rows, columns, caption */
  HTML_COLUMN = 1 << 21,
  HTML_SHEET = 1 << 22,     /* style sheet */
  HTML_FOREIGN = 1 << 23,   /* another language inside, in which nothing is raw */
  HTML_CAPTION = 1 << 24,   /* a section that holds no rows: they end it */
};

/* Groups of elements for the allow-list of attributes. */
enum html_on {
  ON_ANY = 1 << 0,
  ON_LINK = 1 << 1,
  ON_IMAGE = 1 << 2,
  ON_TABLE = 1 << 3,
  ON_CELL = 1 << 4,
  ON_ROW = 1 << 5,
  ON_LIST = 1 << 6,
  ON_ITEM = 1 << 7,
  ON_FONT = 1 << 8,
  ON_BREAK = 1 << 9,
  ON_RULE = 1 << 10,
  ON_COLUMN = 1 << 11,
  ON_BLOCK = 1 << 12,
};

struct html_element {
  const char *name;
  unsigned flags;
  const char *kept; /* what the cleaner writes for it; NULL: nothing */
  unsigned on;
};

/* Any case; never NULL: an unknown element is text running on. Known ones are the same pointer each time. */
const struct html_element *html_element_find(struct slice name);

#endif
