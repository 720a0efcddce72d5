/* SPDX-License-Identifier: Apache-2.0 */
/* Plays server bytes into a reader and writes its events down, one per line:
 *   OK 5 UIDVALIDITY=7 flags=… can=…: words    (tag and code only when there)
 *   + | EXISTS 3 | EXPUNGE 3 | VANISHED [earlier] 1:5 | FOUND 3:4 | CAN idle uidplus | LIST name | LIST! name | …
 *   BODY uid=7 | run … | FETCH uid=7 size=… date=… flags=… body | ~ for what was passed over | BROKEN
 */
#ifndef TEST_READER_PLAY_H
#define TEST_READER_PLAY_H

#include "imap/reader.h"

/* Writes down one event. */
void write_event(enum imap_event event, const struct imap_response *said, struct buf *out);
void write_mail(const struct imap_mail *mail, struct buf *out);
/* Plays `in` whole, cut in two at each byte, byte by byte and in random pieces; fails when the events are not
 * `expected`.
 */
void reader_play(const char *name, struct slice in, const char *expected);

#endif
