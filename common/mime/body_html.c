/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "mime/body.h"
#include "text/html_clean.h"

struct slice body_clean_html(struct reading *r, struct slice html) {
  auto_clean(buf_free) struct buf out = BUF_INIT(BODY_PART_MAX);
  struct html_clean_notes notes = {0};
  int outcome = html_clean(html, &out, &notes);
  if (outcome == BUF_FULL)
    reading_warn(r, "html-cut");
  if (notes.dropped_images)
    reading_warn(r, "html-image-dropped");
  r->failed |= outcome < 0;
  return slice_text(reading_copy(r, buf_slice(&out)));
}
