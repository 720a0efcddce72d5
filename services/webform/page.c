/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"
#include "base/digest.h"
#include "base/encode.h"
#include "upload.h"
#include <stdio.h>
#include <strings.h>

struct painter {
  struct buf *b;
  const struct words *words;
  const struct page_form *form;
};

/* --- texts --- */

void page_escape(struct buf *b, struct slice text) {
  size_t done = 0;
  for (size_t i = 0; i < text.len; i++) {
    const char *entity = NULL;
    switch (text.at[i]) {
    case '&': entity = "&amp;"; break;
    case '<': entity = "&lt;"; break;
    case '>': entity = "&gt;"; break;
    case '"': entity = "&quot;"; break;
    case '\'': entity = "&#39;"; break;
    default: continue;
    }
    buf_add(b, text.at + done, i - done);
    buf_add_text(b, entity);
    done = i + 1;
  }
  buf_add(b, text.at + done, text.len - done);
}

static void escape(struct painter *p, const char *text) {
  page_escape(p->b, slice_text(text));
}

/* Markup: literals of this file only. */
static void put(struct painter *p, const char *markup) {
  buf_add_text(p->b, markup);
}

static void say_with(struct painter *p, enum word word, const char *argument) {
  auto_clean(buf_free) struct buf text = BUF_INIT(4096);
  words_add(&text, p->words, word, argument);
  page_escape(p->b, buf_slice(&text));
}

static void say(struct painter *p, enum word word) {
  escape(p, words_text(p->words, word));
}

/* ` name="escaped"` */
static void attribute(struct painter *p, const char *name, const char *value) {
  buf_printf(p->b, " %s=\"", name);
  escape(p, value);
  put(p, "\"");
}

/* Title and intro are in the operator's language, which may be one we have no fixed texts for (WCAG 3.1.2). */
static void own_language(struct painter *p, const struct channel_config *channel) {
  if (strcasecmp(channel->language, words_language(p->words)) != 0)
    attribute(p, "lang", channel->language);
  put(p, " dir=\"auto\"");
}

/* --- frame --- */

static void begin(struct painter *p, const char *prefix, const char *title) {
  put(p, "<!doctype html>\n<html");
  attribute(p, "lang", words_language(p->words));
  put(p, ">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"robots\" content=\"noindex\">\n<title>");
  escape(p, prefix);
  escape(p, title);
  put(p, "</title>\n<style>");
  buf_add_slice(p->b, page_style());
  put(p, "</style>\n</head>\n<body>\n<main>\n");
}

static void end(struct painter *p) {
  put(p, "</main>\n</body>\n</html>\n");
}

static void heading(struct painter *p, const struct channel_config *channel) {
  put(p, "<h1");
  own_language(p, channel);
  put(p, ">");
  escape(p, channel->title);
  put(p, "</h1>\n");
}

static void privacy_link(struct painter *p, const struct channel_config *channel) {
  if (!channel->privacy_url[0])
    return;
  put(p, "<a");
  attribute(p, "href", channel->privacy_url);
  put(p, " target=\"_blank\" rel=\"noopener noreferrer\">");
  say(p, WORD_PRIVACY);
  put(p, "</a>\n");
}

/* --- errors --- */

static bool shown(const struct form_error *e) {
  return e->field < FIELD_TRAP;
}

static bool has_error(const struct painter *p, enum posted_field field) {
  for (size_t i = 0; i < p->form->error_count; i++) {
    if (p->form->errors[i].field == field)
      return true;
  }
  return false;
}

/* The focus moves here without a script: `autofocus` works on anything that can have it. */
static void summary(struct painter *p) {
  const struct page_form *f = p->form;
  if (f->error_count == 0 && f->notice == WORD_NONE)
    return;
  bool bad = f->error_count > 0;
  buf_printf(p->b, "<div class=\"box%s\" role=\"alert\" tabindex=\"-1\" autofocus aria-labelledby=\"summary\">\n",
             bad ? " bad" : "");
  put(p, "<h2 id=\"summary\">");
  say(p, bad ? WORD_SUMMARY : WORD_NOTICE);
  put(p, "</h2>\n");
  if (f->notice != WORD_NONE) {
    put(p, "<p>");
    say_with(p, f->notice, f->notice_argument);
    put(p, "</p>\n");
  }
  put(p, bad ? "<ul>\n" : "");
  for (size_t i = 0; i < f->error_count; i++) {
    put(p, "<li>");
    if (shown(&f->errors[i]))
      buf_printf(p->b, "<a href=\"#%s\">", posted_field_name(f->errors[i].field));
    say_with(p, f->errors[i].text, f->errors[i].argument);
    put(p, shown(&f->errors[i]) ? "</a></li>\n" : "</li>\n");
  }
  put(p, bad ? "</ul>\n" : "");
  if (f->posted->file_count > 0) {
    put(p, "<p>");
    say(p, WORD_FILES_AGAIN);
    put(p, "</p>\n");
  }
  put(p, "</div>\n");
}

