/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seven-bit character sets of mail, which shift between ASCII and two-byte characters, brought to their eight-bit
 * sisters. What does not belong is kept as it is, for the sister to stumble over. Inside common/mime only. Pure.
 */
#ifndef MIME_CHARSET_SEVEN_H
#define MIME_CHARSET_SEVEN_H

#include "mime/reading.h"

/* ISO-2022-JP (RFC 1468) with what Windows' and older mailers put into it – half-width katakana, rows of NEC and IBM,
 * JIS X 0212 – to EUC-JP. */
struct slice charset_up_jp(struct reading *r, struct slice bytes);
/* ISO-2022-KR (RFC 1557) to EUC-KR, its announcement present or not. */
struct slice charset_up_kr(struct reading *r, struct slice bytes);
/* HZ (RFC 1843) to GB 18030. */
struct slice charset_up_hz(struct reading *r, struct slice bytes);

#endif
