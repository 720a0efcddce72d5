/* SPDX-License-Identifier: Apache-2.0 */
#include "normalise.h"
#include "base/digest.h"
#include "base/encode.h"
#include "text/address.h"
#include "text/utf8.h"
#include "upload.h"

#define LINKS_MAX 5

/* Longest value of each field in characters; the text is what the customer is told. */
static const struct {
  enum posted_field field;
  size_t most;
  const char *told;
} longest[] = {
    {FIELD_NAME, 200, "200"},
    {FIELD_EMAIL, 320, "320"},
    {FIELD_PHONE, 50, "50"},
    {FIELD_SUBJECT, 300, "300"},
    {FIELD_MESSAGE, MESSAGE_MAX, "100000"},
    {FIELD_SUBMISSION, SOURCE_KEY_MAX, "200"},
};

static void add_error(struct checked *c, enum posted_field field, enum word text, const char *argument) {
  if (c->error_count < FORM_ERRORS_MAX)
    c->errors[c->error_count++] = (struct form_error){field, text, argument};
}

/* --- checks --- */

static size_t count_characters(const char *text) {
  size_t count = 0;
  for (; *text; text++)
    count += ((unsigned char)*text & 0xC0) != 0x80;
  return count;
}

static void check_shapes(const struct posted *p, struct checked *c) {
  for (size_t i = 0; i < FIELD_COUNT; i++) {
    if (p->not_text[i])
      add_error(c, (enum posted_field)i, i == FIELD_FILES ? WORD_NO_UPLOADS : WORD_NOT_TEXT, NULL);
  }
  if (p->not_text_extra)
    add_error(c, FIELD_COUNT, WORD_NOT_TEXT, NULL);
  if (p->extra_count > POSTED_EXTRA_MAX)
    add_error(c, FIELD_COUNT, WORD_TOO_MANY_FIELDS, "50");
  for (size_t i = 0; i < sizeof(longest) / sizeof(*longest); i++) {
    if (count_characters(p->value[longest[i].field]) > longest[i].most)
      add_error(c, longest[i].field, WORD_TOO_LONG, longest[i].told);
  }
}

static bool has_error(const struct checked *c, enum posted_field field) {
  for (size_t i = 0; i < c->error_count; i++) {
    if (c->errors[i].field == field)
      return true;
  }
  return false;
}

/* The e-mail address is how we answer when there is one; a wrong one is always asked for again, because it was meant.
 * A phone number beside it is the customer's note to the agent, in any form. */
static int check_contact(struct arena *a, const struct posted *p, struct checked *c) {
  struct slice email = slice_trim(slice_text(p->value[FIELD_EMAIL]));
  struct slice phone = slice_trim(slice_text(p->value[FIELD_PHONE]));
  if (has_error(c, FIELD_EMAIL) || has_error(c, FIELD_PHONE))
    return 0;
  if (email.len == 0 && phone.len == 0) {
    add_error(c, FIELD_EMAIL, WORD_NO_CONTACT, NULL);
    return 0;
  }
  bool answerable = true;
  int r = email.len ? address_email(a, email, &c->address, &c->key)
                    : address_phone(a, phone, false, &c->address, &c->key, &answerable);
  if (r < 0)
    return r;
  if (r > 0 || !answerable)
    add_error(c, email.len ? FIELD_EMAIL : FIELD_PHONE, email.len ? WORD_BAD_EMAIL : WORD_BAD_PHONE, NULL);
  c->raw = utf8_one_line(a, email.len ? email : phone);
  return c->raw ? 0 : -ENOMEM;
}

static void check_files(const struct channel_config *channel, const struct posted *p, struct checked *c) {
  if (p->file_count == 0)
    return;
  if (!channel->uploads) {
    add_error(c, FIELD_FILES, WORD_NO_UPLOADS, NULL);
    return;
  }
  if (p->file_count > UPLOAD_MAX_FILES) {
    add_error(c, FIELD_FILES, WORD_TOO_MANY_FILES, NULL);
    return;
  }
  for (size_t i = 0; i < p->file_count; i++) {
    const struct posted_file *file = &p->files[i];
    if (file->bytes.len == 0)
      add_error(c, FIELD_FILES, WORD_EMPTY_FILE, file->name);
    else if (!upload_type(slice_text(file->name), file->bytes))
      add_error(c, FIELD_FILES, WORD_BAD_FILE, file->name);
  }
}

