/* SPDX-License-Identifier: Apache-2.0 */
/* Each case is a whole conversation; it is played in one piece, cut in two at every byte, byte by byte and in random
 * pieces, and must come out the same: how TCP cuts the bytes means nothing. Names carry the rule of the standard. */
#include "lmtp_play.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct lmtp_limits limits = {.max_size = 1000, .max_recipients = 100, .command_max = 1024};

#define HELLO "LHLO me\r\n"
#define SAID_HELLO                                                                                                    \
  "220 here Deskbell LMTP\r\n250-here\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"               \
  "250-SMTPUTF8\r\n250 SIZE 1000\r\n"
#define MAIL "MAIL FROM:<a@b>\r\n"
#define RCPT "RCPT TO:<x@y>\r\n"
#define SAID_MAIL "250 2.1.0 Sender taken\r\n"
#define SAID_RCPT "250 2.1.5 Recipient taken\r\n"
#define SAID_DATA "354 End the data with <CRLF>.<CRLF>\r\n"
#define SAID_TAKEN "250 2.0.0 Taken as 100\r\n"
#define SAID_BYE "221 2.0.0 Bye\r\n"
#define UNTIL_DATA HELLO MAIL RCPT "DATA\r\n"
#define SAID_UNTIL_DATA SAID_HELLO SAID_MAIL SAID_RCPT SAID_DATA
#define UNKNOWN "500 5.5.2 Unknown command\r\n"
#define SYNTAX "501 5.5.4 Cannot read the argument\r\n"
#define SAY_LHLO "503 5.5.1 Say LHLO first\r\n"
#define SAY_MAIL "503 5.5.1 Say MAIL first\r\n"
#define NOT_SMTP "500 5.5.1 This is LMTP, say LHLO\r\n"
#define STRAY "500 5.5.2 A line ends with CRLF and holds no bare CR, LF or NUL\r\n"
#define GREETING "220 here Deskbell LMTP\r\n"

