/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a From, To or Cc field, recovered as RFC 7103 7.1 and AD-06 want it; never recursive, linear. The
 * identity is always the addr-spec (AD-07); nothing in it is decoded (AD-14). Inside common/mime only. Pure.
 */
#ifndef MIME_ADDRESS_LIST_H
#define MIME_ADDRESS_LIST_H

#include "event/event.h"
#include "mime/reading.h"

enum { ADDRESS_LIST_MAX = 1000 };

struct address_list {
  event_party **parties;
  size_t count, room;
};

/* Appends the mailboxes of an unfolded value, at most ADDRESS_LIST_MAX in all (warning "recipients-cut"). A
 * mailbox without a usable address has an empty one and keeps its raw text. Names of groups and empty groups leave
 * nothing. */
void address_list_read(struct reading *r, struct slice value, struct address_list *list);

#endif
