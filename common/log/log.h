/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line per happening to standard error: `2026-11-24T09:30:00.123Z info sms event=taken channel=shop …`.
 * Always `event=`, then key=value; values from outside are quoted and escaped (no control characters, no ANSI, no
 * bidi controls). Never customer words, addresses or secrets above debug (SE-08, PR-07). Lines of the same event name
 * beyond 20 a second are held back and counted (`held_back=N` on the next one).
 * common/ never logs above debug; the function that decides what happens next logs, once.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
  const char *key;
  enum { LOG_TEXT, LOG_INT, LOG_SLICE } type;
  const char *text;
  int64_t number;
  struct slice slice;
};

#define KV(k, v) ((struct log_field){.key = (k), .type = LOG_TEXT, .text = (v)})
#define KI(k, v) ((struct log_field){.key = (k), .type = LOG_INT, .number = (int64_t)(v)})
#define KS(k, v) ((struct log_field){.key = (k), .type = LOG_SLICE, .slice = (v)})

/* Called once by the service skeleton; `program` is borrowed for ever. */
void log_open(const char *program, enum log_level level);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define LOG_AT(level, event, ...)                                                                                   \
  log_write(level, event, (const struct log_field[]){__VA_ARGS__},                                                  \
            sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
/* log_info("taken", KV("channel", name), KI("bytes", n)); at least one field. */
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LOG_WARN, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) do { if (log_enabled(LOG_DEBUG)) LOG_AT(LOG_DEBUG, event, __VA_ARGS__); } while (0)

#endif