static const struct {
  const char *name, *in, *replies, *events;
} cases[] = {
    {"TR-01 greeting", "", GREETING, ""},
    {"TR-01 no SMTP", "HELO me\r\nEHLO me\r\nhelo me\r\n", GREETING NOT_SMTP NOT_SMTP NOT_SMTP, ""},
    {"TR-01 EHLO does not open", "EHLO me\r\n" MAIL, GREETING NOT_SMTP SAY_LHLO, ""},
    {"TR-01 LHLO needs a name", "LHLO\r\nLHLO  \r\n", GREETING SYNTAX SYNTAX, ""},
    {"TR-02 extensions", HELLO, SAID_HELLO, ""},
    {"a whole mail", UNTIL_DATA "Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n", SAID_UNTIL_DATA SAID_TAKEN SAID_BYE,
     "from=<a@b> to=1 size=18 Subject: x\\r\\n\\r\\nhi\\r\\n\n"},
    {"an empty mail", UNTIL_DATA ".\r\n", SAID_UNTIL_DATA SAID_TAKEN, "from=<a@b> to=1 size=0 \n"},
    {"two mails", UNTIL_DATA "1\r\n.\r\n" MAIL RCPT "DATA\r\n2\r\n.\r\n",
     SAID_UNTIL_DATA SAID_TAKEN SAID_MAIL SAID_RCPT SAID_DATA SAID_TAKEN,
     "from=<a@b> to=1 size=3 1\\r\\n\nfrom=<a@b> to=1 size=3 2\\r\\n\n"},
    {"TR-03 a reply per recipient, in order",
     HELLO MAIL "RCPT TO:<x@y>\r\nRCPT TO:<full@y>\r\nRCPT TO:<broken@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n.\r\n",
     SAID_HELLO SAID_MAIL SAID_RCPT SAID_RCPT SAID_RCPT SAID_RCPT SAID_DATA SAID_TAKEN
     "452 4.3.1 No room for the message now, try again later\r\n"
     "451 4.3.0 The message could not be stored, try again later\r\n250 2.0.0 Taken as 103\r\n",
     "from=<a@b> to=4 size=0 \n"},
    {"TR-03 the same address twice", HELLO MAIL "RCPT TO:<same@y>\r\nRCPT TO:<same@y>\r\nDATA\r\n.\r\n",
     SAID_HELLO SAID_MAIL SAID_RCPT SAID_RCPT SAID_DATA SAID_TAKEN SAID_TAKEN, "from=<a@b> to=2 size=0 \n"},
    {"TR-03 refused recipients get no reply at the end",
     HELLO MAIL "RCPT TO:<nobody@y>\r\n" RCPT "RCPT TO:<off@y>\r\nDATA\r\n.\r\n",
     SAID_HELLO SAID_MAIL "550 5.1.1 No such mailbox here\r\n" SAID_RCPT
     "550 5.2.1 The mailbox is switched off\r\n" SAID_DATA SAID_TAKEN, "from=<a@b> to=1 size=0 \n"},
    {"TR-03 no recipient", HELLO MAIL "DATA\r\nRCPT TO:<nobody@y>\r\nDATA\r\n",
     SAID_HELLO SAID_MAIL "503 5.5.1 No recipient was accepted\r\n550 5.1.1 No such mailbox here\r\n"
     "503 5.5.1 No recipient was accepted\r\n", ""},
    {"TR-05 LF . LF", UNTIL_DATA "a\n.\nMAIL FROM:<evil@x>\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=24 a\\n.\\nMAIL FROM:<evil@x>\\r\\n\n"},
    {"TR-05 LF . CRLF", UNTIL_DATA "a\n.\r\nQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=11 a\\n.\\r\\nQUIT\\r\\n\n"},
    {"TR-05 CRLF . LF", UNTIL_DATA "a\r\n.\nQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=10 a\\r\\n\\nQUIT\\r\\n\n"},
    {"TR-05 CRLF . CR", UNTIL_DATA "a\r\n.\rQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=10 a\\r\\n\\rQUIT\\r\\n\n"},
    {"TR-05 CR . CR", UNTIL_DATA "a\r.\rQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=10 a\\r.\\rQUIT\\r\\n\n"},
    {"TR-05 CR . CRLF", UNTIL_DATA "a\r.\r\nQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=11 a\\r.\\r\\nQUIT\\r\\n\n"},
    {"TR-05 CRLF . CR CRLF", UNTIL_DATA "a\r\n.\r\r\nQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=12 a\\r\\n\\r\\r\\nQUIT\\r\\n\n"},
    {"TR-05 CRLF NUL . CRLF", HELLO MAIL RCPT "DATA\r\na\r\n\x01.\r\nQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> to=1 size=13 a\\r\\n\\x01.\\r\\nQUIT\\r\\n\n"},
    {"TR-05 LF CR . CRLF", UNTIL_DATA "a\n\r.\r\nQUIT\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> bare to=1 size=12 a\\n\\r.\\r\\nQUIT\\r\\n\n"},
    {"TR-05 a command ends with CRLF only", "LHLO me\nMAIL FROM:<a@b>\r\nLHLO me\rx\r\n" HELLO,
     GREETING STRAY STRAY "250-here\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
     "250 SIZE 1000\r\n", ""},
    {"TR-05 CR CRLF ends a command, which is stray", "NOOP\r\r\nNOOP\r\n", GREETING STRAY "250 2.0.0 Here\r\n", ""},
    {"TR-06 dots", UNTIL_DATA "..\r\n...x\r\n.y\r\nz.\r\n .\r\n..\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> to=1 size=22 .\\r\\n..x\\r\\ny\\r\\nz.\\r\\n .\\r\\n.\\r\\n\n"},
    {"TR-08 unknown command", "FOO\r\n\r\nHELP\r\nSTARTTLS\r\nBDAT 1 LAST\r\nLHLOx me\r\n",
     GREETING UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN, ""},
    {"TR-08 sequence", MAIL HELLO RCPT "DATA\r\n" MAIL MAIL,
     GREETING SAY_LHLO "250-here\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
     "250 SIZE 1000\r\n" SAY_MAIL SAY_MAIL SAID_MAIL "503 5.5.1 A sender was given already\r\n", ""},
    {"TR-08 syntax", HELLO "MAIL\r\nMAIL FROM:a@b\r\nMAIL FROM:<a@b\r\nMAIL TO:<a@b>\r\nMAIL FROM:<a@b>x\r\n" MAIL
     "RCPT TO:x@y\r\nRCPT TO:<>\r\nDATA now\r\n",
     SAID_HELLO SYNTAX SYNTAX SYNTAX SYNTAX SYNTAX SAID_MAIL SYNTAX SYNTAX SYNTAX, ""},
    {"TR-10 SIZE too large at MAIL", HELLO "MAIL FROM:<a@b> SIZE=1001\r\nMAIL FROM:<a@b> SIZE=1000\r\n",
     SAID_HELLO "552 5.3.4 The message is too large\r\n" SAID_MAIL, ""},
    {"TR-10 SIZE beyond counting", HELLO "MAIL FROM:<a@b> SIZE=99999999999999999999\r\nMAIL FROM:<a@b> SIZE=x\r\n",
     SAID_HELLO "552 5.3.4 The message is too large\r\n" SYNTAX, ""},
    {"TR-11 pipelined to the end", HELLO MAIL RCPT "DATA\r\nx\r\n.\r\nNOOP\r\nRSET\r\nVRFY x\r\nQUIT\r\nNOOP\r\n",
     SAID_UNTIL_DATA SAID_TAKEN "250 2.0.0 Here\r\n250 2.0.0 Forgotten\r\n252 2.5.0 Send some mail to find out\r\n"
     SAID_BYE, "from=<a@b> to=1 size=3 x\\r\\n\n"},
    {"TR-11 commands in content are content", UNTIL_DATA "QUIT\r\nRSET\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> to=1 size=12 QUIT\\r\\nRSET\\r\\n\n"},
    {"TR-11 content after a refused DATA is commands", HELLO "DATA\r\nNOOP\r\n",
     SAID_HELLO SAY_MAIL "250 2.0.0 Here\r\n", ""},
    {"TR-11 RSET forgets", HELLO MAIL RCPT "RSET\r\n" RCPT MAIL "DATA\r\n",
     SAID_HELLO SAID_MAIL SAID_RCPT "250 2.0.0 Forgotten\r\n" SAY_MAIL SAID_MAIL
     "503 5.5.1 No recipient was accepted\r\n", ""},
    {"TR-11 LHLO forgets", HELLO MAIL HELLO RCPT,
     SAID_HELLO SAID_MAIL "250-here\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
     "250 SIZE 1000\r\n" SAY_MAIL, ""},
    {"TR-11 before LHLO", "NOOP\r\nRSET\r\nVRFY\r\nDATA\r\n" RCPT "QUIT\r\n",
     GREETING "250 2.0.0 Here\r\n250 2.0.0 Forgotten\r\n" SYNTAX SAY_LHLO SAY_LHLO SAID_BYE, ""},
    {"TR-12 the null path and what we announce",
     HELLO "MAIL FROM:<> BODY=8BITMIME SMTPUTF8 SIZE=5\r\n" RCPT "DATA\r\n\xc3\xa4\r\n.\r\n",
     SAID_UNTIL_DATA SAID_TAKEN, "from=<> utf8 8bit to=1 size=4 \xc3\xa4\\r\\n\n"},
    {"TR-12 unknown parameters",
     HELLO "MAIL FROM:<a@b> RET=HDRS\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nMAIL FROM:<a@b> SMTPUTF8=1\r\n" MAIL
     "RCPT TO:<x@y> NOTIFY=NEVER\r\n",
     SAID_HELLO "555 5.5.4 Unknown parameter\r\n555 5.5.4 Unknown parameter\r\n555 5.5.4 Unknown parameter\r\n"
     SAID_MAIL "555 5.5.4 Unknown parameter\r\n", ""},
    {"any case, blanks after the colon, a source route",
     "lhlo me\r\nmail from: <@r1,@r2:a@b> body=7bit\r\nRcpt To: <x@y>\r\ndata\r\n.\r\n", SAID_UNTIL_DATA SAID_TAKEN,
     "from=<a@b> to=1 size=0 \n"},
    {"DATA refused before the content", HELLO "MAIL FROM:<nodata@b>\r\n" RCPT "DATA\r\nMAIL FROM:<noroom@b>\r\n" RCPT
     "DATA\r\nNOOP\r\n",
     SAID_HELLO SAID_MAIL SAID_RCPT "451 4.3.0 The message could not be stored, try again later\r\n" SAID_MAIL SAID_RCPT
     "452 4.3.1 No room for the message now, try again later\r\n250 2.0.0 Here\r\n", ""},
    {"content refused on the way", HELLO "MAIL FROM:<norun@b>\r\n" RCPT RCPT "DATA\r\nabc\r\nd\r\n.\r\nNOOP\r\n",
     SAID_HELLO SAID_MAIL SAID_RCPT SAID_RCPT SAID_DATA "452 4.3.1 No room for the message now, try again later\r\n"
     "452 4.3.1 No room for the message now, try again later\r\n250 2.0.0 Here\r\n", ""},
    {"a web browser", "POST / HTTP/1.1\r\nHost: x\r\n\r\n" HELLO MAIL, GREETING "421 4.7.0 This is LMTP\r\n", ""},
};