static void error_lines(struct painter *p, enum posted_field field) {
  if (!has_error(p, field))
    return;
  buf_printf(p->b, "<div class=\"error\" id=\"%s-error\">", posted_field_name(field));
  bool first = true;
  for (size_t i = 0; i < p->form->error_count; i++) {
    if (p->form->errors[i].field != field)
      continue;
    put(p, first ? "" : "<br>");
    say_with(p, p->form->errors[i].text, p->form->errors[i].argument);
    first = false;
  }
  put(p, "</div>\n");
}

/* --- fields --- */

/* One row per field of the page. */
static const struct control {
  enum posted_field field;
  enum word label, hint;
  bool optional;
  const char *markup; /* fixed attributes */
} controls[] = {
    {FIELD_NAME, WORD_NAME, WORD_NONE, true, " type=\"text\" autocomplete=\"name\" dir=\"auto\""},
    {FIELD_EMAIL, WORD_EMAIL, WORD_NONE, false,
     " type=\"email\" autocomplete=\"email\" inputmode=\"email\" spellcheck=\"false\" autocapitalize=\"none\""},
    {FIELD_PHONE, WORD_PHONE, WORD_PHONE_HINT, false, " type=\"tel\" autocomplete=\"tel\""},
    {FIELD_SUBJECT, WORD_SUBJECT, WORD_NONE, true, " type=\"text\" autocomplete=\"off\" dir=\"auto\""},
    {FIELD_MESSAGE, WORD_MESSAGE, WORD_NONE, false, " rows=\"8\" required autocomplete=\"off\" dir=\"auto\""},
    {FIELD_FILES, WORD_FILES, WORD_FILES_HINT, true, " type=\"file\" multiple"},
};

/* `group`: id of what describes the whole group the control is in, or NULL. */
static void described_by(struct painter *p, const struct control *c, const char *group) {
  bool error = has_error(p, c->field), hint = c->hint != WORD_NONE;
  const char *name = posted_field_name(c->field);
  if (error)
    put(p, " aria-invalid=\"true\"");
  if (!error && !hint && !group)
    return;
  buf_printf(p->b, " aria-describedby=\"%s%s%s%s%s%s%s\"", error ? name : "", error ? "-error" : "",
             error && (hint || group) ? " " : "", hint ? name : "", hint ? "-hint" : "", hint && group ? " " : "",
             group ? group : "");
}

static void control(struct painter *p, const struct control *c, const char *group) {
  const char *name = posted_field_name(c->field), *value = p->form->posted->value[c->field];
  size_t most = p->form->channel->max_body;
  char size[32];
  snprintf(size, sizeof(size), most < 1000000 ? "%zu KB" : "%zu MB", most / (most < 1000000 ? 1000 : 1000000));
  buf_printf(p->b, "<div class=\"field\">\n<label for=\"%s\">", name);
  say(p, c->label);
  if (c->optional) {
    put(p, " <span class=\"optional\">");
    say(p, WORD_OPTIONAL);
    put(p, "</span>");
  }
  put(p, "</label>\n");
  if (c->hint != WORD_NONE) {
    buf_printf(p->b, "<p class=\"hint\" id=\"%s-hint\">", name);
    say_with(p, c->hint, size);
    put(p, "</p>\n");
  }
  error_lines(p, c->field);
  bool area = c->field == FIELD_MESSAGE, file = c->field == FIELD_FILES;
  buf_printf(p->b, "<%s id=\"%s\" name=\"%s\"%s", area ? "textarea" : "input", name, name, c->markup);
  described_by(p, c, group);
  if (file)
    attribute(p, "accept", upload_accept());
  else if (!area && value[0])
    attribute(p, "value", value);
  put(p, ">");
  if (area) {
    put(p, "\n"); /* the parser eats one line feed here, ours instead of the customer's */
    escape(p, value);
    put(p, "</textarea>");
  }
  put(p, "\n</div>\n");
}

static const struct control *control_of(enum posted_field field) {
  for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++) {
    if (controls[i].field == field)
      return &controls[i];
  }
  assert(false);
  return NULL;
}

static void contact(struct painter *p) {
  put(p, "<fieldset>\n<legend>");
  say(p, WORD_CONTACT);
  put(p, "</legend>\n<p class=\"hint\" id=\"contact-hint\">");
  say(p, WORD_CONTACT_HINT);
  put(p, "</p>\n<div class=\"pair\">\n");
  control(p, control_of(FIELD_EMAIL), "contact-hint");
  control(p, control_of(FIELD_PHONE), "contact-hint");
  put(p, "</div>\n</fieldset>\n");
}

static void consent(struct painter *p) {
  const struct channel_config *channel = p->form->channel;
  if (!channel->consent_text[0])
    return;
  put(p, "<div class=\"field check\">\n<input type=\"checkbox\" id=\"consent\" name=\"consent\" value=\"yes\"");
  put(p, p->form->posted->value[FIELD_CONSENT][0] ? " checked>\n" : ">\n");
  put(p, "<label for=\"consent\"");
  own_language(p, channel);
  put(p, ">");
  escape(p, channel->consent_text);
  put(p, "</label>\n</div>\n");
}

