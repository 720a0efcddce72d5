/* SPDX-License-Identifier: Apache-2.0 */
/* What gateways and lawyers put around a text. Inside common/text only. Pure. */
#ifndef TEXT_STRIP_NOTICE_H
#define TEXT_STRIP_NOTICE_H

#include "base/slice.h"

/* A paragraph that speaks of this mail and of secrecy in many words and not of its writer, or that begins as only a
 * scanner of viruses writes. */
bool strip_notice_read(struct slice paragraph);
/* The warning of mail from outside that gateways put above a text. Returns where what they put ends, `begin` when
 * there is none. */
size_t strip_banner_read(struct slice text, size_t begin, size_t end);

#endif
