/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A customer's worth: by hand where it can be seen, and against tests/data/worth/cases.jsonl, which the Redis function is
 * tested with too. DESKBELL_WRITE_WORTH=1 writes that file anew.
 */
#include "tests/unit/common/desk/documents.h"
#include "plan/plan.h"
#include "plan/worth.h"
#include <jansson.h>
#include <math.h>

#define CASES TEST_DATA "/worth/cases.jsonl"
#define NOW 1795780800000LL /* 2026-11-27T12:00Z */

static struct desk *desk_with(const char *value) {
  struct buf yaml = BUF_INIT(1 << 16);
  buf_printf(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nvalue:\n%s", value);
  struct desk *d = good(yaml.at);
  buf_free(&yaml);
  return d;
}

/* ---- by hand */

#define MARGIN "- {figure: margin, points: {0: 0.5, 100: 1, 1000: 2, 5000: 4}}\n"
#define ORDER "- {age: last, points: {30d: 1.5, 180d: 1, 730d: 0.7}}\n"
#define LIFE "- {lifetime: margin, keeps: 0.5, years: 3, points: {0: 1, 175: 2, 1000: 3}}\n"

static const struct {
  const char *factors, *tags;
  double value;
  const char *profile;
  double worth;
} seen[] = {
    {"", "", NAN, "", 1},
    {MARGIN, "", NAN, "", 1},
    {MARGIN, "", NAN, "{\"margin\":-5}", 0.5},
    {MARGIN, "", NAN, "{\"margin\":0}", 0.5},
    {MARGIN, "", NAN, "{\"margin\":50}", 0.75},
    {MARGIN, "", NAN, "{\"margin\":100}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"550\"}", 1.5},
    {MARGIN, "", NAN, "{\"margin\":\"5.5e2\"}", 1.5},
    {MARGIN, "", NAN, "{\"margin\":3000}", 3},
    {MARGIN, "", NAN, "{\"margin\":5000}", 4},
    {MARGIN, "", NAN, "{\"margin\":1e300}", 4},
    {MARGIN, "", NAN, "{\"margin\":\"1e400\"}", 1}, /* no number that anybody has */
    {MARGIN, "", NAN, "{\"margin\":\"5,50\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\" 550\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"0x10\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"+5\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"5.\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\".5\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"1e\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":\"nan\"}", 1},
    {MARGIN, "", NAN, "{\"margin\":null}", 1},
    {MARGIN, "", NAN, "{\"margin\":true}", 1},
    {MARGIN, "", NAN, "{\"margin\":[550]}", 1},
    {MARGIN, "", NAN, "{\"margin", 1},
    {MARGIN, "", NAN, "[550]", 1},
    {MARGIN, "", 550, "{}", 1},
    {"- {figure: value, points: {0: 1, 10: 2}}\n", "", 5, "", 1.5},
    {"- {figure: value, points: {0: 1, 10: 2}}\n", "", NAN, "", 1},
    {"- {figure: value, points: {0: 1, 10: 2}}\n", "", INFINITY, "", 1},
    {"- {figure: x, points: {7: 3}}\n", "", NAN, "{\"x\":-1}", 3},
    {"- {figure: x, points: {7: 3}}\n", "", NAN, "{\"x\":7}", 3},
    {"- {figure: Net Sales, points: {0: 1, 4: 5}}\n", "", NAN, "{\"Net Sales\":1}", 2},
    /* 2026-11-27T12:00Z */
    {ORDER, "", NAN, "{\"last\":\"2026-11-27\"}", 1.5},
    {ORDER, "", NAN, "{\"last\":\"2027-11-27\"}", 1.5},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T12:00:00Z\"}", 1.25},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T14:00:00.5+02:00\"}", 1.25},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14 07:00-05:00\"}", 1.25},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14t12:00z\"}", 1.25},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14 12:00\"}", 1.25},
    {ORDER, "", NAN, "{\"last\":1786708800}", 1.25},
    {ORDER, "", NAN, "{\"last\":\"1786708800\"}", 1.25},
    {ORDER, "", NAN, "{\"last\":\"2000-02-29\"}", 0.7},
    {ORDER, "", NAN, "{\"last\":\"0000-01-01\"}", 0.7},
    {ORDER, "", NAN, "{\"last\":\"2001-02-29\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"1900-02-29\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-13-01\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-00-01\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-01-00\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-1-1\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"14.08.2026\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T24:00Z\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T12:00:61Z\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T12:00:00.Z\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T12:00:00+2\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14T12:00:00Zz\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"2026-08-14x\"}", 1},
    {ORDER, "", NAN, "{\"last\":\"\"}", 1},
    {LIFE, "", NAN, "{\"margin\":100}", 2}, /* 100 + 50 + 25 */
    {LIFE, "", NAN, "{\"margin\":0}", 1},
    {LIFE, "", NAN, "{\"margin\":-100}", 1},
    {LIFE, "", NAN, "{}", 1},
    {"- {lifetime: m, keeps: stays, years: 2, points: {0: 1, 200: 3}}\n", "", NAN, "{\"m\":100,\"stays\":\"0\"}", 2},
    {"- {lifetime: m, keeps: stays, years: 2, points: {0: 1, 200: 3}}\n", "", NAN, "{\"m\":100,\"stays\":1}", 3},
    {"- {lifetime: m, keeps: stays, years: 2, points: {0: 2, 200: 3}}\n", "", NAN, "{\"m\":100,\"stays\":1.5}", 1},
    {"- {lifetime: m, keeps: stays, years: 2, points: {0: 2, 200: 3}}\n", "", NAN, "{\"m\":100}", 1},
    {"- {lifetime: value, keeps: 1, years: 2, points: {0: 1, 200: 3}}\n", "", 50, "", 2},
    {"- {tag: vip, factor: 2}\n", "|vip|", NAN, "", 2},
    {"- {tag: vip, factor: 2}\n", "|gold|vip|", NAN, "", 2},
    {"- {tag: vip, factor: 2}\n", "|vips|svip|vi|", NAN, "", 1},
    {"- {tag: vip, factor: 2}\n", "", NAN, "", 1},
    {"- {is: plan, text: gold, factor: 1.5}\n", "", NAN, "{\"plan\":\"gold\"}", 1.5},
    {"- {is: plan, text: gold, factor: 1.5}\n", "", NAN, "{\"plan\":\"Gold\"}", 1},
    {"- {is: plan, text: gold, factor: 1.5}\n", "", NAN, "{\"plan\":[\"gold\"]}", 1},
    {"- {is: paid, text: \"true\", factor: 1.5}\n", "", NAN, "{\"paid\":true}", 1.5},
    {"- {is: paid, text: \"true\", factor: 1.5}\n", "", NAN, "{\"paid\":false}", 1},
    {"- {is: paid, text: \"7\", factor: 1.5}\n", "", NAN, "{\"paid\":7}", 1},
    {"- {is: plan, text: \"größer: 1\", factor: 4}\n", "", NAN, "{\"plan\":\"gr\\u00f6\\u00dfer: 1\"}", 4},
    /* the examples of docs/ROUTING.md */
    {ORDER "- {figure: orders, points: {0: 0.8, 1: 1, 5: 1.5}}\n" MARGIN "- {is: plan, text: gold, factor: 1.5}\n", "", NAN,
     "{\"last\":\"2026-08-14T12:00:00Z\",\"orders\":3,\"margin\":550,\"plan\":\"silver\"}", 2.34375},
    {"- {lifetime: margin, keeps: 0.8, years: 5, points: {0: 0.5, 1000: 1, 20000: 4}}\n", "", NAN, "{\"margin\":550}",
     1.1340336842105263},
    {MARGIN ORDER "- {tag: vip, factor: 2}\n", "|vip|", NAN, "{\"margin\":3000,\"last\":\"2026-11-01\"}", 9},
};

