/* SPDX-License-Identifier: Apache-2.0 */
/* Time in words, row by row: every form of every language. */
#include "base/buf.h"
#include "template/template.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MINUTE_MS (60LL * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define FRIDAY_NOON 1795780800000 /* 2026-11-27T12:00Z */

static struct arena *arena;

static int arena_up(void **state) {
  (void)state;
  arena = arena_new(4096, 1 << 20);
  return 0;
}

static int arena_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

/* What a person would promise: rounded up, never down. */
static void test_rounding(void **state) {
  (void)state;
  static const struct {
    int64_t ms;
    const char *words;
  } rows[] = {
      {INT64_MIN, "5 minutes"}, {-1, "5 minutes"}, {0, "5 minutes"}, {1, "5 minutes"}, {5 * MINUTE_MS, "5 minutes"},
      {5 * MINUTE_MS + 1, "10 minutes"}, {10 * MINUTE_MS, "10 minutes"}, {11 * MINUTE_MS, "15 minutes"},
      {16 * MINUTE_MS, "20 minutes"}, {21 * MINUTE_MS, "30 minutes"}, {31 * MINUTE_MS, "45 minutes"},
      {46 * MINUTE_MS, "1 hour"}, {HOUR_MS, "1 hour"}, {HOUR_MS + 1, "2 hours"}, {90 * MINUTE_MS, "2 hours"},
      {12 * HOUR_MS, "12 hours"}, {12 * HOUR_MS + 1, "1 day"}, {DAY_MS, "1 day"}, {DAY_MS + 1, "2 days"},
      {7 * DAY_MS, "7 days"}, {14 * DAY_MS, "14 days"}, {14 * DAY_MS + 1, "3 weeks"}, {21 * DAY_MS, "3 weeks"},
      {365 * DAY_MS, "53 weeks"}, {INT64_MAX, "15250284453 weeks"},
  };
  for (size_t i = 0; i < COUNT(rows); i++)
    assert_string_equal(template_duration(arena, SLICE("en"), rows[i].ms), rows[i].words);
}

/* 5 and 45 minutes; 1, 2, 5 hours; 1, 3, 12 days; 3, 5, 21, 22, 25, 52 weeks. */
static const int64_t durations[] = {
    5 * MINUTE_MS, 45 * MINUTE_MS, HOUR_MS,      2 * HOUR_MS,   5 * HOUR_MS,   DAY_MS,        3 * DAY_MS,
    12 * DAY_MS,   21 * DAY_MS,    35 * DAY_MS,  147 * DAY_MS,  154 * DAY_MS,  175 * DAY_MS,  364 * DAY_MS,
};

