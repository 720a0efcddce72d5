/* SPDX-License-Identifier: Apache-2.0 */
/*
 * winmail.dat: what Outlook wraps a mail into when it takes the recipient for another Outlook (MS-OXTNEF, MI-20). One
 * pass over attributes and properties, nothing is copied but what must be converted. A message inside is one of the
 * files. Inside common/mime only. Pure.
 */
#ifndef MIME_TNEF_H
#define MIME_TNEF_H

#include "mime/reading.h"

enum { TNEF_FILES_MAX = 500 };

struct tnef_file {
  struct slice bytes;      /* lent from the TNEF; cut off with it */
  const char *name;        /* UTF-8, not cleaned; "" when it has none */
  const char *type;        /* "application/octet-stream" when it is not said, TNEF_TYPE for a message inside */
  const char *content_id;
};
#define TNEF_TYPE "application/ms-tnef"

struct tnef {
  struct slice text, html; /* UTF-8, not yet mended; empty when there is none */
  struct tnef_file *files;
  size_t file_count;
  bool whole;              /* nothing of it is damaged */
  bool special;            /* a meeting, a contact, a task: there is more in it than was read */
};

/* False when it is no TNEF at all. What is damaged or cut off ends it early; `whole` is then false. `most` bytes of a
 * body are read. */
bool tnef_read(struct reading *r, struct slice bytes, size_t most, struct tnef *ret);

#endif
