/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens of one OAuth 2.0 account (RFC 6749): asked for when needed, kept in memory until shortly before they
 * end, one request for all who wait. Three forms, by what is configured:
 *   refresh_token_file   grant refresh_token (section 6): Google, Microsoft for one mailbox
 *   neither file         grant client_credentials (section 4.4): Exchange Online for a whole organisation
 *   token_file           somebody else renews the token; the file holds it and is read anew for each connection
 *
 * A new refresh token that the provider sends along is written back (beside, synced, renamed, 0600) before the access
 * token is used: some providers take the old one no more. If that fails, the token is used and the fault is told.
 *
 * Secrets are read for each request and kept no longer; nothing of them is in any message. The token URL must be
 * https://, or http:// to this machine.
 */
#ifndef EMAIL_OAUTH_TOKEN_H
#define EMAIL_OAUTH_TOKEN_H

#include "base/slice.h"
#include <uv.h>

struct curl_loop;
struct oauth_token;

/* All strings are borrowed for its life; NULL counts as "". */
struct oauth_options {
  struct curl_loop *curl;         /* borrowed */
  const char *token_file;         /* in place of all that follows */
  const char *token_url;
  const char *client_id;
  const char *client_secret_file; /* "": a public client */
  const char *refresh_token_file; /* "": client_credentials */
  const char *scope;              /* "": what the provider has as default */
  const char *tls_ca_file;        /* PEM; "": the system's authorities */
  const char *proxy;              /* "": none */
  /* A refresh token could not be written back: the next start will need a new consent. May be NULL. */
  void (*unsaved)(void *arg, const char *why);
  void *arg;
};

enum oauth_fault {
  OAUTH_UNREACHABLE = 1, /* no answer, or one that makes no sense: try again later */
  OAUTH_REFUSED = 2,     /* the provider refuses client or refresh token: the operator must act */
  OAUTH_SETUP = 3,       /* a file cannot be read */
};

/* `outcome` 0: `token` is lent. Otherwise enum oauth_fault, and `why` is a sentence for an operator. */
typedef void oauth_answer(void *arg, int outcome, struct slice token, const char *why);

struct oauth_token *oauth_token_new(uv_loop_t *loop, const struct oauth_options *options);
/* Whoever waits is not called any more. To be freed after those who use it were closed. */
void oauth_token_free(struct oauth_token **t);
/* Answers from the loop, never from within. `arg` names the request for oauth_token_forget(). */
void oauth_token_get(struct oauth_token *t, oauth_answer *answer, void *arg);
void oauth_token_forget(struct oauth_token *t, void *arg);
/* The server refused this token: the next oauth_token_get() asks for a new one. */
void oauth_token_reject(struct oauth_token *t);

#endif
