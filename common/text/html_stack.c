/* SPDX-License-Identifier: Apache-2.0 */
/* Searches go down the stack, so they cost at most HTML_DEPTH_MAX steps for a tag; what they find is closed, so most
 * are paid for by what opened it. */
#include "text/html_stack.h"

enum { TABLE_PARTS = HTML_TABLE | HTML_SECTION | HTML_ROW | HTML_CELL };

uint32_t html_stack_name(struct slice name) {
  uint32_t hash = 2166136261u; /* FNV-1a; a clash closes the wrong element, no more */
  for (size_t i = 0; i < name.len; i++)
    hash = (hash ^ ((uint8_t)name.at[i] | 0x20)) * 16777619u;
  return hash ^ hash >> 16;
}

bool html_stack_push(struct html_stack *s, const struct html_element *element, uint32_t name) {
  if (s->depth == HTML_DEPTH_MAX) {
    s->overflow += element->flags != 0;
    return false;
  }
  s->by_name[name & 0xFF]++;
  s->open[s->depth] = element;
  s->name[s->depth++] = name;
  return true;
}

void html_stack_pop(struct html_stack *s) {
  s->by_name[s->name[--s->depth] & 0xFF]--;
}

/* Where the innermost part of a table stands, counted from 1; 0: nowhere. */
static size_t table_part(const struct html_stack *s, size_t below) {
  while (below && !(s->open[below - 1]->flags & TABLE_PARTS))
    below--;
  return below;
}

const struct html_element *html_stack_table_part(const struct html_stack *s) {
  size_t at = table_part(s, s->depth);
  return at ? s->open[at - 1] : NULL;
}

/* The parts of the same table that a new part ends: a cell ends a cell, a row cells and rows. A table inside a table
 * stands in a cell; where it does not, browsers end the outer one. */
static size_t at_table_start(const struct html_stack *s, unsigned flags) {
  unsigned ended = flags & HTML_CELL      ? HTML_CELL | HTML_CAPTION
                   : flags & HTML_ROW     ? HTML_CELL | HTML_CAPTION | HTML_ROW
                   : flags & HTML_SECTION ? HTML_CELL | HTML_ROW | HTML_SECTION
                                          : 0;
  size_t keep = s->depth, at = table_part(s, keep);
  if (flags & HTML_TABLE) {
    if (at && s->open[at - 1]->flags & HTML_CELL)
      return keep;
    while (at && !(s->open[at - 1]->flags & HTML_TABLE))
      at = table_part(s, at - 1);
    return at ? at - 1 : keep;
  }
  while (at && s->open[at - 1]->flags & ended) {
    keep = at - 1;
    at = table_part(s, keep);
  }
  return keep;
}

/* A paragraph ends at any block, <head> at what can be seen, <li> at the next <li>, a link at the next link. */
static bool ends(const struct html_element *top, const struct html_element *starting) {
  return (top == starting && starting->flags & HTML_ALONE) ||
         (top->flags & HTML_PARAGRAPH && starting->flags & HTML_BLOCK) ||
         (top->flags & HTML_HEAD && (starting->flags & HTML_BLOCK || starting->kept)) ||
         (top->flags & starting->flags & HTML_LINK);
}

size_t html_stack_at_start(const struct html_stack *s, const struct html_element *element) {
  size_t keep = element->flags & TABLE_PARTS ? at_table_start(s, element->flags) : s->depth;
  while (keep && ends(s->open[keep - 1], element))
    keep--;
  return keep;
}

size_t html_stack_at_end(struct html_stack *s, const struct html_element *element, uint32_t name) {
  if (s->overflow && element->flags) {
    s->overflow--;
    return s->depth;
  }
  if (!html_stack_may_have(s, name))
    return s->depth;
  unsigned walls = element->flags & HTML_TABLE   ? 0
                   : element->flags & TABLE_PARTS ? HTML_TABLE
                                                  : HTML_TABLE | HTML_CELL;
  for (size_t at = s->depth; at; at--) {
    if (s->name[at - 1] == name)
      return at - 1;
    if (s->open[at - 1]->flags & walls)
      break;
  }
  return s->depth;
}