static const struct {
  const char *language;
  const char *words[COUNT(durations)];
} duration_rows[] = {
    {"en", {"5 minutes", "45 minutes", "1 hour", "2 hours", "5 hours", "1 day", "3 days", "12 days", "3 weeks",
            "5 weeks", "21 weeks", "22 weeks", "25 weeks", "52 weeks"}},
    {"de", {"5 Minuten", "45 Minuten", "1 Stunde", "2 Stunden", "5 Stunden", "1 Tag", "3 Tage", "12 Tage", "3 Wochen",
            "5 Wochen", "21 Wochen", "22 Wochen", "25 Wochen", "52 Wochen"}},
    {"fr", {"5 minutes", "45 minutes", "1 heure", "2 heures", "5 heures", "1 jour", "3 jours", "12 jours", "3 semaines",
            "5 semaines", "21 semaines", "22 semaines", "25 semaines", "52 semaines"}},
    {"es", {"5 minutos", "45 minutos", "1 hora", "2 horas", "5 horas", "1 día", "3 días", "12 días", "3 semanas",
            "5 semanas", "21 semanas", "22 semanas", "25 semanas", "52 semanas"}},
    {"it", {"5 minuti", "45 minuti", "1 ora", "2 ore", "5 ore", "1 giorno", "3 giorni", "12 giorni", "3 settimane",
            "5 settimane", "21 settimane", "22 settimane", "25 settimane", "52 settimane"}},
    {"pt-BR", {"5 minutos", "45 minutos", "1 hora", "2 horas", "5 horas", "1 dia", "3 dias", "12 dias", "3 semanas",
               "5 semanas", "21 semanas", "22 semanas", "25 semanas", "52 semanas"}},
    {"nl", {"5 minuten", "45 minuten", "1 uur", "2 uur", "5 uur", "1 dag", "3 dagen", "12 dagen", "3 weken",
            "5 weken", "21 weken", "22 weken", "25 weken", "52 weken"}},
    {"pl", {"5 minut", "45 minut", "1 godzina", "2 godziny", "5 godzin", "1 dzień", "3 dni", "12 dni", "3 tygodnie",
            "5 tygodni", "21 tygodni", "22 tygodnie", "25 tygodni", "52 tygodnie"}},
    {"ru", {"5 минут", "45 минут", "1 час", "2 часа", "5 часов", "1 день", "3 дня", "12 дней", "3 недели", "5 недель",
            "21 неделя", "22 недели", "25 недель", "52 недели"}},
    {"zh", {"5 分钟", "45 分钟", "1 小时", "2 小时", "5 小时", "1 天", "3 天", "12 天", "3 周", "5 周", "21 周",
            "22 周", "25 周", "52 周"}},
    {"zh-TW", {"5 分鐘", "45 分鐘", "1 小時", "2 小時", "5 小時", "1 天", "3 天", "12 天", "3 週", "5 週", "21 週",
               "22 週", "25 週", "52 週"}},
    {"ja", {"5分", "45分", "1時間", "2時間", "5時間", "1日", "3日", "12日", "3週間", "5週間", "21週間", "22週間",
            "25週間", "52週間"}},
    {"ko", {"5분", "45분", "1시간", "2시간", "5시간", "1일", "3일", "12일", "3주", "5주", "21주", "22주", "25주",
            "52주"}},
};

static void test_durations(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(duration_rows); i++)
    for (size_t n = 0; n < COUNT(durations); n++)
      assert_string_equal(template_duration(arena, slice_text(duration_rows[i].language), durations[n]),
                          duration_rows[i].words[n]);
}

/* The last two figures decide in Polish and Russian: 11 to 14 are many, whatever they end with. */
static void test_counting(void **state) {
  (void)state;
  static const struct {
    int64_t weeks;
    const char *pl, *ru;
  } rows[] = {
      {11, "11 tygodni", "11 недель"},    {12, "12 tygodni", "12 недель"},    {14, "14 tygodni", "14 недель"},
      {31, "31 tygodni", "31 неделя"},    {101, "101 tygodni", "101 неделя"}, {111, "111 tygodni", "111 недель"},
      {113, "113 tygodni", "113 недель"}, {122, "122 tygodnie", "122 недели"}, {1000, "1000 tygodni", "1000 недель"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_string_equal(template_duration(arena, SLICE("pl"), rows[i].weeks * 7 * DAY_MS), rows[i].pl);
    assert_string_equal(template_duration(arena, SLICE("ru"), rows[i].weeks * 7 * DAY_MS), rows[i].ru);
  }
}

static void test_languages(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", "2 hours"},         {"xx", "2 hours"},       {"english", "2 hours"}, {"DE", "2 Stunden"},
      {"de-AT", "2 Stunden"},  {"de_CH", "2 Stunden"},  {"d", "2 hours"},       {"-de", "2 hours"},
      {"zh", "2 小时"},        {"zh-Hans-SG", "2 小时"}, {"zh-Hant", "2 小時"}, {"ZH-hk", "2 小時"},
      {"zh-Hant-TW", "2 小時"}, {"zh-hant", "2 小時"},   {"-", "2 hours"},       {"fr-", "2 heures"},
  };
  for (size_t i = 0; i < COUNT(rows); i++)
    assert_string_equal(template_duration(arena, slice_text(rows[i][0]), 2 * HOUR_MS), rows[i][1]);
}

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

