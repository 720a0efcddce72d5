/* SPDX-License-Identifier: Apache-2.0 */
/* What a start tag says of how its content is seen: not at all, too small, in white on white, as it was typed. Inside
 * common/text only. Pure. */
#ifndef TEXT_HTML_LOOK_H
#define TEXT_HTML_LOOK_H

#include "text/html_tag.h"

/* What an element hands down to those in it, unless they say otherwise. */
enum html_inherited {
  HTML_TOO_SMALL = 1 << 0,  /* font-size 0 to 2 pixels: layout tables have it, with a real size further in */
  HTML_BLENDED = 1 << 1,    /* in the colour of its own background */
  HTML_INVISIBLE = 1 << 2,  /* visibility: hidden */
  HTML_AS_TYPED = 1 << 3,   /* white space counts: pre, pre-wrap, pre-line */
  HTML_SYMBOLS = 1 << 4,    /* in Wingdings or Symbol: letters are pictures */
  HTML_LIST_MARK = 1 << 5,  /* the mark that Word writes before an item */
  HTML_NO_MARK = 1 << 6,    /* list-style: none */
  HTML_UNSEEN = HTML_TOO_SMALL | HTML_BLENDED | HTML_INVISIBLE,
};

struct html_look {
  bool gone;          /* neither it nor anything in it is shown, whatever that says */
  unsigned on, off;   /* enum html_inherited */
  bool tight;         /* a paragraph without a blank line around it */
  bool spaced;        /* one whose margins are not nought */
  unsigned level;     /* of a list that Word writes in paragraphs, from 1; 0: it is no item of one */
  bool speck;         /* an image of 3 pixels at most each way: it counts who reads */
};

/* Reads `tag`, whose style attribute is given decoded (html_style.h). */
void html_look_read(const struct html_tag *tag, struct slice style, struct html_look *ret);
/* Decodes the style attribute into `ret`, of HTML_STYLE_MAX bytes. */
struct slice html_look_style(const struct html_tag *tag, char *ret);
/* Whether a style sheet takes away the margins of all paragraphs, as those of Outlook on the web do. Looks at its first
 * 64 KiB. */
bool html_look_sheet_is_tight(struct slice sheet);

#endif
