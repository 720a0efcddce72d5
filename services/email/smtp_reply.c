/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp_reply.h"

#define AT(step) (1u << (step))
#define ANYWHERE (AT(REPLY_AT_GREETING) | AT(REPLY_AT_AUTH) | AT(REPLY_AT_MAIL) | AT(REPLY_AT_RCPT) | AT(REPLY_AT_DATA))
#define BEFORE_MAIL (AT(REPLY_AT_GREETING) | AT(REPLY_AT_AUTH))

/* The first that fits counts. Code 0: any of the class; enhanced and words: "" any; words in lower case. */
static const struct row {
  unsigned steps;
  int class, code;
  const char *enhanced, *words;
  enum reply_meaning meaning;
} rows[] = {
    {ANYWHERE, 4, 421, "", "", REPLY_DEFER_RELAY},            /* the server goes away (RFC 5321 3.8) */
    {BEFORE_MAIL, 4, 0, "", "", REPLY_DEFER_RELAY},
    {BEFORE_MAIL, 5, 0, "", "", REPLY_DEFER_RELAY},           /* wrong password, not allowed to connect: an operator mends it */
    {ANYWHERE, 5, 530, "", "", REPLY_DEFER_RELAY},            /* wants a password or TLS (RFC 4954, 3207) */
    {ANYWHERE, 5, 535, "", "", REPLY_DEFER_RELAY},
    {ANYWHERE, 5, 0, "4.", "", REPLY_DEFER},                  /* the two codes differ: the milder counts */
    {ANYWHERE, 5, 0, "", "greylist", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "graylist", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "grey-list", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "try again later", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "try later", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "temporarily deferred", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "temporarily rejected", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "temporarily unavailable", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "rate limit", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "too many connections", REPLY_DEFER_RELAY},
    {AT(REPLY_AT_MAIL) | AT(REPLY_AT_DATA), 5, 503, "", "", REPLY_DEFER_RELAY}, /* bad sequence: it lost its place, not our mail's fault */
    {ANYWHERE, 4, 0, "", "", REPLY_DEFER},
    {ANYWHERE, 5, 0, "", "", REPLY_FAIL},
    {ANYWHERE, 2, 0, "", "", REPLY_ACCEPTED},
};

static bool has_words(struct slice text, const char *words) {
  size_t len = strlen(words);
  for (size_t i = 0; i + len <= text.len; i++)
    if (slice_equal_nocase(slice_of(text.at + i, len), slice_of(words, len)))
      return true;
  return len == 0;
}

static bool starts(struct slice s, const char *prefix) {
  size_t len = strlen(prefix);
  return s.len >= len && memcmp(s.at, prefix, len) == 0;
}

enum reply_meaning reply_judge(enum reply_step step, int code, struct slice enhanced, struct slice text) {
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const struct row *r = &rows[i];
    if ((r->steps & AT(step)) && code / 100 == r->class && (!r->code || r->code == code) &&
        starts(enhanced, r->enhanced) && has_words(text, r->words))
      return r->meaning;
  }
  return REPLY_DEFER_RELAY;
}
