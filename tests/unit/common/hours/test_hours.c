/* SPDX-License-Identifier: Apache-2.0 */
/* Open or not, and when next: by table, and against asking every minute. Zones as the system has them. */
#include "base/buf.h"
#include "base/clock.h"
#include "desk/desk.h"
#include "hours/hours.h"
#include "hours/zone.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MINUTE_MS (60LL * 1000)
#define DAY_MS (24 * 60 * MINUTE_MS)

static struct desk *desk_with(const char *hours) {
  struct buf yaml = BUF_INIT(1 << 16);
  struct desk *d = NULL;
  struct complaint c = {0};
  buf_printf(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nhours: [{name: h, %s}]\n", hours);
  if (desk_parse(buf_slice(&yaml), "desk.yaml", &d, &c))
    fail_msg("%u:%u: %s\n%s", c.line, c.column, c.text, yaml.at);
  buf_free(&yaml);
  return d;
}

/* "2026-11-27 09:00", UTC; with "+1ms" after it one millisecond more. */
static int64_t at_ms(const char *utc) {
  struct tm t = {0};
  const char *rest = strptime(utc, "%Y-%m-%d %H:%M", &t);
  assert_non_null(rest);
  return (int64_t)timegm(&t) * 1000 + (strcmp(rest, "+1ms") == 0 ? 1 : 0);
}

static const char *shown(int64_t ms, char ret[RFC3339_LEN + 1]) {
  if (ms < 0)
    return "never";
  clock_rfc3339(ms, ret);
  return ret;
}

#define OFFICE "open: {mon-fri: \"09:00-17:00\"}"
#define BERLIN "zone: Europe/Berlin, "

/* 2026-11-27 is a Friday. Summer time in Berlin: 2026-03-29 01:00 to 2026-10-25 01:00 UTC. */
static const struct {
  const char *hours, *at, *next; /* UTC; next equal to at: open */
} cases[] = {
    {OFFICE, "2026-11-27 09:00", "2026-11-27 09:00"},
    {OFFICE, "2026-11-27 08:59", "2026-11-27 09:00"},
    {OFFICE, "2026-11-27 16:59", "2026-11-27 16:59"},
    {OFFICE, "2026-11-27 16:59+1ms", "2026-11-27 16:59+1ms"},
    {OFFICE, "2026-11-27 17:00", "2026-11-30 09:00"},
    {OFFICE, "2026-11-28 12:00", "2026-11-30 09:00"},
    {OFFICE, "2026-11-29 23:59+1ms", "2026-11-30 09:00"},
    {OFFICE, "1970-01-01 00:00", "1970-01-01 09:00"}, /* a Thursday */
    /* in a zone */
    {BERLIN OFFICE, "2026-11-27 07:59", "2026-11-27 08:00"},
    {BERLIN OFFICE, "2026-11-27 15:59", "2026-11-27 15:59"},
    {BERLIN OFFICE, "2026-11-27 16:00", "2026-11-30 08:00"},
    {BERLIN OFFICE, "2026-07-01 06:59", "2026-07-01 07:00"},
    {BERLIN OFFICE, "2026-07-01 15:00", "2026-07-02 07:00"},
    {BERLIN OFFICE, "2026-03-27 16:00", "2026-03-30 07:00"}, /* over the change */
    {BERLIN OFFICE, "2026-10-23 15:00", "2026-10-26 08:00"},
    {"zone: Asia/Kolkata, " OFFICE, "2026-11-27 03:29", "2026-11-27 03:30"},
    {"zone: Pacific/Kiritimati, " OFFICE, "2026-11-27 04:00", "2026-11-29 19:00"}, /* +14: Saturday there */
    {"zone: Pacific/Marquesas, " OFFICE, "2026-11-28 02:29", "2026-11-28 02:29"},  /* -9:30: Friday 16:59 */
    /* the hour that is left out: 02:00 to 03:00 on 2026-03-29 */
    {BERLIN "open: {sun: \"02:30-04:00\"}", "2026-03-29 00:59", "2026-03-29 01:00"},
    {BERLIN "open: {sun: \"02:30-04:00\"}", "2026-03-29 01:00", "2026-03-29 01:00"},
    {BERLIN "open: {sun: \"02:30-04:00\"}", "2026-03-29 02:00", "2026-04-05 00:30"},
    {BERLIN "open: {sun: \"02:10-02:50\"}", "2026-03-28 12:00", "2026-04-05 00:10"}, /* never on that day */
    /* the hour that comes twice: 02:00 to 03:00 on 2026-10-25, from 00:00 and from 01:00 UTC */
    {BERLIN "open: {sun: \"02:10-02:50\"}", "2026-10-24 12:00", "2026-10-25 00:10"},
    {BERLIN "open: {sun: \"02:10-02:50\"}", "2026-10-25 00:49", "2026-10-25 00:49"},
    {BERLIN "open: {sun: \"02:10-02:50\"}", "2026-10-25 00:50", "2026-10-25 01:10"},
    {BERLIN "open: {sun: \"02:10-02:50\"}", "2026-10-25 01:50", "2026-11-01 01:10"},
    /* half an hour of summer time, and a day that never was (2011-12-30 in Apia) */
    {"zone: Australia/Lord_Howe, open: {sun: \"02:15-03:00\"}", "2026-10-03 15:29", "2026-10-03 15:30"},
    {"zone: Pacific/Apia, open: {fri: \"09:00-17:00\"}", "2011-12-29 12:00", "2012-01-05 19:00"},
    /* over midnight */
    {"open: {fri: \"22:00-02:00\"}", "2026-11-27 21:59", "2026-11-27 22:00"},
    {"open: {fri: \"22:00-02:00\"}", "2026-11-28 01:59", "2026-11-28 01:59"},
    {"open: {fri: \"22:00-02:00\"}", "2026-11-28 02:00", "2026-12-04 22:00"},
    {"open: {fri: \"22:00-02:00\"}", "2026-11-27 01:00", "2026-11-27 22:00"},
    {"open: {sun: \"22:00-02:00\"}", "2026-11-30 01:59", "2026-11-30 01:59"}, /* over the end of the week */
    {"open: {sun: \"22:00-02:00\"}", "2026-11-30 02:00", "2026-12-06 22:00"},
    {"open: {fri: \"18:00-00:00\"}", "2026-11-27 23:59", "2026-11-27 23:59"},
    {"open: {fri: \"18:00-24:00\"}", "2026-11-28 00:00", "2026-12-04 18:00"},
    {BERLIN "open: {sat: \"22:00-06:00\"}", "2026-03-29 03:59", "2026-03-29 03:59"}, /* an hour shorter */
    {BERLIN "open: {sat: \"22:00-06:00\"}", "2026-03-29 04:00", "2026-04-04 20:00"},
    {BERLIN "open: {sat: \"22:00-06:00\"}", "2026-10-25 04:59", "2026-10-25 04:59"}, /* an hour longer */
    {BERLIN "open: {sat: \"22:00-06:00\"}", "2026-10-25 05:00", "2026-10-31 21:00"},
    /* always, and in pieces that touch */
    {"open: {mon-sun: \"00:00-24:00\"}", "2026-11-29 23:59+1ms", "2026-11-29 23:59+1ms"},
    {"open: {mon: [\"09:00-12:00\", \"12:00-15:00\", \"16:00-17:00\"]}", "2026-11-30 12:00", "2026-11-30 12:00"},
    {"open: {mon: [\"16:00-17:00\", \"09:00-12:00\"]}", "2026-11-30 12:00", "2026-11-30 16:00"},
    {"open: {sat-mon: \"10:00-11:00\"}", "2026-11-27 12:00", "2026-11-28 10:00"},
    {"open: {sat-mon: \"10:00-11:00\"}", "2026-11-30 11:00", "2026-12-05 10:00"},
    /* closed days */
    {OFFICE ", closed: [\"2026-11-27\"]", "2026-11-27 10:00", "2026-11-30 09:00"},
    {OFFICE ", closed: [\"2026-12-24..2027-01-01\"]", "2026-12-23 17:00", "2027-01-04 09:00"},
    {OFFICE ", closed: [\"2026-12-24..2027-01-01\"]", "2026-12-23 16:59", "2026-12-23 16:59"},
    {BERLIN OFFICE ", closed: [\"2026-11-27\"]", "2026-11-26 23:30", "2026-11-30 08:00"}, /* already the 27th there */
    {"open: {thu-fri: \"22:00-02:00\"}, closed: [\"2026-11-27\"]", "2026-11-26 23:59", "2026-11-26 23:59"},
    {"open: {thu-fri: \"22:00-02:00\"}, closed: [\"2026-11-27\"]", "2026-11-27 00:00", "2026-12-03 22:00"},
    {"open: {thu-sat: \"22:00-02:00\"}, closed: [\"2026-11-27\"]", "2026-11-28 01:00", "2026-11-28 22:00"},
    {OFFICE ", closed: [\"2026-01-01..2027-11-30\"]", "2026-11-27 10:00", "2027-12-01 09:00"},
    {OFFICE ", closed: [\"2026-01-01..2029-12-31\"]", "2026-11-27 10:00", NULL}, /* not within 400 days */
    /* leap days */
    {"open: {tue: \"09:00-10:00\"}, closed: [\"2028-02-29\"]", "2028-02-28 12:00", "2028-03-07 09:00"},
    {"open: {tue: \"09:00-10:00\"}", "2028-02-29 09:30", "2028-02-29 09:30"},
    {"open: {wed: \"09:00-10:00\"}, closed: [\"2028-02-28..2028-02-29\"]", "2028-02-29 12:00", "2028-03-01 09:00"},
    /* the system does not know it */
    {"zone: Mars/Olympus, open: {mon-sun: \"00:00-24:00\"}", "2026-11-27 10:00", NULL},
};

static void test_table(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    char got[RFC3339_LEN + 1], want[RFC3339_LEN + 1];
    struct desk *d = desk_with(cases[i].hours);
    int64_t at = at_ms(cases[i].at), wanted = cases[i].next ? at_ms(cases[i].next) : -1;
    int64_t next = hours_next(&d->hours[0], at);
    if (next != wanted || hours_open(&d->hours[0], at) != (wanted == at))
      fail_msg("{%s} at %s: %s, not %s", cases[i].hours, cases[i].at, shown(next, got), shown(wanted, want));
    desk_free(&d);
  }
}