/* --- digest --- */

static void add_digest(struct digest *d, struct slice part) {
  uint8_t len[8];
  for (int i = 0; i < 8; i++)
    len[i] = (uint8_t)((uint64_t)part.len >> (8 * i));
  digest_add(d, slice_of(len, sizeof(len)));
  digest_add(d, part);
}

static void make_digest(const struct posted *p, uint8_t ret[32]) {
  static const enum posted_field said[] = {FIELD_NAME,    FIELD_EMAIL,   FIELD_PHONE,
                                           FIELD_SUBJECT, FIELD_MESSAGE, FIELD_CONSENT};
  auto_clean(digest_free) struct digest *d = digest_new();
  for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
    add_digest(d, slice_text(p->value[said[i]]));
  for (size_t i = 0; i < posted_extra_kept(p); i++) {
    add_digest(d, slice_text(p->extra[i].name));
    add_digest(d, slice_text(p->extra[i].value));
  }
  for (size_t i = 0; i < p->file_count; i++) {
    add_digest(d, slice_text(p->files[i].name));
    add_digest(d, p->files[i].bytes);
  }
  digest_end(d, ret);
}

int form_check(struct arena *a, const struct channel_config *channel, const struct posted *p, struct checked *ret) {
  *ret = (struct checked){0};
  check_shapes(p, ret);
  int r = check_contact(a, p, ret);
  if (r)
    return r;
  if (slice_trim(slice_text(p->value[FIELD_MESSAGE])).len == 0 && !has_error(ret, FIELD_MESSAGE))
    add_error(ret, FIELD_MESSAGE, WORD_NO_MESSAGE, NULL);
  check_files(channel, p, ret);
  ret->name = utf8_one_line(a, slice_text(p->value[FIELD_NAME]));
  ret->subject = utf8_one_line(a, slice_text(p->value[FIELD_SUBJECT]));
  ret->phone = utf8_one_line(a, slice_text(p->value[FIELD_PHONE]));
  if (!ret->name || !ret->subject || !ret->phone)
    return -ENOMEM;
  if (ret->error_count == 0)
    make_digest(p, ret->digest);
  return 0;
}

/* --- suspicion --- */

static size_t count_links(const char *text) {
  size_t count = 0;
  for (const char *at = text; (at = strcasestr(at, "http")) != NULL; at += 4) {
    const char *rest = at + 4 + (at[4] == 's' || at[4] == 'S');
    count += strncmp(rest, "://", 3) == 0;
  }
  return count;
}

const char *form_suspected(const struct channel_config *channel, const struct posted *posted,
                           const struct checked *checked, int64_t fill_ms) {
  if (posted->value[FIELD_TRAP][0])
    return "honeypot";
  if (fill_ms >= 0 && fill_ms < channel->min_fill_ms)
    return "too-fast";
  if (count_links(posted->value[FIELD_MESSAGE]) > LINKS_MAX)
    return "many-links";
  if (count_links(checked->name) > 0 || count_links(checked->subject) > 0)
    return "link-in-name";
  return NULL;
}

/* --- the event --- */

/* A list of `count` messages behind pointers, as protobuf-c wants it; NULL at the ceiling. */
static void **new_list(struct arena *a, size_t count) {
  return arena_zalloc(a, (count + 1) * sizeof(void *));
}

static bool add_field(struct arena *a, contact_event *e, const char *name, const char *label, const char *value) {
  if (!value[0])
    return true;
  Deskbell__V1__Field *field = arena_alloc(a, sizeof(*field));
  if (!field)
    return false;
  deskbell__v1__field__init(field);
  field->name = (char *)name;
  field->label = (char *)label;
  field->value = (char *)value;
  e->fields[e->n_fields++] = field;
  return true;
}

