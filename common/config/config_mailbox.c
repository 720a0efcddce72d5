/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailboxes: settings that must fit each other and the channels, and what must not happen by a slip: a password over
 * an open network, one folder read twice, a move into a folder that is read.
 */
#include "config/forms.h"
#include "config/rows.h"
#include <stdlib.h>

#define LIST "mailboxes"
#define IMAPS_PORT 993

struct looking {
  const struct config *c;
  const struct document *d;
  size_t n;
  const struct mailbox_config *m;
};

static const struct node *at(const struct looking *l, const char *key) {
  return item_node(l->d, LIST, l->n, key);
}

/* -EINVAL, complained at the mailbox's `key`. */
#define REFUSE(l, key, ...) document_complain((l)->d, at(l, key), __VA_ARGS__)

static bool is_loopback(const char *host) {
  return slice_equal_nocase(slice_text(host), SLICE("localhost")) || strcmp(host, "::1") == 0 ||
         (strncmp(host, "127.", 4) == 0 && form_ip(slice_text(host)));
}

static int check_channel(const struct looking *l) {
  const struct channel_config *channel = config_channel(l->c, slice_text(l->m->channel));
  if (!channel)
    return REFUSE(l, "channel", "mailbox '%s' belongs to channel '%s', which is not there", l->m->name,
                  l->m->channel);
  if (channel->kind != CHANNEL_EMAIL)
    return REFUSE(l, "channel", "channel '%s' of mailbox '%s' is not of kind email", channel->name, l->m->name);
  return 0;
}

static int check_tls(const struct looking *l) {
  const struct mailbox_config *m = l->m;
  if (m->tls != MAILBOX_TLS_IMPLICIT && m->port == IMAPS_PORT)
    return REFUSE(l, "tls", "port 993 of mailbox '%s' speaks TLS from the first byte; with another 'tls' it needs "
                  "another 'port', mostly 143", m->name);
  if (m->tls != MAILBOX_TLS_NONE)
    return 0;
  if (*m->tls_pin || *m->tls_ca_file)
    return REFUSE(l, *m->tls_pin ? "tls_pin" : "tls_ca_file", "mailbox '%s' has tls none, so there is no key to "
                  "check", m->name);
  if (!m->allow_cleartext && !is_loopback(m->host))
    return REFUSE(l, "tls", "the password of mailbox '%s' would cross the network unencrypted; say 'tls: implicit' "
                  "or 'starttls', or 'allow_cleartext: true'", m->name);
  return 0;
}

