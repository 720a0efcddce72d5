/* SPDX-License-Identifier: Apache-2.0 */
/* One start tag as the cleaner writes it: attributes judged by html_attributes.def. Inside common/text only. Pure. */
#ifndef TEXT_HTML_CLEAN_TAG_H
#define TEXT_HTML_CLEAN_TAG_H

#include "text/html_clean.h"
#include "text/html_look.h"

/* What a tag cannot know by itself. */
struct html_clean_place {
  bool tight;      /* a paragraph has no margins where it says none */
  bool introduced; /* the line before says who wrote what follows, so that a <blockquote> is his words */
};

/* Writes `<kept …>`. Additions that do not fit set out->full. */
void html_clean_tag(struct buf *out, const struct html_tag *tag, struct slice style,
                    const struct html_clean_place *place);
/* Whether an image has anything to show: a source that may stay, or words in its place. */
bool html_clean_shows(const struct html_tag *image, struct slice style, struct html_clean_notes *notes);
/* Whether a link leads where one may go. */
bool html_clean_leads(const struct html_tag *link);
/* Text as written to text in HTML: references decoded, then `&`, `<`, `>` escaped; what nobody sees and what is no
 * character of text left out. Stops where `out` is full. */
void html_clean_text(struct buf *out, struct slice text);

#endif
