/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/confirm_marks.h"

enum { MARKS_PER_KEEP = 64 };

static size_t place(const struct confirm_marks *m, size_t index) {
  return (m->head + index) % CONFIRM_MARKS;
}

void confirm_marks_init(struct confirm_marks *m, int64_t keep_ms, int64_t now_ms, uint64_t upto) {
  *m = (struct confirm_marks){.keep_ms = keep_ms};
  confirm_marks_add(m, now_ms, upto);
}

void confirm_marks_add(struct confirm_marks *m, int64_t now_ms, uint64_t upto) {
  while (m->count && m->marks[place(m, m->count - 1)].at_ms > now_ms) /* the clock was set back */
    m->count--;
  m->last_ms = now_ms;
  size_t newest = m->count ? place(m, m->count - 1) : 0;
  if (m->count && m->marks[newest].at_ms == now_ms) {
    m->marks[newest].upto = upto;
    return;
  }
  if (m->count && now_ms - m->marks[newest].at_ms < m->keep_ms / MARKS_PER_KEEP)
    return;
  if (m->count == CONFIRM_MARKS) {
    m->head = place(m, 1);
    m->count--;
  }
  size_t at = place(m, m->count++);
  m->marks[at].at_ms = now_ms;
  m->marks[at].upto = upto;
}

uint64_t confirm_marks_before(const struct confirm_marks *m, int64_t since_ms) {
  for (size_t i = m->count; i > 0; i--)
    if (m->marks[place(m, i - 1)].at_ms < since_ms)
      return m->marks[place(m, i - 1)].upto;
  return 0;
}

uint64_t confirm_marks_old(const struct confirm_marks *m) {
  return confirm_marks_before(m, m->last_ms - m->keep_ms + 1);
}
