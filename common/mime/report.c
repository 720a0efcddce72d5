/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports are read field by field, not group by group: blank lines are the first thing that gets lost or doubled on
 * the way. A recipient begins with its address when the one before it has one; what a recipient has already said is
 * not said again. The action decides, not the first digit of the status.
 */
#include "mime/report.h"
#include "mime/charset.h"
#include "mime/thread.h"
#include "text/address.h"
#include "text/utf8.h"
#include <ctype.h>
#include <unistr.h>

enum { ADDRESS_MOST = 320, NAME_MOST = 255, ID_MOST = 500, STATUS_MOST = 12 };

Deskbell__V1__Report *report_new(struct reading *r, const char *kind) {
  Deskbell__V1__Report *report = reading_alloc(r, sizeof(*report));
  if (!report)
    return NULL;
  deskbell__v1__report__init(report);
  report->kind = (char *)(uintptr_t)kind;
  report->recipients = reading_alloc(r, EVENT_REPORTED_MAX * sizeof(*report->recipients));
  return report->recipients ? report : NULL;
}

Deskbell__V1__ReportedRecipient *report_recipient(struct reading *r, Deskbell__V1__Report *report) {
  Deskbell__V1__ReportedRecipient *one =
      report->n_recipients < EVENT_REPORTED_MAX ? reading_alloc(r, sizeof(*one)) : NULL;
  if (!one)
    return NULL;
  deskbell__v1__reported_recipient__init(one);
  return report->recipients[report->n_recipients++] = one;
}

/* --- values --- */

char *report_line(struct reading *r, struct slice s, size_t most) {
  char *text = reading_line(r, charset_to_utf8(r, SLICE("utf-8"), s));
  struct slice whole = slice_text(text);
  return whole.len > most ? reading_copy(r, slice_of(text, utf8_cut(whole, most))) : text;
}

/* "rfc822; joe@x.example" without its type. */
static struct slice without_type(struct slice s) {
  const char *mark = s.len ? memchr(s.at, ';', s.len) : NULL;
  size_t len = mark ? (size_t)(mark - s.at) : 0;
  for (size_t i = 0; i < len; i++)
    if (strchr("@<>\"", s.at[i]))
      return slice_trim(s);
  return slice_trim(mark ? slice_of(mark + 1, s.len - len - 1) : s);
}

/* A host, without the remarks some put behind it. */
static struct slice first_word(struct slice s) {
  size_t len = 0;
  while (len < s.len && s.at[len] != ' ' && s.at[len] != '\t' && s.at[len] != '(')
    len++;
  return slice_of(s.at, len && s.at[len - 1] == '.' ? len - 1 : len);
}

/* RFC 6533's "\x{F6}" at the start of `s`: its length, 0 when it is none, and the character. */
static size_t escape_length(struct slice s, uint8_t ret_bytes[6], size_t *ret_len) {
  ucs4_t c = 0;
  size_t at = 3;
  if (s.len < 5 || memcmp(s.at, "\\x{", 3) != 0)
    return 0;
  for (; at < s.len && at < 9 && isxdigit((uint8_t)s.at[at]); at++)
    c = c * 16 + (ucs4_t)(s.at[at] <= '9' ? s.at[at] - '0' : (s.at[at] | 0x20) - 'a' + 10);
  int len = at > 3 && at < s.len && s.at[at] == '}' ? u8_uctomb(ret_bytes, c, 6) : 0;
  *ret_len = len > 0 ? (size_t)len : 0;
  return len > 0 ? at + 1 : 0;
}

/* xtext (RFC 3461 4) where it cannot be anything else, and RFC 6533: "joe+2Btag@…", "j\x{F6}rg@…". */
static struct slice decode_address(struct reading *r, struct slice s) {
  char *out = reading_alloc(r, s.len + 8);
  size_t len = 0, used;
  for (size_t i = 0, step; out && i < s.len; i += step) {
    struct slice rest = slice_of(s.at + i, s.len - i);
    bool xtext = rest.len >= 3 && (memcmp(rest.at, "+2B", 3) == 0 || memcmp(rest.at, "+3D", 3) == 0);
    step = escape_length(rest, (uint8_t *)out + len, &used);
    if (step) {
      len += used;
      continue;
    }
    out[len++] = !xtext ? s.at[i] : rest.at[1] == '2' ? '+' : '=';
    step = xtext ? 3 : 1;
  }
  return slice_of(out ? out : "", len);
}

