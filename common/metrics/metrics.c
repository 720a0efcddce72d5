/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry is an array in order of registration; writing groups the rows of one name under one HELP and TYPE, as
 * the format demands. Numbers are written by hand from integers, because "%f" would obey the locale.
 * Label values come from the configuration (channel names), so the table is bounded by it; should a program ever
 * register more than METRICS_MAX, the rest share one metric that is not shown, and the program goes on.
 */
#include "metrics/metrics.h"
#include "metrics/process.h"
#include <stdlib.h>

#define METRICS_MAX 4096

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

static const char *const kind_text[] = {"counter", "gauge", "histogram"};

/* Upper bounds of the buckets; the last one, +Inf, is the count. */
static const struct {
  int64_t us;
  const char *text;
} bounds[] = {{1000, "0.001"},   {2500, "0.0025"},   {5000, "0.005"},    {10000, "0.01"},  {25000, "0.025"},
              {50000, "0.05"},   {100000, "0.1"},    {250000, "0.25"},   {500000, "0.5"},  {1000000, "1"},
              {2500000, "2.5"},  {5000000, "5"},     {10000000, "10"},   {30000000, "30"}, {60000000, "60"}};
#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct metric {
  const char *name, *help, *label_name, *label_value;
  enum metric_kind kind;
  uint64_t value;    /* counter; gauge, as int64_t; histogram: how many */
  uint64_t sum_us;
  uint64_t *buckets; /* histogram: of each bound alone, not cumulated */
};

static struct {
  struct metric **rows;
  size_t count, room;
  struct metric beyond; /* shared by what is above METRICS_MAX */
  uint64_t beyond_buckets[BOUNDS];
} registry;

static bool same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

static struct metric *find(const char *name, const char *label_name, const char *label_value) {
  for (size_t i = 0; i < registry.count; i++) {
    struct metric *m = registry.rows[i];
    if (strcmp(m->name, name) == 0 && same_text(m->label_name, label_name) && same_text(m->label_value, label_value))
      return m;
  }
  return NULL;
}

static struct metric *beyond(void) {
  registry.beyond.buckets = registry.beyond_buckets;
  return &registry.beyond;
}

static struct metric *metric_register(enum metric_kind kind, const char *name, const char *help,
                                      const char *label_name, const char *label_value) {
  assert(!label_name == !label_value);
  struct metric *m = find(name, label_name, label_value);
  if (m) {
    assert(m->kind == kind);
    return m;
  }
  if (registry.count == METRICS_MAX)
    return beyond();
  if (registry.count == registry.room) {
    registry.room = registry.room ? registry.room * 2 : 64;
    registry.rows = must_realloc(registry.rows, registry.room * sizeof(*registry.rows));
  }
  m = must_calloc(1, sizeof(*m));
  *m = (struct metric){.name = name, .help = help, .label_name = label_name, .label_value = label_value, .kind = kind};
  if (kind == METRIC_HISTOGRAM)
    m->buckets = must_calloc(BOUNDS, sizeof(*m->buckets));
  registry.rows[registry.count++] = m;
  return m;
}

struct metric *metric_counter(const char *name, const char *help, const char *label_name, const char *label_value) {
  return metric_register(METRIC_COUNTER, name, help, label_name, label_value);
}

struct metric *metric_gauge(const char *name, const char *help, const char *label_name, const char *label_value) {
  return metric_register(METRIC_GAUGE, name, help, label_name, label_value);
}

struct metric *metric_histogram(const char *name, const char *help, const char *label_name, const char *label_value) {
  return metric_register(METRIC_HISTOGRAM, name, help, label_name, label_value);
}

void metric_add(struct metric *m, uint64_t n) {
  m->value += n;
}

void metric_set(struct metric *m, int64_t value) {
  m->value = (uint64_t)value;
}

void metric_observe_us(struct metric *m, int64_t us) {
  assert(m->buckets);
  if (us < 0) /* a clock that was set back */
    us = 0;
  for (size_t i = 0; i < BOUNDS; i++)
    if (us <= bounds[i].us) {
      m->buckets[i]++;
      break;
    }
  m->value++;
  m->sum_us += (uint64_t)us;
}

int64_t metric_value(const struct metric *m) {
  return (int64_t)m->value;
}

/* Escapes as the text format says: backslash and newline everywhere, the quote in label values. */
static void add_escaped(struct buf *ret, const char *text, bool quoted) {
  for (; *text; text++) {
    if (*text == '\n')
      buf_add_text(ret, "\\n");
    else if (*text == '\\' || (quoted && *text == '"'))
      buf_printf(ret, "\\%c", *text);
    else
      buf_add_char(ret, *text);
  }
}

static void add_sample(struct buf *ret, const struct metric *m, const char *suffix, const char *bound) {
  buf_printf(ret, "%s%s", m->name, suffix);
  if (m->label_name || bound)
    buf_add_char(ret, '{');
  if (m->label_name) {
    buf_printf(ret, "%s=\"", m->label_name);
    add_escaped(ret, m->label_value, true);
    buf_add_text(ret, bound ? "\"," : "\"");
  }
  if (bound)
    buf_printf(ret, "le=\"%s\"", bound);
  buf_add_text(ret, m->label_name || bound ? "} " : " ");
}

static void add_histogram(struct buf *ret, const struct metric *m) {
  uint64_t upto = 0;
  for (size_t i = 0; i < BOUNDS; i++) {
    upto += m->buckets[i];
    add_sample(ret, m, "_bucket", bounds[i].text);
    buf_printf(ret, "%llu\n", (unsigned long long)upto);
  }
  add_sample(ret, m, "_bucket", "+Inf");
  buf_printf(ret, "%llu\n", (unsigned long long)m->value);
  add_sample(ret, m, "_sum", NULL);
  buf_printf(ret, "%llu.%06llu\n", (unsigned long long)(m->sum_us / 1000000),
             (unsigned long long)(m->sum_us % 1000000));
  add_sample(ret, m, "_count", NULL);
  buf_printf(ret, "%llu\n", (unsigned long long)m->value);
}

static void add_metric(struct buf *ret, const struct metric *m) {
  if (m->kind == METRIC_HISTOGRAM) {
    add_histogram(ret, m);
    return;
  }
  add_sample(ret, m, "", NULL);
  if (m->kind == METRIC_GAUGE)
    buf_printf(ret, "%lld\n", (long long)(int64_t)m->value);
  else
    buf_printf(ret, "%llu\n", (unsigned long long)m->value);
}

static bool named_before(size_t row) {
  for (size_t i = 0; i < row; i++)
    if (strcmp(registry.rows[i]->name, registry.rows[row]->name) == 0)
      return true;
  return false;
}

void metrics_write(struct buf *ret) {
  for (size_t i = 0; i < registry.count; i++) {
    const struct metric *first = registry.rows[i];
    if (named_before(i))
      continue;
    buf_printf(ret, "# HELP %s ", first->name);
    add_escaped(ret, first->help, false);
    buf_printf(ret, "\n# TYPE %s %s\n", first->name, kind_text[first->kind]);
    for (size_t k = i; k < registry.count; k++)
      if (strcmp(registry.rows[k]->name, first->name) == 0)
        add_metric(ret, registry.rows[k]);
  }
  process_metrics_write(ret);
}
