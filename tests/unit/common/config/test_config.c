/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults, every row with good and bad values, the words of complaints. */
#include "test_config.h"

struct config *good(const char *yaml) {
  struct config *c = NULL;
  struct complaint complaint = {0};
  if (config_parse(slice_text(yaml), "deskbell.yaml", "/desk", &c, &complaint))
    fail_msg("%u:%u: %s\n%s", complaint.line, complaint.column, complaint.text, yaml);
  return c;
}

void refused(const char *yaml, const char *want) {
  struct config *c = NULL;
  struct complaint complaint = {0};
  char got[1024];
  assert_int_equal(config_parse(slice_text(yaml), "deskbell.yaml", "/desk", &c, &complaint), -EINVAL);
  assert_null(c);
  snprintf(got, sizeof(got), "%s:%u:%u: %s", complaint.file, complaint.line, complaint.column, complaint.text);
  assert_string_equal(got, want);
  assert_int_equal(config_parse(slice_text(yaml), "deskbell.yaml", "/desk", &c, NULL), -EINVAL);
}

/* ---- defaults */

static void test_defaults(void **state) {
  (void)state;
  struct config *c = NULL;
  struct complaint complaint;
  assert_int_equal(config_load(NULL, "/desk/", &c, &complaint), 0);
  assert_string_equal(c->dir, "/desk");
  assert_string_equal(c->name, "desk");
  assert_string_equal(c->secret_file, "secrets/desk.secret");
  assert_string_equal(c->message_id_domain, "deskbell.invalid");
  assert_string_equal(c->redis.url, "");
  assert_string_equal(c->redis.fsync, "always");
  assert_int_equal(c->redis.maxmemory, 2ull << 30);
  assert_string_equal(c->link.listen, "ipc:///desk/router.ipc");
  assert_string_equal(c->link.connect, "ipc:///desk/router.ipc");
  assert_string_equal(c->link.keys, "keys");
  assert_int_equal(c->link.window_events, 4096);
  assert_int_equal(c->link.window_bytes, 16 << 20);
  assert_int_equal(c->link.heartbeat_ms, 1000);
  assert_int_equal(c->link.dead_after_ms, 3000);
  assert_int_equal(c->spool.size, 256 << 20);
  assert_int_equal(c->spool.keep_ms, 60000);
  assert_int_equal(c->spool.blob_max, 64 << 20);
  assert_int_equal(c->spool.blob_keep_ms, 0);
  assert_int_equal(c->spool.blob_reserve, 64 << 20);
  assert_int_equal(c->router.lanes, 8);
  assert_int_equal(c->router.batch, 128);
  assert_int_equal(c->router.redis_deadline_ms, 5000);
  assert_int_equal(c->router.thread_idle_ms, 7ll * 86400000);
  assert_int_equal(c->router.journal_keep_ms, 0);
  assert_int_equal(c->router.dedupe_keep_ms, 9ll * 86400000);
  assert_string_equal(c->router.health, "127.0.0.1:0");
  assert_string_equal(c->email.listen_tcp, "127.0.0.1:0");
  assert_string_equal(c->email.listen_unix, "email.sock");
  assert_int_equal(c->email.max_size, 32 << 20);
  assert_int_equal(c->email.max_recipients, 1000);
  assert_int_equal(c->email.max_connections, 500);
  assert_int_equal(c->email.idle_timeout_ms, 300000);
  assert_int_equal(c->email.command_max, 4096);
  assert_int_equal(c->email.parsers, 1);
  assert_int_equal(c->email.parser_memory, 512 << 20);
  assert_int_equal(c->email.parser_deadline_ms, 10000);
  const struct http_settings *both[] = {&c->sms, &c->webform};
  for (size_t i = 0; i < COUNT(both); i++) {
    assert_string_equal(both[i]->listen, "127.0.0.1:0");
    assert_int_equal(both[i]->max_connections, 2000);
    assert_int_equal(both[i]->max_per_address, 2000);
    assert_int_equal(both[i]->deadline_ms, 10000);
    assert_int_equal(both[i]->trusted_proxy_count, 0);
    assert_string_equal(both[i]->health, "127.0.0.1:0");
  }
  config_free(&c);
  assert_null(c);
  config_free(&c);
  config_free(NULL);
}

