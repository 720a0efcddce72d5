/* SPDX-License-Identifier: Apache-2.0 */
#include "text/html.h"
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

struct html_case {
  const char *html, *text;
};

static void check(const struct html_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct buf out = BUF_INIT(64 * 1024);
    assert_int_equal(html_to_text(slice_text(cases[i].html), &out), 0);
    struct slice got = buf_slice(&out);
    if (!slice_equal(got, slice_text(cases[i].text)))
      fail_msg("%s\n--- got ---\n%.*s\n--- expected ---\n%s", cases[i].html, (int)got.len, got.at, cases[i].text);
    assert_true(utf8_clean(got));
    buf_free(&out);
  }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases[0]))

static void test_blocks_and_lines(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"  many \n\t spaces  ", "many spaces"},
      {"<p>one</p><p>two</p>", "one\n\ntwo"},
      {"<p>one<p>two", "one\n\ntwo"},
      {"<div>one</div><div>two</div>", "one\ntwo"},
      {"<div>one<div><div>two</div></div></div>", "one\ntwo"},
      {"one<br>two<br/>three", "one\ntwo\nthree"},
      {"one<br><br><br><br>two", "one\n\ntwo"},
      {"<div>one<br></div><div>two</div>", "one\ntwo"},
      {"<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"},
      {"<p>one</p><p>&nbsp;</p><p>two</p>", "one\n\ntwo"},
      {"<h1>Title</h1>text", "Title\n\ntext"},
      {"a<b>b</b><i>c</i> d", "abc d"},
      {"a <b> b </b> c", "a b c"},
      {"one<hr>two", "one\n---\ntwo"},
      {"<pre>  a\n   b\n\n c</pre>d", "  a\n   b\n\n c\n\nd"},
      {"<pre>a &lt;b&gt; &amp c</pre>", "a <b> & c"},
      {"<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>e", "a\tb\nc\td\ne"},
      {"<table><tr><th>Qty</th><td><p>1</p></td></tr></table>", "Qty\t1"},
  };
  CHECK(cases);
}

static void test_lists_and_quotes(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<ul><li>a</li><li>b</li></ul>c", "- a\n- b\nc"},
      {"<ul><li>a<li>b</ul>", "- a\n- b"},
      {"<ul><li><p>a</p></li><li><div>b</div></li></ul>", "- a\n\n- b"},
      {"<ol><li>a</li><li>b</li></ol><ol><li>c</li></ol>", "1. a\n2. b\n1. c"},
      {"<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"},
      {"<li>alone", "- alone"},
      {"hi<blockquote>a<br>b<p>c</p></blockquote>bye", "hi\n\n> a\n> b\n>\n> c\n\nbye"},
      {"<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"},
  };
  CHECK(cases);
}

static void test_links_and_images(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<a href=\"https://x.example/a?b=1&amp;c=2\">here</a>.", "here <https://x.example/a?b=1&c=2>."},
      {"<a href='https://www.X.example/'>x.example</a>", "x.example"},
      {"<a href=mailto:a@b.example>a@b.example</a>", "a@b.example"},
      {"<a href=\"mailto:a@b.example\">write</a>", "write <a@b.example>"},
      {"<a href=\"#top\">up</a> <a href=\"javascript:alert(1)\">x</a> <a>y</a>", "up x y"},
      {"<a href=\"https://x.example/?a=1&copy=2\">l</a>", "l <https://x.example/?a=1&copy=2>"},
      {"<a href=\" https://x.example/a\n b \">l</a>", "l <https://x.example/ab>"},
      {"<a href=\"https://x.example/\"><img src=l.png alt=\"Our  logo\"></a>", "Our logo <https://x.example/>"},
      {"<a href=\"https://a.example\">a<a href=\"https://b.example\">b", "a <https://a.example>b <https://b.example>"},
      {"x<img src=a.gif>y<img src=b.gif alt='&lt;b&gt;'>", "xy<b>"},
  };
  CHECK(cases);
}

static void test_what_is_dropped(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<html><head><title>T</title><style>p{}</style><meta a=b>junk</head><body>b</body></html>", "b"},
      {"<head><title>T</title><p>body without end of head", "body without end of head"},
      {"a<script>if (a<b) document.write('<p>x</p>')</script>b", "ab"},
      {"a<STYLE>x</style >b", "ab"},
      {"a<!-- x > y -->b<!-->c<!--->d", "abcd"},
      {"a<!--[if mso]><p>x</p><![endif]-->b<![if !mso]>c<![endif]>", "abc"},
      {"<div style=\"DISPLAY : none;color:red\">preview<p>more</p></div>seen", "seen"},
      {"<span hidden>no</span>yes<p style='mso-hide:all'>no", "yes"},
      {"<div style='display:none'><a href='https://x.example'>l</a><br><img alt=i></div>z", "z"},
      {"<span hidden>no<o:p><font>no</b></x></font></span>yes", "yes"},
      {"a<svg><text>x</text></svg><xml>y</xml><o:p>z</o:p>", "az"},
      {"soft\xC2\xADhyphen\xE2\x80\x8B\xEF\xBB\xBF&#847;&shy;", "softhyphen"},
      {"a&nbsp;\xC2\xA0&#160;b", "a b"},
  };
  CHECK(cases);
}

