/* SPDX-License-Identifier: Apache-2.0 */
/* What the cleaner keeps, in which form, and how it behaves at its limits. What it must never let through is in
 * test_html_hostile.c. */
#include "html_verify.h"
#include "text/html_clean.h"
#include "text/html_url.h"
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define LINK "rel=\"noopener noreferrer nofollow\" target=\"_blank\""

struct clean_case {
  const char *html, *clean;
};

static void check(const struct clean_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t at;
    struct html_clean_notes notes;
    auto_clean(buf_free) struct buf out = BUF_INIT(64 * 1024), again = BUF_INIT(64 * 1024);
    assert_int_equal(html_clean(slice_text(cases[i].html), &out, &notes), 0);
    struct slice got = buf_slice(&out);
    if (!slice_equal(got, slice_text(cases[i].clean)))
      fail_msg("%s\n--- got ---\n%.*s\n--- expected ---\n%s", cases[i].html, (int)got.len, got.at, cases[i].clean);
    const char *wrong = html_verify(got, &at);
    if (wrong)
      fail_msg("%s: %s", cases[i].html, wrong);
    assert_int_equal(html_clean(got, &again, &notes), 0);
    assert_true(slice_equal(got, buf_slice(&again)));
  }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases[0]))

static void test_elements(void **state) {
  (void)state;
  static const struct clean_case cases[] = {
      {"", ""},
      {" \n ", ""},
      {"words", "words"},
      {"1 < 2 && 3 > 2 \"x\"", "1 &lt; 2 &amp;&amp; 3 &gt; 2 \"x\""},
      {"&euro; &nosuch; &lt;b&gt; &#x41;", "\xE2\x82\xAC &amp;nosuch; &lt;b&gt; A"},
      {"<html><head><title>t</title><meta charset=x></head><body><P>a</P></body></html>", "<div><p>a</p></div>"},
      {"<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"},
      {"<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"},
      {"<b><i>a</b>b</i>", "<b><i>a</i></b>b"},
      {"</p></b>a</br>b<br/>c", "a<br>b<br>c"},
      {"<acronym>a</acronym><strike>b</strike><tt>c</tt><dir><li>d</dir><nav>e</nav>",
       "<abbr>a</abbr><s>b</s><code>c</code><ul><li>d</li></ul><div>e</div>"},
      {"<o:p>a</o:p><x-y>b</x-y><form><fieldset><legend>c</legend><label>d</label></fieldset></form>", "abcd"},
      {"<div style='display:none'>gone<b>gone</b></div><p hidden>gone</p>a", "a"},
      {"<pre> a\n  b</pre>", "<pre> a\n  b</pre>"},
      {"<h1 align=center>a</h1><hr size=2 noshade><center>b</center>",
       "<h1 align=\"center\">a</h1><hr noshade=\"\" size=\"2\"><center>b</center>"},
      {"<a name=top>a</a><a href=#top>b</a>", "ab"},
      {"a<!-- c --><![CDATA[d]]><?php e ?>f", "af"},
      {"<listing>a</listing><noscript>b</noscript>", "<pre>a</pre>b"},
  };
  CHECK(cases);
}