/* Every minute asked, from behind: the next opening is the nearest minute that is open. */
static void against_every_minute(const struct hours *h, const char *from, int days) {
  int64_t begin = at_ms(from), next = -1;
  for (int64_t at = begin + days * DAY_MS; at >= begin; at -= MINUTE_MS) {
    if (hours_open(h, at))
      next = at;
    if (next >= 0 && (at / MINUTE_MS) % 7 == 0) {
      char got[RFC3339_LEN + 1], want[RFC3339_LEN + 1];
      int64_t found = hours_next(h, at);
      if (found != next)
        fail_msg("%s: %s, not %s", h->zone, shown(found, got), shown(next, want));
    }
  }
}

static void test_every_minute(void **state) {
  (void)state;
  static const struct {
    const char *hours, *from;
    int days;
  } rows[] = {
      {BERLIN "open: {sat-sun: [\"01:30-02:15\", \"02:20-02:40\", \"02:50-03:10\", \"23:00-00:30\"]}, "
              "closed: [\"2026-03-28\"]", "2026-03-26 00:00", 6},
      {BERLIN "open: {sat-mon: [\"01:30-02:15\", \"02:20-02:40\", \"23:00-00:30\"]}", "2026-10-23 00:00", 6},
      {"zone: Australia/Lord_Howe, open: {mon-sun: [\"01:20-01:40\", \"01:50-02:20\"]}", "2026-04-03 00:00", 4},
      {"zone: America/St_Johns, open: {mon-sun: \"01:30-02:30\"}", "2026-03-06 00:00", 4},
      {"zone: Pacific/Apia, open: {mon-sun: \"23:30-00:30\"}, closed: [\"2011-12-31\"]", "2011-12-27 00:00", 6},
      {"zone: Africa/Casablanca, open: {mon-sun: [\"02:15-02:30\", \"03:10-03:20\"]}", "2026-02-13 00:00", 4},
      {"open: {mon: \"00:00-24:00\", wed: \"23:59-00:01\"}", "2026-12-28 00:00", 9},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct desk *d = desk_with(rows[i].hours);
    against_every_minute(&d->hours[0], rows[i].from, rows[i].days);
    desk_free(&d);
  }
}

