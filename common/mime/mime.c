/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the top of a mail to its event. Structure, fields, words and wrappings are read by the files beside this one,
 * each bounded and without recursion an outsider can drive.
 */
#include "mime/mime.h"
#include "base/digest.h"
#include "base/encode.h"
#include "mime/address_list.h"
#include "mime/attachment_name.h"
#include "mime/body.h"
#include "mime/charset.h"
#include "mime/date.h"
#include "mime/encoded_word.h"
#include "mime/spans.h"
#include "mime/judge.h"
#include "mime/thread.h"
#include "text/utf8.h"

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define OLDEST_MS 315532800000LL /* 1980: no mail is older, broken clocks are */

enum { SUBJECT_MAX = 2000, RAW_FROM_MAX = 1000, ENVELOPE_MAX = 1000, LANGUAGE_MAX = 35 };

void mime_start(void) {
  charset_open_all();
}

static struct slice cut(struct slice s, size_t most) {
  s.len = utf8_cut(s, most);
  return s;
}

static char *cut_line(struct reading *r, const char *line, size_t most) {
  struct slice s = slice_text(line);
  return s.len > most ? reading_copy(r, cut(s, most)) : (char *)(uintptr_t)line;
}

static char *join_lines(struct reading *r, const char *a, const char *between, const char *b) {
  char *joined = arena_printf(r->arena, "%s%s%s", a, between, b);
  r->failed |= !joined;
  return joined ? joined : reading_copy(r, slice_of("", 0));
}

/* MI-13: subjects that differ are joined. */
static char *read_subject(struct reading *r, const struct mail_header *h) {
  char *subject = reading_copy(r, slice_of("", 0));
  for (const struct mail_field *f = NULL; (f = header_find(h, "Subject", f)) && strlen(subject) < SUBJECT_MAX;) {
    char *one = encoded_word_decode(r, header_unfold(r, f->value));
    if (!*one || strstr(subject, one))
      continue;
    if (*subject)
      reading_warn(r, "field-repeated");
    subject = *subject ? join_lines(r, subject, " / ", one) : one;
  }
  return cut_line(r, subject, SUBJECT_MAX);
}

/* AD-08: the first mailbox is the identity; the raw text has them all. */
static event_party *read_from(struct reading *r, const struct mail_header *h) {
  struct address_list list = {0};
  char *raw = reading_copy(r, slice_of("", 0));
  size_t fields = 0;
  for (const struct mail_field *f = NULL; (f = header_find(h, "From", f)) && fields < 8; fields++) {
    struct slice value = header_unfold(r, f->value);
    char *line = reading_line(r, charset_to_utf8(r, SLICE("utf-8"), value));
    raw = fields ? join_lines(r, raw, ", ", line) : line;
    address_list_read(r, value, &list);
  }
  event_party *from = list.count ? list.parties[0] : event_party_new(r->arena);
  r->failed |= !from;
  if (!from)
    return NULL;
  if (list.count > 1)
    reading_warn(r, "from-several");
  if (!*from->address)
    reading_warn(r, fields ? "from-invalid" : "from-missing");
  from->raw = cut_line(r, raw, RAW_FROM_MAX);
  from->name = cut_line(r, from->name, RAW_FROM_MAX);
  return from;
}

static void read_recipients(struct reading *r, const struct mail_header *h, contact_event *e) {
  static const char *const names[] = {"To", "Cc"};
  struct address_list list = {0};
  for (size_t i = 0; i < 2; i++)
    for (const struct mail_field *f = NULL; (f = header_find(h, names[i], f));)
      address_list_read(r, header_unfold(r, f->value), &list);
  for (size_t i = 0; i < list.count; i++) {
    list.parties[i]->raw = cut_line(r, list.parties[i]->raw, RAW_FROM_MAX);
    list.parties[i]->name = cut_line(r, list.parties[i]->name, RAW_FROM_MAX);
  }
  e->to = list.parties;
  e->n_to = list.count;
}

/* MI-25. A clock that is a day ahead is a broken one. */
static int64_t read_date(struct reading *r, const struct mail_header *h, int64_t received_ms) {
  struct slice value = header_value(r, h, "Date");
  int64_t ms = 0;
  if (date_read(value, &ms) && ms >= OLDEST_MS && (!received_ms || ms <= received_ms + DAY_MS))
    return ms;
  reading_warn(r, value.len ? "date-invalid" : "date-missing");
  return 0;
}

static bool is_tag_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* The first tag of Content-Language, when it looks like one (BCP 47). */
static char *read_language(struct reading *r, const struct mail_header *h) {
  struct slice value = header_value(r, h, "Content-Language");
  size_t len = 0;
  while (len < value.len && is_tag_character(value.at[len]))
    len++;
  bool ended = len == value.len || strchr(" ,;(", value.at[len]);
  return reading_copy(r, slice_of(value.at, ended && len >= 2 && len <= LANGUAGE_MAX ? len : 0));
}

