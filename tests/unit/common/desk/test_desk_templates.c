/* SPDX-License-Identifier: Apache-2.0 */
/* Hours, templates and limits of acknowledgements: what they become, what is refused and in which words. */
#include "documents.h"

#define HEAD "queues: [{name: support}, {name: billing}]\ndefault: {queue: support}\n"

/* `want`: without the name of the document. */
static void refused_at(struct slice yaml, const char *want) {
  char whole_words[1100];
  snprintf(whole_words, sizeof(whole_words), "desk.yaml:%s", want);
  refused(yaml, whole_words);
}

static const char whole[] =
    "templates:\n" /* before the hours they name: the order of sections does not matter */
    "  - name: received-de\n"
    "    when:\n"
    "      channel: [mail, contact]\n"
    "      queue: [support, billing]\n"
    "      language: [de, pt-BR]\n"
    "      hours: not office\n"
    "    over: mail\n"
    "    subject: \"Re: {{subject|your message}}\"\n"
    "    text: |\n"
    "      Hello {{customer_name|there}},\n"
    "\n"
    "        your reference is {{reference}}.  \n"
    "\n"
    "    allow: [typed-address, postmaster]\n"
    "  - {name: plain, text: \"  x\\t\\n \", when: {channel: [sms], hours: office}}\n" HEAD
    "acknowledge: {sender_10m: 2, sender_day: 0, domain_hour: 7, channel_hour: 500, subject_repeat: 0, max_age: 36h, "
    "sms_parts: 3}\n"
    "hours:\n"
    "  - name: office\n"
    "    zone: Europe/Berlin\n"
    "    open: {sat: [\"13:00-15:00\", \"10:00 - 12:00\"], mon-tue: \"09:00-17:00\", sun: \"22:00-02:00\"}\n"
    "    closed: [\"2026-12-25\", \"2026-12-31..2027-01-02\"]\n"
    "  - {name: night, open: {sun-mon: \"00:00-24:00\"}}\n";

static void test_hours(void **state) {
  (void)state;
  static const struct hours_span spans[] = {{540, 1020},   {1980, 2460},   {7800, 7920},
                                           {7980, 8100},  {9960, 10200}};
  struct desk *d = good(whole);
  assert_int_equal(d->hours_count, 2);
  const struct hours *office = &d->hours[0], *night = &d->hours[1];
  assert_string_equal(office->name, "office");
  assert_string_equal(office->zone, "Europe/Berlin");
  assert_int_equal(office->zone_place.line, 22);
  assert_int_equal(office->span_count, COUNT(spans));
  for (size_t i = 0; i < COUNT(spans); i++)
    if (office->spans[i].from != spans[i].from || office->spans[i].to != spans[i].to)
      fail_msg("%zu: %d to %d", i, office->spans[i].from, office->spans[i].to);
  assert_int_equal(office->closed_count, 2);
  assert_int_equal(office->closed[0].first, 20812);
  assert_int_equal(office->closed[0].last, 20812);
  assert_int_equal(office->closed[1].last - office->closed[1].first, 2);
  assert_string_equal(night->zone, "UTC");
  assert_int_equal(night->span_count, 2);
  assert_int_equal(night->spans[1].from, 6 * 1440);
  assert_int_equal(night->spans[1].to, 7 * 1440);
  assert_int_equal(night->closed_count, 0);
  assert_ptr_equal(desk_hours_named(d, SLICE("night")), night);
  assert_null(desk_hours_named(d, SLICE("nigh")));
  desk_free(&d);
}

