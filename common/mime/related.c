/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the HTML collects what it refers to; one more for each location, of which few are looked at. */
#include "mime/related.h"
#include "base/buf.h"
#include "base/encode.h"

enum { REFERENCE_MAX = 512, HITS_MAX = 5000, REPLACED_MAX = 100000 };

struct references {
  struct slice ids[RELATED_SHOWN_MAX];
  size_t count;
};

static bool has(const struct references *refs, struct slice id) {
  for (size_t i = 0; i < refs->count; i++)
    if (slice_equal(refs->ids[i], id))
      return true;
  return false;
}

/* A URL is escaped, a Content-ID is not (RFC 2392 2). */
static struct slice unescape(struct reading *r, struct slice id) {
  if (!memchr(id.at, '%', id.len))
    return id;
  auto_clean(buf_free) struct buf plain = BUF_INIT(REFERENCE_MAX);
  if (percent_decode(id, false, &plain) != 0)
    return id;
  return slice_of(reading_copy(r, buf_slice(&plain)), r->failed ? 0 : plain.len);
}

static bool ends_reference(char c) {
  return (uint8_t)c <= ' ' || c == '"' || c == '\'' || c == '>' || c == '<' || c == ')' || c == '&';
}

static void find_references(struct reading *r, struct slice html, struct references *refs) {
  struct slice rest = html;
  refs->count = 0;
  for (size_t hits = 0; rest.len && hits < HITS_MAX && refs->count < RELATED_SHOWN_MAX; hits++) {
    const char *hit = memmem(rest.at, rest.len, "cid:", 4);
    if (!hit)
      return;
    rest = slice_of(hit + 4, rest.len - (size_t)(hit + 4 - rest.at));
    size_t len = 0;
    while (len < rest.len && len < REFERENCE_MAX && !ends_reference(rest.at[len]))
      len++;
    struct slice id = len && len < REFERENCE_MAX ? unescape(r, slice_of(rest.at, len)) : slice_of("", 0);
    if (id.len && !has(refs, id))
      refs->ids[refs->count++] = id;
  }
}

/* Every "location" between quotes becomes "cid:id". False when there is none. *left: how many places may still be
 * looked at. */
static bool replace(struct slice html, struct slice location, const char *id, size_t *left, struct buf *out) {
  struct slice rest = html;
  bool any = false;
  buf_clear(out);
  for (const char *hit; rest.len && *left && (hit = memmem(rest.at, rest.len, location.at, location.len));) {
    (*left)--;
    const char *behind = hit + location.len, *end = rest.at + rest.len;
    bool quoted = hit > html.at && behind < end && (*behind == '"' || *behind == '\'') && hit[-1] == *behind;
    buf_add_slice(out, slice_of(rest.at, (size_t)((quoted ? hit : behind) - rest.at)));
    if (quoted)
      buf_printf(out, "cid:%s", id);
    any |= quoted;
    rest = slice_of(behind, (size_t)(end - behind));
  }
  buf_add_slice(out, rest);
  return any && !out->full;
}

static void read_locations(struct reading *r, struct mail_body *body) {
  struct buf now = BUF_INIT(2 * BODY_PART_MAX), next = BUF_INIT(2 * BODY_PART_MAX);
  size_t looked = 0, left = REPLACED_MAX;
  for (size_t i = 0; i < body->attachment_count && looked < RELATED_LOCATIONS_MAX && !r->failed; i++) {
    struct body_attachment *a = &body->attachments[i];
    if (!a->part || !*a->location)
      continue;
    looked++;
    const char *id = *a->content_id ? a->content_id : arena_printf(r->arena, "location-%zu", i + 1);
    r->failed |= !id;
    if (!id || !replace(now.len ? buf_slice(&now) : body->html, slice_text(a->location), id, &left, &next))
      continue;
    a->content_id = id;
    struct buf was = now;
    now = next;
    next = was;
  }
  if (now.len)
    body->html = slice_text(reading_copy(r, buf_slice(&now)));
  buf_free(&now);
  buf_free(&next);
}

void related_read(struct reading *r, struct mail_body *body) {
  if (!body->html.len || !body->attachment_count)
    return;
  read_locations(r, body);
  struct references *refs = reading_alloc(r, sizeof(*refs));
  if (!refs)
    return;
  find_references(r, body->html, refs);
  for (size_t i = 0; i < body->attachment_count; i++) {
    struct body_attachment *a = &body->attachments[i];
    a->shown = *a->content_id && has(refs, slice_text(a->content_id));
  }
}
