/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"
#include "base/file.h"
#include "smtp_curl.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

const char *relay_own_address(const struct channel_config *c) {
  if (*c->from_address)
    return c->from_address;
  for (size_t i = 0; i < c->address_count; i++)
    if (c->addresses[i][0] != '@' && c->addresses[i][0] != '*')
      return c->addresses[i];
  return NULL;
}

void relay_with_token(const char *address, const char *token, char ret[RELAY_ADDRESS_ROOM]) {
  const char *at = strrchr(address, '@');
  if (!*token || !at)
    snprintf(ret, RELAY_ADDRESS_ROOM, "%s", address);
  else
    snprintf(ret, RELAY_ADDRESS_ROOM, "%.*s+%s%s", (int)(at - address), address, token, at);
}

static int read_secret(const struct config *config, const char *file, char **ret, struct complaint *complaint) {
  auto_clean(buf_free) struct buf text = BUF_INIT(SECRET_MAX);
  char *path = config_path(config, file);
  int r = file_read(path, &text);
  if (r)
    complain(complaint, path, 0, 0, "cannot be read: %s", r > 0 ? "it is too large for a secret" : strerror(-r));
  free(path);
  if (r)
    return r > 0 ? -EFBIG : r;
  struct slice secret = slice_trim(buf_slice(&text));
  *ret = must_calloc(1, secret.len + 1);
  memcpy(*ret, secret.at, secret.len);
  return 0;
}

int relay_open(const struct config *config, struct relay *ret, struct complaint *complaint) {
  const struct smtp_settings *s = &config->smtp;
  *ret = (struct relay){.run = s->tls == SMTP_TLS_IMPLICIT || *s->token_file ? smtp_curl_run : smtp_session_run};
  smtp_session_prepare();
  snprintf(ret->destination, sizeof(ret->destination), "%s:%u", s->host, s->port);
  snprintf(ret->port, sizeof(ret->port), "%u", s->port);
  snprintf(ret->helo, sizeof(ret->helo), "%s", s->helo);
  if (!*ret->helo && (gethostname(ret->helo, sizeof(ret->helo) - 1) < 0 || !*ret->helo))
    snprintf(ret->helo, sizeof(ret->helo), "localhost");
  ret->ca_file = *s->tls_ca_file ? config_path(config, s->tls_ca_file) : must_strdup("");
  int r = *s->password_file ? read_secret(config, s->password_file, &ret->password, complaint) : 0;
  ret->token_file = *s->token_file ? config_path(config, s->token_file) : must_strdup("");
  ret->smtp = (struct smtp_relay){.host = s->host, .port = ret->port, .user = s->user,
                                 .password = ret->password ? ret->password : "", .token_file = ret->token_file,
                                 .helo = ret->helo, .ca_file = ret->ca_file, .pin = s->tls_pin,
                                 .implicit_tls = s->tls == SMTP_TLS_IMPLICIT, .connect_ms = s->connect_timeout_ms,
                                 .answer_ms = s->answer_timeout_ms};
  if (r == 0 && s->tls != SMTP_TLS_NONE)
    r = smtp_guard_tls(s->host, ret->ca_file, s->tls_pin, &ret->smtp.tls, complaint);
  return r;
}

void relay_close(struct relay *r) {
  SSL_CTX_free(r->smtp.tls);
  if (r->password)
    explicit_bzero(r->password, strlen(r->password));
  free(r->password);
  free(r->token_file);
  free(r->ca_file);
  *r = (struct relay){.run = NULL};
}
