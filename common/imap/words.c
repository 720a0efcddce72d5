/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/words.h"
#include "text/utf8.h"
#include <stdio.h>
#include <strings.h>
#include <time.h>

struct word {
  const char *text;
  unsigned value;
};

static unsigned look_up(const struct word *words, size_t count, struct slice s) {
  for (size_t i = 0; i < count; i++)
    if (slice_equal_nocase(slice_text(words[i].text), s))
      return words[i].value;
  return 0;
}

#define LOOK_UP(table, s) look_up(table, sizeof(table) / sizeof(table[0]), s)

unsigned imap_flag_of(struct slice word) {
  static const struct word flags[] = {
      {"\\Seen", IMAP_SEEN},       {"\\Recent", IMAP_RECENT},   {"\\Answered", IMAP_ANSWERED},
      {"\\Flagged", IMAP_FLAGGED}, {"\\Deleted", IMAP_DELETED}, {"\\Draft", IMAP_DRAFT},
      {"\\*", IMAP_NEW_KEYWORDS},
  };
  return word.len && word.at[0] == '\\' ? LOOK_UP(flags, word) : 0;
}

unsigned imap_capability_of(struct slice word) {
  static const struct word capabilities[] = {
      {"IDLE", IMAP_CAN_IDLE},           {"UIDPLUS", IMAP_CAN_UIDPLUS},
      {"MOVE", IMAP_CAN_MOVE},           {"ESEARCH", IMAP_CAN_ESEARCH},
      {"ID", IMAP_CAN_ID},
      /* What revision 2 has built in (RFC 9051, appendix E) */
      {"IMAP4rev2", IMAP_CAN_IDLE | IMAP_CAN_UIDPLUS | IMAP_CAN_MOVE | IMAP_CAN_ESEARCH},
  };
  return LOOK_UP(capabilities, word);
}

enum imap_code imap_code_of(struct slice word) {
  static const struct word codes[] = {
      {"ALERT", IMAP_CODE_ALERT},
      {"ALREADYEXISTS", IMAP_CODE_ALREADYEXISTS},
      {"APPENDUID", IMAP_CODE_APPENDUID},
      {"AUTHENTICATIONFAILED", IMAP_CODE_AUTHENTICATIONFAILED},
      {"AUTHORIZATIONFAILED", IMAP_CODE_AUTHORIZATIONFAILED},
      {"CANNOT", IMAP_CODE_CANNOT},
      {"CAPABILITY", IMAP_CODE_CAPABILITY},
      {"CLIENTBUG", IMAP_CODE_CLIENTBUG},
      {"CLOSED", IMAP_CODE_CLOSED},
      {"CONTACTADMIN", IMAP_CODE_CONTACTADMIN},
      {"COPYUID", IMAP_CODE_COPYUID},
      {"CORRUPTION", IMAP_CODE_CORRUPTION},
      {"EXPIRED", IMAP_CODE_EXPIRED},
      {"EXPUNGEISSUED", IMAP_CODE_EXPUNGEISSUED},
      {"HIGHESTMODSEQ", IMAP_CODE_HIGHESTMODSEQ},
      {"INUSE", IMAP_CODE_INUSE},
      {"LIMIT", IMAP_CODE_LIMIT},
      {"NOMODSEQ", IMAP_CODE_NOMODSEQ},
      {"NONEXISTENT", IMAP_CODE_NONEXISTENT},
      {"NOPERM", IMAP_CODE_NOPERM},
      {"OVERQUOTA", IMAP_CODE_OVERQUOTA},
      {"PERMANENTFLAGS", IMAP_CODE_PERMANENTFLAGS},
      {"PRIVACYREQUIRED", IMAP_CODE_PRIVACYREQUIRED},
      {"READ-ONLY", IMAP_CODE_READ_ONLY},
      {"READ-WRITE", IMAP_CODE_READ_WRITE},
      {"SERVERBUG", IMAP_CODE_SERVERBUG},
      {"TRYCREATE", IMAP_CODE_TRYCREATE},
      {"UIDNEXT", IMAP_CODE_UIDNEXT},
      {"UIDNOTSTICKY", IMAP_CODE_UIDNOTSTICKY},
      {"UIDVALIDITY", IMAP_CODE_UIDVALIDITY},
      {"UNAVAILABLE", IMAP_CODE_UNAVAILABLE},
      {"UNSEEN", IMAP_CODE_UNSEEN},
  };
  unsigned code = LOOK_UP(codes, word);
  return code ? (enum imap_code)code : IMAP_CODE_OTHER;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int month_of(const char name[4]) {
  for (int i = 0; i < 12; i++)
    if (strncasecmp(name, months + 3 * i, 3) == 0)
      return i;
  return -1;
}

int64_t imap_date_of(struct slice text) {
  char line[48], month[4] = "", sign = '+';
  int day, year, hour, minute, second, zone = 0;
  if (text.len >= sizeof(line))
    return INT64_MIN;
  memcpy(line, text.at, text.len);
  line[text.len] = '\0';
  int got = sscanf(line, " %2d-%3[A-Za-z]-%4d %2d:%2d:%2d %c%4d", &day, month, &year, &hour, &minute, &second, &sign,
                   &zone);
  if (got < 6 || month_of(month) < 0 || day < 1 || day > 31 || year < 1970 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return INT64_MIN;
  struct tm tm = {.tm_year = year - 1900, .tm_mon = month_of(month), .tm_mday = day, .tm_hour = hour, .tm_min = minute,
                  .tm_sec = second};
  int64_t east = got == 8 && zone >= 0 ? (zone / 100 * 60 + zone % 100) * 60 : 0;
  return ((int64_t)timegm(&tm) - (sign == '-' ? -east : east)) * 1000;
}

void imap_day_write(int64_t unix_ms, char ret[16]) {
  const time_t seconds = (time_t)((unix_ms < 0 ? 0 : unix_ms) / 1000);
  struct tm tm;
  if (!gmtime_r(&seconds, &tm) || tm.tm_year > 8099) {
    strcpy(ret, "31-Dec-9999");
    return;
  }
  snprintf(ret, 16, "%u-%.3s-%04u", (unsigned)tm.tm_mday % 32, months + 3 * (tm.tm_mon % 12),
           (unsigned)(tm.tm_year + 1900) % 10000);
}

uint32_t imap_uid_of(struct slice text) {
  uint64_t number;
  return slice_to_u64(text, UID_LAST, &number) == 0 ? (uint32_t)number : 0;
}

size_t imap_words_clean(struct slice words, char ret[IMAP_WORDS_MAX + 1]) {
  size_t len = utf8_cut(words, IMAP_WORDS_MAX);
  const bool valid = utf8_valid(slice_of(words.at, len));
  for (size_t i = 0; i < len; i++) {
    const unsigned char c = (unsigned char)words.at[i];
    ret[i] = c < ' ' || c == 0x7f ? ' ' : c >= 0x80 && !valid ? '?' : words.at[i];
  }
  ret[len] = '\0';
  return len;
}
