/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many events a second the link carries: a channel program in a process of its own and a router that answers each
 * event at once, CURVE over ipc.   bench_link [EVENTS [BYTES [WINDOW]]]
 */
#include "base/clock.h"
#include "base/file.h"
#include "link/keys.h"
#include "link/link.h"
#include "link/link_router.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

struct side {
  struct link *link;
  struct link_router *router;
  uint64_t total, next, confirmed, arrived, batches;
  size_t len;
  char *event;
  int64_t start_us, end_us;
  bool over;
};

static char dir[] = "/tmp/bench-link-XXXXXX";

static void die(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static char *in_dir(const char *name) {
  return path_join(dir, name);
}

/* ---- the channel program */

static void feed(void *arg) {
  struct side *s = arg;
  for (; s->next <= s->total; s->next++) {
    struct link_event e = {.seq = s->next, .event = slice_of(s->event, s->len)};
    memcpy(e.id.bytes, &s->next, sizeof(s->next));
    if (link_send(s->link, &e))
      return;
  }
}

static void restart(void *arg) {
  struct side *s = arg;
  s->start_us = clock_monotonic_us();
  s->next = s->confirmed + 1;
  feed(s);
}

static void confirmed(void *arg, uint64_t upto) {
  struct side *s = arg;
  s->confirmed = upto;
  if (upto == s->total)
    s->end_us = clock_monotonic_us();
}

static void replay(void *arg, int64_t since_ms) {
  (void)since_ms;
  restart(arg);
}

static int run_program(struct side *s, const char *endpoint) {
  static const char *const channels[] = {"bench"};
  uv_loop_t loop;
  struct complaint c = {.text = ""};
  uv_loop_init(&loop);
  struct link_options options = {.program = "sms", .router = endpoint, .server_key_file = in_dir("router.pub"),
                                 .own_key_file = in_dir("sms.key"), .channels = channels, .channel_count = 1,
                                 .heartbeat_ms = 1000, .dead_after_ms = 3000};
  struct link_user user = {.restart = restart, .more = feed, .confirmed = confirmed, .replay = replay, .arg = s};
  if (link_open(&loop, &options, &user, &s->link, &c) < 0)
    die("link_open", c.text);
  while (s->confirmed < s->total)
    uv_run(&loop, UV_RUN_ONCE);
  double seconds = (double)(s->end_us - s->start_us) / 1e6;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%llu events of %zu bytes in %.2f s: %.0f events/s, %.0f MiB/s; program: %.2f us of CPU an event, %ld KiB\n",
         (unsigned long long)s->total, s->len, seconds, (double)s->total / seconds,
         (double)s->total * (double)s->len / seconds / 1048576,
         ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
          (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) / (double)s->total,
         usage.ru_maxrss);
  link_close(&s->link);
  uv_run(&loop, UV_RUN_DEFAULT);
  return 0;
}

/* ---- the router */

static void arrived(void *arg, struct link_peer *peer, const struct link_arrival *items, size_t count) {
  struct side *s = arg;
  s->batches++;
  for (size_t i = 0; i < count; i++)
    link_router_done(peer, items[i].seq, LINK_ROUTED, SLICE(""));
  s->arrived += count;
}

static void gone(void *arg, struct link_peer *peer) {
  struct side *s = arg;
  (void)peer;
  s->over = true;
}

static bool may_speak(void *arg, struct slice program, struct slice channel) {
  (void)arg, (void)program, (void)channel;
  return true;
}

static void run_router(struct side *s, const char *endpoint, uint32_t window) {
  uv_loop_t loop;
  struct complaint c = {.text = ""};
  uv_loop_init(&loop);
  struct link_router_options options = {.listen = endpoint, .key_file = in_dir("router.key"), .keys_folder = dir,
                                        .window_events = window, .window_bytes = 16 * 1024 * 1024,
                                        .heartbeat_ms = 1000, .dead_after_ms = 3000, .may_speak = may_speak};
  struct link_router_user user = {.arrived = arrived, .gone = gone, .arg = s};
  if (link_router_open(&loop, &options, &user, &s->router, &c) < 0)
    die("link_router_open", c.text);
  while (!s->over)
    uv_run(&loop, UV_RUN_ONCE);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("router: %.1f events a batch, %.2f us of CPU an event, %ld KiB\n", (double)s->arrived / (double)s->batches,
         ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
          (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) / (double)s->arrived,
         usage.ru_maxrss);
  link_router_close(&s->router);
  uv_run(&loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv) {
  struct side s = {.total = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
                   .len = argc > 2 ? strtoull(argv[2], NULL, 10) : 1024};
  uint32_t window = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 4096;
  if (s.len < 1 || s.len > LINK_EVENT_MAX || !s.total || !window)
    die("bench_link", "[EVENTS [BYTES up to 65536 [WINDOW]]]");
  char endpoint[128];
  s.event = must_calloc(1, s.len);
  if (!mkdtemp(dir) || keys_make(dir, "router") < 0 || keys_make(dir, "sms") < 0)
    die(dir, "no folder or keys");
  snprintf(endpoint, sizeof(endpoint), "ipc://%s/router.ipc", dir);
  pid_t child = fork();
  if (child == 0)
    return run_program(&s, endpoint);
  run_router(&s, endpoint, window);
  waitpid(child, NULL, 0);
  static const char *const files[] = {"router.key", "router.pub", "sms.key", "sms.pub", "router.ipc.lock"};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
    unlink(in_dir(files[i]));
  rmdir(dir);
  return 0;
}