static void test_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(seen); i++) {
    struct desk *d = desk_with(seen[i].factors[0] ? seen[i].factors : " []\n");
    double got = desk_worth(d, seen[i].tags, seen[i].value, slice_text(seen[i].profile), NOW);
    if (got != seen[i].worth)
      fail_msg("%s %s: %.17g, not %.17g", seen[i].factors, seen[i].profile, got, seen[i].worth);
    desk_free(&d);
  }
}

/* ---- the file. A case: rows V of a plan, the customer as Redis has it, and the worth with 17 digits. */

static uint64_t dice = 1;

static unsigned roll(unsigned sides) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((dice >> 33) % sides);
}

static json_t *plan_rows(const struct desk *d) {
  struct buf plan = BUF_INIT(PLAN_MAX_BYTES);
  assert_int_equal(plan_write(d, &plan), 0);
  const char *rows = strstr(plan.at, "\x1eV\x1f");
  json_t *text = json_string(rows ? rows + 1 : "");
  buf_free(&plan);
  return text;
}

static void add_case(json_t *all, const struct desk *d, const char *tags, const char *value, const char *profile,
                     int64_t now_ms) {
  char worth[40];
  double number = desk_worth(d, tags, value[0] ? strtod(value, NULL) : NAN, slice_text(profile), now_ms);
  assert_true(isfinite(number) && number > 0);
  snprintf(worth, sizeof(worth), "%.17g", number);
  json_array_append_new(all, json_pack("{s:o,s:s,s:s,s:s,s:I,s:s}", "rows", plan_rows(d), "tags", tags, "value", value,
                                       "profile", profile, "now", (json_int_t)now_ms, "worth", worth));
}

