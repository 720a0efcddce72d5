/* SPDX-License-Identifier: Apache-2.0 */
/* Mail providers at whose domains thousands have addresses: such a domain says nothing about who writes. Pure. */
#ifndef TEXT_MAIL_PROVIDER_H
#define TEXT_MAIL_PROVIDER_H

#include "base/slice.h"

/* `domain` in lower case, A-labels, as a key has it. */
bool mail_provider_has(struct slice domain);

#endif
