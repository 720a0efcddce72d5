/* SPDX-License-Identifier: Apache-2.0 */
/* What all providers' answers have in common. */
#include "provider_out.h"

static const struct row {
  long least, most;
  enum outbound_outcome outcome;
  bool down;
} rows[] = {
    {200, 299, OUTBOUND_ACCEPTED, false}, {401, 401, OUTBOUND_DEFERRED, true}, {403, 403, OUTBOUND_DEFERRED, true},
    {404, 405, OUTBOUND_DEFERRED, true}, /* the address of the provider is wrong, not the message */
    {407, 408, OUTBOUND_DEFERRED, true}, {425, 425, OUTBOUND_DEFERRED, false}, {429, 429, OUTBOUND_DEFERRED, true},
    {300, 399, OUTBOUND_DEFERRED, true}, /* redirections are not followed */
    {400, 499, OUTBOUND_FAILED, false},   {500, 599, OUTBOUND_DEFERRED, true},
};

void out_judge_status(const struct out_reply *reply, struct arena *a, struct outbound_result *ret) {
  size_t i = 0, count = sizeof(rows) / sizeof(rows[0]);
  while (i < count && (reply->status < rows[i].least || reply->status > rows[i].most))
    i++;
  char *code = arena_printf(a, "HTTP %ld", reply->status);
  *ret = (struct outbound_result){.outcome = i < count ? rows[i].outcome : OUTBOUND_DEFERRED,
                                  .destination_down = i < count ? rows[i].down : true,
                                  .why = "", .code = code ? code : "", .provider_id = SLICE(""),
                                  .retry_after_ms = reply->retry_after_ms};
}
