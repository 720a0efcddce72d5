/* SPDX-License-Identifier: Apache-2.0 */
#include "compose.h"
#include "base/digest.h"
#include "base/encode.h"
#include "header_write.h"
#include "transfer_write.h"

enum { BOUNDARY_LEN = 24, CC_MAX = 50 };

/* Parts nest at most mixed > related > alternative; each level has a boundary of its own. A boundary begins with "=_",
 * which no encoded text holds, so no content can close a part. */
static void boundary(const Deskbell__V1__OutboundMessage *m, char level, char ret[BOUNDARY_LEN + 1]) {
  uint8_t digest[SHA256_BYTES];
  sha256(slice_text(m->id), digest);
  ret[0] = '=';
  ret[1] = '_';
  ret[2] = level;
  base32_encode(digest, 13, ret + 3);
  ret[BOUNDARY_LEN] = '\0';
}

static void open_multipart(struct buf *out, const char *subtype, const char *extra, const char *mark) {
  buf_printf(out, "Content-Type: multipart/%s%s;\r\n boundary=\"%s\"\r\n\r\n", subtype, extra, mark);
}

static void next_part(struct buf *out, const char *mark) {
  buf_printf(out, "--%s\r\n", mark);
}

static void close_multipart(struct buf *out, const char *mark) {
  buf_printf(out, "--%s--\r\n", mark);
}

static void write_text_part(struct buf *out, const char *subtype, struct slice text) {
  enum text_encoding encoding = transfer_choose(text);
  buf_printf(out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n", subtype,
             transfer_name(encoding));
  transfer_write_text(out, text, encoding);
}

static bool is_type(const char *type) {
  const char *slash = strchr(type, '/');
  for (const char *c = type; *c; c++)
    if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("/+.-", *c)))
      return false;
  return slash && slash > type && slash[1] && !strchr(slash + 1, '/') && strlen(type) < 100;
}

static void write_file_part(struct buf *out, const Deskbell__V1__Attachment *a, struct slice bytes, bool shown) {
  const char *type = is_type(a->type) && strncmp(a->type, "multipart/", 10) != 0 && strncmp(a->type, "message/", 8) != 0
                         ? a->type
                         : "application/octet-stream";
  buf_printf(out, "Content-Type: %s", type);
  header_write_parameter(out, "name", slice_text(a->name));
  buf_printf(out, "\r\nContent-Disposition: %s", shown ? "inline" : "attachment");
  header_write_parameter(out, "filename", slice_text(a->name));
  buf_add_text(out, "\r\nContent-Transfer-Encoding: base64\r\n");
  if (shown)
    buf_printf(out, "Content-ID: <%s>\r\n", a->content_id);
  buf_add_text(out, "\r\n");
  transfer_write_base64(out, bytes);
}

static bool is_shown(const Deskbell__V1__OutboundMessage *m, const Deskbell__V1__Attachment *a) {
  return *m->html && a->inline_part && header_id_ok(slice_text(a->content_id)) && strstr(m->html, a->content_id);
}

static size_t count_files(const Deskbell__V1__OutboundMessage *m, bool shown) {
  size_t n = 0;
  for (size_t i = 0; i < m->n_attachments; i++)
    n += is_shown(m, m->attachments[i]) == shown;
  return n;
}

static void write_files(struct buf *out, const Deskbell__V1__OutboundMessage *m, const struct slice *files, bool shown,
                        const char *mark) {
  for (size_t i = 0; i < m->n_attachments; i++)
    if (is_shown(m, m->attachments[i]) == shown) {
      next_part(out, mark);
      write_file_part(out, m->attachments[i], files[i], shown);
    }
}

