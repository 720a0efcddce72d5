/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mailboxes: values and defaults, and what must not happen by a slip. */
#include "test_config.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CHANNELS                                                                                                       \
  "channels: [{name: m, kind: email, addresses: [\"a@b.c\"]}, {name: f, kind: form}]\n"
#define ONE "mailboxes:\n  - {name: x, channel: m, host: imap.example.com, user: u"
#define PLAIN ONE ", password_file: p"
#define OAUTH ONE ", auth: oauthbearer"
#define LOCAL                                                                                                          \
  "mailboxes:\n  - {name: x, channel: m, host: 127.0.0.1, port: 143, tls: none, user: u, password_file: p}\n"

void test_mailboxes(void **state) {
  (void)state;
  struct config *c = good(PLAIN "}\n"
                          "  - {name: y, channel: m, host: localhost, port: 1143, tls: starttls, user: u,\n"
                          "     auth: login, password_file: p, folders: [INBOX, Sales], first_run: all, after: keyword, poll: 30s,\n"
                          "     recipient_fields: [X-Original-To], enabled: false}\n" CHANNELS);
  assert_int_equal(c->mailbox_count, 2);
  const struct mailbox_config *x = config_mailbox(c, SLICE("x")), *y = config_mailbox(c, SLICE("y"));
  assert_string_equal(x->channel, "m");
  assert_true(x->enabled && !x->allow_cleartext);
  assert_int_equal(x->port, 993);
  assert_int_equal(x->tls, MAILBOX_TLS_IMPLICIT);
  assert_int_equal(x->auth, MAILBOX_AUTH_PASSWORD);
  assert_int_equal(x->folder_count, 1);
  assert_string_equal(x->folders[0], "INBOX");
  assert_int_equal(x->first_run, MAILBOX_FIRST_NOW);
  assert_int_equal(x->after, MAILBOX_AFTER_NOTHING);
  assert_string_equal(x->after_keyword, "$DeskbellTaken");
  assert_string_equal(x->oauth_scope, "");
  assert_int_equal(x->poll_ms, 60000);
  assert_int_equal(x->reconcile_ms, 900000);
  assert_int_equal(x->alarm_after_ms, 900000);
  assert_int_equal(x->recipient_field_count, 0);
  assert_false(y->enabled);
  assert_int_equal(y->tls, MAILBOX_TLS_STARTTLS);
  assert_int_equal(y->auth, MAILBOX_AUTH_LOGIN);
  assert_int_equal(y->folder_count, 2);
  assert_string_equal(y->folders[1], "Sales");
  assert_int_equal(y->first_run, MAILBOX_FIRST_ALL);
  assert_int_equal(y->after, MAILBOX_AFTER_KEYWORD);
  assert_int_equal(y->poll_ms, 30000);
  assert_string_equal(y->recipient_fields[0], "X-Original-To");
  assert_null(config_mailbox(c, SLICE("z")));
  assert_null(config_channel_of_address(c, SLICE("x"), SLICE("y.z")));
  assert_string_equal(config_channel_of_address(c, SLICE("A"), SLICE("B.c"))->name, "m");
  config_free(&c);
}

