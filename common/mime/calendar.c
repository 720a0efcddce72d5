/* SPDX-License-Identifier: Apache-2.0 */
/* One pass. Times are kept as they came until its end, for the zones that explain them may stand behind. */
#include "mime/calendar.h"
#include "base/buf.h"
#include "mime/calendar_time.h"
#include "mime/charset.h"
#include "text/address.h"
#include "text/utf8.h"

enum { BYTES_MAX = 1024 * 1024, TEXT_MAX = 1000, DESCRIPTION_MAX = 8 * 1024, TIME_MAX = 200 };

/* A time as it came, kept until all zones are known. */
struct kept_time {
  char parameters[TIME_MAX], value[TIME_MAX];
  size_t parameters_len, value_len;
};

struct reader {
  struct reading *reading;
  struct slice label;
  struct calendar *to;
  const char *method;
  struct calendar_scan scan;
  struct calendar_zones zones;
  struct kept_time start, end;
  int64_t duration;
  unsigned depth;       /* of components within the event */
  bool in_event, in_zone, event_done;
};

/* --- values --- */

/* RFC 5545 3.3.11, then characters: what was folded is whole by now. */
static struct slice unescape(struct reader *c, struct slice value, size_t most) {
  size_t len = 0;
  char *out = reading_alloc(c->reading, value.len + 1);
  for (size_t i = 0; out && i < value.len; i++) {
    char at = value.at[i];
    if (at == '\\' && i + 1 < value.len) {
      at = value.at[++i];
      at = at == 'n' || at == 'N' ? '\n' : at;
    }
    out[len++] = at;
  }
  struct slice text = charset_to_utf8(c->reading, c->label, slice_of(out ? out : "", out ? len : 0));
  text.len = utf8_cut(text, most);
  return text;
}

static char *line_of(struct reader *c, struct slice value) {
  return reading_line(c->reading, unescape(c, value, TEXT_MAX));
}

/* "mailto:joe@customer.example", or the address that Exchange puts into a parameter. "" when it is none. */
static char *address_of(struct reader *c, const struct calendar_line *line) {
  struct slice raw = slice_trim(line->value);
  char *address, *key;
  if (slice_starts_nocase(raw, SLICE("mailto:")))
    raw = slice_trim(slice_of(raw.at + 7, raw.len - 7));
  else if (calendar_parameter(line, "EMAIL").len)
    raw = calendar_parameter(line, "EMAIL");
  int e = raw.len ? address_email(c->reading->arena, raw, &address, &key) : ADDRESS_INVALID;
  c->reading->failed |= e < 0;
  return e == 0 ? address : reading_copy(c->reading, slice_of("", 0));
}

static void keep_time(struct kept_time *t, const struct calendar_line *line) {
  if (t->value_len || line->value.len > TIME_MAX || line->parameters.len > TIME_MAX)
    return;
  memcpy(t->value, line->value.at, line->value.len);
  t->value_len = line->value.len;
  if (line->parameters.len)
    memcpy(t->parameters, line->parameters.at, line->parameters.len);
  t->parameters_len = line->parameters.len;
}

/* --- lines --- */

static Deskbell__V1__Calendar *new_event(struct reader *c) {
  Deskbell__V1__Calendar *event = reading_alloc(c->reading, sizeof(*event));
  if (event)
    deskbell__v1__calendar__init(event);
  return event;
}

static void read_answer(struct reader *c, const struct calendar_line *line) {
  struct slice state = calendar_parameter(line, "PARTSTAT");
  if (*c->to->answer || !state.len || slice_equal_nocase(state, SLICE("NEEDS-ACTION")))
    return;
  char *who = address_of(c, line);
  const char *both = arena_printf(c->reading->arena, "%s%s%s", who, *who ? " " : "", line_of(c, state));
  c->reading->failed |= !both;
  c->to->answer = both ? both : "";
}

static void read_event_line(struct reader *c, const struct calendar_line *line) {
  Deskbell__V1__Calendar *e = c->to->event;
  if (calendar_is(line, "UID") && !*e->uid)
    e->uid = line_of(c, line->value);
  else if (calendar_is(line, "SUMMARY") && !*e->summary)
    e->summary = line_of(c, line->value);
  else if (calendar_is(line, "LOCATION") && !*e->location)
    e->location = line_of(c, line->value);
  else if (calendar_is(line, "ORGANIZER") && !*e->organizer)
    e->organizer = address_of(c, line);
  else if (calendar_is(line, "DESCRIPTION") && !*c->to->description)
    c->to->description = reading_text(c->reading, unescape(c, line->value, DESCRIPTION_MAX));
  else if (calendar_is(line, "ATTENDEE"))
    read_answer(c, line);
  else if (calendar_is(line, "DTSTART"))
    keep_time(&c->start, line);
  else if (calendar_is(line, "DTEND") || calendar_is(line, "DUE"))
    keep_time(&c->end, line);
  else if (calendar_is(line, "DURATION") && c->duration < 0 &&
           !calendar_duration_read(slice_trim(line->value), &c->duration))
    c->duration = -1;
}

