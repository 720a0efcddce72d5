/* SPDX-License-Identifier: Apache-2.0 */
/* What well-behaved servers say (RFC 3501, RFC 9051 and extensions), cut at every byte. */
#include "reader_play.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct {
  const char *name, *in, *events;
} cases[] = {
    {"status responses", "* OK still here\r\n* NO disk is nearly full\r\n* BAD what?\r\n* BYE see you\r\n"
     "* PREAUTH welcome\r\n",
     "OK: still here\nNO: disk is nearly full\nBAD: what?\nBYE: see you\nPREAUTH: welcome\n"},
    {"tagged", "D1 OK done\r\nD23 NO [TRYCREATE] no such folder\r\nD4294967295 BAD no\r\n",
     "OK 1: done\nNO 23 TRYCREATE: no such folder\nBAD 4294967295: no\n"},
    {"codes with a number",
     "* OK [UIDVALIDITY 3857529045] UIDs valid\r\n* OK [UIDNEXT 4392] next\r\n* OK [UNSEEN 12] first\r\n"
     "* OK [HIGHESTMODSEQ 715194045007] x\r\n* OK [NOMODSEQ] x\r\n",
     "OK UIDVALIDITY=3857529045: UIDs valid\nOK UIDNEXT=4392: next\nOK UNSEEN=12: first\n"
     "OK HIGHESTMODSEQ=715194045007: x\nOK NOMODSEQ: x\n"},
    {"permanent flags", "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited\r\n* OK [PERMANENTFLAGS ()] None\r\n",
     "OK PERMANENTFLAGS flags=seen,deleted,new: Limited\nOK PERMANENTFLAGS: None\n"},
    {"read only", "D2 OK [READ-ONLY] EXAMINE completed\r\nD3 OK [READ-WRITE] SELECT completed\r\n",
     "OK 2 READ-ONLY: EXAMINE completed\nOK 3 READ-WRITE: SELECT completed\n"},
    {"alert", "* OK [ALERT] System shutdown in 10 minutes\r\n", "OK ALERT: System shutdown in 10 minutes\n"},
    {"copyuid", "D7 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n", "OK 7 COPYUID=38505: Done\n"},
    {"a code that is not known", "* OK [X-MAGIC 1 (2 (3))] y\r\n* NO [BADCHARSET (\"utf-8\")] n\r\n",
     "OK OTHER=1: y\nNO OTHER: n\n"},
    {"a code alone", "* OK [CLOSED]\r\n", "OK CLOSED\n"},
    {"capabilities", "* CAPABILITY IMAP4rev1 LITERAL+ IDLE UIDPLUS MOVE ESEARCH ID AUTH=PLAIN\r\n",
     "CAN can=idle,uidplus,move,esearch,id\n"},
    {"capabilities in a code", "D1 OK [CAPABILITY IMAP4rev1 IDLE move] Logged in\r\n",
     "OK 1 CAPABILITY can=idle,move: Logged in\n"},
    {"revision 2 has them built in", "* CAPABILITY IMAP4rev2\r\n", "CAN can=idle,uidplus,move,esearch\n"},
    {"continuation", "+ idling\r\n+ \r\n+\r\n", "+\n+\n+\n"},
    {"mailbox size", "* 172 EXISTS\r\n* 1 RECENT\r\n* 0 EXISTS\r\n* 44 EXPUNGE\r\n",
     "EXISTS 172\n~\nEXISTS 0\nEXPUNGE 44\n"},
    {"flags of the folder", "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded)\r\n", "~\n"},
    {"search", "* SEARCH 2 84 882\r\n* SEARCH\r\n", "FOUND 2\nFOUND 84\nFOUND 882\n~\n~\n"},
    {"search with modseq", "* SEARCH 2 5 6 (MODSEQ 917162500)\r\n", "FOUND 2\nFOUND 5\nFOUND 6\n~\n"},
    {"esearch", "* ESEARCH (TAG \"D5\") UID ALL 4:18,21,28:30\r\n* ESEARCH (TAG \"D5\") UID\r\n",
     "FOUND 4:18\nFOUND 21\nFOUND 28:30\n~\n~\n"},
    {"esearch with more", "* ESEARCH (TAG \"D5\") UID MIN 4 MAX 30 COUNT 3 ALL 30:4 MODSEQ 12\r\n", "FOUND 4:30\n"
     "~\n"},
    {"vanished", "* VANISHED 405,407,410:425\r\n* VANISHED (EARLIER) 300:310\r\n",
     "VANISHED 405\nVANISHED 407\nVANISHED 410:425\n~\nVANISHED earlier 300:310\n~\n"},
    {"list", "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Noselect) \"/\" \"Public folders\"\r\n"
     "* LIST () NIL \"Entw&APw-rfe\"\r\n* LIST () \".\" \"A \\\"quoted\\\" \\\\ one\"\r\n",
     "LIST INBOX\nLIST! Public folders\nLIST Entw\xc3\xbcrfe\nLIST A \"quoted\" \\ one\n"},
    {"list with a literal", "* LIST () \"/\" {9}\r\nfoo(bar\r\n\r\n", "LIST foo(bar\r\n\n"},
    {"extended list", "* LIST (\\NonExistent) \"/\" \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", "LIST! Foo\n"},
    {"status of a folder", "* STATUS Archive (MESSAGES 231 UIDNEXT 44292 UIDVALIDITY 7 UNSEEN 3)\r\n",
     "STATUS Archive 231 3 44292 7\n"},
    {"sizes", "* 1 FETCH (UID 7 FLAGS (\\Seen $Work) RFC822.SIZE 4286 INTERNALDATE \"17-Jul-1996 02:44:25 "
     "-0700\")\r\n",
     "FETCH uid=7 size=4286 date=837596665 flags=seen\n"},
    {"a mail", "* 1 FETCH (UID 7 RFC822.SIZE 12 BODY[] {12}\r\nSubject: x\r\n)\r\n",
     "BODY uid=7 size=12\nrun Subject: x\\r\\n\nFETCH uid=7 size=12 body\n"},
    {"a header", "* 1 FETCH (UID 7 BODY[HEADER] {12}\r\nSubject: x\r\n)\r\n",
     "HEADER uid=7\nrun Subject: x\\r\\n\nFETCH uid=7 header\n"},
    {"a body in quotes", "* 1 FETCH (UID 7 BODY[] \"a \\\"b\\\" \\\\ )\")\r\n",
     "BODY uid=7\nrun a \"b\" \\ )\nFETCH uid=7 body\n"},
    {"an empty body", "* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n* 2 FETCH (UID 8 BODY[] \"\")\r\n",
     "BODY uid=7\nFETCH uid=7 body\nBODY uid=8\nFETCH uid=8 body\n"},
    {"no body", "* 1 FETCH (UID 7 BODY[] NIL)\r\n", "FETCH uid=7\n"},
    {"literal8", "* 1 FETCH (UID 7 BODY[] ~{3}\r\na\x01" "b)\r\n", "BODY uid=7\nrun a\\x01b\nFETCH uid=7 body\n"},
    {"what is in a body says nothing",
     "* 1 FETCH (UID 7 BODY[] {29}\r\n)\r\n* 2 EXPUNGE\r\nD1 OK {5}\r\n\r\n)\r\nD1 OK x\r\n",
     "BODY uid=7\nrun )\\r\\n* 2 EXPUNGE\\r\\nD1 OK {5}\\r\\n\\r\\n\nFETCH uid=7 body\nOK 1: x\n"},
    {"the UID behind the body", "* 1 FETCH (BODY[] {1}\r\nx UID 7 FLAGS (\\Seen))\r\n",
     "BODY\nrun x\nFETCH uid=7 flags=seen body\n"},
    {"items we did not ask for",
     "* 1 FETCH (MODSEQ (624140003) X-GM-LABELS (\"\\\\Inbox\" \"a (b\") X-GM-MSGID 1278 EMAILID (M6d99ac3275bb4e) "
     "UID 7)\r\n",
     "FETCH uid=7\n"},
    {"an envelope and a structure",
     "* 12 FETCH (ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" {3}\r\na\r\n"
     " ((\"T\" NIL \"g\" \"c\")) NIL NIL) "
     "BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23) \"MIXED\") UID 9)\r\n",
     "FETCH uid=9\n"},
    {"parts of a body are no mail",
     "* 1 FETCH (UID 7 BODY[HEADER.FIELDS (DATE FROM)] {2}\r\n\r\n BODY[]<0> {2}\r\nab BODY[1.2.MIME] \"x\")\r\n",
     "FETCH uid=7\n"},
    {"unilateral flags", "* 14 FETCH (FLAGS (\\Seen \\Deleted))\r\n", "FETCH flags=seen,deleted\n"},
    {"responses of other extensions",
     "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n* ID (\"name\" \"Dovecot\")\r\n* ENABLED CONDSTORE\r\n"
     "* QUOTA \"\" (STORAGE 10 512)\r\n"
     "* METADATA \"\" (/shared/comment {3}\r\nabc)\r\n* THREAD (2)(3 6 (4 23))\r\n* 23 NONSENSE\r\n",
     "~\n~\n~\n~\n~\n~\n~\n"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    reader_play(cases[i].name, slice_text(cases[i].in), cases[i].events);
}

/* A mail's bytes are handed on where they lie. */
static void test_a_body_is_not_copied(void **state) {
  (void)state;
  struct imap_reader *r = imap_reader_new();
  static char big[1 << 20];
  int head = snprintf(big, sizeof(big), "* 1 FETCH (UID 7 BODY[] {50000000}\r\n");
  memset(big + head, 'x', sizeof(big) - (size_t)head);
  struct slice bytes = slice_of(big, sizeof(big));
  assert_int_equal(imap_reader_next(r, &bytes), IMAP_BODY_BEGIN);
  assert_int_equal(imap_reader_next(r, &bytes), IMAP_BODY_RUN);
  assert_ptr_equal(imap_reader_response(r)->run.at, big + head);
  size_t got = imap_reader_response(r)->run.len;
  assert_int_equal(got, sizeof(big) - (size_t)head);
  assert_int_equal(imap_reader_next(r, &bytes), IMAP_MORE);
  while (got < 50000000) {
    bytes = slice_of(big, sizeof(big));
    memset(big, 'y', sizeof(big));
    for (enum imap_event event; (event = imap_reader_next(r, &bytes)) == IMAP_BODY_RUN;)
      got += imap_reader_response(r)->run.len;
  }
  assert_int_equal(got, 50000000);
  imap_reader_free(&r);
}

/* A response without end is the end; a search of a million UIDs is not. */
static void test_an_endless_response(void **state) {
  (void)state;
  struct imap_reader *r = imap_reader_new();
  static char filler[65536];
  memset(filler, 'a', sizeof(filler));
  enum imap_event event = IMAP_MORE;
  size_t given = 0;
  for (; event == IMAP_MORE && given < 2u * 64 * 1024 * 1024; given += sizeof(filler)) {
    struct slice bytes = slice_of(filler, sizeof(filler));
    event = imap_reader_next(r, &bytes);
  }
  assert_int_equal(event, IMAP_BROKEN);
  assert_in_range(given, 64 * 1024 * 1024, 65 * 1024 * 1024 + 131072);
  struct slice more = SLICE("\r\n* OK x\r\n");
  assert_int_equal(imap_reader_next(r, &more), IMAP_BROKEN);
  imap_reader_free(&r);
}

static void test_a_million_uids(void **state) {
  (void)state;
  struct imap_reader *r = imap_reader_new();
  auto_clean(buf_free) struct buf in = BUF_INIT(16 << 20);
  buf_add_text(&in, "* ESEARCH (TAG \"D5\") UID ALL ");
  for (unsigned uid = 1; uid < 2000000; uid += 2)
    buf_printf(&in, "%s%u", uid > 1 ? "," : "", uid);
  buf_add_text(&in, "\r\n");
  struct slice bytes = buf_slice(&in);
  size_t found = 0;
  for (enum imap_event event; (event = imap_reader_next(r, &bytes)) == IMAP_FOUND; found++)
    assert_int_equal(imap_reader_response(r)->range.first, 2 * found + 1);
  assert_int_equal(found, 1000000);
  imap_reader_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_a_body_is_not_copied),
      cmocka_unit_test(test_an_endless_response),
      cmocka_unit_test(test_a_million_uids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
