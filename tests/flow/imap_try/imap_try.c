/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imap_try KEY=VALUE…: the IMAP client behind a pipe. Settings are arguments, commands are lines on stdin, what
 * happens are lines on stdout; the end of stdin closes the client and, when all is freed, ends the program. With
 * at=EVENT do=ACTION something is done to the client within one of its callbacks: close, drop, pause, bounce, ask.
 *
 *   select F   examine F   search [A[:B]]   sizes A[:B]   fetch A[:B]   header A[:B]   bench A[:B]   mark A[:B] FLAG
 *   move A[:B] F   create F   status F   list P   pause   resume   hurry   drop WHY   close   say WORDS
 */
#include "base/digest.h"
#include "base/encode.h"
#include "curl/curl_loop.h"
#include "imap_client.h"
#include "oauth_token.h"
#include <dlfcn.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

struct setting {
  const char *name;
  const char *value;
};

static struct setting settings[] = {
    {"host", "127.0.0.1"}, {"port", "0"},       {"security", "clear"},    {"auth", "password"},
    {"user", "support"},   {"password", ""},    {"password_file", ""},    {"ca", ""},
    {"pin", ""},           {"proxy", ""},       {"connect_ms", "0"},      {"command_ms", "0"},
    {"probe_ms", "0"},     {"idle_ms", "0"},    {"poll_ms", "0"},         {"never_idle", "0"},
    {"token_url", ""},     {"token_file", ""},  {"client_id", "desk"},    {"client_secret_file", ""},
    {"refresh_file", ""},  {"scope", ""},       {"token_ca", ""},         {"clients", "1"},
    {"at", ""},            {"do", ""},
};

static struct {
  uv_loop_t loop;
  struct curl_loop *curl;
  struct oauth_token *token;
  struct imap_client *clients[8];
  size_t count;
  uv_pipe_t in;
  struct buf line;
  struct digest *digest;
  uint64_t bytes, mails, total;
  int64_t began_us;
  bool quiet, fired;
} try;

/* In place of libc's, for libcurl too: a DNS that does not answer. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
  *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  if (name && strcmp(name, "hangs.invalid") == 0)
    poll(NULL, 0, 60000);
  return real ? real(name, service, hints, ret) : EAI_SYSTEM;
}

static const char *get(const char *name) {
  for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
    if (strcmp(settings[i].name, name) == 0)
      return settings[i].value;
  abort();
}

static void set(const char *pair) {
  const char *value = strchr(pair, '=');
  for (size_t i = 0; value && i < sizeof(settings) / sizeof(settings[0]); i++) {
    if (strlen(settings[i].name) == (size_t)(value - pair) &&
        strncmp(settings[i].name, pair, (size_t)(value - pair)) == 0) {
      settings[i].value = value + 1;
      return;
    }
  }
  fprintf(stderr, "imap_try: what is %s?\n", pair);
  exit(2);
}

static int one_of(const char *value, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcmp(value, names[i]) == 0)
      return i;
  fprintf(stderr, "imap_try: what is %s?\n", value);
  exit(2);
}

static void on_found(void *arg, const struct imap_result *r, const struct uid_range *ranges, size_t count);

/* at=EVENT do=ACTION: within the callback, once. */
static void at(const char *event) {
  struct imap_client *c = try.clients[0];
  const char *action = get("do");
  if (try.fired || !c || strcmp(get("at"), event) != 0)
    return;
  try.fired = true;
  printf("at %s %s\n", event, action);
  if (strcmp(action, "close") == 0)
    imap_client_close(&try.clients[0]);
  if (strcmp(action, "drop") == 0)
    imap_client_drop(c, "the user wants it");
  if (strcmp(action, "pause") == 0 || strcmp(action, "bounce") == 0)
    imap_client_pause(c);
  if (strcmp(action, "bounce") == 0)
    imap_client_resume(c);
  if (strcmp(action, "ask") == 0)
    imap_client_search(c, &(struct imap_search){0}, on_found, (void *)"asked");
}

