/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell agent: who is there, what they have, and presence set by hand. */
#include "base/clock.h"
#include "config/value.h"
#include "definition.h"
#include "instant.h"
#include "item.h"
#include "step.h"
#include <getopt.h>
#include <stdio.h>
#include <time.h>

enum agent_field { AGENT_NAME, AGENT_PRESENCE, AGENT_SINCE, AGENT_UNTIL, AGENT_USED, AGENT_UNITS, AGENT_ITEMS };

struct asked {
  const char *why;
  char keep[24];
};

static const char *const presences[] = {"ready", "busy", "break", "away", "offline"};

/* ---- seeing */

static json_t *agent_json(const redisReply *row) {
  json_t *a =
      json_pack("{s:s, s:s, s:I, s:I}", "name", step_text(row, AGENT_NAME), "presence", step_text(row, AGENT_PRESENCE),
                "used", (json_int_t)step_number(row, AGENT_USED), "units", (json_int_t)step_number(row, AGENT_UNITS));
  json_set_time(a, "since", step_number(row, AGENT_SINCE));
  json_set_time(a, "connected_until", step_number(row, AGENT_UNTIL));
  json_t *items = json_array();
  struct slice list = slice_text(step_text(row, AGENT_ITEMS)), item;
  while (slice_split(&list, ' ', &item))
    if (item.len)
      json_array_append_new(items, slice_json(item));
  json_object_set_new(a, "items", items);
  return a;
}

static void print_agent(const redisReply *row) {
  char span[INSTANT_LEN] = "";
  int64_t since_ms = step_number(row, AGENT_SINCE);
  if (since_ms > 0)
    instant_span(clock_now_ms() - since_ms, span);
  printf("%-32s %-8s %10s %6lld of %-4lld %s\n", step_text(row, AGENT_NAME), step_text(row, AGENT_PRESENCE), span,
         (long long)step_number(row, AGENT_USED), (long long)step_number(row, AGENT_UNITS),
         step_text(row, AGENT_ITEMS));
}

static int run_ls(struct desk_view *v, const struct asked *asked, char **args) {
  (void)asked, (void)args;
  auto_reply *rows = STEP(v, "deskbell_agents", "");
  if (!rows)
    return CTL_FAILED;
  json_t *list = json_array();
  if (!v->ctl->json && rows->elements)
    printf("%-32s %-8s %10s %14s %s\n", "agent", "presence", "for", "units used", "work items");
  else if (!v->ctl->json)
    printf("there are no agents; list them in the desk definition (deskbell desk export, apply)\n");
  for (size_t i = 0; i < rows->elements; i++) {
    json_array_append_new(list, agent_json(rows->element[i]));
    if (!v->ctl->json)
      print_agent(rows->element[i]);
  }
  if (v->ctl->json)
    print_json(json_incref(list));
  json_decref(list);
  return CTL_OK;
}

/* A definition that was just applied is in force before dispatch goes by it: the router reads it within seconds. */
enum { SOON_MS = 8000, LOOK_AGAIN_MS = 100 };

static bool is_defined(struct desk_view *v, const char *name) {
  auto_clean(desk_free) struct desk *desk = NULL;
  return definition_in_force(v, &desk) == CTL_OK && desk_agent_named(desk, slice_text(name));
}

static int unknown(struct desk_view *v, const char *name) {
  return ctl_fail(v->ctl, "there is no agent \"%s\" in the desk definition in force; `deskbell agent ls` lists them",
                  name);
}

static int print_items(struct desk_view *v, const json_t *ids) {
  size_t i;
  json_t *id;
  json_array_foreach(ids, i, id) {
    json_t *item = NULL;
    int r = item_json(v, json_string_value(id), &item);
    if (r == -EIO)
      return CTL_FAILED;
    if (r == 0)
      item_print(item);
    json_decref(item);
  }
  return CTL_OK;
}

/* What the desk definition says of them: queues (also those that have them as members by themselves) and speeds, skills. */
static void add_definition(json_t *agent, const struct desk_agent *a) {
  json_t *queues = json_object(), *skills = json_object();
  for (size_t i = 0; i < a->queue_count; i++)
    json_object_set_new(queues, a->queues[i], json_real(a->speeds[i]));
  for (size_t i = 0; i < a->skill_count; i++)
    json_object_set_new(skills, a->skills[i].name, json_integer(a->skills[i].level));
  json_object_set_new(agent, "queues", queues);
  json_object_set_new(agent, "skills", skills);
}

