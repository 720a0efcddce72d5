/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_trust.h"
#include "base/encode.h"
#include "tls_pin.h"
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* The handshake */

static void add_name(struct tls_trust *t, const unsigned char *at, int len) {
  const size_t used = strlen(t->names);
  if (len <= 0 || used + (size_t)len + 3 > sizeof(t->names))
    return;
  char *to = t->names + used;
  if (used) {
    *to++ = ',';
    *to++ = ' ';
  }
  for (int i = 0; i < len; i++)
    *to++ = at[i] > ' ' && at[i] <= '~' ? (char)at[i] : '?';
  *to = '\0';
}

static void note_names(struct tls_trust *t, X509 *leaf) {
  GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS)
      add_name(t, ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName));
  }
  GENERAL_NAMES_free(names);
  const X509_NAME *subject = X509_get_subject_name(leaf);
  const int at = t->names[0] ? -1 : X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_commonName, -1);
  if (at >= 0) {
    const ASN1_STRING *name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    add_name(t, ASN1_STRING_get0_data(name), ASN1_STRING_length(name));
  }
}

/* In place of OpenSSL's own: it is asked, unless a pin decides. */
static int judge(X509_STORE_CTX *x, void *arg) {
  struct tls_trust *t = arg;
  X509 *leaf = X509_STORE_CTX_get0_cert(x);
  t->seen = true;
  t->names[0] = '\0';
  if (!leaf || X509_digest(leaf, EVP_sha256(), t->certificate, NULL) != 1) {
    t->refused = true;
    return 0;
  }
  note_names(t, leaf);
  if (t->pinned) {
    t->refused = !tls_pin_fits(t->pin, leaf);
    X509_STORE_CTX_set_error(x, t->refused ? X509_V_ERR_APPLICATION_VERIFICATION : X509_V_OK);
    return !t->refused;
  }
  const int good = X509_verify_cert(x);
  t->refused = good <= 0;
  t->error = X509_STORE_CTX_get_error(x);
  return good;
}

static CURLcode on_context(CURL *easy, void *context, void *arg) {
  (void)easy;
  SSL_CTX_set_cert_verify_callback(context, judge, arg);
  return CURLE_OK;
}

int tls_trust_apply(struct tls_trust *t, CURL *easy, const char *ca_file, const char *pin) {
  *t = (struct tls_trust){.pinned = pin && pin[0]};
  if (t->pinned && tls_pin_read(pin, t->pin))
    return -EINVAL;
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, t->pinned ? 0L : 2L);
  if (t->pinned || (ca_file && ca_file[0])) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, t->pinned ? NULL : ca_file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  }
  return 0;
}

/* In words */

static const char *error_words(int error) {
  switch (error) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return "has expired";
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "is not valid yet (or the clock here is wrong)";
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    return "is self-signed";
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    return "is signed by an authority not known here";
  case X509_V_ERR_CERT_REVOKED:
    return "is revoked";
  default:
    return NULL;
  }
}

void tls_trust_why(const struct tls_trust *t, const char *host, struct buf *ret) {
  char hex[HEX_LEN(SHA256_BYTES) + 1];
  hex_encode(t->certificate, SHA256_BYTES, hex);
  if (t->pinned)
    buf_printf(ret, "is not the pinned one; it is sha256:%s", hex);
  else if (t->refused && error_words(t->error))
    buf_printf(ret, "%s; if it is yours, set tls_ca_file, or tls_pin: \"sha256:%s\"", error_words(t->error), hex);
  else if (t->refused)
    buf_printf(ret, "is not believed: %s", X509_verify_cert_error_string(t->error));
  else
    buf_printf(ret, "is for %s, not for %s", t->names[0] ? t->names : "no name", host);
}
