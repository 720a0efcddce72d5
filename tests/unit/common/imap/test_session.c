/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked and what comes of it: each request with each kind of answer. */
#include "session_play.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct {
  const char *name, *script;
} cases[] = {
    {"the greeting", UP},
    {"the greeting, with ID",
     "C D1 CAPABILITY\nS * CAPABILITY IMAP4rev1 ID\nS D1 OK done\nC D2 ID (\"name\" \"Deskbell\" \"version\" \"1\")\n"
     "S * ID NIL\nS D2 OK thanks\nE ready id\n"},
    {"the server refuses to say who it is", "C D1 CAPABILITY\nS * CAPABILITY ID\nS D1 OK\n"
     "C D2 ID (\"name\" \"Deskbell\" \"version\" \"1\")\nS D2 BAD no\nE ready id\n"},
    {"capabilities in the answer's code", "C D1 CAPABILITY\nS D1 OK [CAPABILITY IMAP4rev1 MOVE] x\nE ready move\n"},
    {"it does not even know CAPABILITY", "C D1 CAPABILITY\nS D1 BAD what?\nE ready\n"},
    {"requests before the greeting is over wait", "> select INBOX\nC D1 CAPABILITY\nS D1 OK\nE ready\n"
     "C D2 SELECT \"INBOX\"\n"
     "S D2 OK\nE done 1 ok validity=0 next=0 exists=0\n"},

    {"select", UP "> select INBOX\nC D2 SELECT \"INBOX\"\nS * FLAGS (\\Seen \\Deleted)\n"
     "S * OK [PERMANENTFLAGS (\\Seen \\*)] x\nS * 172 EXISTS\nS * 1 RECENT\nS * OK [UNSEEN 12] x\n"
     "S * OK [UIDVALIDITY 3857529045] x\n"
     "S * OK [UIDNEXT 4392] x\nS * OK [HIGHESTMODSEQ 715] x\nS D2 OK [READ-WRITE] SELECT completed\n"
     "E done 1 ok [READ-WRITE]: SELECT completed validity=3857529045 next=4392 exists=172 permanent=41 modseq=715\n"},
    {"select: NO", UP "> select None\nC D2 SELECT \"None\"\nS D2 NO [NONEXISTENT] no such folder\n"
     "E done 1 no [NONEXISTENT]: no such folder\n"},
    {"select: BAD", UP "> select INBOX\nC D2 SELECT \"INBOX\"\nS D2 BAD what?\nE done 1 bad: what?\n"},
    {"select: BYE", UP "> select INBOX\nC D2 SELECT \"INBOX\"\nS * BYE restarting\nE ended bye: restarting\nLOSE\n"
     "E done 1 lost: the connection was lost\n"},
    {"select: no answer", UP "> select INBOX\nC D2 SELECT \"INBOX\"\nT 90000\n"
     "E ended silent: the server did not answer in time\nLOSE\n"
     "E done 1 lost: the connection was lost\n"},
    {"examine", UP "> examine Entw\xc3\xbcrfe\nC D2 EXAMINE \"Entw&APw-rfe\"\nS * 3 EXISTS\nS D2 OK [READ-ONLY] x\n"
     "E done 1 ok [READ-ONLY]: x validity=0 next=0 exists=3 read-only\n"},
    {"selected, but only to be read", UP "> select INBOX\nC D2 SELECT \"INBOX\"\nS D2 OK [READ-ONLY] x\n"
     "E done 1 ok [READ-ONLY]: x validity=0 next=0 exists=0 read-only\n"},
    {"UIDs that do not last", UP "> select INBOX\nC D2 SELECT \"INBOX\"\nS * NO [UIDNOTSTICKY] x\nS D2 OK\n"
     "E done 1 ok validity=0 next=0 exists=0 not-sticky\n"},
    {"from one folder to another", UP SELECTED "> select B\nC D3 SELECT \"B\"\nS * OK [CLOSED] x\nS * 2 EXISTS\n"
     "S * OK [UIDVALIDITY 4] x\nS D3 OK\nE done 2 ok validity=4 next=0 exists=2\n"},
    {"a folder's name that is none", UP "> select a\xff\nE done 1 unsupported: this is no folder's name\n"},

    {"search: everything", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\n"
     "S * ESEARCH (TAG \"D3\") UID ALL 1:5,9\nS D3 OK\n"
     "E done 2 ok found 1-5 9-9\n"},
    {"search: the old way", OLD SELECTED "> search 3\nC D3 UID SEARCH UID 3:*\nS * SEARCH 3 4 5 9\nS D3 OK\n"
     "E done 2 ok found 3-5 9-9\n"},
    {"search: nothing", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\nS * ESEARCH (TAG \"D3\") UID\n"
     "S D3 OK\nE done 2 ok found\n"},
    {"search: ESEARCH asked, SEARCH given", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\nS * SEARCH 4 5\n"
     "S D3 OK\nE done 2 ok found 4-5\n"},
    {"search: in any order, twice, in parts", OLD SELECTED "> search\nC D3 UID SEARCH ALL\nS * SEARCH 9 8 4 5 4\n"
     "S * SEARCH 6\nS D3 OK\n"
     "E done 2 ok found 4-6 8-9\n"},
    {"TR-42 search: the last mail below what was asked for", OLD SELECTED "> search 10\nC D3 UID SEARCH UID 10:*\n"
     "S * SEARCH 9\nS D3 OK\n"
     "E done 2 ok found\n"},
    {"TR-42 the same in ranges", UP SELECTED "> search 10:20\nC D3 UID SEARCH RETURN (ALL) UID 10:20\n"
     "S * ESEARCH UID ALL 5:12,18:30\nS D3 OK\n"
     "E done 2 ok found 10-12 18-20\n"},
    {"search: since a day", UP SELECTED "> since 1706745600000\nC D3 UID SEARCH RETURN (ALL) SINCE 31-Jan-2024\n"
     "S D3 OK\nE done 2 ok found\n"},
    {"search: NO", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\nS * SEARCH 1\nS D3 NO too busy\n"
     "E done 2 no: too busy\n"},
    {"search: BAD", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\nS D3 BAD\nE done 2 bad\n"},
    {"two searches do not mix", UP SELECTED "> search 1:2\nC D3 UID SEARCH RETURN (ALL) UID 1:2\n> search 3\n"
     "S * ESEARCH UID ALL 1\nS D3 OK\n"
     "E done 2 ok found 1-1\nC D4 UID SEARCH RETURN (ALL) UID 3:*\nS * ESEARCH UID ALL 4\nS D4 OK\n"
     "E done 3 ok found 4-4\n"},
    {"a search nobody asked for", UP SELECTED "S * SEARCH 1 2 3\n> search\nC D3 UID SEARCH RETURN (ALL) ALL\n"
     "S * SEARCH 4\nS D3 OK\n"
     "E done 2 ok found 4-4\n"},

    {"sizes", UP SELECTED "> sizes 1:3\nC D3 UID FETCH 1:3 (UID FLAGS RFC822.SIZE INTERNALDATE)\n"
     "S * 1 FETCH (UID 1 FLAGS (\\Seen) RFC822.SIZE 10 INTERNALDATE \"01-Feb-2024 00:00:00 +0000\")\n"
     "S * 3 FETCH (UID 3 RFC822.SIZE 30)\nS D3 OK\nE size 2 uid=1 size=10 date=1706745600 flags=seen\n"
     "E size 2 uid=3 size=30\nE done 2 ok\n"},
    {"TR-46 sizes: twice, without UID, without size, not asked for",
     UP SELECTED "> sizes 1:3\nC D3 UID FETCH 1:3 (UID FLAGS RFC822.SIZE INTERNALDATE)\n"
     "S * 1 FETCH (UID 1 RFC822.SIZE 10)\n"
     "S * 1 FETCH (UID 1 RFC822.SIZE 10)\nS * 2 FETCH (RFC822.SIZE 20)\nS * 2 FETCH (UID 2 FLAGS (\\Seen))\n"
     "S * 2 FETCH (UID 2 RFC822.SIZE 20)\n"
     "S * 9 FETCH (UID 9 RFC822.SIZE 90)\nS D3 OK\nE size 2 uid=1 size=10\nE size 2 uid=2 size=20\nE done 2 ok\n"},
    {"sizes: NO", UP SELECTED "> sizes 1\nC D3 UID FETCH 1 (UID FLAGS RFC822.SIZE INTERNALDATE)\nS D3 NO busy\n"
     "E done 2 no: busy\n"},
    {"sizes: some are gone", UP SELECTED "> sizes 1:2\nC D3 UID FETCH 1:2 (UID FLAGS RFC822.SIZE INTERNALDATE)\n"
     "S * 1 FETCH (UID 1 RFC822.SIZE 10)\n"
     "S D3 NO [EXPUNGEISSUED] Some of the messages no longer exist\nE size 2 uid=1 size=10\n"
     "E done 2 ok [EXPUNGEISSUED]: Some of the messages no longer exist\n"},
    {"sizes of nothing", UP SELECTED "> sizes\nE done 2 ok\n"},

    {"TR-42 fetch", UP SELECTED "> fetch 4,6\nC D3 UID FETCH 4,6 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (UID 4 RFC822.SIZE 5 BODY[] {5}\nS abc\nS )\nS * 2 FETCH (UID 6 BODY[] \"xyz\")\nS D3 OK\n"
     "E begin 2 uid=4 size=5\nE run 2 abc~~\nE end 2 whole uid=4 size=5\nE begin 2 uid=6\nE run 2 xyz\n"
     "E end 2 whole uid=6\nE done 2 ok\n"},
    {"TR-47 header only", UP SELECTED "> header 4\nC D3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE "
     "BODY.PEEK[HEADER])\n"
     "S * 1 FETCH (UID 4 BODY[HEADER] {2}\nS \nS )\nS D3 OK\nE begin 2 uid=4\nE run 2 ~~\nE end 2 whole uid=4\n"
     "E done 2 ok\n"},
    {"fetch: the UID comes behind the bytes", UP SELECTED "> fetch 4:5\n"
     "C D3 UID FETCH 4:5 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (BODY[] {3}\nS abc UID 5 RFC822.SIZE 3)\nS D3 OK\nE begin 2\nE run 2 abc\n"
     "E end 2 whole uid=5 size=3\nE done 2 ok\n"},
    {"TR-46 fetch: twice", UP SELECTED "> fetch 4:5\nC D3 UID FETCH 4:5 (UID FLAGS RFC822.SIZE INTERNALDATE "
     "BODY.PEEK[])\n"
     "S * 1 FETCH (UID 4 BODY[] {1}\nS a)\nS * 1 FETCH (UID 4 BODY[] {1}\nS a)\nS * 1 FETCH (BODY[] {1}\nS a UID 4)\n"
     "S D3 OK\n"
     "E begin 2 uid=4\nE run 2 a\nE end 2 whole uid=4\nE begin 2\nE run 2 a\nE end 2 unasked uid=4\nE done 2 ok\n"},
    {"TR-46 fetch: no UID, but only one was asked for", UP SELECTED "> fetch 4\n"
     "C D3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (BODY[] {1}\nS a)\nS D3 OK\nE begin 2\nE run 2 a\nE end 2 whole uid=4\nE done 2 ok\n"},
    {"TR-46 fetch: no UID, and it could be either", UP SELECTED "> fetch 4:5\n"
     "C D3 UID FETCH 4:5 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (BODY[] {1}\nS a)\nS D3 OK\nE begin 2\nE run 2 a\nE end 2 unasked\nE done 2 ok\n"},
    {"fetch: another one", UP SELECTED "> fetch 4\nC D3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE "
     "BODY.PEEK[])\n"
     "S * 1 FETCH (UID 7 BODY[] {1}\nS a)\nS * 1 FETCH (UID 4 BODY[HEADER] {1}\nS a)\nS D3 OK\nE done 2 ok\n"},
    {"fetch: NIL for a mail", UP SELECTED "> fetch 4:5\nC D3 UID FETCH 4:5 (UID FLAGS RFC822.SIZE INTERNALDATE "
     "BODY.PEEK[])\n"
     "S * 1 FETCH (UID 4 BODY[] NIL)\nS * 2 FETCH (UID 5 BODY[] {1}\nS b)\nS D3 OK\nE begin 2 uid=5\nE run 2 b\n"
     "E end 2 whole uid=5\nE done 2 ok\n"},
    {"fetch: an empty mail", UP SELECTED "> fetch 4\nC D3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE "
     "BODY.PEEK[])\n"
     "S * 1 FETCH (UID 4 BODY[] \"\")\nS D3 OK\nE begin 2 uid=4\nE end 2 whole uid=4\nE done 2 ok\n"},
    {"fetch: somebody expunges and flags meanwhile", UP SELECTED "> fetch 4:5\n"
     "C D3 UID FETCH 4:5 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (UID 4 BODY[] {1}\nS a)\nS * 8 EXPUNGE\nS * 2 FETCH (FLAGS (\\Seen))\nS * 12 EXISTS\nS D3 OK\n"
     "E begin 2 uid=4\nE run 2 a\nE end 2 whole uid=4\nE gone\nE new\nE done 2 ok\n"},
    {"fetch: NO, the others are fetched all the same", UP SELECTED
     "> fetch 1:60\nC D3 UID FETCH 1:50 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "C D4 UID FETCH 51:60 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\nS D3 NO some cannot be read\n"
     "S * 2 FETCH (UID 55 BODY[] {1}\nS b)\nS D4 OK\nE begin 2 uid=55\nE run 2 b\nE end 2 whole uid=55\n"
     "E done 2 no: some cannot be read\n"},
    {"fetch: the connection is lost amid a mail", UP SELECTED "> fetch 4\n"
     "C D3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (UID 4 BODY[] {100}\nS abc\nE begin 2 uid=4\nE run 2 abc~~\nLOSE\nE end 2 cut uid=4\n"
     "E done 2 lost: the connection was lost\n"},
    {"fetch: BYE amid", UP SELECTED "> fetch 4:5\n> mark 3 x\n"
     "C D3 UID FETCH 4:5 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "C D4 UID STORE 3 +FLAGS.SILENT (x)\nS * BYE shutting down\nE ended bye: shutting down\n"
     "S * 1 FETCH (UID 4 BODY[] {1}\nS a)\nLOSE\n"
     "E done 2 lost: the connection was lost\nE done 3 lost: the connection was lost\n"},
    {"fetch: answers in another order", UP SELECTED "> fetch 1:60\n"
     "C D3 UID FETCH 1:50 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "C D4 UID FETCH 51:60 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\nS * 2 FETCH (UID 55 BODY[] {1}\nS b)\n"
     "S D4 OK\n"
     "S * 2 FETCH (UID 5 BODY[] {1}\nS a)\nS D3 OK\nE begin 2 uid=55\nE run 2 b\nE end 2 whole uid=55\n"
     "E begin 2 uid=5\nE run 2 a\n"
     "E end 2 whole uid=5\nE done 2 ok\n"},
    {"fetch: four commands on their way, no more", UP SELECTED "> fetch 1:230\n"
     "C D3 UID FETCH 1:50 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "C D4 UID FETCH 51:100 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "C D5 UID FETCH 101:150 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "C D6 UID FETCH 151:200 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S D3 OK\nC D7 UID FETCH 201:230 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\nS D4 OK\nS D5 OK\nS D6 OK\n"
     "S D7 OK\nE done 2 ok\n"},

    {"mark", UP SELECTED "> mark 1:5,9 \\Seen\nC D3 UID STORE 1:5,9 +FLAGS.SILENT (\\Seen)\nS D3 OK done\n"
     "E done 2 ok: done\n"},
    {"mark: a keyword is not allowed", UP SELECTED "> mark 1 $Deskbell\nC D3 UID STORE 1 +FLAGS.SILENT ($Deskbell)\n"
     "S D3 NO no keywords here\n"
     "E done 2 no: no keywords here\n"},
    {"mark: gone meanwhile", UP SELECTED "> mark 1 x\nC D3 UID STORE 1 +FLAGS.SILENT (x)\n"
     "S D3 NO [EXPUNGEISSUED] gone\nE done 2 ok [EXPUNGEISSUED]: gone\n"},
    {"mark: what is no flag", UP SELECTED "> mark 1 a b\nE done 2 unsupported: this is no flag\n"},
    {"mark and fetch go together, two fetches do not", UP SELECTED "> fetch 4\n> mark 3 x\n> fetch 5\n> search\n"
     "C D3 UID FETCH 4 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\nC D4 UID STORE 3 +FLAGS.SILENT (x)\n"
     "S D4 OK\nE done 3 ok\nS D3 OK\n"
     "E done 2 ok\nC D5 UID FETCH 5 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\nS D5 OK\nE done 4 ok\n"
     "C D6 UID SEARCH RETURN (ALL) ALL\n"
     "S D6 OK\nE done 5 ok found\n"},

    {"TR-43 move", UP SELECTED "> move 1:3 Done\nC D3 UID MOVE 1:3 \"Done\"\nS * OK [COPYUID 5 1:3 7:9] x\n"
     "S * 1 EXPUNGE\nS * 1 EXPUNGE\nS D3 OK done\n"
     "E done 2 ok: done\n"},
    {"TR-43 move: no such folder", UP SELECTED "> move 1 Done\nC D3 UID MOVE 1 \"Done\"\nS D3 NO [TRYCREATE] no\n"
     "E done 2 no [TRYCREATE]: no\n"
     "> create Done\nC D4 CREATE \"Done\"\nS D4 OK\nE done 3 ok\n"},
    {"TR-43 move in three steps", "C D1 CAPABILITY\nS * CAPABILITY UIDPLUS\nS D1 OK\nE ready uidplus\n" SELECTED
     "> move 1:3 Done\nC D3 UID COPY 1:3 \"Done\"\nS D3 OK [COPYUID 5 1:3 7:9] x\n"
     "C D4 UID STORE 1:3 +FLAGS.SILENT (\\Deleted)\nS D4 OK\n"
     "C D5 UID EXPUNGE 1:3\nS * 1 EXPUNGE\nS D5 OK\nE done 2 ok\n"},
    {"TR-43 not copied: not deleted", "C D1 CAPABILITY\nS * CAPABILITY UIDPLUS\nS D1 OK\nE ready uidplus\n" SELECTED
     "> move 1:3 Done\nC D3 UID COPY 1:3 \"Done\"\nS D3 NO [OVERQUOTA] full\nE done 2 no [OVERQUOTA]: full\n"},
    {"TR-43 not flagged: not expunged", "C D1 CAPABILITY\nS * CAPABILITY UIDPLUS\nS D1 OK\nE ready uidplus\n" SELECTED
     "> move 1:3 Done\nC D3 UID COPY 1:3 \"Done\"\nS D3 OK\nC D4 UID STORE 1:3 +FLAGS.SILENT (\\Deleted)\nS D4 BAD\n"
     "E done 2 bad\n"},
    {"TR-43 never a plain EXPUNGE", OLD SELECTED "> move 1:3 Done\n"
     "E done 2 unsupported: the server cannot move mails\n"},

    {"create: NO", UP "> create B\nC D2 CREATE \"B\"\nS D2 NO exists\nE done 1 no: exists\n"},
    {"status", UP "> status B\nC D2 STATUS \"B\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\n"
     "S * STATUS \"B\" (MESSAGES 7 UNSEEN 2 UIDNEXT 9 UIDVALIDITY 3)\nS D2 OK\n"
     "E done 1 ok 7 2 9 3\n"},
    {"status: NO", UP "> status B\nC D2 STATUS \"B\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\nS D2 NO none\n"
     "E done 1 no: none\n"},
    {"list", UP "> list *\nC D2 LIST \"\" \"*\"\nS * LIST () \"/\" INBOX\n"
     "S * LIST (\\Noselect) \"/\" \"Entw&APw-rfe\"\nS D2 OK\n"
     "E listed 1 INBOX\nE listed 1 Entw\xc3\xbcrfe (not selectable)\nE done 1 ok\n"},
    {"a list nobody asked for", UP "S * LIST () \"/\" INBOX\n"},

    {"the operator is told", UP "S * OK [ALERT] Down at noon\nE alert Down at noon\nS * NO [OVERQUOTA] Nearly full\n"
     "E alert Nearly full\n"},
    {"an alert in an answer is both", UP "> create B\nC D2 CREATE \"B\"\nS D2 NO [ALERT] Pay first\n"
     "E alert Pay first\nE done 1 no [ALERT]: Pay first\n"},
    {"what changes", UP SELECTED "S * 9 EXISTS\nS * 10 EXISTS\nE new\nS * 10 EXPUNGE\nE gone\nS * 9 EXISTS\n"
     "S * VANISHED 3:5\nE gone\nS * 7 EXISTS\nE new\n"
     "S * VANISHED (EARLIER) 1:9\n"},
    {"renumbered while it is open: begin anew", UP SELECTED "S * OK [UIDVALIDITY 3] x\nS * OK [UIDVALIDITY 4] x\n"
     "E ended nonsense: the folder was renumbered while it was open\n"},
    {"another folder's number in an answer", UP SELECTED "> create B\nC D3 CREATE \"B\"\nS D3 OK [UIDVALIDITY 4] x\n"
     "E done 2 ok [OTHER]: x\nS * 9 EXISTS\n"},
    {"nothing changes when nothing is selected", UP "S * 9 EXISTS\nS * 1 EXPUNGE\n"},
    {"answers to nothing", UP "S D77 OK x\nS D1 OK again\nS + go on\n"},
    {"logout", UP "LOGOUT\nC D2 LOGOUT\n"},
    {"no logout amid a command", UP "> search\nC D2 UID SEARCH RETURN (ALL) ALL\nLOGOUT\n"},
    {"nothing is heard any more after the end", UP "S * BYE x\nS * OK [ALERT] y\nE ended bye: x\nLOSE\n"
     "S * OK [ALERT] z\n> search\n"
     "E done 1 lost: the connection was lost\n"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    session_play(cases[i].name, cases[i].script);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
