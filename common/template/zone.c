/* SPDX-License-Identifier: Apache-2.0 */
#include "template/zone.h"
#include "desk/desk.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo"
#define NAME_ROOM 80 /* desk_zone_form() allows less */
#define PATH_ROOM 1024

/* The zone that the process is in; "": none that we set. It was found when it was set. */
static char current[NAME_ROOM];

static bool is_utc(const char *zone) {
  return strcmp(zone, "UTC") == 0;
}

/* A file of the C library's format, not a folder and not one of the tables beside them. */
static bool look_for(const char *zone) {
  const char *folder = getenv("TZDIR");
  char path[PATH_ROOM], magic[4];
  int len = snprintf(path, sizeof(path), "%s/%s", folder && folder[0] ? folder : ZONES, zone);
  if (len < 0 || (size_t)len >= sizeof(path))
    return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool there = fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
               memcmp(magic, "TZif", sizeof(magic)) == 0;
  if (fd >= 0)
    close(fd);
  return there;
}

bool zone_known(const char *zone) {
  return is_utc(zone) || (current[0] && strcmp(zone, current) == 0) ||
         (desk_zone_form(slice_text(zone)) && look_for(zone));
}

/* The C library keeps every different value that TZ ever had: there are as many as zones. */
static void switch_to(const char *zone) {
  char value[NAME_ROOM + 1];
  snprintf(value, sizeof(value), ":%s", zone); /* ':' a file, never a rule such as "EST5" */
  if (setenv("TZ", value, 1) == 0) {
    tzset();
    snprintf(current, sizeof(current), "%s", zone);
  }
}

int64_t zone_offset(const char *zone, int64_t unix_s) {
  time_t at = (time_t)unix_s;
  struct tm local;
  if (is_utc(zone) || !zone_known(zone))
    return 0;
  if (strcmp(zone, current) != 0)
    switch_to(zone);
  return localtime_r(&at, &local) ? local.tm_gmtoff : 0;
}
