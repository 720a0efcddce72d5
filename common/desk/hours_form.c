/* SPDX-License-Identifier: Apache-2.0 */
/* Names of zones. They become a path below the system's folder of zones, so the form is stricter than theirs. */
#include "desk/desk.h"

#define ZONE_MAX 64

static bool zone_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
}

/* No dots at all, so no "..", and no part that is empty. */
bool desk_zone_form(struct slice zone) {
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

const struct desk_hours *desk_hours_named(const struct desk *d, struct slice name) {
  for (size_t i = 0; i < d->hours_count; i++)
    if (slice_equal(slice_text(d->hours[i].name), name))
      return &d->hours[i];
  return NULL;
}