static void test_templates(void **state) {
  (void)state;
  struct desk *d = good(whole);
  assert_int_equal(d->template_count, 2);
  const struct desk_template *t = &d->templates[0], *plain = &d->templates[1];
  assert_string_equal(t->name, "received-de");
  assert_int_equal(t->channel_count, 2);
  assert_string_equal(t->channels[1], "contact");
  assert_int_equal(t->queue_count, 2);
  assert_string_equal(t->queues[1], "billing");
  assert_int_equal(t->language_count, 2);
  assert_string_equal(t->languages[1], "pt-br");
  assert_ptr_equal(t->hours, &d->hours[0]);
  assert_true(t->outside);
  assert_string_equal(t->over, "mail");
  assert_string_equal(t->subject, "Re: {{subject|your message}}");
  assert_string_equal(t->text, "Hello {{customer_name|there}},\n\n  your reference is {{reference}}.");
  assert_int_equal(t->allow, ALLOW_TYPED_ADDRESS | ALLOW_POSTMASTER);
  assert_int_equal(t->place.line, 2);
  assert_int_equal(t->over_place.line, 8);
  assert_int_equal(t->subject_place.line, 9);
  assert_int_equal(t->text_place.line, 10);
  assert_string_equal(plain->text, "  x");
  assert_null(plain->subject);
  assert_null(plain->over);
  assert_false(plain->outside);
  assert_ptr_equal(plain->hours, &d->hours[0]);
  assert_int_equal(plain->queue_count + plain->language_count + plain->allow, 0);
  desk_free(&d);
}

static void test_limits_of_acknowledgements(void **state) {
  (void)state;
  const int64_t hour = 3600 * 1000;
  struct desk *d = good(whole);
  const struct desk_acknowledge *a = &d->acknowledge;
  assert_true(a->sender_10m == 2 && a->sender_day == 0 && a->domain_hour == 7 && a->channel_hour == 500);
  assert_true(a->sms_parts == 3 && a->subject_repeat_ms == 0 && a->max_age_ms == 36 * hour);
  desk_free(&d);
  static const char *const same[] = {HEAD, HEAD "acknowledge: ~\n", HEAD "acknowledge: {}\n"};
  for (size_t i = 0; i < COUNT(same); i++) {
    d = good(same[i]);
    a = &d->acknowledge;
    assert_true(a->sender_10m == 1 && a->sender_day == 3 && a->sms_day == 1 && a->domain_hour == 20 && a->channel_hour == 10000);
    assert_true(a->sms_parts == 1 && a->subject_repeat_ms == 24 * hour && a->max_age_ms == 24 * hour);
    assert_int_equal(d->hours_count + d->template_count, 0);
    desk_free(&d);
  }
}

/* ---- complaints: each case stands on line 3 */

enum place { TOP, HOURS, OPEN, CLOSED, TEMPLATE, WHEN, ALLOW, LIMIT, PLACES };

static const char *const around[PLACES][2] = {
    [TOP] = {HEAD, "\n"},
    [HOURS] = {HEAD "hours: [{name: a, open: {mon: \"09:00-10:00\"}},", "]\n"},
    [OPEN] = {HEAD "hours: [{name: a, open: ", "}]\n"},
    [CLOSED] = {HEAD "hours: [{name: a, open: {mon: \"09:00-10:00\"}, closed: ", "}]\n"},
    [TEMPLATE] = {HEAD "templates: [{name: a, text: x, when: {channel: [mail]}},", "]\n"},
    [WHEN] = {HEAD "hours: [{name: office, open: {mon: \"09:00-10:00\"}}]\ntemplates: [{name: a, text: x, when: ",
              "}]\n"},
    [ALLOW] = {HEAD "templates: [{name: a, text: x, when: {channel: [mail]}, allow: ", "}]\n"},
    [LIMIT] = {HEAD "acknowledge: ", "\n"},
};

#define NO_NAME "is not a name: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit"
#define NO_TIME                                                                                                        \
  "is no opening time: \"09:00-17:00\", over midnight \"22:00-02:00\", a whole day \"00:00-24:00\""
#define NO_DATE "is no day: \"2026-12-25\", or both ends of a run \"2026-12-24..2027-01-02\""
#define NO_DAY "is no day: mon, tue, wed, thu, fri, sat, sun, or a run of them: mon-fri"
#define NO_ZONE "is no name of a time zone: Europe/Berlin, America/New_York, UTC"
#define NO_LANGUAGE "is not a language: de, pt-BR, zh-Hant"
#define NO_SUBJECT "is not a subject: one line of at most 400 bytes without control characters"
#define KNOWN "; known: return-path-differs, not-addressed, typed-address, postmaster"