/* "    queues: billing (speed 1.2), support", and the skills. */
static void print_definition(const struct desk_agent *a) {
  for (size_t i = 0; i < a->queue_count; i++) {
    printf("%s%s", i ? ", " : "    queues: ", a->queues[i]);
    if (a->speeds[i] != 1)
      printf(" (speed %g)", a->speeds[i]);
  }
  printf("%s", a->queue_count ? "\n" : "");
  for (size_t i = 0; i < a->skill_count; i++)
    printf("%s%s %d", i ? ", " : "    skills: ", a->skills[i].name, a->skills[i].level);
  printf("%s", a->skill_count ? "\n" : "");
}

static int show(struct desk_view *v, const char *name) {
  auto_clean(desk_free) struct desk *desk = NULL;
  auto_reply *rows = STEP(v, "deskbell_agents", name);
  if (!rows || definition_in_force(v, &desk) != CTL_OK)
    return CTL_FAILED;
  if (rows->elements == 0)
    return unknown(v, name);
  const struct desk_agent *defined = desk_agent_named(desk, slice_text(name)); /* NULL: not any more */
  json_t *agent = agent_json(rows->element[0]);
  int status = CTL_OK;
  if (defined)
    add_definition(agent, defined);
  if (v->ctl->json) {
    print_json(json_incref(agent));
  } else {
    print_agent(rows->element[0]);
    if (defined)
      print_definition(defined);
    status = print_items(v, json_object_get(agent, "items"));
  }
  json_decref(agent);
  return status;
}

static int run_show(struct desk_view *v, const struct asked *asked, char **args) {
  (void)asked;
  return show(v, args[0]);
}

/* ---- presence */

static bool is_presence(const char *word) {
  for (size_t i = 0; i < sizeof(presences) / sizeof(presences[0]); i++)
    if (strcmp(word, presences[i]) == 0)
      return true;
  return false;
}

static int run_set(struct desk_view *v, const struct asked *asked, char **args) {
  if (!is_presence(args[1]))
    return ctl_wrong_usage(v->ctl, "\"%s\" is no presence: ready, busy, break, away, offline", args[1]);
  int64_t until_ms = 0;
  for (;;) {
    auto_reply *answer = STEP(v, "deskbell_presence", args[0], args[1], asked->keep, asked->why);
    if (!answer)
      return CTL_FAILED;
    if (strcmp(step_outcome(answer), "UNKNOWN") != 0)
      return show(v, args[0]);
    if (!until_ms && !is_defined(v, args[0]))
      return unknown(v, args[0]);
    until_ms = until_ms ? until_ms : clock_now_ms() + SOON_MS;
    if (clock_now_ms() > until_ms)
      return ctl_fail(v->ctl, "the desk definition in force has agent \"%s\", but dispatch does not go by it yet: is the router up?",
                      args[0]);
    nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_MS * 1000000L}, NULL);
  }
}

static const struct {
  const char *name, *wants;
  int arguments;
  int (*run)(struct desk_view *v, const struct asked *asked, char **args);
} verbs[] = {{"ls", "nothing more", 0, run_ls},
             {"show", "an agent", 1, run_show},
             {"set", "an agent and a presence", 2, run_set}};

int cmd_agent(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {
      {"why", required_argument, NULL, 'w'}, {"keep", required_argument, NULL, 'k'}, {0}};
  struct asked asked = {.why = "", .keep = "0"}; /* set by hand it stays, until their own program says otherwise */
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    int64_t keep_ms = 0;
    if (o == '?' || (o == 'k' && value_duration(slice_text(optarg), &keep_ms)))
      return ctl_wrong_usage(ctl, o == 'k' ? "--keep needs a time: 30s, 8h" : "wrong option");
    if (o == 'w')
      asked.why = optarg;
    else
      snprintf(asked.keep, sizeof(asked.keep), "%lld", (long long)keep_ms);
  }
  const char *verb = optind < argc ? argv[optind] : "ls";
  int rest = optind < argc ? argc - optind - 1 : 0;
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (strcmp(verb, verbs[i].name) != 0)
      continue;
    if (rest != verbs[i].arguments)
      return ctl_wrong_usage(ctl, "%s wants %s", verb, verbs[i].wants);
    struct desk_view v;
    int status = desk_view_open(ctl, &v);
    if (status != CTL_OK)
      return status;
    status = verbs[i].run(&v, &asked, argv + optind + 1);
    desk_view_close(&v);
    return status;
  }
  return ctl_wrong_usage(ctl, "there is no \"agent %s\"", verb);
}
