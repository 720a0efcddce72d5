/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge.h"
#include "plan/plan.h"
#include "template/review.h"
#include <stdio.h>

struct listener {
  desk_tell *tell;
  void *arg;
};

static void hear_template(void *arg, const struct template_finding *f) {
  const struct listener *l = arg;
  struct desk_finding finding = {.wrong = true, .place = f->place};
  if (!f->wrong)
    return;
  snprintf(finding.text, sizeof(finding.text), "%s%s%s%.400s", f->name ? "template '" : "", f->name ? f->name : "",
           f->name ? "': " : "", f->text);
  l->tell(l->arg, &finding);
}

static bool fits_routing(const struct desk *d, int64_t now_ms) {
  auto_clean(buf_free) struct buf plan = BUF_INIT(PLAN_MAX_BYTES), hours = BUF_INIT(PLAN_MAX_BYTES);
  return plan_write(d, &plan) == 0 && plan_write_hours(d, now_ms, &hours) == 0;
}

size_t judge_desk(const struct desk *d, int64_t now_ms, desk_tell *tell, void *arg) {
  struct listener l = {tell, arg};
  size_t wrong = template_review(d, NULL, hear_template, &l) + desk_review(d, now_ms, tell, arg);
  if (fits_routing(d, now_ms))
    return wrong;
  struct desk_finding finding = {.wrong = true, .place = {1, 1}};
  snprintf(finding.text, sizeof(finding.text),
           "too large for routing: what it says of queues, agents and hours takes more than %d bytes", PLAN_MAX_BYTES);
  tell(arg, &finding);
  return wrong + 1;
}
