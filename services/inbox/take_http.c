/* SPDX-License-Identifier: Apache-2.0 */
#include "take_http.h"
#include "answer.h"
#include "base/clock.h"
#include "events.h"
#include "log/log.h"
#include "offers.h"
#include "route.h"
#include "work.h"
#include <stdio.h>
#include <strings.h>

enum { ARENA_FIRST = 2048 };

/* One request until it is answered; lives in the request's own memory. */
struct asker {
  struct inbox *inbox;
  struct http_request *request;
  struct http_reply_header headers[ANSWER_HEADERS];
  size_t header_count;
};

static void add_header(struct asker *a, const char *name, const char *value) {
  assert(a->header_count < ANSWER_HEADERS);
  a->headers[a->header_count++] = (struct http_reply_header){name, value};
}

static void refuse(struct asker *a, enum problem problem, const char *detail) {
  answer_problem(a->inbox, a->request, problem, detail, a->headers, a->header_count);
}

static void refuse_until(struct asker *a, int64_t wait_ms) {
  struct result r = result_problem(PROBLEM_RATE, NULL);
  r.retry_after_s = wait_ms > 3600 * 1000 ? 3600 : (unsigned)((wait_ms + 999) / 1000);
  answer_result(a->inbox, a->request, &r, a->headers, a->header_count);
  result_free(&r);
}

/* ---- pages of other origins */

static bool listed(const struct inbox *inbox, const char *origin) {
  const struct inbox_settings *s = &inbox->config->inbox;
  for (size_t i = 0; i < s->origin_count; i++)
    if (strcasecmp(s->origins[i], origin) == 0)
      return true;
  return false;
}

static bool allow_origin(struct asker *a) {
  const char *origin = http_header(a->request, "origin");
  if (a->inbox->config->inbox.origin_count)
    add_header(a, "Vary", "Origin");
  if (!origin || !listed(a->inbox, origin))
    return false;
  add_header(a, "Access-Control-Allow-Origin", origin);
  add_header(a, "Access-Control-Expose-Headers", "ETag, Retry-After");
  return true;
}

