/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell queue: agents' queues seen and moved by hand. */
#include "base/clock.h"
#include "item.h"
#include "desk/desk.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct asked {
  const char *agent, *queue, *seen;
  uint64_t limit;
};

static void now_text(char ret[24]) {
  snprintf(ret, 24, "%lld", (long long)clock_now_ms());
}

/* The desk definition in force; NULL after saying why. */
static struct desk *desk_in_force(struct desk_view *v) {
  auto_reply *version = CALL(v, "GET", TAG ":desk");
  if (!version)
    return NULL;
  auto_reply *document = CALL(v, "HGET", TAG ":desk:documents", reply_text(version));
  if (!document)
    return NULL;
  struct desk *desk = NULL;
  struct complaint c;
  if (document->type != REDIS_REPLY_STRING)
    ctl_fail(v->ctl, "no desk definition is in force; has the router been up once?");
  else if (desk_parse(slice_of(document->str, document->len), "desk definition", &desk, &c) < 0)
    ctl_fail(v->ctl, "the desk definition in force: line %u: %s", c.line, c.text);
  return desk;
}

static long long count_of(struct desk_view *v, const char *key, bool *failed) {
  auto_reply *reply = CALL(v, "ZCARD", key);
  *failed = *failed || !reply;
  return reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

static int run_ls(struct desk_view *v, const struct asked *asked, char **args, int count) {
  (void)asked;
  (void)args;
  (void)count;
  struct desk *desk = desk_in_force(v);
  if (!desk)
    return CTL_FAILED;
  bool failed = false;
  json_t *list = json_array();
  for (size_t i = 0; i < desk->queue_count && !failed; i++) {
    char key[128];
    snprintf(key, sizeof(key), TAG ":queue:%s", desk->queues[i].name);
    json_t *q = json_object();
    json_object_set_new(q, "name", json_string(desk->queues[i].name));
    json_object_set_new(q, "waiting", json_integer(count_of(v, key, &failed)));
    json_array_append_new(list, q);
    if (!v->ctl->json && !failed)
      printf("%-32s %8" JSON_INTEGER_FORMAT " waiting\n", desk->queues[i].name,
             json_integer_value(json_object_get(q, "waiting")));
  }
  long long held = failed ? 0 : count_of(v, TAG ":held", &failed);
  long long quarantine = failed ? 0 : count_of(v, TAG ":quarantine", &failed);
  desk_free(&desk);
  if (!failed && v->ctl->json) {
    json_t *all = json_object();
    json_object_set_new(all, "queues", json_incref(list));
    json_object_set_new(all, "held", json_integer(held));
    json_object_set_new(all, "quarantine", json_integer(quarantine));
    print_json(all);
  } else if (!failed) {
    printf("%-32s %8lld\n%-32s %8lld  (deskbell quarantine ls)\n", "held by agents", held, "could not be read", quarantine);
  }
  json_decref(list);
  return failed ? CTL_FAILED : CTL_OK;
}

/* Prints work items by id as one JSON array or as lines. */
static int print_items(struct desk_view *v, const redisReply *ids) {
  json_t *list = json_array();
  for (size_t i = 0; i < ids->elements; i++) {
    json_t *item = NULL;
    int r = item_json(v, reply_text(ids->element[i]), &item);
    if (r == -EIO) {
      json_decref(list);
      return CTL_FAILED;
    }
    if (r < 0)
      continue; /* gone meanwhile */
    if (!v->ctl->json)
      item_print(item);
    json_array_append_new(list, item);
  }
  if (v->ctl->json)
    print_json(list);
  else
    json_decref(list);
  return CTL_OK;
}

static int run_show(struct desk_view *v, const struct asked *asked, char **args, int count) {
  (void)count;
  char key[128], last[24];
  snprintf(key, sizeof(key), TAG ":queue:%.64s", args[0]);
  snprintf(last, sizeof(last), "%lld", (long long)(asked->limit - 1));
  auto_reply *ids = CALL(v, "ZRANGE", key, "0", last);
  if (!ids)
    return CTL_FAILED;
  if (ids->elements == 0 && !v->ctl->json)
    printf("nothing waits in %s\n", args[0]);
  return print_items(v, ids);
}

static int print_item(struct desk_view *v, const char *id) {
  json_t *item = NULL;
  int r = item_json(v, id, &item);
  if (r == -EIO)
    return CTL_FAILED;
  if (r < 0)
    return ctl_fail(v->ctl, "there is no work item %s", id);
  if (v->ctl->json) {
    print_json(item);
  } else {
    item_print(item);
    json_decref(item);
  }
  return CTL_OK;
}

static int run_claim(struct desk_view *v, const struct asked *asked, char **args, int count) {
  (void)count;
  if (!asked->agent[0])
    return ctl_wrong_usage(v->ctl, "for which agent? --agent NAME");
  char now[24];
  now_text(now);
  auto_reply *reply = CALL(v, "FCALL", "deskbell_claim", "1", TAG, now, args[0], asked->agent);
  if (!reply)
    return CTL_FAILED;
  if (reply->type == REDIS_REPLY_STRING)
    return print_item(v, reply->str);
  if (v->ctl->json)
    printf("null\n");
  else
    printf("nothing waits in %s\n", args[0]);
  return CTL_OK;
}

/* What a step answered, for a person. */
static int told(struct desk_view *v, const char *item, const char *answer) {
  static const struct {
    const char *answer, *words;
  } rows[] = {{"GONE", "there is no such work item"},
              {"DONE", "it is done already"},
              {"WAITS", "it waits in that queue already"},
              {"NEWS", "the customer has written again since: look first"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strcmp(answer, rows[i].answer) == 0)
      return ctl_fail(v->ctl, "%s: %s", item, rows[i].words);
  return print_item(v, item);
}

static int run_done(struct desk_view *v, const struct asked *asked, char **args, int count) {
  (void)count;
  char now[24];
  now_text(now);
  auto_reply *reply = CALL(v, "FCALL", "deskbell_done", "1", TAG, now, args[0], asked->agent, asked->seen);
  return reply ? told(v, args[0], reply_text(reply)) : CTL_FAILED;
}

static int run_requeue(struct desk_view *v, const struct asked *asked, char **args, int count) {
  (void)count;
  if (asked->queue[0]) {
    struct desk *desk = desk_in_force(v);
    bool known = false;
    for (size_t i = 0; desk && i < desk->queue_count; i++)
      known = known || strcmp(desk->queues[i].name, asked->queue) == 0;
    bool loaded = desk != NULL;
    desk_free(&desk);
    if (!loaded)
      return CTL_FAILED;
    if (!known)
      return ctl_fail(v->ctl, "there is no queue \"%s\"; `deskbell queue ls` lists them", asked->queue);
  }
  char now[24];
  now_text(now);
  auto_reply *reply = CALL(v, "FCALL", "deskbell_requeue", "1", TAG, now, args[0], asked->queue);
  return reply ? told(v, args[0], reply_text(reply)) : CTL_FAILED;
}

static const struct {
  const char *name, *what;
  int arguments;
  int (*run)(struct desk_view *v, const struct asked *asked, char **args, int count);
} verbs[] = {{"ls", "", 0, run_ls},
             {"show", "a queue", 1, run_show},
             {"claim", "a queue", 1, run_claim},
             {"done", "a work item", 1, run_done},
             {"requeue", "a work item", 1, run_requeue}};

int cmd_queue(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"agent", required_argument, NULL, 'a'}, {"queue", required_argument, NULL, 'q'},
                                          {"seen", required_argument, NULL, 's'},  {"limit", required_argument, NULL, 'l'}, {0}};
  struct asked asked = {.agent = "", .queue = "", .seen = "", .limit = 1000};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    uint64_t seen;
    if (o == 'a')
      asked.agent = optarg;
    else if (o == 'q')
      asked.queue = optarg;
    else if (o == 's' && slice_to_u64(slice_text(optarg), INT32_MAX, &seen) == 0)
      asked.seen = optarg;
    else if (o != 'l' || slice_to_u64(slice_text(optarg), 1000000, &asked.limit) < 0 || asked.limit == 0)
      return ctl_wrong_usage(ctl, "wrong option or value");
  }
  const char *verb = optind < argc ? argv[optind] : "ls";
  int rest = optind < argc ? argc - optind - 1 : 0;
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (strcmp(verb, verbs[i].name) != 0)
      continue;
    if (rest > verbs[i].arguments)
      return ctl_wrong_usage(ctl, "too many arguments");
    if (rest < verbs[i].arguments)
      return ctl_wrong_usage(ctl, "%s wants %s", verb, verbs[i].what);
    struct desk_view v;
    int status = desk_view_open(ctl, &v);
    if (status != CTL_OK)
      return status;
    status = verbs[i].run(&v, &asked, argv + optind + 1, rest);
    desk_view_close(&v);
    return status;
  }
  return ctl_wrong_usage(ctl, "there is no \"queue %s\"", verb);
}
