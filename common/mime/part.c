/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each multipart is cut at the lines of its own boundary only, and its parts are read within what was cut: so an
 * inner part that is never closed ends with its parent, and no boundary of an attached mail can end a part of this
 * one. Reading again at every level costs at most PART_DEPTH_MAX times the mail.
 */
#include "mime/part.h"
#include "mime/part_field.h"
#include "mime/smime.h"
#include "mime/tnef.h"

enum { BOUNDARY_MAX = 1000, TNEF_TEXT_MAX = 4 * 1024 * 1024 };

struct tree {
  struct reading *reading;
  size_t count;
};

bool part_is(const struct mail_part *p, const char *prefix) {
  return strncmp(p->type, prefix, strlen(prefix)) == 0;
}

static struct mail_part *new_part(struct tree *t) {
  t->count++;
  return reading_zalloc(t->reading, sizeof(struct mail_part));
}

/* --- delimiter lines --- */

struct delimiter {
  size_t at, next; /* the line and the line after it */
  bool close;
};

static size_t line_end(struct slice s, size_t from) {
  while (from < s.len && s.at[from] != '\n' && s.at[from] != '\r')
    from++;
  return from;
}

static size_t skip_line_end(struct slice s, size_t at) {
  at += at < s.len && s.at[at] == '\r';
  return at + (at < s.len && s.at[at] == '\n');
}

/* The next line at or behind `from` that is "--" boundary, or that and "--", but for blanks behind it. */
static bool find_delimiter(struct slice s, size_t from, struct slice boundary, struct delimiter *ret) {
  while (from < s.len) {
    const char *hit = memchr(s.at + from, '-', s.len - from);
    if (!hit)
      return false;
    size_t at = (size_t)(hit - s.at), name = at + 2;
    bool starts_line = at == 0 || s.at[at - 1] == '\n' || s.at[at - 1] == '\r';
    for (from = at + 1; from < s.len && s.at[from] == '-';)
      from++;
    if (!starts_line || from - at < 2 || s.len - name < boundary.len ||
        memcmp(s.at + name, boundary.at, boundary.len) != 0)
      continue;
    size_t end = name + boundary.len;
    bool close = s.len - end >= 2 && s.at[end] == '-' && s.at[end + 1] == '-';
    end += close ? 2 : 0;
    while (end < s.len && (s.at[end] == ' ' || s.at[end] == '\t'))
      end++;
    if (end < s.len && s.at[end] != '\n' && s.at[end] != '\r')
      continue;
    *ret = (struct delimiter){at, skip_line_end(s, end), close};
    return true;
  }
  return false;
}

/* The line end before a delimiter is the delimiter's. */
static struct slice cut_part(struct slice s, size_t from, size_t to) {
  if (to > from && s.at[to - 1] == '\n')
    to--;
  if (to > from && s.at[to - 1] == '\r')
    to--;
  return slice_of(s.at + from, to - from);
}

/* A multipart that does not say its boundary: the first line that looks like one. */
static struct slice guess_boundary(struct slice s) {
  for (size_t at = 0; at < s.len;) {
    size_t end = line_end(s, at);
    struct slice line = slice_trim(slice_of(s.at + at, end - at));
    if (line.len > 4 && line.len < BOUNDARY_MAX && line.at[0] == '-' && line.at[1] == '-' && line.at[2] != '-')
      return slice_of(line.at + 2, line.len - 2);
    at = skip_line_end(s, end);
  }
  return slice_of("", 0);
}

/* --- the tree --- */

static struct mail_part *read_entity(struct tree *t, struct slice raw, const char *preset, bool first, unsigned depth);

static struct mail_part *rest_as_leaf(struct tree *t, struct slice rest, const char *warning) {
  struct mail_part *leaf = new_part(t);
  reading_warn(t->reading, warning);
  if (leaf)
    *leaf = (struct mail_part){.type = "application/octet-stream", .name = "rest-of-mail.eml", .content_id = "",
                               .location = "", .report_type = "", .smime_type = "", .method = "",
                               .place = PLACE_ATTACHMENT, .content = rest};
  return leaf;
}

/* An inner multipart that reuses its parent's boundary closes them both; what the parent still has is not lost. */
static bool goes_on(struct tree *t, struct slice body, struct slice boundary, struct delimiter *at) {
  while (at->close)
    if (!find_delimiter(body, at->next, boundary, at))
      return false;
  reading_warn(t->reading, "boundary-reused");
  return true;
}

