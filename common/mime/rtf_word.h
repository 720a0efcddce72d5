/* SPDX-License-Identifier: Apache-2.0 */
/* The control words of RTF that mean something to who only wants the words. Inside common/mime only. Pure. */
#ifndef MIME_RTF_WORD_H
#define MIME_RTF_WORD_H

#include "base/slice.h"

enum rtf_meaning {
  RTF_PLAIN_WORD,     /* its text, if it has one */
  RTF_CODE_PAGE,
  RTF_FONT_TABLE,
  RTF_FONT,
  RTF_FONT_SET,
  RTF_UNICODE,
  RTF_UNICODE_SKIP,
  RTF_HTML_TAG,
  RTF_NOT_HTML,
  RTF_SKIP,           /* what is in this group is no text */
};

struct rtf_word {
  struct slice name;
  enum rtf_meaning meaning;
  const char *text;
};

/* NULL when it means nothing here. */
const struct rtf_word *rtf_word_find(struct slice name);
/* The code page of a font's character set number; 0 for the document's. */
unsigned rtf_page_of_set(long set);

#endif
