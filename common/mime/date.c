/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words are told apart by their look and not by their place, so "Tue, 24 Nov 2026 10:30:00 +0100", "Tue Nov 24
 * 10:30:00 CET 2026" and "2026-11-24T10:30Z" need no grammar each. What is said twice keeps its first value.
 */
#include "mime/date.h"

enum { UNSAID = -1, WORDS_MAX = 32 };

struct moment {
  int64_t year, month, day, hour, minute, second;
  int64_t zone;      /* minutes east of UTC */
  bool zoned, afternoon, forenoon;
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* --- words --- */

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};

/* RFC 5322 4.3, and what mailers beside it write. */
static const struct {
  struct slice name;
  int minutes;
} zones[] = {
    {{"z", 1}, 0},         {{"ut", 2}, 0},       {{"utc", 3}, 0},      {{"gmt", 3}, 0},      {{"est", 3}, -300},
    {{"edt", 3}, -240},    {{"cst", 3}, -360},   {{"cdt", 3}, -300},   {{"mst", 3}, -420},   {{"mdt", 3}, -360},
    {{"pst", 3}, -480},    {{"pdt", 3}, -420},   {{"wet", 3}, 0},      {{"west", 4}, 60},    {{"bst", 3}, 60},
    {{"cet", 3}, 60},      {{"cest", 4}, 120},   {{"met", 3}, 60},     {{"mest", 4}, 120},   {{"mez", 3}, 60},
    {{"mesz", 4}, 120},    {{"eet", 3}, 120},    {{"eest", 4}, 180},   {{"msk", 3}, 180},    {{"msd", 3}, 240},
    {{"jst", 3}, 540},     {{"kst", 3}, 540},    {{"hkt", 3}, 480},    {{"aest", 4}, 600},   {{"aedt", 4}, 660},
};

static void set(int64_t *to, int64_t value) {
  if (*to == UNSAID)
    *to = value;
}

static void set_clock(struct moment *m, int64_t hour, int64_t minute, int64_t second) {
  m->hour = hour;
  m->minute = minute;
  m->second = second;
}

static void set_zone(struct moment *m, int64_t minutes) {
  if (!m->zoned)
    m->zone = minutes;
  m->zoned = true;
}

/* Digits at the start; UNSAID when there are none or too many. */
static int64_t take_number(struct slice *s, size_t most) {
  size_t len = 0;
  int64_t value = 0;
  while (len < s->len && is_digit(s->at[len]))
    len++;
  if (len == 0 || len > most)
    return UNSAID;
  for (size_t i = 0; i < len; i++)
    value = value * 10 + (s->at[i] - '0');
  *s = slice_of(s->at + len, s->len - len);
  return value;
}

static bool take(struct slice *s, char c) {
  if (!s->len || s->at[0] != c)
    return false;
  *s = slice_of(s->at + 1, s->len - 1);
  return true;
}

/* Two digits: the century that is near (RFC 5322 4.3). */
static int64_t full_year(int64_t year, size_t digits) {
  if (digits >= 4)
    return year;
  return digits == 3 ? year + 1900 : year < 50 ? year + 2000 : year + 1900;
}

static void read_letters(struct slice word, struct moment *m) {
  for (size_t i = 0; i < 12; i++)
    if (word.len >= 3 && slice_starts_nocase(word, slice_text(months[i]))) {
      set(&m->month, (int64_t)i + 1);
      return;
    }
  m->forenoon |= slice_equal_nocase(word, SLICE("am"));
  m->afternoon |= slice_equal_nocase(word, SLICE("pm"));
  for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
    if (m->hour != UNSAID && slice_equal_nocase(word, zones[i].name))
      set_zone(m, zones[i].minutes);
}

/* "+0100", "-05:30", "+1" */
static void read_offset(struct slice s, struct moment *m) {
  bool west = s.at[0] == '-';
  s = slice_of(s.at + 1, s.len - 1);
  size_t digits = 0;
  while (digits < s.len && is_digit(s.at[digits]))
    digits++;
  int64_t value = take_number(&s, 4), minutes = 0;
  if (value == UNSAID)
    return;
  if (digits > 2) {
    minutes = value % 100;
    value /= 100;
  } else if (take(&s, ':')) {
    minutes = take_number(&s, 2);
  }
  if (value <= 23 && minutes >= 0 && minutes <= 59)
    set_zone(m, (west ? -1 : 1) * (value * 60 + minutes));
}

/* "10:30", "10:30:00.123", "10.30.00", and what stands close behind. */
static bool read_clock(struct slice s, struct moment *m) {
  int64_t hour = take_number(&s, 2), minute, second = 0;
  char between = s.len ? s.at[0] : '\0';
  if (hour == UNSAID || (between != ':' && between != '.') || !take(&s, between) ||
      (minute = take_number(&s, 2)) == UNSAID)
    return false;
  if (take(&s, between) && (second = take_number(&s, 2)) == UNSAID)
    return false;
  if (take(&s, '.') || take(&s, ','))
    (void)take_number(&s, 9);
  if (hour > 23 || minute > 59 || second > 60 || m->hour != UNSAID)
    return m->hour != UNSAID;
  set_clock(m, hour, minute, second);
  size_t letters = 0;
  while (letters < s.len && is_letter(s.at[letters]))
    letters++;
  read_letters(slice_of(s.at, letters), m);
  s = slice_of(s.at + letters, s.len - letters);
  if (s.len && (s.at[0] == '+' || s.at[0] == '-'))
    read_offset(s, m);
  return true;
}

