/* SPDX-License-Identifier: Apache-2.0 */
/* The words of an acknowledgement: the template's variables, and the outbound message made of it (AR-30 … AR-39). Pure. */
#ifndef ACKNOWLEDGEMENT_COMPOSE_H
#define ACKNOWLEDGEMENT_COMPOSE_H

#include "acknowledgement/policy.h"
#include "answer/answer.h"

enum { COMPOSE_SILENT = 1 };

#define COMPOSE_TEXT_MAX 4096    /* bytes (AR-37) */
#define COMPOSE_SUBJECT_MAX 200  /* characters (AR-38) */

/* All lent. */
struct compose_facts {
  const struct policy_facts *policy;
  struct slice customer_name;    /* by their context; "" none */
  int64_t pace_ms;               /* how long first answers of this queue take just now; 0 unknown */
  struct slice conversation;     /* its id */
  struct slice secret;           /* of the desk */
  uint8_t unique[10];            /* random: of the Message-ID */
};

/* Makes the message of a verdict POLICY_SEND, in the arena, with its id and idempotency key ("ack:" and the event's id).
 * Returns 0; COMPOSE_SILENT: it cannot be said, the verdict is POLICY_SILENT now, with the reason (a gap in the template,
 * too long); -ENOMEM; -ENAMETOOLONG for a domain too long. */
int must_check compose(const struct compose_facts *facts, struct arena *a, struct policy_verdict *v, answer_message **ret);

#endif
