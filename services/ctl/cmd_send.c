/* SPDX-License-Identifier: Apache-2.0 */
/* deskbell send: a hand-made event over a configured channel, for trying rules and for what came in by telephone. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "inject.h"
#include "text/address.h"
#include "text/utf8.h"
#include <getopt.h>
#include <stdio.h>

struct letter {
  const char *channel, *from, *name, *subject, *text, *id;
};

/* A party from what was typed; gives NULL when it is no address. */
static event_party *party(struct arena *a, const char *typed, const char *name) {
  event_party *p = event_party_new(a);
  char *key = NULL, *address = NULL;
  bool answerable;
  struct slice raw = slice_text(typed);
  if (address_email(a, raw, &address, &key) != 0 && address_phone(a, raw, false, &address, &key, &answerable) != 0) {
    if (address_key_of(a, raw, &key) != 0)
      return NULL;
    address = arena_copy(a, raw);
  }
  p->raw = arena_copy(a, raw);
  p->address = address;
  p->key = key;
  p->name = utf8_one_line(a, slice_text(name));
  return p;
}

static contact_event *make(const struct ctl *ctl, const struct channel_config *channel, const struct letter *l,
                           struct arena *a) {
  contact_event *e = event_new(a);
  char random[33];
  uint8_t bytes[16];
  random_bytes(bytes, sizeof(bytes));
  hex_encode(bytes, sizeof(bytes), random);
  const char *source = l->id[0] ? l->id : random;
  struct event_id id = event_id_make(slice_text(channel->name), SLICE("sent"), slice_text(source), SLICE(""));
  char text[EVENT_ID_LEN + 1];
  event_id_text(&id, text);
  e->id = arena_copy(a, slice_text(text));
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = arena_copy(a, slice_text(channel->name));
  e->channel_kind = arena_copy(a, slice_text(channel_kind_text(channel->kind)));
  e->source_id = arena_copy(a, slice_text(source));
  e->from = party(a, l->from, l->name);
  if (!e->from) {
    ctl_wrong_usage(ctl, "--from \"%s\" is no e-mail address, phone number (+…) or id:…", l->from);
    return NULL;
  }
  e->subject = utf8_one_line(a, slice_text(l->subject));
  e->text = utf8_mend(a, slice_text(l->text), NULL);
  e->received_at_ms = clock_now_ms();
  e->signature = arena_copy(a, SLICE("operator"));
  return e;
}

int cmd_send(struct ctl *ctl, int argc, char **argv) {
  struct letter l = {"", "", "", "", "", ""};
  const struct {
    const char *name;
    const char **value;
  } rows[] = {{"channel", &l.channel}, {"from", &l.from}, {"name", &l.name},
              {"subject", &l.subject}, {"text", &l.text}, {"id", &l.id}};
  enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
  struct option options[ROWS + 1] = {{0}};
  for (int i = 0; i < ROWS; i++)
    options[i] = (struct option){rows[i].name, required_argument, NULL, i + 1};
  optind = 0;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == '?')
      return ctl_wrong_usage(ctl, "wrong option");
    *rows[o - 1].value = optarg;
  }
  if (optind < argc)
    return ctl_wrong_usage(ctl, "too many arguments; put the text in quotes");
  if (!l.channel[0] || !l.from[0] || !l.text[0])
    return ctl_wrong_usage(ctl, "--channel, --from and --text are needed");
  int status = ctl_need_dir(ctl);
  struct config *config = NULL;
  if (status == CTL_OK)
    status = ctl_config(ctl, &config);
  if (status != CTL_OK)
    return status;
  const struct channel_config *channel = config_channel(config, slice_text(l.channel));
  struct arena *a = arena_new(256 * 1024, 16 * 1024 * 1024);
  struct inject *inject = NULL;
  contact_event *e = NULL;
  if (!channel)
    status = ctl_wrong_usage(ctl, "there is no channel \"%s\" in the configuration", l.channel);
  else if (!(e = make(ctl, channel, &l, a)))
    status = CTL_USAGE;
  else if ((status = inject_open(ctl, config, &inject)) == CTL_OK)
    status = inject_event(inject, e, a);
  if (status == CTL_OK)
    printf(ctl->json ? "{\"id\":\"%s\"}\n" : "%s\n", e->id);
  inject_close(&inject);
  arena_free(&a);
  config_free(&config);
  return status;
}
