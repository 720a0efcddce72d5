/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell simulate: a week's events played again on another desk definition. */
#include "base/clock.h"
#include "config/value.h"
#include "definition.h"
#include "hours/zone.h"
#include "journal.h"
#include "simulate_read.h"
#include "simulate_show.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 500 };

struct simulation {
  struct ctl *ctl;
  const char *from, *desk_file, *against_file;
  int64_t since_ms;            /* how far back in the journal; 0: all of it */
  struct desk *desks[2];       /* old, new */
  char old_name[64];
  struct desk_view view;
  bool connected;
  struct simulate_reading reading;
  struct past past;
};

/* ---- the desk definitions */

static int connect_once(struct simulation *s) {
  int status = s->connected ? CTL_OK : desk_view_open(s->ctl, &s->view);
  s->connected = status == CTL_OK;
  return status;
}

/* What could not be put into force is not worth trying. */
static int read_file(const struct simulation *s, const char *path, struct desk **ret) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  int status = definition_read(s->ctl, path, &text, ret);
  return status == CTL_OK ? definition_review(*ret, path, NULL) : status;
}

static int read_in_force(struct simulation *s) {
  auto_reply *version = CALL(&s->view, "GET", TAG ":desk");
  auto_reply *text = version ? CALL(&s->view, "HGET", TAG ":desk:documents", reply_text(version)) : NULL;
  if (!text)
    return CTL_FAILED;
  if (text->type != REDIS_REPLY_STRING)
    return ctl_fail(s->ctl, "no desk definition is in force; name one with --against");
  snprintf(s->old_name, sizeof(s->old_name), "version %.20s, in force", reply_text(version));
  return definition_parse(slice_of(text->str, text->len), s->old_name, &s->desks[0]);
}

static int find_desks(struct simulation *s) {
  int status = read_file(s, s->desk_file, &s->desks[1]);
  if (status == CTL_OK && s->against_file) {
    snprintf(s->old_name, sizeof(s->old_name), "%.63s", s->against_file);
    return read_file(s, s->against_file, &s->desks[0]);
  }
  status = status == CTL_OK ? connect_once(s) : status;
  return status == CTL_OK ? read_in_force(s) : status;
}

/* Days begin when they do for those who work. */
static int64_t day_offset(const struct simulation *s) {
  for (size_t side = 2; side > 0; side--)
    if (s->desks[side - 1]->hours_count)
      return zone_offset(s->desks[side - 1]->hours[0].zone, clock_now_ms() / 1000) * 1000;
  return 0;
}

/* ---- the events */

static int read_lines(struct simulation *s) {
  bool standard = strcmp(s->from, "-") == 0;
  FILE *file = standard ? stdin : fopen(s->from, "r");
  char *line = NULL;
  size_t room = 0;
  ssize_t len;
  if (!file)
    return ctl_fail(s->ctl, "cannot read %s: %s", s->from, strerror(errno));
  while (!s->reading.full && (len = getline(&line, &room, file)) > 0)
    simulate_read_line(&s->reading, slice_of(line, len < SIMULATE_LINE_MOST ? (size_t)len : SIMULATE_LINE_MOST));
  bool failed = ferror(file);
  free(line);
  if (!standard)
    fclose(file);
  return failed ? ctl_fail(s->ctl, "cannot read %s to its end", s->from) : CTL_OK;
}

static void read_entries(struct simulation *s, const redisReply *entries, char after[64]) {
  for (size_t i = 0; i < entries->elements && !s->reading.full; i++) {
    struct entry e;
    if (!entry_read(entries->element[i], &e))
      continue;
    json_t *event = entry_json(&s->view, &e);
    s->reading.lines++;
    if (simulate_read_event(&s->reading, event))
      s->reading.broken++;
    json_decref(event);
    snprintf(after, 64, "(%.60s", e.cursor);
  }
}

static int read_journal(struct simulation *s) {
  char after[64] = "-";
  int status = connect_once(s);
  if (status == CTL_OK && s->since_ms)
    snprintf(after, sizeof(after), "%lld", (long long)(clock_now_ms() - s->since_ms));
  while (status == CTL_OK && !s->reading.full) {
    auto_reply *reply = CALL(&s->view, "XRANGE", TAG ":journal", after, "+", "COUNT", "500");
    if (!reply)
      return CTL_FAILED;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
      break;
    read_entries(s, reply, after);
  }
  return status;
}

