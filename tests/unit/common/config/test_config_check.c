/* SPDX-License-Identifier: Apache-2.0 */
/* What no single setting can tell: contradictions, things claimed twice, effective values, whose address it is. */
#include "test_config.h"

#define FORM "  - {name: f, kind: form"
#define SMS "  - {name: s, kind: sms"

void test_cross_checks(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *want;
  } cases[] = {
      {"channels:\n" FORM "}\n  - {name: g, kind: form}\n  - {kind: form, name: f}\n",
       "deskbell.yaml:4:24: channel name 'f' is used twice; first on line 2"},
      {"channels:\n  - name: health\n    kind: form\n",
       "deskbell.yaml:2:11: 'health' is reserved; name the channel otherwise"},
      {"channels:\n  - {name: m, kind: email}\n",
       "deskbell.yaml:2:5: channel 'm' needs 'addresses': [\"support@example.com\"], [\"@example.com\"] or [\"*\"]"},
      {"channels:\n  - {name: m, kind: email, addresses: []}\n",
       "deskbell.yaml:2:39: channel 'm' needs 'addresses': [\"support@example.com\"], [\"@example.com\"] or [\"*\"]"},
      {"channels:\n  - {name: m, kind: email, addresses: [\"A@x.de\"]}\n  - {name: n, kind: email, addresses: [\"*\", "
       "\"a@X.de\"]}\n",
       "deskbell.yaml:3:45: address 'a@X.de' of channel 'n' is also on line 2, channel 'm'"},
      {"channels:\n  - {name: m, kind: email, addresses: [\"*\", \"*\"]}\n",
       "deskbell.yaml:2:45: address '*' of channel 'm' is also on line 2, channel 'm'"},
      {"channels:\n" SMS ", provider: twilio, secret_files: [a], addresses: [\"+14155552671\"]}\n"
       "  - {name: t, kind: sms, provider: generic, secret_files: [a], addresses: [\"+14155552671\"]}\n",
       "deskbell.yaml:3:76: address '+14155552671' of channel 't' is also on line 2, channel 's'"},
      {"channels:\n" SMS "}\n", "deskbell.yaml:2:5: channel 's' needs 'provider': twilio, generic"},
      {"channels:\n" SMS ", provider: none}\n", "deskbell.yaml:2:36: channel 's' needs 'provider': twilio, generic"},
      {"channels:\n  - {name: h, kind: webhook}\n", "deskbell.yaml:2:5: channel 'h' needs 'provider': twilio, generic"},
      {"channels:\n" SMS ", provider: twilio}\n",
       "deskbell.yaml:2:5: channel 's' needs 'secret_files': without one nobody can prove to be the provider"},
      {"channels:\n" SMS ", provider: generic, secret_files: []}\n",
       "deskbell.yaml:2:59: channel 's' needs 'secret_files': without one nobody can prove to be the provider"},
      {"channels:\n" SMS ", provider: generic, secret_files: [a], account_sid: AC1}\n",
       "deskbell.yaml:2:77: 'account_sid' is for provider twilio only"},
      {"channels:\n" FORM ", min_fill: 2m, max_fill: 1m}\n",
       "deskbell.yaml:2:37: 'min_fill' must be less than 'max_fill'"},
      {"channels:\n" FORM ", min_fill: 1m, max_fill: 1m}\n",
       "deskbell.yaml:2:37: 'min_fill' must be less than 'max_fill'"},
      {"channels:\n" FORM ", max_body: 65MiB}\n",
       "deskbell.yaml:2:37: 'max_body' of channel 'f' is more than 'blob_max' in section 'spool'"},
      {"email: {max_size: 65MiB}\nchannels:\n  - {name: m, kind: email, addresses: [\"*\"]}\n",
       "deskbell.yaml:1:19: 'max_size' in section 'email' is more than 'blob_max' in section 'spool'"},
      {"link: {heartbeat: 2s}\n", "deskbell.yaml:1:19: 'dead_after' must be at least twice 'heartbeat'"},
      {"link: {heartbeat: 1s, dead_after: 1500ms}\n",
       "deskbell.yaml:1:35: 'dead_after' must be at least twice 'heartbeat'"},
      {"sms: {listen: \"127.0.0.1:8080\"}\nwebform: {listen: \"127.0.0.1:8080\"}\n",
       "deskbell.yaml:2:19: 'listen' in section 'webform' has the same port as 'listen' in section 'sms'"},
      {"email: {health: \"0.0.0.0:9000\"}\nrouter: {health: \"10.0.0.1:9000\"}\n",
       "deskbell.yaml:1:17: 'health' in section 'email' has the same port as 'health' in section 'router'"},
      {"link: {listen: \"tcp://127.0.0.1:9000\"}\nsms: {listen: \"[::]:9000\"}\n",
       "deskbell.yaml:2:15: 'listen' in section 'sms' has the same port as 'listen' in section 'link'"},
      {"link: {listen: \"tcp://127.0.0.1:*\"}\n",
       "deskbell.yaml:1:16: port * picks a free port, so 'connect' must say where channel programs find the router"},
      {"link: {connect: \"tcp://127.0.0.1:*\"}\n", "deskbell.yaml:1:17: 'connect' needs a port number, not *"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    refused(cases[i].yaml, cases[i].want);
  static const char *const fine[] = {
      "sms: {listen: \"127.0.0.1:8080\"}\nwebform: {listen: \"127.0.0.2:8080\"}\n",
      "sms: {listen: \"127.0.0.1:0\", health: \"127.0.0.1:0\"}\nrouter: {health: \"\"}\nemail: {listen_tcp: \"\"}\n",
      "email: {max_size: 65MiB}\n", /* no mail comes in */
      "channels:\n  - {name: m, kind: email, addresses: [\"a@x.de\", \"@x.de\", \"@y.de\"]}\n",
      "link: {heartbeat: 1500ms, dead_after: 3s}\n",
  };
  for (size_t i = 0; i < COUNT(fine); i++) {
    struct config *c = good(fine[i]);
    config_free(&c);
  }
}

void test_effective_link(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *listen, *connect;
  } cases[] = {
      {"", "ipc:///desk/router.ipc", "ipc:///desk/router.ipc"},
      {"link: {listen: \"tcp://127.0.0.1:5555\"}", "tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555"},
      {"link: {connect: \"tcp://10.0.0.1:5555\"}", "ipc:///desk/router.ipc", "tcp://10.0.0.1:5555"},
      {"link: {listen: \"tcp://127.0.0.1:*\", connect: \"tcp://10.0.0.1:5555\"}", "tcp://127.0.0.1:*",
       "tcp://10.0.0.1:5555"},
      {"link: {listen: \"ipc:///run/x\"}", "ipc:///run/x", "ipc:///run/x"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct config *c = good(cases[i].yaml);
    assert_string_equal(c->link.listen, cases[i].listen);
    assert_string_equal(c->link.connect, cases[i].connect);
    config_free(&c);
  }
}

/* sun_path holds 107 bytes and a NUL. */
void test_socket_paths(void **state) {
  (void)state;
  static const struct {
    size_t dir_len;
    const char *yaml, *want; /* NULL: good */
  } cases[] = {
      {107 - 11, "", NULL},
      {108 - 11, "",
       "the path of the Unix socket 'listen' in section 'link' has 108 bytes, at most 107 are possible: "},
      {107 - 11, "link: {listen: \"tcp://127.0.0.1:1\"}", NULL},
      {107 - 10, "link: {listen: \"tcp://127.0.0.1:1\"}",
       "the path of the Unix socket 'listen_unix' in section 'email' has 108 bytes, at most 107 are possible: "},
      {300, "link: {listen: \"tcp://127.0.0.1:1\"}\nemail: {listen_unix: \"\"}", NULL},
      {300, "link: {listen: \"tcp://127.0.0.1:1\"}\nemail: {listen_unix: /run/e}", NULL},
      {10, "redis: {url: \"unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
       "the path of the Unix socket 'url' in section 'redis' has 117 bytes, at most 107 are possible: "},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char dir[512] = "/";
    memset(dir + 1, 'd', cases[i].dir_len - 1);
    struct config *c = NULL;
    struct complaint complaint = {0};
    int r = config_parse(slice_text(cases[i].yaml), "x", dir, &c, &complaint);
    assert_int_equal(r, cases[i].want ? -EINVAL : 0);
    if (cases[i].want)
      assert_memory_equal(complaint.text, cases[i].want, strlen(cases[i].want));
    config_free(&c);
  }
}

static struct config *many(size_t count, size_t addresses, struct complaint *complaint) {
  struct buf text = BUF_INIT(1 << 20);
  struct config *c = NULL;
  buf_add_text(&text, "channels:\n");
  for (size_t i = 0; i < count; i++) {
    buf_printf(&text, "- {name: c%zu, kind: email, addresses: [", i);
    for (size_t n = 0; n < addresses; n++)
      buf_printf(&text, "%s\"%zu@x%zu.de\"", n ? "," : "", n, i);
    buf_add_text(&text, "]}\n");
  }
  assert_false(text.full);
  int r = config_parse(buf_slice(&text), "x", "/desk", &c, complaint);
  assert_true((r == 0) == (c != NULL));
  buf_free(&text);
  return c;
}

void test_many_channels(void **state) {
  (void)state;
  struct complaint complaint = {0};
  struct config *c = many(CONFIG_MAX_CHANNELS, 10, &complaint);
  assert_non_null(c);
  assert_string_equal(config_channel_for_recipient(c, SLICE("9"), SLICE("X999.DE"))->name, "c999");
  assert_string_equal(config_channel(c, SLICE("c500"))->name, "c500");
  assert_null(config_channel_for_recipient(c, SLICE("10"), SLICE("x999.de")));
  config_free(&c);
  assert_null(many(CONFIG_MAX_CHANNELS + 1, 1, &complaint));
  assert_string_equal(complaint.text, "1001 channels; at most 1000 are allowed");
  assert_null(many(1, 1001, &complaint));
  assert_string_equal(complaint.text, "'addresses' has 1001 entries; at most 1000 are allowed");
}

void test_recipients(void **state) {
  (void)state;
  struct config *c = good("channels:\n"
                          "  - {name: exact, kind: email, addresses: [\"Support@Example.com\", \"büro@example.com\"]}\n"
                          "  - {name: closed, kind: email, enabled: false, addresses: [\"old@example.com\"]}\n"
                          "  - {name: domain, kind: email, addresses: [\"@example.com\"]}\n"
                          "  - {name: gone, kind: email, enabled: false, addresses: [\"@gone.example\"]}\n"
                          "  - {name: rest, kind: email, addresses: [\"*\"]}\n"
                          "  - {name: s, kind: sms, provider: twilio, secret_files: [a], addresses: [\"12345\"]}\n");
  static const struct {
    struct slice local, domain;
    const char *channel;
    bool enabled;
  } cases[] = {
      {SLICE("support"), SLICE("example.com"), "exact", true},
      {SLICE("SUPPORT"), SLICE("EXAMPLE.COM"), "exact", true},
      {SLICE("büro"), SLICE("example.com"), "exact", true},
      {SLICE("sales"), SLICE("example.com"), "domain", true},
      {SLICE("old"), SLICE("example.com"), "closed", false},
      {SLICE("x"), SLICE("gone.example"), "gone", false},
      {SLICE("x"), SLICE("sub.example.com"), "rest", true},
      {SLICE("12345"), SLICE(""), "rest", true},
      {SLICE(""), SLICE("example.com"), "domain", true},
      {SLICE(""), SLICE(""), "rest", true},
      {SLICE("support\0x"), SLICE("example.com"), "rest", true},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    const struct channel_config *channel = config_channel_for_recipient(c, cases[i].local, cases[i].domain);
    assert_string_equal(channel->name, cases[i].channel);
    assert_true(channel->enabled == cases[i].enabled);
  }
  char large[600];
  memset(large, 'a', sizeof(large));
  assert_string_equal(config_channel_for_recipient(c, slice_of(large, 600), SLICE("example.com"))->name, "rest");
  config_free(&c);
  c = good("channels:\n  - {name: m, kind: email, addresses: [\"a@b.c\"]}\n");
  assert_null(config_channel_for_recipient(c, SLICE("x"), SLICE("b.c")));
  config_free(&c);
  c = good("");
  assert_null(config_channel_for_recipient(c, SLICE("x"), SLICE("b.c")));
  config_free(&c);
}
