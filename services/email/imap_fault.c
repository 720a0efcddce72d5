/* SPDX-License-Identifier: Apache-2.0 */
#include "imap_fault.h"
#include <inttypes.h>
#include <string.h>

uint16_t imap_account_port(const struct imap_account *a) {
  return a->port ? a->port : a->security == IMAP_TLS ? 993 : 143;
}

static void add_place(const struct imap_attempt *a, struct buf *ret) {
  const bool colons = strchr(a->account->host, ':');
  buf_printf(ret, colons ? "[%s]:%u" : "%s:%u", a->account->host, imap_account_port(a->account));
}

static void add_words(const struct imap_attempt *a, struct buf *ret) {
  if (a->answered && a->words.len)
    buf_printf(ret, ": %.*s", (int)a->words.len, a->words.at);
}

static enum imap_down unknown_name(const struct imap_attempt *a, struct buf *ret) {
  buf_printf(ret, "the name %s is not found",
             a->outcome == CURLE_COULDNT_RESOLVE_PROXY ? "of the proxy" : a->account->host);
  return IMAP_DOWN_UNREACHABLE;
}

static enum imap_down not_reached(const struct imap_attempt *a, struct buf *ret) {
  buf_add_text(ret, "cannot connect to ");
  add_place(a, ret);
  if (a->os_errno)
    buf_printf(ret, ": %s", strerror((int)a->os_errno));
  return IMAP_DOWN_UNREACHABLE;
}

static enum imap_down odd_answer(const struct imap_attempt *a, struct buf *ret);

static enum imap_down too_late(const struct imap_attempt *a, struct buf *ret) {
  if (a->foreign)
    return odd_answer(a, ret);
  add_place(a, ret);
  /* With TLS from the first byte curl does not say which of the two it was. */
  buf_printf(ret, "%s within %" PRId64 " s",
             a->connected ? " does not finish the login"
             : a->account->security == IMAP_TLS ? " cannot be reached, or does not finish the TLS handshake,"
                                                : " cannot be reached",
             (a->connect_ms + 999) / 1000);
  return IMAP_DOWN_UNREACHABLE;
}

static enum imap_down no_tls(const struct imap_attempt *a, struct buf *ret) {
  add_place(a, ret);
  buf_add_text(ret, " does not offer STARTTLS; nothing was sent");
  return IMAP_DOWN_TLS;
}

static enum imap_down bad_certificate(const struct imap_attempt *a, struct buf *ret) {
  if (!a->trust->seen) {
    buf_add_text(ret, "no certificate was judged");
  } else {
    buf_add_text(ret, "the certificate of ");
    add_place(a, ret);
    buf_add_char(ret, ' ');
    tls_trust_why(a->trust, a->account->host, ret);
  }
  return IMAP_DOWN_TLS;
}

static enum imap_down bad_handshake(const struct imap_attempt *a, struct buf *ret) {
  if (a->trust->refused)
    return bad_certificate(a, ret);
  buf_add_text(ret, "no TLS with ");
  add_place(a, ret);
  if (strstr(a->error, "wrong version number"))
    buf_add_text(ret, ": it does not speak TLS there; perhaps the port wants security: starttls");
  else
    buf_printf(ret, ": %s", a->error);
  return IMAP_DOWN_TLS;
}

static enum imap_down bad_ca_file(const struct imap_attempt *a, struct buf *ret) {
  buf_printf(ret, "the authorities in %s cannot be read", a->account->tls_ca_file && a->account->tls_ca_file[0]
                                                               ? a->account->tls_ca_file
                                                               : "the system's file");
  return IMAP_DOWN_TLS;
}

/* A server that cannot is no server that will not: the password is tried again soon only with the former. */
static bool is_passing(enum imap_code code) {
  return code == IMAP_CODE_UNAVAILABLE || code == IMAP_CODE_INUSE || code == IMAP_CODE_LIMIT ||
         code == IMAP_CODE_SERVERBUG;
}

static enum imap_down refused(const struct imap_attempt *a, struct buf *ret) {
  const bool token = a->account->auth >= IMAP_AUTH_XOAUTH2;
  add_place(a, ret);
  if (!a->answered) {
    buf_add_text(ret, " offers no way to log in that is allowed here");
    return IMAP_DOWN_REFUSED;
  }
  if (is_passing(a->code))
    buf_add_text(ret, " cannot take logins now");
  else
    buf_add_text(ret, token ? " refuses user or access token" : " refuses user or password");
  add_words(a, ret);
  return is_passing(a->code) ? IMAP_DOWN_UNREACHABLE : IMAP_DOWN_REFUSED;
}

static enum imap_down broken_off(const struct imap_attempt *a, struct buf *ret) {
  add_place(a, ret);
  buf_add_text(ret, " closed the connection before the login was done");
  add_words(a, ret);
  return IMAP_DOWN_UNREACHABLE;
}

static enum imap_down odd_answer(const struct imap_attempt *a, struct buf *ret) {
  if (a->answered)
    return broken_off(a, ret);
  add_place(a, ret);
  buf_add_text(ret, " does not answer as an IMAP server should");
  return IMAP_DOWN_PROTOCOL;
}

static const struct {
  CURLcode outcome;
  enum imap_down (*say)(const struct imap_attempt *a, struct buf *ret);
} faults[] = {
    {CURLE_COULDNT_RESOLVE_HOST, unknown_name}, {CURLE_COULDNT_RESOLVE_PROXY, unknown_name},
    {CURLE_COULDNT_CONNECT, not_reached},       {CURLE_OPERATION_TIMEDOUT, too_late},
    {CURLE_USE_SSL_FAILED, no_tls},             {CURLE_PEER_FAILED_VERIFICATION, bad_certificate},
    {CURLE_SSL_CONNECT_ERROR, bad_handshake},   {CURLE_SSL_CACERT_BADFILE, bad_ca_file},
    {CURLE_LOGIN_DENIED, refused},              {CURLE_RECV_ERROR, broken_off},
    {CURLE_SEND_ERROR, broken_off},             {CURLE_GOT_NOTHING, broken_off},
    {CURLE_WEIRD_SERVER_REPLY, odd_answer},
};

enum imap_down imap_fault(const struct imap_attempt *a, struct buf *ret_why) {
  for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
    if (faults[i].outcome == a->outcome)
      return faults[i].say(a, ret_why);
  buf_add_text(ret_why, "cannot connect to ");
  add_place(a, ret_why);
  buf_printf(ret_why, ": %s", a->error && a->error[0] ? a->error : curl_easy_strerror(a->outcome));
  return IMAP_DOWN_UNREACHABLE;
}
