/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hidden token of a form page: when the page was made, and the submission key that makes sending it twice one
 * event. And the proof in the address of the thank-you page, so that nobody makes our page say what they like.
 * Both are HMAC-SHA256 with the desk's secret over purpose, channel and every value, each on a line of its own; no
 * value can hold a line feed, so no two different tuples give the same bytes (WF-11). Pure.
 */
#ifndef WEBFORM_FORM_TOKEN_H
#define WEBFORM_FORM_TOKEN_H

#include "base/slice.h"

enum { FORM_TOKEN_BROKEN = 1, FORM_TOKEN_EXPIRED = 2 };

#define SUBMISSION_BYTES 16
#define SUBMISSION_LEN 32  /* hex */
#define FORM_TOKEN_MAX 128
#define THANKS_PROOF_LEN 32

struct form_token {
  int64_t issued_ms;
  char submission[SUBMISSION_LEN + 1];
};

void form_token_make(struct slice secret, const char *channel, int64_t issued_ms,
                     const uint8_t submission[SUBMISSION_BYTES], char ret[FORM_TOKEN_MAX]);
/* A token from the future (more than a minute: a clock was set back) is expired too; max_age_ms 0: never expires.
 * Returns 0, FORM_TOKEN_BROKEN, FORM_TOKEN_EXPIRED. */
int must_check form_token_check(struct slice secret, const char *channel, struct slice text, int64_t now_ms,
                                int64_t max_age_ms, struct form_token *ret);

void thanks_proof_make(struct slice secret, const char *channel, struct slice reference,
                       char ret[THANKS_PROOF_LEN + 1]);
bool thanks_proof_holds(struct slice secret, const char *channel, struct slice reference, struct slice proof);

#endif
