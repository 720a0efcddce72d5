/* SPDX-License-Identifier: Apache-2.0 */
/* One row per element, sorted for a binary search; what is not here runs on in its line. */
#include "text/html_element.h"

enum { LONGEST_NAME = 10 };

#define BLOCK HTML_BLOCK
#define SPACED (HTML_BLOCK | HTML_SPACED)

static const struct html_element elements[] = {
    {"a", HTML_LINK},
    {"address", BLOCK},
    {"applet", HTML_DROPPED},
    {"area", HTML_VOID},
    {"article", BLOCK},
    {"aside", BLOCK},
    {"audio", HTML_DROPPED},
    {"base", HTML_VOID},
    {"blockquote", SPACED | HTML_QUOTE},
    {"body", BLOCK},
    {"br", HTML_VOID | HTML_BREAK},
    {"canvas", HTML_DROPPED},
    {"caption", BLOCK},
    {"center", BLOCK},
    {"col", HTML_VOID},
    {"dd", BLOCK | HTML_ALONE},
    {"details", BLOCK},
    {"dir", BLOCK | HTML_LIST},
    {"div", BLOCK},
    {"dl", SPACED},
    {"dt", BLOCK | HTML_ALONE},
    {"embed", HTML_VOID},
    {"fieldset", BLOCK},
    {"figcaption", BLOCK},
    {"figure", BLOCK},
    {"footer", BLOCK},
    {"form", BLOCK},
    {"frame", HTML_VOID},
    {"h1", SPACED},
    {"h2", SPACED},
    {"h3", SPACED},
    {"h4", SPACED},
    {"h5", SPACED},
    {"h6", SPACED},
    {"head", HTML_HEAD | HTML_DROPPED},
    {"header", BLOCK},
    {"hr", BLOCK | HTML_VOID | HTML_RULE},
    {"html", BLOCK},
    {"iframe", HTML_RAW | HTML_DROPPED},
    {"img", HTML_VOID | HTML_IMAGE},
    {"input", HTML_VOID},
    {"legend", BLOCK},
    {"li", BLOCK | HTML_ITEM | HTML_ALONE},
    {"link", HTML_VOID},
    {"listing", SPACED | HTML_PRE},
    {"main", BLOCK},
    {"menu", BLOCK | HTML_LIST},
    {"meta", HTML_VOID},
    {"nav", BLOCK},
    {"noembed", HTML_RAW | HTML_DROPPED},
    {"object", HTML_DROPPED},
    {"ol", BLOCK | HTML_LIST | HTML_ORDERED},
    {"option", BLOCK | HTML_ALONE},
    {"p", SPACED | HTML_PARAGRAPH | HTML_ALONE},
    {"param", HTML_VOID},
    {"pre", SPACED | HTML_PRE},
    {"script", HTML_RAW | HTML_DROPPED},
    {"section", BLOCK},
    {"source", HTML_VOID},
    {"style", HTML_RAW | HTML_DROPPED},
    {"summary", BLOCK},
    {"svg", HTML_DROPPED},
    {"table", BLOCK},
    {"td", HTML_CELL | HTML_ALONE},
    {"template", HTML_DROPPED},
    {"th", HTML_CELL | HTML_ALONE},
    {"title", HTML_RAW | HTML_DROPPED},
    {"tr", BLOCK | HTML_ROW | HTML_ALONE},
    {"track", HTML_VOID},
    {"ul", BLOCK | HTML_LIST},
    {"video", HTML_DROPPED},
    {"wbr", HTML_VOID},
    {"xml", HTML_DROPPED},
    {"xmp", SPACED | HTML_PRE},
};

static const struct html_element unknown = {"", 0};

const struct html_element *html_element_find(struct slice name) {
  char lowered[LONGEST_NAME + 1];
  if (name.len > LONGEST_NAME)
    return &unknown;
  for (size_t i = 0; i < name.len; i++)
    lowered[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 0x20) : name.at[i];
  lowered[name.len] = '\0';
  size_t low = 0, high = sizeof(elements) / sizeof(elements[0]);
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(lowered, elements[middle].name);
    if (order == 0)
      return &elements[middle];
    if (order > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return &unknown;
}
