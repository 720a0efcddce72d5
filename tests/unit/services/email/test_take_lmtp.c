/* SPDX-License-Identifier: Apache-2.0 */
/* The intake with real sockets and a real spool. Client and server run in one thread: the loop turns until the client
 * has what it waits for. */
#include "fake_channel.h"
#include "mail_record.h"
#include "service/process.h"
#include "take_lmtp.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

struct desk {
  struct channel channel;
  struct lmtp_server *server;
  char path[96];
};

struct client {
  struct desk *desk;
  int fd;
  char heard[1 << 20];
  size_t len;
  bool closed;
};

static int open_server(struct desk *d, const char *tcp, const char *local, struct complaint *complaint) {
  const struct lmtp_server_options options = {
      .config = d->channel.config, .channel = &d->channel, .listen_tcp = tcp, .listen_unix = local};
  return lmtp_server_open(&d->channel.loop, &options, &d->server, complaint);
}

static void open_desk_impatient(struct desk *d, const char *yaml, int64_t idle_ms) {
  struct complaint complaint = {0};
  fake_channel_open(&d->channel, yaml);
  if (idle_ms)
    d->channel.config->email.idle_timeout_ms = idle_ms;
  d->server = NULL;
  snprintf(d->path, sizeof(d->path), "%s/email.sock", d->channel.folder);
  if (open_server(d, "127.0.0.1:0", d->path, &complaint) != 0)
    fail_msg("%s", complaint.text);
}

static void open_desk(struct desk *d, const char *yaml) {
  open_desk_impatient(d, yaml, 0);
}

static void close_desk(struct desk *d) {
  lmtp_server_close(&d->server);
  fake_channel_end(&d->channel);
}

static void turn(struct desk *d) {
  uv_run(&d->channel.loop, UV_RUN_NOWAIT);
}