/* A setting of the other way to log in is a misunderstanding. */
static int check_foreign(const struct looking *l, bool oauth) {
  const struct mailbox_config *m = l->m;
  const struct {
    const char *key, *value;
    bool oauth;
  } rows[] = {
      {"password_file", m->password_file, false},
      {"oauth_token_file", m->oauth_token_file, true},
      {"oauth_token_url", m->oauth_token_url, true},
      {"oauth_client_id", m->oauth_client_id, true},
      {"oauth_client_secret_file", m->oauth_client_secret_file, true},
      {"oauth_refresh_token_file", m->oauth_refresh_token_file, true},
      {"oauth_scope", m->oauth_scope, true},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (*rows[i].value && rows[i].oauth != oauth)
      return REFUSE(l, rows[i].key, "'%s' of mailbox '%s' is for auth %s", rows[i].key, m->name,
                    oauth ? "password, plain and login only" : "xoauth2 and oauthbearer only");
  return 0;
}

static int check_oauth(const struct looking *l) {
  const struct mailbox_config *m = l->m;
  if (*m->oauth_token_file && *m->oauth_token_url)
    return REFUSE(l, "oauth_token_file", "mailbox '%s' has both 'oauth_token_file' and 'oauth_token_url'", m->name);
  if (*m->oauth_token_file)
    return 0;
  if (!*m->oauth_token_url || !*m->oauth_client_id)
    return REFUSE(l, "auth", "mailbox '%s' needs '%s' to get tokens", m->name,
                  *m->oauth_token_url ? "oauth_client_id" : "oauth_token_url");
  if (!*m->oauth_client_secret_file && !*m->oauth_refresh_token_file)
    return REFUSE(l, "auth", "mailbox '%s' needs 'oauth_refresh_token_file', or 'oauth_client_secret_file' for "
                  "client credentials", m->name);
  struct slice host = slice_of("", 0), rest = slice_text(m->oauth_token_url);
  if (strncmp(m->oauth_token_url, "http://", 7) != 0)
    return 0;
  rest = slice_of(rest.at + 7, rest.len - 7);
  slice_split(&rest, '/', &host);
  struct slice name = host, port;
  host_port(host, &name, &port);
  char text[254] = "";
  if (name.len < sizeof(text))
    memcpy(text, name.at, name.len);
  return is_loopback(text) ? 0
                           : REFUSE(l, "oauth_token_url", "'oauth_token_url' of mailbox '%s' must be https: a secret "
                                    "crosses the network", m->name);
}

static int check_login(const struct looking *l) {
  const struct mailbox_config *m = l->m;
  bool oauth = m->auth == MAILBOX_AUTH_XOAUTH2 || m->auth == MAILBOX_AUTH_OAUTHBEARER;
  int r = check_foreign(l, oauth);
  if (r || oauth)
    return r ? r : check_oauth(l);
  return *m->password_file ? 0 : REFUSE(l, "password_file", "mailbox '%s' needs 'password_file'", m->name);
}

static int check_first_run(const struct looking *l) {
  bool since = l->m->first_run == MAILBOX_FIRST_SINCE;
  if (since && !*l->m->first_since)
    return REFUSE(l, "first_run", "first_run since of mailbox '%s' needs 'first_since'", l->m->name);
  if (!since && *l->m->first_since)
    return REFUSE(l, "first_since", "'first_since' of mailbox '%s' is for first_run since only", l->m->name);
  return 0;
}

/* "INBOX" is the same in any case (RFC 9051 section 5.1). */
static bool same_folder(const char *a, const char *b) {
  static const struct slice inbox = SLICE("INBOX");
  return strcmp(a, b) == 0 ||
         (slice_equal_nocase(slice_text(a), inbox) && slice_equal_nocase(slice_text(b), inbox));
}

static bool reads(const struct mailbox_config *m, const char *folder, size_t before) {
  for (size_t i = 0; i < m->folder_count && i < before; i++)
    if (same_folder(m->folders[i], folder))
      return true;
  return false;
}

static int check_after(const struct looking *l) {
  const struct mailbox_config *m = l->m;
  bool move = m->after == MAILBOX_AFTER_MOVE;
  if (move && !*m->after_folder)
    return REFUSE(l, "after", "after move of mailbox '%s' needs 'after_folder'", m->name);
  if (!move && *m->after_folder)
    return REFUSE(l, "after_folder", "'after_folder' of mailbox '%s' is for after move only", m->name);
  if (move && reads(m, m->after_folder, m->folder_count))
    return REFUSE(l, "after_folder", "mailbox '%s' moves mail into '%s', which it reads", m->name, m->after_folder);
  return 0;
}

static bool same_account(const struct mailbox_config *a, const struct mailbox_config *b) {
  return slice_equal_nocase(slice_text(a->host), slice_text(b->host)) && a->port == b->port &&
         strcmp(a->user, b->user) == 0;
}

static int check_folders(const struct looking *l) {
  const struct mailbox_config *m = l->m;
  const struct node *node = at(l, "folders")->first;
  for (size_t i = 0; i < m->folder_count; i++, node = node ? node->next : NULL) {
    if (reads(m, m->folders[i], i))
      return document_complain(l->d, node, "folder '%s' of mailbox '%s' is listed twice", m->folders[i], m->name);
    for (size_t n = 0; n < l->n; n++)
      if (same_account(&l->c->mailboxes[n], m) && reads(&l->c->mailboxes[n], m->folders[i], SIZE_MAX))
        return REFUSE(l, "folders", "folder '%s' of mailbox '%s' is read by mailbox '%s' already", m->folders[i],
                      m->name, l->c->mailboxes[n].name);
  }
  return 0;
}

static int check_name(const struct looking *l) {
  for (size_t n = 0; n < l->n; n++)
    if (strcmp(l->c->mailboxes[n].name, l->m->name) == 0)
      return REFUSE(l, "name", "mailbox name '%s' is used twice; first on line %u", l->m->name,
                    item_node(l->d, LIST, n, "name")->line);
  return 0;
}

int config_check_mailboxes(struct config *c, const struct document *d) {
  static int (*const checks[])(const struct looking *) = {check_name,  check_channel, check_tls,    check_login,
                                                          check_first_run, check_after, check_folders};
  for (size_t n = 0; n < c->mailbox_count; n++) {
    struct mailbox_config *m = &c->mailboxes[n];
    const struct looking l = {c, d, n, m};
    if (m->folder_count == 0) {
      free(m->folders);
      m->folders = must_calloc(1, sizeof(*m->folders));
      m->folders[m->folder_count++] = must_strdup("INBOX");
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
      int r = checks[i](&l);
      if (r)
        return r;
    }
  }
  return 0;
}
