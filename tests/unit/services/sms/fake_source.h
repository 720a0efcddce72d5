/* SPDX-License-Identifier: Apache-2.0 */
/* What a normaliser is told before the input, with a blob store that remembers only the last blob. */
#ifndef TEST_SMS_FAKE_SOURCE_H
#define TEST_SMS_FAKE_SOURCE_H

#include "draft.h"

struct fake_blobs {
  size_t count;
  struct buf last;
  int outcome;               /* given instead of storing, when not 0 */
};

struct source fake_source(struct arena *a, struct fake_blobs *blobs, bool sms);
const char *fake_field(const contact_event *e, const char *name); /* "(none)" when absent */
bool fake_warned(const contact_event *e, const char *warning);
/* Packs, unpacks and checks: what a normaliser makes must be acceptable to every reader. */
void fake_check(struct arena *a, contact_event *e);

#endif