static void test_zones(void **state) {
  (void)state;
  static const struct {
    const char *zone;
    bool known;
  } zones[] = {
      {"UTC", true},          {"Europe/Berlin", true},   {"America/Argentina/Ushuaia", true}, {"Etc/GMT+5", true},
      {"EST5EDT", true},      {"Europe/Berlim", false},  {"Europe", false},                   {"", false},
      {"../../etc/passwd", false}, {"/etc/localtime", false}, {"Europe/../Europe/Berlin", false},
      {"Europe//Berlin", false},   {"Europe/", false},        {"zone.tab", false},  {"tzdata.zi", false},
      {"right/Europe/Berlin", false}, {"posix/Europe/Berlin", false}, {"europe/berlin", false}, {"-05", false},
      {"EST5", false},        {":Europe/Berlin", false},
  };
  for (size_t i = 0; i < COUNT(zones); i++)
    if (zone_known(zones[i].zone) != zones[i].known)
      fail_msg("'%s'", zones[i].zone);
  assert_int_equal(zone_offset("Europe/Berlin", at_ms("2026-07-01 00:00") / 1000), 7200);
  assert_int_equal(zone_offset("Asia/Kathmandu", at_ms("2026-07-01 00:00") / 1000), 20700);
  assert_int_equal(zone_offset("UTC", at_ms("2026-07-01 00:00") / 1000), 0);
  assert_int_equal(zone_offset("Mars/Olympus", at_ms("2026-07-01 00:00") / 1000), 0);
  assert_int_equal(zone_offset("Europe/Berlin", at_ms("2026-01-01 00:00") / 1000), 3600);
}

