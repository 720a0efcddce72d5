/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be sent goes into quarantine with its bytes and stops nobody; what cannot be taken is said. */
#include "base/file.h"
#include "channel/channel_event.h"
#include "channel_world.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_original(struct world *w, const struct world_arrival *a, struct slice bytes) {
  struct buf found = BUF_INIT(2 * 1024 * 1024);
  assert_true(a->has_original);
  assert_int_equal(blob_read(spool_blobs(channel_spool(w->channel)), a->original, &found), 0);
  if (bytes.at) {
    assert_int_equal(found.len, bytes.len);
    assert_memory_equal(found.at, bytes.at, bytes.len);
  }
  buf_free(&found);
}

static void records_that_are_no_events_go_into_quarantine(void **state) {
  (void)state;
  static char large[CHANNEL_EVENT_MAX + 1];
  static const struct {
    uint32_t kind;
    struct slice payload;
    const char *reason;
  } rows[] = {
      {RECORD_EVENT, {"garbage", 7}, "invalid-event"},
      {RECORD_EVENT, {"", 0}, "invalid-event"},
      {RECORD_EVENT, {"\x0a\x1aUUUUUUUUUUUUUUUUUUUUUUUUUUrest", 32}, "invalid-event"}, /* U is not of the alphabet */
      {RECORD_EVENT, {large, sizeof(large)}, "too-large"},
      {99, {"of a program that was", 21}, "unknown-record"},
  };
  const unsigned count = sizeof(rows) / sizeof(rows[0]);
  struct world w;
  world_open(&w);
  world_router_open(&w);
  world_channel_open(&w, false);
  for (unsigned i = 0; i < count; i++) {
    world_take(&w, rows[i].kind, rows[i].payload);
    world_take_event(&w, i);
  }
  world_until(&w, world_idle);
  assert_int_equal(w.arrived, 2 * count);
  world_expect_in_order(&w, 2 * count);
  for (unsigned i = 0; i < count; i++) {
    const struct world_arrival *a = &w.arrivals[2 * i];
    assert_true(a->quarantine);
    assert_string_equal(a->reason, rows[i].reason);
    assert_string_equal(a->channel, "sms-main"); /* its first own one */
    expect_original(&w, a, rows[i].payload);
    assert_false(w.arrivals[2 * i + 1].quarantine);
  }
  world_close(&w);
}

static void an_event_made_too_large_goes_into_quarantine(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  w.normalise_too_large = true;
  world_router_open(&w);
  world_channel_open(&w, true);
  for (unsigned i = 1; i <= 10; i++)
    world_take_raw(&w, i);
  world_until(&w, world_idle);
  world_expect_in_order(&w, 10);
  for (unsigned i = 0; i < 10; i++)
    assert_string_equal(w.arrivals[i].reason, "too-large");
  world_close(&w);
}

/* Finds the bytes in the record file and turns one bit of them. */
static void damage(struct world *w, const char *needle) {
  char path[160];
  struct stat st;
  snprintf(path, sizeof(path), "%s/sms/spool/data.mdb", w->dir);
  int fd = open(path, O_RDWR);
  assert_true(fd >= 0 && fstat(fd, &st) == 0);
  char *map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  assert_ptr_not_equal(map, MAP_FAILED);
  char *at = memmem(map, (size_t)st.st_size, needle, strlen(needle));
  for (; at; at = memmem(at, (size_t)(map + st.st_size - at), needle, strlen(needle)))
    *at ^= 1;
  munmap(map, (size_t)st.st_size);
  close(fd);
}

static void a_damaged_record_is_told_with_its_bytes(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_channel_open(&w, true);
  world_take_event(&w, 1);
  world_take(&w, RECORD_RAW, SLICE("find-me-in-the-record-file"));
  world_take_event(&w, 3);
  while (w.taken < 3)
    uv_run(&w.loop, UV_RUN_ONCE);
  channel_close(&w.channel);
  damage(&w, "find-me-in-the-record-file");
  world_channel_open(&w, true);
  world_router_open(&w);
  world_until(&w, world_idle);
  world_expect_in_order(&w, 3);
  assert_string_equal(w.arrivals[1].reason, "spool-damaged");
  assert_false(w.arrivals[0].quarantine || w.arrivals[2].quarantine);
  expect_original(&w, &w.arrivals[1], slice_of(NULL, 0));
  world_close(&w);
}

