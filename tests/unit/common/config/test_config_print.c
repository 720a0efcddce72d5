/* SPDX-License-Identifier: Apache-2.0 */
/* What is written comes back: printing, the sample file, the manual; and the files a configuration names. */
#include "base/file.h"
#include "test_config.h"
#include <unistd.h>

/* ---- printing */

static void assert_prints_back(struct config *c) {
  struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
  config_print(c, &first);
  assert_false(first.full);
  struct config *again = good(first.at);
  config_print(again, &second);
  assert_string_equal(first.at, second.at);
  for (size_t i = 0; i < config_row_count; i++)
    for (size_t n = 0;; n++) {
      const struct list_section *list = list_section(config_rows[i].section);
      const void *one = list ? list_item(list, c, n) : n == 0 ? c : NULL;
      const void *two = list ? list_item(list, again, n) : n == 0 ? again : NULL;
      assert_true(!one == !two);
      if (!one)
        break;
      struct buf a = BUF_INIT(1 << 16), b = BUF_INIT(1 << 16);
      row_print(&config_rows[i], one, &a);
      row_print(&config_rows[i], two, &b);
      assert_string_equal(a.at, b.at);
      buf_free(&a);
      buf_free(&b);
    }
  buf_free(&first);
  buf_free(&second);
  config_free(&again);
}

void test_print_reads_back(void **state) {
  (void)state;
  static const char *const documents[] = {
      NULL, /* the default */
      "",
      "mailboxes:\n"
      "  - {name: x, channel: m, host: imap.example.com, user: u, password_file: p, first_run: since,\n"
      "     first_since: 2026-11-24, folders: [INBOX, \"a \\\"b\\\"\"], after: move, after_folder: done}\n"
      "  - {name: y, channel: m, host: 127.0.0.1, user: v, port: 143, tls: none, auth: xoauth2, poll: 90s,\n"
      "     oauth_token_url: \"https://t.example/token\", oauth_client_id: i, oauth_client_secret_file: s}\n"
      "channels: [{name: m, kind: email, addresses: [\"*\"]}]\n",
      "email: {max_size: 12345B, idle_timeout: 1500ms}\nspool: {blob_keep: 30d}\n",
      "desk: {name: \"a \\\"b\\\" \\\\ \\u2028 \\uFEFF é 😀 # : - *\"}\n"
      "channels:\n"
      "  - {name: f, kind: form, intro: \"one\\ntwo\\ttabs\", origins: [\"https://a.example\"], rate: 0.1}\n"
      "  - {name: m, kind: email, addresses: [\"a@b.c\", \"@b.c\"], enabled: false}\n"
      "  - {name: s, kind: sms, provider: twilio, secret_files: [a, b], addresses: [\"+14155552671\"]}\n",
  };
  for (size_t i = 0; i < COUNT(documents); i++) {
    struct config *c = good(documents[i] ? documents[i] : config_default_yaml());
    assert_prints_back(c);
    config_free(&c);
  }
}

void test_print_ceiling(void **state) {
  (void)state;
  struct config *c = good(config_default_yaml());
  struct buf small = BUF_INIT(100);
  config_print(c, &small);
  assert_true(small.full && small.len <= 100);
  buf_free(&small);
  config_free(&c);
}

void test_sample_file(void **state) {
  (void)state;
  struct buf file = BUF_INIT(1 << 20);
  assert_int_equal(file_read(DEPLOY_CONFIG "/deskbell.yaml", &file), 0);
  assert_string_equal(file.at, config_default_yaml()); /* made from the rows: write it anew when a row changes */
  struct slice rest = buf_slice(&file), line;
  while (slice_split(&rest, '\n', &line))
    assert_true(line.len <= 120);
  buf_free(&file);
}

/* Every commented-out setting of the sample is what the program does without it. */
void test_sample_uncommented(void **state) {
  (void)state;
  struct buf text = BUF_INIT(1 << 20), a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
  struct slice rest = slice_text(config_default_yaml()), line;
  bool channels = false;
  while (slice_split(&rest, '\n', &line)) {
    struct slice setting = line;
    channels = channels || slice_starts_nocase(line, SLICE("channels:"));
    if (!channels && line.len > 3 && memcmp(line.at, "  #", 3) == 0 && line.at[3] != ' ') {
      buf_add_text(&text, "  ");
      setting = slice_of(line.at + 3, line.len - 3);
    }
    buf_add_slice(&text, setting);
    buf_add_char(&text, '\n');
  }
  struct config *plain = good(config_default_yaml()), *written = good(text.at);
  config_print(plain, &a);
  config_print(written, &b);
  assert_string_equal(a.at, b.at);
  config_free(&plain);
  config_free(&written);
  buf_free(&text);
  buf_free(&a);
  buf_free(&b);
}

void test_manual(void **state) {
  (void)state;
  for (size_t s = 0; s < config_section_count; s++) {
    struct buf text = BUF_INIT(1 << 16);
    config_manual(config_sections[s].name, &text);
    for (size_t i = 0; i < config_row_count; i++)
      if (strcmp(config_rows[i].section, config_sections[s].name) == 0)
        assert_non_null(strstr(text.at, config_rows[i].manual));
    buf_free(&text);
  }
  struct buf text = BUF_INIT(1 << 16);
  config_manual("channel", &text);
  assert_non_null(strstr(text.at, "| `min_fill` | duration | `3s` | 0 to 10m | Sent sooner after opening: suspected of "
                                  "a robot. For: form |\n"));
  buf_clear(&text);
  config_manual("mailbox", &text);
  assert_non_null(strstr(text.at, "| `first_run` | choice | `now` | now, all, since |"));
  buf_clear(&text);
  config_manual("redis", &text);
  assert_non_null(strstr(text.at, "| `fsync` | choice | `always` | always, everysec |"));
  buf_free(&text);
}

