/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator can count. */
#include "sms.h"

void sms_metrics(struct sms *s) {
  static const char *const outcomes[VERDICT_COUNT] = {
      [TAKEN] = "taken", [VERDICT_MALFORMED] = "malformed", [VERDICT_FORBIDDEN] = "forbidden",
      [VERDICT_UNKNOWN_CHANNEL] = "unknown-channel", [VERDICT_WRONG_METHOD] = "wrong-method",
      [VERDICT_WRONG_TYPE] = "wrong-type", [VERDICT_TOO_OFTEN] = "too-often", [VERDICT_DEFERRED] = "deferred"};
  for (size_t i = 0; i < VERDICT_COUNT; i++)
    s->requests[i] = metric_counter("deskbell_sms_requests_total", "Webhook requests by what became of them.",
                                    "outcome", outcomes[i]);
  s->accept_time = metric_histogram("deskbell_sms_accept_seconds", "From the whole request to its durable answer.",
                                    NULL, NULL);
  s->events = metric_counter("deskbell_sms_events_total", "Contact events put into the spool.", NULL, NULL);
  s->unknown_types = metric_counter("deskbell_sms_unknown_types_total", "Events of a type nobody knows.", NULL, NULL);
  s->quarantined =
      metric_counter("deskbell_sms_quarantined_total", "Bad items of a batch, kept for staff.", NULL, NULL);
}
