/* SPDX-License-Identifier: Apache-2.0 */
/* What the process itself costs, in the standard Prometheus names. Internal to metrics/. */
#ifndef METRICS_PROCESS_H
#define METRICS_PROCESS_H

#include "base/buf.h"

void process_metrics_write(struct buf *ret);

#endif
