/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application/pkcs7-mime part is (RFC 8551), by its outermost layers of BER: a signature around a mail is
 * opened, not verified; what is encrypted is only recognised. Nothing recurses, nothing is copied that lies in one
 * piece. Inside common/mime only. Pure.
 */
#ifndef MIME_SMIME_H
#define MIME_SMIME_H

#include "mime/reading.h"

enum smime {
  SMIME_BROKEN,     /* not CMS, or cut off before its content */
  SMIME_SIGNED,     /* *ret_inner is the MIME entity in it, lent from `bytes` or in the arena */
  SMIME_DETACHED,   /* signed, and the content is elsewhere; certificates alone look the same */
  SMIME_ENCRYPTED,
  SMIME_COMPRESSED,
};

enum smime smime_open(struct reading *r, struct slice bytes, struct slice *ret_inner);

#endif