static void answer_preflight(struct asker *a, bool allowed) {
  if (!allowed) {
    refuse(a, PROBLEM_METHOD, NULL);
    return;
  }
  add_header(a, "Access-Control-Allow-Methods", "GET, POST, PUT");
  add_header(a, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID");
  add_header(a, "Access-Control-Max-Age", "600");
  http_reply(a->request, 204, NULL, SLICE(""), a->headers, a->header_count);
}

/* ---- who */

static const struct access_row *sign_in(struct asker *a) {
  struct gate *gate = a->inbox->gate;
  const char *given = http_header(a->request, "authorization");
  const struct access_row *row = gate_find(gate, given);
  int64_t now = clock_monotonic_ms();
  int64_t wait = row ? gate_take(gate, slice_of(row->digest, sizeof(row->digest)), now)
                     : gate_take_stranger(gate, http_peer(a->request), now);
  if (wait > 0) {
    refuse_until(a, wait);
    return NULL;
  }
  if (!row) {
    add_header(a, "WWW-Authenticate",
               given ? "Bearer realm=\"deskbell\", error=\"invalid_token\"" : "Bearer realm=\"deskbell\"");
    log_info("signed_out", KV("peer", http_peer(a->request)), KV("why", given ? "nobody's token" : "no token"));
    refuse(a, PROBLEM_SIGNED_OUT, NULL);
  }
  return row;
}

/* ---- what */

static bool is_type(const struct http_request *request, const char *wanted) {
  struct slice value = slice_text(http_header(request, "content-type")), media;
  slice_split(&value, ';', &media);
  return slice_equal_nocase(slice_trim(media), slice_text(wanted));
}

static bool takes(const struct ask *ask, enum field field) {
  return verb_row(ask->verb)->takes & (1u << field);
}

static void refuse_fault(struct asker *a, const struct ask_fault *fault) {
  struct result r = result_problem(fault->syntax ? PROBLEM_BODY : PROBLEM_FIELD, NULL);
  if (fault->field[0]) {
    snprintf(r.detail, sizeof(r.detail), "%s %s", fault->field, fault->words);
    r.body = json_pack("{s:[{s:s, s:s}]}", "errors", "field", fault->field, "detail", fault->words);
  } else {
    snprintf(r.detail, sizeof(r.detail), "%s", fault->words);
  }
  answer_result(a->inbox, a->request, &r, a->headers, a->header_count);
  result_free(&r);
}

/* Of a version that the caller looked at. False: it was answered. */
static bool read_match(struct asker *a, struct ask *ask) {
  const char *match = http_header(a->request, "if-match");
  struct ask_fault fault;
  if (!match)
    refuse(a, PROBLEM_NO_MATCH, NULL);
  else if (ask_etag(ask, slice_text(match), &fault))
    refuse_fault(a, &fault);
  else
    return true;
  return false;
}

static int read_body(struct asker *a, struct ask *ask, struct arena *arena, struct ask_fault *fault) {
  if (!takes(ask, FIELD_DOCUMENT))
    return ask_json(ask, http_body(a->request), arena, fault);
  ask_document(ask, http_body(a->request));
  return 0;
}

/* False: it was answered. */
static bool read_ask(struct asker *a, struct ask *ask, struct arena *arena) {
  struct ask_fault fault;
  bool reads = strcmp(verb_row(ask->verb)->method, "GET") == 0;
  const char *type = takes(ask, FIELD_DOCUMENT) ? "application/yaml" : "application/json";
  bool coded = http_header(a->request, "content-encoding") != NULL;
  if (!reads && slice_trim(http_body(a->request)).len && (coded || !is_type(a->request, type))) {
    refuse(a, PROBLEM_TYPE, NULL);
    return false;
  }
  if (takes(ask, FIELD_EXPECTED) && !read_match(a, ask))
    return false;
  int r = reads ? ask_query(ask, http_query(a->request), arena, &fault) : read_body(a, ask, arena, &fault);
  if (r == 0)
    r = ask_complete(ask, &fault);
  if (r < 0)
    refuse(a, PROBLEM_MEMORY, NULL);
  else if (r)
    refuse_fault(a, &fault);
  return r == 0;
}

/* False: it was answered. */
static bool find_verb(struct asker *a, struct arena *arena, struct ask *ret) {
  char allow[ROUTE_ALLOW_MAX];
  int r = route_find(http_method(a->request), http_path(a->request), arena, ret, allow);
  if (r == ROUTE_NO_METHOD) {
    add_header(a, "Allow", allow);
    refuse(a, PROBLEM_METHOD, NULL);
  } else if (r) {
    refuse(a, PROBLEM_NOT_FOUND, NULL);
  }
  return r == 0;
}

/* False: it was answered. */
static bool may(struct asker *a, const struct access_row *row, const struct ask *ask) {
  const char *refused = verb_refuses(ask->verb, row->role);
  if (refused)
    refuse(a, PROBLEM_FORBIDDEN, refused);
  return refused == NULL;
}

static void on_worked(void *arg, const struct result *r) {
  struct asker *a = arg;
  answer_result(a->inbox, a->request, r, a->headers, a->header_count);
}

static void go(struct asker *a, const struct access_row *row, struct ask *ask, struct arena *arena) {
  if (ask->verb == VERB_EVENTS) {
    events_begin(a->inbox->streams, a->request, row, a->headers, a->header_count);
    arena_free(&arena);
  } else if (ask->verb == VERB_OFFERS) {
    offers_begin(a->inbox, a->request, row, ask, arena, a->headers, a->header_count);
  } else {
    struct caller caller = {.role = row->role};
    memcpy(caller.agent, row->agent, sizeof(caller.agent));
    work_start(a->inbox, &caller, ask, arena, on_worked, a);
  }
}

static void look_at_tokens(struct inbox *inbox) {
  if (gate_look(inbox->gate))
    inbox_recheck(inbox);
}

static void on_request(void *arg, struct http_request *request) {
  struct inbox *inbox = arg;
  struct asker *a = http_request_alloc(request, sizeof(*a));
  assert(a); /* it is the first that is asked of the request's memory */
  *a = (struct asker){.inbox = inbox, .request = request};
  bool allowed = allow_origin(a);
  if (strcmp(http_method(request), "OPTIONS") == 0) {
    answer_preflight(a, allowed);
    return;
  }
  look_at_tokens(inbox);
  const struct access_row *row = sign_in(a);
  if (!row)
    return;
  struct arena *arena = arena_new(ARENA_FIRST, WORK_ARENA);
  struct ask ask;
  if (find_verb(a, arena, &ask) && may(a, row, &ask) && read_ask(a, &ask, arena))
    go(a, row, &ask, arena);
  else
    arena_free(&arena);
}

/* A desk definition is larger than all else, and so only taken from who may see one. */
static size_t on_limit(void *arg, const struct http_request *request) {
  struct inbox *inbox = arg;
  bool put = strcmp(http_method(request), "PUT") == 0 && strcmp(http_path(request), "/v1/desk") == 0;
  if (!put && strcmp(http_path(request), "/v1/desk/check") != 0)
    return ASK_BODY_MAX;
  look_at_tokens(inbox);
  const struct access_row *row = gate_find(inbox->gate, http_header(request, "authorization"));
  return row && !verb_refuses(VERB_DESK_CHECK, row->role) ? DESK_MAX_BYTES : ASK_BODY_MAX;
}

int take_http_open(struct inbox *inbox) {
  const struct inbox_settings *settings = &inbox->config->inbox;
  const char *listen = service_listen(inbox->run, "inbox", settings->listen);
  char url[256];
  if (strncmp(listen, "http://", 7) == 0) /* as we announced it before a restart */
    listen += 7;
  int r = http_open(inbox->loop,
                    &(struct http_options){.listen = listen,
                                           .max_body = DESK_MAX_BYTES,
                                           .max_connections = settings->max_connections,
                                           .max_per_address = settings->max_per_address,
                                           .deadline_ms = settings->deadline_ms,
                                           .trusted_proxies = (const char *const *)settings->trusted_proxies,
                                           .trusted_proxy_count = settings->trusted_proxy_count},
                    on_request, on_limit, inbox, &inbox->http);
  if (r < 0)
    return service_fail(inbox->run, r, "cannot listen on %s", listen);
  snprintf(url, sizeof(url), "http://%s", http_address(inbox->http));
  service_endpoint(inbox->run, "inbox", url);
  return 0;
}