static void test_default_channels(void **state) {
  (void)state;
  struct config *c = good(config_default_yaml());
  assert_int_equal(c->channel_count, 4);
  const struct channel_config *mail = config_channel(c, SLICE("mail"));
  assert_int_equal(mail->kind, CHANNEL_EMAIL);
  assert_int_equal(mail->address_count, 1);
  assert_string_equal(mail->addresses[0], "*");
  assert_true(mail->enabled);
  assert_int_equal(mail->provider, PROVIDER_NONE);
  assert_string_equal(mail->title, ""); /* never NULL */
  assert_string_equal(mail->account_sid, "");
  const struct channel_config *sms = config_channel(c, SLICE("sms"));
  assert_int_equal(sms->kind, CHANNEL_SMS);
  assert_int_equal(sms->provider, PROVIDER_TWILIO);
  assert_int_equal(sms->secret_file_count, 1);
  assert_string_equal(sms->secret_files[0], "secrets/sms.secret");
  assert_int_equal(sms->max_body, 1 << 20);
  const struct channel_config *hook = config_channel(c, SLICE("hook"));
  assert_int_equal(hook->kind, CHANNEL_WEBHOOK);
  assert_int_equal(hook->provider, PROVIDER_GENERIC);
  const struct channel_config *contact = config_channel(c, SLICE("contact"));
  assert_int_equal(contact->kind, CHANNEL_FORM);
  assert_string_equal(contact->title, "Contact us");
  assert_string_equal(contact->language, "en");
  assert_int_equal(contact->max_body, 10 << 20);
  assert_true(contact->rate == 0);
  assert_false(contact->uploads);
  assert_int_equal(contact->min_fill_ms, 3000);
  assert_int_equal(contact->max_fill_ms, 86400000);
  assert_null(config_channel(c, SLICE("nobody")));
  assert_string_equal(channel_kind_text(CHANNEL_WEBHOOK), "webhook");
  config_free(&c);
}

/* ---- every row */

