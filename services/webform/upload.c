/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type a browser names is a guess from the same extension, so it proves nothing and is not looked at. Extension
 * and bytes must agree: a page named photo.jpg is what an attacker sends, not a customer.
 */
#include "upload.h"
#include "text/utf8.h"

/* Places where zip-based documents say what they are. */
#define ODF_MIMETYPE_AT 30
#define OOXML_NAME "[Content_Types].xml"

static bool starts(struct slice s, size_t at, struct slice magic) {
  return s.len >= at + magic.len && memcmp(s.at + at, magic.at, magic.len) == 0;
}

static bool is_png(struct slice s) {
  return starts(s, 0, SLICE("\x89PNG\r\n\x1a\n"));
}

static bool is_jpeg(struct slice s) {
  return starts(s, 0, SLICE("\xff\xd8\xff"));
}

static bool is_gif(struct slice s) {
  return starts(s, 0, SLICE("GIF87a")) || starts(s, 0, SLICE("GIF89a"));
}

static bool is_webp(struct slice s) {
  return starts(s, 0, SLICE("RIFF")) && starts(s, 8, SLICE("WEBP"));
}

static bool is_heic(struct slice s) {
  return starts(s, 4, SLICE("ftyphei")) || starts(s, 4, SLICE("ftypmif1")) || starts(s, 4, SLICE("ftyphevc"));
}

static bool is_pdf(struct slice s) {
  return starts(s, 0, SLICE("%PDF-"));
}

static bool is_zip(struct slice s) {
  return starts(s, 0, SLICE("PK\x03\x04"));
}

static bool is_ooxml(struct slice s) {
  return is_zip(s) && memmem(s.at, s.len, OOXML_NAME, sizeof(OOXML_NAME) - 1);
}

static bool is_odf(struct slice s) {
  return is_zip(s) && starts(s, ODF_MIMETYPE_AT, SLICE("mimetypeapplication/vnd.oasis.opendocument."));
}

/* Any charset, but nothing that a program would run or draw: no NUL, no known binary. */
static bool is_text(struct slice s) {
  return s.len > 0 && !memchr(s.at, '\0', s.len) && !is_pdf(s) && !is_zip(s) && !is_gif(s) && !is_jpeg(s) &&
         !is_png(s) && !starts(s, 0, SLICE("MZ")) && !starts(s, 0, SLICE("\x7f" "ELF")) && !starts(s, 0, SLICE("#!"));
}

#define OFFICE "application/vnd.openxmlformats-officedocument."
#define ODF "application/vnd.oasis.opendocument."

static const struct row {
  const char *extension, *type;
  bool (*matches)(struct slice bytes);
} rows[] = {
    {".png", "image/png", is_png},
    {".jpg", "image/jpeg", is_jpeg},
    {".jpeg", "image/jpeg", is_jpeg},
    {".gif", "image/gif", is_gif},
    {".webp", "image/webp", is_webp},
    {".heic", "image/heic", is_heic},
    {".pdf", "application/pdf", is_pdf},
    {".txt", "text/plain", is_text},
    {".csv", "text/csv", is_text},
    {".log", "text/plain", is_text},
    {".docx", OFFICE "wordprocessingml.document", is_ooxml},
    {".xlsx", OFFICE "spreadsheetml.sheet", is_ooxml},
    {".pptx", OFFICE "presentationml.presentation", is_ooxml},
    {".odt", ODF "text", is_odf},
    {".ods", ODF "spreadsheet", is_odf},
    {".odp", ODF "presentation", is_odf},
};

static struct slice extension_of(struct slice name) {
  const char *dot = name.len ? memrchr(name.at, '.', name.len) : NULL;
  return dot ? slice_of(dot, (size_t)(name.at + name.len - dot)) : SLICE("");
}

const char *upload_type(struct slice name, struct slice bytes) {
  struct slice extension = extension_of(name);
  for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
    if (slice_equal_nocase(extension, slice_text(rows[i].extension)))
      return rows[i].matches(bytes) ? rows[i].type : NULL;
  }
  return NULL;
}

const char *upload_accept(void) {
  return ".png,.jpg,.jpeg,.gif,.webp,.heic,.pdf,.txt,.csv,.log,.docx,.xlsx,.pptx,.odt,.ods,.odp";
}

/* What is behind the last separator of either kind of system. */
static struct slice last_part(struct slice name) {
  for (size_t i = name.len; i > 0; i--) {
    if (name.at[i - 1] == '/' || name.at[i - 1] == '\\')
      return slice_of(name.at + i, name.len - i);
  }
  return name;
}

static bool is_device(struct slice name) {
  static const char *const devices[] = {"con", "prn", "aux", "nul", "com", "lpt"};
  struct slice rest = name, stem;
  slice_split(&rest, '.', &stem);
  for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
    bool numbered = i >= 4;
    if (stem.len == (numbered ? 4u : 3u) && slice_starts_nocase(stem, slice_text(devices[i])) &&
        (!numbered || (stem.at[3] >= '0' && stem.at[3] <= '9')))
      return true;
  }
  return false;
}

char *upload_clean_name(struct arena *a, struct slice raw) {
  char *line = utf8_one_line(a, raw);
  if (!line)
    return NULL;
  struct slice name = last_part(slice_text(line));
  while (name.len && (name.at[0] == '.' || name.at[0] == ' ' || name.at[0] == '-'))
    name = slice_of(name.at + 1, name.len - 1);
  while (name.len && (name.at[name.len - 1] == '.' || name.at[name.len - 1] == ' '))
    name.len--;
  if (name.len == 0)
    return arena_copy(a, SLICE("file"));
  struct slice extension = extension_of(name);
  if (extension.len > 16)
    extension = SLICE("");
  size_t stem = utf8_cut(slice_of(name.at, name.len - extension.len), UPLOAD_NAME_MAX - 1 - extension.len);
  char *clean = arena_printf(a, "%s%.*s%.*s", is_device(name) ? "_" : "", (int)stem, name.at, (int)extension.len,
                             extension.at);
  for (char *c = clean; c && *c; c++) {
    if (strchr("<>:\"|?*%$`'&;", *c))
      *c = '_';
  }
  return clean;
}
