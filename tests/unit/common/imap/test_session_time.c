/* SPDX-License-Identifier: Apache-2.0 */
/* What the time does: watching, deadlines, and how fast a dead server is noticed (TR-44). */
#include "session_play.h"
#include "imap/session.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SILENT "E ended silent: the server did not answer in time\n"
#define IDLING UP SELECTED "T 200\nC D3 IDLE\nS + idling\n"

static const struct {
  const char *name, *script;
} cases[] = {
    {"quiet: IDLE", UP SELECTED "T 199\nT 1\nC D3 IDLE\nS + idling\n"},
    {"quiet, no IDLE: NOOP now and then", OLD SELECTED "T 59999\nT 1\nC D3 NOOP\nS D3 OK\nT 60000\nC D4 NOOP\n"
     "S * 10 EXISTS\nS D4 OK\nE new\n"},
    {"nothing selected: NOOP", UP "T 60000\nC D2 NOOP\nS D2 OK\n"},
    {"a request between two calls is not held up by IDLE", UP SELECTED "T 150\n> search\n"
     "C D3 UID SEARCH RETURN (ALL) ALL\nS D3 OK\nE done 2 ok found\nT 199\nT 1\nC D4 IDLE\nS + x\n"},
    {"new mail while idling", IDLING "S * 10 EXISTS\nE new\n"},
    {"a request ends IDLE", IDLING "> search 10\nC DONE\nS D3 OK\nC D4 UID SEARCH RETURN (ALL) UID 10:*\nS D4 OK\n"
     "E done 2 ok found\n"},
    {"a request before IDLE is confirmed waits for it", UP SELECTED "T 200\nC D3 IDLE\n> search 10\nS + idling\n"
     "C DONE\nS D3 OK\n"
     "C D4 UID SEARCH RETURN (ALL) UID 10:*\nS D4 OK\nE done 2 ok found\n"},
    {"TR-44 a silent server is asked, and is there", IDLING "T 89999\nT 1\nC DONE\nS D3 OK\nT 200\nC D4 IDLE\n"
     "S + idling\n"},
    {"TR-44 a silent server is asked, and is not there: 110 s", IDLING "T 90000\nC DONE\nT 19999\nT 1\n" SILENT},
    {"a server that says now and then that it is there is not asked", IDLING "T 60000\nS * OK Still here\nT 60000\n"
     "S * OK Still here\nT 89999\n"},
    {"TR-44 but IDLE is begun anew every four minutes", IDLING "T 80000\nS * OK Still here\nT 80000\n"
     "S * OK Still here\nT 79999\nT 1\nC DONE\n"
     "S D3 OK\nT 200\nC D4 IDLE\nS + x\n"},
    {"IDLE is not confirmed", UP SELECTED "T 200\nC D3 IDLE\nT 20000\n" SILENT},
    {"IDLE is refused though offered: NOOP", UP SELECTED "T 200\nC D3 IDLE\nS D3 BAD what?\nT 64999\nT 1\nC D4 NOOP\n"
     "S D4 OK\nT 60000\nC D5 NOOP\nS D5 OK\n"},
    {"IDLE is ended by the server: not at once again", IDLING "S D3 OK IDLE timed out\nT 5199\nT 1\nC D4 IDLE\n"
     "S + x\n"},
    {"IDLE is ended by the server just as we do", IDLING "T 90000\nC DONE\nS * BAD DONE?\nS D3 OK\nT 200\nC D4 IDLE\n"
     "S + x\n"},
    {"BYE while idling", IDLING "S * BYE Logged out for inactivity\nE ended bye: Logged out for inactivity\n"},
    {"a second confirmation means nothing", IDLING "S + x\nS + y\n"},
    {"NOOP without an answer", OLD SELECTED "T 60000\nC D3 NOOP\nT 20000\n" SILENT},
    {"NOOP: NO and BAD are answers", OLD SELECTED "T 60000\nC D3 NOOP\nS D3 NO\nT 60000\nC D4 NOOP\nS D4 BAD\n"},
    {"the greeting without an answer", "C D1 CAPABILITY\nT 90000\n" SILENT},
    {"a command without an answer", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\nT 89999\n"
     "T 1\n" SILENT "LOSE\nE done 2 lost: the connection was lost\n"},
    {"a slow answer that moves is waited for", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\nT 80000\n"
     "S * SEARCH 1\nT 80000\nS * SEARCH 2\nT 80000\nS D3 OK\n"
     "E done 2 ok found 1-2\n"},
    {"a mail that stops", UP SELECTED "> fetch 1\nC D3 UID FETCH 1 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])\n"
     "S * 1 FETCH (UID 1 BODY[] {100}\nS abc\n"
     "E begin 2 uid=1\nE run 2 abc~~\nT 90000\n" SILENT "LOSE\nE end 2 cut uid=1\n"
     "E done 2 lost: the connection was lost\n"},
    {"we did not listen: the deadline begins anew", UP SELECTED "> search\nC D3 UID SEARCH RETURN (ALL) ALL\n"
     "T 80000\nRESUMED\nT 80000\nS D3 OK\nE done 2 ok found\n"},
    {"logout while idling", IDLING "LOGOUT\nC DONE\nC D4 LOGOUT\n"},
    {"nothing is due after the end", IDLING "S * BYE x\nE ended bye: x\nT 10000000\nLOSE\nT 10000000\n"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    session_play(cases[i].name, cases[i].script);
}

/* RFC 2177: 29 minutes, whatever is configured. */
static void test_idle_has_a_limit(void **state) {
  (void)state;
  const struct imap_session_options options = {
      .command_ms = 1, .probe_ms = INT32_MAX, .idle_ms = INT32_MAX, .poll_ms = INT32_MAX, .version = ""};
  struct imap_session *s = imap_session_new(&options, 0);
  struct slice script = SLICE("* CAPABILITY IDLE\r\nD1 OK\r\n* 1 EXISTS\r\nD2 OK\r\n");
  imap_session_select(s, SLICE("INBOX"), false, NULL);
  while (imap_session_next(s, &script, 0) != SESSION_MORE)
    ;
  imap_session_tick(s, 200);
  struct slice go_on = SLICE("+ \r\n");
  assert_int_equal(imap_session_next(s, &go_on, 300), SESSION_MORE);
  assert_int_equal(imap_session_due(s), 300 + 29 * 60 * 1000);
  imap_session_free(&s);
}

static void test_never_idle(void **state) {
  (void)state;
  const struct imap_session_options options = {
      .command_ms = 1, .probe_ms = 7000, .idle_ms = 1000, .poll_ms = 9000, .version = "", .never_idle = true};
  struct imap_session *s = imap_session_new(&options, 0);
  struct slice script = SLICE("* CAPABILITY IDLE\r\nD1 OK\r\n* 1 EXISTS\r\nD2 OK\r\n");
  imap_session_select(s, SLICE("INBOX"), false, NULL);
  while (imap_session_next(s, &script, 0) != SESSION_MORE)
    ;
  assert_int_equal(imap_session_due(s), 7000); /* the sooner of both: NOOP asks for mail and for life */
  buf_clear(imap_session_output(s));
  imap_session_tick(s, 7000);
  assert_string_equal(imap_session_output(s)->at, "D3 NOOP\r\n");
  imap_session_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_idle_has_a_limit),
      cmocka_unit_test(test_never_idle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
