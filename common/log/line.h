/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one log line. Pure: the time comes in, the line goes out. Internal to log/, and its unit test. */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include "base/buf.h"
#include "log/log.h"

#define LOG_LINE_MAX 4096  /* a longer line is cut, and says so */
#define LOG_VALUE_MAX 1024 /* source bytes of one value; more is cut and ends in "…" */

/* `held_back` is added when > 0. The line ends with a newline. `ret` needs a ceiling of LOG_LINE_MAX or more. */
void log_line(struct buf *ret, int64_t now_ms, enum log_level level, const char *program, const char *event,
              uint64_t held_back, const struct log_field *fields, size_t count);
/* Adds a value: bare when it is plain, else quoted and escaped. */
void log_value(struct buf *ret, struct slice value);
/* "info"; and the reverse: 0 or -EINVAL. */
const char *log_level_text(enum log_level level);
int must_check log_level_parse(const char *text, enum log_level *ret);

#endif
