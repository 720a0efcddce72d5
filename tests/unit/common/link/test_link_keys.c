/* SPDX-License-Identifier: Apache-2.0 */
/* Key files, the allow-list made of them, and who gets in. */
#include "base/file.h"
#include "link/allow_list.h"
#include "link/link_internal.h"
#include "link/zap.h"
#include "link_world.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static void write_file(const char *path, const char *text) {
  assert_int_equal(file_write_atomic(path, slice_text(text), 0600), 0);
}

static unsigned mode_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return st.st_mode & 0777;
}

static void a_pair_is_made_once(void **state) {
  (void)state;
  struct world w;
  char public_key[KEY_TEXT], secret[KEY_TEXT], again[KEY_TEXT], alone[KEY_TEXT];
  world_open(&w);
  assert_int_equal(keys_read_pair(world_path(&w, "sms.key"), public_key, secret), 0);
  assert_int_equal(keys_read_public(world_path(&w, "sms.pub"), alone), 0);
  assert_string_equal(public_key, alone);
  assert_int_equal(mode_of(world_path(&w, "sms.key")), 0600);
  assert_int_equal(mode_of(world_path(&w, "sms.pub")), 0644);
  assert_int_equal(keys_make(w.dir, "sms"), 0);
  assert_int_equal(keys_read_pair(world_path(&w, "sms.key"), again, secret), 0);
  assert_string_equal(public_key, again);
  /* Died between the two files. */
  unlink(world_path(&w, "sms.pub"));
  assert_int_equal(keys_make(w.dir, "sms"), 0);
  assert_int_equal(keys_read_public(world_path(&w, "sms.pub"), alone), 0);
  assert_string_equal(public_key, alone);
  /* A public file of a pair that is lost does not fit the new one. */
  unlink(world_path(&w, "sms.key"));
  assert_int_equal(keys_make(w.dir, "sms"), 0);
  assert_int_equal(keys_read_public(world_path(&w, "sms.pub"), alone), 0);
  assert_string_not_equal(public_key, alone);
  assert_int_equal(keys_make("/nonexistent-folder", "sms"), -ENOENT);
  world_close(&w);
}

#define GOOD "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7" /* from the ZeroMQ documentation */
#define GOOD_SECRET "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

static void what_is_no_key_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int as_public;
  } rows[] = {
      {GOOD "\n", 0},
      {GOOD, 0},
      {GOOD "\r\n", 0},
      {"", -EBADMSG},
      {"\n\n", -EBADMSG},
      {"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\n", -EBADMSG},
      {GOOD "7\n", -EBADMSG},
      {"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\"\n", -EBADMSG},
      {"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\xff\n", -EBADMSG},
      {GOOD "\n" GOOD "\n", -EBADMSG},
      {GOOD "\ncomment\n", -EBADMSG},
  };
  struct world w;
  char key[KEY_TEXT], secret[KEY_TEXT];
  world_open(&w);
  const char *path = world_path(&w, "some.key");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    write_file(path, rows[i].text);
    if (keys_read_public(path, key) != rows[i].as_public)
      fail_msg("row %zu", i);
    assert_int_equal(keys_read_pair(path, key, secret), -EBADMSG);
  }
  write_file(path, GOOD "\n" GOOD_SECRET "\n");
  assert_int_equal(keys_read_pair(path, key, secret), 0);
  assert_string_equal(secret, GOOD_SECRET);
  write_file(path, GOOD_SECRET "\n" GOOD "\n"); /* swapped: they do not belong together so */
  assert_int_equal(keys_read_pair(path, key, secret), -EBADMSG);
  char large[1000];
  memset(large, 'a', sizeof(large) - 1);
  large[sizeof(large) - 1] = '\0';
  write_file(path, large);
  assert_int_equal(keys_read_public(path, key), -EBADMSG);
  assert_int_equal(keys_read_public(world_path(&w, "missing"), key), -ENOENT);
  unlink(world_path(&w, "router.key"));
  write_file(world_path(&w, "router.key"), "no key");
  assert_int_equal(keys_make(w.dir, "router"), -EBADMSG); /* never overwritten */
  world_close(&w);
}

