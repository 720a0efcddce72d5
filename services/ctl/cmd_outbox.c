/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell outbox: what goes out, seen and ordered about. */
#include "base/clock.h"
#include "outbound.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct asked {
  const char *state, *channel, *by, *agent, *why;
  uint64_t limit;
};

static const char *text_of(const json_t *object, const char *name) {
  const char *s = json_string_value(json_object_get(object, name));
  return s ? s : "";
}

/* ---- ls */

/* Ids of what is open, or with --state of what is in that state; the oldest first. */
static redisReply *list_ids(struct desk_view *v, const struct asked *asked) {
  bool bad = strcmp(asked->state, "failed") == 0 || strcmp(asked->state, "suppressed") == 0;
  char last[24];
  bool all = asked->state[0] || asked->channel[0]; /* to be sifted */
  snprintf(last, sizeof(last), "%lld", all ? -1LL : (long long)asked->limit - 1);
  return CALL(v, "ZRANGE", bad ? TAG ":out:failed" : TAG ":out:open", "0", last);
}

static bool wanted(const json_t *m, const struct asked *asked) {
  return (!asked->state[0] || strcmp(text_of(m, "state"), asked->state) == 0) &&
         (!asked->channel[0] || strcmp(text_of(m, "channel"), asked->channel) == 0);
}

/* Gives the list, or NULL after saying why. */
static json_t *list(struct desk_view *v, const struct asked *asked) {
  auto_reply *ids = list_ids(v, asked);
  if (!ids)
    return NULL;
  json_t *found = json_array();
  for (size_t i = 0; i < ids->elements && json_array_size(found) < asked->limit; i++) {
    json_t *m = NULL;
    int r = outbound_json(v, reply_text(ids->element[i]), &m);
    if (r == -EIO) {
      json_decref(found);
      return NULL;
    }
    if (r == 0 && wanted(m, asked))
      json_array_append(found, m);
    json_decref(m);
  }
  return found;
}

/* Where it is to go, as far as anybody knows yet. */
static const char *place_of(const json_t *m) {
  return text_of(m, "destination")[0] ? text_of(m, "destination") : text_of(m, "channel");
}

static int64_t age_ms(const json_t *m) {
  struct tm tm = {0};
  const char *end = strptime(text_of(m, "created"), "%Y-%m-%dT%H:%M:%S", &tm);
  return end ? clock_now_ms() - (int64_t)timegm(&tm) * 1000 : 0;
}

static const struct {
  const char *name;
  int64_t below_ms;
} ages[] = {{"5m", 5 * 60 * 1000},       {"20m", 20 * 60 * 1000},      {"1h", 60 * 60 * 1000},
            {"4h", 4 * 60 * 60 * 1000}, {"1d", 24 * 60 * 60 * 1000}, {"older", INT64_MAX}};
#define AGES (sizeof(ages) / sizeof(ages[0]))

static json_t *row_of(json_t *rows, const char *place) {
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row)
    if (strcmp(text_of(row, "destination"), place) == 0)
      return row;
  row = json_object();
  json_object_set_new(row, "destination", json_string(place));
  json_object_set_new(row, "total", json_integer(0));
  for (i = 0; i < AGES; i++)
    json_object_set_new(row, ages[i].name, json_integer(0));
  json_array_append_new(rows, row);
  return row;
}

static void count(json_t *row, const char *name) {
  json_object_set_new(row, name, json_integer(json_integer_value(json_object_get(row, name)) + 1));
}

/* Age by destination: what is old and where it all goes shows which one is dead. */
static void print_by_destination(const struct desk_view *v, const json_t *messages) {
  json_t *rows = json_array(), *m, *row;
  size_t i, k;
  json_array_foreach(messages, i, m) {
    row = row_of(rows, place_of(m));
    count(row, "total");
    for (k = 0; age_ms(m) >= ages[k].below_ms; k++)
      continue;
    count(row, ages[k].name);
  }
  if (v->ctl->json) {
    print_json(rows);
    return;
  }
  printf("%-32s %7s", "destination", "total");
  for (k = 0; k < AGES; k++)
    printf(" %7s", ages[k].name);
  printf("\n");
  json_array_foreach(rows, i, row) {
    printf("%-32s %7" JSON_INTEGER_FORMAT, text_of(row, "destination"),
           json_integer_value(json_object_get(row, "total")));
    for (k = 0; k < AGES; k++)
      printf(" %7" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(row, ages[k].name)));
    printf("\n");
  }
  json_decref(rows);
}