/* Asked in turn, more zones than are kept, to the second at which each changes its clock, there and back. */
static void test_zones_in_turn(void **state) {
  (void)state;
  static const struct {
    const char *zone, *change;
    int64_t before, after;
  } zones[] = {
      {"Europe/Berlin", "2026-03-29 01:00", 3600, 7200},     {"Europe/London", "2026-10-25 01:00", 3600, 0},
      {"America/New_York", "2026-03-08 07:00", -18000, -14400}, {"America/St_Johns", "2026-11-01 04:30", -9000, -12600},
      {"Australia/Lord_Howe", "2026-04-04 15:00", 39600, 37800}, {"Pacific/Chatham", "2026-09-26 14:00", 45900, 49500},
      {"Asia/Beirut", "2026-03-28 22:00", 7200, 10800},      {"America/Havana", "2026-11-01 05:00", -14400, -18000},
      {"Antarctica/Troll", "2026-03-29 01:00", 0, 7200},     {"Africa/Cairo", "2026-04-23 22:00", 7200, 10800},
      {"Pacific/Apia", "2011-12-30 10:00", -36000, 50400},
  };
  static const int64_t steps[] = {-90000, -3601, -1, 0, 1, 3600, 90000, 0, -1};
  for (size_t s = 0; s < COUNT(steps); s++)
    for (size_t i = 0; i < 3 * COUNT(zones); i++) { /* the first few again and again */
      size_t z = i < 2 * COUNT(zones) ? i % 3 : i % COUNT(zones);
      int64_t at = at_ms(zones[z].change) / 1000 + steps[s], want = steps[s] < 0 ? zones[z].before : zones[z].after;
      if (zone_offset(zones[z].zone, at) != want)
        fail_msg("%s %+lld: %lld", zones[z].zone, (long long)steps[s], (long long)zone_offset(zones[z].zone, at));
    }
  assert_int_equal(zone_offset("Europe/Berlin", -1), 3600); /* before 1970 */
}

/* Names that fit the form and lead to what is no zone: a folder's own file is not asked to be one. */
static void test_only_files_of_zones(void **state) {
  (void)state;
  char folder[] = "/tmp/zones-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof(path), "%s/Fake", folder);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs("TZi", f);
  fclose(f);
  assert_int_equal(setenv("TZDIR", folder, 1), 0);
  assert_false(zone_known("Fake"));
  assert_false(zone_known("Asia/Tokyo"));
  assert_int_equal(unsetenv("TZDIR"), 0);
  assert_true(zone_known("Asia/Tokyo"));
  unlink(path);
  rmdir(folder);
}

/* A crowd of connections has taken all descriptors: zones are known and have their time all the same, those asked about before and
 * others. */
static void test_zones_without_descriptors(void **state) {
  (void)state;
  enum { LIMIT = 64 };
  int taken[LIMIT], count = 0;
  struct rlimit before, small;
  int64_t winter = at_ms("2026-01-01 00:00") / 1000;
  assert_int_equal(zone_offset("Europe/Berlin", winter), 3600);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  small = (struct rlimit){.rlim_cur = LIMIT, .rlim_max = before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
  while (count < LIMIT && (taken[count] = dup(STDERR_FILENO)) >= 0)
    count++;
  assert_true(count < LIMIT);
  for (unsigned again = 0; again < 2; again++) {
    assert_true(zone_known("America/Bogota"));
    assert_int_equal(zone_offset("America/Bogota", winter), -18000);
    assert_int_equal(zone_offset("Asia/Tokyo", winter), 32400);
    assert_int_equal(zone_offset("Europe/Berlin", winter + 7 * 24 * 3600), 3600);
    assert_false(zone_known("Europe/Berlim"));
  }
  assert_true(dup(STDERR_FILENO) < 0); /* it has its descriptor again, and nobody else */
  while (count)
    close(taken[--count]);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_zones), cmocka_unit_test(test_zones_in_turn),
      cmocka_unit_test(test_only_files_of_zones), cmocka_unit_test(test_zones_without_descriptors),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_every_minute),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