static void the_allow_list_is_the_folder(void **state) {
  (void)state;
  struct world w;
  struct allow_list list;
  struct complaint c = {.text = ""};
  char text[KEY_TEXT];
  uint8_t key[32];
  world_open(&w);
  write_file(world_path(&w, "README.pub"), "not looked at: no program is called so");
  write_file(world_path(&w, "email.pub.123.new"), "half written");
  assert_int_equal(allow_list_read(w.dir, &list, &c), 0);
  assert_int_equal(list.count, 2);
  assert_true(allow_list_has(&list, SLICE("sms")));
  assert_true(allow_list_has(&list, SLICE("email")));
  assert_false(allow_list_has(&list, SLICE("router")));
  assert_int_equal(keys_read_public(world_path(&w, "sms.pub"), text), 0);
  zmq_z85_decode(key, text);
  assert_string_equal(allow_list_program(&list, slice_of(key, 32)), "sms");
  key[0] ^= 1;
  assert_null(allow_list_program(&list, slice_of(key, 32)));
  assert_null(allow_list_program(&list, slice_of(key, 31)));
  allow_list_free(&list);

  write_file(world_path(&w, "copy.pub"), text);
  assert_int_equal(allow_list_read(w.dir, &list, &c), -EINVAL);
  assert_non_null(strstr(c.text, "the same key"));
  write_file(world_path(&w, "copy.pub"), "broken");
  assert_int_equal(allow_list_read(w.dir, &list, &c), -EBADMSG);
  assert_non_null(strstr(c.file, "copy.pub"));
  assert_int_equal(allow_list_read_good(w.dir, &list, &c), 1);
  assert_non_null(strstr(c.file, "copy.pub"));
  assert_int_equal(list.count, 2);
  assert_true(allow_list_has(&list, SLICE("sms")));
  allow_list_free(&list);
  assert_int_equal(allow_list_read_good("/nonexistent-folder", &list, &c), -ENOENT);
  assert_int_equal(allow_list_read("/nonexistent-folder", &list, &c), -ENOENT);
  world_close(&w);
}

static void names_of_programs(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool ok;
  } rows[] = {{"sms", true}, {"a", true}, {"a-2", true}, {"2a", true}, {"", false}, {"-a", false}, {"A", false},
              {"a.b", false}, {"a b", false}, {"a/b", false}, {"\xc3\xa4", false},
              {"12345678901234567890123456789012", true}, {"123456789012345678901234567890123", false}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_int_equal(program_name_ok(slice_text(rows[i].name)), rows[i].ok);
}

static void who_gets_in(void **state) {
  (void)state;
  struct allowed row = {.program = "sms", .key = "0123456789abcdef0123456789abcde"};
  struct allow_list list = {.rows = &row, .count = 1};
  const struct slice key = slice_of(row.key, 32);
  const struct {
    struct slice parts[ZAP_PARTS + 1];
    size_t count;
    const char *status, *user;
  } rows[] = {
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE("::1"), SLICE("sms"), SLICE("CURVE"), key}, 7, "200", "sms"},
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE("::1"), SLICE("email"), SLICE("CURVE"), key}, 7, "200", "sms"},
      {{SLICE("2.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE(""), SLICE(""), SLICE("CURVE"), key}, 7, "500", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE("other"), SLICE(""), SLICE(""), SLICE("CURVE"), key}, 7, "400", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE(""), SLICE(""), SLICE(""), SLICE("CURVE"), key}, 7, "400", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE(""), SLICE(""), SLICE("NULL"), key}, 7, "400", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE(""), SLICE(""), SLICE("PLAIN"), key}, 7, "400", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE(""), SLICE(""), SLICE("CURVE"), SLICE("short")}, 7, "400", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE(""), SLICE(""), SLICE("CURVE")}, 6, "500", ""},
      {{SLICE("1.0"), SLICE("1"), SLICE(ZAP_DOMAIN), SLICE(""), SLICE(""), SLICE("CURVE"), key, key}, 8, "500", ""},
      {{SLICE("")}, 0, "500", ""},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct zap_verdict v = zap_decide(&list, rows[i].parts, rows[i].count);
    assert_string_equal(v.status, rows[i].status);
    assert_string_equal(v.user, rows[i].user);
  }
}

static void waiting_grows_to_five_seconds(void **state) {
  (void)state;
  static const int64_t whole[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
  for (unsigned i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
    assert_int_equal(link_backoff_ms(i, 0), whole[i] / 2);
    assert_int_equal(link_backoff_ms(i, (uint32_t)(whole[i] / 2)), whole[i]);
    for (uint32_t chance = 1; chance > 0; chance *= 3) {
      int64_t ms = link_backoff_ms(i, chance);
      assert_true(ms >= whole[i] / 2 && ms <= whole[i]);
      if (chance > UINT32_MAX / 3)
        break;
    }
  }
  assert_true(link_backoff_ms(UINT32_MAX, 7) <= 5000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pair_is_made_once),          cmocka_unit_test(what_is_no_key_is_refused),
      cmocka_unit_test(the_allow_list_is_the_folder), cmocka_unit_test(names_of_programs),
      cmocka_unit_test(who_gets_in),                  cmocka_unit_test(waiting_grows_to_five_seconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
