/* SPDX-License-Identifier: Apache-2.0 */
/* What a person would write down of a page: one table of pairs for each habit of mail programs. Whole mails are in
 * tests/data/html (test_html_mails.c). */
#include "text/html.h"
#include "text/html_element.h"
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

struct html_case {
  const char *html, *text;
};

static void check(const struct html_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    auto_clean(buf_free) struct buf out = BUF_INIT(64 * 1024);
    assert_int_equal(html_to_text(slice_text(cases[i].html), &out), 0);
    struct slice got = buf_slice(&out);
    if (!slice_equal(got, slice_text(cases[i].text)))
      fail_msg("%s\n--- got ---\n%.*s\n--- expected ---\n%s", cases[i].html, (int)got.len, got.at, cases[i].text);
    assert_true(utf8_clean(got));
  }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases[0]))

static void test_tables_of_data(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<table><tr><th>Item</th><th>Price</th></tr><tr><td>Pen</td><td>1</td></tr></table>", "Item\tPrice\nPen\t1"},
      {"<table><tbody><tr><td><p>a</p></td><td><div><b>b</b></div></td></tr>"
       "<tr><td><p>c</p></td><td>d</td></tr></table>",
       "a\tb\nc\td"},
      {"<table><tr><td>a</td><td>&nbsp;</td><td>c</td></tr></table>", "a\tc"},
      {"<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"},
      {"<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc"},
      {"<table><tr><td>To<br>Joe<br>Street</td><td>c</td></tr></table>", "To\nJoe\nStreet\n\nc"},
      {"<table><tr><td><img src=x width=50></td><td>Pen</td><td>2</td></tr></table>", "Pen\t2"},
      {"x<table><tr><td>a</td><td>b</td></tr></table>y", "x\na\tb\ny"},
      {"<blockquote><table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table></blockquote>",
       "> a\tb\n> c\td"},
      {"<table><tr><td><a href='https://x.example/1'>Pen</a></td><td>2</td></tr></table>",
       "Pen <https://x.example/1>\t2"},
      {"<table><tr><td>a</td>lost?<td>b</td></tr></table>", "a\nlost?\nb"},
      {"<table><caption>Order</caption><tr><td>a</td><td>b</td></tr></table>", "Order\na\tb"},
      {"<table><thead><tr><th>h</th></tr></thead><tbody><tr><td>b</td></tr></tbody>"
       "<tfoot><tr><td>f</td></tr></tfoot></table>",
       "h\nb\nf"},
      {"<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a\tb\nc\td"},
      {"<table><tr><td><b>a<td>b</table>c", "a\tb\nc"},
      {"<table><tr><td><ul><li>a</ul></td><td>b</td></tr></table>", "- a\tb"},
      {"<blockquote><blockquote><blockquote><table><tr><td>a<td>b</tr><a href='https://x.example'><tr><td><p>c<td>d</tr>"
       "</a></table>", "> > > a\tb\n> > > c\td"},
  };
  CHECK(cases);
}

#define LONG "A column of words that goes on for some time, so that nobody would want to read it beside another one, "

static void test_tables_that_lay_out(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>", "a\tb\nc"},
      {"<table><tr><td>" LONG "</td><td>" LONG LONG "</td></tr></table>",
       "A column of words that goes on for some time, so that nobody would want to read it beside another one,\n"
       "A column of words that goes on for some time, so that nobody would want to read it beside another one, "
       "A column of words that goes on for some time, so that nobody would want to read it beside another one,"},
      {"<table><tr><td><p>one</p><p>two</p></td><td>three</td></tr></table>", "one\n\ntwo\n\nthree"},
      {"<table><tr><td></td><td><p>Only this</p></td><td></td></tr></table>", "Only this"},
      {"<table width=100%><tr><td style='font-size:0'><div style='font-size:14px'>MJML</div></td></tr></table>",
       "MJML"},
      {"<table><tr><td></div>a</td><td>b</td></tr></table>c", "a\tb\nc"},
      {"<div><table><tr><td>a</div>b</td></tr></table></div>c", "ab\nc"},
      {"<table><tr><table><tr><td>a</td></tr></table>b", "a\nb"},
  };
  CHECK(cases);
}