static int read_events(struct simulation *s) {
  bool journal = strcmp(s->from, "journal") == 0;
  struct history *h = history_new(s->desks[0], s->desks[1], day_offset(s));
  s->reading = (struct simulate_reading){.history = h, .desks = {s->desks[0], s->desks[1]},
                                         .name = strcmp(s->from, "-") == 0 ? "standard input" : s->from};
  int status = journal ? read_journal(s) : read_lines(s);
  if (s->reading.broken > SIMULATE_TOLD_MOST && !journal)
    fprintf(stderr, "%s: %zu lines in all could not be read\n", s->reading.name, s->reading.broken);
  int closed = status == CTL_OK ? history_close(h, &s->past) : 0;
  if (closed == HISTORY_LONG)
    status = ctl_fail(s->ctl, "%s spans more than %d days: is one of its times wrong?", s->reading.name, HISTORY_DAYS_MOST);
  if (closed == HISTORY_EMPTY)
    status = ctl_fail(s->ctl, "%s holds nothing to replay: %zu lines, %zu of them broken, none a message that became "
                      "work", s->reading.name, s->reading.lines, s->reading.broken);
  history_free(&h);
  return status;
}

/* ---- the runs */

struct side {
  struct simulate_input in;
  struct simulate_result result;
  struct calendar *duty;
};

static void play(struct simulation *s, size_t number, struct side *side, struct simulate_report *report) {
  const struct past *p = &s->past;
  const struct desk *d = s->desks[number];
  side->duty = must_calloc(d->agent_count + 1, sizeof(*side->duty));
  for (size_t a = 0; a < d->agent_count; a++) {
    enum duty_source source;
    side->duty[a] = past_duty(p, d, a, s->desks[0], &source);
    report->duty[number][source]++;
  }
  side->in = (struct simulate_input){.desk = d, .items = p->items, .places = p->places[number], .count = p->count,
                                     .classes = p->classes, .kinds = p->kinds, .kind_count = p->kind_count,
                                     .names = p->names, .name_count = p->name_count, .duty = side->duty,
                                     .from_ms = p->from_ms, .to_ms = p->to_ms};
  simulate_run(&side->in, &side->result);
  report->decisions[number] = side->result.decisions;
  report->cut[number] = side->result.cut;
}

static void side_free(struct side *side) {
  for (size_t a = 0; a < side->in.desk->agent_count; a++)
    calendar_free(&side->duty[a]);
  free(side->duty);
  simulate_result_free(&side->result);
}

static void tell(struct simulation *s) {
  struct side sides[2] = {0};
  struct comparison comparison;
  struct simulate_report report = {.old_name = s->old_name,
                                   .new_name = s->desk_file,
                                   .desks = {s->desks[0], s->desks[1]},
                                   .past = &s->past,
                                   .comparison = &comparison,
                                   .broken = s->reading.broken,
                                   .full = s->reading.full};
  for (size_t i = 0; i < 2; i++)
    play(s, i, &sides[i], &report);
  struct comparing c = {.in = {&sides[0].in, &sides[1].in}, .result = {&sides[0].result, &sides[1].result},
                        .day_offset_ms = day_offset(s)};
  compare(&c, &comparison);
  if (s->ctl->json)
    print_json(simulate_json(&report));
  else
    simulate_show(&report);
  comparison_free(&comparison);
  for (size_t i = 0; i < 2; i++)
    side_free(&sides[i]);
}

/* ---- the command */

static int read_options(struct simulation *s, int argc, char **argv) {
  static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                          {"desk", required_argument, NULL, 'd'},
                                          {"against", required_argument, NULL, 'a'},
                                          {"since", required_argument, NULL, 's'},
                                          {0}};
  const char *wrong = NULL;
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (o) {
    case 'f': s->from = optarg; break;
    case 'd': s->desk_file = optarg; break;
    case 'a': s->against_file = optarg; break;
    case 's':
      if ((wrong = value_duration(slice_text(optarg), &s->since_ms)))
        return ctl_wrong_usage(s->ctl, "--since \"%s\" %s", optarg, wrong);
      break;
    default: return ctl_wrong_usage(s->ctl, "wrong option");
    }
  }
  if (optind < argc)
    return ctl_wrong_usage(s->ctl, "too many arguments");
  if (!s->from || !s->desk_file)
    return ctl_wrong_usage(s->ctl, "--from which events, on --desk which file?");
  if (s->since_ms && strcmp(s->from, "journal") != 0)
    return ctl_wrong_usage(s->ctl, "--since goes with --from journal; a file is read as a whole");
  int standard = (strcmp(s->from, "-") == 0) + (strcmp(s->desk_file, "-") == 0) +
                 (s->against_file && strcmp(s->against_file, "-") == 0);
  return standard > 1 ? ctl_wrong_usage(s->ctl, "standard input can be only one of them") : CTL_OK;
}

int cmd_simulate(struct ctl *ctl, int argc, char **argv) {
  struct simulation s = {.ctl = ctl};
  int status = read_options(&s, argc, argv);
  status = status == CTL_OK ? find_desks(&s) : status;
  status = status == CTL_OK ? read_events(&s) : status;
  if (status == CTL_OK)
    tell(&s);
  past_free(&s.past);
  desk_free(&s.desks[0]);
  desk_free(&s.desks[1]);
  if (s.connected)
    desk_view_close(&s.view);
  return status;
}