/* The first delimiter is missing: a preamble has no fields. */
static bool begins_with_field(struct slice preamble) {
  struct header_scan s;
  struct mail_field field;
  header_scan_start(&s, preamble);
  return header_scan_next(&s, &field) && slice_starts_nocase(field.name, SLICE("Content-"));
}

/* False when the boundary is nowhere. */
static bool read_children(struct tree *t, struct mail_part *p, struct slice body, struct slice boundary,
                          unsigned depth) {
  const char *preset = strcmp(p->type, "multipart/digest") == 0 ? "message/rfc822" : "text/plain";
  struct mail_part **link = &p->first;
  struct delimiter open, close;
  if (!boundary.len || boundary.len > BOUNDARY_MAX || !find_delimiter(body, 0, boundary, &open))
    return false;
  if (open.close && !goes_on(t, body, boundary, &open))
    return false;
  if (begins_with_field(slice_of(body.at, open.at)) &&
      (*link = read_entity(t, cut_part(body, 0, open.at), preset, true, depth + 1))) {
    reading_warn(t->reading, "boundary-missing");
    link = &(*link)->next;
  }
  while (!t->reading->failed) {
    bool found = find_delimiter(body, open.next, boundary, &close);
    if (!found)
      reading_warn(t->reading, "part-not-closed");
    size_t end = found ? close.at : body.len;
    if (t->count >= PART_COUNT_MAX) {
      *link = rest_as_leaf(t, slice_of(body.at + open.at, body.len - open.at), "too-many-parts");
      break;
    }
    struct slice raw = found ? cut_part(body, open.next, end) : slice_of(body.at + open.next, end - open.next);
    if (raw.len && (*link = read_entity(t, raw, preset, link == &p->first, depth + 1)))
      link = &(*link)->next;
    if (!found || (close.close && !goes_on(t, body, boundary, &close)))
      break;
    open = close;
  }
  return true;
}

/* A multipart without parts: what stands before the place where they end is the mail, or what stands behind it. */
static bool read_around(struct tree *t, struct mail_part *p, struct slice body, struct slice boundary) {
  struct delimiter at;
  if (!boundary.len || boundary.len > BOUNDARY_MAX || !find_delimiter(body, 0, boundary, &at))
    return false;
  struct slice before = cut_part(body, 0, at.at), behind = slice_of(body.at + at.next, body.len - at.next);
  reading_warn(t->reading, "parts-missing");
  p->type = "text/plain";
  while (behind.len && (behind.at[0] == '\n' || behind.at[0] == '\r'))
    behind = slice_of(behind.at + 1, behind.len - 1);
  p->content = slice_trim(before).len ? before : behind;
  return true;
}

static void read_multipart(struct tree *t, struct mail_part *p, struct slice boundary, unsigned depth) {
  struct slice body = p->content;
  if (read_children(t, p, body, boundary, depth) || read_around(t, p, body, boundary))
    return;
  if (p->encoding != TRANSFER_IDENTITY) { /* not allowed, and done */
    body = transfer_decode(t->reading, p->encoding, body);
    if (read_children(t, p, body, boundary, depth))
      return;
  }
  struct slice guessed = guess_boundary(body);
  reading_warn(t->reading, "boundary-missing");
  if (guessed.len && read_children(t, p, body, guessed, depth))
    return;
  p->type = "text/plain"; /* what was written is at least read */
}

/* --- wrappings --- */

static bool name_ends(const struct mail_part *p, const char *end) {
  size_t len = strlen(p->name), end_len = strlen(end);
  return len >= end_len && strcasecmp(p->name + len - end_len, end) == 0;
}

static bool is_untyped(const struct mail_part *p) {
  return strcmp(p->type, "application/octet-stream") == 0;
}

static bool is_smime(const struct mail_part *p) {
  return strcmp(p->type, "application/pkcs7-mime") == 0 || strcmp(p->type, "application/x-pkcs7-mime") == 0 ||
         (is_untyped(p) && name_ends(p, ".p7m"));
}

static bool is_tnef(const struct mail_part *p) {
  return strcmp(p->type, TNEF_TYPE) == 0 || strcmp(p->type, "application/vnd.ms-tnef") == 0 ||
         (is_untyped(p) && name_ends(p, "winmail.dat"));
}

