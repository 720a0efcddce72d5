/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages a customer sees: server-rendered HTML without any script (WF-01), WCAG 2.2 AA (WF-40). Everything that
 * comes from outside or from the configuration goes through page_escape(). Pure. Each adds a whole document to `b`,
 * whose ceiling the caller checks.
 */
#ifndef WEBFORM_PAGE_H
#define WEBFORM_PAGE_H

#include "config/config.h"
#include "normalise.h"
#include "posted.h"
#include "words.h"

struct page_form {
  const struct channel_config *channel;
  const struct posted *posted;       /* what to show again */
  const struct form_error *errors;
  size_t error_count;
  enum word notice;                  /* WORD_NONE: none */
  const char *notice_argument;
  const char *token;
};

void page_form(struct buf *b, const struct page_form *form);
void page_thanks(struct buf *b, const struct channel_config *channel, const char *reference);
/* A heading, a sentence. */
void page_plain(struct buf *b, const struct words *words, enum word title, enum word text);

/* Content-Security-Policy: nothing but our one style sheet; framed only by the channel's origins (NULL: by nobody). */
void page_policy(struct buf *b, const struct channel_config *channel);
/* Safe as the text of an element and as a quoted attribute. */
void page_escape(struct buf *b, struct slice text);
/* The style sheet, lent for ever. */
struct slice page_style(void);

#endif
