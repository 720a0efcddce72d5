/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of the generic form. */
#include "base/encode.h"
#include "provider_out.h"

static const char *const names[] = {"to", "from", "text", "id", "conversation", "subject", "secret"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static struct slice value_of(size_t name, const struct out_channel *c, const outbound_message *m) {
  const struct channel_config *config = c->config;
  const char *from = *config->out_from ? config->out_from : config->address_count ? config->addresses[0] : "";
  const char *const values[NAMES] = {m->to, from, m->text, m->id, m->conversation, m->subject, c->secret};
  return slice_text(values[name]);
}

/* The next "{{name}}" at or behind `at`; NULL when there is none. */
static const char *next_place(const char *at, struct slice *ret_name, const char **ret_end) {
  const char *open = strstr(at, "{{"), *close = open ? strstr(open + 2, "}}") : NULL;
  if (!close)
    return NULL;
  *ret_name = slice_trim(slice_of(open + 2, (size_t)(close - open - 2)));
  *ret_end = close + 2;
  return open;
}

static size_t find_name(struct slice name) {
  size_t i = 0;
  while (i < NAMES && !slice_equal(name, slice_text(names[i])))
    i++;
  return i;
}

bool out_template_ok(const char *template, struct slice *ret_name) {
  const char *end;
  for (const char *at = template; (at = next_place(at, ret_name, &end)); at = end)
    if (find_name(*ret_name) == NAMES)
      return false;
  return true;
}

int out_fill(const char *template, const struct out_channel *c, const outbound_message *m, out_escape *escape,
             struct buf *ret) {
  struct slice name;
  const char *at = template, *place, *end;
  for (; (place = next_place(at, &name, &end)); at = end) {
    buf_add(ret, at, (size_t)(place - at));
    size_t which = find_name(name);
    if (which < NAMES)
      escape(value_of(which, c, m), ret);
  }
  return buf_add_text(ret, at);
}

int out_escape_none(struct slice value, struct buf *ret) {
  return buf_add_slice(ret, value);
}

int out_escape_url(struct slice value, struct buf *ret) {
  return percent_encode(value, ret);
}

int out_escape_json(struct slice value, struct buf *ret) {
  for (size_t i = 0; i < value.len; i++) {
    uint8_t c = (uint8_t)value.at[i];
    if (c == '"' || c == '\\')
      buf_printf(ret, "\\%c", c);
    else if (c < ' ' || c == 0x7f)
      buf_printf(ret, "\\u%04x", c);
    else
      buf_add_char(ret, (char)c);
  }
  return ret->full ? BUF_FULL : 0;
}

/* Printable ASCII; anything else would end the field or be read differently by everybody. */
int out_escape_header(struct slice value, struct buf *ret) {
  for (size_t i = 0; i < value.len; i++)
    buf_add_char(ret, value.at[i] >= ' ' && value.at[i] <= '~' ? value.at[i] : '?');
  return ret->full ? BUF_FULL : 0;
}