static void the_entry_of_a_record_is_always_the_same(void **state) {
  (void)state;
  struct arena *a = arena_new(16 * 1024, 1024 * 1024);
  struct buf one = BUF_INIT(EVENT_MAX_BYTES), two = BUF_INIT(EVENT_MAX_BYTES);
  struct event_id id, again, other;
  struct quarantine_entry q = {.program = "sms", .channel = "c", .channel_kind = "sms", .reason = "spool-damaged",
                               .detail = "d", .seq = 7, .content = SLICE("bytes"), .received_ms = 5};
  channel_quarantine(&q, a, &id, &one);
  channel_quarantine(&q, a, &again, &two);
  assert_memory_equal(&id, &again, sizeof(id));
  assert_memory_equal(one.at, two.at, one.len);
  struct event_id found;
  assert_int_equal(channel_event_id(buf_slice(&one), a, &found), 0);
  assert_memory_equal(&id, &found, sizeof(id));
  q.seq = 8;
  channel_quarantine(&q, a, &other, &two);
  assert_memory_not_equal(&id, &other, sizeof(id));
  q.seq = 7;
  q.content = SLICE("another spool's");
  channel_quarantine(&q, a, &other, &two);
  assert_memory_not_equal(&id, &other, sizeof(id));
  buf_free(&one);
  buf_free(&two);
  arena_free(&a);
}

/* Another writer of protobuf may put the id elsewhere. */
static void an_id_that_is_not_in_front_is_found_as_well(void **state) {
  (void)state;
  static const char text[] = "0123456789abcdefghjkmnpqrg";
  char event[128];
  size_t n = 0;
  struct arena *a = arena_new(16 * 1024, 1024 * 1024);
  struct event_id id, expected;
  assert_int_equal(event_id_parse(slice_text(text), &expected), 0);
  memcpy(event + n, "\x10\x01\x1a\x03sms", 7), n += 7;
  memcpy(event + n, "\x0a\x1a", 2), n += 2;
  memcpy(event + n, text, EVENT_ID_LEN), n += EVENT_ID_LEN;
  assert_int_equal(channel_event_id(slice_of(event, n), a, &id), 0);
  assert_memory_equal(&id, &expected, sizeof(id));
  for (size_t cut = 0; cut < n; cut++)
    assert_int_equal(channel_event_id(slice_of(event, cut), a, &id), -EBADMSG);
  arena_free(&a);
}

static void a_full_spool_defers_and_drains(void **state) {
  (void)state;
  static char text[EVENT_TEXT_MAX];
  struct world w;
  struct buf reasons = BUF_INIT(4096);
  world_open(&w);
  w.config.spool.size = 2 * 1024 * 1024;
  w.config.spool.keep_ms = 0;
  world_channel_open(&w, true);
  channel_unhealthy(w.channel, &reasons);
  assert_int_equal(reasons.len, 0);
  memset(text, 'x', sizeof(text));
  size_t tried = 0;
  for (; w.full == 0; tried++) {
    world_take(&w, RECORD_RAW, slice_of(text, sizeof(text)));
    world_settle(&w);
  }
  while (w.taken < tried - 1)
    uv_run(&w.loop, UV_RUN_ONCE);
  channel_unhealthy(w.channel, &reasons);
  assert_non_null(strstr(reasons.at, "spool: "));
  world_router_open(&w);
  world_until(&w, world_idle);
  world_expect_in_order(&w, tried - 1);
  size_t taken = w.taken;
  while (w.taken == taken) { /* room comes with the next commit */
    world_take(&w, RECORD_RAW, slice_of(text, sizeof(text)));
    uv_run(&w.loop, UV_RUN_ONCE);
  }
  world_until(&w, world_idle);
  buf_free(&reasons);
  world_close(&w);
}

static void what_cannot_be_opened_is_said(void **state) {
  (void)state;
  struct world w;
  struct complaint c = {.text = ""};
  struct channel *second = NULL;
  world_open(&w);
  world_channel_open(&w, false);
  assert_int_equal(world_try_channel(&w, false, &second, &c), -EBUSY);
  assert_non_null(strstr(c.text, "another process uses this spool"));
  channel_close(&w.channel);
  char *key = path_join(w.dir, "keys/sms.key");
  unlink(key);
  assert_int_equal(world_try_channel(&w, false, &second, &c), -ENOENT);
  assert_string_equal(c.file, key);
  free(key);
  world_close(&w);
}

static void closing_answers_what_is_under_way(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_router_open(&w);
  world_channel_open(&w, true);
  w.normalise_later = true;
  world_take_raw(&w, 1);
  world_take(&w, RECORD_EVENT, SLICE("garbage: its bytes are being kept"));
  while (w.making_count < 1)
    uv_run(&w.loop, UV_RUN_ONCE);
  for (unsigned i = 2; i <= 100; i++)
    world_take_raw(&w, i);
  channel_close(&w.channel);
  assert_int_equal(w.taken + w.full + w.failed, 101);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_that_are_no_events_go_into_quarantine),
      cmocka_unit_test(an_event_made_too_large_goes_into_quarantine),
      cmocka_unit_test(a_damaged_record_is_told_with_its_bytes),
      cmocka_unit_test(the_entry_of_a_record_is_always_the_same),
      cmocka_unit_test(an_id_that_is_not_in_front_is_found_as_well),
      cmocka_unit_test(a_full_spool_defers_and_drains),
      cmocka_unit_test(what_cannot_be_opened_is_said),
      cmocka_unit_test(closing_answers_what_is_under_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