/* ---- what happens */

static const char *const down_names[] = {"unreachable", "tls", "refused", "token", "lost", "protocol"};
static const char *const outcome_names[] = {"ok", "no", "bad", "lost", "unsupported", "too-many"};

static void say_result(const char *verb, const struct imap_result *r) {
  printf("%s %s code=%d", verb, outcome_names[r->outcome], (int)r->code);
}

static void say_words(const struct imap_result *r) {
  printf(" words=%.*s\n", (int)r->words.len, r->words.at ? r->words.at : "");
}

static void on_ready(void *arg, struct imap_client *c, unsigned capabilities) {
  (void)arg;
  (void)c;
  printf("ready %x\n", capabilities);
  at("ready");
}

static void on_down(void *arg, struct imap_client *c, enum imap_down reason, const char *why, int64_t retry_ms) {
  (void)arg;
  (void)c;
  printf("down %s %" PRId64 " %s\n", down_names[reason], retry_ms, why);
  at("down");
}

static void on_changed(void *arg, struct imap_client *c, enum imap_change change) {
  (void)arg;
  (void)c;
  printf("changed %s\n", change == IMAP_CHANGE_NEW ? "new" : "gone");
  at("changed");
}

static void on_alert(void *arg, struct imap_client *c, struct slice words) {
  (void)arg;
  (void)c;
  printf("alert %.*s\n", (int)words.len, words.at);
  at("alert");
}

static void on_unsaved(void *arg, const char *why) {
  (void)arg;
  printf("unsaved %s\n", why);
}

static void on_done(void *arg, const struct imap_result *r) {
  say_result(arg, r);
  say_words(r);
  at("done");
}

static void on_selected(void *arg, const struct imap_result *r, const struct imap_folder *f) {
  say_result(arg, r);
  if (f)
    printf(" validity=%" PRIu32 " next=%" PRIu32 " exists=%" PRIu32 " keywords=%d read_only=%d", f->uid_validity,
           f->uid_next, f->exists, (f->permanent & IMAP_NEW_KEYWORDS) != 0, f->read_only);
  say_words(r);
  at("selected");
}

static void on_found(void *arg, const struct imap_result *r, const struct uid_range *ranges, size_t count) {
  say_result(arg, r);
  printf(" found=");
  for (size_t i = 0; i < count; i++)
    printf("%s%" PRIu32 ":%" PRIu32, i ? "," : "", ranges[i].first, ranges[i].last);
  say_words(r);
  at("found");
}

static void on_status(void *arg, const struct imap_result *r, const struct imap_status *s) {
  say_result(arg, r);
  if (s)
    printf(" messages=%" PRIu32 " unseen=%" PRIu32 " next=%" PRIu32, s->messages, s->unseen, s->uid_next);
  say_words(r);
}

static void on_listed(void *arg, const char *folder, bool selectable) {
  (void)arg;
  printf("folder %d %s\n", selectable, folder);
  at("listed");
}

static void on_size(void *arg, const struct imap_mail *m) {
  (void)arg;
  printf("size uid=%" PRIu32 " size=%" PRIu32 " date=%" PRId64 " flags=%x\n", m->uid, m->size, m->internal_date_ms,
         m->flags);
  at("size");
}

static void on_begin(void *arg, const struct imap_mail *m) {
  (void)arg;
  try.bytes = 0;
  if (!try.quiet)
    printf("begin uid=%" PRIu32 "\n", m->uid);
  at("begin");
}

static void on_run(void *arg, struct slice bytes) {
  (void)arg;
  if (!try.quiet)
    digest_add(try.digest, bytes);
  try.bytes += bytes.len;
  at("run");
}

