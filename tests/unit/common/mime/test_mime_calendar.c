/* SPDX-License-Identifier: Apache-2.0 */
/* MI-19: invitations, their times and zones. */
#include "pieces.h"
#include "mime/calendar.h"
#include "mime/calendar_time.h"
#include "mime/charset.h"

#define BERLIN                                                                                                         \
  "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n"                                                                              \
  "BEGIN:DAYLIGHT\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nTZNAME:CEST\nDTSTART:19700329T020000\n"                       \
  "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\n"                                                             \
  "BEGIN:STANDARD\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\nDTSTART:19701025T030000\n"                        \
  "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n"
#define NEW_YORK                                                                                                       \
  "BEGIN:VTIMEZONE\nTZID:America/New_York\n"                                                                           \
  "BEGIN:STANDARD\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nDTSTART:16011101T020000\n"                                    \
  "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\n"                                                  \
  "BEGIN:DAYLIGHT\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nDTSTART:16010308T020000\n"                                    \
  "RRULE:FREQ=YEARLY;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU;BYMONTH=3;WKST=SU\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
#define OTHERS                                                                                                         \
  "BEGIN:VTIMEZONE\nTZID:India\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0530\nEND:STANDARD\n"             \
  "END:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:Listed\nBEGIN:STANDARD\nDTSTART:19700101T000000\nRDATE:19800101T000000\n"      \
  "TZOFFSETTO:+0500\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:Monthly\nBEGIN:STANDARD\n"                     \
  "DTSTART:19700101T000000\nRRULE:FREQ=MONTHLY\nTZOFFSETTO:+0500\nEND:STANDARD\nEND:VTIMEZONE\n"                       \
  "BEGIN:VTIMEZONE\nTZID:Moscow\nBEGIN:STANDARD\nDTSTART:20141026T020000\nTZOFFSETFROM:+0400\nTZOFFSETTO:+0300\n"      \
  "END:STANDARD\nEND:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:Ended\nBEGIN:DAYLIGHT\nDTSTART:20000326T020000\n"                \
  "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20100328T010000Z\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0300\n"              \
  "END:DAYLIGHT\nBEGIN:STANDARD\nDTSTART:20001029T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n"                   \
  "TZOFFSETFROM:+0300\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\n"                                                \
  "BEGIN:VTIMEZONE\nTZID:Fixed day\nBEGIN:STANDARD\nDTSTART:20000915T000000\n"                                         \
  "RRULE:FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=15\nTZOFFSETTO:+0300\nEND:STANDARD\nBEGIN:DAYLIGHT\n"                        \
  "DTSTART:20000401T000000\nRRULE:FREQ=YEARLY\nTZOFFSETTO:+0400\nEND:DAYLIGHT\nEND:VTIMEZONE\n"