void test_mailbox_checks(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *want;
  } cases[] = {
      {PLAIN "}\n", "deskbell.yaml:2:24: mailbox 'x' belongs to channel 'm', which is not there"},
      {"mailboxes:\n  - {name: x, channel: f, host: h, user: u, password_file: p}\n" CHANNELS,
       "deskbell.yaml:2:24: channel 'f' of mailbox 'x' is not of kind email"},
      {PLAIN "}\n  - {name: x, channel: m, host: h, user: u, password_file: p}\n" CHANNELS,
       "deskbell.yaml:3:12: mailbox name 'x' is used twice; first on line 2"},
      {PLAIN ", tls: starttls}\n" CHANNELS,
       "deskbell.yaml:2:83: port 993 of mailbox 'x' speaks TLS from the first byte; with another 'tls' it needs another "
       "'port', mostly 143"},
      {PLAIN ", tls: none, port: 143}\n" CHANNELS,
       "deskbell.yaml:2:83: the password of mailbox 'x' would cross the network unencrypted; say 'tls: implicit' or "
       "'starttls', or 'allow_cleartext: true'"},
      {PLAIN ", tls: none, port: 143, allow_cleartext: true, tls_ca_file: x}\n" CHANNELS,
       "deskbell.yaml:2:136: mailbox 'x' has tls none, so there is no key to check"},
      {ONE "}\n" CHANNELS, "deskbell.yaml:2:5: mailbox 'x' needs 'password_file'"},
      {PLAIN ", oauth_scope: a}\n" CHANNELS,
       "deskbell.yaml:2:91: 'oauth_scope' of mailbox 'x' is for auth xoauth2 and oauthbearer only"},
      {PLAIN ", auth: xoauth2}\n" CHANNELS,
       "deskbell.yaml:2:75: 'password_file' of mailbox 'x' is for auth password, plain and login only"},
      {OAUTH "}\n" CHANNELS, "deskbell.yaml:2:66: mailbox 'x' needs 'oauth_token_url' to get tokens"},
      {OAUTH ", oauth_token_url: \"https://t\"}\n" CHANNELS,
       "deskbell.yaml:2:66: mailbox 'x' needs 'oauth_client_id' to get tokens"},
      {OAUTH ", oauth_token_url: \"https://t\", oauth_client_id: i}\n" CHANNELS,
       "deskbell.yaml:2:66: mailbox 'x' needs 'oauth_refresh_token_file', or 'oauth_client_secret_file' for client "
       "credentials"},
      {OAUTH ", oauth_token_file: t, oauth_token_url: \"https://t\"}\n" CHANNELS,
       "deskbell.yaml:2:97: mailbox 'x' has both 'oauth_token_file' and 'oauth_token_url'"},
      {OAUTH ", oauth_token_url: \"http://t.example:80/x\", oauth_client_id: i, oauth_client_secret_file: s}\n" CHANNELS,
       "deskbell.yaml:2:96: 'oauth_token_url' of mailbox 'x' must be https: a secret crosses the network"},
      {PLAIN ", first_run: since}\n" CHANNELS, "deskbell.yaml:2:89: first_run since of mailbox 'x' needs 'first_since'"},
      {PLAIN ", first_since: 2026-11-24}\n" CHANNELS,
       "deskbell.yaml:2:91: 'first_since' of mailbox 'x' is for first_run since only"},
      {PLAIN ", after: move}\n" CHANNELS, "deskbell.yaml:2:85: after move of mailbox 'x' needs 'after_folder'"},
      {PLAIN ", after_folder: a}\n" CHANNELS,
       "deskbell.yaml:2:92: 'after_folder' of mailbox 'x' is for after move only"},
      {PLAIN ", after: move, after_folder: inbox}\n" CHANNELS,
       "deskbell.yaml:2:105: mailbox 'x' moves mail into 'inbox', which it reads"},
      {PLAIN ", folders: [a, INBOX, Inbox]}\n" CHANNELS,
       "deskbell.yaml:2:98: folder 'Inbox' of mailbox 'x' is listed twice"},
      {PLAIN "}\n  - {name: y, channel: m, host: IMAP.example.com, user: u, password_file: p, folders: [b, inbox]}\n"
       CHANNELS, "deskbell.yaml:3:87: folder 'inbox' of mailbox 'y' is read by mailbox 'x' already"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    refused(cases[i].yaml, cases[i].want);
  static const char *const fine[] = {
      LOCAL CHANNELS,
      PLAIN ", tls: none, port: 143, allow_cleartext: true}\n" CHANNELS,
      PLAIN ", tls: starttls, port: 143, tls_pin: \"sha256:" HEX "\"}\n" CHANNELS,
      PLAIN "}\n  - {name: y, channel: m, host: imap.example.com, user: v, password_file: p}\n" CHANNELS,
      PLAIN ", folders: [a]}\n  - {name: y, channel: m, host: imap.example.com, user: u, password_file: p}\n" CHANNELS,
      OAUTH ", oauth_token_url: \"http://127.0.0.1:8080/t\", oauth_client_id: i, oauth_client_secret_file: s}\n" CHANNELS,
      OAUTH ", oauth_token_file: t}\n" CHANNELS,
      OAUTH ", oauth_token_url: \"https://t\", oauth_client_id: i, oauth_refresh_token_file: r}\n" CHANNELS,
  };
  for (size_t i = 0; i < COUNT(fine); i++) {
    struct config *c = good(fine[i]);
    config_free(&c);
  }
}