static void add_seen(json_t *all) {
  for (size_t i = 0; i < COUNT(seen); i++) {
    char value[40] = "";
    if (isinf(seen[i].value))
      continue;
    if (!isnan(seen[i].value))
      snprintf(value, sizeof(value), "%.17g", seen[i].value);
    struct desk *d = desk_with(seen[i].factors[0] ? seen[i].factors : " []\n");
    add_case(all, d, seen[i].tags, value, seen[i].profile, NOW);
    desk_free(&d);
  }
}

static void random_points(struct buf *b, bool days) {
  long x = days ? 1 : (long)roll(2000) - 1000;
  unsigned count = 1 + roll(6);
  buf_add_text(b, "points: {");
  for (unsigned i = 0; i < count; i++) {
    buf_printf(b, days ? "%s%ldh: %u.%03u" : "%s%ld.25: %u.%03u", i ? ", " : "", x, roll(5), 1 + roll(999));
    x += 1 + roll(3000);
    if (x == 0)
      x = 1;
  }
  buf_add_text(b, "}");
}

static struct desk *random_desk(void) {
  struct buf b = BUF_INIT(1 << 16);
  unsigned count = 1 + roll(6);
  for (unsigned i = 0; i < count; i++) {
    static const char *const heads[] = {"figure: a, ", "figure: value, ", "age: b, ", "lifetime: a, keeps: 0.8, years: 7, ",
                                        "lifetime: value, keeps: c, years: 30, "};
    unsigned kind = roll(7);
    buf_add_text(&b, "- {");
    if (kind < COUNT(heads)) {
      buf_add_text(&b, heads[kind]);
      random_points(&b, kind == 2);
    } else {
      buf_printf(&b, kind == 5 ? "tag: t%u, factor: %u.%u" : "is: d, text: w%u, factor: %u.%u", roll(3), roll(3), 1 + roll(9));
    }
    buf_add_text(&b, "}\n");
  }
  struct desk *d = desk_with(b.at);
  buf_free(&b);
  return d;
}

static void random_profile(struct buf *b) {
  buf_add_text(b, "{\"z\":0");
  if (roll(5))
    buf_printf(b, roll(2) ? ",\"a\":%d.%03u" : ",\"a\":\"%d.%03u\"", (int)roll(8000) - 2000, roll(1000));
  if (roll(5))
    buf_printf(b, ",\"b\":\"20%02u-%02u-%02uT%02u:%02u:%02uZ\"", roll(28), 1 + roll(12), 1 + roll(31), roll(24), roll(60),
               roll(60));
  if (roll(4))
    buf_printf(b, ",\"c\":0.%03u", roll(1000));
  if (roll(4))
    buf_printf(b, ",\"d\":\"w%u\"", roll(3));
  buf_add_text(b, "}");
}

static void add_random(json_t *all, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct buf profile = BUF_INIT(1 << 12);
    char tags[40], value[40] = "";
    struct desk *d = random_desk();
    random_profile(&profile);
    snprintf(tags, sizeof(tags), "|t%u|t%u|", roll(3), 2 + roll(4));
    if (roll(4))
      snprintf(value, sizeof(value), "%d.%u", (int)roll(9000) - 1000, roll(1000));
    add_case(all, d, tags, value, profile.at, NOW + (int64_t)roll(1u << 30) * 7);
    desk_free(&d);
    buf_free(&profile);
  }
}

static void write_lines(const json_t *all, struct buf *b) {
  size_t i;
  json_t *one;
  json_array_foreach(all, i, one) {
    char *line = json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS);
    buf_printf(b, "%s\n", line);
    free(line);
  }
}

static void test_file(void **state) {
  (void)state;
  struct buf want = BUF_INIT(1 << 22), got = BUF_INIT(1 << 22);
  json_t *all = json_array();
  add_seen(all);
  add_random(all, 400);
  write_lines(all, &want);
  FILE *f = fopen(CASES, getenv("DESKBELL_WRITE_WORTH") ? "w+" : "r");
  assert_non_null(f);
  if (getenv("DESKBELL_WRITE_WORTH"))
    assert_int_equal(fwrite(want.at, 1, want.len, f), want.len);
  rewind(f);
  char line[1 << 14];
  while (fgets(line, sizeof(line), f))
    buf_add_text(&got, line);
  fclose(f);
  assert_string_equal(got.at, want.at);
  json_decref(all);
  buf_free(&want);
  buf_free(&got);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_seen), cmocka_unit_test(test_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
