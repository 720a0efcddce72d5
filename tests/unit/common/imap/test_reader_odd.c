/* SPDX-License-Identifier: Apache-2.0 */
/* What servers say that they should not (TR-46): each is understood or passed over, and what follows is understood. */
#include "reader_play.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NEXT "* 5 EXISTS\r\n" /* follows each case: the reader is in step */

static const struct {
  const char *name, *in, *events;
} cases[] = {
    {"LF alone ends lines", "* OK hi\n* 3 EXISTS\nD1 OK x\n", "OK: hi\nEXISTS 3\nOK 1: x\n"},
    {"LF alone behind a literal's length", "* 1 FETCH (UID 7 BODY[] {3}\nabc)\n", "BODY uid=7\nrun abc\n"
     "FETCH uid=7 body\n"},
    {"blanks at the end", "* 3 EXISTS  \r\n* SEARCH 4 5 \r\nD1 OK x  \r\n", "EXISTS 3\nFOUND 4\nFOUND 5\n~\n"
     "OK 1: x\n"},
    {"blanks at the beginning", "  * 3 EXISTS\r\n\t* 4 EXISTS\r\n", "EXISTS 3\nEXISTS 4\n"},
    {"blanks between", "*  3   EXISTS\r\n*\t4\tEXISTS\r\n", "EXISTS 3\nEXISTS 4\n"},
    {"empty lines", "\r\n\r\n\n* 3 EXISTS\r\n\r\n", "EXISTS 3\n"},
    {"a blank before the closing parenthesis", "* 1 FETCH (UID 7 )\r\n* 2 FETCH ( UID 8 FLAGS ( \\Seen ) )\r\n",
     "FETCH uid=7\nFETCH uid=8 flags=seen\n"},
    {"no blank before the literal", "* 1 FETCH (UID 7 BODY[]{3}\r\nabc)\r\n", "BODY uid=7\nrun abc\n"
     "FETCH uid=7 body\n"},
    {"no blank before the quote", "* 1 FETCH (UID 7 BODY[]\"abc\" FLAGS (\\Seen))\r\n",
     "BODY uid=7\nrun abc\nFETCH uid=7 flags=seen body\n"},
    {"no blank behind the literal", "* 1 FETCH (BODY[] {3}\r\nabcUID 7)\r\n", "BODY\nrun abc\nFETCH uid=7 body\n"},
    {"no blank before a list", "* 1 FETCH(UID 7 FLAGS(\\Seen))\r\n", "FETCH uid=7 flags=seen\n"},
    {"blanks behind a literal's length", "* 1 FETCH (UID 7 BODY[] {3} \r\nabc)\r\n", "BODY uid=7\nrun abc\n"
     "FETCH uid=7 body\n"},
    {"a length with a plus", "* 1 FETCH (UID 7 BODY[] {3+}\r\nabc)\r\n", "BODY uid=7\nrun abc\nFETCH uid=7 body\n"},
    {"no closing parenthesis", "* 1 FETCH (UID 7 BODY[] {3}\r\nabc\r\n", "BODY uid=7\nrun abc\nFETCH uid=7 body\n"},
    {"too many closing parentheses", "* 1 FETCH (UID 7)))\r\n* 2 FETCH (UID 8 FLAGS (\\Seen)) RFC822.SIZE 9)\r\n",
     "FETCH uid=7\nFETCH uid=8 size=9 flags=seen\n"},
    {"no parentheses at all", "* 1 FETCH UID 7 RFC822.SIZE 9\r\n", "FETCH uid=7 size=9\n"},
    {"closed right behind the body, the rest on a line of its own",
     "* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\n FLAGS (\\Seen) RFC822.SIZE 3)\r\n",
     "BODY uid=7\nrun abc\nFETCH uid=7 body\n~\n"},
    {"a key without a value", "* 1 FETCH (UID 7 FLAGS)\r\n* 2 FETCH (UID)\r\n", "FETCH uid=7\nFETCH\n"},
    {"the same twice for one mail", "* 1 FETCH (UID 7 RFC822.SIZE 3)\r\n* 1 FETCH (UID 7 RFC822.SIZE 3)\r\n",
     "FETCH uid=7 size=3\nFETCH uid=7 size=3\n"},
    {"two bodies in one response", "* 1 FETCH (UID 7 BODY[] {1}\r\na BODY[] {1}\r\nb)\r\n", "BODY uid=7\nrun a\n"
     "FETCH uid=7 body\n"},
    {"PEEK in the answer", "* 1 FETCH (UID 7 BODY.PEEK[] {3}\r\nabc)\r\n", "BODY uid=7\nrun abc\nFETCH uid=7 body\n"},
    {"RFC822 in place of BODY[]", "* 1 FETCH (UID 7 RFC822 {3}\r\nabc)\r\n* 2 FETCH (UID 8 RFC822.HEADER {2}\r\n\r\n"
     ")\r\n",
     "BODY uid=7\nrun abc\nFETCH uid=7 body\nHEADER uid=8\nrun \\r\\n\nFETCH uid=8 header\n"},
    {"small letters", "* 1 fetch (uid 7 flags (\\seen) body[] {3}\r\nabc)\r\n* search 4\r\nd1 ok x\r\n",
     "BODY uid=7 flags=seen\nrun abc\nFETCH uid=7 flags=seen body\nFOUND 4\n~\nOK 1: x\n"},
    {"numbers in quotes", "* 1 FETCH (UID \"7\" RFC822.SIZE \"12\")\r\n", "FETCH uid=7 size=12\n"},
    {"numbers in literals", "* 1 FETCH (UID {1}\r\n7 RFC822.SIZE {2}\r\n12)\r\n", "FETCH uid=7 size=12\n"},
    {"a date in a literal", "* 1 FETCH (UID 7 INTERNALDATE {26}\r\n"
     "17-Jul-1996 02:44:25 -0700)\r\n", "FETCH uid=7 date=837596665\n"},
    {"a date with a blank in front", "* 1 FETCH (INTERNALDATE \" 1-Feb-2024 00:00:00 +0000\" UID 7)\r\n",
     "FETCH uid=7 date=1706745600\n"},
    {"a date that is none", "* 1 FETCH (INTERNALDATE \"yesterday\" UID 7)\r\n", "FETCH uid=7\n"},
    {"a date that is NIL", "* 1 FETCH (INTERNALDATE NIL RFC822.SIZE NIL UID 7)\r\n", "FETCH uid=7\n"},
    {"numbers too large", "* 1 FETCH (UID 99999999999 RFC822.SIZE 99999999999)\r\n", "FETCH size=4294967295\n"},
    {"a negative size", "* 1 FETCH (UID 7 RFC822.SIZE -1)\r\n", "FETCH uid=7\n"},
    {"a quoted string that is left open", "* LIST () \"/\" \"foo\r\n", "LIST foo\n"},
    {"a body that is left open is not whole", "* 1 FETCH (UID 7 BODY[] \"abc\r\n", "BODY uid=7\nrun abc\n"
     "FETCH uid=7\n"},
    {"an 8-bit name", "* LIST () \"/\" \"Entw\xc3\xbcrfe\"\r\n* LIST () \"/\" \"R&D\"\r\n", "LIST Entw\xc3\xbcrfe\n"
     "LIST R&D\n"},
    {"a name in brackets", "* LIST () \"/\" [Gmail]/Spam\r\n", "LIST [Gmail]/Spam\n"},
    {"status with a literal for a name", "* STATUS {5}\r\nINBOX (MESSAGES 3) \r\n", "STATUS INBOX 3 0 0 0\n"},
    {"status without a value", "* STATUS INBOX (MESSAGES UNSEEN)\r\n", "STATUS INBOX 0 0 0 0\n"},
    {"a search of nonsense", "* SEARCH 4 x 0 -1 99999999999 5\r\n", "FOUND 4\nFOUND 5\n~\n"},
    {"a search over two responses", "* SEARCH 4\r\n* SEARCH 5\r\n", "FOUND 4\n~\nFOUND 5\n~\n"},
    {"a set with nonsense", "* ESEARCH UID ALL ,4,,x5:,:6,7:8:9,0,99999999999,10\r\n", "FOUND 4\nFOUND 8:9\n"
     "FOUND 10\n~\n"},
    {"esearch without what was found", "* ESEARCH\r\n* ESEARCH UID ALL\r\n* ESEARCH ALL (\r\n", "~\n~\n~\n"},
    {"an unclosed code", "* OK [UIDNEXT 7\r\n* OK [ALERT careful\r\n", "OK UIDNEXT=7\nOK ALERT\n"},
    {"a code with brackets in it", "* OK [X-FOO a[b]] words\r\n", "OK OTHER: ] words\n"},
    {"an empty code", "* OK [] words\r\n", "OK: words\n"},
    {"a status without words", "* OK\r\n* BYE\r\nD1 OK\r\n", "OK\nBYE\nOK 1\n"},
    {"controls and 8-bit in words", "* OK a\tb\x01" "c\x7f \xff\xc3\r\n"
     "* OK Gr\xc3\xbc\xc3\x9f" "e\r\n", "OK: a b c  ??\nOK: Gr\xc3\xbc\xc3\x9f" "e\n"},
    {"a literal's length in words is words", "* OK see {5}\r\n", "OK: see {5}\n"},
    {"tags that are not ours", "A1 OK x\r\nD OK x\r\nDx OK x\r\nD99999999999 OK x\r\nD1 MAYBE x\r\n", "~\n~\n~\n~\n"
     "~\n"},
    {"a greeting of another kind", "* OK Domino IMAP4 Server ready {x}\r\n"
     "* OK [CAPABILITY IMAP4rev1] (Exchange) ready.\r\n",
     "OK: Domino IMAP4 Server ready {x}\nOK CAPABILITY: (Exchange) ready.\n"},
    {"prose", "Welcome to mail!\r\n(hello)\r\n\"x\"\r\n{3}\r\nabc\r\n", "~\n~\n~\n~\n"},
    {"a star alone", "*\r\n* \r\n* (\r\n* 3\r\n* 3 (\r\n", "~\n~\n~\n~\n~\n"},
    {"a number too large for one", "* 99999999999 EXISTS\r\n", "~\n"},
    {"a literal where none belongs", "* FLAGS {3}\r\na\r\n\r\n* {2}\r\nOK x\r\n* 3 {6}\r\nEXISTS\r\n", "~\n~\n~\n"},
    {"braces that are no literal", "* LIST () \"/\" {x}\r\n* LIST () \"/\" a{b\r\n* LIST () \"/\" {5}x\r\n"
     "* LIST () \"/\" {}\r\n",
     "LIST {x}\nLIST a{b\nLIST {5}x\nLIST {}\n"},
    {"a continuation without a blank", "+idling\r\n+ [X] y\r\n+ \"x\r\n", "+\n+\n+\n"},
    {"deeper than anything means",
     "* 1 FETCH (UID 7 X ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((({1}\r\n( UID 8)\r\n",
     "FETCH uid=7\n"},
    {"a section that is left open", "* 1 FETCH (UID 7 BODY[ {3}\r\n* 4 EXISTS\r\n", "FETCH uid=7\nEXISTS 4\n"},
    {"lists where values belong", "* 1 FETCH (UID (7 8) FLAGS \\Seen BODY[] (x {2}\r\n"
     "ab) RFC822.SIZE 4)\r\n", "FETCH size=4\n"},
    {"a list where a key belongs", "* 1 FETCH ((UID 9) UID 7)\r\n", "FETCH uid=7\n"},
    {"XLIST and LSUB", "* XLIST (\\Inbox) \"/\" \"Inbox\"\r\n* LSUB () \"/\" x\r\n", "~\n~\n"},
    {"vanished without UIDs", "* VANISHED\r\n* VANISHED (EARLIER)\r\n", "~\n~\n"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(buf_free) struct buf in = BUF_INIT(4096), events = BUF_INIT(4096);
    buf_printf(&in, "%s%s", cases[i].in, NEXT);
    buf_printf(&events, "%sEXISTS 5\n", cases[i].events);
    reader_play(cases[i].name, buf_slice(&in), events.at);
  }
}

