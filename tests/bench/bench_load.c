/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open-loop load for a desk: Twilio-signed webhooks over HTTP, or mails over LMTP, at a fixed or the maximal rate.
 *
 *   bench_load http URL SECRET [--rate N] [--seconds S] [--connections C] [--customers K] [--bytes B]
 *   bench_load lmtp HOST:PORT  [--rate N] …
 *
 * With --rate, each request has an intended start; its latency counts from there, whether or not a connection was
 * free (no coordinated omission). Without, every connection always has one request under way and latency counts from
 * its sending. Prints one JSON line.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HTTP, LMTP };
enum { CONNECTIONS_MAX = 4096, IN_BYTES = 4096, LATENCY_SLOTS = 4000000 };

struct connection {
  int fd;
  int step;              /* lmtp: replies still awaited before the next move */
  uint64_t serial;       /* lmtp: of the mail under way */
  bool busy, greeted, data;
  int64_t start_us;
  struct buf out;
  char in[IN_BYTES];
  size_t in_len;
};

struct load {
  int mode;
  const char *url, *host, *path, *secret;
  struct sockaddr_in address;
  double rate;
  int seconds, connection_count, customers, bytes;
  struct connection *connections;
  int *idle, idle_count, epoll;
  uint64_t started, accepted, deferred, failed, serial;
  uint32_t *latency_us;
  size_t latency_count;
  char *body, tag[24], date[40];
  HMAC_CTX *hmac;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* ---- what is sent */

static void sign(struct load *l, const char *text, size_t len, char *ret) {
  unsigned char mac[20];
  unsigned n = 0;
  HMAC_Init_ex(l->hmac, NULL, 0, NULL, NULL);
  HMAC_Update(l->hmac, (const unsigned char *)text, len);
  HMAC_Final(l->hmac, mac, &n);
  base64_encode(mac, 20, ret);
}

static void write_http(struct load *l, struct connection *c) {
  char sid[48], from[32], text[4096], signature[32], form[4096];
  uint64_t n = l->serial++;
  snprintf(sid, sizeof(sid), "SM%s%016llx", l->tag, (unsigned long long)n);
  snprintf(from, sizeof(from), "1415%07llu", (unsigned long long)((n * 2654435761u) % (uint64_t)l->customers));
  int len = snprintf(text, sizeof(text), "%sAccountSidAC1Body%sFrom+%sMessageSid%sNumMedia0SmsStatusreceivedTo+14155550199",
                     l->url, l->body, from, sid);
  sign(l, text, (size_t)len, signature);
  int form_len = snprintf(form, sizeof(form),
                          "MessageSid=%s&AccountSid=AC1&From=%%2B%s&To=%%2B14155550199&Body=%s&NumMedia=0&SmsStatus=received",
                          sid, from, l->body);
  buf_clear(&c->out);
  buf_printf(&c->out,
             "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
             "X-Twilio-Signature: %s\r\nContent-Length: %d\r\n\r\n",
             l->path, l->host, signature, form_len);
  buf_add(&c->out, form, (size_t)form_len);
}

static void write_mail_head(struct load *l, struct connection *c) {
  (void)l;
  buf_clear(&c->out);
  uint64_t n = c->serial = l->serial++;
  buf_printf(&c->out, "MAIL FROM:<customer%llu@example.org>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n",
             (unsigned long long)((n * 2654435761u) % (uint64_t)l->customers));
  c->step = 3;
  c->data = false;
}

static void write_mail_body(struct load *l, struct connection *c) {
  uint64_t n = c->serial;
  unsigned long long customer = (n * 2654435761u) % (uint64_t)l->customers;
  buf_clear(&c->out);
  buf_printf(&c->out,
             "Received: from mx.example.org by desk.example.com; Tue, 24 Nov 2026 09:00:00 +0000\r\n"
             "From: Customer %llu <customer%llu@example.org>\r\nTo: support@example.com\r\nSubject: Order %llu\r\n"
             "Message-ID: <%s.%llu@example.org>\r\nDate: %s\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=utf-8\r\n\r\n",
             customer, customer, (unsigned long long)n, l->tag, (unsigned long long)n, l->date);
  buf_add_text(&c->out, l->body);
  buf_add_text(&c->out, "\r\n.\r\n");
  c->step = 1;
  c->data = true;
}

/* ---- connections */

static void watch(struct load *l, struct connection *c, bool writing, int op) {
  struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
  if (epoll_ctl(l->epoll, op, c->fd, &e) < 0)
    die("epoll_ctl");
}

static void flush(struct load *l, struct connection *c) {
  while (c->out.len) {
    ssize_t n = send(c->fd, c->out.at, c->out.len, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
      watch(l, c, true, EPOLL_CTL_MOD);
      return;
    }
    if (n < 0)
      die("send");
    buf_consume(&c->out, (size_t)n);
  }
}

static void connect_one(struct load *l, struct connection *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->address, sizeof(l->address)) < 0)
    die("connect");
  if (l->mode == LMTP) { /* greeting and LHLO, blocking: not part of the measurement */
    char reply[2048];
    const char hello[] = "LHLO bench.example.org\r\n";
    if (recv(c->fd, reply, sizeof(reply), 0) <= 0 || send(c->fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) < 0)
      die("LMTP greeting");
    size_t have = 0;
    do {
      ssize_t n = recv(c->fd, reply + have, sizeof(reply) - 1 - have, 0);
      if (n <= 0)
        die("LHLO");
      have += (size_t)n;
      reply[have] = '\0';
    } while (!strstr(reply, "\r\n250 ") && strncmp(reply, "250 ", 4) != 0);
  }
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->out = BUF_INIT(4 * 1024 * 1024);
  watch(l, c, false, EPOLL_CTL_ADD);
}