static const struct {
  enum place place;
  const char *yaml, *want;
} cases[] = {
    {TOP, "hours: 5", "3:8: 'hours' must be a list"},
    {TOP, "templates: {a: b}", "3:12: 'templates' must be a list"},
    {TOP, "template: []", "3:1: unknown key 'template' in the desk; did you mean 'templates'? allowed: queues, agents, "
                          "rules, default, hours, templates, acknowledge, dispatch, value"},
    {TOP, "acknowledge: 5", "3:14: 'acknowledge' must be made of 'key: value' pairs"},
    {HOURS, "{open: {mon: \"09:00-10:00\"}}", "3:47: an entry of 'hours' needs 'name'"},
    {HOURS, "{name: b}", "3:47: an entry of 'hours' needs 'open'"},
    {HOURS, "{name: B, open: {}}", "3:54: 'B' " NO_NAME},
    {HOURS, "{name: a, open: {mon: \"09:00-10:00\"}}", "3:54: hours 'a' are defined twice"},
    {HOURS, "{name: b, opens: {mon: \"09:00-10:00\"}, open: {}}",
     "3:57: unknown key 'opens' in an entry of 'hours'; did you mean 'open'? allowed: name, zone, open, closed"},
    {HOURS, "{name: b, zone: ~, open: {}}", "3:63: '~' " NO_ZONE},
    {HOURS, "{name: b, zone: \"\", open: {}}", "3:63: '' " NO_ZONE},
    {HOURS, "{name: b, zone: ../../etc/passwd, open: {}}", "3:63: '../../etc/passwd' " NO_ZONE},
    {HOURS, "{name: b, zone: /etc/localtime, open: {}}", "3:63: '/etc/localtime' " NO_ZONE},
    {HOURS, "{name: b, zone: right/UTC, open: {}}", "3:63: 'right/UTC' " NO_ZONE},
    {HOURS, "{name: b, zone: \"UTC+1 x\", open: {}}", "3:63: 'UTC+1 x' " NO_ZONE},
    {HOURS, "{name: b, zone: [UTC], open: {}}", "3:63: '' " NO_ZONE},
    {OPEN, "{}", "3:25: 'open' must be a map of days: {mon-fri: \"09:00-17:00\"}"},
    {OPEN, "[mon]", "3:25: 'open' must be a map of days: {mon-fri: \"09:00-17:00\"}"},
    {OPEN, "~", "3:25: 'open' must be a map of days: {mon-fri: \"09:00-17:00\"}"},
    {OPEN, "{monday: \"09:00-17:00\"}", "3:26: 'monday' " NO_DAY},
    {OPEN, "{Mon: \"09:00-17:00\"}", "3:26: 'Mon' " NO_DAY},
    {OPEN, "{mon-mon: \"09:00-17:00\"}", "3:26: 'mon-mon' " NO_DAY},
    {OPEN, "{mon-: \"09:00-17:00\"}", "3:26: 'mon-' " NO_DAY},
    {OPEN, "{\"mon,tue\": \"09:00-17:00\"}", "3:26: 'mon,tue' " NO_DAY},
    {OPEN, "{mon: 9-17}", "3:31: '9-17' " NO_TIME},
    {OPEN, "{mon: \"9:00-17:00\"}", "3:31: '9:00-17:00' " NO_TIME},
    {OPEN, "{mon: \"09:00\"}", "3:31: '09:00' " NO_TIME},
    {OPEN, "{mon: \"09:00-09:00\"}", "3:31: '09:00-09:00' " NO_TIME},
    {OPEN, "{mon: \"24:00-10:00\"}", "3:31: '24:00-10:00' " NO_TIME},
    {OPEN, "{mon: \"09:00-24:01\"}", "3:31: '09:00-24:01' " NO_TIME},
    {OPEN, "{mon: \"09:60-10:00\"}", "3:31: '09:60-10:00' " NO_TIME},
    {OPEN, "{mon: \"09:00-25:00\"}", "3:31: '09:00-25:00' " NO_TIME},
    {OPEN, "{mon: \"09:00-17:00-18:00\"}", "3:31: '09:00-17:00-18:00' " NO_TIME},
    {OPEN, "{mon: ~}", "3:31: '~' " NO_TIME},
    {OPEN, "{mon: {a: b}}", "3:31: '' " NO_TIME},
    {OPEN, "{mon: []}", "3:31: 'mon' needs at least one entry; leave out a day that is closed"},
    {OPEN, "{mon: [[\"09:00-17:00\"]]}", "3:32: '' " NO_TIME},
    {OPEN, "{mon: [\"09:00-12:00\", \"11:59-13:00\"]}",
     "3:47: '11:59-13:00' overlaps with hours that were given before it"},
    {OPEN, "{mon-fri: \"09:00-17:00\", wed: \"16:00-18:00\"}",
     "3:55: '16:00-18:00' overlaps with hours that were given before it"},
    {OPEN, "{mon: \"00:00-01:00\", sun: \"22:00-00:01\"}",
     "3:51: '22:00-00:01' overlaps with hours that were given before it"},
    {OPEN, "{sun: \"22:00-00:01\", mon: \"00:00-01:00\"}",
     "3:51: '00:00-01:00' overlaps with hours that were given before it"},
    {OPEN, "{mon-tue: \"12:00-12:00\"}", "3:35: '12:00-12:00' " NO_TIME},
    {CLOSED, "2026-12-25", "3:55: 'closed' must be a list"},
    {CLOSED, "[2026-02-29]", "3:56: '2026-02-29' " NO_DATE},
    {CLOSED, "[12-25]", "3:56: '12-25' " NO_DATE},
    {CLOSED, "[\"2026-12-24 .. 2027-01-02\"]", "3:56: '2026-12-24 .. 2027-01-02' " NO_DATE},
    {CLOSED, "[\"2026-12-24..2027-02-30\"]", "3:56: '2026-12-24..2027-02-30' " NO_DATE},
    {CLOSED, "[\"2026-12-24..2026-12-23\"]", "3:56: '2026-12-24..2026-12-23' ends before it begins"},
    {CLOSED, "[~]", "3:56: '~' " NO_DATE},
    {CLOSED, "[[2026-12-25]]", "3:56: '' " NO_DATE},
    {TEMPLATE, "{text: x, when: {channel: [mail]}}", "3:57: a template needs 'name'"},
    {TEMPLATE, "{name: b, when: {channel: [mail]}}", "3:57: a template needs 'text'"},
    {TEMPLATE, "{name: b, text: x}", "3:57: a template needs 'when'"},
    {TEMPLATE, "{name: a, text: x, when: {channel: [mail]}}", "3:64: template 'a' is defined twice"},
    {TEMPLATE, "{name: b c, text: x, when: {channel: [mail]}}", "3:64: 'b c' " NO_NAME},
    {TEMPLATE, "{name: b, text: x, body: y, when: {channel: [mail]}}",
     "3:76: unknown key 'body' in a template; allowed: name, when, over, subject, text, allow"},
    {TEMPLATE, "{name: b, text: ~, when: {channel: [mail]}}", "3:73: 'text' has no text"},
    {TEMPLATE, "{name: b, text: \" \\n\", when: {channel: [mail]}}", "3:73: 'text' has no text"},
    {TEMPLATE, "{name: b, text: [x], when: {channel: [mail]}}", "3:73: 'text' has no text"},
    {TEMPLATE, "{name: b, text: \"a\\rb\", when: {channel: [mail]}}",
     "3:73: 'text' has control characters other than TAB and line breaks"},
    {TEMPLATE, "{name: b, text: \"a\\e[1m\", when: {channel: [mail]}}",
     "3:73: 'text' has control characters other than TAB and line breaks"},
    {TEMPLATE, "{name: b, text: x, subject: ~, when: {channel: [mail]}}",
     "3:85: 'subject' has no text; leave it out for the default"},
    {TEMPLATE, "{name: b, text: x, subject: \"\", when: {channel: [mail]}}",
     "3:85: 'subject' has no text; leave it out for the default"},
    {TEMPLATE, "{name: b, text: x, subject: \"a\\nb\", when: {channel: [mail]}}", "3:85: 'a?b' " NO_SUBJECT},
    {TEMPLATE, "{name: b, text: x, over: Mail, when: {channel: [mail]}}", "3:82: 'Mail' " NO_NAME},
    {WHEN, "{}", "4:38: 'when' of a template needs 'channel'"},
    {WHEN, "{queue: [support]}", "4:38: 'when' of a template needs 'channel'"},
    {WHEN, "[mail]", "4:38: 'when' of a template must be made of 'key: value' pairs"},
    {WHEN, "{channel: mail}", "4:48: 'channel' must be a list"},
    {WHEN, "{channel: []}", "4:48: 'channel' needs at least one entry"},
    {WHEN, "{channel: ~}", "4:48: 'channel' needs at least one entry"},
    {WHEN, "{channel: [\"*\"]}", "4:49: '*' " NO_NAME},
    {WHEN, "{channel: [mail], queue: [suport]}",
     "4:64: queue 'suport' is not defined under 'queues'; did you mean 'support'?"},
    {WHEN, "{channel: [mail], queue: []}", "4:63: 'queue' needs at least one entry"},
    {WHEN, "{channel: [mail], language: [german1]}", "4:67: 'german1' " NO_LANGUAGE},
    {WHEN, "{channel: [mail], language: [d]}", "4:67: 'd' " NO_LANGUAGE},
    {WHEN, "{channel: [mail], language: [de_AT]}", "4:67: 'de_AT' " NO_LANGUAGE},
    {WHEN, "{channel: [mail], language: [\"\"]}", "4:67: '' " NO_LANGUAGE},
    {WHEN, "{channel: [mail], language: []}", "4:66: 'language' needs at least one entry"},
    {WHEN, "{channel: [mail], languages: [de]}",
     "4:56: unknown key 'languages' in 'when' of a template; did you mean 'language'? allowed: channel, queue, "
     "language, hours"},
    {WHEN, "{channel: [mail], hours: ofice}",
     "4:63: hours 'ofice' are not defined under 'hours'; did you mean 'office' or 'not office'?"},
    {WHEN, "{channel: [mail], hours: not night}", "4:63: hours 'night' are not defined under 'hours'"},
    {WHEN, "{channel: [mail], hours: \"not \"}", "4:63: hours '' are not defined under 'hours'"},
    {WHEN, "{channel: [mail], hours: notoffice}",
     "4:63: hours 'notoffice' are not defined under 'hours'; did you mean 'office' or 'not office'?"},
    {WHEN, "{channel: [mail], hours: [office]}",
     "4:63: the name of hours is needed here: office, or \"not office\""},
    {WHEN, "{channel: [mail], hours: ~}", "4:63: the name of hours is needed here: office, or \"not office\""},
    {ALLOW, "postmaster", "3:64: 'allow' must be a list"},
    {ALLOW, "[typed-adress]", "3:65: 'typed-adress' is nothing to allow; did you mean 'typed-address'?" KNOWN},
    {ALLOW, "[everything]", "3:65: 'everything' is nothing to allow" KNOWN},
    {ALLOW, "[[postmaster]]", "3:65: '' is nothing to allow" KNOWN},
    {LIMIT, "{sender_10m: 101}", "3:27: '101' is not a number of acknowledgements: 0 to 100"},
    {LIMIT, "{sms_day: 1001}", "3:24: '1001' is not a number of acknowledgements: 0 to 1000"},
    {LIMIT, "{sender_day: -1}", "3:27: '-1' is not a number of acknowledgements: 0 to 1000"},
    {LIMIT, "{domain_hour: many}", "3:28: 'many' is not a number of acknowledgements: 0 to 100000"},
    {LIMIT, "{channel_hour: 10000001}", "3:29: '10000001' is not a number of acknowledgements: 0 to 10000000"},
    {LIMIT, "{sms_parts: 0}", "3:26: '0' is not a number of parts of an SMS: 1 to 10"},
    {LIMIT, "{sms_parts: 11}", "3:26: '11' is not a number of parts of an SMS: 1 to 10"},
    {LIMIT, "{subject_repeat: 5}", "3:31: '5' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
    {LIMIT, "{subject_repeat: 31d}", "3:31: '31d' is too large for 'subject_repeat': 0 to 30d"},
    {LIMIT, "{max_age: ~}", "3:24: 'max_age' has no value"},
    {LIMIT, "{max_age: 31d}", "3:24: '31d' is too large for 'max_age': 0 to 30d"},
    {LIMIT, "{sender_hour: 1}",
     "3:15: unknown key 'sender_hour' in 'acknowledge'; allowed: sender_10m, sender_day, sms_day, domain_hour, "
     "channel_hour, subject_repeat, max_age, sms_parts"},
};

static void test_complaints(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf yaml = BUF_INIT(1 << 16);
    buf_printf(&yaml, "%s%s%s", around[cases[i].place][0], cases[i].yaml, around[cases[i].place][1]);
    refused_at(buf_slice(&yaml), cases[i].want);
    buf_free(&yaml);
  }
}