static int run_ls(struct desk_view *v, const struct asked *asked, char **args, int argc) {
  (void)args, (void)argc;
  json_t *found = list(v, asked), *m;
  size_t i;
  if (!found)
    return CTL_FAILED;
  if (asked->by[0]) {
    print_by_destination(v, found);
  } else if (v->ctl->json) {
    print_json(json_incref(found));
  } else {
    json_array_foreach(found, i, m) outbound_print(m);
    if (json_array_size(found) == 0)
      printf("nothing %s\n", asked->state[0] ? asked->state : "waits to go out");
  }
  json_decref(found);
  return CTL_OK;
}

/* ---- show */

static int run_show(struct desk_view *v, const struct asked *asked, char **args, int argc) {
  (void)asked, (void)argc;
  json_t *m = NULL, *step;
  size_t i;
  auto_clean(buf_free) struct buf packed = BUF_INIT(1024 * 1024);
  int r = outbound_json(v, args[0], &m);
  if (r < 0)
    return r == -ENOENT ? ctl_fail(v->ctl, "there is no outbound message %s", args[0]) : CTL_FAILED;
  if (outbound_packed(v, args[0], &packed) == 0)
    json_object_set_new(m, "message", outbound_content(v, buf_slice(&packed)));
  json_t *traces = outbound_traces(v, text_of(m, "conversation"), args[0]);
  json_t *steps = json_object_get(json_array_get(traces, 0), "steps");
  if (steps)
    json_object_set(m, "steps", steps);
  if (v->ctl->json) {
    print_json(json_incref(m));
  } else {
    const json_t *message = json_object_get(m, "message");
    outbound_print(m);
    if (text_of(message, "subject")[0])
      printf("    %s\n", text_of(message, "subject"));
    printf("\n%s\n\n", text_of(message, "text"));
    json_array_foreach(steps, i, step)
      printf("  %s  %-10s %s\n", text_of(step, "at"), text_of(step, "step"), text_of(step, "detail"));
  }
  json_decref(traces);
  json_decref(m);
  return CTL_OK;
}

/* ---- orders */

/* Returns what Redis answered in *ret_outcome and *ret_state; false after saying why it did not. */
static bool give_order(struct desk_view *v, const struct asked *asked, const char *order, const char *id,
                       char ret_outcome[16], char ret_state[16]) {
  char now[24];
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  auto_reply *reply = CALL(v, "FCALL", "deskbell_outbound_order", "1", TAG, now, id, order, asked->agent, asked->why);
  if (!reply || reply->elements != 2)
    return false;
  snprintf(ret_outcome, 16, "%s", reply_text(reply->element[0]));
  snprintf(ret_state, 16, "%s", reply_text(reply->element[1]));
  return true;
}

static int tell(struct desk_view *v, const char *id, const char *order, const char *outcome, const char *state) {
  static const struct {
    const char *outcome, *format;
  } rows[] = {{"DONE", "%s is %s\n"},
              {"ORDERED", "%s is %s; the channel program will hear of it\n"},
              {"SAME", "%s is %s already\n"}};
  if (strcmp(outcome, "GONE") == 0)
    return ctl_fail(v->ctl, "there is no outbound message %s", id);
  if (strcmp(outcome, "ILLEGAL") == 0)
    return ctl_fail(v->ctl, "%s is %s: %s makes no sense now", id, state, order);
  if (v->ctl->json) {
    json_t *told = json_object();
    json_object_set_new(told, "id", json_string(id));
    json_object_set_new(told, "outcome", json_string(outcome));
    json_object_set_new(told, "state", json_string(state));
    print_json(told);
    return CTL_OK;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strcmp(outcome, rows[i].outcome) == 0)
      printf(rows[i].format, id, state);
#pragma GCC diagnostic pop
  return CTL_OK;
}

static int run_order(struct desk_view *v, const struct asked *asked, char **args, int argc, const char *order) {
  char outcome[16], state[16];
  int status = CTL_OK;
  for (int i = 0; i < argc; i++) {
    if (!give_order(v, asked, order, args[i], outcome, state))
      return CTL_FAILED;
    if (tell(v, args[i], order, outcome, state) != CTL_OK)
      status = CTL_FAILED;
  }
  return status;
}