static void on_end(void *arg, const struct imap_mail *m, enum imap_mail_end end) {
  static const char *const ends[] = {"whole", "cut", "unasked"};
  (void)arg;
  try.mails++;
  try.total += try.bytes;
  if (try.quiet)
    return;
  uint8_t sha[SHA256_BYTES];
  char hex[HEX_LEN(SHA256_BYTES) + 1];
  digest_end(try.digest, sha);
  hex_encode(sha, sizeof(sha), hex);
  printf("mail %s uid=%" PRIu32 " size=%" PRIu32 " date=%" PRId64 " flags=%x bytes=%" PRIu64 " sha256=%s\n",
         ends[end], m->uid, m->size, m->internal_date_ms, m->flags, try.bytes, hex);
  at("end");
}

static void on_bench_done(void *arg, const struct imap_result *r) {
  try.quiet = false;
  say_result(arg, r);
  printf(" mails=%" PRIu64 " bytes=%" PRIu64 " us=%" PRIu64 "\n", try.mails, try.total,
         uv_hrtime() / 1000 - (uint64_t)try.began_us);
}

/* ---- what is asked */

static void close_all(void) {
  for (size_t i = 0; i < try.count; i++)
    imap_client_close(&try.clients[i]);
}

static struct uid_range range_of(const char *text) {
  char *end;
  const unsigned long first = strtoul(text, &end, 10);
  return (struct uid_range){(uint32_t)first, *end == ':' ? (uint32_t)strtoul(end + 1, NULL, 10) : (uint32_t)first};
}

static void fetch(struct imap_client *c, const char *verb, struct uid_range range) {
  static const struct imap_fetch_user user = {on_begin, on_run, on_end};
  const bool bench = strcmp(verb, "bench") == 0;
  try.quiet = bench;
  try.mails = try.total = 0;
  try.began_us = (int64_t)(uv_hrtime() / 1000);
  imap_client_fetch(c, &range, 1, strcmp(verb, "header") == 0 ? IMAP_HEADER_ONLY : IMAP_WHOLE_MAIL, &user,
                    bench ? on_bench_done : on_done, (void *)(bench ? "bench" : "fetch"));
}

static void obey(char *line) {
  struct imap_client *c = try.clients[0];
  char *rest = strchr(line, ' ');
  if (rest)
    *rest++ = '\0';
  else
    rest = line + strlen(line);
  char *second = strchr(rest, ' ');
  const char *verb = line, *behind = second ? second + 1 : "";
  const struct uid_range range = range_of(rest);
  if (strcmp(verb, "say") == 0) {
    printf("said %s\n", rest);
  } else if (!c) {
    printf("closed\n");
  } else if (strcmp(verb, "select") == 0 || strcmp(verb, "examine") == 0) {
    imap_client_select(c, rest, verb[0] == 'e', on_selected, (void *)"select");
  } else if (strcmp(verb, "search") == 0) {
    const struct imap_search search = {.first = range.first, .last = strchr(rest, ':') ? range.last : 0};
    imap_client_search(c, &search, on_found, (void *)"search");
  } else if (strcmp(verb, "sizes") == 0) {
    imap_client_sizes(c, &range, 1, on_size, on_done, (void *)"sizes");
  } else if (strcmp(verb, "fetch") == 0 || strcmp(verb, "header") == 0 || strcmp(verb, "bench") == 0) {
    fetch(c, verb, range);
  } else if (strcmp(verb, "mark") == 0) {
    imap_client_mark(c, &range, 1, behind, on_done, (void *)"mark");
  } else if (strcmp(verb, "move") == 0) {
    imap_client_move(c, &range, 1, behind, on_done, (void *)"move");
  } else if (strcmp(verb, "create") == 0) {
    imap_client_create(c, rest, on_done, (void *)"create");
  } else if (strcmp(verb, "status") == 0) {
    imap_client_status(c, rest, on_status, (void *)"status");
  } else if (strcmp(verb, "list") == 0) {
    imap_client_list(c, rest, on_listed, on_done, (void *)"list");
  } else if (strcmp(verb, "pause") == 0) {
    imap_client_pause(c);
  } else if (strcmp(verb, "resume") == 0) {
    imap_client_resume(c);
  } else if (strcmp(verb, "hurry") == 0) {
    imap_client_hurry(c);
  } else if (strcmp(verb, "drop") == 0) {
    imap_client_drop(c, rest);
  } else if (strcmp(verb, "close") == 0) {
    close_all();
  } else {
    printf("what is %s?\n", verb);
  }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
  static char room[4096];
  (void)handle;
  (void)suggested;
  *ret = uv_buf_init(room, sizeof(room));
}