static void test_times(void **state) {
  (void)state;
  static const struct {
    const char *line, *read; /* NULL: its zone is not known; "": it is no time */
  } cases[] = {
      {"DTSTART:20261201T100000Z", "2026-12-01T10:00:00Z"},
      {"DTSTART;VALUE=DATE:20261201", "2026-12-01"},
      {"DTSTART:20261201", "2026-12-01"},
      {"DTSTART:20261201T100000", NULL},
      {"DTSTART;TZID=Europe/Berlin:20261201T100000", "2026-12-01T10:00:00+01:00"},
      {"DTSTART;TZID=\"Europe/Berlin\":20260701T100000", "2026-07-01T10:00:00+02:00"},
      {"DTSTART;TZID=Europe/Berlin:20260329T015959", "2026-03-29T01:59:59+01:00"},
      {"DTSTART;TZID=Europe/Berlin:20260329T030000", "2026-03-29T03:00:00+02:00"},
      {"DTSTART;TZID=Europe/Berlin:20261025T030000", "2026-10-25T03:00:00+01:00"},
      {"DTSTART;TZID=Europe/Berlin:20260101T000000", "2026-01-01T00:00:00+01:00"},
      {"DTSTART;TZID=Europe/Berlin:19690101T000000", "1969-01-01T00:00:00+01:00"},
      {"DTSTART;TZID=America/New_York:20260308T030000", "2026-03-08T03:00:00-04:00"},
      {"DTSTART;TZID=America/New_York:20260307T120000", "2026-03-07T12:00:00-05:00"},
      {"DTSTART;TZID=America/New_York:20261031T120000", "2026-10-31T12:00:00-04:00"},
      {"DTSTART;TZID=America/New_York:20261101T120000", "2026-11-01T12:00:00-05:00"},
      {"DTSTART;TZID=India:20261201T100000", "2026-12-01T10:00:00+05:30"},
      {"DTSTART;TZID=Moscow:20261201T100000", "2026-12-01T10:00:00+03:00"},
      {"DTSTART;TZID=Moscow:20131201T100000", "2013-12-01T10:00:00+04:00"},
      {"DTSTART;TZID=Ended:20090701T100000", "2009-07-01T10:00:00+03:00"},
      {"DTSTART;TZID=Ended:20260701T100000", "2026-07-01T10:00:00+02:00"},
      {"DTSTART;TZID=Fixed day:20260914T100000", "2026-09-14T10:00:00+04:00"},
      {"DTSTART;TZID=Fixed day:20260916T100000", "2026-09-16T10:00:00+03:00"},
      {"DTSTART;TZID=Listed:20261201T100000", NULL},
      {"DTSTART;TZID=Monthly:20261201T100000", NULL},
      {"DTSTART;TZID=Nowhere:20261201T100000", NULL},
      {"DTSTART;TZID=UTC:20261201T100000", "2026-12-01T10:00:00Z"},
      {"DTSTART;TZID=Etc/UTC;X=\"a:b;c\":20261201T100000", "2026-12-01T10:00:00Z"},
      {"DTSTART:20260229T100000Z", ""},
      {"DTSTART:20261201T250000Z", ""},
      {"DTSTART:2026-12-01", ""},
      {"DTSTART:", ""},
      {"DTSTART:20261201T100000ZZ", ""},
  };
  struct calendar_scan *s = must_calloc(1, sizeof(*s));
  struct calendar_zones *z = must_calloc(1, sizeof(*z));
  struct calendar_line line;
  calendar_scan_start(s, SLICE(BERLIN NEW_YORK OTHERS));
  while (calendar_scan_next(s, &line))
    calendar_zone_line(z, &line);
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct calendar_time t;
    char text[CALENDAR_TIME_LEN + 1] = "";
    calendar_scan_start(s, slice_text(cases[i].line));
    assert_true(calendar_scan_next(s, &line));
    bool read = calendar_time_read(z, &line, &t);
    if (read && t.known)
      calendar_time_text(&t, text);
    const char *got = !read ? "" : t.known ? text : NULL;
    if (!got != !cases[i].read || (got && strcmp(got, cases[i].read) != 0))
      fail_msg("%s: %s", cases[i].line, got ? got : "unknown zone");
  }
  free(s);
  free(z);
}

static void test_durations(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t seconds; /* -1: none */
  } cases[] = {
      {"PT1H30M", 5400}, {"P1D", 86400}, {"P2W", 1209600}, {"P1DT1S", 86401}, {"+PT15M", 900}, {"-PT15M", -1},
      {"PT", 0},         {"P", 0},       {"1H", -1},       {"PT1", -1},       {"PTH", -1},     {"", -1},
      {"PT99999999H", -1},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    int64_t seconds = -1;
    if (!calendar_duration_read(slice_text(cases[i].text), &seconds))
      seconds = -1;
    if (seconds != cases[i].seconds)
      fail_msg("%s: %lld", cases[i].text, (long long)seconds);
  }
}

#define WRAP(inner) "BEGIN:VCALENDAR\nMETHOD:REQUEST\n" inner "END:VCALENDAR\n"