static void begin(struct load *l, struct connection *c, int64_t start_us) {
  c->busy = true;
  c->start_us = start_us;
  l->started++;
  if (l->mode == HTTP)
    write_http(l, c);
  else
    write_mail_head(l, c);
  flush(l, c);
}

static void finish(struct load *l, struct connection *c, int status, int64_t now_us) {
  if (status / 100 == 2) {
    l->accepted++;
    if (l->latency_count < LATENCY_SLOTS)
      l->latency_us[l->latency_count++] = (uint32_t)(now_us - c->start_us);
  } else if (status == 503 || status == 429 || status / 100 == 4) {
    l->deferred++;
  } else {
    l->failed++;
  }
  c->busy = false;
  l->idle[l->idle_count++] = (int)(c - l->connections);
}

/* One HTTP reply: head, and a body of Content-Length. Returns its status, 0 when more is needed. */
static int take_http(struct connection *c) {
  c->in[c->in_len] = '\0';
  char *end = strstr(c->in, "\r\n\r\n");
  if (!end)
    return 0;
  char *length = strcasestr(c->in, "\r\ncontent-length:");
  size_t whole = (size_t)(end + 4 - c->in) + (length && length < end ? (size_t)atoi(length + 17) : 0);
  if (c->in_len < whole)
    return 0;
  int status = atoi(c->in + 9);
  c->in_len -= whole;
  memmove(c->in, c->in + whole, c->in_len);
  return status;
}

/* One LMTP reply line; 0 when more is needed. */
static int take_line(struct connection *c) {
  char *end = memchr(c->in, '\n', c->in_len);
  if (!end)
    return 0;
  int status = atoi(c->in);
  size_t whole = (size_t)(end + 1 - c->in);
  c->in_len -= whole;
  memmove(c->in, c->in + whole, c->in_len);
  return status;
}

static void on_readable(struct load *l, struct connection *c) {
  ssize_t n = recv(c->fd, c->in + c->in_len, IN_BYTES - 1 - c->in_len, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    fprintf(stderr, "bench_load: the server closed a connection\n");
    exit(1);
  }
  if (n < 0)
    return;
  c->in_len += (size_t)n;
  int64_t now_us = clock_monotonic_us();
  for (int status; c->busy && (status = l->mode == HTTP ? take_http(c) : take_line(c)) != 0;) {
    if (l->mode == HTTP) {
      finish(l, c, status, now_us);
    } else if (--c->step == 0) {
      if (c->data || status != 354) {
        finish(l, c, status, now_us);
      } else {
        write_mail_body(l, c);
        flush(l, c);
      }
    }
  }
}

/* ---- the run */

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double percentile(const struct load *l, double p) {
  if (l->latency_count == 0)
    return 0;
  size_t i = (size_t)(p * (double)(l->latency_count - 1));
  return l->latency_us[i] / 1000.0;
}