/* What stands behind an address, a comment or a line that lost its place, is not part of it. */
char *report_address(struct reading *r, struct slice s) {
  char *address, *key;
  s = slice_trim(s);
  int found = address_email(r->arena, s, &address, &key);
  size_t len = 0;
  while (len < s.len && s.at[len] != ' ' && s.at[len] != '\t')
    len++;
  if (found == ADDRESS_INVALID && len < s.len)
    found = address_email(r->arena, slice_of(s.at, len), &address, &key);
  r->failed |= found < 0;
  return found == 0 ? address : report_line(r, s, ADDRESS_MOST);
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* A class of 2, 4 or 5, a subject and a detail of up to three digits (RFC 3463). */
static size_t status_length(struct slice s) {
  size_t at = 0;
  for (unsigned part = 0; part < 3; part++) {
    size_t start = at;
    while (at < s.len && at - start < 3 && is_digit(s.at[at]))
      at++;
    if (at == start || (part == 0 && (at - start > 1 || !strchr("245", s.at[0]))))
      return 0;
    if (part < 2 && (at == s.len || s.at[at++] != '.'))
      return 0;
  }
  return at < s.len && (is_digit(s.at[at]) || s.at[at] == '.') ? 0 : at;
}

char *report_status(struct reading *r, struct slice s) {
  for (size_t i = 0; i < s.len; i++) {
    bool starts = i == 0 || strchr(" \t#(-=[", s.at[i - 1]);
    size_t len = starts ? status_length(slice_of(s.at + i, s.len - i)) : 0;
    if (len)
      return reading_copy(r, slice_of(s.at + i, len));
  }
  return reading_copy(r, SLICE(""));
}

static char *action_of(struct reading *r, struct slice s) {
  static const struct {
    const char *said, *action;
  } rows[] = {{"failed", "failed"},       {"failure", "failed"},     {"delayed", "delayed"}, {"delay", "delayed"},
              {"delivered", "delivered"}, {"relayed", "relayed"},    {"expanded", "expanded"}};
  size_t len = 0;
  while (len < s.len && ((s.at[len] | 0x20) >= 'a' && (s.at[len] | 0x20) <= 'z'))
    len++;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (slice_equal_nocase(slice_of(s.at, len), slice_text(rows[i].said)))
      return reading_copy(r, slice_text(rows[i].action));
  return reading_copy(r, SLICE(""));
}

/* "manual-action/MDN-sent-manually; displayed/error" */
static char *disposition_of(struct reading *r, struct slice s) {
  char word[32];
  size_t len = 0;
  for (s = without_type(s); len < s.len && len < sizeof(word) && s.at[len] && !strchr("/ ,;", s.at[len]); len++)
    word[len] = s.at[len] >= 'A' && s.at[len] <= 'Z' ? (char)(s.at[len] | 0x20) : s.at[len];
  return report_line(r, slice_of(word, len), sizeof(word));
}

static char *id_of(struct reading *r, struct slice s) {
  const char *open = s.len ? memchr(s.at, '<', s.len) : NULL;
  if (open)
    s = slice_of(open + 1, s.len - (size_t)(open + 1 - s.at));
  const char *close = open && s.len ? memchr(s.at, '>', s.len) : NULL;
  s = slice_trim(close ? slice_of(s.at, (size_t)(close - s.at)) : s);
  for (size_t i = 0; i < s.len; i++)
    if ((uint8_t)s.at[i] <= ' ')
      s.len = 0;
  return s.len <= ID_MOST ? report_line(r, s, ID_MOST) : reading_copy(r, SLICE(""));
}

/* --- fields --- */

struct scan {
  struct reading *reading;
  Deskbell__V1__Report *report;
  Deskbell__V1__ReportedRecipient *now; /* the recipient being read */
  bool gap;                             /* a blank line since its last field */
  bool full;
};

enum place { FINAL, ORIGINAL, ACTION, STATUS, DIAGNOSTIC, REMOTE, REPORTER, OF_ID, DISPOSITION, FEEDBACK, RECIPIENT };

static const struct {
  const char *name;
  enum place place;
} fields[] = {
    {"Final-Recipient", FINAL},        {"Original-Recipient", ORIGINAL}, {"Action", ACTION},
    {"Status", STATUS},                {"Diagnostic-Code", DIAGNOSTIC},  {"Remote-MTA", REMOTE},
    {"Reporting-MTA", REPORTER},       {"Reporting-UA", REPORTER},       {"User-Agent", REPORTER},
    {"Original-Message-ID", OF_ID},    {"X-Original-Message-ID", OF_ID}, {"Disposition", DISPOSITION},
    {"Feedback-Type", FEEDBACK},       {"Original-Rcpt-To", RECIPIENT},
};

static void set(char **to, char *value) {
  if (!**to)
    *to = value;
}

static char **recipient_field(Deskbell__V1__ReportedRecipient *one, enum place place) {
  switch (place) {
  case FINAL: return &one->final_recipient;
  case ORIGINAL: return &one->original_recipient;
  case ACTION: return &one->action;
  case STATUS: return &one->status;
  case DIAGNOSTIC: return &one->diagnostic;
  default: return &one->remote_mta;
  }
}

static char *recipient_value(struct reading *r, enum place place, struct slice value) {
  switch (place) {
  case FINAL: return report_address(r, without_type(value));
  case ORIGINAL: return report_address(r, decode_address(r, without_type(value)));
  case ACTION: return action_of(r, value);
  case STATUS: return report_status(r, value);
  case DIAGNOSTIC: return report_line(r, without_type(value), REPORT_DIAGNOSTIC_MAX);
  default: return report_line(r, first_word(without_type(value)), NAME_MOST);
  }
}

/* Whether the field belongs to a recipient that has not begun yet. */
static bool begins(const struct scan *s, enum place place) {
  if (!s->now)
    return true;
  bool named = *s->now->final_recipient;
  if (place == FINAL)
    return named;
  if (place == ORIGINAL) /* before the final one by the RFC, behind it by Postfix; both before the action */
    return *s->now->original_recipient || (named && (s->gap || *s->now->action || *s->now->status));
  return s->gap && **recipient_field(s->now, place);
}

static void take_recipient_field(struct scan *s, enum place place, struct slice value) {
  if (begins(s, place)) {
    s->now = report_recipient(s->reading, s->report);
    s->full |= !s->now;
  }
  if (s->now)
    set(recipient_field(s->now, place), recipient_value(s->reading, place, value));
  s->gap = false;
}

static void take_field(struct scan *s, enum place place, struct slice value) {
  struct reading *r = s->reading;
  Deskbell__V1__Report *report = s->report;
  switch (place) {
  case REPORTER:
    set(&report->reporter, report_line(r, without_type(value), NAME_MOST));
    break;
  case OF_ID:
    set(&report->of_message_id, id_of(r, value));
    break;
  case DISPOSITION:
    set(&report->disposition, disposition_of(r, value));
    break;
  case FEEDBACK:
    set(&report->feedback_type, disposition_of(r, value));
    break;
  case RECIPIENT:
    s->now = NULL;
    take_recipient_field(s, FINAL, value);
    break;
  default:
    take_recipient_field(s, place, value);
  }
}

static void read_group(struct scan *s, struct header_scan *group) {
  struct mail_field field;
  while (!s->full && header_scan_next(group, &field)) {
    struct slice value = header_unfold(s->reading, field.value);
    if (value.len > HEADER_FIELD_MAX)
      value.len = HEADER_FIELD_MAX;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
      if (slice_equal_nocase(field.name, slice_text(fields[i].name)))
        take_field(s, fields[i].place, value);
  }
}

static void read_fields(struct reading *r, struct slice text, Deskbell__V1__Report *report) {
  struct scan s = {.reading = r, .report = report};
  struct lines lines = {.rest = text}; /* kept over the groups: it knows where the next line ends */
  while (lines.rest.len && !s.full && !r->failed) {
    struct header_scan group;
    struct slice nothing;
    size_t before = lines.rest.len;
    header_scan_start(&group, lines.rest);
    group.lines = lines;
    read_group(&s, &group);
    s.gap = true;
    lines = group.lines;
    if (lines.rest.len == before)
      lines_next(&lines, &nothing);
  }
}

/* --- parts --- */

static const struct {
  const char *type, *kind;
} kinds[] = {
    {"message/delivery-status", "delivery-status"},
    {"message/global-delivery-status", "delivery-status"},
    {"message/disposition-notification", "disposition-notification"},
    {"message/global-disposition-notification", "disposition-notification"},
    {"message/feedback-report", "feedback-report"},
};

static const char *kind_of(const struct mail_part *p) {
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(p->type, kinds[i].type) == 0)
      return kinds[i].kind;
  return NULL;
}

