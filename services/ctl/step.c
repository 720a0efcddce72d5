/* SPDX-License-Identifier: Apache-2.0 */
#include "step.h"
#include "base/clock.h"
#include <stdio.h>

enum { HEAD = 5 };

redisReply *step_call(struct desk_view *v, const char *function, size_t count, const char *const *arguments) {
  const char *argv[HEAD + STEP_ARGUMENTS] = {"FCALL", function, "1", TAG};
  char now[24];
  assert(count <= STEP_ARGUMENTS);
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  argv[HEAD - 1] = now;
  for (size_t i = 0; i < count; i++)
    argv[HEAD + i] = arguments[i];
  return desk_call(v, (int)(HEAD + count), argv);
}

static const redisReply *element(const redisReply *answer, size_t n) {
  return answer && answer->type == REDIS_REPLY_ARRAY && n < answer->elements ? answer->element[n] : NULL;
}

const char *step_text(const redisReply *answer, size_t n) {
  return reply_text(element(answer, n));
}

int64_t step_number(const redisReply *answer, size_t n) {
  const redisReply *one = element(answer, n);
  uint64_t number = 0;
  if (one && one->type == REDIS_REPLY_INTEGER)
    return one->integer;
  return slice_to_u64(slice_text(reply_text(one)), INT64_MAX, &number) == 0 ? (int64_t)number : 0;
}

const char *step_outcome(const redisReply *answer) {
  return answer && answer->type == REDIS_REPLY_ARRAY ? step_text(answer, 0) : reply_text(answer);
}

const char *step_detail(const redisReply *answer) {
  return step_text(answer, 1);
}

enum whom { NOBODY, DETAIL, AGENT };

static const struct {
  const char *outcome, *before;
  enum whom whom; /* between the words */
  const char *after;
} rows[] = {
    {"GONE", "there is no such work item", NOBODY, ""},
    {"DONE", "it is done already", NOBODY, ""},
    {"WAITS", "it waits in that queue already", NOBODY, ""},
    {"NEWS", "the customer has written again since: look first", NOBODY, ""},
    {"NOT", "it is not offered to ", AGENT, ", or no longer"},
    {"FULL", "", AGENT, " has no room for it; something must be done or put back first"},
    {"TAKEN", "", DETAIL, " has it; `deskbell queue claim --item` with --force takes it over"},
    {"UNFIT", "", AGENT, " lacks a skill for it, or is not in its queue; --force takes it all the same"},
    {"ILLEGAL", "that cannot be done while it is ", DETAIL, ""},
    {"UNKNOWN", "the queue or the agent is not in the desk definition", NOBODY, ""},
};

int step_said(const struct desk_view *v, const char *what, const char *agent, const redisReply *answer) {
  const char *outcome = step_outcome(answer), *detail = step_detail(answer);
  const char *whom[] = {
      [NOBODY] = "", [DETAIL] = detail[0] ? detail : "somebody else", [AGENT] = agent[0] ? agent : "the agent"};
  if (strcmp(outcome, "OK") == 0)
    return CTL_OK;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strcmp(outcome, rows[i].outcome) == 0)
      return ctl_fail(v->ctl, "%s: %s%s%s", what, rows[i].before, whom[rows[i].whom], rows[i].after);
  return ctl_fail(v->ctl, "%s: Redis answers \"%s\", which this release does not know", what, outcome);
}
