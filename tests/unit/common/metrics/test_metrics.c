/* SPDX-License-Identifier: Apache-2.0 */
/* common/metrics: the text a monitor reads must be well-formed whatever the labels are. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include "metrics/metrics.h"

static struct buf written(void) {
  struct buf text = BUF_INIT(8 << 20);
  metrics_write(&text);
  assert_false(text.full);
  return text;
}

static void assert_contains(const char *part) {
  auto_clean(buf_free) struct buf text = written();
  if (!strstr(text.at, part))
    fail_msg("not found: %s\nin:\n%s", part, text.at);
}

static unsigned occurrences(const char *text, const char *part) {
  unsigned count = 0;
  for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
    count++;
  return count;
}

static void test_counter(void **state) {
  (void)state;
  struct metric *m = metric_counter("deskbell_unit_taken_total", "Taken.", NULL, NULL);
  assert_contains("# HELP deskbell_unit_taken_total Taken.\n# TYPE deskbell_unit_taken_total counter\n"
                  "deskbell_unit_taken_total 0\n");
  metric_add(m, 3);
  metric_add(m, 4);
  assert_int_equal(metric_value(m), 7);
  assert_contains("deskbell_unit_taken_total 7\n");
  metric_add(m, UINT64_MAX - 7);
  assert_contains("deskbell_unit_taken_total 18446744073709551615\n");
}

static void test_gauge(void **state) {
  (void)state;
  struct metric *m = metric_gauge("deskbell_unit_balance", "May be negative.", NULL, NULL);
  metric_set(m, -5);
  assert_int_equal(metric_value(m), -5);
  assert_contains("# TYPE deskbell_unit_balance gauge\ndeskbell_unit_balance -5\n");
}

static void test_same_name_and_label_is_same_metric(void **state) {
  (void)state;
  char copy[] = "shop"; /* compared by content */
  struct metric *a = metric_counter("deskbell_unit_same_total", "Same.", "channel", "shop");
  assert_ptr_equal(metric_counter("deskbell_unit_same_total", "Same.", "channel", copy), a);
  assert_ptr_not_equal(metric_counter("deskbell_unit_same_total", "Same.", "channel", "mail"), a);
  assert_ptr_not_equal(metric_counter("deskbell_unit_same_total", "Same.", NULL, NULL), a);
}

/* Registered apart, written together: the format allows a name only one group. */
static void test_labels_of_a_name_are_one_group(void **state) {
  (void)state;
  metric_add(metric_counter("deskbell_unit_group_total", "Group.", "channel", "a"), 1);
  metric_counter("deskbell_unit_between_total", "Between.", NULL, NULL);
  metric_add(metric_counter("deskbell_unit_group_total", "Group.", "channel", "b"), 2);
  assert_contains("# TYPE deskbell_unit_group_total counter\ndeskbell_unit_group_total{channel=\"a\"} 1\n"
                  "deskbell_unit_group_total{channel=\"b\"} 2\n# ");
  auto_clean(buf_free) struct buf text = written();
  assert_int_equal(occurrences(text.at, "# TYPE deskbell_unit_group_total "), 1);
}

static void test_label_values_are_escaped(void **state) {
  (void)state;
  metric_counter("deskbell_unit_odd_total", "Line\nend and back\\slash and \"quote\".", "channel", "a\"b\\c\nd");
  assert_contains("# HELP deskbell_unit_odd_total Line\\nend and back\\\\slash and \"quote\".\n");
  assert_contains("deskbell_unit_odd_total{channel=\"a\\\"b\\\\c\\nd\"} 0\n");
}