static void test_tables(void **state) {
  (void)state;
  static const struct clean_case cases[] = {
      {"<table><tr><td>a<td>b<tr><td>c</table>d",
       "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d"},
      {"<table><td>a<td>b</table>", "<table><tr><td>a</td><td>b</td></tr></table>"},
      {"<table><tbody><th>a</tbody></table>", "<table><tbody><tr><th>a</th></tr></tbody></table>"},
      {"<td>a</td><tr>b</tr><tbody>c</tbody><col>d", "abcd"},
      {"<table><colgroup><col width=10><col></colgroup><tr><td>a</table>",
       "<table><colgroup><col width=\"10\"><col></colgroup><tr><td>a</td></tr></table>"},
      {"<table><tr><td></div></td><td>b</table>", "<table><tr><td></td><td>b</td></tr></table>"},
      {"<table><tr><td><table><tr><td>a</tr></table>b</table>",
       "<table><tr><td><table><tr><td>a</td></tr></table>b</td></tr></table>"},
      {"<table><tr><table><tr><td>a</table>", "<table><tr></tr></table><table><tr><td>a</td></tr></table>"},
      {"<table><caption>a<tr><td>b</table>", "<table><caption>a</caption><tr><td>b</td></tr></table>"},
      {"<table><tr><td><b>a<td>b</table>c", "<table><tr><td><b>a</b></td><td>b</td></tr></table>c"},
      {"<table width=100% height=20px cellpadding=x border=1 background=y bgcolor=#fff rules=all><tr valign=top><td "
       "nowrap "
       "colspan=2 rowspan=65534 width=9999999>a</table>",
       "<table bgcolor=\"#fff\" border=\"1\" height=\"20\" width=\"100%\"><tr valign=\"top\"><td colspan=\"2\" "
       "nowrap=\"\">a</td></tr></table>"},
  };
  CHECK(cases);
}

static void test_attributes(void **state) {
  (void)state;
  static const struct clean_case cases[] = {
      {"<p CLASS=x ID=y NAME=z data-x=1 onclick=a dir=rtl lang=zh-Hant title='a \"b\" &amp; <c>'>d</p>",
       "<p dir=\"rtl\" lang=\"zh-Hant\" title=\"a &quot;b&quot; &amp; &lt;c&gt;\">d</p>"},
      {"<p dir='a b' lang='x\"y' title='  '>d</p>", "<p>d</p>"},
      {"<font color=#f00 size=+1 face='Arial, \"Segoe UI\"'>a</font>",
       "<font color=\"#f00\" face=\"Arial,'Segoe UI'\" size=\"+1\">a</font>"},
      {"<font color='red;x' size=big face='x;y'>a</font>", "<font>a</font>"},
      {"<ol start=3 type=a reversed><li value=7>a</ol>",
       "<ol reversed=\"\" start=\"3\" type=\"a\"><li value=\"7\">a</li></ol>"},
      {"<br clear=all class=x style='color:red'>", "<br clear=\"all\">"},
      {"<body bgcolor=#ABC style='color:red' onload=x>a", "<div style=\"color:red;background-color:#aabbcc\">a</div>"},
      {"<p align=left align=right>a", "<p align=\"left\">a</p>"},
      {"<p class=MsoNormal>a</p><p class=MsoNormal style='margin-bottom:8pt'>b</p>",
       "<p style=\"margin:0\">a</p><p style=\"margin-bottom:8pt\">b</p>"},
      {"<style>P {margin-top:0;margin-bottom:0;}</style><p>a<p style='margin:1px'>b",
       "<p style=\"margin:0\">a</p><p style=\"margin:1px\">b</p>"},
      {"<blockquote type=cite cite=mid:x>a</blockquote>", "<blockquote data-quote=\"words\">a</blockquote>"},
      {"<div>5.5., \"S\" &lt;s@x.example&gt;:</div>\n<blockquote>a</blockquote><blockquote>b</blockquote>",
       "<div>5.5., \"S\" &lt;s@x.example&gt;:</div>\n<blockquote "
       "data-quote=\"words\">a</blockquote><blockquote>b</blockquote>"},
      {"As Goethe says:<blockquote>a</blockquote>a@b.example:<br>c<blockquote style='border:none'>d</blockquote>",
       "As Goethe says:<blockquote>a</blockquote>a@b.example:<br>c<blockquote style=\"border:none\">d</blockquote>"},
      {"<div data-quote=words>a</div><div data-quote=script>b</div>", "<div data-quote=\"words\">a</div><div>b</div>"},
  };
  CHECK(cases);
}

