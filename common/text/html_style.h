/* SPDX-License-Identifier: Apache-2.0 */
/* Style attributes: reading their declarations, and keeping those that are on the allow-list (html_style.def). Inside
 * common/text only. Pure. */
#ifndef TEXT_HTML_STYLE_H
#define TEXT_HTML_STYLE_H

#include "base/slice.h"

enum {
  HTML_STYLE_MAX = 4000,  /* bytes of one attribute that are looked at */
  HTML_STYLE_SPARE = 40,  /* a value in its one form may be so much longer than as written */
};

/* The next declaration of a style whose character references are decoded; both trimmed, as written. Returns false at
 * the end. Linear over all calls. */
bool html_style_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value);
/* Writes what may stay of a decoded style in one form, "name:value;name:value", with no character that needs escaping
 * inside double quotes. `ret` has HTML_STYLE_MAX bytes. Returns the length, at most that. Twice is the same as once. */
size_t html_style_clean(struct slice style, char *ret);
/* A list of font names alone, in the same form; `ret` has value.len + HTML_STYLE_SPARE bytes. 0 when it is none. */
size_t html_style_family(struct slice value, char *ret);
/* A colour as CSS or HTML writes it to 0xRRGGBB: #rgb, #rrggbb, rgb(), black, white. Returns false for any other. */
bool html_style_colour(struct slice value, uint32_t *ret);
/* A single length in CSS pixels; percent and lengths by the font are no such thing, but nought of anything is. */
bool html_style_pixels(struct slice value, double *ret);

#endif
