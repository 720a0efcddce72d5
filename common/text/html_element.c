/* SPDX-License-Identifier: Apache-2.0 */
/* What has no row runs on in its line. */
#include "text/html_element.h"

enum { LONGEST_NAME = 10 };

#define BLOCK HTML_BLOCK
#define SPACED (HTML_BLOCK | HTML_SPACED)

static const struct html_element elements[] = {
#define ELEMENT(name, flags, kept, on) {name, flags, kept, on},
#include "text/html_elements.def"
#undef ELEMENT
};

static const struct html_element unknown = {"", 0, NULL, 0};

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