static void test_styles(void **state) {
  (void)state;
  static const struct clean_case cases[] = {
      {"<b style=' COLOR : Red ; Font-Weight:BOLD;;x; :y;z:'>a</b>", "<b style=\"color:Red;font-weight:BOLD\">a</b>"},
      {"<b style='font:italic 12px/1.5 \"Times New Roman\", serif'>a</b>",
       "<b style=\"font:italic 12px/1.5 'Times New Roman',serif\">a</b>"},
      {"<b style='margin:0 auto -1px 0;padding:1px 2px'>a</b>", "<b style=\"padding:1px 2px\">a</b>"},
      {"<b style='border:1px solid rgba(0, 0, 0, .5);color:hsl(120,100%,50%)'>a</b>",
       "<b style=\"border:1px solid rgba(0, 0, 0, .5);color:hsl(120,100%,50%)\">a</b>"},
      {"<b style='color:red !important;width:100px!important'>a</b>", "<b style=\"color:red;width:100px\">a</b>"},
      {"<b style='color:/*x*/red;/*y;z:1*/width:1px'>a</b>", "<b style=\"color:red\">a</b>"},
      {"<b style='background:url(x.png) no-repeat #fff'>a</b>", "<b style=\"background-color:#fff\">a</b>"},
      {"<b style='background:yellow;mso-highlight:yellow'>a</b>", "<b style=\"background-color:yellow\">a</b>"},
      {"<b style='display:flex'>a</b><b style='display:inline-block'>b</b>",
       "<b>a</b><b style=\"display:inline-block\">b</b>"},
      {"<b style='font-family:微软雅黑,\"ＭＳ Ｐゴシック\"'>a</b>", "<b style=\"font-family:微软雅黑,'ＭＳ Ｐゴシック'\">a</b>"},
      {"<b style='width:calc(1px + 2px);height:1e3px;width:12345px;line-height:1.2345678'>a</b>", "<b>a</b>"},
      {"<b style='color:#12345;color:#ggg;color:rgb(1;2;3)'>a</b>", "<b>a</b>"},
      {"<b style=\"font-family:&quot;A;B&quot;,x;color:red\">a</b>", "<b style=\"color:red\">a</b>"},
      {"<b style='--x:1;width:var(--x);color:-x'>a</b>", "<b style=\"color:-x\">a</b>"},
      {"<td style='color:red'>a</td>", "a"},
  };
  CHECK(cases);
}

static void test_links_and_images(void **state) {
  (void)state;
  static const struct clean_case cases[] = {
      {"<a href='HTTPS://x.example/a b?c=\"d\"&amp;e=1'>a</a>",
       "<a href=\"https://x.example/a%20b?c=%22d%22&amp;e=1\" " LINK ">a</a>"},
      {"<a href='mailto:a@b.example?subject=x y'>a</a>", "<a href=\"mailto:a@b.example?subject=x%20y\" " LINK ">a</a>"},
      {"<a href=tel:+491>a</a>", "<a href=\"tel:+491\" " LINK ">a</a>"},
      {"<a href='https://b\xC3\xBC.example/\xE2\x82\xAC'>a</a>",
       "<a href=\"https://b\xC3\xBC.example/\xE2\x82\xAC\" " LINK ">a</a>"},
      {"<a href='https://x.example/a\nb'>a</a>", "<a href=\"https://x.example/ab\" " LINK ">a</a>"},
      {"<a href='https://x.example/?q=a\\b'>a</a>", "<a href=\"https://x.example/?q=a%5Cb\" " LINK ">a</a>"},
      {"<img src=https://x.example/i.png alt=b width=10 height=20px>",
       "<img data-remote-src=\"https://x.example/i.png\" alt=\"b\" height=\"20\" width=\"10\">"},
      {"<img src='cid:a%40b.example' alt=''>", "<img data-cid=\"a@b.example\" alt=\"\">"},
      {"<img src='CID:image001.png@01D9&amp;x'>", "<img data-cid=\"image001.png@01D9&amp;x\">"},
      {"<img src='cid:a b'><img src='cid:'><img>", ""},
      {"<img src='data:image/gif;base64,R0lG\n ODdh=='>", "<img src=\"data:image/gif;base64,R0lGODdh==\">"},
      {"<img src='data:image/png;base64,' alt=a><img src='data:image/png,x' alt=b><img "
       "src='data:image/bmp;base64,AA' alt=c>",
       "<img alt=\"a\"><img alt=\"b\"><img alt=\"c\">"},
      {"<img src=file:///c:/x.png alt=Logo><img src=x.png>", "<img alt=\"Logo\">"},
      {"<img data-cid=x src=https://x.example/i>", "<img data-remote-src=\"https://x.example/i\">"},
      {"<img src=https://x.example/p width=1 height=1><img src=cid:p width=1 height=1>",
       "<img data-cid=\"p\" height=\"1\" width=\"1\">"},
  };
  CHECK(cases);
}