static void test_hidden(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<div style='display:none;max-height:0;overflow:hidden'>Preview &zwnj;&nbsp;&zwnj;&nbsp;</div>Hello", "Hello"},
      {"<div style='max-height:0px;overflow:hidden'>Preview</div>Hello", "Hello"},
      {"<div style='height:0;overflow:hidden;'>Preview</div>Hello", "Hello"},
      {"<div style='height:20px;overflow:hidden;'>Seen</div>Hello", "Seen\nHello"},
      {"<span style='font-size:0'>no</span>yes", "yes"},
      {"<span style='font-size:1px;color:#ffffff'>no</span>yes", "yes"},
      {"<span style='font-size:0'>no<b style='font-size:large'>seen</b></span>yes", "seenyes"},
      {"<span style='visibility:hidden'>no<b style='visibility:visible'>seen</b></span>yes", "seenyes"},
      {"<span style='color:#fff;background-color:#FFFFFF'>no</span>yes", "yes"},
      {"<td bgcolor=white style='color: rgb(255, 255, 255)'>no</td>", ""},
      {"<a href='https://x.example' style='color:#fff' class=button>White on what the style sheet says</a>",
       "White on what the style sheet says <https://x.example>"},
      {"<span style='opacity:0'>no</span><span style='opacity:0.9'>yes</span>", "yes"},
      {"<p style='mso-hide:all'>no</p><a href='https://x.example/b' style='mso-hide:all'>Button</a>",
       "Button <https://x.example/b>"},
      {"<span hidden>no<span>no</span>no</span>yes", "yes"},
      {"<div style=\"font-family:&quot;A;display:none&quot;\">yes</div>", "yes"},
      {"<div style='/*display:none*/'>yes</div>", "yes"},
      {"<div style='display:none !important'>no</div>yes", "yes"},
      {"<select><option>1<option>2</select><textarea>x</textarea><button>Send</button>", "Send"},
      {"<head><title>t</title></head>a<noscript>b</noscript>", "ab"},
      {"<head><title>t</title><font>never closed", "never closed"},
      {"Dear customer &#847;&zwnj;&nbsp;&#8199;&shy;&#847; &zwnj;&nbsp;&#8199;&shy;<br>Hi", "Dear customer\nHi"},
      {"\xE2\x80\xAEgnp.exe\xE2\x80\xAC", "gnp.exe\xE2\x80\xAC"},
  };
  CHECK(cases);
}

static void test_images(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"a<img src=p.gif width=1 height=1 alt='Track'>b", "ab"},
      {"a<img src=p.gif style='width:1px;height:1px' alt='Track'>b", "ab"},
      {"a<img src=p.gif width=1 height=40 alt='|'>b", "a|b"},
      {"Thanks <img class=an1 alt='\xF0\x9F\x98\x80' src='https://x.example/e.png'>!", "Thanks \xF0\x9F\x98\x80!"},
      {"<img alt='image001.png'><img alt='Foto vom Schaden.jpg'>", "Foto vom Schaden.jpg"},
      {"<img alt='A picture containing text&#10;&#10;Description automatically generated'>x", "x"},
      {"<img alt='Logo' style='display:none'>x", "x"},
      {"<a href='https://x.example/'><img src=x></a>y", "y"},
      {"<a href='https://x.example/'><img src=x alt='Shop'></a>y", "Shop <https://x.example/>y"},
  };
  CHECK(cases);
}

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TRACKER "https://click.mail.example/ls/click?upn=u001." A50 A50 A50 A50

