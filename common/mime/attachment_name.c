/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever saves it may sit at any system, so what any of them trips over is replaced. */
#include "mime/attachment_name.h"
#include "text/utf8.h"
#include <stdio.h>

enum { EXTENSION_MAX = 16 };

static const struct {
  const char *type, *name;
} defaults[] = {
    {"message/rfc822", "message.eml"},
    {"message/global", "message.eml"},
    {"message/delivery-status", "delivery-status.txt"},
    {"message/disposition-notification", "disposition-notification.txt"},
    {"message/feedback-report", "feedback-report.txt"},
    {"message/partial", "message-part.eml"},
    {"message/external-body", "external-body.txt"},
    {"text/rfc822-headers", "headers.txt"},
    {"text/plain", "text.txt"},
    {"text/html", "page.html"},
    {"text/calendar", "invitation.ics"},
    {"application/ics", "invitation.ics"},
    {"text/x-vcard", "contact.vcf"},
    {"text/vcard", "contact.vcf"},
    {"text/csv", "table.csv"},
    {"image/jpeg", "image.jpg"},
    {"image/png", "image.png"},
    {"image/gif", "image.gif"},
    {"image/webp", "image.webp"},
    {"image/heic", "image.heic"},
    {"image/tiff", "image.tif"},
    {"image/svg+xml", "image.svg"},
    {"audio/mpeg", "audio.mp3"},
    {"audio/x-wav", "audio.wav"},
    {"audio/wav", "audio.wav"},
    {"audio/amr", "audio.amr"},
    {"video/mp4", "video.mp4"},
    {"video/quicktime", "video.mov"},
    {"application/pdf", "document.pdf"},
    {"application/zip", "archive.zip"},
    {"application/ms-tnef", "winmail.dat"},
    {"application/pgp-signature", "signature.asc"},
    {"application/pgp-encrypted", "pgp-version.txt"},
    {"application/pkcs7-signature", "smime.p7s"},
    {"application/pkcs7-mime", "smime.p7m"},
};

static const char *const devices[] = {"con", "prn", "aux", "nul", "com", "lpt"};

/* "con", "NUL.txt", "com1": names that Windows never takes for files. */
static bool is_device(struct slice name) {
  const char *dot = memchr(name.at, '.', name.len);
  size_t len = dot ? (size_t)(dot - name.at) : name.len;
  if (len == 4 && name.at[3] >= '0' && name.at[3] <= '9')
    len = 3;
  for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
    if (slice_equal_nocase(slice_of(name.at, len), slice_text(devices[i])))
      return true;
  return false;
}

static char *from_type(struct reading *r, const char *type) {
  for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
    if (strcmp(type, defaults[i].type) == 0)
      return reading_copy(r, slice_text(defaults[i].name));
  return reading_copy(r, SLICE("attachment"));
}

static struct slice extension_of(struct slice name) {
  const char *dot = name.len ? memrchr(name.at, '.', name.len) : NULL;
  size_t len = dot ? name.len - (size_t)(dot - name.at) : 0;
  return len && len <= EXTENSION_MAX ? slice_of(dot, len) : slice_of(name.at + name.len, 0);
}

/* name + middle + its extension, at most ATTACHMENT_NAME_MAX bytes. */
static char *put_together(struct reading *r, struct slice name, const char *middle) {
  struct slice extension = extension_of(name);
  struct slice stem = slice_of(name.at, name.len - extension.len);
  stem.len = utf8_cut(stem, ATTACHMENT_NAME_MAX - extension.len - strlen(middle));
  char *out = arena_printf(r->arena, "%.*s%s%.*s", (int)stem.len, stem.at, middle, (int)extension.len, extension.at);
  r->failed |= !out;
  return out ? out : reading_copy(r, name);
}

char *attachment_name_clean(struct reading *r, const char *raw, const char *type) {
  char *line = reading_line(r, slice_text(raw));
  struct slice name = slice_text(line);
  for (size_t i = 0; i < name.len; i++)
    if (line[i] == '/' || line[i] == '\\') {
      name = slice_of(line + i + 1, name.len - i - 1);
      line = line + i + 1;
      i = SIZE_MAX;
    }
  while (name.len && (name.at[name.len - 1] == '.' || name.at[name.len - 1] == ' '))
    name.len--;
  while (name.len && (name.at[0] == '.' || name.at[0] == ' '))
    name = slice_of(name.at + 1, name.len - 1);
  if (!name.len)
    return from_type(r, type);
  char *clean = put_together(r, name, "");
  for (char *c = clean; *c; c++)
    if (strchr("<>:\"|?*", *c))
      *c = '_';
  return is_device(slice_text(clean)) ? put_together(r, slice_text(clean), "_") : clean;
}

/* The number in "stem (number).extension"; 1 for the name itself, 0 for another one. A stem that was cut to make room
 * counts as the same. */
static uint64_t number_of(struct slice name, struct slice taken) {
  struct slice extension = extension_of(name), stem = slice_of(name.at, name.len - extension.len);
  if (slice_equal(name, taken))
    return 1;
  if (taken.len <= extension.len + 1 ||
      !slice_equal(slice_of(taken.at + taken.len - extension.len, extension.len), extension))
    return 0;
  taken.len -= extension.len;
  const char *open = taken.at[taken.len - 1] == ')' ? memrchr(taken.at, '(', taken.len) : NULL;
  size_t before = open ? (size_t)(open - taken.at) : 0;
  uint64_t number = 0;
  if (before < 1 || before - 1 > stem.len || memcmp(taken.at, stem.at, before - 1) != 0 ||
      slice_to_u64(slice_of(open + 1, taken.len - before - 2), 100000, &number) != 0)
    return 0;
  return number;
}

static bool is_taken(const char *name, char *const *taken, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(taken[i], name) == 0)
      return true;
  return false;
}

char *attachment_name_unique(struct reading *r, char *name, char *const *taken, size_t taken_count) {
  char *wanted = name, middle[24];
  if (!is_taken(name, taken, taken_count))
    return name;
  bool *used = reading_zalloc(r, taken_count + 3);
  for (size_t i = 0; used && i < taken_count; i++) {
    uint64_t number = number_of(slice_text(name), slice_text(taken[i]));
    if (number < taken_count + 3)
      used[number] = true;
  }
  for (size_t number = 2; used && number < taken_count + 3 && !r->failed; number++) {
    if (used[number])
      continue;
    snprintf(middle, sizeof(middle), " (%zu)", number);
    wanted = put_together(r, slice_text(name), middle);
    if (!is_taken(wanted, taken, taken_count))
      break;
  }
  return wanted;
}
