/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/command.h"
#include "imap/mailbox_name.h"
#include "imap/words.h"
#include <inttypes.h>

#define DAY_MS (24 * 60 * 60 * 1000LL)

void imap_quoted_write(struct slice text, struct buf *ret) {
  buf_add_char(ret, '"');
  for (size_t i = 0; i < text.len; i++) {
    const char c = text.at[i];
    if (c == '"' || c == '\\')
      buf_add_char(ret, '\\');
    buf_add_char(ret, c >= ' ' && c <= '~' ? c : '?');
  }
  buf_add_char(ret, '"');
}

int imap_folder_write(struct slice name, struct buf *ret) {
  auto_clean(buf_free) struct buf wire = BUF_INIT(IMAP_FOLDER_MAX);
  if (!name.len || mailbox_name_encode(name, &wire))
    return -EINVAL;
  imap_quoted_write(buf_slice(&wire), ret);
  return ret->full ? -EINVAL : 0;
}

bool imap_flag_valid(struct slice flag) {
  if (flag.len && flag.at[0] == '\\')
    flag = slice_of(flag.at + 1, flag.len - 1);
  if (!flag.len || flag.len > IMAP_FLAG_MAX)
    return false;
  for (size_t i = 0; i < flag.len; i++)
    if (flag.at[i] <= ' ' || flag.at[i] > '~' || strchr("(){%*\"\\]", flag.at[i]))
      return false;
  return true;
}

void imap_search_write(const struct imap_search *search, bool esearch, struct buf *ret) {
  buf_add_text(ret, esearch ? "UID SEARCH RETURN (ALL)" : "UID SEARCH");
  if (search->first > 1 || search->last) {
    buf_printf(ret, " UID %" PRIu32 ":", search->first ? search->first : 1);
    if (search->last)
      buf_printf(ret, "%" PRIu32, search->last);
    else
      buf_add_char(ret, '*');
  } else if (!search->since_ms) {
    buf_add_text(ret, " ALL");
  }
  if (search->since_ms) {
    char day[16];
    imap_day_write(search->since_ms - DAY_MS, day);
    buf_printf(ret, " SINCE %s", day);
  }
}
