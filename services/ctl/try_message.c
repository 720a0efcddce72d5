/* SPDX-License-Identifier: Apache-2.0 */
#include "try_message.h"
#include "base/file.h"
#include "text/address.h"

enum { FILE_MOST = 16 * 1024 * 1024 };

static const char *text_of(const json_t *object, const char *name) {
  const char *s = json_string_value(json_object_get(object, name));
  return s ? s : "";
}

static void take_event(struct try_message *m, const json_t *data) {
  const json_t *from = json_object_get(data, "from"), *party;
  size_t i;
  m->channel = text_of(data, "channel");
  m->channel_kind = text_of(data, "channel_kind");
  m->from = text_of(from, "address");
  m->language = text_of(data, "language");
  m->subject = text_of(data, "subject");
  m->text = text_of(data, "text");
  m->automatic = text_of(json_object_get(data, "automatic"), "kind");
  m->suspected = json_object_get(data, "suspected") != NULL;
  json_array_foreach(json_object_get(data, "to"), i, party)
    if (m->to_count < TRY_TO_MAX)
      m->to[m->to_count++] = text_of(party, "address");
}

int try_message_read(const struct ctl *ctl, const char *path, struct try_message *ret) {
  auto_clean(buf_free) struct buf text = BUF_INIT(FILE_MOST);
  json_error_t error;
  int r = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &text);
  if (r)
    return ctl_fail(ctl, "cannot read %s: %s", path, r > 0 ? "it is too large" : strerror(-r));
  ret->event = json_loadb(buf_slice(&text).at, text.len, JSON_DISABLE_EOF_CHECK, &error);
  if (!ret->event)
    return ctl_fail(ctl, "%s:%d:%d: no JSON: %s", path, error.line, error.column, error.text);
  const json_t *data = json_object_get(ret->event, "data");
  take_event(ret, data ? data : ret->event);
  return ret->channel[0] ? CTL_OK
                         : ctl_fail(ctl, "%s: no message: it names no channel (deskbell events prints some)", path);
}

int try_message_complete(const struct desk_view *v, struct arena *a, struct try_message *m) {
  const struct channel_config *c = config_channel(v->config, slice_text(m->channel));
  if (!c && !m->channel_kind[0])
    return ctl_fail(v->ctl, "there is no channel \"%s\" in the configuration", m->channel);
  if (!m->channel_kind[0])
    m->channel_kind = channel_kind_text(c->kind);
  char *key = NULL;
  if (m->from[0] && address_key_of(a, slice_text(m->from), &key) != 0)
    return ctl_fail(v->ctl, "\"%s\" is neither an e-mail address nor a phone number in international form", m->from);
  m->key = key ? key : "";
  return CTL_OK;
}

void try_message_free(struct try_message *m) {
  json_decref(m->event);
  m->event = NULL;
}