/* ---- limits: the most is good, one more is refused */

static void test_limits(void **state) {
  (void)state;
  static const struct {
    const char *head, *a, *z, *tail, *want;
    size_t most;
  } limits[] = {
      {HEAD "hours: [", "{name: h", ", open: {mon: \"09:00-10:00\"}}", "]\n",
       "3:8: 'hours' has 51 entries; at most 50 are allowed", DESK_MAX_HOURS},
      {HEAD "templates: [", "{name: t", ", text: x, when: {channel: [mail]}}", "]\n",
       "3:12: 'templates' has 501 entries; at most 500 are allowed", DESK_MAX_TEMPLATES},
      {HEAD "templates: [{name: t, text: x, when: {channel: [", "c", "", "]}}]\n",
       "3:48: 'channel' has 201 entries; at most 200 are allowed", 200},
      {HEAD "hours: [{name: h, open: {mon: \"09:00-10:00\"}, closed: [", "2026-12-25 #", "\n", "]}]\n",
       "3:55: 'closed' has 401 entries; at most 400 are allowed", 400},
  };
  for (size_t i = 0; i < COUNT(limits); i++) {
    struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
    list_of(&yaml, limits[i].head, limits[i].a, limits[i].z, limits[i].most, limits[i].tail);
    struct desk *d = good(yaml.at);
    desk_free(&d);
    buf_clear(&yaml);
    list_of(&yaml, limits[i].head, limits[i].a, limits[i].z, limits[i].most + 1, limits[i].tail);
    refused_at(buf_slice(&yaml), limits[i].want);
    buf_free(&yaml);
  }
}

