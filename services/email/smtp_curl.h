/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second way to a relay, by libcurl: for implicit TLS (port 465) and for access tokens (XOAUTH2), which libesmtp cannot
 * do. Same promises as smtp_session.h; one connection is kept for the mails of a run. DSN options are not sent: libcurl has
 * no way to say them only where they are offered.
 */
#ifndef EMAIL_SMTP_CURL_H
#define EMAIL_SMTP_CURL_H

#include "smtp_session.h"

/* As smtp_session_run(). relay->implicit_tls, ca_file, pin and token_file count here. */
void smtp_curl_run(const struct smtp_relay *relay, struct smtp_mail *first, const struct smtp_user *user);

#endif
