/* SPDX-License-Identifier: Apache-2.0 */
/* Mail in: LMTP and mailboxes → spool → parser process → contact event → router. */
#include "channel/channel.h"
#include "check_deliver.h"
#include "metrics/metrics.h"
#include "normalise.h"
#include "parser.h"
#include "send.h"
#include "service/service.h"
#include "take_imap.h"
#include "take_lmtp.h"
#include <stdio.h>
#include <stdlib.h>

struct email {
  struct service_run *run;
  struct normaliser *normaliser;
  struct channel *channel;
  struct lmtp_server *server;
  struct send *send;
  struct mailboxes *mailboxes; /* NULL: none are configured */
  size_t draining;
  struct metric *connections;
};

static const char *health(const struct config *config) {
  return config->email.health;
}

static void stop(void *self) {
  struct email *email = self;
  lmtp_server_close(&email->server);
  mailboxes_close(email->mailboxes);
  normaliser_close(&email->normaliser);
  send_close(&email->send);
  channel_close(&email->channel);
  mailboxes_end(&email->mailboxes);
  free(email);
}

static int open_server(struct email *email) {
  const struct config *config = service_config(email->run);
  struct complaint complaint = {0};
  char *path = config->email.listen_unix[0] ? config_path(config, config->email.listen_unix) : must_strdup("");
  const struct lmtp_server_options options = {
      .config = config,
      .channel = email->channel,
      .listen_tcp = config->email.listen_tcp[0] ? service_listen(email->run, "lmtp", config->email.listen_tcp) : "",
      .listen_unix = path,
  };
  int r = lmtp_server_open(service_loop(email->run), &options, &email->server, &complaint);
  free(path);
  return r < 0 ? service_fail(email->run, r, "%s", complaint.text) : 0;
}

static void announce(struct email *email) {
  char value[256];
  if (lmtp_server_tcp(email->server)[0])
    service_endpoint(email->run, "lmtp", lmtp_server_tcp(email->server));
  if (lmtp_server_unix(email->server)[0]) {
    snprintf(value, sizeof(value), "unix:%s", lmtp_server_unix(email->server));
    service_endpoint(email->run, "lmtp-unix", value);
  }
  service_ready(email->run);
}

static int start(struct service_run *run, void **ret_self) {
  struct email *email = must_calloc(1, sizeof(*email));
  const struct config *config = service_config(run);
  struct complaint complaint = {0};
  email->run = run;
  email->connections = metric_gauge("deskbell_email_connections", "LMTP connections open now.", NULL, NULL);
  normaliser_open(service_loop(run), config, "/proc/self/exe", &email->normaliser);
  const struct channel_options options = {
      .program = "email", .config = config, .normalise = normalise, .arg = email->normaliser};
  int r = channel_open(service_loop(run), &options, &email->channel, &complaint);
  if (r == 0)
    r = send_open(service_loop(run), config, email->channel, &email->send, &complaint);
  if (r < 0)
    service_fail(run, r, "%s%s%s", complaint.file, complaint.file[0] ? ": " : "", complaint.text);
  else
    r = open_server(email);
  if (r < 0) {
    stop(email);
    return r;
  }
  mailboxes_open(service_loop(run), config, email->channel, &email->mailboxes);
  announce(email);
  *ret_self = email;
  return 0;
}

static void on_drained(void *arg) {
  struct email *email = arg;
  if (--email->draining == 0)
    service_drained(email->run);
}

/* What was taken is in the spool; it goes on to the router after the next start. */
static void drain(void *self) {
  struct email *email = self;
  email->draining = 3;
  lmtp_server_drain(email->server, on_drained, email);
  send_drain(email->send, on_drained, email);
  mailboxes_drain(email->mailboxes, on_drained, email);
}

static void unhealthy(void *self, struct buf *ret_reasons) {
  struct email *email = self;
  channel_unhealthy(email->channel, ret_reasons);
  normaliser_unhealthy(email->normaliser, ret_reasons);
  send_unhealthy(email->send, ret_reasons);
  mailboxes_unhealthy(email->mailboxes, ret_reasons);
}

static void measure(void *self) {
  struct email *email = self;
  channel_measure(email->channel);
  send_measure(email->send);
  mailboxes_measure(email->mailboxes);
  metric_set(email->connections, (int64_t)lmtp_server_connections(email->server));
}

int main(int argc, char **argv) {
  static const struct service email = {
      .name = "email",
      .about = "takes mail over LMTP and from mailboxes, turns it into contact events, and sends answers over a relay",
      .health = health,
      .start = start,
      .drain = drain,
      .stop = stop,
      .unhealthy = unhealthy,
      .measure = measure,
  };
  if (argc > 1 && strcmp(argv[1], PARSER_OPTION) == 0)
    return parser_main(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], CHECK_DELIVER_OPTION) == 0)
    return check_deliver_main(argc - 1, argv + 1);
  return service_main(&email, argc, argv);
}