static bool is_returned(const struct mail_part *p) {
  static const char *const types[] = {"message/rfc822",      "text/rfc822-headers",    "message/global",
                                      "text/rfc822-header",  "message/rfc822-headers", "message/global-headers",
                                      "message/rfc822-header"};
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    if (strcmp(p->type, types[i]) == 0)
      return true;
  return false;
}

/* The first part that `fits`, in order; at most PART_DEPTH_MAX deep. */
static const struct mail_part *find(const struct mail_part *p, bool (*fits)(const struct mail_part *)) {
  for (; p; p = p->next) {
    const struct mail_part *found = fits(p) ? p : find(p->first, fits);
    if (found)
      return found;
  }
  return NULL;
}

static bool is_report(const struct mail_part *p) {
  return kind_of(p);
}

static struct slice content(struct reading *r, const struct mail_part *p) {
  struct slice s = transfer_decode(r, p->encoding, p->content);
  return slice_of(s.at, s.len < REPORT_BYTES_MAX ? s.len : REPORT_BYTES_MAX);
}

struct slice report_returned(struct reading *r, const struct mail_part *root) {
  const struct mail_part *p = find(root, is_returned);
  return p ? content(r, p) : SLICE("");
}

void report_set_returned(struct reading *r, struct slice raw, Deskbell__V1__Report *report) {
  struct reading inner = {.arena = r->arena}; /* what is odd in there is not said of this mail */
  struct mail_header h;
  Deskbell__V1__ThreadHints *hints = reading_alloc(r, sizeof(*hints));
  if (!raw.len || !hints)
    return;
  header_read(&inner, mail_start(raw), &h);
  set(&report->of_message_id, id_of(&inner, header_value(&inner, &h, "Message-ID")));
  thread_read(&inner, &h, SLICE(""), SLICE(""), NULL, 0, "", hints);
  char **all = reading_alloc(r, (hints->n_references + hints->n_in_reply_to + 1) * sizeof(*all));
  size_t count = 0;
  for (size_t i = 0; all && i < hints->n_references; i++)
    all[count++] = hints->references[i];
  for (size_t i = 0; all && i < hints->n_in_reply_to; i++) {
    size_t n = 0;
    while (n < count && strcmp(all[n], hints->in_reply_to[i]) != 0)
      n++;
    if (n == count)
      all[count++] = hints->in_reply_to[i];
  }
  if (all && report->n_of_references == 0) {
    report->n_of_references = count < REPORT_REFERENCES_MAX ? count : REPORT_REFERENCES_MAX;
    report->of_references = all + (count - report->n_of_references);
  }
  r->failed |= inner.failed;
}