static void compare(struct play *p, size_t at, const char *how) {
  if (!slice_equal(buf_slice(&p->replies), slice_text(cases[at].replies)) ||
      !slice_equal(buf_slice(&p->events), slice_text(cases[at].events)))
    fail_msg("%s, %s:\n--- replies\n%.*s--- wanted\n%s--- events\n%.*s--- wanted\n%s", cases[at].name, how,
             (int)p->replies.len, p->replies.at ? p->replies.at : "", cases[at].replies, (int)p->events.len,
             p->events.at ? p->events.at : "", cases[at].events);
}

/* Plays pieces that end at `cuts` (rising), the last one at the end. */
static void play_cut(size_t at, const size_t *cuts, size_t count, const char *how) {
  struct slice in = slice_text(cases[at].in);
  struct play p;
  play_open(&p, &limits);
  size_t from = 0;
  for (size_t i = 0; i <= count && !p.closed; i++) {
    size_t to = i < count ? cuts[i] : in.len;
    char *piece = malloc(to - from + 1); /* its own memory: reading beyond is caught */
    memcpy(piece, in.at + from, to - from);
    play_bytes(&p, slice_of(piece, to - from));
    free(piece);
    from = to;
  }
  compare(&p, at, how);
  play_close(&p);
}

static void test_cases_whole(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    play_cut(i, NULL, 0, "in one piece");
}