/* --- blobs --- */

static event_blob *add_blob(struct reading *r, struct mime_result *ret, struct slice bytes) {
  struct mime_blob blob = {.bytes = bytes};
  sha256(bytes, blob.sha256);
  size_t i = 0;
  while (i < ret->blob_count && memcmp(ret->blobs[i].sha256, blob.sha256, sizeof(blob.sha256)) != 0)
    i++;
  if (i == ret->blob_count)
    ret->blobs[ret->blob_count++] = blob;
  event_blob *named = event_blob_new(r->arena, blob.sha256, bytes.len);
  r->failed |= !named;
  return named;
}

static event_attachment *new_attachment(struct reading *r, const struct body_attachment *from, event_blob *blob) {
  event_attachment *to = reading_alloc(r, sizeof(*to));
  if (!to)
    return NULL;
  deskbell__v1__attachment__init(to);
  to->type = (char *)(uintptr_t)from->type;
  to->content_id = (char *)(uintptr_t)from->content_id;
  to->blob = blob;
  return to;
}

/* "subject.eml" tells an agent more than "message.eml". */
static const char *name_of(struct reading *r, const struct body_attachment *a) {
  if (*a->name || !a->subject || !*a->subject)
    return a->name;
  char *subject = reading_copy(r, slice_text(a->subject));
  for (char *c = subject; *c; c++)
    if (*c == '/' || *c == '\\')
      *c = '-';
  return join_lines(r, cut_line(r, subject, ATTACHMENT_NAME_MAX / 2), "", ".eml");
}

static void set_attachments(struct reading *r, const struct mail_body *body, contact_event *e,
                            struct mime_result *ret) {
  size_t count = body->attachment_count;
  e->attachments = reading_alloc(r, (count + 1) * sizeof(*e->attachments));
  char **names = reading_alloc(r, (count + 1) * sizeof(*names));
  for (size_t i = 0; i < count && names && e->attachments && !r->failed; i++) {
    const struct body_attachment *a = &body->attachments[i];
    event_attachment *to = new_attachment(r, a, add_blob(r, ret, a->bytes));
    if (!to)
      return;
    to->name = attachment_name_unique(r, attachment_name_clean(r, name_of(r, a), a->type), names, i);
    to->inline_part = a->shown;
    names[i] = to->name;
    e->attachments[e->n_attachments++] = to;
  }
}

/* --- what deserves to be said about the whole --- */

static void warn_about_types(struct reading *r, const struct mail_part *p) {
  static const struct {
    const char *type, *warning;
  } rows[] = {
      {"multipart/signed", "signed-unverified"},
      {"multipart/encrypted", "encrypted"},
      {"message/partial", "message-partial"},
      {"message/external-body", "message-external-body"},
  };
  for (; p; p = p->next) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
      if (strcmp(p->type, rows[i].type) == 0)
        reading_warn(r, rows[i].warning);
    warn_about_types(r, p->first); /* at most PART_DEPTH_MAX deep */
  }
}

static void set_warnings(struct reading *r, contact_event *e) {
  size_t count = r->warning_count + (r->replaced > 0);
  e->warnings = count ? reading_alloc(r, count * sizeof(*e->warnings)) : NULL;
  for (size_t i = 0; e->warnings && i < r->warning_count; i++)
    e->warnings[e->n_warnings++] = (char *)(uintptr_t)r->warnings[i];
  char *errors = r->replaced ? arena_printf(r->arena, "decode-errors: %zu", r->replaced) : NULL;
  r->failed |= r->replaced && !errors;
  if (errors && e->warnings)
    e->warnings[e->n_warnings++] = errors;
}

/* Everything that is known before the mail is understood; shared with the quarantine entry. */
static contact_event *start_event(struct reading *r, struct slice raw, const struct mime_envelope *envelope,
                                  struct event_id *ret_id, struct slice *ret_message_id) {
  contact_event *e = event_new(r->arena);
  uint8_t digest[SHA256_BYTES];
  char id[EVENT_ID_LEN + 1], hex[HEX_LEN(SHA256_BYTES) + 1];
  if (!e) {
    r->failed = true;
    return NULL;
  }
  mime_digest(raw, envelope, digest, ret_message_id);
  *ret_id = event_id_make(envelope->channel, SLICE("message"), *ret_message_id, slice_of(digest, sizeof(digest)));
  event_id_text(ret_id, id);
  hex_encode(digest, sizeof(digest), hex);
  e->id = reading_copy(r, slice_text(id));
  e->channel = reading_line(r, envelope->channel);
  e->channel_kind = (char *)(uintptr_t) "email";
  e->source_id = ret_message_id->len ? reading_line(r, *ret_message_id) : join_lines(r, "digest:", hex, "");
  e->received_at_ms = envelope->received_ms;
  e->signature = (char *)(uintptr_t) "lmtp";
  e->envelope_from = envelope->null_path ? reading_copy(r, SLICE("<>"))
                                         : reading_line(r, cut(envelope->mail_from, ENVELOPE_MAX));
  return e;
}