static void run(struct load *l) {
  int64_t begin_us = clock_monotonic_us(), end_us = begin_us + (int64_t)l->seconds * 1000000;
  uint64_t due = 0;
  struct epoll_event events[256];
  for (;;) {
    int64_t now_us = clock_monotonic_us();
    bool over = now_us >= end_us;
    if (over && l->started == l->accepted + l->deferred + l->failed)
      break;
    if (now_us > end_us + 30000000)
      break;
    while (!over && l->idle_count > 0) {
      int64_t start = now_us;
      if (l->rate > 0) {
        start = begin_us + (int64_t)((double)due * 1e6 / l->rate);
        if (start > now_us)
          break;
      }
      due++;
      begin(l, &l->connections[l->idle[--l->idle_count]], start);
    }
    int wait = l->rate > 0 && l->idle_count > 0 && !over ? 1 : 100;
    int n = epoll_wait(l->epoll, events, 256, wait);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) {
        watch(l, c, false, EPOLL_CTL_MOD);
        flush(l, c);
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        on_readable(l, c);
    }
  }
  double took = (double)(clock_monotonic_us() - begin_us) / 1e6;
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  double cpu = (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
               (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
  qsort(l->latency_us, l->latency_count, sizeof(uint32_t), by_value);
  printf("{\"mode\": \"%s\", \"seconds\": %.2f, \"started\": %llu, \"accepted\": %llu, \"deferred\": %llu, "
         "\"failed\": %llu, \"per_second\": %.0f, \"accept_ms\": {\"p50\": %.2f, \"p99\": %.2f, \"p99.9\": %.2f}, "
         "\"load_cpu_us\": %.1f}\n",
         l->mode == HTTP ? "http" : "lmtp", took, (unsigned long long)l->started, (unsigned long long)l->accepted,
         (unsigned long long)l->deferred, (unsigned long long)l->failed, (double)l->accepted / took,
         percentile(l, 0.5), percentile(l, 0.99), percentile(l, 0.999), cpu * 1e6 / (double)(l->accepted + 1));
}

static void set_address(struct load *l, const char *host_port) {
  char host[64];
  const char *colon = strrchr(host_port, ':');
  snprintf(host, sizeof(host), "%.*s", (int)(colon ? colon - host_port : 0), host_port);
  l->address.sin_family = AF_INET;
  l->address.sin_port = htons((uint16_t)(colon ? atoi(colon + 1) : 0));
  if (inet_pton(AF_INET, host, &l->address.sin_addr) != 1) {
    fprintf(stderr, "bench_load: %s is no HOST:PORT\n", host_port);
    exit(2);
  }
}

static char *filler(int bytes, bool lines) {
  char *text = must_calloc(1, (size_t)bytes + 1);
  for (int i = 0; i < bytes; i++)
    text[i] = (char)('a' + i % 23);
  for (int i = 70; lines && i + 1 < bytes; i += 72) {
    text[i] = '\r';
    text[i + 1] = '\n';
  }
  return text;
}

int main(int argc, char **argv) {
  struct load l = {.seconds = 5, .connection_count = 128, .customers = 100000, .bytes = -1};
  if (argc < 3)
    return fprintf(stderr, "usage: bench_load http URL SECRET | lmtp HOST:PORT  [--rate N] [--seconds S] …\n"), 2;
  int at = 3;
  if (strcmp(argv[1], "http") == 0 && argc >= 4) {
    l.mode = HTTP;
    l.url = argv[2];
    l.secret = argv[3];
    at = 4;
    char *host = must_strdup(argv[2] + strlen("http://"));
    l.path = strchr(argv[2] + strlen("http://"), '/');
    host[strcspn(host, "/")] = '\0';
    l.host = host;
    set_address(&l, host);
  } else {
    l.mode = LMTP;
    set_address(&l, argv[2]);
  }
  for (; at + 1 < argc; at += 2) {
    double v = atof(argv[at + 1]);
    if (strcmp(argv[at], "--rate") == 0) l.rate = v;
    else if (strcmp(argv[at], "--seconds") == 0) l.seconds = (int)v;
    else if (strcmp(argv[at], "--connections") == 0) l.connection_count = (int)v;
    else if (strcmp(argv[at], "--customers") == 0) l.customers = (int)v;
    else if (strcmp(argv[at], "--bytes") == 0) l.bytes = (int)v;
    else return fprintf(stderr, "bench_load: unknown option %s\n", argv[at]), 2;
  }
  if (l.bytes < 0)
    l.bytes = l.mode == HTTP ? 160 : 10240;
  time_t now = (time_t)(clock_now_ms() / 1000);
  struct tm utc;
  strftime(l.date, sizeof(l.date), "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &utc));
  snprintf(l.tag, sizeof(l.tag), "%08x%08x", (unsigned)clock_now_ms(), (unsigned)getpid());
  l.body = filler(l.bytes, l.mode == LMTP);
  if (l.mode == HTTP) {
    l.hmac = HMAC_CTX_new();
    HMAC_Init_ex(l.hmac, l.secret, (int)strlen(l.secret), EVP_sha1(), NULL);
  }
  l.latency_us = must_calloc(LATENCY_SLOTS, sizeof(uint32_t));
  l.connections = must_calloc((size_t)l.connection_count, sizeof(*l.connections));
  l.idle = must_calloc((size_t)l.connection_count, sizeof(int));
  l.epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < l.connection_count; i++) {
    connect_one(&l, &l.connections[i]);
    l.idle[l.idle_count++] = i;
  }
  run(&l);
  return l.failed ? 1 : 0;
}