static bool add_fields(struct arena *a, contact_event *e, const struct form_facts *f) {
  const struct words *words = words_for(f->channel->language);
  const struct posted *p = f->posted;
  size_t extras = posted_extra_kept(p);
  e->fields = (Deskbell__V1__Field **)new_list(a, 3 + extras);
  char *email = utf8_one_line(a, slice_text(p->value[FIELD_EMAIL]));
  bool ok = e->fields && email && add_field(a, e, "name", words_text(words, WORD_NAME), f->checked->name) &&
            add_field(a, e, "email", words_text(words, WORD_EMAIL), email) &&
            add_field(a, e, "phone", words_text(words, WORD_PHONE), f->checked->phone);
  for (size_t i = 0; i < extras && ok; i++)
    ok = add_field(a, e, p->extra[i].name, p->extra[i].name, p->extra[i].value);
  return ok;
}

static bool add_attachments(struct arena *a, contact_event *e, const struct form_facts *f) {
  e->attachments = (event_attachment **)new_list(a, f->posted->file_count);
  if (!e->attachments)
    return false;
  for (size_t i = 0; i < f->posted->file_count; i++) {
    const struct posted_file *file = &f->posted->files[i];
    event_attachment *attachment = arena_alloc(a, sizeof(*attachment));
    if (!attachment)
      return false;
    deskbell__v1__attachment__init(attachment);
    attachment->name = file->name;
    attachment->type = (char *)upload_type(slice_text(file->name), file->bytes);
    attachment->blob = event_blob_new(a, f->files[i].sha256, f->files[i].size);
    if (!attachment->blob)
      return false;
    e->attachments[e->n_attachments++] = attachment;
  }
  return true;
}

static bool add_text(struct arena *a, contact_event *e, const struct form_facts *f) {
  struct slice message = slice_text(f->posted->value[FIELD_MESSAGE]);
  if (!f->text) {
    e->text = (char *)message.at;
    return true;
  }
  e->text = arena_copy(a, slice_of(message.at, utf8_cut(message, EVENT_TEXT_MAX)));
  e->text_blob = event_blob_new(a, f->text->sha256, f->text->size);
  return e->text && e->text_blob;
}

/* The text's digest is its version: it changes exactly when the words do (WF-50). */
static bool add_consent(struct arena *a, contact_event *e, const struct form_facts *f) {
  if (!f->channel->consent_text[0])
    return true;
  Deskbell__V1__Consent *consent = arena_alloc(a, sizeof(*consent));
  uint8_t digest[SHA256_BYTES];
  char hex[HEX_LEN(SHA256_BYTES) + 1];
  sha256(slice_text(f->channel->consent_text), digest);
  hex_encode(digest, sizeof(digest), hex);
  char *version = arena_printf(a, "sha256:%s", hex);
  if (!consent || !version)
    return false;
  deskbell__v1__consent__init(consent);
  consent->text_version = version;
  consent->given = f->posted->value[FIELD_CONSENT][0] != '\0';
  consent->at_ms = f->now_ms;
  e->consent = consent;
  return true;
}

static bool add_warnings(struct arena *a, contact_event *e, const struct posted *p) {
  e->warnings = (char **)new_list(a, 2);
  if (!e->warnings)
    return false;
  if (p->foreign_charset)
    e->warnings[e->n_warnings++] = (char *)"charset-unknown";
  if (p->mended)
    e->warnings[e->n_warnings++] = (char *)"charset-mended";
  return true;
}

contact_event *form_event(struct arena *a, const struct form_facts *f) {
  contact_event *e = event_new(a);
  event_party *from = event_party_new(a);
  char *reference = arena_alloc(a, REFERENCE_LEN + 1);
  if (!e || !from || !reference)
    return NULL;
  event_reference(f->id, reference);
  from->raw = f->checked->raw;
  from->address = f->checked->address;
  from->key = f->checked->key;
  from->name = f->checked->name;
  e->from = from;
  e->id = (char *)f->id;
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = f->channel->name;
  e->channel_kind = (char *)channel_kind_text(f->channel->kind);
  e->source_id = (char *)f->source_id;
  e->subject = f->checked->subject;
  e->received_at_ms = e->occurred_at_ms = f->now_ms;
  e->language = f->channel->language;
  e->suspected = (char *)(f->suspected ? f->suspected : "");
  e->signature = (char *)"form";
  e->reference = reference;
  e->original = event_blob_new(a, f->original.sha256, f->original.size);
  bool ok = e->original && add_text(a, e, f) && add_fields(a, e, f) && add_attachments(a, e, f) &&
            add_consent(a, e, f) && add_warnings(a, e, f->posted);
  return ok ? e : NULL;
}
