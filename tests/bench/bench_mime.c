/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long one mail takes to become an event, and how much memory: mails of 100 KiB of the usual kinds, and every mail
 * of a folder. One thread, no I/O while it counts.
 *   bench_mime FOLDER [ROUNDS]
 * Prints one JSON object. Times are microseconds of CPU per mail, packing included; memory is the arena's.
 */
#include "base/file.h"
#include "mime/mime.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SIZE = 100 * 1024, ROUNDS = 200, MOST = 100000 };

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct taken {
  double us[MOST];
  size_t count, memory;
};

static void parse(struct slice raw, struct arena *a, struct taken *to) {
  const struct mime_envelope envelope = {.channel = SLICE("bench"), .mail_from = SLICE("a@b.example"),
                                         .recipient = SLICE("c@d.example"), .reply_token = SLICE("")};
  struct mime_result result = {0};
  struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  const char *why;
  double before = now_us();
  int r = mime_to_event(raw, &envelope, a, &result, &why);
  if (r != 0 || event_pack(result.event, a, &packed) != 0)
    exit(1);
  double took = now_us() - before;
  if (to->count < MOST)
    to->us[to->count++] = took;
  if (arena_used(a) > to->memory)
    to->memory = arena_used(a);
  mime_result_free(&result);
  buf_free(&packed);
  arena_reset(a);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *name, struct taken *t, const char *after) {
  qsort(t->us, t->count, sizeof(t->us[0]), by_value);
  printf("\"%s\": {\"median_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %.0f, \"memory_kib\": %zu}%s", name,
         t->us[t->count / 2], t->us[t->count * 99 / 100], t->us[t->count - 1], t->memory / 1024, after);
}

/* --- mails --- */

#define HEAD "From: =?utf-8?Q?J=C3=B6rg?= <joerg@customer.example>\r\nTo: support@desk.example\r\n" \
             "Subject: Printer\r\nDate: Tue, 24 Nov 2026 10:30:00 +0100\r\nMessage-ID: <1@customer.example>\r\n" \
             "MIME-Version: 1.0\r\n"

static void fill(struct buf *mail, const char *line, size_t until) {
  while (mail->len < until)
    buf_add_text(mail, line);
}

static void make_text(struct buf *mail) {
  buf_add_text(mail, HEAD "Content-Type: text/plain; charset=utf-8\r\n\r\n");
  fill(mail, "> Der Drucker druckt nur noch Fl\xC3\xA4" "chen, die Patrone ist neu, und nun?\r\n", SIZE);
}

static void make_koi8(struct buf *mail) {
  buf_add_text(mail, HEAD "Content-Type: text/plain; charset=koi8-r\r\n\r\n");
  fill(mail, "\xF0\xD2\xC9\xD7\xC5\xD4, \xC7\xC4\xC5 \xCD\xCF\xCA \xDA\xC1\xCB\xC1\xDA?\r\n", SIZE);
}

static void make_alternative(struct buf *mail) {
  buf_add_text(mail, HEAD "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
  fill(mail, "Der Drucker druckt nur noch Fl=C3=A4chen, die Patrone ist neu, und nun=\r\n?\r\n", SIZE / 4);
  buf_add_text(mail, "--a\r\nContent-Type: text/html; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>");
  fill(mail, "<p class=3D\"MsoNormal\" style=3D\"margin:0cm\"><span style=3D\"font-size:11=\r\n.0pt\">"
             "Der Drucker druckt nur noch Fl&auml;chen<o:p></o:p></span></p>\r\n", SIZE);
  buf_add_text(mail, "</body></html>\r\n--a--\r\n");
}

static void make_html(struct buf *mail) {
  buf_add_text(mail, HEAD "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><table>");
  fill(mail, "<tr><td style=\"color:#333\"><a href=\"https://shop.example/p?id=1&amp;x=2\">Toner</a></td>"
             "<td>49,90&nbsp;&euro;</td></tr>\r\n", SIZE);
  buf_add_text(mail, "</table></body></html>\r\n");
}

static void make_attachment(struct buf *mail) {
  buf_add_text(mail, HEAD "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nSee file.\r\n--m\r\n"
                          "Content-Type: application/pdf; name*=utf-8''%C3%A4.pdf\r\n"
                          "Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n");
  fill(mail, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n", SIZE);
  buf_add_text(mail, "--m--\r\n");
}

static const struct {
  const char *name;
  void (*make)(struct buf *mail);
} kinds[] = {
    {"text_100k", make_text}, {"koi8_100k", make_koi8},           {"alternative_100k", make_alternative},
    {"html_100k", make_html}, {"attachment_100k", make_attachment},
};

static void bench_kinds(struct arena *a, size_t rounds, struct taken *all, struct taken *one) {
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    struct buf mail = BUF_INIT(4 * SIZE);
    kinds[i].make(&mail);
    one->count = one->memory = 0;
    for (size_t n = 0; n < rounds; n++) {
      parse(buf_slice(&mail), a, one);
      if (all->count < MOST)
        all->us[all->count++] = one->us[one->count - 1];
    }
    all->memory = one->memory > all->memory ? one->memory : all->memory;
    report(kinds[i].name, one, ", ");
    buf_free(&mail);
  }
  report("all_100k", all, ", ");
}

static size_t bench_folder(const char *folder, struct arena *a, struct taken *t) {
  char pattern[4096];
  glob_t found;
  snprintf(pattern, sizeof(pattern), "%s/*.eml", folder);
  if (glob(pattern, 0, NULL, &found) != 0)
    exit(1);
  size_t count = found.gl_pathc;
  t->count = t->memory = 0;
  for (size_t i = 0; i < count; i++) {
    struct buf mail = BUF_INIT(16 * 1024 * 1024);
    if (file_read(found.gl_pathv[i], &mail) != 0)
      exit(1);
    for (int n = 0; n < 20; n++)
      parse(buf_slice(&mail), a, t);
    buf_free(&mail);
  }
  globfree(&found);
  return count;
}

int main(int argc, char **argv) {
  static struct taken all, one;
  if (argc < 2) {
    fprintf(stderr, "usage: %s FOLDER [ROUNDS]\n", argv[0]);
    return 2;
  }
  double before = now_us();
  mime_start();
  double started = now_us() - before;
  struct arena *a = arena_new(256 * 1024, 64 * 1024 * 1024);
  printf("{\"start_us\": %.0f, ", started);
  bench_kinds(a, argc > 2 ? (size_t)atoi(argv[2]) : ROUNDS, &all, &one);
  size_t mails = bench_folder(argv[1], a, &one);
  report("library", &one, "");
  printf(", \"library_mails\": %zu}\n", mails);
  arena_free(&a);
  return 0;
}