static void test_histogram(void **state) {
  (void)state;
  setlocale(LC_ALL, "de_DE.UTF-8"); /* a comma here would break the format; without the locale it tests nothing */
  struct metric *m = metric_histogram("deskbell_unit_delay_seconds", "Delay.", "channel", "shop");
  static const int64_t observed[] = {0, 1000, 1001, 2500, 59999999, 60000000, 60000001, 3600000000, -12};
  for (size_t i = 0; i < sizeof(observed) / sizeof(observed[0]); i++)
    metric_observe_us(m, observed[i]);
  assert_int_equal(metric_value(m), 9);
  assert_contains("# TYPE deskbell_unit_delay_seconds histogram\n"
                  "deskbell_unit_delay_seconds_bucket{channel=\"shop\",le=\"0.001\"} 3\n"
                  "deskbell_unit_delay_seconds_bucket{channel=\"shop\",le=\"0.0025\"} 5\n");
  assert_contains("deskbell_unit_delay_seconds_bucket{channel=\"shop\",le=\"30\"} 5\n"
                  "deskbell_unit_delay_seconds_bucket{channel=\"shop\",le=\"60\"} 7\n"
                  "deskbell_unit_delay_seconds_bucket{channel=\"shop\",le=\"+Inf\"} 9\n"
                  "deskbell_unit_delay_seconds_sum{channel=\"shop\"} 3780.004501\n"
                  "deskbell_unit_delay_seconds_count{channel=\"shop\"} 9\n");
  metric_histogram("deskbell_unit_bare_seconds", "Bare.", NULL, NULL);
  assert_contains("deskbell_unit_bare_seconds_bucket{le=\"+Inf\"} 0\ndeskbell_unit_bare_seconds_sum 0.000000\n"
                  "deskbell_unit_bare_seconds_count 0\n");
}

static void test_process(void **state) {
  (void)state;
  assert_contains("# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ");
  assert_contains("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ");
  assert_contains("# TYPE process_open_fds gauge\nprocess_open_fds ");
  auto_clean(buf_free) struct buf text = written();
  assert_true(atoll(strstr(text.at, "\nprocess_resident_memory_bytes ") + 31) > 100000);
  assert_true(atoll(strstr(text.at, "\nprocess_open_fds ") + 18) >= 3);
}

/* Every line is a comment or "name{labels} number". */
static void test_every_line_is_well_formed(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf text = written();
  struct slice rest = buf_slice(&text), line;
  assert_int_equal(text.at[text.len - 1], '\n');
  while (slice_split(&rest, '\n', &line)) {
    if (line.len == 0 || line.at[0] == '#')
      continue;
    const char *blank = memrchr(line.at, ' ', line.len);
    assert_non_null(blank);
    size_t number = (size_t)(line.at + line.len - blank) - 1;
    assert_true(number > 0);
    assert_int_equal(strspn(blank + 1, "-.0123456789"), number);
    assert_true(line.at[0] == 'd' || line.at[0] == 'p');
  }
}

/* Last: it fills the table. */
static void test_too_many_do_not_grow(void **state) {
  (void)state;
  static char labels[6000][8];
  struct metric *last = NULL;
  for (size_t i = 0; i < 6000; i++) {
    snprintf(labels[i], sizeof(labels[i]), "%zu", i);
    last = metric_counter("deskbell_unit_many_total", "Many.", "n", labels[i]);
    assert_non_null(last);
  }
  metric_add(last, 1);
  struct metric *histogram = metric_histogram("deskbell_unit_late_seconds", "Late.", NULL, NULL);
  metric_observe_us(histogram, 5);
  metric_observe_us(histogram, INT64_MAX);
  auto_clean(buf_free) struct buf text = written();
  assert_non_null(strstr(text.at, "deskbell_unit_many_total{n=\"100\"} 0\n"));
  assert_null(strstr(text.at, "{n=\"5999\"}"));
  assert_null(strstr(text.at, "deskbell_unit_late_seconds"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counter),
      cmocka_unit_test(test_gauge),
      cmocka_unit_test(test_same_name_and_label_is_same_metric),
      cmocka_unit_test(test_labels_of_a_name_are_one_group),
      cmocka_unit_test(test_label_values_are_escaped),
      cmocka_unit_test(test_histogram),
      cmocka_unit_test(test_process),
      cmocka_unit_test(test_every_line_is_well_formed),
      cmocka_unit_test(test_too_many_do_not_grow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
