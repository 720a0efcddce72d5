/* SPDX-License-Identifier: Apache-2.0 */
/* Where links and images of a mail may lead (SE-20): an allow-list of schemes, and one form that no two programs read
 * differently. Inside common/text only. Pure. */
#ifndef TEXT_HTML_URL_H
#define TEXT_HTML_URL_H

#include "base/slice.h"

enum { HTML_URL_MAX = 8000, HTML_DATA_IMAGE_MAX = 256 * 1024 };

enum html_image_source {
  HTML_IMAGE_NONE,      /* nothing that may be shown: relative, file:, javascript: … */
  HTML_IMAGE_REMOTE,    /* http, https: it would tell that the mail is read */
  HTML_IMAGE_CID,       /* a part of this mail (RFC 2392) */
  HTML_IMAGE_DATA,      /* a picture in the URL itself */
  HTML_IMAGE_TOO_LARGE, /* the same, above HTML_DATA_IMAGE_MAX */
};

/* An attribute as written to an http, https, mailto or tel URL in `ret`, of HTML_URL_MAX bytes, with no white space,
 * control, quote or angle bracket. "//host" is https. Returns the length, 0 for what may not stay. */
size_t html_url_link(struct slice value, char *ret);
/* The same for images: for REMOTE the URL, for CID the id (no scheme, percent decoded). DATA is written in
 * html_url_data(). */
enum html_image_source html_url_image(struct slice value, char *ret, size_t *ret_len);
/* An id as html_url_image() gives it; 0 when it is none. */
size_t html_url_cid(struct slice value, char *ret);
/* The next piece of a DATA image's URL: all pieces one behind the other are the URL in one form. false at the end. */
bool html_url_data(struct slice *rest, struct slice *ret);

#endif
