/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML of a mail to HTML that may be shown to an agent (SE-20): an allow-list of elements (html_elements.def),
 * attributes (html_attributes.def) and style properties (html_style.def). Nothing of the input is copied; what was
 * understood is written anew, in one form: a fragment with every element closed, every value in double quotes, every
 * special character escaped, no element that could make a parser read it otherwise. It is still to be shown in a
 * sandboxed frame under a policy that loads nothing: two walls, not one.
 *
 * What it writes beside HTML:
 *   data-quote       on what an earlier mail is in (html_quote.h): "words", "attribution", "message", "rest"
 *   data-remote-src  an image that would be fetched; there is no src, so it is not (images of 3 pixels at most, which
 *                    count readers, are gone)
 *   data-cid         an image that is a part of the mail: its Content-ID, without <> (MI-17)
 *   data-dropped     "too-large": an image in a data: URL above 256 KiB
 * Links open elsewhere: target="_blank" rel="noopener noreferrer nofollow".
 *
 * Style sheets are dropped whole, not reduced: their rules reach whatever page they stand in, to judge them is a second
 * language with its own traps, and senders do without, since large mail programs ignore them. What is lost by it is put
 * back for the one case that is everywhere: paragraphs of Word and Outlook keep their margins of nought.
 *
 * Linear time, no recursion. Elements nested deeper than 256 lose their tags, not their words. Cleaning twice is the
 * same as cleaning once. Pure.
 */
#ifndef TEXT_HTML_CLEAN_H
#define TEXT_HTML_CLEAN_H

#include "base/buf.h"

enum {
  HTML_CLEAN_FACTOR = 10, /* the output is at most so many times the input: "<p>" of Word gets margins and an end tag */
  HTML_CLEAN_LEAST = 64,  /* … and this */
};

struct html_clean_notes {
  size_t remote_images, dropped_images;
};

/* UTF-8 in (mended if it is not clean), clean UTF-8 out, appended to `ret` and capped by its ceiling: BUF_FULL, and
 * what fits is there, well-formed. Returns 0, BUF_FULL, -ENOMEM. */
int html_clean(struct slice html, struct buf *ret, struct html_clean_notes *ret_notes);

#endif
