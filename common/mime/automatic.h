/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether nobody wrote this mail (AR-01 … AR-06, AR-09, AR-11, AR-17, AR-18, AR-60, AR-64). Headers decide. Where a
 * system sets none, two independent pieces of evidence do – the sender, the subject, the first lines, a field that only
 * asks for silence – for one alone is what a person might write. Inside common/mime only. Pure, linear.
 *
 *   kind      it is
 *   bounce    a report that a delivery failed
 *   reply     what a program answers for a person: out of office, "we have received …", "prove that you are human"
 *   report    made by a program otherwise: receipts, complaints, delays, notifications
 *   list      distributed by a mailing list, or a newsletter – unless the list is an address of our own
 *   bulk      bulk mail by its own word and by that of its software
 *   ""        not automatic; with evidence: it asks not to be answered automatically (AR-17)
 *
 * An invitation that a person sends by calendar is not automatic. Whether a mail is our own come back needs the desk's
 * secret, so the router finds that out.
 */
#ifndef MIME_AUTOMATIC_H
#define MIME_AUTOMATIC_H

#include "event/event.h"
#include "mime/own.h"
#include "mime/part.h"
#include "mime/report.h"

enum { AUTOMATIC_EVIDENCE_MAX = 24 };

/* All lent. */
struct automatic_facts {
  const struct mail_header *header;
  const char *type, *report_type;  /* of the whole mail, lower case; "" when it has none */
  enum report_outcome outcome;     /* of the delivery report in it */
  bool null_path;                  /* MAIL FROM:<> */
  bool invitation;                 /* it has a part text/calendar */
  struct slice mail_from;          /* of the envelope */
  struct slice sender, sender_name; /* From's first address, "" when it is none; its display name */
  struct slice reply_to;           /* its first address or "" */
  struct slice subject, text;      /* decoded; of the text only the first lines are looked at */
  const struct mime_own *own;
};

struct automatic_verdict {
  const char *kind;
  const char *evidence[AUTOMATIC_EVIDENCE_MAX]; /* rule and what said it; static */
  size_t count;
  bool delayed;   /* a bounce's sender says that it will go on trying */
  bool doubtful;  /* its subject is a program's and nothing else is (AR-18): a hint, no evidence */
};

void automatic_decide(struct reading *r, const struct automatic_facts *facts, struct automatic_verdict *ret);
/* For the event; NULL without evidence. */
Deskbell__V1__Automatic *automatic_event(struct reading *r, const struct automatic_verdict *verdict);

#endif
