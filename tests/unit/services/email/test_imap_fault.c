/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator is told when a mailbox cannot be reached; and the forms of a pin. */
#include "imap_fault.h"
#include "tls_pin.h"
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct imap_account clear = {.host = "mail.example.org", .security = IMAP_CLEAR};
static const struct imap_account starttls = {.host = "mail.example.org", .security = IMAP_STARTTLS};
static const struct imap_account tls = {.host = "mail.example.org", .security = IMAP_TLS,
.tls_ca_file = "/etc/ca.pem"};
static const struct imap_account token = {.host = "2001:db8::1", .port = 1993, .security = IMAP_TLS,
.auth = IMAP_AUTH_XOAUTH2};
static const struct tls_trust unseen = {0};
static const struct tls_trust unknown = {
    .seen = true, .refused = true, .error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY};
static const struct tls_trust young = {.seen = true, .refused = true, .error = X509_V_ERR_CERT_NOT_YET_VALID};
static const struct tls_trust strange = {.seen = true, .refused = true, .error = X509_V_ERR_INVALID_CA};
static const struct tls_trust renamed = {.seen = true, .names = "mx.example.org"};
static const struct tls_trust nameless = {.seen = true};
static const struct tls_trust other = {.seen = true, .refused = true, .pinned = true, .certificate = {0xab}};

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static const struct {
  struct imap_attempt attempt;
  enum imap_down reason;
  const char *why;
} cases[] = {
    {{.account = &tls, .outcome = CURLE_COULDNT_RESOLVE_HOST},
     IMAP_DOWN_UNREACHABLE,
     "the name mail.example.org is not found"},
    {{.account = &tls, .outcome = CURLE_COULDNT_RESOLVE_PROXY},
     IMAP_DOWN_UNREACHABLE,
     "the name of the proxy is not found"},
    {{.account = &tls, .outcome = CURLE_COULDNT_CONNECT, .os_errno = ECONNREFUSED},
     IMAP_DOWN_UNREACHABLE,
     "cannot connect to mail.example.org:993: Connection refused"},
    {{.account = &clear, .outcome = CURLE_COULDNT_CONNECT},
     IMAP_DOWN_UNREACHABLE,
     "cannot connect to mail.example.org:143"},
    {{.account = &clear, .outcome = CURLE_OPERATION_TIMEDOUT, .connect_ms = 30000},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:143 cannot be reached within 30 s"},
    {{.account = &clear, .outcome = CURLE_OPERATION_TIMEDOUT, .connect_ms = 30000, .connected = true},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:143 does not finish the login within 30 s"},
    {{.account = &tls, .outcome = CURLE_OPERATION_TIMEDOUT, .connect_ms = 30000},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:993 cannot be reached, or does not finish the TLS handshake, within 30 s"},
    {{.account = &clear, .outcome = CURLE_OPERATION_TIMEDOUT, .connected = true, .foreign = true},
     IMAP_DOWN_PROTOCOL,
     "mail.example.org:143 does not answer as an IMAP server should"},
    {{.account = &starttls, .outcome = CURLE_USE_SSL_FAILED},
     IMAP_DOWN_TLS,
     "mail.example.org:143 does not offer STARTTLS; nothing was sent"},
    {{.account = &tls, .outcome = CURLE_SSL_CACERT_BADFILE},
     IMAP_DOWN_TLS,
     "the authorities in /etc/ca.pem cannot be read"},
    {{.account = &token, .outcome = CURLE_SSL_CACERT_BADFILE},
     IMAP_DOWN_TLS,
     "the authorities in the system's file cannot be read"},
    {{.account = &tls,
      .outcome = CURLE_SSL_CONNECT_ERROR,
      .error = "OpenSSL: wrong version number",
      .trust = &unseen},
     IMAP_DOWN_TLS,
     "no TLS with mail.example.org:993: it does not speak TLS there; perhaps the port wants security: starttls"},
    {{.account = &tls, .outcome = CURLE_SSL_CONNECT_ERROR, .error = "handshake failure", .trust = &unseen},
     IMAP_DOWN_TLS,
     "no TLS with mail.example.org:993: handshake failure"},
    {{.account = &tls, .outcome = CURLE_SSL_CONNECT_ERROR, .error = "x", .trust = &other},
     IMAP_DOWN_TLS,
     "the certificate of mail.example.org:993 is not the pinned one; it is sha256:ab" ZEROS},
    {{.account = &tls, .outcome = CURLE_PEER_FAILED_VERIFICATION, .trust = &unknown},
     IMAP_DOWN_TLS,
     "the certificate of mail.example.org:993 is signed by an authority not known here; if it is yours, set "
     "tls_ca_file, or "
     "tls_pin: \"sha256:00" ZEROS "\""},
    {{.account = &tls, .outcome = CURLE_PEER_FAILED_VERIFICATION, .trust = &young},
     IMAP_DOWN_TLS,
     "the certificate of mail.example.org:993 is not valid yet (or the clock here is wrong); if it is yours, set "
     "tls_ca_file, or "
     "tls_pin: \"sha256:00" ZEROS "\""},
    {{.account = &tls, .outcome = CURLE_PEER_FAILED_VERIFICATION, .trust = &strange},
     IMAP_DOWN_TLS,
     "the certificate of mail.example.org:993 is not believed: invalid CA certificate"},
    {{.account = &tls, .outcome = CURLE_PEER_FAILED_VERIFICATION, .trust = &renamed},
     IMAP_DOWN_TLS,
     "the certificate of mail.example.org:993 is for mx.example.org, not for mail.example.org"},
    {{.account = &tls, .outcome = CURLE_PEER_FAILED_VERIFICATION, .trust = &nameless},
     IMAP_DOWN_TLS,
     "the certificate of mail.example.org:993 is for no name, not for mail.example.org"},
    {{.account = &tls, .outcome = CURLE_PEER_FAILED_VERIFICATION, .trust = &unseen},
     IMAP_DOWN_TLS,
     "no certificate was judged"},
    {{.account = &tls, .outcome = CURLE_LOGIN_DENIED},
     IMAP_DOWN_REFUSED,
     "mail.example.org:993 offers no way to log in that is allowed here"},
    {{.account = &tls,
      .outcome = CURLE_LOGIN_DENIED,
      .answered = true,
      .code = IMAP_CODE_AUTHENTICATIONFAILED,
      .words = SLICE("No")},
     IMAP_DOWN_REFUSED,
     "mail.example.org:993 refuses user or password: No"},
    {{.account = &token, .outcome = CURLE_LOGIN_DENIED, .answered = true},
     IMAP_DOWN_REFUSED,
     "[2001:db8::1]:1993 refuses user or access token"},
    {{.account = &tls,
      .outcome = CURLE_LOGIN_DENIED,
      .answered = true,
      .code = IMAP_CODE_UNAVAILABLE,
      .words = SLICE("Later")},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:993 cannot take logins now: Later"},
    {{.account = &tls,
      .outcome = CURLE_LOGIN_DENIED,
      .answered = true,
      .code = IMAP_CODE_EXPIRED,
      .words = SLICE("Change it")},
     IMAP_DOWN_REFUSED,
     "mail.example.org:993 refuses user or password: Change it"},
    {{.account = &tls, .outcome = CURLE_WEIRD_SERVER_REPLY},
     IMAP_DOWN_PROTOCOL,
     "mail.example.org:993 does not answer as an IMAP server should"},
    {{.account = &tls, .outcome = CURLE_WEIRD_SERVER_REPLY, .answered = true, .words = SLICE("Too many")},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:993 closed the connection before the login was done: Too many"},
    {{.account = &tls, .outcome = CURLE_RECV_ERROR},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:993 closed the connection before the login was done"},
    {{.account = &tls, .outcome = CURLE_GOT_NOTHING},
     IMAP_DOWN_UNREACHABLE,
     "mail.example.org:993 closed the connection before the login was done"},
    {{.account = &tls, .outcome = CURLE_UNSUPPORTED_PROTOCOL, .error = "no imaps"},
     IMAP_DOWN_UNREACHABLE,
     "cannot connect to mail.example.org:993: no imaps"},
    {{.account = &tls, .outcome = CURLE_OUT_OF_MEMORY, .error = ""},
     IMAP_DOWN_UNREACHABLE,
     "cannot connect to mail.example.org:993: Out of memory"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(buf_free) struct buf why = BUF_INIT(IMAP_WHY_MAX);
    assert_int_equal(imap_fault(&cases[i].attempt, &why), cases[i].reason);
    assert_string_equal(why.at, cases[i].why);
  }
}

static void test_pins(void **state) {
  (void)state;
  static const char from_openssl[] = "sha256 Fingerprint=00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                                     "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
  static const char *const good[] = {
      "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
      " SHA256:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\n",
      from_openssl,
      "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
      "sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  };
  static const char *const bad[] = {
      "", "sha256:", "sha256:00", "sha1:000102030405060708090a0b0c0d0e0f10111213",
      "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
      "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
      "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
      "sha256:0001g2030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::",
      "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
  };
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    uint8_t pin[SHA256_BYTES];
    assert_int_equal(tls_pin_read(good[i], pin), 0);
    for (size_t k = 0; k < SHA256_BYTES; k++)
      assert_int_equal(pin[k], k);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    uint8_t pin[SHA256_BYTES];
    if (tls_pin_read(bad[i], pin) != -EINVAL)
      fail_msg("%s", bad[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_pins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