static void write_html(struct buf *out, const Deskbell__V1__OutboundMessage *m, const struct slice *files) {
  char mark[BOUNDARY_LEN + 1];
  if (!count_files(m, true)) {
    write_text_part(out, "html", slice_text(m->html));
    return;
  }
  boundary(m, 'r', mark);
  open_multipart(out, "related", ";\r\n type=\"text/html\"", mark);
  next_part(out, mark);
  write_text_part(out, "html", slice_text(m->html));
  write_files(out, m, files, true, mark);
  close_multipart(out, mark);
}

static void write_words(struct buf *out, const Deskbell__V1__OutboundMessage *m, const struct slice *files) {
  char mark[BOUNDARY_LEN + 1];
  if (!*m->html) {
    write_text_part(out, "plain", slice_text(m->text));
    return;
  }
  boundary(m, 'a', mark);
  open_multipart(out, "alternative", "", mark);
  next_part(out, mark);
  write_text_part(out, "plain", slice_text(m->text));
  next_part(out, mark);
  write_html(out, m, files);
  close_multipart(out, mark);
}

static void write_body(struct buf *out, const Deskbell__V1__OutboundMessage *m, const struct slice *files) {
  char mark[BOUNDARY_LEN + 1];
  buf_add_text(out, "MIME-Version: 1.0\r\n");
  if (!count_files(m, false)) {
    write_words(out, m, files);
    return;
  }
  boundary(m, 'm', mark);
  open_multipart(out, "mixed", "", mark);
  next_part(out, mark);
  write_words(out, m, files);
  write_files(out, m, files, false, mark);
  close_multipart(out, mark);
}

static void write_header(struct buf *out, const Deskbell__V1__OutboundMessage *m, const struct compose_sender *s) {
  char *const message_id[] = {m->message_id}, *const reply[] = {m->in_reply_to};
  header_write_date(out, m->created_ms);
  header_write_mailbox(out, "From", s->name, s->address);
  header_write_mailbox(out, "To", slice_text(m->to_name), slice_text(m->to));
  header_write_addresses(out, "Cc", m->cc, m->n_cc);
  if (s->reply_to.len)
    header_write_mailbox(out, "Reply-To", s->name, s->reply_to);
  header_write_text(out, "Subject", slice_text(m->subject));
  header_write_ids(out, "Message-ID", message_id, 1);
  if (*m->in_reply_to)
    header_write_ids(out, "In-Reply-To", reply, 1);
  header_write_ids(out, "References", m->references, m->n_references);
  if (*m->language)
    header_write_text(out, "Content-Language", slice_text(m->language));
  if (m->kind != DESKBELL__V1__OUTBOUND_KIND__REPLY)
    buf_add_text(out, "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nPrecedence: bulk\r\n");
}

static const char *bad_address(struct slice address) {
  for (size_t i = 0; i < address.len; i++)
    if ((uint8_t)address.at[i] > '~')
      return "the address has characters beyond ASCII, and mail to it needs SMTPUTF8, which the way out does not offer";
  return header_address_ok(address) ? NULL : "the address cannot be written to";
}

int compose_mail(const Deskbell__V1__OutboundMessage *m, const struct compose_sender *sender, const struct slice *files,
                 struct buf *ret, const char **ret_why) {
  const char *why = bad_address(slice_text(m->to));
  if (!why)
    why = bad_address(sender->address);
  if (!why && sender->reply_to.len)
    why = bad_address(sender->reply_to);
  if (!why && m->n_cc > CC_MAX)
    why = "more than 50 addresses in Cc";
  for (size_t i = 0; !why && i < m->n_cc; i++)
    why = bad_address(slice_text(m->cc[i]));
  if (why) {
    *ret_why = why;
    return COMPOSE_BAD_ADDRESS;
  }
  if (!header_id_ok(slice_text(m->message_id))) {
    *ret_why = "it has no usable Message-ID";
    return COMPOSE_BAD_ID;
  }
  buf_clear(ret);
  write_header(ret, m, sender);
  write_body(ret, m, files);
  *ret_why = "it is too large";
  return ret->full ? COMPOSE_TOO_LARGE : 0;
}
