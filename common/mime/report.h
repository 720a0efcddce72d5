/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mail reports on another: deliveries (RFC 3464), dispositions (RFC 8098), complaints (RFC 5965), their
 * international forms (RFC 6533), and the mail or header they return (RFC 6522). Damaged ones as far as they can be
 * read; of bounces in prose only what stands where their program always writes it. Everything in a report is its
 * sender's word: whoever acts on it proves that the mail it names was ours. Inside common/mime only. Pure, linear.
 */
#ifndef MIME_REPORT_H
#define MIME_REPORT_H

#include "event/event.h"
#include "mime/part.h"

enum { REPORT_BYTES_MAX = 256 * 1024, REPORT_REFERENCES_MAX = 20, REPORT_DIAGNOSTIC_MAX = 1000,
       REPORT_TEXT_MAX = 16 * 1024 };

enum report_outcome {
  REPORT_SAYS_NOTHING, /* none, or not of a delivery, or of nobody */
  REPORT_FAILED,       /* at least one recipient, or one of whom it is not said */
  REPORT_SPARED,       /* delayed, delivered, relayed, expanded: nobody's delivery failed (AR-60) */
};

/* The first report among the parts; NULL when there is none. */
Deskbell__V1__Report *report_read(struct reading *r, const struct mail_part *root);
enum report_outcome report_outcome(const Deskbell__V1__Report *report);

/* Adds to `report` (NULL: to a new delivery report) what it lacks, out of X-Failed-Recipients, the returned part, and
 * the text of qmail, Exim, Sendmail, Exchange and those who write like them. `failed`: else it is delayed. Gives NULL
 * when nothing was found and there was none. */
Deskbell__V1__Report *report_add_text(struct reading *r, const struct mail_header *h, const struct mail_part *root,
                                      struct slice text, bool failed, Deskbell__V1__Report *report);

/* Makes it fit into an event beside everything else: at most REPORT_TEXT_MAX bytes; diagnostics go first, then the last
 * recipients (warning "report-cut"). */
void report_bound(struct reading *r, Deskbell__V1__Report *report);

/* --- shared by report.c and report_text.c --- */

Deskbell__V1__Report *report_new(struct reading *r, const char *kind);
/* NULL when there are EVENT_REPORTED_MAX of them already. */
Deskbell__V1__ReportedRecipient *report_recipient(struct reading *r, Deskbell__V1__Report *report);
/* One clean line of at most so many bytes, of bytes in any character set. */
char *report_line(struct reading *r, struct slice s, size_t most);
/* The address as mail knows it, or one clean line when it is none. */
char *report_address(struct reading *r, struct slice s);
/* "5.1.1" of "550 5.1.1 unknown", "(#5.1.1)"; "" without one. */
char *report_status(struct reading *r, struct slice s);
/* Message-ID and references of a returned header, where the report does not have them. */
void report_set_returned(struct reading *r, struct slice raw, Deskbell__V1__Report *report);
/* The returned mail or header among the parts, decoded; empty without one. */
struct slice report_returned(struct reading *r, const struct mail_part *root);

#endif
