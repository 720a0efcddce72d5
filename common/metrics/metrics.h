/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters, gauges and histograms of one program, shown in the Prometheus text format (0.0.4).
 * Registered at start and never freed; updating one is an addition, no lock (the loop thread only).
 * Names: deskbell_<program>_<what>_<unit>; the label, if any, is one name=value pair (label values are escaped).
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "base/buf.h"

struct metric;

/* `name`, `help`, `label_name`, `label_value` are borrowed for ever; label_* may be NULL. Registering the same
 * name + label again gives the same metric. */
struct metric *metric_counter(const char *name, const char *help, const char *label_name, const char *label_value);
struct metric *metric_gauge(const char *name, const char *help, const char *label_name, const char *label_value);
/* Fixed bounds in seconds: 1 ms … 60 s. */
struct metric *metric_histogram(const char *name, const char *help, const char *label_name, const char *label_value);

void metric_add(struct metric *m, uint64_t n);
void metric_set(struct metric *m, int64_t value);
void metric_observe_us(struct metric *m, int64_t us);
int64_t metric_value(const struct metric *m);
/* Writes every registered metric; adds process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds. */
void metrics_write(struct buf *ret);

#endif
