/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell check: the configuration, and every component really reached. Each line says what was tried and what came. */
#include "base/file.h"
#include "check.h"
#include "config/value.h"
#include "mailbox_view.h"
#include <curl/curl.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MOST = 64 * 1024, TIMEOUT_MS = 5000, PATIENCE_MS = 60 * 1000, PATIENCE_MOST_MS = 3600 * 1000 };

json_t *check_said(struct checking *c, bool good, const char *what, const char *detail) {
  json_t *one = json_object();
  json_object_set_new(one, "check", json_string(what));
  json_object_set_new(one, "ok", json_boolean(good));
  json_object_set_new(one, "detail", slice_json(slice_text(detail)));
  json_array_append_new(c->results, one);
  if (!c->ctl->json)
    printf("%-7s %-28s %s\n", good ? "ok" : "FAILED", what, detail);
  c->failed = c->failed || !good;
  return one;
}

static void said(struct checking *c, bool good, const char *what, const char *detail) {
  (void)check_said(c, good, what, detail);
}

static size_t on_body(char *at, size_t size, size_t count, void *arg) {
  return buf_add(arg, at, size * count) == 0 ? size * count : 0;
}

/* GET; returns the status, 0 when not reached (`body` then says why). */
static long get(const char *url, struct buf *body) {
  CURL *curl = curl_easy_init();
  long status = 0;
  if (!curl)
    return 0;
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
  CURLcode r = curl_easy_perform(curl);
  if (r == CURLE_OK)
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  else
    buf_printf(body, "%s", curl_easy_strerror(r));
  curl_easy_cleanup(curl);
  return status;
}

static void check_health(struct checking *c, const char *name, const char *value) {
  char url[500], what[80]; /* "router-health" names the program router */
  auto_clean(buf_free) struct buf body = BUF_INIT(ANSWER_MOST);
  snprintf(url, sizeof(url), "%s%s/health", strncmp(value, "http", 4) == 0 ? "" : "http://", value);
  snprintf(what, sizeof(what), "program %.*s", (int)(strlen(name) - 7), name);
  long status = get(url, &body);
  said(c, status == 200, what, status == 200 ? "healthy" : buf_slice(&body).at);
}

static int connect_to(const char *where) {
  if (strncmp(where, "unix:", 5) == 0) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", where + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
      return fd;
    if (fd >= 0)
      close(fd);
    return -1;
  }
  char host[256];
  const char *colon = strrchr(where, ':');
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
  snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - where) : 0, where);
  if (!colon || getaddrinfo(host, colon + 1, &hints, &list) != 0)
    return -1;
  int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) < 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(list);
  return fd;
}

static void check_lmtp(struct checking *c, const char *name, const char *where) {
  int fd = connect_to(where);
  char reply[600] = "cannot connect";
  struct timeval patience = {5, 0};
  ssize_t n = -1;
  if (fd >= 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    n = recv(fd, reply, sizeof(reply) - 1, 0);
    reply[n > 0 ? n : 0] = '\0';
    reply[strcspn(reply, "\r\n")] = '\0';
    close(fd);
  }
  said(c, n > 0 && strncmp(reply, "220", 3) == 0, name, reply);
}

static void check_endpoints(struct checking *c) {
  char *path = path_join(c->ctl->dir, "endpoints.json");
  json_error_t error;
  json_t *endpoints = json_load_file(path, 0, &error);
  free(path);
  if (!endpoints) {
    said(c, false, "endpoints", "DIR/endpoints.json is missing: the desk is not up, or not ready yet");
    return;
  }
  const char *name;
  json_t *value;
  json_object_foreach(endpoints, name, value) {
    const char *where = json_string_value(value);
    if (!where)
      continue;
    size_t len = strlen(name);
    if (len > 7 && strcmp(name + len - 7, "-health") == 0)
      check_health(c, name, where);
    else if (strncmp(name, "lmtp", 4) == 0)
      check_lmtp(c, name, where);
    else if (strcmp(name, "sms") == 0 || strcmp(name, "webform") == 0) {
      auto_clean(buf_free) struct buf body = BUF_INIT(ANSWER_MOST);
      long status = get(where, &body);
      said(c, status != 0, name, status ? where : buf_slice(&body).at);
    }
  }
  json_decref(endpoints);
}

static const char *info_line(const char *info, const char *name, char ret[80]) {
  const char *at = strstr(info, name);
  snprintf(ret, 80, "%.*s", at ? (int)strcspn(at, "\r\n") : 0, at ? at : "");
  return ret;
}

