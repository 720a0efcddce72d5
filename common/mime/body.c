/* SPDX-License-Identifier: Apache-2.0 */
/* A multipart that is a part of an alternative may offer one kind only; the lists that are NULL keep the other out. */
#include "mime/body.h"
#include "base/buf.h"
#include "mime/body_text.h"
#include "text/html.h"
#include "text/utf8.h"

struct part_list {
  struct mail_part **parts;
  size_t count, room;
};

/* NULL lists as in RFC 8621: inside an alternative, a part of one kind says nothing about the other. */
struct lists {
  struct part_list *text, *html;
};

struct sorting {
  struct reading *reading;
  struct part_list attachments;
};

static void add(struct reading *r, struct part_list *list, struct mail_part *p) {
  if (!list)
    return;
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 8;
    struct mail_part **more = reading_alloc(r, room * sizeof(struct mail_part *));
    if (!more)
      return;
    if (list->count)
      memcpy(more, list->parts, list->count * sizeof(struct mail_part *));
    list->parts = more;
    list->room = room;
  }
  list->parts[list->count++] = p;
}

static void add_range(struct reading *r, struct part_list *to, const struct part_list *from, size_t start) {
  for (size_t i = start, end = from->count; i < end; i++)
    add(r, to, from->parts[i]);
}

static bool is_text(const struct mail_part *p) {
  return strcmp(p->type, "text/plain") == 0;
}

static bool is_html(const struct mail_part *p) {
  return strcmp(p->type, "text/html") == 0;
}

static void sort_parts(struct sorting *s, struct mail_part *first, const char *kind, bool in_alternative,
                       struct lists lists) {
  size_t text_before = lists.text ? lists.text->count : 0, html_before = lists.html ? lists.html->count : 0;
  bool alternative = strcmp(kind, "multipart/alternative") == 0, related = strcmp(kind, "multipart/related") == 0;
  struct lists now = lists;
  for (struct mail_part *p = first; p; p = p->next) {
    bool is_inline = p->place != PLACE_ATTACHMENT && (is_text(p) || is_html(p)) &&
                     (p == first || (!related && !*p->name));
    if (part_is(p, "multipart/")) {
      sort_parts(s, p->first, p->type, in_alternative || strcmp(p->type, "multipart/alternative") == 0, now);
      continue;
    }
    if (!is_inline) {
      add(s->reading, &s->attachments, p);
      continue;
    }
    if (alternative) {
      add(s->reading, is_text(p) ? now.text : now.html, p);
      continue;
    }
    if (in_alternative && is_text(p))
      now.html = NULL;
    if (in_alternative && is_html(p))
      now.text = NULL;
    add(s->reading, now.text, p);
    add(s->reading, now.html, p);
  }
  if (alternative && lists.text && lists.html) {
    size_t text_after = lists.text->count, html_after = lists.html->count;
    if (text_after == text_before && html_after != html_before)
      add_range(s->reading, lists.text, lists.html, html_before);
    if (html_after == html_before && text_after != text_before)
      add_range(s->reading, lists.html, lists.text, text_before);
  }
}

void body_attach(struct reading *r, struct mail_body *body, const struct body_attachment *attachment) {
  if (body->attachment_count == body->attachment_room) {
    size_t room = body->attachment_room ? 2 * body->attachment_room : 8;
    struct body_attachment *more = reading_alloc(r, room * sizeof(*more));
    if (!more)
      return;
    if (body->attachment_count)
      memcpy(more, body->attachments, body->attachment_count * sizeof(*more));
    body->attachments = more;
    body->attachment_room = room;
  }
  body->attachments[body->attachment_count++] = *attachment;
}

static void attach_part(struct reading *r, struct mail_body *body, const struct mail_part *p) {
  const struct body_attachment attachment = {
      .type = p->type,
      .name = p->name,
      .content_id = p->content_id,
      .bytes = transfer_decode(r, p->encoding, p->content),
      .place = p->place,
  };
  body_attach(r, body, &attachment);
}

/* The text of a part that is shown; what cannot be shown, or not all of it, is an attachment as well. */
static struct slice read_text(struct reading *r, struct mail_body *body, struct mail_part *p, bool attach) {
  bool binary;
  struct slice text = body_text_decode(r, p, is_html(p), &binary);
  bool cut = p->content.len > BODY_PART_MAX;
  if (binary)
    reading_warn(r, "text-is-binary");
  if (cut)
    reading_warn(r, "text-cut");
  if (attach && (binary || cut))
    attach_part(r, body, p);
  return text;
}

static struct slice html_text(struct reading *r, struct slice html) {
  auto_clean(buf_free) struct buf out = BUF_INIT(BODY_PART_MAX);
  if (html_to_text(html, &out) != 0)
    reading_warn(r, "text-cut");
  struct slice text = buf_slice(&out);
  text.len = utf8_cut(text, text.len);
  return slice_text(reading_text(r, text));
}

