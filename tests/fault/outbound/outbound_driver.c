/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel program that delivers into a file, until it is killed: real spool, link and delivery store.
 *   outbound_driver DIR CONFIG FILE    prints "ready"; every delivery is one line "ID\n" appended to FILE, which is "the next
 *                                      system": what stands there was accepted
 * The last letter of the text says how a try ends: 'd' is put off the first time, 'f' fails, all others are accepted. A
 * message whose fate is unknown after a crash is sent again.
 */
#include "channel/channel_outbound.h"
#include "service/configuration.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { UNDER_WAY = 8 };

struct driver {
  struct channel *channel;
  struct channel_outbound *out;
  int file;
  struct try {
    struct driver *driver;
    char id[OUTBOUND_ID_LEN + 1];
  } tries[UNDER_WAY];
};

static const char *destination(void *arg, const outbound_message *m) {
  (void)arg, (void)m;
  return "file";
}

static bool resend(void *arg, const outbound_message *m) {
  (void)arg, (void)m;
  return true;
}

static void done(struct driver *d, const char *id, enum outbound_outcome outcome, const char *why) {
  struct outbound_result result = {.outcome = outcome, .why = why, .code = "", .provider_id = SLICE(""),
                                   .retry_after_ms = outcome == OUTBOUND_DEFERRED ? 100 : 0};
  outbound_done(channel_outbound_store(d->out), id, &result);
}

/* What was committed to is on disk: from here on the next system may have it. */
static void on_ready(void *arg) {
  struct try *t = arg;
  char line[OUTBOUND_ID_LEN + 2], id[OUTBOUND_ID_LEN + 1];
  struct driver *d = t->driver;
  memcpy(id, t->id, sizeof(id));
  t->id[0] = '\0';
  int len = snprintf(line, sizeof(line), "%s\n", id);
  if (write(d->file, line, (size_t)len) != len)
    abort();
  done(d, id, OUTBOUND_ACCEPTED, "");
}

static void attempt(void *arg, const char *id, const outbound_message *m, uint32_t number) {
  struct driver *d = arg;
  size_t len = strlen(m->text), i = 0;
  char last = len ? m->text[len - 1] : ' ';
  if (last == 'f' || (last == 'd' && number == 1)) {
    done(d, id, last == 'f' ? OUTBOUND_FAILED : OUTBOUND_DEFERRED, last == 'f' ? "no such recipient" : "busy");
    return;
  }
  while (d->tries[i].id[0])
    i++;
  d->tries[i].driver = d;
  snprintf(d->tries[i].id, sizeof(d->tries[i].id), "%s", id);
  outbound_committing(channel_outbound_store(d->out), id, on_ready, &d->tries[i]);
}

int main(int argc, char **argv) {
  static struct driver d;
  struct config *config;
  struct complaint c = {.text = ""};
  if (argc != 4 || configuration_load(argv[2], argv[1], &config, &c) < 0) {
    fprintf(stderr, "%s\n", c.text);
    return 2;
  }
  uv_loop_t *loop = uv_default_loop();
  d.file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct channel_options channel = {.program = "email", .config = config};
  struct channel_outbound_options out = {.program = "email", .config = config, .channel_kind = "sms",
                                         .destination = destination, .attempt = attempt, .resend = resend, .arg = &d};
  if (d.file < 0 || channel_open(loop, &channel, &d.channel, &c) < 0 ||
      channel_outbound_open(loop, d.channel, &out, &d.out, &c) < 0) {
    fprintf(stderr, "%s\n", c.text);
    return 1;
  }
  puts("ready");
  fflush(stdout);
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}