/* Decoded once, whoever wants it afterwards. */
static struct slice decoded(struct tree *t, struct mail_part *p) {
  p->content = transfer_decode(t->reading, p->encoding, p->content);
  p->encoding = TRANSFER_IDENTITY;
  return p->content;
}

static void open_smime(struct tree *t, struct mail_part *p, unsigned depth) {
  struct slice inner;
  switch (smime_open(t->reading, decoded(t, p), &inner)) {
  case SMIME_SIGNED:
    p->type = "multipart/signed";
    p->first = read_entity(t, inner, "text/plain", true, depth + 1);
    break;
  case SMIME_ENCRYPTED:
    reading_warn(t->reading, "encrypted");
    break;
  case SMIME_COMPRESSED:
    reading_warn(t->reading, "smime-compressed");
    break;
  case SMIME_BROKEN:
    reading_warn(t->reading, "smime-broken");
    break;
  case SMIME_DETACHED:
    break;
  }
}

static void open_tnef(struct tree *t, struct mail_part *p, bool inside, unsigned depth);

/* NULL when there is no room for another part. */
static struct mail_part *add_leaf(struct tree *t, struct mail_part ***link, const char *type, struct slice content) {
  struct mail_part *leaf = t->count < PART_COUNT_MAX ? new_part(t) : NULL;
  if (!leaf)
    return NULL;
  *leaf = (struct mail_part){.type = type, .name = "", .content_id = "", .location = "", .report_type = "",
                             .smime_type = "", .method = "", .charset = SLICE("utf-8"), .content = content};
  **link = leaf;
  *link = &leaf->next;
  return leaf;
}

/* A message inside is kept, since it is more than its files; its text is not this mail's. */
static void add_tnef_files(struct tree *t, struct mail_part *p, const struct tnef *tnef, struct mail_part **link,
                           unsigned depth) {
  for (size_t i = 0; i < tnef->file_count; i++) {
    const struct tnef_file *file = &tnef->files[i];
    struct mail_part *leaf = add_leaf(t, &link, file->type, file->bytes);
    if (!leaf) {
      p->kept = true;
      return;
    }
    leaf->name = file->name;
    leaf->content_id = file->content_id;
    leaf->place = PLACE_ATTACHMENT;
    if (depth < PART_DEPTH_MAX && strcmp(leaf->type, TNEF_TYPE) == 0)
      open_tnef(t, leaf, true, depth + 1);
    leaf->kept = true;
  }
}

static void open_tnef(struct tree *t, struct mail_part *p, bool inside, unsigned depth) {
  struct tnef tnef;
  struct mail_part **link = &p->first, *leaf;
  reading_warn(t->reading, "tnef");
  if (!tnef_read(t->reading, decoded(t, p), TNEF_TEXT_MAX, &tnef)) {
    reading_warn(t->reading, "tnef-broken");
    return;
  }
  if (!tnef.whole)
    reading_warn(t->reading, "tnef-broken");
  p->kept = !tnef.whole || tnef.special;
  if (!inside && tnef.text.len && (leaf = add_leaf(t, &link, "text/plain", tnef.text)))
    leaf->spare = true;
  if (!inside && tnef.html.len && (leaf = add_leaf(t, &link, "text/html", tnef.html)))
    leaf->spare = true;
  add_tnef_files(t, p, &tnef, link, depth);
}

static struct mail_part *read_with_header(struct tree *t, const struct mail_header *h, const char *preset, bool first,
                                          unsigned depth) {
  struct mail_part *p = new_part(t);
  struct slice boundary;
  if (!p)
    return NULL;
  part_fields_read(t->reading, h, preset, first, p, &boundary);
  p->content = h->body;
  if (part_is(p, "multipart/"))
    read_multipart(t, p, boundary, depth);
  else if (is_smime(p))
    open_smime(t, p, depth);
  else if (is_tnef(p))
    open_tnef(t, p, false, depth);
  return p;
}

static struct mail_part *read_entity(struct tree *t, struct slice raw, const char *preset, bool first, unsigned depth) {
  struct mail_header h;
  if (depth > PART_DEPTH_MAX)
    return rest_as_leaf(t, raw, "too-deep");
  header_read(t->reading, raw, &h);
  return t->reading->failed ? NULL : read_with_header(t, &h, preset, first, depth);
}

struct mail_part *part_read(struct reading *r, const struct mail_header *h) {
  struct tree t = {.reading = r};
  return r->failed ? NULL : read_with_header(&t, h, "text/plain", true, 1);
}