static void test_links(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<a href='" TRACKER "'>Track your parcel</a>", "Track your parcel <https://click.mail.example/\xE2\x80\xA6>"},
      {"<a href='https://eur01.safelinks.protection.outlook.com/"
       "?url=https%3A%2F%2Fx.example%2Fa%3Fb%3D1&amp;data=05'>x</a>",
       "x <https://x.example/a?b=1>"},
      {"<a href='https://eur01.safelinks.protection.outlook.com/"
       "?url=https%3A%2F%2Fx.example%2F&amp;data=05'>x.example</a>",
       "x.example"},
      {"<a href='https://www.google.com/url?q=https://x.example/b&amp;source=gmail'>b</a>", "b <https://x.example/b>"},
      {"<a href='https://www.google.com/url?q=javascript:alert(1)'>b</a>", "b"},
      {"<a href='https://www.google.com/search?q=a+b'>b</a>", "b"},
      {"<a href='tel:+4930123456'>030 123456</a> <a href='tel:+4930123456'>Call us</a>",
       "030 123456 Call us <tel:+4930123456>"},
      {"<a href='mailto:a@b.example?subject=Re:%20x'>a@b.example</a>", "a@b.example"},
      {"From: <a href='mailto:a@b.example?subject=x'>Joe</a>", "From: Joe <a@b.example>"},
      {"<p>\n<a href='https://x.example'>\n  https://x.example\n</a></p>", "https://x.example"},
      {"<blockquote><a href='https://x.example'>https://x.example</a></blockquote>", "> https://x.example"},
      {"<a href='ftp://x.example/f'>file</a> <a href='file:///c:/x'>local</a> <a href='/x'>here</a>",
       "file <ftp://x.example/f> local here"},
      {"<ul><li><a href='https://x.example/a'>https://x.example/a</a></ul>", "- https://x.example/a"},
  };
  CHECK(cases);
}

static void test_lists(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<ol start=5><li>a<li>b<li value=9>c<li>d</ol>", "5. a\n6. b\n9. c\n10. d"},
      {"<ol type=a><li>x<li>y</ol>", "a. x\nb. y"},
      {"<ol type=A start=26><li>x<li>y</ol>", "Z. x\nAA. y"},
      {"<ol><li>a<ul><li>b<ol><li>c</ol></ul><li>d</ol>", "1. a\n  - b\n    1. c\n2. d"},
      {"<ul style='list-style:none'><li>a<li>b</ul>", "a\nb"},
      {"<ul><li style='list-style-type:none'><ul style='list-style:disc'><li>a</ul></ul>", "  - a"},
      {"<dl><dt>Term<dd>What it is<dt>Other<dd>That</dl>", "Term\nWhat it is\nOther\nThat"},
      {"<p style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol'><span "
       "style='mso-list:Ignore'>\xC2\xB7<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span></span></span>"
       "<![endif]>Toner</p>", "- Toner"},
      {"<p style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>2.<span>&nbsp;&nbsp; </span></span>Two</p>",
       "2. Two"},
      {"<p style='mso-list:l1 level3 lfo2'><span style='mso-list:Ignore'>o<span>&nbsp;&nbsp; </span></span>Deep</p>",
       "    - Deep"},
  };
  CHECK(cases);
}

static void test_paragraphs_of_word(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb"},
      {"<p class=MsoNormal>a</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>", "a\n\nb"},
      {"<p class='x_MsoNormal'>a</p><p class='x_MsoNormal'>b</p>", "a\nb"},
      {"<p class=MsoNormal style='margin-bottom:8.0pt'>a</p><p class=MsoNormal>b</p>", "a\n\nb"},
      {"<p style='margin:0'>a</p><p style='margin-top:0;margin-bottom:0'>b</p><p style='margin:0 0 10px'>c</p>",
       "a\nb\n\nc"},
      {"<style> P {margin-top:0;margin-bottom:0;} </style><p>a</p><p>b</p><p><br></p><p>c</p>", "a\nb\n\nc"},
      {"<style>p.x{margin:0}</style><p>a</p><p>b</p>", "a\n\nb"},
      {"<div>a</div><div>&nbsp;</div><div>b</div>", "a\n\nb"},
      {"<span style='font-family:Wingdings'>J</span> <span style='font-family:Wingdings'>\xC3\xA0</span>", "☺ →"},
      {"<font face=Wingdings>J</font>, J", "☺, J"},
  };
  CHECK(cases);
}