static struct slice trim_end(struct slice s) {
  while (s.len && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
    s.len--;
  return s;
}

static void append(struct reading *r, struct slice *to, struct slice more, const char *between) {
  size_t gap = to->len && more.len ? strlen(between) : 0;
  if (!more.len)
    return;
  if (!to->len) {
    *to = more;
    return;
  }
  char *out = reading_alloc(r, to->len + gap + more.len + 1);
  if (!out)
    return;
  memcpy(out, to->at, to->len);
  memcpy(out + to->len, between, gap);
  memcpy(out + to->len + gap, more.at, more.len);
  out[to->len + gap + more.len] = '\0';
  *to = slice_of(out, to->len + gap + more.len);
}

static struct slice plain_text(struct reading *r, struct mail_body *body, struct mail_part *p) {
  struct slice text = read_text(r, body, p, true);
  text = body_text_take_files(r, text, body);
  return p->flowed ? body_text_unflow(r, text, p->delete_space) : text;
}

static void read_all_text(struct reading *r, struct mail_body *body, const struct part_list *text) {
  for (size_t i = 0; i < text->count && !r->failed; i++) {
    struct mail_part *p = text->parts[i];
    if (body->text.len > BODY_PART_MAX) {
      reading_warn(r, "text-cut");
      attach_part(r, body, p);
      continue;
    }
    struct slice piece = is_html(p) ? html_text(r, read_text(r, body, p, false)) : plain_text(r, body, p);
    body->from_html |= is_html(p);
    append(r, &body->text, trim_end(piece), "\n\n");
  }
}

/* Plain text between parts of HTML, as Apple's Mail sends around pictures. */
static struct slice escape(struct reading *r, struct slice text) {
  char *out = text.len ? reading_alloc(r, 5 * text.len + 16) : NULL;
  size_t len = 0;
  if (!out)
    return slice_of("", 0);
  memcpy(out, "<pre>", 5);
  len = 5;
  for (size_t i = 0; i < text.len; i++) {
    const char *entity = text.at[i] == '<' ? "&lt;" : text.at[i] == '&' ? "&amp;" : NULL;
    if (entity) {
      memcpy(out + len, entity, strlen(entity));
      len += strlen(entity);
    } else {
      out[len++] = text.at[i];
    }
  }
  memcpy(out + len, "</pre>", 6);
  return slice_of(out, len + 6);
}

static void read_all_html(struct reading *r, struct mail_body *body, const struct part_list *html) {
  bool any = false, binary;
  for (size_t i = 0; i < html->count; i++)
    any |= is_html(html->parts[i]);
  for (size_t i = 0; any && i < html->count && !r->failed; i++) {
    struct mail_part *p = html->parts[i];
    if (body->html.len > BODY_PART_MAX) {
      reading_warn(r, "text-cut");
      attach_part(r, body, p);
      continue;
    }
    struct slice piece = is_html(p) ? read_text(r, body, p, true) : body_text_decode(r, p, false, &binary);
    append(r, &body->html, is_html(p) ? piece : escape(r, trim_end(piece)), "\n");
  }
}

static void read_calendar(struct reading *r, struct mail_body *body) {
  for (size_t i = 0; i < body->attachment_count && !body->text.len; i++)
    if (strcmp(body->attachments[i].type, "text/calendar") == 0)
      body->text = trim_end(body_text_of_calendar(r, body->attachments[i].bytes));
}

void body_read(struct reading *r, struct mail_part *root, struct mail_body *ret) {
  struct sorting s = {.reading = r};
  struct part_list text = {0}, html = {0};
  *ret = (struct mail_body){.text = {"", 0}, .html = {"", 0}};
  if (!root)
    return;
  sort_parts(&s, root, "multipart/mixed", false, (struct lists){&text, &html});
  read_all_text(r, ret, &text);
  read_all_html(r, ret, &html);
  for (size_t i = 0; i < s.attachments.count && !r->failed; i++)
    attach_part(r, ret, s.attachments.parts[i]);
  if (!ret->text.len && ret->html.len) { /* an alternative whose plain half is blank */
    ret->text = trim_end(html_text(r, ret->html));
    ret->from_html = true;
  }
  if (!ret->text.len)
    read_calendar(r, ret);
}

bool body_shows(struct slice html, const char *content_id) {
  size_t len = strlen(content_id);
  struct slice rest = html;
  while (len && rest.len) {
    const char *hit = memmem(rest.at, rest.len, "cid:", 4);
    if (!hit)
      return false;
    rest = slice_of(hit + 4, rest.len - (size_t)(hit + 4 - rest.at));
    if (rest.len >= len && memcmp(rest.at, content_id, len) == 0 &&
        (rest.len == len || strchr("\"'> )&\t\n", rest.at[len])))
      return true;
  }
  return false;
}
