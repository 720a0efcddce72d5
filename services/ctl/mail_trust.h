/* SPDX-License-Identifier: Apache-2.0 */
/* What of a mail is believed when the command line reads one: by the configuration of today. */
#ifndef CTL_MAIL_TRUST_H
#define CTL_MAIL_TRUST_H

#include "config/config.h"
#include "mime/mime.h"

/* The addresses of all e-mail channels; gives. */
struct mime_own *mail_trust_own(const struct config *c);
/* Of a channel that is no more nothing is believed. Lends what it points to. */
struct mime_trust mail_trust_of(const struct config *c, const char *channel, const struct mime_own *own);

#endif