static void test_long_texts(void **state) {
  (void)state;
  for (int more = 0; more <= 1; more++) {
    struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
    buf_add_text(&yaml, HEAD "templates: [{name: t, when: {channel: [mail]}, text: \"");
    for (int i = 0; i < DESK_MAX_TEMPLATE_BYTES + more; i++)
      buf_add_char(&yaml, 'x');
    buf_add_text(&yaml, "\"}]\n");
    if (more)
      refused_at(buf_slice(&yaml), "3:54: 'text' has 8193 bytes; at most 8192 are allowed");
    else {
      struct desk *d = good(yaml.at);
      desk_free(&d);
    }
    buf_free(&yaml);
  }
}

static void test_spans_of_a_day(void **state) {
  (void)state;
  for (int count = 10; count <= 11; count++) {
    struct buf yaml = BUF_INIT(DESK_MAX_BYTES);
    buf_add_text(&yaml, HEAD "hours: [{name: t, open: {mon-sun: [");
    for (int i = 0; i < count; i++)
      buf_printf(&yaml, "%s\"%02d:00-%02d:00\"", i ? "," : "", 2 * i, 2 * i + 1);
    buf_add_text(&yaml, "]}}]\n");
    if (count == 11)
      refused_at(buf_slice(&yaml), "3:35: 'mon-sun' has 11 spans; at most 10 are allowed");
    else {
      struct desk *d = good(yaml.at);
      assert_int_equal(d->hours[0].span_count, 70);
      desk_free(&d);
    }
    buf_free(&yaml);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hours),      cmocka_unit_test(test_templates),
      cmocka_unit_test(test_limits_of_acknowledgements), cmocka_unit_test(test_complaints),
      cmocka_unit_test(test_limits),     cmocka_unit_test(test_long_texts),
      cmocka_unit_test(test_spans_of_a_day),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