/* ---- files */

struct folder {
  char path[64];
};

static void write_file(const struct folder *f, const char *name, struct slice bytes) {
  char *path = path_join(f->path, name);
  assert_int_equal(file_write_atomic(path, bytes, 0600), 0);
  free(path);
}

static void remove_file(const struct folder *f, const char *name) {
  char *path = path_join(f->path, name);
  unlink(path);
  free(path);
}

void test_load(void **state) {
  (void)state;
  struct folder f = {"/tmp/deskbell-config-XXXXXX"};
  struct config *c = NULL;
  struct complaint complaint = {0};
  assert_non_null(mkdtemp(f.path));
  char *path = path_join(f.path, "d.yaml");
  assert_int_equal(config_load(path, f.path, &c, &complaint), -ENOENT);
  assert_string_equal(complaint.text, "cannot be read: No such file or directory");
  assert_string_equal(complaint.file, path);
  write_file(&f, "d.yaml", SLICE("router: {lanes: 2}\n"));
  assert_int_equal(config_load(path, f.path, &c, &complaint), 0);
  assert_int_equal(c->router.lanes, 2);
  config_free(&c);
  char *large = malloc(DOCUMENT_MAX_BYTES + 1);
  memset(large, '\n', DOCUMENT_MAX_BYTES + 1);
  write_file(&f, "d.yaml", slice_of(large, DOCUMENT_MAX_BYTES + 1));
  assert_int_equal(config_load(path, f.path, &c, &complaint), -EINVAL);
  assert_string_equal(complaint.text, "larger than 1MiB");
  free(large);
  assert_int_equal(config_load(path, "", &c, &complaint), -EINVAL);
  assert_int_equal(config_load(NULL, NULL, &c, &complaint), -EINVAL);
  assert_string_equal(complaint.text, "the desk's folder is not given (--dir)");
  remove_file(&f, "d.yaml");
  rmdir(f.path);
  free(path);
}

void test_paths(void **state) {
  (void)state;
  struct config *c = NULL;
  struct complaint complaint;
  assert_int_equal(config_parse(SLICE(""), "x", "desk/one//", &c, &complaint), 0);
  assert_int_equal(c->dir[0], '/');
  assert_string_equal(c->dir + strlen(c->dir) - strlen("/desk/one"), "/desk/one");
  config_free(&c);
  c = good("");
  static const char *const cases[][2] = {{"a/b", "/desk/a/b"}, {"/a", "/a"}, {"", ""}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    char *path = config_path(c, cases[i][0]);
    assert_string_equal(path, cases[i][1]);
    free(path);
  }
  config_free(&c);
}

void test_secrets(void **state) {
  (void)state;
  static const struct {
    struct slice bytes;
    int r;
    const char *want; /* the secret, or the complaint */
  } cases[] = {
      {SLICE("  secret-1 \n"), 0, "secret-1"},
      {SLICE("x"), 0, "x"},
      {SLICE(" \n"), -EINVAL, "the secret is empty"},
      {SLICE(""), -EINVAL, "the secret is empty"},
      {SLICE("a\0b"), -EINVAL, "the secret is not text (it holds a NUL byte)"},
  };
  struct folder f = {"/tmp/deskbell-config-XXXXXX"};
  assert_non_null(mkdtemp(f.path));
  struct config *c = NULL;
  struct complaint complaint = {0};
  static const char yaml[] = "channels:\n  - {name: s, kind: sms, provider: twilio, secret_files: [old, new]}\n";
  assert_int_equal(config_parse(slice_text(yaml), "x", f.path, &c, &complaint), 0);
  char *secrets[2] = {NULL, NULL};
  size_t count = 99;
  assert_int_equal(config_secrets(c, &c->channels[0], secrets, 2, &count, &complaint), -ENOENT);
  assert_string_equal(complaint.text, "the secret cannot be read: No such file or directory");
  write_file(&f, "old", SLICE("previous"));
  for (size_t i = 0; i < COUNT(cases); i++) {
    write_file(&f, "new", cases[i].bytes);
    assert_int_equal(config_secrets(c, &c->channels[0], secrets, 2, &count, &complaint), cases[i].r);
    if (cases[i].r) {
      assert_string_equal(complaint.text, cases[i].want);
      assert_null(secrets[0]);
      assert_int_equal(count, 99);
      continue;
    }
    assert_int_equal(count, 2);
    assert_string_equal(secrets[0], "previous");
    assert_string_equal(secrets[1], cases[i].want);
    free(secrets[0]), free(secrets[1]);
    secrets[0] = secrets[1] = NULL;
    count = 99;
  }
  char large[5000];
  memset(large, 'x', sizeof(large));
  write_file(&f, "new", slice_of(large, sizeof(large)));
  assert_int_equal(config_secrets(c, &c->channels[0], secrets, 2, &count, &complaint), -EINVAL);
  assert_string_equal(complaint.text, "a secret has at most 4096 bytes");
  assert_int_equal(config_secrets(c, &c->channels[0], secrets, 1, &count, &complaint), 0); /* room for one */
  assert_int_equal(count, 1);
  free(secrets[0]);
  remove_file(&f, "old");
  remove_file(&f, "new");
  rmdir(f.path);
  config_free(&c);
}