static void test_as_typed(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<div style='white-space:pre-wrap'>a\n  b\tc</div>d", "a\n  b\tc\nd"},
      {"<pre>a\n<b>b</b>\n c</pre>", "a\nb\n c"},
      {"<pre>x <span style='white-space:normal'>a\n   b</span></pre>", "x a b"},
      {"<pre>-- \nJoe</pre>", "-- \nJoe"},
      {"Hi<br>-- <br>Joe", "Hi\n-- \nJoe"},
      {"Hi<div>--&nbsp;</div><div>Joe</div>", "Hi\n-- \nJoe"},
      {"<blockquote>-- <br>Joe</blockquote>", "> -- \n> Joe"},
      {"a -- <br>b", "a --\nb"},
  };
  CHECK(cases);
}

static void test_quotations(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"Yes.<div class=gmail_quote><div class=gmail_attr>On Mon, Joe wrote:<br></div><blockquote "
       "class=gmail_quote>a<br>b"
       "</blockquote></div>", "Yes.\nOn Mon, Joe wrote:\n\n> a\n> b"},
      {"<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>moved to the right</blockquote>",
       "moved to the right"},
      {"<blockquote type=cite style='border:none'>a</blockquote>", "> a"},
      {"a<div name=quote style='border-left:2px solid #C3D9E5'>b</div>c", "a\n\n> b\n\nc"},
      {"a<hr><div id=divRplyFwdMsg><b>From:</b> Joe<br><b>Sent:</b> Monday</div><div>b</div>",
       "a\n---\n\nFrom: Joe\nSent: Monday\n\nb"},
      {"a<div id=x_divRplyFwdMsg><b>Von:</b> Joe</div>b", "a\n\nVon: Joe\n\nb"},
      {"<p class=MsoNormal>a</p><div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p "
       "class=MsoNormal><b>From:</b> Joe</p></div><p class=MsoNormal>b</p>", "a\n\nFrom: Joe\n\nb"},
      {"<blockquote>a<div><blockquote>b</blockquote></div>c</blockquote>d", "> a\n>\n> > b\n>\n> c\n\nd"},
  };
  CHECK(cases);
}

static void test_right_to_left(void **state) {
  (void)state;
  static const struct html_case cases[] = {
      {"<div dir=rtl>שלום <b>עולם</b>, מספר 12</div>", "שלום עולם, מספר 12"},
      {"<div dir=rtl>بتاريخ &rlm;5&rlm;، كتب <a href='mailto:a@b.example'>a@b.example</a>:</div>",
       "بتاريخ \xE2\x80\x8F" "5\xE2\x80\x8F، كتب a@b.example:"},
      {"می&zwnj;خواهم &zwnj; x", "می\xE2\x80\x8Cخواهم x"},
      {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"},
  };
  CHECK(cases);
}

/* The rows of html_elements.def are searched by halves. */
static void test_every_element_is_found(void **state) {
  (void)state;
  static const char *const names[] = {
#define ELEMENT(name, flags, kept, on) name,
#include "text/html_elements.def"
#undef ELEMENT
  };
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    assert_string_equal(html_element_find(slice_text(names[i]))->name, names[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tables_of_data), cmocka_unit_test(test_tables_that_lay_out),
      cmocka_unit_test(test_hidden),         cmocka_unit_test(test_images),
      cmocka_unit_test(test_links),          cmocka_unit_test(test_lists),
      cmocka_unit_test(test_paragraphs_of_word), cmocka_unit_test(test_as_typed),
      cmocka_unit_test(test_quotations),     cmocka_unit_test(test_right_to_left),
      cmocka_unit_test(test_every_element_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
