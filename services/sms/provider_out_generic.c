/* SPDX-License-Identifier: Apache-2.0 */
/* Any provider with an HTTP interface, from its channel's out_… settings. */
#include "json_read.h"
#include "provider_out.h"

enum { FIELD_MAX = 2048, URL_MAX_BYTES = 8192 };

static out_escape *escape_of(const char *type) {
  return strcmp(type, "application/json") == 0                    ? out_escape_json
         : strcmp(type, "application/x-www-form-urlencoded") == 0 ? out_escape_url
                                                                  : out_escape_none;
}

static char *fill(const char *template, const struct out_channel *c, const outbound_message *m, out_escape *escape,
                  size_t most, struct arena *a) {
  auto_clean(buf_free) struct buf b = BUF_INIT(most);
  return out_fill(template, c, m, escape, &b) == 0 ? arena_copy(a, buf_slice(&b)) : NULL;
}

static int make(const struct out_channel *c, const outbound_message *m, struct arena *a, struct out_request *ret,
                const char **ret_why) {
  const struct channel_config *config = c->config;
  if (!*config->out_url) {
    *ret_why = "its channel has no out_url, so nothing goes out over it";
    return OUT_IMPOSSIBLE;
  }
  struct out_request r = {.method = config->out_method, .password = c->secret,
                          .user = *config->out_user ? config->out_user : NULL};
  r.url = fill(config->out_url, c, m, out_escape_url, URL_MAX_BYTES, a);
  bool failed = !r.url;
  if (*config->out_body && strcmp(config->out_method, "GET") != 0) {
    char *body = fill(config->out_body, c, m, escape_of(config->out_type), OUT_BODY_MAX, a);
    char *type = arena_printf(a, "Content-Type: %s; charset=utf-8", config->out_type);
    failed = failed || !body || !type;
    r.body = slice_text(body);
    r.headers[r.header_count++] = type;
  }
  for (size_t i = 0; i < config->out_header_count && r.header_count < OUT_HEADERS_MAX; i++) {
    char *field = fill(config->out_headers[i], c, m, out_escape_header, FIELD_MAX, a);
    failed = failed || !field;
    r.headers[r.header_count++] = field;
  }
  if (failed) {
    *ret_why = "it does not fit into the provider's request";
    return OUT_IMPOSSIBLE;
  }
  *ret = r;
  return 0;
}

/* "messages.0.id" */
static const json_t *find(const json_t *at, const char *path) {
  struct slice rest = slice_text(path), name;
  uint64_t n;
  while (at && rest.len && slice_split(&rest, '.', &name)) {
    char key[128];
    if (name.len >= sizeof(key))
      return NULL;
    memcpy(key, name.at, name.len);
    key[name.len] = '\0';
    if (json_is_array(at))
      at = slice_to_u64(name, 100000, &n) == 0 ? json_array_get(at, n) : NULL;
    else
      at = json_object_get(at, key);
  }
  return at;
}

static bool is_good(const struct channel_config *config, struct slice state) {
  for (size_t i = 0; i < config->out_state_good_count; i++)
    if (slice_equal_nocase(state, slice_text(config->out_state_good[i])))
      return true;
  return false;
}

static void judge(const struct out_channel *c, const struct out_reply *reply, struct arena *a,
                  struct outbound_result *ret) {
  const struct channel_config *config = c->config;
  json_t *json = NULL;
  bool duplicates;
  out_judge_status(reply, a, ret);
  if (ret->outcome != OUTBOUND_ACCEPTED || (!*config->out_id && !*config->out_state))
    return;
  if (json_read(reply->body, a, &json, &duplicates) != 0)
    json = NULL;
  if (*config->out_id) {
    char *id = arena_copy(a, json_text(find(json, config->out_id), a));
    ret->provider_id = id ? slice_text(id) : SLICE("");
  }
  if (*config->out_state) {
    char *state = arena_copy(a, json_text(find(json, config->out_state), a));
    if (!state || !is_good(config, slice_text(state))) {
      ret->outcome = state && *state ? OUTBOUND_FAILED : OUTBOUND_UNSURE;
      char *why = arena_printf(a, "the provider's answer has \"%.100s\" at %s", state ? state : "", config->out_state);
      ret->why = why ? why : "";
    }
  }
  json_decref(json);
}

const struct provider_out provider_out_generic = {.make = make, .judge = judge};