static void check_redis(struct checking *c, struct desk_view *v) {
  char a[80], b[80], detail[200];
  auto_reply *info = CALL(v, "INFO");
  const char *text = info && info->type == REDIS_REPLY_STRING ? info->str : "";
  snprintf(detail, sizeof(detail), "%s, %s", info_line(text, "redis_version", a), info_line(text, "aof_enabled", b));
  said(c, strcmp(b, "aof_enabled:1") == 0, "redis", b[0] && strcmp(b, "aof_enabled:1") != 0 ?
       "appendonly is off: a crash of Redis would lose confirmed events" : detail);
  said(c, strcmp(info_line(text, "maxmemory_policy", a), "maxmemory_policy:noeviction") == 0, "redis memory", a);
  auto_reply *release = CALL(v, "FCALL", "deskbell_release", "0");
  snprintf(detail, sizeof(detail), "release %.20s", reply_text(release));
  said(c, release != NULL, "function library", detail);
  auto_reply *desk = CALL(v, "GET", TAG ":desk");
  snprintf(detail, sizeof(detail), "version %.20s", reply_text(desk));
  said(c, desk && desk->type == REDIS_REPLY_STRING, "desk definition", detail);
  auto_reply *quarantine = CALL(v, "ZCARD", TAG ":quarantine");
  snprintf(detail, sizeof(detail), "%lld entries", quarantine ? quarantine->integer : -1);
  said(c, quarantine && quarantine->integer == 0, "quarantine", detail);
}

static void check_disk(struct checking *c, const struct config *config) {
  struct statvfs s;
  char detail[120];
  if (statvfs(c->ctl->dir, &s) < 0) {
    said(c, false, "disk", strerror(errno));
    return;
  }
  unsigned long long free_bytes = (unsigned long long)s.f_bavail * s.f_frsize;
  snprintf(detail, sizeof(detail), "%llu MiB free, %zu MiB kept in reserve", free_bytes >> 20, config->spool.blob_reserve >> 20);
  said(c, free_bytes > config->spool.blob_reserve, "disk", detail);
}

static void check_mailbox(void *arg, const struct mailbox_view *v) {
  struct checking *c = arg;
  char what[400];
  auto_clean(buf_free) struct buf detail = BUF_INIT(2048);
  snprintf(what, sizeof(what), "mailbox %s %s", v->mailbox->name, v->folder);
  mailbox_view_text(v, &detail);
  said(c, mailbox_view_well(v), what, buf_slice(&detail).at);
}

static void check_mailboxes(struct checking *c, const struct config *config) {
  int r = mailbox_view_each(config, NULL, check_mailbox, c);
  if (r < 0)
    said(c, false, "mailboxes", strerror(-r));
}

static int check_all(struct checking *c) {
  struct config *config = NULL;
  int status = ctl_config(c->ctl, &config);
  if (status != CTL_OK)
    return status;
  said(c, true, "configuration", c->ctl->config ? c->ctl->config : "deskbell.yaml of the desk");
  check_disk(c, config);
  check_mailboxes(c, config);
  config_free(&config);
  struct desk_view v;
  if (desk_view_open(c->ctl, &v) == CTL_OK) {
    check_redis(c, &v);
    desk_view_close(&v);
  } else {
    said(c, false, "redis", "not reached");
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  check_endpoints(c);
  curl_global_cleanup();
  return CTL_OK;
}

static int check_mail(struct checking *c, const char *channel, int64_t patience_ms) {
  struct desk_view v;
  int status = desk_view_open(c->ctl, &v);
  if (status != CTL_OK)
    return status;
  status = check_deliver(c, &v, channel, patience_ms);
  desk_view_close(&v);
  return status;
}

int cmd_check(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {
      {"deliver", no_argument, NULL, 'd'}, {"wait", required_argument, NULL, 'w'}, {0}};
  bool deliver = false;
  int64_t patience_ms = PATIENCE_MS;
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    deliver = deliver || o == 'd';
    if (o == 'w' && (value_duration(slice_text(optarg), &patience_ms) || patience_ms < 1000 || patience_ms > PATIENCE_MOST_MS))
      return ctl_wrong_usage(ctl, "--wait takes 1s to 1h");
    if (o != 'd' && o != 'w')
      return ctl_wrong_usage(ctl, "wrong option");
  }
  if (argc - optind > (deliver ? 1 : 0))
    return ctl_wrong_usage(ctl, "too many arguments");
  int status = ctl_need_dir(ctl);
  if (status != CTL_OK)
    return status;
  struct checking c = {.ctl = ctl, .results = json_array()};
  status = deliver ? check_mail(&c, optind < argc ? argv[optind] : "", patience_ms) : check_all(&c);
  if (ctl->json && status == CTL_OK)
    print_json(json_incref(c.results));
  json_decref(c.results);
  return status != CTL_OK ? status : c.failed ? CTL_FAILED : CTL_OK;
}