static void test_bytes_that_are_no_text(void **state) {
  (void)state;
  static const struct clean_case cases[] = {
      {"a\xFF\xC3" "b\x01\r\nc", "a\xEF\xBF\xBD\xEF\xBF\xBD" "b\nc"},
      {"\xC0\xBCscript\xC0\xBE", "\xEF\xBF\xBD\xEF\xBF\xBDscript\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"<img alt=\"\xFF\" src=cid:x>", "<img data-cid=\"x\" alt=\"\xEF\xBF\xBD\">"},
  };
  CHECK(cases);
  struct html_clean_notes notes;
  auto_clean(buf_free) struct buf out = BUF_INIT(1024);
  assert_int_equal(html_clean(SLICE("<b\0>a<scr\0ipt>x</script>\0b"), &out, &notes), 0);
  assert_string_equal(out.at, "<b>ab</b>");
}

static void test_notes(void **state) {
  (void)state;
  struct html_clean_notes notes;
  auto_clean(buf_free) struct buf html = BUF_INIT(1024 * 1024), out = BUF_INIT(1024 * 1024);
  buf_add_text(&html, "<img src=https://x.example/1><img src=//x.example/2><img src=https://x.example/p width=1 "
       "height=1>"
                      "<img src=cid:a><img src='data:image/png;base64,");
  while (html.len < HTML_DATA_IMAGE_MAX + 300)
    buf_add_text(&html, "AAAA");
  buf_add_text(&html, "' alt=big>");
  assert_int_equal(html_clean(buf_slice(&html), &out, &notes), 0);
  assert_int_equal(notes.remote_images, 2);
  assert_int_equal(notes.dropped_images, 1);
  assert_non_null(strstr(out.at, "<img data-dropped=\"too-large\" alt=\"big\">"));
}

/* Whatever the ceiling, what is there is whole, and as much as fits. */
static void test_ceiling(void **state) {
  (void)state;
  static const char html[] = "before <div style='color:red'><p>one &amp; two<table><td><a "
       "href=https://x.example>l\xC3\xA4nk</a>"
                             "<td><img src=cid:x alt=y></table>\xE2\x82\xAC and so on";
  struct html_clean_notes notes;
  auto_clean(buf_free) struct buf whole = BUF_INIT(1024);
  assert_int_equal(html_clean(slice_text(html), &whole, &notes), 0);
  for (size_t ceiling = 3; ceiling <= whole.len + 3; ceiling++) {
    size_t at;
    auto_clean(buf_free) struct buf out = BUF_INIT(ceiling);
    buf_add_text(&out, "ab:");
    int r = html_clean(slice_text(html), &out, &notes);
    assert_int_equal(r, ceiling == whole.len + 3 ? 0 : BUF_FULL);
    assert_true(out.len <= ceiling && out.max == ceiling);
    assert_memory_equal(out.at, "ab:", 3);
    if (html_verify(slice_of(out.at + 3, out.len - 3), &at))
      fail_msg("at %zu: %s", ceiling, out.at);
  }
}

static void repeat(struct buf *html, const char *piece, size_t size) {
  for (size_t len = strlen(piece); len && html->len + len <= size;)
    buf_add(html, piece, len);
}

static void test_depth(void **state) {
  (void)state;
  size_t at;
  struct html_clean_notes notes;
  auto_clean(buf_free) struct buf html = BUF_INIT(64 * 1024), out = BUF_INIT(1024 * 1024);
  repeat(&html, "<div>", 5 * 1000);
  buf_add_text(&html, "deep");
  repeat(&html, "</div>", html.len + 6 * 1000);
  buf_add_text(&html, "<b>after</b>");
  assert_int_equal(html_clean(buf_slice(&html), &out, &notes), 0);
  assert_null(html_verify(buf_slice(&out), &at));
  assert_non_null(strstr(out.at, "deep</div>"));
  assert_non_null(strstr(out.at, "</div><b>after</b>"));
}