static void test_cases_cut_in_two(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    for (size_t cut = 0; cut <= strlen(cases[i].in); cut++) {
      char how[32];
      snprintf(how, sizeof(how), "cut at %zu", cut);
      play_cut(i, &cut, 1, how);
    }
}

static void test_cases_byte_by_byte(void **state) {
  (void)state;
  size_t cuts[4096];
  for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
    cuts[i] = i;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    play_cut(i, cuts, strlen(cases[i].in), "byte by byte");
}

static void test_cases_in_random_pieces(void **state) {
  (void)state;
  unsigned chance = 1;
  for (int round = 0; round < 50; round++)
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
      size_t cuts[4096], count = 0, len = strlen(cases[i].in);
      for (size_t at = 0; at < len; at++) {
        chance = chance * 1103515245u + 12345u;
        if ((chance >> 16) % 4 == 0)
          cuts[count++] = at;
      }
      play_cut(i, cuts, count, "in random pieces");
    }
}

/* TR-07: outside the greeting, LHLO and 354, the class of the enhanced code is the first digit of the reply. */
static void test_enhanced_codes_agree(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct slice rest = slice_text(cases[i].replies), line;
    while (slice_split(&rest, '\n', &line)) {
      if (!line.len || line.at[3] == '-' || slice_starts_nocase(line, SLICE("220 ")) ||
          slice_starts_nocase(line, SLICE("354 ")) || slice_starts_nocase(line, SLICE("250 SIZE")))
        continue;
      assert_int_equal(line.at[4], line.at[0]);
      assert_int_equal(line.at[5], '.');
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases_whole),
      cmocka_unit_test(test_cases_cut_in_two),
      cmocka_unit_test(test_cases_byte_by_byte),
      cmocka_unit_test(test_cases_in_random_pieces),
      cmocka_unit_test(test_enhanced_codes_agree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