/* Good and bad values per type; every row of that type is tried with them. %s is the row's key. */
static const struct {
  enum row_type type;
  const char *value;
  const char *complaint; /* NULL: good */
} tries[] = {
    {ROW_TEXT, "plain words", NULL},
    {ROW_TEXT, "\"\\x07\"", "'?' holds a control character"},
    {ROW_TEXT, "\"a\\nb\"", "'a?b' holds a control character"},
    {ROW_TEXT, "[a]", "'%s' needs one value, not a list"},
    {ROW_TEXT, "{a: b}", "'%s' needs one value, not a map"},
    {ROW_TEXT, "", "'%s' has no value; write \"\" for an empty one"},
    {ROW_TEXT, "~", "'%s' has no value; write \"\" for an empty one"},
    {ROW_PROSE, "\"two\\nlines\"", NULL},
    {ROW_PROSE, "\"\\e\"", "'?' holds a control character"},
    {ROW_PATH, "/some/where", NULL},
    {ROW_PATH, "\"a\\nb\"", "'a?b' holds a control character"},
    {ROW_NAME, "a-1", NULL},
    {ROW_NAME, "Ä", "'Ä' is not a name: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit"},
    {ROW_LISTEN, "127.0.0.1:0", NULL},
    {ROW_LISTEN, "8080", "'8080' is not host:port (\"127.0.0.1:8080\", \"[::1]:0\")"},
    {ROW_LINK, "tcp://127.0.0.1:5555", NULL},
    {ROW_LINK, "127.0.0.1:5555", "'127.0.0.1:5555' is not tcp://host:port or ipc:///path"},
    {ROW_REDIS, "unix:/run/redis.sock", NULL},
    {ROW_REDIS, "redis://x", "'redis://x' is not unix:/path or host:port"},
    {ROW_DOMAIN, "example.com", NULL},
    {ROW_DOMAIN, "ex ample", "'ex ample' is not a domain (IDN as xn--…)"},
    {ROW_URL, "https://example.com/x", NULL},
    {ROW_URL, "example.com", "'example.com' is not a http:// or https:// address"},
    {ROW_LANGUAGE, "pt-BR", NULL},
    {ROW_LANGUAGE, "english", NULL}, /* a registered form, if not a language */
    {ROW_LANGUAGE, "en_US", "'en_US' is not a language tag such as en or pt-BR"},
    {ROW_BOOL, "false", NULL},
    {ROW_BOOL, "yes", "'yes' is not true or false"},
    {ROW_COUNT, "many", "'many' is not a whole number"},
    {ROW_COUNT, "-1", "'-1' is not a whole number"},
    {ROW_COUNT, "", "'%s' has no value"},
    {ROW_DURATION, "30", "'30' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
    {ROW_DURATION, "soon", "'soon' is not a duration: 250ms, 30s, 5m, 2h, 7d"},
    {ROW_SIZE, "30", "'30' needs a unit: 512B, 64KiB, 10MiB, 1GiB"},
    {ROW_SIZE, "30MB", "'30MB' is not a size: 512B, 64KiB, 10MiB, 1GiB"},
    {ROW_DECIMAL, "0.25", NULL},
    {ROW_DECIMAL, "fast", "'fast' is not a number such as 10 or 0.5"},
    {ROW_PEERS, "[127.0.0.1, \"::1\"]", NULL},
    {ROW_PEERS, "127.0.0.1", "'%s' needs a list: [\"…\", \"…\"]"},
    {ROW_PEERS, "[proxy]", "'proxy' is not an IP address"},
    {ROW_PEERS, "[[a]]", "an entry of '%s' must be a text"},
    {ROW_PEERS, "[~]", "an entry of '%s' must be a text"},
    {ROW_PEERS, "[\"\"]", "'%s' may not be empty"},
    {ROW_PEERS, "", "'%s' has no value"},
    {ROW_ORIGINS, "[\"https://a.example\"]", NULL},
    {ROW_ORIGINS, "[a.example]", "'a.example' is not an origin: https://host or https://host:port"},
    {ROW_LINES, "[\"a: b\", c]", NULL},
    {ROW_PATHS, "[a, b]", NULL},
    {ROW_PATHS, "[a, b, c]", "'%s' has 3 entries; at most 2 are allowed"},
    {ROW_RECIPIENTS, "[\"a@example.com\", \"@example.com\", \"*\"]", NULL},
    {ROW_RECIPIENTS, "[support]",
     "'support' is not \"name@example.com\", \"@example.com\" or \"*\" (no '+', IDN as xn--…)"},
    {ROW_NUMBERS, "[\"+14155552671\", \"12345\"]", NULL},
    {ROW_AUTHSERV_IDS, "[mx.example.com, \"-\"]", NULL},
    {ROW_AUTHSERV_IDS, "[\"a;b\"]",
     "'a;b' is not a name such as mx.example.com (without ';', '=', quotes and blanks), nor \"-\""},
    {ROW_HEADERS, "[\"X-Spam-Flag: YES\", \"X-Spam-Status:Yes*\"]", NULL},
    {ROW_HEADERS, "[X-Spam-Flag]",
     "'X-Spam-Flag' is not \"Name: value\", with '*' for any run of characters in the value"},
    {ROW_NUMBERS, "[\"+1\"]", "'+1' is not a number \"+14155552671\", a short code or a sender name"},
    {ROW_HOST, "imap.example.com", NULL},
    {ROW_HOST, "\"::1\"", NULL},
    {ROW_HOST, "\"a:1\"", "'a:1' is not a host's name or IP address (IDN as xn--…)"},
    {ROW_PIN, "sha256:0123456789abcdefABCDEF01234567890123456789abcdefABCDEF0123456789", NULL},
    {ROW_PIN, "sha256:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a", NULL},
    {ROW_PIN, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL},
    {ROW_PIN, "sha256:0123", "'sha256:0123' is not sha256: and 64 hex digits, nor sha256// and base64"},
    {ROW_PIN, "sha256//AAAA", "'sha256//AAAA' is not sha256: and 64 hex digits, nor sha256// and base64"},
    {ROW_PIN, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*AAAAAAAAAAA=",
     "'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*AAAAAAAAAAA=' is not sha256: and 64 hex digits, nor sha256// and base64"},
    {ROW_DATE, "2024-02-29", NULL},
    {ROW_DATE, "2026-02-29", "'2026-02-29' is not a day such as 2026-11-24"},
    {ROW_DATE, "2026-13-01", "'2026-13-01' is not a day such as 2026-11-24"},
    {ROW_DATE, "2026-1-011", "'2026-1-011' is not a day such as 2026-11-24"},
    {ROW_KEYWORD, "$Taken", NULL},
    {ROW_KEYWORD, "\"a b\"", "'a b' is not an IMAP keyword: letters, digits and !#$&'+,-./:;<=>?@[^_`|}~"},
    {ROW_KEYWORD, "\"\\\\Seen\"", "'\\Seen' is not an IMAP keyword: letters, digits and !#$&'+,-./:;<=>?@[^_`|}~"},
    {ROW_FOLDERS, "[INBOX, \"Büro/Süd\"]", NULL},
    {ROW_FOLDERS, "[\"a\\tb\"]", "'a?b' is not a folder: 1 to 255 bytes without controls"},
    {ROW_FIELDS, "[Delivered-To]", NULL},
    {ROW_FIELDS, "[\"To:\"]", "'To:' is not a header field's name"},
};

/* What a channel of each kind needs besides the setting under test. */
static void channel_yaml(struct buf *b, const struct row *row, const char *value) {
  enum channel_kind kind = CHANNEL_EMAIL;
  while (!(row->kinds & 1u << kind))
    kind++;
  const char *const lines[][2] = {{"name", "x"}, {"kind", channel_kind_text(kind)}, {"provider", "twilio"},
                                  {"secret_files", "[s]"}, {"addresses", "[\"*\"]"}};
  buf_printf(b, "channels:\n  - %s: %s\n", row->key, value);
  for (size_t i = 0; i < COUNT(lines); i++) {
    bool needed = i < 2 || (kind == CHANNEL_EMAIL ? i == 4 : kind != CHANNEL_FORM && i < 4);
    if (needed && strcmp(lines[i][0], row->key) != 0)
      buf_printf(b, "    %s: %s\n", lines[i][0], lines[i][1]);
  }
}

/* The same for a mailbox. */
static void mailbox_yaml(struct buf *b, const struct row *row, const char *value) {
  static const char *const lines[][2] = {{"name", "x"}, {"channel", "m"}, {"host", "127.0.0.1"}, {"user", "u"}};
  bool oauth = strncmp(row->key, "oauth", 5) == 0;
  buf_printf(b, "mailboxes:\n  - %s: %s\n", row->key, value);
  for (size_t i = 0; i < COUNT(lines); i++)
    if (strcmp(lines[i][0], row->key) != 0)
      buf_printf(b, "    %s: %s\n", lines[i][0], lines[i][1]);
  if (strcmp(row->key, "first_since") == 0)
    buf_add_text(b, "    first_run: since\n");
  if (strcmp(row->key, "after_folder") == 0)
    buf_add_text(b, "    after: move\n");
  if (oauth)
    buf_add_text(b, "    auth: xoauth2\n");
  else if (strcmp(row->key, "password_file") != 0)
    buf_add_text(b, "    password_file: p\n");
  oauth = oauth && strcmp(row->key, "oauth_token_file") != 0;
  if (oauth && strcmp(row->key, "oauth_token_url") != 0)
    buf_add_text(b, "    oauth_token_url: https://t.example\n");
  if (oauth && strcmp(row->key, "oauth_client_id") != 0)
    buf_add_text(b, "    oauth_client_id: i\n");
  if (oauth && strcmp(row->key, "oauth_refresh_token_file") != 0)
    buf_add_text(b, "    oauth_refresh_token_file: r\n");
  buf_printf(b, "channels: [{name: %s, kind: email, addresses: [\"*\"]}]\n",
             strcmp(row->key, "channel") == 0 && *value ? value : "m");
}

static void try_value(const struct row *row, const char *value, const char *complaint_of_key) {
  struct buf yaml = BUF_INIT(1 << 16);
  bool in_list = list_section(row->section);
  if (row->kinds)
    channel_yaml(&yaml, row, value);
  else if (in_list)
    mailbox_yaml(&yaml, row, value);
  else
    buf_printf(&yaml, "%s:\n  %s: %s\n", row->section, row->key, value);
  if (!complaint_of_key) {
    struct config *c = good(yaml.at);
    config_free(&c);
  } else {
    char want[1024];
    unsigned column = (in_list ? 5 : 3) + (unsigned)strlen(row->key) + 2;
    if (*value == '[' && strncmp(complaint_of_key + 4, " has", 4) != 0 && !strstr(complaint_of_key, "one value"))
      column++; /* at the entry */
    if (!*value)
      column--; /* nothing there: right behind the colon */
    int len = snprintf(want, sizeof(want), "deskbell.yaml:%d:%u: ", 2, column);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(want + len, sizeof(want) - (size_t)len, complaint_of_key, row->key);
#pragma GCC diagnostic pop
    refused(yaml.at, want);
  }
  buf_free(&yaml);
}

static void test_every_row(void **state) {
  (void)state;
  bool tried[ROW_TYPES] = {[ROW_WORD] = true, [ROW_CHOICE] = true};
  for (size_t i = 0; i < COUNT(tries); i++)
    for (size_t n = 0; n < config_row_count; n++)
      if (config_rows[n].type == tries[i].type) {
        tried[tries[i].type] = true;
        try_value(&config_rows[n], tries[i].value, tries[i].complaint);
      }
  for (size_t i = 0; i < ROW_TYPES; i++)
    assert_true(tried[i]);
}

/* The default, the least and the most fit; one less and one more do not. */
static void test_every_range(void **state) {
  (void)state;
  for (size_t i = 0; i < config_row_count; i++) {
    const struct row *row = &config_rows[i];
    if (row->type != ROW_COUNT && row->type != ROW_DURATION && row->type != ROW_SIZE)
      continue;
    void *base = calloc(1, sizeof(struct config) + sizeof(struct channel_config));
    struct complaint complaint;
    struct document d = {.name = "x", .complaint = &complaint};
    const char *const fits[] = {row->fallback, row->least, row->most};
    for (size_t n = 0; n < COUNT(fits); n++) {
      struct node value = {.kind = NODE_TEXT, .text = slice_text(fits[n])};
      assert_int_equal(row_read(row, base, &value, &d), 0);
    }
    char text[64], want[256];
    snprintf(text, sizeof(text), "1%s", row->most); /* ten times as much, or more */
    struct node large = {.kind = NODE_TEXT, .text = slice_text(text)};
    assert_int_equal(row_read(row, base, &large, &d), -EINVAL);
    snprintf(want, sizeof(want), "'%s' is too large for '%s': %s to %s", text, row->key, row->least, row->most);
    assert_string_equal(complaint.text, want);
    struct node none = {.kind = NODE_TEXT, .text = SLICE("0")};
    if (strcmp(row->least, "0") != 0) {
      assert_int_equal(row_read(row, base, &none, &d), -EINVAL);
      snprintf(want, sizeof(want), "'0' is too small for '%s': %s to %s", row->key, row->least, row->most);
      assert_string_equal(complaint.text, want);
    }
    free(base);
  }
}

static void test_every_text_length(void **state) {
  (void)state;
  for (size_t i = 0; i < config_row_count; i++) {
    const struct row *row = &config_rows[i];
    if (row_form(row)->shape != SHAPE_TEXT || row->type == ROW_WORD)
      continue;
    char *base = calloc(1, sizeof(struct config) + sizeof(struct channel_config));
    struct complaint complaint;
    struct document d = {.name = "x", .complaint = &complaint};
    size_t most = strtoul(row->most, NULL, 10);
    char *text = calloc(1, most + 2), want[256];
    memset(text, 'a', most + 1);
    struct node value = {.kind = NODE_TEXT, .text = slice_of(text, most + 1)};
    assert_int_equal(row_read(row, base, &value, &d), -EINVAL);
    snprintf(want, sizeof(want), "the text for '%s' has %zu bytes; at most %zu are allowed", row->key, most + 1, most);
    assert_string_equal(complaint.text, want);
    struct node empty = {.kind = NODE_TEXT, .text = slice_of("", 0)};
    bool may_be_empty = strcmp(row->least, "0") == 0;
    assert_int_equal(row_read(row, base, &empty, &d), may_be_empty ? 0 : -EINVAL);
    snprintf(want, sizeof(want), "'%s' may not be empty", row->key);
    if (!may_be_empty)
      assert_string_equal(complaint.text, want);
    row_free(row, base);
    free(text);
    free(base);
  }
}

/* ---- the words of complaints, exactly */

static void test_complaints(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *want;
  } cases[] = {
      {"email:\n  max_size: 1MiB\n  idle_timout: 5m\n",
       "deskbell.yaml:3:3: unknown key 'idle_timout' in section 'email'; did you mean 'idle_timeout'? allowed: "
       "listen_tcp, listen_unix, max_size, max_recipients, max_connections, idle_timeout, command_max, parsers, "
       "parser_memory, parser_deadline, health"},
      {"email:\n  idle_timeout: 30\n", "deskbell.yaml:2:17: '30' needs a unit: 250ms, 30s, 5m, 2h, 7d"},
      {"email:\n  idle_timeout: 2h\n", "deskbell.yaml:2:17: '2h' is too large for 'idle_timeout': 1s to 1h"},
      {"spool: {keep_ms: 5}\n", "deskbell.yaml:1:9: unknown key 'keep_ms' in section 'spool'; did you mean 'keep'? "
                                "allowed: size, keep, blob_max, blob_keep, blob_reserve"},
      {"link: {zzzzzz: 5}\n", "deskbell.yaml:1:8: unknown key 'zzzzzz' in section 'link'; allowed: listen, connect, "
                              "keys, window_events, window_bytes, heartbeat, dead_after"},
      {"emial: {}\n", "deskbell.yaml:1:1: unknown key 'emial' in the document; did you mean 'email'? allowed: desk, "
                      "redis, link, spool, router, email, dispatch, acknowledge, outbound, smtp, sms, webform, inbox, mailboxes, channels"},
      {"email: [a]\n", "deskbell.yaml:1:8: section 'email' must be made of 'key: value' lines"},
      {"email: fast\n", "deskbell.yaml:1:8: section 'email' must be made of 'key: value' lines"},
      {"redis: {fsync: never}\n", "deskbell.yaml:1:16: 'never' is not allowed for 'fsync': always, everysec"},
      {"router: {dedupe_keep: 1d}\n", "deskbell.yaml:1:23: '1d' is too small for 'dedupe_keep': 8d to 3650d"},
      {"channels: {a: b}\n", "deskbell.yaml:1:11: 'channels' must be a list: each channel begins with '- name: …'"},
      {"mailboxes: {a: b}\n", "deskbell.yaml:1:12: 'mailboxes' must be a list: each mailbox begins with '- name: …'"},
      {"mailboxes: [x]\n", "deskbell.yaml:1:13: a mailbox must be made of 'key: value' lines"},
      {"mailboxes: [{name: x, channel: m}]\n", "deskbell.yaml:1:13: a mailbox needs 'host'"},
      {"mailboxes:\n  - {name: x, channel: m, host: h, user: u, pasword_file: p}\n",
       "deskbell.yaml:2:45: unknown key 'pasword_file' in a mailbox; did you mean 'password_file'? allowed: name, "
       "channel, enabled, host, port, tls, tls_pin, tls_ca_file, allow_cleartext, user, auth, password_file, "
       "oauth_token_file, oauth_token_url, oauth_client_id, oauth_client_secret_file, oauth_refresh_token_file, "
       "oauth_scope, proxy, folders, first_run, first_since, after, after_keyword, after_folder, poll, reconcile, alarm_after, recipient_fields"},
      {"mailboxes:\n  - {name: x, channel: m, host: h, user: u, port: 0}\n",
       "deskbell.yaml:2:51: '0' is too small for 'port': 1 to 65535"},
      {"channels:\n  - mail\n", "deskbell.yaml:2:5: a channel must be made of 'key: value' lines"},
      {"channels:\n  - name: mail\n", "deskbell.yaml:2:5: a channel needs 'kind'"},
      {"channels:\n  - kind: email\n", "deskbell.yaml:2:5: a channel needs 'name'"},
      {"channels:\n  - {name: a, kind: fax}\n",
       "deskbell.yaml:2:21: 'fax' is not allowed for 'kind': email, sms, webhook, form"},
      {"channels:\n  - {name: a, kind: sms, provider: nexmo}\n",
       "deskbell.yaml:2:36: 'nexmo' is not allowed for 'provider': none, twilio, generic"},
      {"channels:\n  - name: a\n    kind: sms\n    title: Hi\n",
       "deskbell.yaml:4:5: key 'title' does not fit a channel of kind 'sms'"},
      {"channels:\n  - name: a\n    kind: email\n    adresses: []\n",
       "deskbell.yaml:4:5: unknown key 'adresses' in a channel of kind 'email'; did you mean 'addresses'? allowed: "
       "name, kind, enabled, addresses, from_address, from_name, unsure, authserv_ids, spam_headers"},
      {"channels:\n  - {name: a, kind: form, rate: 1000001}\n",
       "deskbell.yaml:2:33: '1000001' is too large for 'rate': 0 to 1000000"},
      {"a: 1\n---\n", "deskbell.yaml:2:1: only one document is allowed in the file"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    refused(cases[i].yaml, cases[i].want);
}

static void test_values_are_kept(void **state) {
  (void)state;
  struct config *c = good("desk: {name: \"Büro Süd\"}\nredis: {url: \"unix:/run/r.sock\", fsync: everysec}\n"
                          "router: {lanes: 8, thread_idle: 36h}\nsms: {trusted_proxies: [\"10.0.0.1\", \"::1\"]}\n"
                          "email:\n"
                          "channels:\n  - {kind: form, name: f, title: '123', uploads: true, "
                          "rate: 2.5, enabled: false}\n");
  assert_string_equal(c->name, "Büro Süd");
  assert_string_equal(c->redis.url, "unix:/run/r.sock");
  assert_string_equal(c->redis.fsync, "everysec");
  assert_int_equal(c->router.lanes, 8);
  assert_int_equal(c->router.thread_idle_ms, 36 * 3600 * 1000);
  assert_int_equal(c->sms.trusted_proxy_count, 2);
  assert_string_equal(c->sms.trusted_proxies[1], "::1");
  assert_string_equal(c->channels[0].title, "123");
  assert_true(c->channels[0].uploads && !c->channels[0].enabled && c->channels[0].rate == 2.5);
  config_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),          cmocka_unit_test(test_default_channels),
      cmocka_unit_test(test_every_row),         cmocka_unit_test(test_every_range),
      cmocka_unit_test(test_every_text_length), cmocka_unit_test(test_complaints),
      cmocka_unit_test(test_values_are_kept),   cmocka_unit_test(test_print_reads_back),
      cmocka_unit_test(test_print_ceiling),     cmocka_unit_test(test_sample_file),
      cmocka_unit_test(test_sample_uncommented), cmocka_unit_test(test_manual),
      cmocka_unit_test(test_load),              cmocka_unit_test(test_paths),
      cmocka_unit_test(test_secrets),           cmocka_unit_test(test_cross_checks),
      cmocka_unit_test(test_effective_link),    cmocka_unit_test(test_socket_paths),
      cmocka_unit_test(test_many_channels),     cmocka_unit_test(test_recipients),
      cmocka_unit_test(test_mailboxes),         cmocka_unit_test(test_mailbox_checks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
