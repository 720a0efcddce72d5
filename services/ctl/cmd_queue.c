/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell queue: agents' queues seen, and work items moved by hand. */
#include "base/clock.h"
#include "instant.h"
#include "queue.h"
#include <getopt.h>

static const struct queue_verb verbs[] = {
    {"ls", "", false, false, false, queue_ls},
    {"show", "a queue", false, false, false, queue_show},
    {"held", "", false, false, false, queue_held},
    {"aside", "", false, false, false, queue_aside},
    {"claim", "a queue", true, true, false, queue_claim},
    {"accept", "a work item", false, true, false, queue_accept},
    {"decline", "a work item", false, true, false, queue_decline},
    {"hold", "a work item", false, false, false, queue_move},
    {"snooze", "a work item", false, false, true, queue_move},
    {"resume", "a work item", false, true, false, queue_move},
    {"reopen", "a work item", false, false, false, queue_move},
    {"done", "a work item", false, false, false, queue_done},
    {"requeue", "a work item", false, false, false, queue_requeue},
};

static const struct option options[] = {{"agent", required_argument, NULL, 'a'},
                                        {"queue", required_argument, NULL, 'q'},
                                        {"item", required_argument, NULL, 'i'},
                                        {"seen", required_argument, NULL, 's'},
                                        {"why", required_argument, NULL, 'w'},
                                        {"by", required_argument, NULL, 'b'},
                                        {"note", required_argument, NULL, 'n'},
                                        {"until", required_argument, NULL, 'u'},
                                        {"limit", required_argument, NULL, 'l'},
                                        {"force", no_argument, NULL, 'f'},
                                        {0}};

static int read_option(const struct ctl *ctl, int o, struct queue_asked *asked) {
  const char **texts[] = {['a'] = &asked->agent, ['q'] = &asked->queue, ['i'] = &asked->item, ['w'] = &asked->why,
                          ['b'] = &asked->by,    ['n'] = &asked->note};
  uint64_t seen = 0;
  if (o == 'f') {
    asked->force = true;
    return CTL_OK;
  }
  if (o == 'u')
    return instant_ahead(optarg, clock_now_ms(), &asked->until_ms) == 0
               ? CTL_OK : ctl_wrong_usage(ctl, "--until needs a time: 2h, 2026-11-27T18:30Z");
  if (o == 's') {
    asked->seen = optarg;
    return slice_to_u64(slice_text(optarg), INT32_MAX, &seen) == 0 ? CTL_OK
                                                                   : ctl_wrong_usage(ctl, "--seen needs a number");
  }
  if (o == 'l')
    return slice_to_u64(slice_text(optarg), 1000000, &asked->limit) == 0 && asked->limit > 0
               ? CTL_OK : ctl_wrong_usage(ctl, "--limit needs a number, at most 1000000");
  if (o == '?' || (size_t)o >= sizeof(texts) / sizeof(texts[0]) || !texts[o])
    return ctl_wrong_usage(ctl, "wrong option");
  *texts[o] = optarg;
  return CTL_OK;
}

static int check(const struct ctl *ctl, const struct queue_verb *verb, const struct queue_asked *asked, int arguments) {
  if (arguments > (verb->what[0] ? 1 : 0))
    return ctl_wrong_usage(ctl, "too many arguments");
  if (arguments == 0 && verb->what[0] && !verb->may_lack)
    return ctl_wrong_usage(ctl, "%s wants %s", verb->name, verb->what);
  if (verb->needs_agent && !asked->agent[0])
    return ctl_wrong_usage(ctl, "for which agent? --agent NAME");
  if (verb->needs_until && !asked->until_ms)
    return ctl_wrong_usage(ctl, "until when? --until 2h, --until 2026-11-27T18:30Z");
  return CTL_OK;
}

static int run(struct ctl *ctl, const struct queue_verb *verb, const struct queue_asked *asked, const char *argument) {
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  status = verb->run(&v, verb, asked, argument);
  desk_view_close(&v);
  return status;
}

int cmd_queue(struct ctl *ctl, int argc, char **argv) {
  struct queue_asked asked = {
      .agent = "", .queue = "", .item = "", .seen = "", .why = "", .by = "", .note = "", .limit = 1000};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    int status = read_option(ctl, o, &asked);
    if (status != CTL_OK)
      return status;
  }
  const char *name = optind < argc ? argv[optind] : "ls";
  int arguments = optind < argc ? argc - optind - 1 : 0;
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (strcmp(name, verbs[i].name) != 0)
      continue;
    int status = check(ctl, &verbs[i], &asked, arguments);
    return status == CTL_OK ? run(ctl, &verbs[i], &asked, arguments ? argv[optind + 1] : "") : status;
  }
  return ctl_wrong_usage(ctl, "there is no \"queue %s\"", name);
}