#define RUN_ORDER(name)                                                                                              \
  static int run_##name(struct desk_view *v, const struct asked *asked, char **args, int argc) {                     \
    return run_order(v, asked, args, argc, #name);                                                                   \
  }
RUN_ORDER(hold)
RUN_ORDER(release)
RUN_ORDER(retry)
RUN_ORDER(cancel)

/* All that was put off is tried now. */
static int run_flush(struct desk_view *v, const struct asked *asked, char **args, int argc) {
  struct asked put_off = *asked;
  char outcome[16], state[16];
  size_t i, ordered = 0;
  json_t *m;
  put_off.state = "deferred";
  put_off.channel = argc ? args[0] : "";
  put_off.limit = UINT32_MAX;
  json_t *found = list(v, &put_off);
  bool failed = !found;
  json_array_foreach(found, i, m) {
    failed = failed || !give_order(v, asked, "retry", text_of(m, "id"), outcome, state);
    ordered += !failed && (strcmp(outcome, "ORDERED") == 0 || strcmp(outcome, "DONE") == 0);
  }
  json_decref(found);
  if (!failed && v->ctl->json)
    printf("{\"ordered\":%zu}\n", ordered);
  else if (!failed)
    printf("%zu are tried again now\n", ordered);
  return failed ? CTL_FAILED : CTL_OK;
}

static const struct {
  const char *name, *what;
  int least, most;
  int (*run)(struct desk_view *v, const struct asked *asked, char **args, int argc);
} verbs[] = {{"ls", "", 0, 0, run_ls},
             {"show", "an outbound message", 1, 1, run_show},
             {"hold", "an outbound message", 1, 1000, run_hold},
             {"release", "an outbound message", 1, 1000, run_release},
             {"retry", "an outbound message", 1, 1000, run_retry},
             {"cancel", "an outbound message", 1, 1000, run_cancel},
             {"flush", "", 0, 1, run_flush}};

static int read_options(struct ctl *ctl, int argc, char **argv, struct asked *ret) {
  static const struct option options[] = {
      {"state", required_argument, NULL, 's'},  {"channel", required_argument, NULL, 'c'},
      {"by", required_argument, NULL, 'b'},     {"agent", required_argument, NULL, 'a'},
      {"reason", required_argument, NULL, 'r'}, {"limit", required_argument, NULL, 'l'}, {0}};
  *ret = (struct asked){.state = "", .channel = "", .by = "", .agent = "", .why = "asked for by the operator",
                        .limit = 1000};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == 's' && outbound_words(optarg)[0])
      ret->state = optarg;
    else if (o == 's')
      return ctl_wrong_usage(ctl, "there is no state \"%s\"", optarg);
    else if (o == 'c')
      ret->channel = optarg;
    else if (o == 'a')
      ret->agent = optarg;
    else if (o == 'r')
      ret->why = optarg;
    else if (o == 'b' && strcmp(optarg, "destination") == 0)
      ret->by = optarg;
    else if (o != 'l' || slice_to_u64(slice_text(optarg), 1000000, &ret->limit) < 0 || ret->limit == 0)
      return ctl_wrong_usage(ctl, "wrong option or value");
  }
  return CTL_OK;
}

int cmd_outbox(struct ctl *ctl, int argc, char **argv) {
  struct asked asked;
  int status = read_options(ctl, argc, argv, &asked);
  if (status != CTL_OK)
    return status;
  const char *verb = optind < argc ? argv[optind] : "ls";
  int rest = optind < argc ? argc - optind - 1 : 0;
  for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
    if (strcmp(verb, verbs[i].name) != 0)
      continue;
    if (rest > verbs[i].most)
      return ctl_wrong_usage(ctl, "too many arguments");
    if (rest < verbs[i].least)
      return ctl_wrong_usage(ctl, "%s wants %s", verb, verbs[i].what);
    struct desk_view v;
    status = desk_view_open(ctl, &v);
    if (status != CTL_OK)
      return status;
    status = verbs[i].run(&v, &asked, argv + optind + 1, rest);
    desk_view_close(&v);
    return status;
  }
  return ctl_wrong_usage(ctl, "there is no \"outbox %s\"", verb);
}