Deskbell__V1__Report *report_read(struct reading *r, const struct mail_part *root) {
  const struct mail_part *p = find(root, is_report);
  Deskbell__V1__Report *report = p ? report_new(r, kind_of(p)) : NULL;
  if (!report)
    return NULL;
  read_fields(r, content(r, p), report);
  report_set_returned(r, report_returned(r, root), report);
  return report;
}

void report_bound(struct reading *r, Deskbell__V1__Report *report) {
  size_t total = 0, kept = 0;
  for (; kept < report->n_recipients; kept++) {
    Deskbell__V1__ReportedRecipient *one = report->recipients[kept];
    total += strlen(one->final_recipient) + strlen(one->original_recipient) + strlen(one->remote_mta) + 64;
    if (total > REPORT_TEXT_MAX)
      break;
    if (total + strlen(one->diagnostic) > REPORT_TEXT_MAX / 2 && *one->diagnostic) {
      one->diagnostic = reading_copy(r, SLICE(""));
      reading_warn(r, "report-cut");
    }
    total += strlen(one->diagnostic);
  }
  if (kept < report->n_recipients)
    reading_warn(r, "report-cut");
  report->n_recipients = kept;
}

enum report_outcome report_outcome(const Deskbell__V1__Report *report) {
  if (!report || strcmp(report->kind, "delivery-status") != 0 || report->n_recipients == 0)
    return REPORT_SAYS_NOTHING;
  for (size_t i = 0; i < report->n_recipients; i++)
    if (!*report->recipients[i]->action || strcmp(report->recipients[i]->action, "failed") == 0)
      return REPORT_FAILED;
  return REPORT_SPARED;
}