static void hidden(struct painter *p, const char *name, const char *value) {
  put(p, "<input type=\"hidden\"");
  attribute(p, "name", name);
  attribute(p, "value", value);
  put(p, ">\n");
}

/* For robots only: out of sight, out of the tab order, out of the accessibility tree (WF-10). What a person's browser
 * filled in by itself is shown to nobody and not kept. */
static void trap(struct painter *p) {
  put(p, "<div class=\"trap\" aria-hidden=\"true\">\n<label for=\"homepage\">");
  say(p, WORD_TRAP);
  put(p, "</label>\n<input type=\"text\" id=\"homepage\" name=\"homepage\" autocomplete=\"off\" tabindex=\"-1\">\n"
         "</div>\n");
}

/* --- pages --- */

void page_form(struct buf *b, const struct page_form *form) {
  const struct channel_config *channel = form->channel;
  struct painter p = {b, words_for(channel->language), form};
  begin(&p, form->error_count || form->notice ? words_text(p.words, WORD_ERROR_PREFIX) : "", channel->title);
  heading(&p, channel);
  if (channel->intro[0]) {
    put(&p, "<p class=\"intro\"");
    own_language(&p, channel);
    put(&p, ">");
    escape(&p, channel->intro);
    put(&p, "</p>\n");
  }
  summary(&p);
  /* No `action`: it is sent to the page's own address, whatever a proxy calls it. Checked by us, so that every
   * browser tells errors the same way (novalidate). */
  put(&p, "<form method=\"post\" accept-charset=\"utf-8\" novalidate");
  put(&p, channel->uploads ? " enctype=\"multipart/form-data\">\n" : ">\n");
  hidden(&p, posted_field_name(FIELD_TOKEN), form->token);
  hidden(&p, "_charset_", "");
  for (size_t i = 0; i < posted_extra_kept(form->posted); i++)
    hidden(&p, form->posted->extra[i].name, form->posted->extra[i].value);
  control(&p, control_of(FIELD_NAME), NULL);
  contact(&p);
  control(&p, control_of(FIELD_SUBJECT), NULL);
  control(&p, control_of(FIELD_MESSAGE), NULL);
  if (channel->uploads)
    control(&p, control_of(FIELD_FILES), NULL);
  consent(&p);
  trap(&p);
  put(&p, "<div class=\"foot\">\n<button type=\"submit\">");
  say(&p, WORD_SEND);
  put(&p, "</button>\n");
  privacy_link(&p, channel);
  put(&p, "</div>\n</form>\n");
  end(&p);
}

void page_thanks(struct buf *b, const struct channel_config *channel, const char *reference) {
  struct painter p = {b, words_for(channel->language), NULL};
  begin(&p, words_text(p.words, WORD_THANKS), "");
  put(&p, "<h1>");
  say(&p, WORD_THANKS);
  put(&p, "</h1>\n<p class=\"intro\">");
  say(&p, WORD_THANKS_TEXT);
  put(&p, "</p>\n<div class=\"box\" role=\"status\">\n<h2>");
  say(&p, WORD_REFERENCE);
  put(&p, "</h2>\n<p class=\"reference\">");
  escape(&p, reference);
  put(&p, "</p>\n<p class=\"hint\">");
  say(&p, WORD_REFERENCE_HINT);
  put(&p, "</p>\n</div>\n<div class=\"foot\">\n<a");
  auto_clean(buf_free) struct buf back = BUF_INIT(256);
  buf_printf(&back, "../%s", channel->name);
  attribute(&p, "href", back.at);
  put(&p, ">");
  say(&p, WORD_AGAIN);
  put(&p, "</a>\n");
  privacy_link(&p, channel);
  put(&p, "</div>\n");
  end(&p);
}

void page_plain(struct buf *b, const struct words *words, enum word title, enum word text) {
  struct painter p = {b, words, NULL};
  begin(&p, words_text(words, title), "");
  put(&p, "<h1>");
  say(&p, title);
  put(&p, "</h1>\n<p>");
  say(&p, text);
  put(&p, "</p>\n");
  end(&p);
}

void page_policy(struct buf *b, const struct channel_config *channel) {
  uint8_t digest[SHA256_BYTES];
  char text[BASE64_LEN(SHA256_BYTES) + 1];
  sha256(page_style(), digest);
  base64_encode(digest, sizeof(digest), text);
  buf_printf(b,
             "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; object-src 'none'; "
             "frame-ancestors",
             text);
  if (!channel || channel->origin_count == 0)
    buf_add_text(b, " 'none'");
  else
    buf_add_text(b, " 'self'");
  for (size_t i = 0; channel && i < channel->origin_count; i++)
    buf_printf(b, " %s", channel->origins[i]);
}
