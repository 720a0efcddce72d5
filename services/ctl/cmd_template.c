/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell template check|preview: the texts of acknowledgements before anybody gets one. */
#include "base/clock.h"
#include "definition.h"
#include "config/document.h"
#include "config/forms.h"
#include "instant.h"
#include "journal.h"
#include "template/review.h"
#include "text/sms_segments.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_MAX (1024 * 1024)

/* The channels, when a desk or a configuration was named: NULL otherwise. */
static int channels_at_hand(const struct ctl *ctl, struct config **ret) {
  return ctl->dir || ctl->config ? ctl_config(ctl, ret) : CTL_OK;
}

/* ---- check */

struct checking {
  const struct ctl *ctl;
  const char *path;
  size_t notes;
  json_t *findings;
};

static void tell(void *arg, const struct template_finding *f) {
  struct checking *c = arg;
  c->notes += !f->wrong;
  if (c->ctl->json) {
    json_array_append_new(c->findings, json_pack("{s:b, s:i, s:i, s:s?, s:s}", "wrong", f->wrong, "line",
                                                 (int)f->place.line, "column", (int)f->place.column, "template",
                                                 f->name, "text", f->text));
    return;
  }
  printf("%s:", c->path);
  if (f->place.line)
    printf("%u:%u:", f->place.line, f->place.column);
  printf(" %s: ", f->wrong ? "wrong" : "note");
  if (f->name)
    printf("template '%s': ", f->name);
  printf("%s\n", f->text);
}

static int check(struct ctl *ctl, const char *path) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  auto_clean(desk_free) struct desk *desk = NULL;
  auto_clean(config_free) struct config *config = NULL;
  int status = definition_read(ctl, path, &text, &desk);
  status = status == CTL_OK ? channels_at_hand(ctl, &config) : status;
  if (status != CTL_OK)
    return status;
  struct checking c = {.ctl = ctl, .path = path, .findings = ctl->json ? json_array() : NULL};
  size_t wrong = template_review(desk, config, tell, &c);
  if (ctl->json)
    print_json(json_pack("{s:b, s:I, s:b, s:o}", "ok", wrong == 0, "templates",
                                  (json_int_t)desk->template_count, "channels_known", config != NULL, "findings",
                                  c.findings));
  else if (desk->template_count == 0)
    printf("no templates: nothing is acknowledged\n");
  else
    printf("%s: %zu templates, %zu wrong, %zu notes%s\n", wrong ? "wrong" : "ok", desk->template_count, wrong, c.notes,
           config ? "" : "; the channels were not looked at (--dir or --config)");
  return wrong ? CTL_USAGE : status;
}

/* ---- preview */

struct preview {
  struct ctl *ctl;
  const char *path, *name, *language;
  int64_t at_ms;
  struct slice set[TEMPLATE_VARIABLES]; /* of --set */
  bool is_set[TEMPLATE_VARIABLES];
  bool typed; /* as for an address that was only typed in */
  struct desk *desk;
  struct config *config;
  struct arena *arena;
  const struct desk_template *template;
  struct template_values values;
  char *subject, *text;
};

static int option_set(struct preview *p, const char *argument) {
  const char *equals = strchr(argument, '=');
  if (!equals)
    return ctl_wrong_usage(p->ctl, "--set needs NAME=VALUE");
  struct slice name = slice_of(argument, (size_t)(equals - argument));
  enum template_variable v = template_variable_named(name);
  if (v == TEMPLATE_VARIABLES) {
    fprintf(stderr, "variables:\n");
    for (unsigned i = 0; i < TEMPLATE_VARIABLES; i++)
      fprintf(stderr, "  %-14s %s\n", template_about((enum template_variable)i)->name,
              template_about((enum template_variable)i)->what);
    return ctl_wrong_usage(p->ctl, "there is no variable '%.*s'", (int)name.len, name.at);
  }
  p->set[v] = slice_text(equals + 1);
  p->is_set[v] = true;
  return CTL_OK;
}

static int option_language(struct preview *p, const char *text) {
  if (!form_language(slice_text(text)))
    return ctl_wrong_usage(p->ctl, "--language needs a language: de, pt-BR");
  p->language = text;
  return CTL_OK;
}

static int option_at(struct preview *p, const char *text) {
  if (instant_read(text, &p->at_ms) < 0)
    return ctl_wrong_usage(p->ctl, "--at needs a time: 2026-11-27T18:30Z, 2026-11-27T19:30+01:00");
  return CTL_OK;
}

static int find_template(struct preview *p) {
  const char *names[DESK_MAX_TEMPLATES];
  for (size_t i = 0; i < p->desk->template_count; i++) {
    names[i] = p->desk->templates[i].name;
    if (strcmp(names[i], p->name) == 0)
      p->template = &p->desk->templates[i];
  }
  if (p->template)
    return CTL_OK;
  const char *near = nearest_name(slice_text(p->name), names, p->desk->template_count);
  return ctl_fail(p->ctl, "%s has no template '%s'%s%s%s", p->path, p->name, near ? "; did you mean '" : "",
                  near ? near : "", near ? "'?" : "");
}

static int render(struct preview *p, const char *what, struct slice source, char **ret) {
  const char *gap = "";
  int r = template_render(source, &p->values, p->arena, ret, &gap);
  struct complaint c = {0};
  if (r == -EINVAL && template_check(source, &c))
    return ctl_fail(p->ctl, "template '%s': line %u of its %s, column %u: %s", p->name, c.line, what, c.column, c.text);
  if (r == TEMPLATE_GAP)
    return ctl_fail(p->ctl, "nothing is sent: {{%s}} in the %s has no value and no default", gap, what);
  if (r == TEMPLATE_TOO_LONG)
    return ctl_fail(p->ctl, "nothing is sent: the %s is longer than %d bytes", what, TEMPLATE_TEXT_MAX);
  return r ? ctl_fail(p->ctl, "out of memory") : CTL_OK;
}