static bool is_event(struct slice component) {
  return slice_equal_nocase(component, SLICE("VEVENT")) || slice_equal_nocase(component, SLICE("VTODO"));
}

static void begin(struct reader *c, struct slice component) {
  if (c->in_event) {
    c->depth++;
  } else if (is_event(component) && !c->event_done) {
    c->in_event = true;
    c->to->event = new_event(c);
    c->to->description = c->to->answer = "";
  }
}

static void read_line(struct reader *c, const struct calendar_line *line) {
  struct slice value = slice_trim(line->value);
  bool zone = slice_equal_nocase(value, SLICE("VTIMEZONE"));
  if (calendar_is(line, "BEGIN") && zone && !c->in_event)
    c->in_zone = true;
  if (c->in_zone) {
    calendar_zone_line(&c->zones, line);
    c->in_zone = !(calendar_is(line, "END") && zone);
  } else if (calendar_is(line, "BEGIN")) {
    begin(c, value);
  } else if (calendar_is(line, "END")) {
    if (c->in_event && c->depth == 0) {
      c->in_event = false;
      c->event_done = true;
    }
    c->depth -= c->depth > 0;
  } else if (c->in_event && c->depth == 0 && c->to->event) {
    read_event_line(c, line);
  } else if (!c->in_event && calendar_is(line, "METHOD") && !*c->method) {
    c->method = line_of(c, value);
  }
}

/* --- the end --- */

static char *time_text(struct reader *c, const struct kept_time *kept, struct calendar_time *ret) {
  struct calendar_line line = {.parameters = slice_of(kept->parameters, kept->parameters_len),
                               .value = slice_of(kept->value, kept->value_len)};
  char text[CALENDAR_TIME_LEN + 1];
  if (calendar_time_read(&c->zones, &line, ret) && ret->known) {
    calendar_time_text(ret, text);
    return reading_copy(c->reading, slice_text(text));
  }
  struct slice zone = calendar_parameter(&line, "TZID");
  const char *as_it_came = arena_printf(c->reading->arena, "%s%.*s%s%.*s", zone.len ? "TZID=" : "", (int)zone.len,
                                        zone.at, zone.len ? ":" : "", (int)line.value.len, line.value.at);
  c->reading->failed |= !as_it_came;
  return as_it_came ? line_of(c, slice_text(as_it_came)) : reading_copy(c->reading, slice_of("", 0));
}

static void set_times(struct reader *c) {
  struct calendar_time start = {0}, end;
  char text[CALENDAR_TIME_LEN + 1];
  Deskbell__V1__Calendar *e = c->to->event;
  if (c->start.value_len)
    e->start = time_text(c, &c->start, &start);
  if (c->end.value_len) {
    e->end = time_text(c, &c->end, &end);
  } else if (start.known && c->duration > 0) {
    start.local += c->duration;
    calendar_time_text(&start, text);
    e->end = reading_copy(c->reading, slice_text(text));
  }
}

static void to_upper(char *s) {
  for (; *s; s++)
    *s = *s >= 'a' && *s <= 'z' ? (char)(*s & ~0x20) : *s;
}

void calendar_read(struct reading *r, struct slice bytes, struct slice label, const char *method,
                   struct calendar *ret) {
  struct calendar_line line;
  struct reader *c = reading_zalloc(r, sizeof(*c));
  if (!c)
    return;
  c->reading = r;
  c->label = label;
  c->to = ret;
  c->method = "";
  c->duration = -1;
  calendar_scan_start(&c->scan, slice_of(bytes.at, bytes.len < BYTES_MAX ? bytes.len : BYTES_MAX));
  while (!r->failed && calendar_scan_next(&c->scan, &line))
    read_line(c, &line);
  if (!ret->event || r->failed)
    return;
  set_times(c);
  ret->event->method = reading_copy(r, slice_text(*c->method ? c->method : method));
  to_upper(ret->event->method);
}

static void add_row(struct buf *out, const char *name, const char *value) {
  if (*value)
    buf_printf(out, "%s: %s\n", name, value);
}

char *calendar_text(struct reading *r, const struct calendar *c) {
  auto_clean(buf_free) struct buf out = BUF_INIT(16 * 1024);
  const Deskbell__V1__Calendar *e = c->event;
  add_row(&out, "METHOD", e->method);
  add_row(&out, "SUMMARY", e->summary);
  add_row(&out, "DTSTART", e->start);
  add_row(&out, "DTEND", e->end);
  add_row(&out, "LOCATION", e->location);
  add_row(&out, "ORGANIZER", e->organizer);
  if (strcmp(e->method, "REPLY") == 0)
    add_row(&out, "ATTENDEE", c->answer);
  if (*c->description)
    buf_printf(&out, "\n%s\n", c->description);
  return reading_copy(r, buf_slice(&out));
}
