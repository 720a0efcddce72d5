/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under the intake: the HTTP server alone, answering 202 to everything. Prints its address, runs until
 * interrupted. `bench_http later` answers from the loop's next turn, through suspend and resume. */
#include "http/http.h"
#include <signal.h>
#include <stdio.h>

#define WAITING_MAX 4096

static struct http_request *waiting[WAITING_MAX];
static size_t waiting_count;
static uv_idle_t turn; /* active while something waits, so that the loop does not sleep on it */
static bool later;

static void answer_waiting(uv_idle_t *handle) {
  for (size_t i = 0; i < waiting_count; i++)
    http_reply(waiting[i], 202, NULL, SLICE(""), NULL, 0);
  waiting_count = 0;
  uv_idle_stop(handle);
}

static void answer(void *arg, struct http_request *request) {
  (void)arg;
  if (!later || waiting_count == WAITING_MAX) {
    http_reply(request, 202, NULL, SLICE(""), NULL, 0);
    return;
  }
  waiting[waiting_count++] = request;
  uv_idle_start(&turn, answer_waiting);
}

static void on_signal(uv_signal_t *handle, int number) {
  (void)number;
  uv_stop(handle->loop);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  struct http_server *server;
  struct http_options options = {
      .listen = "127.0.0.1:0", .max_body = 1024 * 1024, .max_connections = 2048, .max_per_address = 2048,
      .deadline_ms = 10000};
  later = argc > 1 && strcmp(argv[1], "later") == 0;
  if (http_open(loop, &options, answer, NULL, NULL, &server) != 0)
    return 1;
  uv_signal_t interrupt, terminate;
  uv_signal_init(loop, &interrupt);
  uv_signal_init(loop, &terminate);
  uv_signal_start(&interrupt, on_signal, SIGINT);
  uv_signal_start(&terminate, on_signal, SIGTERM);
  uv_idle_init(loop, &turn);
  printf("%s\n", http_address(server));
  fflush(stdout);
  uv_run(loop, UV_RUN_DEFAULT);
  http_close(&server);
  return 0;
}