/* Of a customer whose address was only typed in nothing is said (WF-20). */
static void without_personal(struct preview *p) {
  for (unsigned v = 0; v < TEMPLATE_VARIABLES; v++)
    if (template_about((enum template_variable)v)->personal)
      p->values.of[v] = slice_of("", 0);
}

static int render_both(struct preview *p) {
  const struct desk_template *t = p->template;
  if (!p->language)
    p->language = t->language_count ? t->languages[0] : "en";
  if (template_samples(p->desk, t, p->config, slice_text(p->language), p->at_ms, p->arena, &p->values))
    return ctl_fail(p->ctl, "out of memory");
  for (unsigned v = 0; v < TEMPLATE_VARIABLES; v++)
    if (p->is_set[v])
      p->values.of[v] = p->set[v];
  if (p->typed)
    without_personal(p);
  bool quotes = slice_trim(p->values.of[TEMPLATE_SUBJECT]).len > 0;
  int status = render(p, "subject", template_subject(t, quotes), &p->subject);
  return status == CTL_OK ? render(p, "text", slice_text(t->text), &p->text) : status;
}

/* Only mail has a subject; a channel that is not known may be one of mail, and a form's goes out by mail or SMS. */
static bool has_subject(const struct preview *p) {
  const struct desk_template *t = p->template;
  for (size_t i = 0; i < t->channel_count; i++) {
    const struct channel_config *c = p->config ? config_channel(p->config, slice_text(t->channels[i])) : NULL;
    if (!c || c->kind == CHANNEL_EMAIL || c->kind == CHANNEL_FORM)
      return true;
  }
  return false;
}

static int show(struct preview *p) {
  struct sms_segments sms;
  bool fits = template_fits_time(p->template, p->at_ms);
  sms_segments(slice_text(p->text), &sms);
  const char *encoding = sms.encoding == SMS_GSM7 ? "GSM-7" : "UCS-2";
  if (p->ctl->json) {
    print_json(json_pack("{s:s, s:s, s:b, s:s, s:s, s:I, s:{s:I, s:s, s:I, s:I}}", "template", p->name,
                         "language", p->language, "fits_time", fits, "subject", p->subject, "text", p->text,
                         "bytes", (json_int_t)strlen(p->text), "sms", "parts", (json_int_t)sms.count,
                         "encoding", encoding, "units", (json_int_t)sms.units, "left", (json_int_t)sms.left));
    return CTL_OK;
  }
  if (has_subject(p))
    printf("Subject: %s\n\n", p->subject);
  printf("%s\n\n", p->text);
  printf("-- %zu bytes; as an SMS %zu part%s (%s, %zu units, %zu left)\n", strlen(p->text), sms.count,
         sms.count == 1 ? "" : "s", encoding, sms.units, sms.left);
  if (!fits)
    printf("-- not taken at this time: it is for %s '%s'\n", p->template->outside ? "outside of hours" : "the hours",
           p->template->hours->name);
  return CTL_OK;
}

static int preview(struct preview *p) {
  auto_clean(buf_free) struct buf text = BUF_INIT(DESK_MAX_BYTES);
  int status = definition_read(p->ctl, p->path, &text, &p->desk);
  status = status == CTL_OK ? channels_at_hand(p->ctl, &p->config) : status;
  status = status == CTL_OK ? find_template(p) : status;
  p->arena = arena_new(4096, ARENA_MAX);
  status = status == CTL_OK ? render_both(p) : status;
  status = status == CTL_OK ? show(p) : status;
  arena_free(&p->arena);
  config_free(&p->config);
  desk_free(&p->desk);
  return status;
}

int cmd_template(struct ctl *ctl, int argc, char **argv) {
  static const struct option options[] = {{"set", required_argument, NULL, 's'},
                                          {"language", required_argument, NULL, 'l'},
                                          {"at", required_argument, NULL, 'a'},
                                          {"typed", no_argument, NULL, 't'},
                                          {0}};
  struct preview p = {.ctl = ctl, .at_ms = clock_now_ms()};
  int status = CTL_OK;
  optind = 0;
  for (int o; status == CTL_OK && (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == 's')
      status = option_set(&p, optarg);
    else if (o == 'l')
      status = option_language(&p, optarg);
    else if (o == 't')
      p.typed = true;
    else
      status = o == 'a' ? option_at(&p, optarg) : ctl_wrong_usage(ctl, "wrong option");
  }
  if (status != CTL_OK)
    return status;
  const char *verb = optind < argc ? argv[optind] : "";
  p.path = optind + 1 < argc ? argv[optind + 1] : NULL;
  p.name = optind + 2 < argc ? argv[optind + 2] : NULL;
  bool checking = strcmp(verb, "check") == 0;
  if (!checking && strcmp(verb, "preview") != 0)
    return ctl_wrong_usage(ctl, "check or preview?");
  if (!p.path)
    return ctl_wrong_usage(ctl, "%s which file?", verb);
  if (!checking && !p.name)
    return ctl_wrong_usage(ctl, "preview which template?");
  if (optind + (checking ? 2 : 3) < argc)
    return ctl_wrong_usage(ctl, "too many arguments");
  return checking ? check(ctl, p.path) : preview(&p);
}
