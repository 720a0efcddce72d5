/* SPDX-License-Identifier: Apache-2.0 */
/* Character references of HTML. Inside common/text only. Pure. */
#ifndef TEXT_HTML_ENTITY_H
#define TEXT_HTML_ENTITY_H

#include "base/slice.h"

/* Reads the reference at the start of `s`, which begins with '&'. Returns how many bytes it takes and the
 * character, 0 when it is a plain '&'. In an attribute a name without ';' before a letter, digit or '=' is not a
 * reference: "?a=1&copy=2". */
size_t html_entity_read(struct slice s, bool in_attribute, uint32_t *ret_character);
/* Writes the UTF-8 of a character, 1 to 4 bytes. */
size_t html_entity_utf8(uint32_t character, char ret[4]);

#endif
