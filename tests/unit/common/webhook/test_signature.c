/* SPDX-License-Identifier: Apache-2.0 */
/* The known answers of the providers' own documentation, and everything near them that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/encode.h"
#include "webhook/signature.h"

static struct arena *arena;

static int set_up(void **state) {
  (void)state;
  arena = arena_new(4096, 1024 * 1024);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

#define CALL                                                                                                         \
  "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"

static int twilio(const char *token, const char *url, const char *body, const char *header) {
  struct form form;
  struct slice secret = slice_text(token);
  assert_int_equal(form_parse_urlencoded(arena, slice_text(body), &form), 0);
  return signature_twilio(&secret, 1, slice_text(url), &form, slice_text(body), slice_text(header), arena);
}

static void test_twilio(void **state) {
  (void)state;
  static const struct {
    int result;
    const char *token, *url, *body, *header;
  } rows[] = {
      {0, "12345", URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      /* signed with the port written, asked with and without it, and the other way round */
      {0, "12345", "https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="},
      {0, "12345", URL, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="},
      {0, "12345", "https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      /* values of one name sorted and once, in any order of the body */
      {0, "12345", URL,
       "MessagingBinding.Address=%2B1325xxxxxxx&MessagingBinding.Address=%2B1415xxxxxxx", "83O6e2vORAoJHUNzJjDWN1jz+BA="},
      {0, "12345", URL,
       "MessagingBinding.Address=%2B1415xxxxxxx&MessagingBinding.Address=%2B1325xxxxxxx", "83O6e2vORAoJHUNzJjDWN1jz+BA="},
      {0, "12345", URL, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
       "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
      {0, "12345", URL, "Digits=1234&SidAccount=AC123&Digits=5678&Sid=CA123&Digits=1234",
       "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
      /* and what is not that */
      {SIGNATURE_WRONG, "12346", URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "", URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "12345", URL, CALL "&x=1", "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "12345", URL, "", "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "12345", URL, CALL "%20", "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, /* values are not trimmed */
      {SIGNATURE_WRONG, "12345", URL "&", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "12345", "http://mycompany.com/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "12345", "https://mycompany.com:8443/myapp.php?foo=1&bar=2", CALL,
       "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
      {SIGNATURE_WRONG, "12345", URL, CALL, ""},
      {SIGNATURE_WRONG, "12345", URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8"},
      {SIGNATURE_WRONG, "12345", URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8= "},
      {SIGNATURE_WRONG, "12345", URL, CALL, "rsoydt4t1cutdk1pdd93/vvr8b8="},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    int r = twilio(rows[i].token, rows[i].url, rows[i].body, rows[i].header);
    if (r != rows[i].result)
      fail_msg("row %zu: %d", i, r);
    arena_reset(arena);
  }
}

/* The vectors give the final text; this is the same by another way, for the URLs they do not cover. */
static void sign_text(const char *token, const char *text, char ret[BASE64_LEN(SHA1_BYTES) + 1]) {
  uint8_t mac[SHA1_BYTES];
  hmac_sha1(slice_text(token), slice_text(text), mac);
  base64_encode(mac, sizeof(mac), ret);
}

static void test_twilio_ports(void **state) {
  (void)state;
  static const struct {
    int result;
    const char *asked, *was_signed;
  } rows[] = {
      {0, "http://example.com/a", "http://example.com:80/a"},
      {0, "http://example.com:80/a", "http://example.com/a"},
      {0, "http://127.0.0.1:34567/a?b=c:d", "http://127.0.0.1:34567/a?b=c:d"},
      {0, "https://user:pass@example.com/a", "https://user:pass@example.com:443/a"},
      {0, "https://user:pass@example.com:443/a", "https://user:pass@example.com/a"},
      {0, "https://[2001:db8::1]/a", "https://[2001:db8::1]:443/a"},
      {0, "https://[2001:db8::1]:443/a", "https://[2001:db8::1]/a"},
      {0, "https://example.com", "https://example.com:443"},
      {0, "https://example.com?x=1:2", "https://example.com:443?x=1:2"},
      {SIGNATURE_WRONG, "https://example.com:8443/a", "https://example.com/a"},
      {SIGNATURE_WRONG, "https://example.com/a", "https://example.com:80/a"},
      {SIGNATURE_WRONG, "http://example.com/a", "http://example.com:443/a"},
      {SIGNATURE_WRONG, "https://example.com/a", "https://example.com/a/"},
      {0, "not a url", "not a url"},
      {0, "", ""},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char header[BASE64_LEN(SHA1_BYTES) + 1], text[256];
    snprintf(text, sizeof(text), "%sAb", rows[i].was_signed);
    sign_text("token", text, header);
    int r = twilio("token", rows[i].asked, "A=b", header);
    if (r != rows[i].result)
      fail_msg("row %zu: %d", i, r);
  }
}

static void test_twilio_rotation(void **state) {
  (void)state;
  struct form form;
  const struct slice secrets[] = {SLICE("new"), SLICE("12345")};
  assert_int_equal(form_parse_urlencoded(arena, SLICE(CALL), &form), 0);
  struct slice header = SLICE("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
  assert_int_equal(signature_twilio(secrets, 2, SLICE(URL), &form, SLICE(CALL), header, arena), 0);
  assert_int_equal(signature_twilio(secrets, 1, SLICE(URL), &form, SLICE(CALL), header, arena), SIGNATURE_WRONG);
  assert_int_equal(signature_twilio(secrets, 0, SLICE(URL), &form, SLICE(CALL), header, arena), SIGNATURE_WRONG);
}

static void test_twilio_json(void **state) {
  (void)state;
  static const char body[] = "{\"property\": \"value\", \"boolean\": true}";
  uint8_t digest[SHA256_BYTES];
  char hex[HEX_LEN(SHA256_BYTES) + 1], url[256], header[BASE64_LEN(SHA1_BYTES) + 1];
  sha256(slice_text(body), digest);
  hex_encode(digest, sizeof(digest), hex);
  assert_string_equal(hex, "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"); /* Twilio's sample */
  snprintf(url, sizeof(url), "https://example.com/hook?foo=1&bodySHA256=%s", hex);
  sign_text("12345", url, header);
  struct slice secret = SLICE("12345"), good = slice_text(header);
  assert_int_equal(signature_twilio(&secret, 1, slice_text(url), NULL, slice_text(body), good, arena), 0);
  assert_int_equal(signature_twilio(&secret, 1, slice_text(url), NULL, SLICE("{}"), good, arena), SIGNATURE_WRONG);
  sign_text("12345", "https://example.com/hook", header); /* no digest: the body is not covered */
  assert_int_equal(signature_twilio(&secret, 1, SLICE("https://example.com/hook"), NULL, slice_text(body), good, arena),
                   SIGNATURE_WRONG);
  const char *partial = "https://example.com/hook?bodySHA256=0a1ff7";
  sign_text("12345", partial, header);
  assert_int_equal(signature_twilio(&secret, 1, slice_text(partial), NULL, slice_text(body), good, arena),
                   SIGNATURE_WRONG);
  const char *other = "https://example.com/hook?xbodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
  sign_text("12345", other, header);
  assert_int_equal(signature_twilio(&secret, 1, slice_text(other), NULL, slice_text(body), good, arena),
                   SIGNATURE_WRONG);
}

static void test_twilio_fails_closed_without_memory(void **state) {
  (void)state;
  struct form form;
  struct slice secret = SLICE("12345");
  struct arena *small = arena_new(16, 16);
  assert_int_equal(form_parse_urlencoded(arena, SLICE(CALL), &form), 0);
  assert_int_equal(signature_twilio(&secret, 1, SLICE(URL), &form, SLICE(CALL), SLICE("RSOYDt4T1cUTdK1PDd93/VVr8B8="),
                                    small),
                   SIGNATURE_WRONG);
  arena_free(&small);
}

#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY "{\"test\": 2432232314}"
#define SIGNED "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define AT 1614265330000

static void test_standard(void **state) {
  (void)state;
  static const struct {
    int result;
    const char *secret, *id, *timestamp, *body, *header;
    int64_t now_ms;
  } rows[] = {
      {0, SECRET, ID, "1614265330", BODY, SIGNED, AT},
      {0, "whsec_" SECRET, ID, "1614265330", BODY, SIGNED, AT},
      {0, SECRET, ID, "1614265330", BODY, "v1,AAAAM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= " SIGNED, AT},
      {0, SECRET, ID, "1614265330", BODY, SIGNED " v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZ", AT},
      {0, SECRET, ID, "1614265330", BODY, SIGNED, AT + 300000},
      {0, SECRET, ID, "1614265330", BODY, SIGNED, AT - 300000},
      {SIGNATURE_STALE, SECRET, ID, "1614265330", BODY, SIGNED, AT + 300001},
      {SIGNATURE_STALE, SECRET, ID, "1614265330", BODY, SIGNED, AT - 300001},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", BODY, "v1,AAAAM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", AT + 300001},
      {SIGNATURE_WRONG, SECRET, ID, "1614265331", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID, "01614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID, "", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID, "-1614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID, "99999999999999999999999", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, "", "1614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID "x", "1614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", "{\"test\":2432232314}", SIGNED, AT},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", BODY, "", AT},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", BODY, "v1,", AT},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", BODY, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", AT},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", BODY, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", AT},
      {SIGNATURE_WRONG, SECRET, ID, "1614265330", BODY, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", AT},
      {SIGNATURE_WRONG, "AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ID, "1614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, "", ID, "1614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, "not base64!", ID, "1614265330", BODY, SIGNED, AT},
      {SIGNATURE_WRONG, "c2hvcnQ=", ID, "1614265330", BODY, SIGNED, AT},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct slice secret = slice_text(rows[i].secret);
    int r = signature_standard(&secret, 1, slice_text(rows[i].id), slice_text(rows[i].timestamp),
                               slice_text(rows[i].body), slice_text(rows[i].header), rows[i].now_ms);
    if (r != rows[i].result)
      fail_msg("row %zu: %d", i, r);
  }
}

static void test_standard_rotation(void **state) {
  (void)state;
  const struct slice secrets[] = {SLICE("AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SLICE(SECRET)};
  for (size_t count = 0; count <= 2; count++)
    assert_int_equal(signature_standard(secrets, count, SLICE(ID), SLICE("1614265330"), SLICE(BODY), SLICE(SIGNED), AT),
                     count == 2 ? 0 : SIGNATURE_WRONG);
}

static void test_standard_make(void **state) {
  (void)state;
  char made[64];
  assert_int_equal(signature_standard_make(SLICE(SECRET), SLICE(ID), SLICE("1614265330"), SLICE(BODY), made), 0);
  assert_string_equal(made, SIGNED);
  static const char *const bad[] = {"", "whsec_", "c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(signature_standard_make(slice_text(bad[i]), SLICE(ID), SLICE("1"), SLICE(""), made), -EINVAL);
}

static void test_standard_large_body(void **state) {
  (void)state;
  size_t len = 300000;
  char *body = malloc(len), made[64];
  memset(body, 'x', len);
  struct slice secret = SLICE("whsec_" SECRET), whole = slice_of(body, len);
  assert_int_equal(signature_standard_make(secret, SLICE(ID), SLICE("1614265330"), whole, made), 0);
  assert_int_equal(signature_standard(&secret, 1, SLICE(ID), SLICE("1614265330"), whole, slice_text(made), AT), 0);
  body[len - 1] = 'y';
  assert_int_equal(signature_standard(&secret, 1, SLICE(ID), SLICE("1614265330"), whole, slice_text(made), AT),
                   SIGNATURE_WRONG);
  free(body);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_twilio),
      CASE(test_twilio_ports),
      CASE(test_twilio_rotation),
      CASE(test_twilio_json),
      CASE(test_twilio_fails_closed_without_memory),
      CASE(test_standard),
      CASE(test_standard_rotation),
      CASE(test_standard_make),
      CASE(test_standard_large_body),
  };
  return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