/* "24-Nov-2026", "2026-11-24", "24.11.2026"; of the last only this order is not ambiguous. */
static bool read_joined(struct slice s, struct moment *m) {
  struct slice whole = s;
  size_t digits = 0;
  int64_t first = take_number(&s, 4);
  digits = whole.len - s.len;
  char between = s.len ? s.at[0] : '\0';
  if (first == UNSAID || (between != '-' && between != '/' && between != '.') || !take(&s, between))
    return false;
  size_t letters = 0;
  while (letters < s.len && is_letter(s.at[letters]))
    letters++;
  int64_t second = letters ? UNSAID : take_number(&s, 2);
  if (letters) {
    read_letters(slice_of(s.at, letters), m);
    s = slice_of(s.at + letters, s.len - letters);
  } else if (second == UNSAID || (digits < 4 && between != '.')) {
    return false;
  }
  size_t before = s.len;
  if (!take(&s, between))
    return false;
  int64_t third = take_number(&s, 4);
  if (third == UNSAID)
    return false;
  if (!letters)
    set(&m->month, second);
  set(&m->year, digits == 4 ? first : full_year(third, before - 1 - s.len));
  set(&m->day, digits == 4 ? third : first);
  if (take(&s, 'T') || take(&s, 't'))
    read_clock(s, m);
  return true;
}

static void read_number(struct slice s, struct moment *m) {
  size_t len = s.len;
  int64_t value = take_number(&s, 4);
  if (value == UNSAID || s.len)
    return;
  if (len <= 2 && m->day == UNSAID)
    m->day = value;
  else if (len == 4 && m->year != UNSAID && m->hour == UNSAID && value < 2400 && value % 100 < 60)
    set_clock(m, value / 100, value % 100, 0); /* "24 Nov 26 1030 UT" */
  else
    set(&m->year, full_year(value, len));
}

static void read_word(struct slice word, struct moment *m) {
  char c = word.at[0];
  size_t digits = 0;
  while (digits < word.len && is_digit(word.at[digits]))
    digits++;
  if (digits == word.len) {
    read_number(word, m);
  } else if (is_digit(c)) {
    /* "24.11.2026" and "10.30.00" look alike: the first has four digits at its end. */
    bool dated = word.len > 4 && is_digit(word.at[word.len - 4]) && word.at[word.len - 5] == '.';
    if (dated || !read_clock(word, m))
      read_joined(word, m);
  } else if ((c == '+' || c == '-') && m->hour != UNSAID) {
    read_offset(word, m);
  } else if (is_letter(c)) {
    size_t letters = 0;
    while (letters < word.len && is_letter(word.at[letters]))
      letters++;
    struct slice rest = slice_of(word.at + letters, word.len - letters);
    if (rest.len > 1 && (rest.at[0] == '+' || rest.at[0] == '-') && m->hour != UNSAID)
      read_offset(rest, m); /* "GMT+0100": the number says more than the name */
    else
      read_letters(slice_of(word.at, letters), m);
  }
}

/* --- the whole --- */

static bool is_separator(char c) {
  return (uint8_t)c <= ' ' || c == ',' || c == '"' || c == ')' || c == ';';
}

int64_t date_days(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2; /* years begin in March, so that the odd day is the last */
  int64_t era = (year >= 0 ? year : year - 399) / 400, in_era = year - era * 400;
  int64_t in_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

bool date_exists(int64_t year, unsigned month, unsigned day) {
  static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return year >= 0 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
         day <= lengths[month - 1] + (unsigned)(leap && month == 2);
}

bool date_read(struct slice value, int64_t *ret_ms) {
  struct moment m = {UNSAID, UNSAID, UNSAID, UNSAID, 0, 0, .zone = 0};
  size_t words = 0;
  for (size_t i = 0; i < value.len && words < WORDS_MAX; words++) {
    while (i < value.len && is_separator(value.at[i]))
      i++;
    if (i < value.len && value.at[i] == '(') { /* a comment; what it hides is said elsewhere */
      const char *close = memchr(value.at + i, ')', value.len - i);
      i = close ? (size_t)(close - value.at) + 1 : value.len;
      continue;
    }
    size_t start = i;
    while (i < value.len && !is_separator(value.at[i]) && value.at[i] != '(')
      i++;
    if (i > start)
      read_word(slice_of(value.at + start, i - start), &m);
  }
  if (m.hour == UNSAID) /* a day is not a moment, but near enough */
    m.hour = 0;
  if (m.afternoon && m.hour < 12)
    m.hour += 12;
  if (m.forenoon && m.hour == 12)
    m.hour = 0;
  if (m.year == UNSAID || m.month == UNSAID || m.day == UNSAID ||
      !date_exists(m.year, (unsigned)m.month, (unsigned)m.day))
    return false;
  int64_t seconds = (date_days(m.year, (unsigned)m.month, (unsigned)m.day) * 24 + m.hour) * 3600 + m.minute * 60 +
                    m.second - m.zone * 60;
  *ret_ms = seconds * 1000;
  return true;
}
