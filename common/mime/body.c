/* SPDX-License-Identifier: Apache-2.0 */
/* A multipart that is a part of an alternative may offer one kind only; the lists that are NULL keep the other out. */
#include "mime/body.h"
#include "base/buf.h"
#include "mime/attached_mail.h"
#include "mime/body_text.h"
#include "mime/related.h"
#include "text/html.h"
#include "text/utf8.h"

enum { CALENDARS_MAX = 10 }; /* that are looked into until there is an event */

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
  struct part_list attachments, spare;
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

/* What was in a TNEF, at most PART_DEPTH_MAX deep. */
static void sort_opened(struct sorting *s, struct mail_part *p) {
  for (struct mail_part *in = p->first; in; in = in->next) {
    if (in->first)
      sort_opened(s, in);
    else
      add(s->reading, in->spare ? &s->spare : &s->attachments, in);
  }
  if (p->kept)
    add(s->reading, &s->attachments, p);
}

static void sort_parts(struct sorting *s, struct mail_part *first, const char *kind, bool in_alternative,
                       struct lists lists) {
  size_t text_before = lists.text ? lists.text->count : 0, html_before = lists.html ? lists.html->count : 0;
  bool alternative = strcmp(kind, "multipart/alternative") == 0, related = strcmp(kind, "multipart/related") == 0;
  struct lists now = lists;
  for (struct mail_part *p = first; p; p = p->next) {
    bool is_inline = p->place != PLACE_ATTACHMENT && (is_text(p) || is_html(p)) &&
                     (p == first || (!related && !*p->name));
    p->returned = strcmp(kind, "multipart/report") == 0;
    if (part_is(p, "multipart/")) {
      sort_parts(s, p->first, p->type, in_alternative || strcmp(p->type, "multipart/alternative") == 0, now);
      continue;
    }
    if (p->first) {
      sort_opened(s, p);
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
  if (body->attachment_count == BODY_ATTACHMENTS_MAX) {
    reading_warn(r, "too-many-attachments");
    return;
  }
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
      .location = p->location,
      .bytes = transfer_decode(r, p->encoding, p->content),
      .part = p,
  };
  body_attach(r, body, &attachment);
}

/* --- texts --- */

/* The text of a part that is shown; what cannot be shown, or not all of it, is an attachment as well. */
static struct slice read_text(struct reading *r, struct mail_body *body, struct mail_part *p) {
  if (p->text_read)
    return p->text;
  struct body_text read = body_text_decode(r, p, is_html(p), body);
  if (read.binary)
    reading_warn(r, "text-is-binary");
  if (read.cut)
    reading_warn(r, "text-cut");
  if (read.binary || read.cut)
    attach_part(r, body, p);
  p->text = read.text;
  p->text_read = true;
  return p->text;
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

static struct slice plain_text(struct reading *r, struct mail_body *body, struct mail_part *p) {
  struct slice text = read_text(r, body, p);
  return p->flowed ? body_text_unflow(r, text, p->delete_space) : text;
}

static struct slice as_text(struct reading *r, struct mail_body *body, struct mail_part *p) {
  body->from_html |= is_html(p);
  return trim_end(is_html(p) ? html_text(r, read_text(r, body, p)) : plain_text(r, body, p));
}

/* Plain text between parts of HTML, as Apple's Mail sends around pictures. */
static struct slice as_html(struct reading *r, struct mail_body *body, struct mail_part *p) {
  struct slice text = read_text(r, body, p);
  return is_html(p) ? text : body_text_as_html(r, trim_end(text));
}

/* What the parts say, one after the other; joined once, since there may be a thousand. */
static struct slice read_all(struct reading *r, struct mail_body *body, const struct part_list *list,
                             struct slice (*read)(struct reading *, struct mail_body *, struct mail_part *),
                             const char *between) {
  struct slice *pieces = reading_alloc(r, (list->count + 1) * sizeof(*pieces));
  size_t count = 0, size = 1, gap = strlen(between);
  for (size_t i = 0; pieces && i < list->count && !r->failed; i++) {
    if (size > BODY_PART_MAX) {
      reading_warn(r, "text-cut");
      attach_part(r, body, list->parts[i]);
      continue;
    }
    struct slice piece = read(r, body, list->parts[i]);
    if (!piece.len)
      continue;
    pieces[count++] = piece;
    size += piece.len + gap;
  }
  if (count <= 1)
    return count && !r->failed ? pieces[0] : slice_of("", 0);
  char *out = reading_alloc(r, size);
  size_t len = 0;
  for (size_t i = 0; out && i < count; i++) {
    memcpy(out + len, between, i ? gap : 0);
    len += i ? gap : 0;
    memcpy(out + len, pieces[i].at, pieces[i].len);
    len += pieces[i].len;
  }
  return slice_of(out ? out : "", out ? len : 0);
}

static void read_all_html(struct reading *r, struct mail_body *body, const struct part_list *html) {
  bool any = false;
  for (size_t i = 0; i < html->count; i++)
    any |= is_html(html->parts[i]);
  if (any)
    body->html = read_all(r, body, html, as_html, "\n");
}

/* The two forms of a text that a TNEF has, when the mail has none of its own. */
static void read_spare(struct reading *r, struct mail_body *body, const struct part_list *spare) {
  for (size_t i = 0; i < spare->count; i++) {
    struct mail_part *p = spare->parts[i];
    if (is_html(p) && !body->html.len)
      body->html = read_text(r, body, p);
    if (!body->text.len)
      body->text = as_text(r, body, p);
  }
}

/* --- what is in attachments --- */

static void read_calendar(struct reading *r, struct mail_body *body) {
  size_t looked = 0;
  for (size_t i = 0; i < body->attachment_count && !body->calendar.event && looked < CALENDARS_MAX; i++) {
    const struct body_attachment *a = &body->attachments[i];
    if (!a->part || (strcmp(a->type, "text/calendar") != 0 && strcmp(a->type, "application/ics") != 0))
      continue;
    looked++;
    calendar_read(r, a->bytes, a->part->charset, a->part->method, &body->calendar);
  }
  if (!body->text.len && body->calendar.event)
    body->text = trim_end(slice_text(calendar_text(r, &body->calendar)));
}

/* MI-23: a line for each attached mail; the words of the first where the mail has none of its own. */
static void read_attached_mails(struct reading *r, struct mail_body *body) {
  struct slice lines = {"", 0}, words = {"", 0};
  size_t looked = 0, count = 0;
  for (size_t i = 0; i < body->attachment_count && !r->failed; i++) {
    struct body_attachment *a = &body->attachments[i];
    struct attached_mail mail;
    if (!a->part || !attached_mail_is(a->type) || looked == ATTACHED_MAILS_MAX)
      continue;
    looked++;
    attached_mail_read(r, a->bytes, &mail);
    a->subject = mail.subject;
    if (a->part->returned)
      continue; /* what a report is about, and not what is attached */
    body_text_append(r, &lines, slice_text(attached_mail_line(r, &mail)), "\n");
    if (count++ == 0 && !body->text.len)
      words = attached_mail_words(r, a->bytes);
  }
  body_text_append(r, &body->text, lines, "\n\n");
  body_text_append(r, &body->text, words, "\n\n");
}

/* A phone's words stand beside its pictures, as one of the things that a presentation shows (RFC 2387). */
static void read_related_texts(struct reading *r, struct mail_body *body, const struct part_list *attachments) {
  struct part_list texts = {0};
  for (size_t i = 0; i < attachments->count; i++)
    if (is_text(attachments->parts[i]) && attachments->parts[i]->place != PLACE_ATTACHMENT)
      add(r, &texts, attachments->parts[i]);
  if (texts.count)
    body->text = read_all(r, body, &texts, as_text, "\n\n");
}

/* Armour in a text (RFC 9580 6.2, 7). */
static void note_pgp(struct reading *r, struct slice text) {
  text = slice_trim(text);
  if (slice_starts_nocase(text, SLICE("-----BEGIN PGP MESSAGE-----")))
    reading_warn(r, "encrypted");
  if (slice_starts_nocase(text, SLICE("-----BEGIN PGP SIGNED MESSAGE-----")))
    reading_warn(r, "signed-unverified");
}

void body_read(struct reading *r, struct mail_part *root, struct mail_body *ret) {
  struct sorting s = {.reading = r};
  struct part_list text = {0}, html = {0};
  *ret = (struct mail_body){.text = {"", 0}, .html = {"", 0}};
  if (!root)
    return;
  sort_parts(&s, root, "multipart/mixed", false, (struct lists){&text, &html});
  ret->text = read_all(r, ret, &text, as_text, "\n\n");
  read_all_html(r, ret, &html);
  for (size_t i = 0; i < s.attachments.count && !r->failed; i++)
    attach_part(r, ret, s.attachments.parts[i]);
  if (!ret->text.len && ret->html.len) { /* an alternative whose plain half is blank */
    ret->text = trim_end(html_text(r, ret->html));
    ret->from_html = true;
  }
  if (!ret->text.len)
    read_spare(r, ret, &s.spare);
  if (!ret->text.len && !ret->html.len)
    read_related_texts(r, ret, &s.attachments);
  note_pgp(r, ret->text);
  read_calendar(r, ret);
  read_attached_mails(r, ret);
  related_read(r, ret);
}

struct slice body_words(struct reading *r, struct mail_part *root) {
  struct sorting s = {.reading = r};
  struct part_list text = {0}, html = {0};
  struct mail_body body = {.text = {"", 0}, .html = {"", 0}};
  if (!root)
    return body.text;
  sort_parts(&s, root, "multipart/mixed", false, (struct lists){&text, &html});
  return read_all(r, &body, &text, as_text, "\n\n");
}