static void set_body(struct reading *r, struct mail_part *root, contact_event *e, struct mime_result *ret) {
  struct mail_body body;
  body_read(r, root, &body);
  ret->blobs = reading_alloc(r, (body.attachment_count + 2) * sizeof(*ret->blobs));
  if (!ret->blobs)
    return;
  e->text = reading_copy(r, cut(body.text, EVENT_TEXT_MAX));
  if (body.text.len > EVENT_TEXT_MAX)
    e->text_blob = add_blob(r, ret, body.text);
  spans_set(r, &body, e);
  struct slice html = body_clean_html(r, body.html);
  if (html.len)
    e->html = add_blob(r, ret, html);
  e->calendar = body.calendar.event;
  set_attachments(r, &body, e, ret);
}

/* MI-13: what RFC 5322 3.6 allows once and two of which say different things. */
static void warn_about_repeated(struct reading *r, const struct mail_header *h) {
  static const char *const once[] = {"Date", "Message-ID", "To", "Cc", "Reply-To", "Sender"};
  for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
    const struct mail_field *one = header_find(h, once[i], NULL), *other = one ? header_find(h, once[i], one) : NULL;
    if (other && !slice_equal(slice_trim(one->value), slice_trim(other->value)))
      reading_warn(r, "field-repeated");
  }
}

static void set_header(struct reading *r, const struct mail_header *h, const struct mime_envelope *envelope,
                       struct slice message_id, contact_event *e) {
  warn_about_repeated(r, h);
  e->from = read_from(r, h);
  read_recipients(r, h, e);
  e->subject = read_subject(r, h);
  e->occurred_at_ms = read_date(r, h, envelope->received_ms);
  e->language = read_language(r, h);
  e->thread = reading_alloc(r, sizeof(*e->thread));
  if (e->thread)
    thread_read(r, h, message_id, envelope->reply_token, e->to, e->n_to, e->subject, e->thread);
}

static bool is_blank(struct slice raw) {
  for (size_t i = 0; i < raw.len; i++)
    if ((uint8_t)raw.at[i] > ' ')
      return false;
  return true;
}

int mime_to_event(struct slice raw, const struct mime_envelope *envelope, struct arena *a, struct mime_result *ret,
                  const char **ret_why) {
  struct reading r = {.arena = a};
  struct mime_result result = {0};
  struct mail_header h;
  struct slice message_id;
  if (is_blank(raw)) {
    *ret_why = "empty";
    return MIME_UNREADABLE;
  }
  contact_event *e = start_event(&r, raw, envelope, &result.id, &message_id);
  if (!e)
    return -ENOMEM;
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  header_read(&r, mail_start(raw), &h);
  if (h.count == 0)
    reading_warn(&r, "header-missing");
  struct mail_part *root = part_read(&r, &h); /* first, since parts say what set raw fields may be in (MI-06) */
  set_header(&r, &h, envelope, message_id, e);
  warn_about_types(&r, root);
  set_body(&r, root, e, &result);
  judge(&r, &h, root, envelope, e);
  set_warnings(&r, e);
  if (r.failed)
    return -ENOMEM;
  result.event = e;
  *ret = result;
  return 0;
}

void mime_result_free(struct mime_result *r) {
  *r = (struct mime_result){0}; /* all of it is in the arena or in the mail's own bytes */
}

contact_event *mime_quarantine(struct arena *a, struct slice raw, const struct mime_envelope *envelope,
                               const char *reason, const char *detail) {
  struct reading r = {.arena = a};
  struct event_id id;
  struct slice message_id;
  contact_event *e = start_event(&r, raw, envelope, &id, &message_id);
  Deskbell__V1__QuarantineReason *why = reading_alloc(&r, sizeof(*why));
  if (!e || !why)
    return NULL;
  e->kind = DESKBELL__V1__EVENT_KIND__QUARANTINE;
  deskbell__v1__quarantine_reason__init(why);
  why->reason = reading_line(&r, slice_text(reason));
  why->detail = reading_line(&r, slice_text(detail));
  e->quarantine = why;
  return r.failed ? NULL : e;
}
