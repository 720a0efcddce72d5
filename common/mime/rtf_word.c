/* SPDX-License-Identifier: Apache-2.0 */
/* Tables. */
#include "mime/rtf_word.h"

#define WORD(name, meaning, text) {{name, sizeof(name) - 1}, RTF_##meaning, text}

static const struct rtf_word words[] = {
    WORD("par", PLAIN_WORD, "\n"),
    WORD("line", PLAIN_WORD, "\n"),
    WORD("sect", PLAIN_WORD, "\n"),
    WORD("page", PLAIN_WORD, "\n"),
    WORD("row", PLAIN_WORD, "\n"),
    WORD("cell", PLAIN_WORD, "\t"),
    WORD("tab", PLAIN_WORD, "\t"),
    WORD("emdash", PLAIN_WORD, "\xE2\x80\x94"),
    WORD("endash", PLAIN_WORD, "\xE2\x80\x93"),
    WORD("lquote", PLAIN_WORD, "\xE2\x80\x98"),
    WORD("rquote", PLAIN_WORD, "\xE2\x80\x99"),
    WORD("ldblquote", PLAIN_WORD, "\xE2\x80\x9C"),
    WORD("rdblquote", PLAIN_WORD, "\xE2\x80\x9D"),
    WORD("bullet", PLAIN_WORD, "\xE2\x80\xA2"),
    WORD("emspace", PLAIN_WORD, " "),
    WORD("enspace", PLAIN_WORD, " "),
    WORD("qmspace", PLAIN_WORD, " "),
    WORD("ansicpg", CODE_PAGE, NULL),
    WORD("fonttbl", FONT_TABLE, NULL),
    WORD("f", FONT, NULL),
    WORD("fcharset", FONT_SET, NULL),
    WORD("u", UNICODE, NULL),
    WORD("uc", UNICODE_SKIP, NULL),
    WORD("htmltag", HTML_TAG, NULL),
    WORD("htmlrtf", NOT_HTML, NULL),
    WORD("mhtmltag", SKIP, NULL),
    WORD("colortbl", SKIP, NULL),
    WORD("stylesheet", SKIP, NULL),
    WORD("info", SKIP, NULL),
    WORD("pict", SKIP, NULL),
    WORD("objdata", SKIP, NULL),
    WORD("header", SKIP, NULL),
    WORD("headerl", SKIP, NULL),
    WORD("headerr", SKIP, NULL),
    WORD("headerf", SKIP, NULL),
    WORD("footer", SKIP, NULL),
    WORD("footerl", SKIP, NULL),
    WORD("footerr", SKIP, NULL),
    WORD("footerf", SKIP, NULL),
    WORD("fldinst", SKIP, NULL),
    WORD("listtable", SKIP, NULL),
    WORD("listoverridetable", SKIP, NULL),
    WORD("themedata", SKIP, NULL),
    WORD("datastore", SKIP, NULL),
    WORD("latentstyles", SKIP, NULL),
    WORD("generator", SKIP, NULL),
};

static const struct {
  long set;
  unsigned page;
} font_sets[] = {
    {77, 10000}, {128, 932},  {129, 949},  {130, 1361}, {134, 936},  {136, 950},  {161, 1253},
    {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256}, {186, 1257}, {204, 1251}, {222, 874},
    {238, 1250}, {254, 437},  {255, 850},
};

const struct rtf_word *rtf_word_find(struct slice name) {
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (slice_equal(words[i].name, name))
      return &words[i];
  return NULL;
}

unsigned rtf_page_of_set(long set) {
  for (size_t i = 0; i < sizeof(font_sets) / sizeof(font_sets[0]); i++)
    if (font_sets[i].set == set)
      return font_sets[i].page;
  return 0;
}
