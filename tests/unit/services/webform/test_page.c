/* SPDX-License-Identifier: Apache-2.0 */
/* Pages are read back with libxml2's HTML parser where their structure matters, so that a value that breaks out of
 * its place shows up as an element. */
#include "base/digest.h"
#include "base/encode.h"
#include "page.h"
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define HOSTILE "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;</textarea></title></style>{{7*7}}"

static struct channel_config channel_of(const char *language) {
  return (struct channel_config){.name = (char *)"shop",
                                 .kind = CHANNEL_FORM,
                                 .enabled = true,
                                 .public_url = (char *)"",
                                 .title = (char *)"Contact us",
                                 .intro = (char *)"We answer soon.",
                                 .language = (char *)language,
                                 .privacy_url = (char *)"https://example.com/privacy",
                                 .consent_text = (char *)"I agree.",
                                 .uploads = true,
                                 .max_body = 10 << 20};
}

struct page {
  struct buf html;
  xmlDocPtr doc;
  xmlXPathContextPtr xpath;
};

static void page_open(struct page *p) {
  assert_false(p->html.full);
  p->doc = htmlReadMemory(p->html.at, (int)p->html.len, NULL, "utf-8",
                          HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
  assert_non_null(p->doc);
  p->xpath = xmlXPathNewContext(p->doc);
}

static void page_close(struct page *p) {
  xmlXPathFreeContext(p->xpath);
  xmlFreeDoc(p->doc);
  buf_free(&p->html);
}

static int count(const struct page *p, const char *path) {
  xmlXPathObjectPtr found = xmlXPathEvalExpression((const xmlChar *)path, p->xpath);
  assert_non_null(found);
  int n = found->nodesetval ? found->nodesetval->nodeNr : 0;
  xmlXPathFreeObject(found);
  return n;
}

static void assert_text(const struct page *p, const char *path, const char *wanted) {
  xmlXPathObjectPtr found = xmlXPathEvalExpression((const xmlChar *)path, p->xpath);
  xmlChar *text = xmlXPathCastToString(found);
  assert_string_equal((const char *)text, wanted);
  xmlFree(text);
  xmlXPathFreeObject(found);
}

static struct page form_page(const struct page_form *form) {
  struct page p = {.html = BUF_INIT(1024 * 1024)};
  page_form(&p.html, form);
  page_open(&p);
  return p;
}

static void test_escape(void **state) {
  (void)state;
  struct buf b = BUF_INIT(1024);
  page_escape(&b, SLICE("<a href=\"x\" b='y'>&amp; plain \xC3\xA9"));
  assert_string_equal(b.at, "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp; plain \xC3\xA9");
  buf_clear(&b);
  page_escape(&b, SLICE(""));
  assert_int_equal(b.len, 0);
  buf_free(&b);
}

static void test_empty_page_is_accessible(void **state) {
  (void)state;
  struct channel_config channel = channel_of("en");
  struct posted posted;
  posted_clear(&posted);
  struct page p = form_page(&(struct page_form){.channel = &channel, .posted = &posted, .token = "1.a.b"});
  assert_text(&p, "/html/@lang", "en");
  assert_text(&p, "//title", "Contact us");
  assert_int_equal(count(&p, "//script | //img | //iframe | //link | //*[@style] | //@onclick"), 0);
  /* every control that is seen has a label of its own, and no label is lost */
  assert_int_equal(count(&p, "//input[not(@type='hidden')] | //textarea"), 8);
  assert_int_equal(count(&p, "//*[(self::input[not(@type='hidden')] or self::textarea) and not(@id = //label/@for)]"),
                   0);
  assert_int_equal(count(&p, "//label[not(@for = //@id)]"), 0);
  static const struct {
    const char *id, *token;
  } autocomplete[] = {{"name", "name"}, {"email", "email"}, {"phone", "tel"}, {"homepage", "off"}};
  for (size_t i = 0; i < 4; i++) {
    char path[64];
    snprintf(path, sizeof(path), "//*[@id='%s']/@autocomplete", autocomplete[i].id);
    assert_text(&p, path, autocomplete[i].token);
  }
  assert_text(&p, "//form/@method", "post");
  assert_text(&p, "//form/@enctype", "multipart/form-data");
  assert_text(&p, "//input[@name='token']/@value", "1.a.b");
  assert_int_equal(count(&p, "//input[@id='consent' and not(@checked)]"), 1);
  assert_int_equal(count(&p, "//*[@role='alert'] | //*[@aria-invalid]"), 0);
  assert_text(&p, "//a/@href", "https://example.com/privacy");
  /* the trap is hidden from people who see and from people who listen */
  assert_int_equal(count(&p, "//div[@aria-hidden='true' and @class='trap']/input[@tabindex='-1']"), 1);
  /* what is described exists */
  assert_text(&p, "//input[@id='phone']/@aria-describedby", "phone-hint contact-hint");
  assert_int_equal(count(&p, "//*[@id='phone-hint'] | //*[@id='contact-hint']"), 2);
  page_close(&p);
}

static void test_what_a_channel_leaves_out(void **state) {
  (void)state;
  struct channel_config channel = channel_of("en");
  channel.uploads = false;
  channel.consent_text = channel.privacy_url = channel.intro = (char *)"";
  struct posted posted;
  posted_clear(&posted);
  struct page p = form_page(&(struct page_form){.channel = &channel, .posted = &posted, .token = ""});
  assert_int_equal(count(&p, "//form[@enctype] | //input[@type='file'] | //*[@id='consent']"), 0);
  assert_int_equal(count(&p, "//a | //*[@class='intro']"), 0);
  page_close(&p);
}

static void test_errors_are_told_twice_and_linked(void **state) {
  (void)state;
  struct channel_config channel = channel_of("en");
  struct posted posted;
  posted_clear(&posted);
  posted.value[FIELD_EMAIL] = "ana@";
  posted.value[FIELD_MESSAGE] = "\n first line is kept";
  posted.value[FIELD_CONSENT] = "yes";
  posted.file_count = 1;
  static const struct form_error errors[] = {
      {FIELD_EMAIL, WORD_BAD_EMAIL, NULL},
      {FIELD_FILES, WORD_BAD_FILE, "<b>.exe"},
      {FIELD_FILES, WORD_EMPTY_FILE, "x.txt"},
      {FIELD_COUNT, WORD_NOT_TEXT, NULL},
      {FIELD_TOKEN, WORD_NOT_TEXT, NULL},
  };
  struct page p = form_page(
      &(struct page_form){.channel = &channel, .posted = &posted, .errors = errors, .error_count = 5, .token = "t"});
  assert_text(&p, "//title", "Error: Contact us");
  assert_int_equal(
      count(&p, "//div[@role='alert' and @tabindex='-1' and @autofocus and @aria-labelledby='summary']"), 1);
  assert_int_equal(count(&p, "//div[@role='alert']//li"), 5);
  assert_int_equal(count(&p, "//div[@role='alert']//li/a"), 3); /* only what one can go to */
  assert_int_equal(count(&p, "//div[@role='alert']//a[not(substring(@href, 2) = //@id)]"), 0);
  assert_text(&p, "//input[@id='email']/@aria-invalid", "true");
  assert_text(&p, "//input[@id='email']/@aria-describedby", "email-error contact-hint");
  assert_text(&p, "//*[@id='email-error']", "Enter an e-mail address like name@example.com.");
  assert_text(&p, "//input[@id='files']/@aria-describedby", "files-error files-hint");
  assert_non_null(strstr(p.html.at, "“&lt;b&gt;.exe” is not a picture"));
  assert_non_null(strstr(p.html.at, "Please choose your files again"));
  /* entered values are kept, to the first line feed */
  assert_text(&p, "//input[@id='email']/@value", "ana@");
  assert_non_null(strstr(p.html.at, ">\n\n first line is kept</textarea>"));
  assert_int_equal(count(&p, "//input[@id='consent' and @checked]"), 1);
  page_close(&p);
}

static void test_notice(void **state) {
  (void)state;
  struct channel_config channel = channel_of("de-AT");
  struct posted posted;
  posted_clear(&posted);
  struct page p = form_page(&(struct page_form){
      .channel = &channel, .posted = &posted, .notice = WORD_LIMITED, .notice_argument = "42", .token = "t"});
  assert_text(&p, "/html/@lang", "de");
  assert_text(&p, "//h1/@lang", "de-AT");
  assert_text(&p, "//title", "Fehler: Contact us");
  assert_int_equal(count(&p, "//div[@role='alert' and @autofocus]"), 1);
  assert_non_null(strstr(p.html.at, "in 42 Sekunden"));
  page_close(&p);
}

/* Every place a stranger's or the operator's text can reach. */
static void test_hostile_values_stay_values(void **state) {
  (void)state;
  struct channel_config channel = channel_of("en");
  channel.title = channel.intro = channel.consent_text = (char *)HOSTILE;
  channel.language = (char *)HOSTILE;
  channel.privacy_url = (char *)"https://example.com/\"><script>";
  struct posted posted;
  posted_clear(&posted);
  for (size_t i = 0; i < FIELD_COUNT; i++)
    posted.value[i] = HOSTILE;
  struct posted_extra extra = {(char *)HOSTILE, (char *)HOSTILE};
  posted.extra = &extra;
  posted.extra_count = 1;
  const struct form_error errors[] = {{FIELD_FILES, WORD_BAD_FILE, HOSTILE}};
  struct page p = form_page(&(struct page_form){.channel = &channel,
                                                .posted = &posted,
                                                .errors = errors,
                                                .error_count = 1,
                                                .notice = WORD_SENT_BEFORE,
                                                .notice_argument = HOSTILE,
                                                .token = HOSTILE});
  assert_int_equal(count(&p, "//script | //img | //@onerror"), 0);
  assert_int_equal(count(&p, "//title | //style | //textarea"), 3);
  assert_text(&p, "//input[@id='name']/@value", HOSTILE);
  assert_text(&p, "//h1", HOSTILE);
  assert_null(strstr(p.html.at, "<script"));
  page_close(&p);

  p = (struct page){.html = BUF_INIT(64 * 1024)};
  page_thanks(&p.html, &channel, HOSTILE);
  page_open(&p);
  assert_int_equal(count(&p, "//script | //img"), 0);
  assert_text(&p, "//*[@class='reference']", HOSTILE);
  page_close(&p);
}

static void test_thanks_and_plain(void **state) {
  (void)state;
  struct channel_config channel = channel_of("en");
  struct page p = {.html = BUF_INIT(64 * 1024)};
  page_thanks(&p.html, &channel, "7kq2-m9xd-4tab");
  page_open(&p);
  assert_text(&p, "//*[@class='reference']", "7kq2-m9xd-4tab");
  assert_text(&p, "//a/@href", "../shop");
  page_close(&p);
  p = (struct page){.html = BUF_INIT(64 * 1024)};
  page_plain(&p.html, words_for("de"), WORD_NOT_FOUND, WORD_NOT_FOUND_TEXT);
  page_open(&p);
  assert_text(&p, "//h1", "Seite nicht gefunden");
  page_close(&p);
}

static void test_policy_allows_exactly_our_style(void **state) {
  (void)state;
  struct channel_config channel = channel_of("en");
  struct posted posted;
  posted_clear(&posted);
  struct page p = form_page(&(struct page_form){.channel = &channel, .posted = &posted, .token = ""});
  const char *from = strstr(p.html.at, "<style>") + 7, *to = strstr(from, "</style>");
  uint8_t digest[SHA256_BYTES];
  char text[BASE64_LEN(SHA256_BYTES) + 1];
  sha256(slice_of(from, (size_t)(to - from)), digest);
  base64_encode(digest, sizeof(digest), text);
  struct buf policy = BUF_INIT(4096);
  page_policy(&policy, &channel);
  assert_non_null(strstr(policy.at, text));
  assert_non_null(strstr(policy.at, "default-src 'none'"));
  assert_non_null(strstr(policy.at, "frame-ancestors 'none'"));
  char *origins[] = {(char *)"https://www.example.com", (char *)"https://b.example"};
  channel.origins = origins;
  channel.origin_count = 2;
  buf_clear(&policy);
  page_policy(&policy, &channel);
  assert_non_null(strstr(policy.at, "frame-ancestors 'self' https://www.example.com https://b.example"));
  buf_clear(&policy);
  page_policy(&policy, NULL);
  assert_non_null(strstr(policy.at, "frame-ancestors 'none'"));
  buf_free(&policy);
  page_close(&p);
}

static void test_words(void **state) {
  (void)state;
  static const struct {
    const char *language, *wanted;
  } cases[] = {{"en", "en"}, {"de", "de"}, {"DE-ch", "de"}, {"fr", "en"}, {"", "en"}, {"deu", "en"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    assert_string_equal(words_language(words_for(cases[i].language)), cases[i].wanted);
  /* no language lacks a text, and "{}" is in all of them or in none */
  for (int w = WORD_NONE + 1; w < WORD_COUNT; w++) {
    const char *en = words_text(words_for("en"), (enum word)w), *de = words_text(words_for("de"), (enum word)w);
    assert_true(en[0] && de[0]);
    assert_int_equal(strstr(en, "{}") != NULL, strstr(de, "{}") != NULL);
  }
  struct buf b = BUF_INIT(256);
  words_add(&b, words_for("en"), WORD_LARGE_FILE, "{}");
  assert_string_equal(b.at, "“{}” is too large.");
  buf_clear(&b);
  words_add(&b, words_for("en"), WORD_LARGE_FILE, NULL);
  assert_string_equal(b.at, "“{}” is too large.");
  buf_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_escape),
      cmocka_unit_test(test_empty_page_is_accessible),
      cmocka_unit_test(test_what_a_channel_leaves_out),
      cmocka_unit_test(test_errors_are_told_twice_and_linked),
      cmocka_unit_test(test_notice),
      cmocka_unit_test(test_hostile_values_stay_values),
      cmocka_unit_test(test_thanks_and_plain),
      cmocka_unit_test(test_policy_allows_exactly_our_style),
      cmocka_unit_test(test_words),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  xmlCleanupParser();
  return failed;
}