static void connect_to(struct client *c, struct desk *d, bool by_unix) {
  *c = (struct client){.desk = d};
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  snprintf(local.sun_path, sizeof(local.sun_path), "%s", d->path);
  tcp.sin_port = htons((uint16_t)atoi(strrchr(lmtp_server_tcp(d->server), ':') + 1));
  c->fd = socket(by_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(c->fd >= 0);
  assert_int_equal(connect(c->fd, by_unix ? (void *)&local : (void *)&tcp, by_unix ? sizeof(local) : sizeof(tcp)), 0);
  assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

static void hear(struct client *c) {
  turn(c->desk);
  ssize_t got = recv(c->fd, c->heard + c->len, sizeof(c->heard) - 1 - c->len, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN))
    c->closed = true;
  if (got > 0)
    c->len += (size_t)got;
  c->heard[c->len] = '\0';
}

/* Turns the loop until the text was heard; what was heard up to then is forgotten. */
static void expect(struct client *c, const char *text) {
  char *at;
  while (!(at = strstr(c->heard, text))) {
    if (c->closed)
      fail_msg("closed without '%s': %s", text, c->heard);
    hear(c);
  }
  size_t used = (size_t)(at - c->heard) + strlen(text);
  memmove(c->heard, c->heard + used, c->len - used + 1);
  c->len -= used;
}

static void expect_closed(struct client *c) {
  while (!c->closed)
    hear(c);
}

static void say(struct client *c, const void *bytes, size_t len) {
  for (size_t done = 0; done < len;) {
    ssize_t put = send(c->fd, (const char *)bytes + done, len - done, MSG_NOSIGNAL);
    if (put > 0)
      done += (size_t)put;
    else if (errno != EAGAIN)
      return;
    turn(c->desk);
  }
}

static void say_text(struct client *c, const char *text) {
  say(c, text, strlen(text));
}

static void greet(struct client *c, struct desk *d, bool by_unix) {
  connect_to(c, d, by_unix);
  expect(c, "220 ");
  say_text(c, "LHLO me\r\n");
  expect(c, "250 SIZE ");
}

struct seen {
  struct mail_record record;
  char payload[MAIL_RECORD_MAX];
  bool found;
};

static bool see(void *arg, const struct spool_record *record) {
  struct seen *s = arg;
  assert_int_equal(record->kind, RECORD_MAIL);
  memcpy(s->payload, record->payload.at, record->payload.len);
  assert_int_equal(mail_record_unpack(slice_of(s->payload, record->payload.len), &s->record), 0);
  s->found = true;
  return true;
}

static void look(struct desk *d, uint64_t seq, struct seen *ret) {
  ret->found = false;
  assert_true(spool_get(d->channel.spool, seq, see, ret) >= 0);
}

static void assert_original(struct desk *d, const struct seen *s, const char *mail) {
  auto_clean(buf_free) struct buf bytes = BUF_INIT(FAKE_BLOB_MAX);
  assert_int_equal(blob_read(spool_blobs(d->channel.spool), s->record.original.sha256, &bytes), 0);
  assert_true(slice_equal(buf_slice(&bytes), slice_text(mail)));
  assert_int_equal(s->record.original.size, strlen(mail));
}

static void test_a_mail_over(bool by_unix) {
  struct desk d;
  static struct client c;
  struct seen s;
  open_desk(&d, "");
  greet(&c, &d, by_unix);
  say_text(&c, "MAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<support+tok@example.com>\r\nDATA\r\n");
  expect(&c, "354 ");
  say_text(&c, "Subject: x\r\n\r\n..\r\n.\r\n");
  expect(&c, "250 2.0.0 Taken as 1\r\n");
  look(&d, 1, &s); /* it was in the spool when we heard so */
  assert_true(s.found);
  assert_original(&d, &s, "Subject: x\r\n\r\n.\r\n");
  assert_true(slice_equal(s.record.channel, SLICE("mail")) && slice_equal(s.record.mail_from, SLICE("a@b")));
  assert_true(slice_equal(s.record.recipient, SLICE("support+tok@example.com")));
  assert_true(slice_equal(s.record.token, SLICE("tok")));
  assert_true(s.record.eight_bit && !s.record.null_path && !s.record.bare_line_end);
  assert_int_equal(s.record.by_unix, by_unix);
  say_text(&c, "QUIT\r\n");
  expect(&c, "221 ");
  expect_closed(&c);
  close(c.fd);
  close_desk(&d);
}

static void test_over_tcp(void **state) {
  (void)state;
  test_a_mail_over(false);
}

static void test_over_unix(void **state) {
  (void)state;
  test_a_mail_over(true);
}

/* TR-03 and one record per channel and token; the one with the token first. */
static void test_recipients(void **state) {
  (void)state;
  struct desk d;
  static struct client c;
  struct seen s;
  open_desk(&d, "");
  greet(&c, &d, false);
  say_text(&c, "MAIL FROM:<>\r\nRCPT TO:<support@example.com>\r\nRCPT TO:<sales@example.com>\r\n"
               "RCPT TO:<any@mail.example>\r\nRCPT TO:<nobody@example.com>\r\nRCPT TO:<off@example.com>\r\n"
               "RCPT TO:<support+t@example.com>\r\nDATA\r\na\nb\r\n.\r\nNOOP\r\n");
  expect(&c, "550 5.1.1");
  expect(&c, "550 5.2.1");
  expect(&c, "354 ");
  expect(&c, "250 2.0.0 Taken as 2\r\n250 2.0.0 Taken as 3\r\n250 2.0.0 Taken as 2\r\n250 2.0.0 Taken as 1\r\n"
             "250 2.0.0 Here\r\n");
  look(&d, 1, &s);
  assert_true(slice_equal(s.record.token, SLICE("t")) && s.record.null_path && s.record.bare_line_end);
  look(&d, 2, &s);
  assert_true(slice_equal(s.record.channel, SLICE("mail")) && !s.record.token.len);
  look(&d, 3, &s);
  assert_true(slice_equal(s.record.channel, SLICE("sales")));
  look(&d, 4, &s);
  assert_false(s.found);
  close(c.fd);
  close_desk(&d);
}

static int full(struct channel *c) {
  (void)c;
  return SPOOL_FULL;
}

static int broken(struct channel *c) {
  (void)c;
  return -EIO;
}

static void test_spool_trouble_defers(void **state) {
  (void)state;
  static const struct {
    int (*take)(struct channel *c);
    const char *reply;
  } cases[] = {{full, "452 4.3.1"}, {broken, "451 4.3.0"}, {NULL, "250 2.0.0"}};
  struct desk d;
  static struct client c;
  open_desk(&d, "");
  greet(&c, &d, false);
  for (size_t i = 0; i < 3; i++) { /* the connection stays usable */
    d.channel.take = cases[i].take;
    say_text(&c, "MAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nx\r\n.\r\n");
    expect(&c, "354 ");
    expect(&c, cases[i].reply);
  }
  close(c.fd);
  close_desk(&d);
}

/* Content that grows over the limit leaves nothing in the store, and the next mail is taken. */
static void test_too_large(void **state) {
  (void)state;
  struct desk d;
  static struct client c;
  static char part[100000];
  struct seen s;
  memset(part, 'x', sizeof(part));
  open_desk(&d, "");
  greet(&c, &d, false);
  expect(&c, "1048576\r\n"); /* the store's limit is less than max_size */
  say_text(&c, "MAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nRCPT TO:<sales@example.com>\r\nDATA\r\n");
  expect(&c, "354 ");
  for (int i = 0; i < 30; i++)
    say(&c, part, sizeof(part));
  say_text(&c, "\r\n.\r\n");
  expect(&c, "552 5.3.4");
  expect(&c, "552 5.3.4");
  say_text(&c, "MAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n");
  for (int i = 0; i < 10; i++)
    say(&c, part, sizeof(part));
  say_text(&c, "\r\n.\r\n");
  expect(&c, "250 2.0.0 Taken as 1");
  look(&d, 1, &s);
  assert_int_equal(s.record.original.size, 10 * sizeof(part) + 2);
  close(c.fd);
  close_desk(&d);
}

/* Many mails and more commands than replies fit, all in one go: everything is answered, in order. */
static void test_everything_pipelined(void **state) {
  (void)state;
  struct desk d;
  static struct client c;
  auto_clean(buf_free) struct buf all = BUF_INIT(8 << 20);
  open_desk(&d, "");
  greet(&c, &d, false);
  for (int i = 0; i < 20; i++)
    buf_printf(&all, "MAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nmail %d\r\n.\r\n", i);
  for (int i = 0; i < 5000; i++)
    buf_add_text(&all, "VRFY x\r\n");
  buf_add_text(&all, "QUIT\r\n");
  say(&c, all.at, all.len);
  for (int i = 1; i <= 20; i++) {
    char reply[64];
    snprintf(reply, sizeof(reply), "250 2.0.0 Taken as %d\r\n", i);
    expect(&c, reply);
  }
  for (int i = 0; i < 5000; i++)
    expect(&c, "252 2.5.0 Send some mail to find out\r\n");
  expect(&c, "221 2.0.0 Bye\r\n");
  assert_int_equal(c.len, 0);
  close(c.fd);
  close_desk(&d);
}

/* A sender that does not read its replies is not read from, and costs no more memory. */
static void test_deaf_sender(void **state) {
  (void)state;
  struct desk d;
  static struct client c;
  open_desk(&d, "");
  greet(&c, &d, true);
  auto_clean(buf_free) struct buf asked = BUF_INIT(1 << 20);
  for (int i = 0; i < 10000; i++)
    buf_add_text(&asked, "VRFY x\r\n");
  size_t sent = 0;
  for (int quiet = 0; quiet < 200;) {
    ssize_t put = send(c.fd, asked.at + sent % 8, 65536, MSG_NOSIGNAL); /* from where the last write stopped */
    quiet = put > 0 ? 0 : quiet + 1;
    sent += put > 0 ? (size_t)put : 0;
    turn(&d);
    assert_true(sent < 16u << 20);
  }
  expect(&c, "\r\n"); /* the end of what was said before */
  for (size_t heard = 0; heard < sent / 8 * strlen("252 2.5.0 Send some mail to find out\r\n");) {
    heard += c.len; /* and then it reads after all */
    c.len = 0;
    hear(&c);
    assert_false(c.closed);
  }
  close(c.fd);
  close_desk(&d);
}

static void test_too_many_connections(void **state) {
  (void)state;
  struct desk d;
  static struct client a, b, c;
  open_desk(&d, "email:\n  max_connections: 2\n");
  greet(&a, &d, false);
  greet(&b, &d, true);
  connect_to(&c, &d, false);
  expect(&c, "421 4.3.2");
  expect_closed(&c);
  close(c.fd);
  close(b.fd);
  while (lmtp_server_connections(d.server) > 1)
    turn(&d);
  greet(&c, &d, false);
  close(c.fd);
  close(a.fd);
  close_desk(&d);
}

static void test_idle(void **state) {
  (void)state;
  struct desk d;
  static struct client c;
  open_desk_impatient(&d, "", 40);
  greet(&c, &d, false);
  expect(&c, "421 4.4.2");
  expect_closed(&c);
  assert_int_equal(lmtp_server_connections(d.server), 0);
  close(c.fd);
  close_desk(&d);
}

static void on_drained(void *arg) {
  *(bool *)arg = true;
}

static void test_drain(void **state) {
  (void)state;
  struct desk d;
  static struct client idle, busy;
  bool drained = false;
  open_desk(&d, "");
  greet(&idle, &d, false);
  greet(&busy, &d, false);
  say_text(&busy, "MAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n");
  expect(&busy, "354 ");
  lmtp_server_drain(d.server, on_drained, &drained);
  expect(&idle, "421 4.3.2");
  expect_closed(&idle);
  assert_false(drained);
  say_text(&busy, "x\r\n.\r\n");
  expect(&busy, "250 2.0.0 Taken as 1\r\n421 4.3.2");
  expect_closed(&busy);
  while (!drained)
    turn(&d);
  close(idle.fd);
  close(busy.fd);
  close_desk(&d);
}

static void test_drain_without_connections(void **state) {
  (void)state;
  struct desk d;
  bool drained = false;
  open_desk(&d, "");
  lmtp_server_drain(d.server, on_drained, &drained);
  assert_true(drained);
  close_desk(&d);
}

/* The sender hangs up in every state, also while its mail is being committed, and also by closing one side only. */
static void test_hang_up(void **state) {
  (void)state;
#define UNTIL_CONTENT "LHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nx\r\n"
  static const char *const said[] = {"", "LHLO me\r\nMAIL FROM:<a@b>\r\n", UNTIL_CONTENT, UNTIL_CONTENT ".\r\n"};
  struct desk d;
  static struct client c;
  open_desk(&d, "");
  for (size_t i = 0; i < 4; i++) {
    connect_to(&c, &d, false);
    say_text(&c, said[i]);
    close(c.fd);
  }
  while (lmtp_server_connections(d.server))
    turn(&d);
  connect_to(&c, &d, false);
  say_text(&c, said[3]);
  assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
  expect(&c, "250 2.0.0 Taken as ");
  expect_closed(&c);
  close(c.fd);
  connect_to(&c, &d, false); /* and the server ends while one waits */
  say_text(&c, said[3]);
  close_desk(&d);
  close(c.fd);
}

static void test_stale_socket_is_replaced(void **state) {
  (void)state;
  struct desk d;
  struct complaint complaint = {0};
  struct lmtp_server *first;
  static struct client c;
  open_desk(&d, "");
  first = d.server;
  assert_int_equal(open_server(&d, "", d.path, &complaint), -EWOULDBLOCK); /* in use: not stolen */
  assert_non_null(strstr(complaint.text, "another program"));
  assert_ptr_equal(d.server, first);
  lmtp_server_close(&d.server);
  while (uv_run(&d.channel.loop, UV_RUN_NOWAIT) && access(d.path, F_OK) == 0)
    continue;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* as a killed program leaves it */
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  snprintf(local.sun_path, sizeof(local.sun_path), "%s", d.path);
  assert_int_equal(bind(fd, (void *)&local, sizeof(local)), 0);
  close(fd);
  assert_int_equal(open_server(&d, "127.0.0.1:0", d.path, &complaint), 0);
  greet(&c, &d, true);
  struct stat st;
  assert_int_equal(stat(d.path, &st), 0);
  assert_int_equal(st.st_mode & 0666, 0666);
  close(c.fd);
  close_desk(&d);
}

static void test_what_cannot_be_listened_on(void **state) {
  (void)state;
  struct desk d;
  static const struct {
    const char *tcp, *local, *why;
    int fault;
  } cases[] = {
      {"127.0.0.1:25", "", "port 25", -EINVAL},
      {"nonsense", "", "of the form", -EINVAL},
      {"192.0.2.1:0", "", "cannot listen", -EADDRNOTAVAIL},
      {"", "/nonexistent/email.sock", "no such file", -ENOENT},
  };
  fake_channel_open(&d.channel, "");
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct complaint complaint = {0};
    assert_int_equal(open_server(&d, cases[i].tcp, cases[i].local, &complaint), cases[i].fault);
    assert_non_null(strstr(complaint.text, cases[i].why));
  }
  /* A file that is no socket is not ours to remove. */
  struct complaint complaint = {0};
  snprintf(d.path, sizeof(d.path), "%s/file", d.channel.folder);
  close(open(d.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  assert_int_equal(open_server(&d, "", d.path, &complaint), -EEXIST);
  assert_int_equal(access(d.path, F_OK), 0);
  fake_channel_end(&d.channel);
}

/* Too long for a socket: fatal alone, a warning beside TCP. */
static void test_long_path(void **state) {
  (void)state;
  struct desk d;
  struct complaint complaint = {0};
  char path[200];
  memset(path, 'x', sizeof(path));
  path[0] = '/';
  path[150] = '\0';
  fake_channel_open(&d.channel, "");
  assert_int_equal(open_server(&d, "", path, &complaint), -ENAMETOOLONG);
  assert_int_equal(open_server(&d, "127.0.0.1:0", path, &complaint), 0);
  assert_string_equal(lmtp_server_unix(d.server), "");
  close_desk(&d);
}

int main(void) {
  if (process_prepare() < 0)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_over_tcp),
      cmocka_unit_test(test_over_unix),
      cmocka_unit_test(test_recipients),
      cmocka_unit_test(test_spool_trouble_defers),
      cmocka_unit_test(test_too_large),
      cmocka_unit_test(test_everything_pipelined),
      cmocka_unit_test(test_deaf_sender),
      cmocka_unit_test(test_too_many_connections),
      cmocka_unit_test(test_idle),
      cmocka_unit_test(test_drain),
      cmocka_unit_test(test_drain_without_connections),
      cmocka_unit_test(test_hang_up),
      cmocka_unit_test(test_stale_socket_is_replaced),
      cmocka_unit_test(test_what_cannot_be_listened_on),
      cmocka_unit_test(test_long_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
