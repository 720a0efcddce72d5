/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML of mails by itself, on one core: what a newsletter of 100 KiB costs to clean and to read, and whether a megabyte
 * of the same bad thing costs four times a quarter of it.
 *   bench_html [seconds]      prints one line of JSON
 */
#include "text/html.h"
#include "text/html_clean.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NEWSLETTER = 100 * 1024, LARGE = 1024 * 1024, ROUNDS_MAX = 100000 };

static const char block[] =
    "<tr><td valign=\"top\" style=\"padding:9px 18px;font-family:Helvetica,Arial,sans-serif;font-size:16px;"
    "line-height:150%;color:#202020;text-align:left;\"><table align=\"left\" border=\"0\" cellpadding=\"0\" "
    "cellspacing=\"0\" width=\"282\" class=\"mcnImageCardBlock\"><tbody><tr><td style=\"padding:0 9px;\">"
    "<a href=\"https://shop.us1.list-manage.example/track/click?u=0123456789abcdef&amp;id=0123456789&amp;e=abcdef\" "
    "target=\"_blank\"><img alt=\"A spade &amp; a rake\" src=\"https://gallery.shop.example/spade.png\" width=\"264\" "
    "style=\"max-width:528px;padding-bottom:0;display:inline;vertical-align:bottom;border:0;\"></a></td></tr>"
    "<tr><td class=\"mcnTextContent\"><h3 style=\"margin:0;font-weight:bold;\">It&rsquo;s spring</h3>"
    "<p style=\"margin:10px 0;\">Everything for the garden is <strong>20&nbsp;% off</strong> until Sunday &ndash; come and see us, or order "
    "from home. We bring it to your door.</p><!--[if mso]><v:rect></v:rect><![endif]-->"
    "</td></tr></tbody></table></td></tr>\n";

static const char *const bad[] = {"<", ">", "<div>", "<a ", "</b>", "&", "<!--", "<p style='", "<table><tr><td>"};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void clean(struct slice html, struct buf *out) {
  struct html_clean_notes notes;
  if (html_clean(html, out, &notes) < 0)
    abort();
}

static void text(struct slice html, struct buf *out) {
  if (html_to_text(html, out) < 0)
    abort();
}

static int order(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

enum pick { FASTEST, MEDIAN };

/* Milliseconds of one run, of as many as fit into the time. */
static double measure(void (*work)(struct slice, struct buf *), struct slice html, double seconds, enum pick pick) {
  static double took[ROUNDS_MAX];
  size_t rounds = 0;
  struct buf out = BUF_INIT(64 * 1024 * 1024);
  for (double end = now() + seconds; rounds < ROUNDS_MAX && (rounds < 3 || now() < end); rounds++) {
    double start = now();
    buf_clear(&out);
    work(html, &out);
    took[rounds] = 1000 * (now() - start);
  }
  buf_free(&out);
  qsort(took, rounds, sizeof(took[0]), order);
  return took[pick == FASTEST ? 0 : rounds / 2];
}

static struct buf fill(const char *start, const char *piece, size_t size, const char *end) {
  struct buf html = BUF_INIT(2 * LARGE);
  buf_add_text(&html, start);
  while (html.len + strlen(piece) <= size)
    buf_add_text(&html, piece);
  buf_add_text(&html, end);
  return html;
}

/* The fastest of each, for what other jobs take away is not the same for both. */
static void ratio(const char *name, void (*work)(struct slice, struct buf *), const char *piece, double seconds) {
  struct buf small = fill("", piece, LARGE / 4, ""), large = fill("", piece, LARGE, "");
  double of_small = measure(work, buf_slice(&small), seconds, FASTEST);
  double of_large = measure(work, buf_slice(&large), seconds, FASTEST);
  printf(", \"%s of '%s'\": {\"256KiB_ms\": %.2f, \"1MiB_ms\": %.2f, \"ratio\": %.1f}", name, piece, of_small, of_large,
         of_large / of_small);
  buf_free(&small);
  buf_free(&large);
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? atof(argv[1]) : 1;
  struct buf newsletter = fill("<html><head><style>p{margin:10px 0}</style></head><body bgcolor=#fafafa><table>", block,
                               NEWSLETTER, "</table></body></html>");
  printf("{\"newsletter_bytes\": %zu, \"clean_ms\": %.2f, \"text_ms\": %.2f", newsletter.len,
         measure(clean, buf_slice(&newsletter), seconds, MEDIAN), measure(text, buf_slice(&newsletter), seconds, MEDIAN));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    ratio("clean", clean, bad[i], seconds / 10);
    ratio("text", text, bad[i], seconds / 10);
  }
  printf("}\n");
  buf_free(&newsletter);
  return 0;
}
