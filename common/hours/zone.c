/* SPDX-License-Identifier: Apache-2.0 */
#include "hours/zone.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo"
#define NAME_ROOM 80 /* ZONE_MAX is less */
#define PATH_ROOM 1024
#define ZONE_MAX 64
#define KEPT 8
#define STRETCH (6 * 3600) /* no zone changes its clock twice in this */

/* ---- names. They become a path below the system's folder of zones, so the form is stricter than theirs. */

static bool zone_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
}

/* No dots at all, so no "..", and no part that is empty. */
bool zone_form(struct slice zone) {
  struct slice rest = zone, part;
  if (zone.len == 0 || zone.len > ZONE_MAX || zone.at[zone.len - 1] == '/')
    return false;
  for (bool first = true; slice_split(&rest, '/', &part); first = false) {
    if (part.len == 0 || part.at[0] == '-' || part.at[0] == '+')
      return false;
    /* the same zones again, once with leap seconds: local time would be half a minute off */
    if (first && (slice_equal(part, SLICE("right")) || slice_equal(part, SLICE("posix"))))
      return false;
    for (size_t i = 0; i < part.len; i++)
      if (!zone_character(part.at[i]))
        return false;
  }
  return true;
}

/* ---- zones */

/* The zone that the process is in; "": none that we set. It was found when it was set. */
static char current[NAME_ROOM];

static bool is_utc(const char *zone) {
  return strcmp(zone, "UTC") == 0;
}

/* A descriptor that is there when a crowd of connections has taken all others: without one a zone would be unknown, and the
 * C library would take it for UTC. */
static int spare = -1;

static void lend_spare(void) {
  if (spare >= 0)
    close(spare);
  spare = -1;
}

static void take_spare_back(void) {
  spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* A file of the C library's format, not a folder and not one of the tables beside them. */
static bool look_for(const char *zone) {
  const char *folder = getenv("TZDIR");
  char path[PATH_ROOM], magic[4];
  int len = snprintf(path, sizeof(path), "%s/%s", folder && folder[0] ? folder : ZONES, zone);
  if (len < 0 || (size_t)len >= sizeof(path))
    return false;
  lend_spare();
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool there = fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
               memcmp(magic, "TZif", sizeof(magic)) == 0;
  if (fd >= 0)
    close(fd);
  take_spare_back();
  return there;
}

/* What was found last for each of some zones: an offset, and the stretch of time in which it holds. Who asks about the
 * same few zones in turn, at nearly the same time, makes the C library switch only once. */
static struct {
  char zone[NAME_ROOM];     /* "": free */
  int64_t stretch, offset;  /* of STRETCH seconds since 1970 */
} kept[KEPT];
static size_t kept_next;

static size_t kept_of(const char *zone) {
  size_t i = 0;
  while (i < KEPT && strcmp(kept[i].zone, zone) != 0)
    i++;
  return i;
}

bool zone_known(const char *zone) {
  return is_utc(zone) || (zone[0] && (strcmp(zone, current) == 0 || kept_of(zone) < KEPT)) ||
         (zone_form(slice_text(zone)) && look_for(zone));
}

/* The C library keeps every different value that TZ ever had: there are as many as zones. */
static void switch_to(const char *zone) {
  char value[NAME_ROOM + 1];
  snprintf(value, sizeof(value), ":%s", zone); /* ':' a file, never a rule such as "EST5" */
  if (setenv("TZ", value, 1) == 0) {
    lend_spare();
    tzset();
    take_spare_back();
    snprintf(current, sizeof(current), "%s", zone);
  }
}

static int64_t offset_at(int64_t unix_s) {
  time_t at = (time_t)unix_s;
  struct tm local;
  return localtime_r(&at, &local) ? local.tm_gmtoff : 0;
}

static void keep(const char *zone, int64_t stretch, int64_t offset) {
  size_t i = kept_of(zone);
  if (i == KEPT)
    i = kept_next++ % KEPT;
  snprintf(kept[i].zone, sizeof(kept[i].zone), "%s", zone);
  kept[i].stretch = stretch;
  kept[i].offset = offset;
}

int64_t zone_offset(const char *zone, int64_t unix_s) {
  if (is_utc(zone) || !zone_known(zone))
    return 0;
  int64_t stretch = unix_s / STRETCH - (unix_s % STRETCH < 0);
  size_t i = kept_of(zone);
  if (i < KEPT && kept[i].stretch == stretch)
    return kept[i].offset;
  if (strcmp(zone, current) != 0)
    switch_to(zone);
  int64_t offset = offset_at(unix_s);
  if (offset_at(stretch * STRETCH) == offset && offset_at((stretch + 1) * STRETCH - 1) == offset)
    keep(zone, stretch, offset);
  return offset;
}
