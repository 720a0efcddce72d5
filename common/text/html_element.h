/* SPDX-License-Identifier: Apache-2.0 */
/* What each HTML element means for plain text. Inside common/text only. Pure. */
#ifndef TEXT_HTML_ELEMENT_H
#define TEXT_HTML_ELEMENT_H

#include "base/slice.h"

enum html_flag {
  HTML_BLOCK = 1 << 0,     /* starts and ends on a line of its own */
  HTML_SPACED = 1 << 1,    /* … with a blank line around it */
  HTML_VOID = 1 << 2,      /* has no end tag */
  HTML_DROPPED = 1 << 3,   /* its content is not text */
  HTML_RAW = 1 << 4,       /* only its own end tag ends it */
  HTML_ALONE = 1 << 5,     /* its own kind cannot be open directly inside it: <p>, <li>, <td> */
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
  HTML_HEAD = 1 << 16,     /* ended by the first block, closed or not */
  HTML_PARAGRAPH = 1 << 17, /* the same */
  HTML_ROW = 1 << 18,
};

struct html_element {
  const char *name;
  unsigned flags;
};

/* Any case; never NULL: an unknown element is text running on. Known ones are the same pointer each time. */
const struct html_element *html_element_find(struct slice name);

#endif