static void test_calendars(void **state) {
  (void)state;
  static const struct {
    const char *ics, *label, *method;
    const char *shown; /* method|uid|summary|start|end|location|organizer|description|answer; NULL: no event */
  } cases[] = {
      {WRAP(BERLIN "BEGIN:VEVENT\nUID:u@x\nSUMMARY:A\\, b\\; c\\\\\\nd\nDTSTART;TZID=Europe/Berlin:20261201T100000\n"
                   "DTEND;TZID=Europe/Berlin:20261201T110000\nLOCATION:Room \"1\"\n"
                   "ORGANIZER;CN=\"Joe: the; one\":MAILTO:Joe@Customer.example\nDESCRIPTION:line\\nline\nEND:VEVENT\n"),
       "", "", "REQUEST|u@x|A, b; c\\ d|2026-12-01T10:00:00+01:00|2026-12-01T11:00:00+01:00|Room \"1\"|"
               "Joe@customer.example|line\nline|"},
      {WRAP("BEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20260701T100000\nDURATION:PT90M\nEND:VEVENT\n" BERLIN), "", "",
       "REQUEST|||2026-07-01T10:00:00+02:00|2026-07-01T11:30:00+02:00||||"},
      {WRAP("BEGIN:VEVENT\nSUMM\n ARY:fol\n\tded \xC3\n \xA4\nEND:VEVENT\n"), "", "", "REQUEST||folded \u00E4||||||"},
      {WRAP("BEGIN:VEVENT\nSUMMARY:broken\nline\nEND:VEVENT\n"), "", "", "REQUEST||brokenline||||||"},
      {WRAP("BEGIN:VEVENT\nSUMMARY;LANGUAGE=de:\xE4\nEND:VEVENT\n"), "iso-8859-1", "", "REQUEST||\u00E4||||||"},
      {WRAP("BEGIN:VEVENT\nSUMMARY:one\nBEGIN:VALARM\nSUMMARY:alarm\nUID:alarm\nEND:VALARM\nUID:u\nEND:VEVENT\n"
            "BEGIN:VEVENT\nSUMMARY:two\nLOCATION:there\nEND:VEVENT\n"), "", "", "REQUEST|u|one||||||"},
      {"BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:do\nDUE:20261201\nEND:VTODO\nEND:VCALENDAR\n", "", "publish",
       "PUBLISH||do||2026-12-01||||"},
      {"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@b.example\n"
       "ATTENDEE;PARTSTAT=DECLINED;CN=C:mailto:c@d.example\nEND:VEVENT\nEND:VCALENDAR\n", "", "request",
       "REPLY||||||||c@d.example DECLINED"},
      {WRAP("BEGIN:VEVENT\nORGANIZER;EMAIL=e@f.example:urn:uuid:1\nEND:VEVENT\n"), "", "",
       "REQUEST||||||e@f.example||"},
      {WRAP("BEGIN:VEVENT\nORGANIZER:nobody\nEND:VEVENT\n"), "", "", "REQUEST||||||||"},
      {WRAP("BEGIN:VEVENT\nDTSTART;TZID=Mars:20261201T100000\nDTEND:noon\nEND:VEVENT\n"), "", "",
       "REQUEST|||TZID=Mars:20261201T100000|noon||||"},
      {WRAP("BEGIN:VEVENT\nDTSTART:20261201T100000\nDURATION:PT1H\nEND:VEVENT\n"), "", "",
       "REQUEST|||20261201T100000|||||"},
      {"BEGIN:VEVENT\nUID:bare\n", "", "", "|bare|||||||"},
      {"\xEF\xBB\xBF" "BEGIN:VCALENDAR\nBEGIN:vevent\nuid:u\nEnd:vevent\n", "", "", "|u|||||||"},
      {WRAP("BEGIN:VTIMEZONE\nEND:VTIMEZONE\n"), "", "", NULL},
      {"no calendar", "", "", NULL},
      {"", "", "", NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct calendar c = {0};
    calendar_read(&r, slice_text(cases[i].ics), slice_text(cases[i].label), cases[i].method, &c);
    if (!c.event != !cases[i].shown)
      fail_msg("%zu", i);
    if (c.event) {
      const Deskbell__V1__Calendar *e = c.event;
      char *got = arena_printf(r.arena, "%s|%s|%s|%s|%s|%s|%s|%s|%s", e->method, e->uid, e->summary, e->start, e->end,
                               e->location, e->organizer, c.description, c.answer);
      check_text(cases[i].ics, slice_text(got), cases[i].shown);
    }
    arena_free(&r.arena);
  }
}

static void test_text(void **state) {
  (void)state;
  struct reading r = start();
  struct calendar c = {0};
  calendar_read(&r, SLICE("METHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:Visit\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example\n"
                          "DESCRIPTION:See you\\nthere.\nDTSTART:20261201\nEND:VEVENT\n"), SLICE(""), "", &c);
  check_text("text", slice_text(calendar_text(&r, &c)),
             "METHOD: REPLY\nSUMMARY: Visit\nDTSTART: 2026-12-01\nATTENDEE: a@b.example ACCEPTED\n\nSee you\nthere.\n");
  arena_free(&r.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_times),
      cmocka_unit_test(test_durations),
      cmocka_unit_test(test_calendars),
      cmocka_unit_test(test_text),
  };
  charset_open_all();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
