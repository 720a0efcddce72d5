/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reporting program is ours, but it may be of another version or die within a line, so nothing is believed that is
 * not a whole, well-formed line.
 */
#include "report.h"

static void take_line(struct report *r, report_endpoint *endpoint, void *arg) {
  struct slice line = slice_of(r->line, r->len), word, name;
  if (slice_equal(line, SLICE("ready"))) {
    r->ready = true;
    return;
  }
  bool shaped = slice_split(&line, ' ', &word) && slice_equal(word, SLICE("endpoint")) &&
                slice_split(&line, ' ', &name) && name.len > 0 && line.len > 0 && !memchr(line.at, ' ', line.len);
  if (!shaped || memchr(r->line, '\0', r->len)) {
    r->bad++;
    return;
  }
  char name_text[REPORT_LINE_MAX + 1];
  memcpy(name_text, name.at, name.len);
  name_text[name.len] = '\0';
  r->line[r->len] = '\0';
  endpoint(arg, name_text, line.at);
}

int report_feed(struct report *r, struct slice bytes, report_endpoint *endpoint, void *arg) {
  for (size_t i = 0; i < bytes.len && !r->ready; i++) {
    if (bytes.at[i] != '\n') {
      if (r->len <= REPORT_LINE_MAX) /* one beyond marks the line as too long */
        r->len++;
      if (r->len <= REPORT_LINE_MAX)
        r->line[r->len - 1] = bytes.at[i];
      continue;
    }
    if (r->len > REPORT_LINE_MAX)
      r->bad++;
    else
      take_line(r, endpoint, arg);
    r->len = 0;
    if (r->ready)
      return REPORT_READY;
  }
  return 0;
}