static void on_input(uv_stream_t *stream, ssize_t got, const uv_buf_t *room) {
  if (got < 0) {
    uv_close((uv_handle_t *)stream, NULL);
    close_all();
    oauth_token_free(&try.token);
    curl_loop_close(&try.curl);
    return;
  }
  buf_add(&try.line, room->base, (size_t)got);
  char *end;
  while (try.line.len && (end = memchr(try.line.at, '\n', try.line.len))) {
    *end = '\0';
    char *line = strdup(try.line.at);
    buf_consume(&try.line, (size_t)(end - try.line.at) + 1);
    obey(line);
    free(line);
  }
}

static void open_clients(void) {
  static const char *const securities[] = {"tls", "starttls", "clear"};
  static const char *const auths[] = {"password", "plain", "login", "xoauth2", "oauthbearer"};
  if (get("token_url")[0] || get("token_file")[0]) {
    const struct oauth_options options = {.curl = try.curl,
                                          .token_file = get("token_file"),
                                          .token_url = get("token_url"),
                                          .client_id = get("client_id"),
                                          .client_secret_file = get("client_secret_file"),
                                          .refresh_token_file = get("refresh_file"),
                                          .scope = get("scope"),
                                          .tls_ca_file = get("token_ca"),
                                          .unsaved = on_unsaved};
    try.token = oauth_token_new(&try.loop, &options);
  }
  const struct imap_client_options options = {
      .account = {.host = get("host"),
                  .port = (uint16_t)atoi(get("port")),
                  .security = (enum imap_security)one_of(get("security"), securities, 3),
                  .auth = (enum imap_auth)one_of(get("auth"), auths, 5),
                  .user = get("user"),
                  .password = get("password"),
                  .password_file = get("password_file"),
                  .token = try.token,
                  .tls_ca_file = get("ca"),
                  .tls_pin = get("pin"),
                  .proxy = get("proxy")},
      .curl = try.curl,
      .connect_ms = atoll(get("connect_ms")),
      .command_ms = atoll(get("command_ms")),
      .probe_ms = atoll(get("probe_ms")),
      .idle_ms = atoll(get("idle_ms")),
      .poll_ms = atoll(get("poll_ms")),
      .never_idle = atoi(get("never_idle")),
      .ready = on_ready,
      .down = on_down,
      .changed = on_changed,
      .alert = on_alert};
  try.count = (size_t)atoi(get("clients"));
  for (size_t i = 0; i < try.count && i < 8; i++)
    try.clients[i] = imap_client_open(&try.loop, &options);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++)
    set(argv[i]);
  try.line = BUF_INIT(1 << 20);
  try.digest = digest_new();
  uv_loop_init(&try.loop);
  try.curl = curl_loop_open(&try.loop);
  open_clients();
  uv_pipe_init(&try.loop, &try.in, 0);
  uv_pipe_open(&try.in, 0);
  uv_read_start((uv_stream_t *)&try.in, on_alloc, on_input);
  uv_run(&try.loop, UV_RUN_DEFAULT);
  const int left = uv_loop_close(&try.loop);
  digest_free(&try.digest);
  buf_free(&try.line);
  curl_global_cleanup();
  printf("end %d\n", left);
  return left != 0;
}