/* MI-26: each pattern, repeated, is quadratic or worse in some known parser. CPU seconds of this process, far above
 * what linear takes under a sanitizer and far below what quadratic does. */
static void test_linear_on_hostile_input(void **state) {
  (void)state;
  static const char *const patterns[][3] = {
      {"", "<", ""}, {"", "<div>", ""}, {"", "<a ", ""}, {"", "<a href=\"", ""}, {"<a ", "x=\"1\" ", ">"},
      {"<a ", "x=\"", ">"}, {"", "&", ""}, {"", "</b>", ""}, {"<b>", "</i>", ""}, {"", "<b></i>", ""},
      {"", "<table>", ""}, {"", "<table><tr><td>", ""}, {"", "<td><tr>", ""}, {"", "<p><b>", ""}, {"", "<!--", ""},
      {"", "<!-- -- ", "-->"}, {"", "<script>", ""}, {"", "<style>", ""}, {"<style>", "}p  ", "</style>"},
      {"<style>}", "          ", "</style>"}, {"", "<p style='", ""}, {"<p style=\"", "a:b;", "\">"},
      {"<p style=\"", "color:red;", "\">"}, {"<p style=\"", "/*", "\">"}, {"<p style=\"", "color:url(", "\">"},
      {"<p style=\"font-family:", "&quot;", "\">"}, {"", "<p style='margin:0;margin:0;margin:0;margin:0'>", ""},
      {"<img alt=x src='data:image/png;base64,", "AAAA", "'>"}, {"", "<img src='data:image/png;base64,AAAA'>", ""},
      {"<img alt='", "&amp;", "'>"}, {"", "<li>", "</ul>"}, {"", "<div style=display:none>", ""}, {"", "<svg>", ""},
      {"<svg>", "<style>", ""}, {"", "<a href=https://x.example>", "</a>"}, {"", "\xC2", ""}, {"", "&#", ""},
      {"", "&ampampampamp", ""}, {"<p class='", "mso ", "'>"}, {"", "<p class='x_x_x_x_x_x_x_x_x_x_gmail_quot'>", ""},
      {"<div><table><tr><td>", "</div>", ""}, {"<table>", "<col>", ""}, {"<div id='", "gmail_quot", "'>"},
  };
  enum { SIZE = 1024 * 1024, DATA = 5 * 1024 * 1024 };
  for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
    size_t at, size = strstr(patterns[i][0], "data:") ? DATA : SIZE;
    struct html_clean_notes notes;
    auto_clean(buf_free) struct buf html = BUF_INIT(DATA + 100), out = BUF_INIT(32 * 1024 * 1024);
    buf_add_text(&html, patterns[i][0]);
    repeat(&html, patterns[i][1], size);
    buf_add_text(&html, patterns[i][2]);
    clock_t before = clock();
    int r = html_clean(buf_slice(&html), &out, &notes);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    assert_int_equal(r, 0);
    const char *wrong = html_verify(buf_slice(&out), &at);
    if (wrong)
      fail_msg("%s%s…: %s", patterns[i][0], patterns[i][1], wrong);
    if (seconds > 4 || out.len > HTML_CLEAN_FACTOR * html.len)
      fail_msg("%s%s… took %.1f s, made %zu bytes", patterns[i][0], patterns[i][1], seconds, out.len);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_elements),   cmocka_unit_test(test_tables),
      cmocka_unit_test(test_attributes), cmocka_unit_test(test_styles),
      cmocka_unit_test(test_links_and_images), cmocka_unit_test(test_bytes_that_are_no_text),
      cmocka_unit_test(test_notes),      cmocka_unit_test(test_ceiling),
      cmocka_unit_test(test_depth),      cmocka_unit_test(test_linear_on_hostile_input),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