static void test_characters(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"&auml;&Auml;&euro;&hellip;&apos;&quot;&bull;", "äÄ€…'\"•"},
      {"&amp;amp; &lt;b&gt; &#228; &#xE4; &#XE4 &#x1F514;", "&amp; <b> ä ä ä 🔔"},
      {"&#128; &#150; &#x99;", "€ – ™"},
      {"&#0; &#xD800; &#x110000; &#99999999999;", "\xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD"},
      {"a&#7;b&#10;c&#13;d", "ab c d"},
      {"&copy2026 &ampx &nosuch; &; & &# &#; &#x; AT&T", "©2026 &x &nosuch; &; & &# &#; &#x; AT&T"},
      {"&notit; &hellip &", "¬it; &hellip &"},
      {"日本語 &zwnj; x می&zwnj;خواهم", "日本語 x می\xE2\x80\x8Cخواهم"},
      {"a\xFF\xC3" "b\x01\x00", "a\xEF\xBF\xBD\xEF\xBF\xBD" "b"},
  };
  CHECK(cases);
}

static void test_broken_markup(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"1 < 2 && 3 > 2", "1 < 2 && 3 > 2"},
      {"a <3 b", "a <3 b"},
      {"a < b <", "a < b <"},
      {"a <b", "a <b"},
      {"</p></x></>a</", "a</"},
      {"<p class=\"x>a</p>b", "a\n\nb"},
      {"<p class=x\"y'>a</p>", "a"},
      {"<p =a / = b c = d/>a", "a"},
      {"<b><i>a</b>b</i>c", "abc"},
      {"<td>a</div>b", "ab"},
      {"a<!-- never closed <b>b</b>", "ab"},
      {"a<!", "a<!"},
      {"a<?php x ?>b", "ab"},
      {"a</br>b", "a\nb"},
      {"a<script>x", "a"},
      {"<p><p><p></p></p>a", "a"},
      {"<a href=\"https://x.example", "<a href=\"https://x.example"},
  };
  CHECK(cases);
}

static void test_ceiling(void **state) {
  (void)state;
  struct buf out = BUF_INIT(10);
  buf_add_text(&out, "ab");
  assert_int_equal(html_to_text(SLICE("<p>12345</p><p>67890"), &out), BUF_FULL);
  assert_true(out.len <= 10);
  assert_memory_equal(out.at, "ab12345", 7);
  buf_free(&out);
}

/* Each pattern, repeated, is quadratic or worse in some known parser. The bound is CPU time of this process and
 * far above what linear needs under a sanitizer, far below what quadratic would take. */
static void test_linear_on_hostile_input(void **state) {
  (void)state;
  static const char *const patterns[][2] = {
      {"<b>", "</i>"},   {"<div>", ""},         {"<table>", ""},  {"<p>", "</q>"},         {"<!--", ""},
      {"<!", ""},        {"<a x", ""},          {"<a href=\"", ""}, {"<x ", ""},           {"</", ""},
      {"&", ""},         {"&ampampampamp", ""}, {"<script>", ""}, {"<script></", ""},      {"<li>", "</ul>"},
      {"<blockquote>", "x</b>"}, {"<a href='https://a.example'>", "</a>"}, {"<td>", "<tr>"}, {" a=1", ""},
      {"<style><!--", ""}, {"<ol><li>x", ""},   {"\xC2", ""},     {"<a \"", ""},           {"<?", "x"},
      {"<table><tr><td>x", ""}, {"<tr><td>x<td>y", ""}, {"<p style='", ""}, {"<p style='a:b;c:d'>", "</p>"},
      {"<p class=MsoNormal>&nbsp;", ""}, {"<a href=https://x.example/>x", "</a>"}, {"<b style='font-size:0'>", "x"},
      {"-- <br>", ">-- <br>"}, {"&zwnj;&nbsp;", "x"}, {"<div name=quote>x", "</div>"}, {"<div><a href=tel:1>x", "1"},
      {"<pre>\n", " "}, {"<span style='mso-list:Ignore'>", "1."}, {"<img alt=x width=1>", "<img>"}, {"<", ">"},
  };
  enum { SIZE = 2 * 1024 * 1024 };
  char *html = malloc(SIZE + 64);
  for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
    size_t len = 0;
    if (patterns[i][0][0] == ' ')
      len += (size_t)sprintf(html, "<a");
    for (int half = 0; half < 2; half++) {
      size_t piece = strlen(patterns[i][half]);
      for (size_t stop = half ? SIZE : SIZE / 2; piece && len + piece <= stop; len += piece)
        memcpy(html + len, patterns[i][half], piece);
    }
    struct buf out = BUF_INIT(8 * 1024 * 1024);
    clock_t before = clock();
    int r = html_to_text(slice_of(html, len), &out);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    assert_true(r == 0 || r == BUF_FULL);
    assert_true(utf8_clean(buf_slice(&out)) || r == BUF_FULL);
    if (seconds > 4)
      fail_msg("%s…%s took %.1f s", patterns[i][0], patterns[i][1], seconds);
    buf_free(&out);
  }
  free(html);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_blocks_and_lines), cmocka_unit_test(test_lists_and_quotes),
      cmocka_unit_test(test_links_and_images), cmocka_unit_test(test_what_is_dropped),
      cmocka_unit_test(test_characters),       cmocka_unit_test(test_broken_markup),
      cmocka_unit_test(test_ceiling),          cmocka_unit_test(test_linear_on_hostile_input),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