static void test_opening(void **state) {
  (void)state;
  static const struct {
    const char *hours, *words;
  } rows[] = {
      {"open: {mon-fri: \"09:00-17:00\"}", "Mon-Fri 09:00-17:00"},
      {"open: {mon-fri: \"09:00-17:00\", sat: [\"10:00-12:00\", \"13:00-15:00\"]}",
       "Mon-Fri 09:00-17:00, Sat 10:00-12:00, 13:00-15:00"},
      {"open: {sun: \"22:00-02:00\"}", "Sun 22:00-02:00"},
      {"open: {mon: \"09:00-17:00\", wed: \"09:00-17:00\"}", "Mon 09:00-17:00, Wed 09:00-17:00"},
      {"open: {tue: \"09:00-17:00\", mon: \"09:00-17:00\"}", "Mon-Tue 09:00-17:00"},
      {"open: {sat-mon: \"08:05-24:00\"}", "Mon 08:05-24:00, Sat-Sun 08:05-24:00"},
      {"open: {mon-sun: \"00:00-24:00\"}", "Mon-Sun 00:00-24:00"},
      {"open: {fri: \"18:00-00:00\"}", "Fri 18:00-24:00"},
      {"open: {mon: [\"09:00-10:00\", \"11:00-12:00\"], tue: \"09:00-10:00\"}",
       "Mon 09:00-10:00, 11:00-12:00, Tue 09:00-10:00"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct desk *d = desk_with(rows[i].hours);
    assert_string_equal(template_opening(arena, SLICE("en"), &d->hours[0]), rows[i].words);
    desk_free(&d);
  }
}

/* Every day's both names, and the time around. */
static const struct {
  const char *language, *shorts, *longs[7];
} day_rows[] = {
    {"en", "Mon 09:01-10:01, Tue 09:02-10:02, Wed 09:03-10:03, Thu 09:04-10:04, Fri 09:05-10:05, Sat 09:06-10:06, "
           "Sun 09:07-10:07",
     {"Monday at 09:01", "Tuesday at 09:02", "Wednesday at 09:03", "Thursday at 09:04", "Friday at 09:05",
      "Saturday at 09:06", "Sunday at 09:07"}},
    {"de", "Mo 09:01-10:01, Di 09:02-10:02, Mi 09:03-10:03, Do 09:04-10:04, Fr 09:05-10:05, Sa 09:06-10:06, "
           "So 09:07-10:07",
     {"Montag um 09:01 Uhr", "Dienstag um 09:02 Uhr", "Mittwoch um 09:03 Uhr", "Donnerstag um 09:04 Uhr",
      "Freitag um 09:05 Uhr", "Samstag um 09:06 Uhr", "Sonntag um 09:07 Uhr"}},
    {"fr", "lun. 09:01-10:01, mar. 09:02-10:02, mer. 09:03-10:03, jeu. 09:04-10:04, ven. 09:05-10:05, "
           "sam. 09:06-10:06, dim. 09:07-10:07",
     {"lundi à 09:01", "mardi à 09:02", "mercredi à 09:03", "jeudi à 09:04", "vendredi à 09:05", "samedi à 09:06",
      "dimanche à 09:07"}},
    {"es", "lun 09:01-10:01, mar 09:02-10:02, mié 09:03-10:03, jue 09:04-10:04, vie 09:05-10:05, sáb 09:06-10:06, "
           "dom 09:07-10:07",
     {"lunes, 09:01 h", "martes, 09:02 h", "miércoles, 09:03 h", "jueves, 09:04 h", "viernes, 09:05 h",
      "sábado, 09:06 h", "domingo, 09:07 h"}},
    {"it", "lun 09:01-10:01, mar 09:02-10:02, mer 09:03-10:03, gio 09:04-10:04, ven 09:05-10:05, sab 09:06-10:06, "
           "dom 09:07-10:07",
     {"lunedì, ore 09:01", "martedì, ore 09:02", "mercoledì, ore 09:03", "giovedì, ore 09:04", "venerdì, ore 09:05",
      "sabato, ore 09:06", "domenica, ore 09:07"}},
    {"pt", "seg 09:01-10:01, ter 09:02-10:02, qua 09:03-10:03, qui 09:04-10:04, sex 09:05-10:05, sáb 09:06-10:06, "
           "dom 09:07-10:07",
     {"segunda-feira, 09:01 h", "terça-feira, 09:02 h", "quarta-feira, 09:03 h", "quinta-feira, 09:04 h",
      "sexta-feira, 09:05 h", "sábado, 09:06 h", "domingo, 09:07 h"}},
    {"nl", "ma 09:01-10:01, di 09:02-10:02, wo 09:03-10:03, do 09:04-10:04, vr 09:05-10:05, za 09:06-10:06, "
           "zo 09:07-10:07",
     {"maandag om 09:01 uur", "dinsdag om 09:02 uur", "woensdag om 09:03 uur", "donderdag om 09:04 uur",
      "vrijdag om 09:05 uur", "zaterdag om 09:06 uur", "zondag om 09:07 uur"}},
    {"pl", "pon. 09:01-10:01, wt. 09:02-10:02, śr. 09:03-10:03, czw. 09:04-10:04, pt. 09:05-10:05, sob. 09:06-10:06, "
           "niedz. 09:07-10:07",
     {"poniedziałek, godz. 09:01", "wtorek, godz. 09:02", "środa, godz. 09:03", "czwartek, godz. 09:04",
      "piątek, godz. 09:05", "sobota, godz. 09:06", "niedziela, godz. 09:07"}},
    {"ru", "пн 09:01-10:01, вт 09:02-10:02, ср 09:03-10:03, чт 09:04-10:04, пт 09:05-10:05, сб 09:06-10:06, "
           "вс 09:07-10:07",
     {"понедельник в 09:01", "вторник в 09:02", "среда в 09:03", "четверг в 09:04", "пятница в 09:05",
      "суббота в 09:06", "воскресенье в 09:07"}},
    {"zh", "周一 09:01-10:01, 周二 09:02-10:02, 周三 09:03-10:03, 周四 09:04-10:04, 周五 09:05-10:05, "
           "周六 09:06-10:06, 周日 09:07-10:07",
     {"星期一 09:01", "星期二 09:02", "星期三 09:03", "星期四 09:04", "星期五 09:05", "星期六 09:06", "星期日 09:07"}},
    {"zh-HK", "週一 09:01-10:01, 週二 09:02-10:02, 週三 09:03-10:03, 週四 09:04-10:04, 週五 09:05-10:05, "
              "週六 09:06-10:06, 週日 09:07-10:07",
     {"星期一 09:01", "星期二 09:02", "星期三 09:03", "星期四 09:04", "星期五 09:05", "星期六 09:06", "星期日 09:07"}},
    {"ja", "月 09:01-10:01, 火 09:02-10:02, 水 09:03-10:03, 木 09:04-10:04, 金 09:05-10:05, 土 09:06-10:06, "
           "日 09:07-10:07",
     {"月曜日 09:01", "火曜日 09:02", "水曜日 09:03", "木曜日 09:04", "金曜日 09:05", "土曜日 09:06", "日曜日 09:07"}},
    {"ko", "월 09:01-10:01, 화 09:02-10:02, 수 09:03-10:03, 목 09:04-10:04, 금 09:05-10:05, 토 09:06-10:06, "
           "일 09:07-10:07",
     {"월요일 09:01", "화요일 09:02", "수요일 09:03", "목요일 09:04", "금요일 09:05", "토요일 09:06", "일요일 09:07"}},
};

static void test_days(void **state) {
  (void)state;
  struct desk *d = desk_with("open: {mon: \"09:01-10:01\", tue: \"09:02-10:02\", wed: \"09:03-10:03\", "
                             "thu: \"09:04-10:04\", fri: \"09:05-10:05\", sat: \"09:06-10:06\", sun: \"09:07-10:07\"}");
  int64_t monday = FRIDAY_NOON + 3 * DAY_MS - 12 * HOUR_MS;
  for (size_t i = 0; i < COUNT(day_rows); i++) {
    struct slice language = slice_text(day_rows[i].language);
    assert_string_equal(template_opening(arena, language, &d->hours[0]), day_rows[i].shorts);
    for (int day = 0; day < 7; day++)
      assert_string_equal(template_next_open(arena, language, &d->hours[0], monday + day * DAY_MS),
                          day_rows[i].longs[day]);
  }
  desk_free(&d);
}

static void test_next_open(void **state) {
  (void)state;
  static const struct {
    const char *hours;
    int64_t now;
    const char *words;
  } rows[] = {
      {"open: {mon-fri: \"09:00-17:00\"}", FRIDAY_NOON, ""}, /* it is open */
      {"open: {mon-fri: \"09:00-17:00\"}", FRIDAY_NOON + 5 * HOUR_MS, "Monday at 09:00"},
      {"zone: Asia/Tokyo, open: {mon-fri: \"09:00-17:00\"}", FRIDAY_NOON, "Monday at 09:00"},
      {"zone: Asia/Tokyo, open: {sat: \"00:30-01:00\"}", FRIDAY_NOON, "Saturday at 00:30"},
      {"open: {fri: \"11:00-11:30\"}", FRIDAY_NOON, "Friday (2026-12-04) at 11:00"}, /* not today's Friday */
      {"open: {fri: \"11:00-11:30\"}", FRIDAY_NOON + 12 * HOUR_MS, "Friday at 11:00"},
      {"open: {fri: \"09:00-10:00\"}, closed: [\"2026-11-28..2027-01-31\"]", FRIDAY_NOON,
       "Friday (2027-02-05) at 09:00"},
      {"open: {fri: \"09:00-10:00\"}, closed: [\"2026-11-28..2029-01-31\"]", FRIDAY_NOON, ""}, /* never */
      {"zone: Mars/Olympus, open: {mon-sun: \"00:00-24:00\"}", FRIDAY_NOON, ""},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct desk *d = desk_with(rows[i].hours);
    assert_string_equal(template_next_open(arena, SLICE("en"), &d->hours[0], rows[i].now), rows[i].words);
    desk_free(&d);
  }
}

/* Seven different days of ten spans each: as long as hours can get, and still whole. */
static void test_longest(void **state) {
  (void)state;
  struct buf hours = BUF_INIT(1 << 16);
  static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  buf_add_text(&hours, "open: {");
  for (int day = 0; day < 7; day++) {
    buf_printf(&hours, "%s%s: [", day ? ", " : "", days[day]);
    for (int i = 0; i < 10; i++)
      buf_printf(&hours, "%s\"%02d:0%d-%02d:30\"", i ? ", " : "", 2 * i, day, 2 * i);
    buf_add_text(&hours, "]");
  }
  buf_add_text(&hours, "}");
  struct desk *d = desk_with(hours.at);
  const char *words = template_opening(arena, SLICE("pl"), &d->hours[0]);
  assert_true(strlen(words) > 900);
  assert_string_equal(words + strlen(words) - 11, "18:06-18:30");
  struct template_values values = {.of = {[TEMPLATE_OPENING_HOURS] = slice_text(words)}};
  char *rendered;
  const char *gap;
  assert_int_equal(template_render(SLICE("{{opening_hours}}"), &values, arena, &rendered, &gap), 0);
  assert_string_equal(rendered, words);
  desk_free(&d);
  buf_free(&hours);
}

static void test_no_memory(void **state) {
  (void)state;
  struct desk *d = desk_with("open: {mon-fri: \"09:00-17:00\"}");
  struct arena *small = arena_new(16, 16);
  while (arena_alloc(small, 1))
    ;
  assert_null(template_duration(small, SLICE("en"), 1));
  assert_null(template_opening(small, SLICE("en"), &d->hours[0]));
  assert_null(template_next_open(small, SLICE("en"), &d->hours[0], FRIDAY_NOON));
  assert_null(template_next_open(small, SLICE("en"), &d->hours[0], FRIDAY_NOON + 5 * HOUR_MS));
  arena_free(&small);
  desk_free(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rounding), cmocka_unit_test(test_durations), cmocka_unit_test(test_counting),
      cmocka_unit_test(test_languages), cmocka_unit_test(test_opening),  cmocka_unit_test(test_days),
      cmocka_unit_test(test_next_open), cmocka_unit_test(test_longest),  cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, arena_up, arena_down);
}
