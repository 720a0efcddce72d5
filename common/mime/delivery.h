/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the system that put a mail into its mailbox wrote on top of it. Over LMTP the envelope says these things; in a
 * mailbox only such fields do. Topmost ones only: what stands further down may be the sender's own (RFC 7103 section
 * 7.5.3). Fields behind HEADER_TOTAL_MAX bytes of header are not looked at. Pure, linear; fit for use outside the parser.
 */
#ifndef MIME_DELIVERY_H
#define MIME_DELIVERY_H

#include "base/slice.h"

#define DELIVERY_PATH_MAX 1000 /* bytes of a path; a longer one counts as none */

/* The path in the topmost Return-Path, without its <>: where an answer's bounces would go (AR-20, RFC 5321 section 4.4).
 * Empty: the null path. Lends from `raw`. False when there is none that can be read. */
bool mime_return_path(struct slice raw, struct slice *ret);
/* The address in the topmost field of that name ("Delivered-To"), without <>. Lends from `raw`. False when there is none,
 * or none that can be read. */
bool mime_delivered_to(struct slice raw, struct slice field, struct slice *ret);

#endif