static void test_nul_bytes(void **state) {
  (void)state;
  reader_play("in a body", SLICE("* 1 FETCH (UID 7 BODY[] {3}\r\na\0b)\r\n"), "BODY uid=7\nrun a\\x00b\n"
  "FETCH uid=7 body\n");
  reader_play("in a quoted body", SLICE("* 1 FETCH (UID 7 BODY[] \"a\0\0b\")\r\n"),
              "BODY uid=7\nrun a\\x00\\x00b\nFETCH uid=7 body\n");
  reader_play("in words", SLICE("* OK a\0b\r\n"), "OK: a b\n");
  reader_play("in atoms", SLICE("* O\0K x\r\n* 3 EXISTS\0\r\n* OK [ALERT\0x] y\r\n"), "~\n~\nOK OTHER: y\n");
}

static void test_long_tokens_are_cut(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf in = BUF_INIT(200000);
  struct imap_reader *r = imap_reader_new();
  buf_add_text(&in, "* LIST () \"/\" {100000}\r\n");
  for (size_t i = 0; i < 100000; i++)
    buf_add_char(&in, 'n');
  buf_add_text(&in, "\r\n* OK ");
  for (size_t i = 0; i < 20000; i++)
    buf_add_char(&in, 'w');
  buf_add_text(&in, "\r\n" NEXT);
  struct slice bytes = buf_slice(&in);
  assert_int_equal(imap_reader_next(r, &bytes), IMAP_LISTED);
  assert_int_equal(imap_reader_response(r)->name.len, 4096);
  assert_int_equal(imap_reader_next(r, &bytes), IMAP_SAID);
  assert_int_equal(imap_reader_response(r)->words.len, IMAP_WORDS_MAX);
  assert_int_equal(imap_reader_next(r, &bytes), IMAP_EXISTS);
  imap_reader_free(&r);
}

int main(void) {
  assert(sizeof(cases) / sizeof(cases[0]) >= 40);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_nul_bytes),
      cmocka_unit_test(test_long_tokens_are_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
