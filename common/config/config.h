/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a desk: one YAML file that every program reads, each using its own section and the channels
 * it serves. Every setting is one row of config_rows.def (name, type, unit, default, least, most, manual text); the
 * parser, --print-config, the sample file and the manual pages come from the rows. An unknown key, a wrong unit or a
 * value out of range is refused with file, line, column and what is allowed.
 *
 * Units: durations "250ms" "30s" "5m" "2h" "7d"; sizes "64KiB" "10MiB" "1GiB"; a bare number is refused where a unit
 * is needed (0 excepted). Secrets are named by file (…_file), never written here.
 *
 * Relative paths are relative to the desk's folder (--dir). Port 0 picks a free port.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buf.h"

enum channel_kind { CHANNEL_EMAIL, CHANNEL_SMS, CHANNEL_WEBHOOK, CHANNEL_FORM };
enum channel_unsure { UNSURE_AGAIN, UNSURE_ASK };
enum channel_split { SPLIT_PROVIDER, SPLIT_US }; /* who cuts a long SMS */
enum channel_provider { PROVIDER_NONE, PROVIDER_TWILIO, PROVIDER_GENERIC };

/* One configured way in. Strings are never NULL; an unset one is "". */
struct channel_config {
  char *name;                 /* [a-z0-9][a-z0-9-]{0,31}, unique */
  enum channel_kind kind;     /* email, sms, webhook, form */
  enum channel_provider provider; /* sms/webhook: twilio or generic (Standard Webhooks) */
  char **addresses;           /* email: recipients "support@example.com", "@example.com", "*"; sms: our numbers */
  size_t address_count;
  char **authserv_ids;        /* email: whose Authentication-Results are believed (RFC 8601); "-": one without a name */
  size_t authserv_id_count;
  char **spam_headers;        /* email: "Name: value" of the operator's filter, '*' for any run */
  size_t spam_header_count;
  bool enabled;
  char *from_address;         /* email: who answers come from; "": the first whole address */
  char *from_name;
  enum channel_unsure unsure; /* what is done when the next system did not say whether it took a message */
  char *account_sid;          /* twilio: must equal AccountSid when set */
  char **secret_files;        /* auth token / signing secret; up to 2 for rotation (WH-14) */
  size_t secret_file_count;
  char *out_url;              /* sms, webhook: how messages go out (services/sms/provider_out.h) */
  char *out_from;
  char *out_method;
  char *out_type;
  char **out_headers;
  size_t out_header_count;
  char *out_body;
  char *out_id;
  char *out_state;
  char **out_state_good;
  size_t out_state_good_count;
  char *out_secret_file;
  char *out_user;
  double out_rate;            /* messages a second; 0: no limit */
  enum channel_split out_split;
  uint32_t out_parts_max;     /* out_split us: parts of one message */
  char *public_url;           /* what the provider signs, e.g. "https://desk.example.com" (WH-15); "": as listened */
  size_t max_body;            /* bytes */
  double rate;                /* requests per second and peer address, 0: no limit */
  char **origins;             /* form: allowed origins for cross-site JSON posts (WF-02) */
  size_t origin_count;
  char *title;                /* form */
  char *intro;
  char *language;             /* BCP 47 of the page */
  char *privacy_url;
  char *consent_text;         /* shown with an unticked box when set (WF-50) */
  bool uploads;
  int64_t min_fill_ms;        /* time trap (WF-10): at least */
  int64_t max_fill_ms;        /* and at most */
};

enum mailbox_tls { MAILBOX_TLS_IMPLICIT, MAILBOX_TLS_STARTTLS, MAILBOX_TLS_NONE };
enum mailbox_auth {
  MAILBOX_AUTH_PASSWORD, MAILBOX_AUTH_PLAIN, MAILBOX_AUTH_LOGIN, MAILBOX_AUTH_XOAUTH2, MAILBOX_AUTH_OAUTHBEARER
};
enum mailbox_after { MAILBOX_AFTER_NOTHING, MAILBOX_AFTER_KEYWORD, MAILBOX_AFTER_SEEN, MAILBOX_AFTER_MOVE };
enum mailbox_first_run { MAILBOX_FIRST_NOW, MAILBOX_FIRST_ALL, MAILBOX_FIRST_SINCE };

/* One mailbox that is read over IMAP. Strings are never NULL; an unset one is "". */
struct mailbox_config {
  char *name;                 /* unique; [a-z0-9][a-z0-9-]{0,31} */
  char *channel;              /* of kind email */
  bool enabled;
  char *host;
  uint32_t port;
  enum mailbox_tls tls;
  char *tls_pin;              /* "sha256:…": the server's certificate or key; "": by authority */
  char *tls_ca_file;          /* "": the system's authorities */
  bool allow_cleartext;       /* a password may cross a network unencrypted */
  char *user;
  enum mailbox_auth auth;
  char *password_file;        /* password, plain, login */
  char *oauth_token_file;     /* xoauth2, oauthbearer: somebody else renews it; in place of the following */
  char *oauth_token_url;
  char *oauth_client_id;
  char *oauth_client_secret_file; /* "": a public client */
  char *oauth_refresh_token_file; /* "": client credentials */
  char *oauth_scope;
  char *proxy;
  char **folders;             /* at least one */
  size_t folder_count;
  enum mailbox_first_run first_run;
  char *first_since;          /* "2026-11-24" with first_run since */
  enum mailbox_after after;   /* what is done on the server with a mail that was taken (TR-43) */
  char *after_keyword;
  char *after_folder;
  int64_t poll_ms;            /* where the server cannot tell of new mail */
  int64_t reconcile_ms;       /* what the server has is compared with what was stored so often */
  int64_t alarm_after_ms;     /* a difference older than this makes the program unhealthy */
  char **recipient_fields;    /* header fields of the operator's own mail system that name the envelope recipient */
  size_t recipient_field_count;
};

struct redis_config {
  char *url;                  /* "unix:/path", "host:port"; "": deskbell up starts a private one */
  char *user;
  char *password_file;
  char *fsync;                /* private Redis: "always", "everysec" */
  size_t maxmemory;
};

struct link_config {
  char *listen;               /* router: "tcp://127.0.0.1:*" or "ipc:///path"; "": ipc in the desk's folder */
  char *connect;              /* channel programs: the router's address; "": as listen */
  char *keys;                 /* folder of CURVE keys, made by deskbell up: router.key/.pub, <program>.key/.pub */
  uint32_t window_events;     /* credit per channel program */
  size_t window_bytes;
  int64_t heartbeat_ms;
  int64_t dead_after_ms;
};

struct spool_settings {
  size_t size;                /* preallocated, per channel program */
  int64_t keep_ms;            /* confirmed records stay so long for a replay */
  size_t blob_max;            /* largest single blob */
  int64_t blob_keep_ms;       /* originals and attachments are removed after this; 0: never */
  size_t blob_reserve;        /* free space on the blob disk under which sources are deferred */
};

struct router_settings {
  uint32_t lanes;             /* Redis connections */
  uint32_t batch;             /* most events in one function call */
  int64_t redis_deadline_ms;  /* an unanswered call after this breaks the connection */
  int64_t thread_idle_ms;     /* sms and webhooks: a talk idle so long starts a new conversation */
  int64_t journal_keep_ms;    /* 0: for ever; never trims before the slowest follower */
  int64_t dedupe_keep_ms;     /* at least 8 days by default (WH-05) */
  char *health;               /* host:port of health + metrics; port 0 picks; "": none */
};

struct email_settings {
  char *listen_tcp;           /* LMTP, "127.0.0.1:0"; "": none */
  char *listen_unix;          /* path; "": none */
  size_t max_size;            /* SIZE */
  uint32_t max_recipients;
  uint32_t max_connections;
  int64_t idle_timeout_ms;
  int64_t command_max;        /* longest command line, bytes */
  uint32_t parsers;           /* parser child processes */
  size_t parser_memory;       /* RLIMIT_AS of one */
  int64_t parser_deadline_ms; /* wall clock for one mail */
  char *health;
};

struct dispatch_settings {
  uint32_t most;              /* offers in one call */
  char *health;
};

struct acknowledge_settings {
  char *health;
};

struct outbound_settings {
  size_t size;                /* preallocated, per channel program */
  int64_t keep_ms;
  uint32_t per_destination;   /* tries at a time */
  uint32_t in_all;
};

enum smtp_tls { SMTP_TLS_STARTTLS, SMTP_TLS_IMPLICIT, SMTP_TLS_NONE };

struct smtp_settings {
  char *host;                 /* the relay; "": no mail goes out */
  uint32_t port;
  enum smtp_tls tls;
  char *tls_pin;              /* "sha256:HEX" of the certificate or its key; "": verify by CA */
  char *tls_ca_file;
  char *user;
  char *password_file;
  char *token_file;
  char *helo;
  uint32_t workers;           /* threads */
  int64_t connect_timeout_ms;
  int64_t answer_timeout_ms;
};

struct http_settings {        /* sms and webform */
  char *listen;               /* "127.0.0.1:0" */
  uint32_t max_connections;
  uint32_t max_per_address;   /* connections of one peer address */
  int64_t deadline_ms;        /* whole request */
  char **trusted_proxies;     /* peers whose X-Forwarded-For is believed */
  size_t trusted_proxy_count;
  char *health;
};

struct inbox_settings {
  char *listen;               /* "127.0.0.1:0"; "": the program does not run */
  char *zmq_listen;           /* "": none */
  char *zmq_keys;             /* folder */
  char *tokens_file;
  uint32_t max_connections;
  uint32_t max_per_address;
  int64_t deadline_ms;
  char **trusted_proxies;
  size_t trusted_proxy_count;
  char **origins;             /* web pages that may call */
  size_t origin_count;
  double rate;                /* requests a second of one token; 0: no limit */
  uint32_t burst;
  uint32_t streams;           /* of one agent */
  size_t stream_size;
  int64_t heartbeat_ms;
  int64_t keep_ms;            /* presence lasts so long after the last connection */
  char *health;
};

struct config {
  char *dir;                  /* absolute */
  char *name;                 /* of the desk */
  char *secret_file;          /* desk secret for tokens: 32 bytes hex, made by deskbell up */
  char *message_id_domain;
  struct redis_config redis;
  struct link_config link;
  struct spool_settings spool;
  struct router_settings router;
  struct email_settings email;
  struct dispatch_settings dispatch;
  struct acknowledge_settings acknowledge;
  struct outbound_settings outbound;
  struct smtp_settings smtp;
  struct http_settings sms;
  struct http_settings webform;
  struct inbox_settings inbox;
  struct channel_config *channels;
  size_t channel_count;
  struct mailbox_config *mailboxes;
  size_t mailbox_count;
  struct config_address *index; /* addresses of all channels, sorted; private to the module */
  size_t index_count;
};

/* Reads `path` ("" or NULL: the embedded default desk) for the desk folder `dir`.
 * Returns 0 (gives *ret), -EINVAL (complaint filled), -errno. */
int must_check config_load(const char *path, const char *dir, struct config **ret, struct complaint *complaint);
/* Same from memory; `name` is what complaints call it. For tests and the fuzzer. */
int must_check config_parse(struct slice yaml, const char *name, const char *dir, struct config **ret,
                            struct complaint *complaint);
void config_free(struct config **c);

/* Writes the effective configuration as YAML with a comment per setting; secrets are never in it. */
void config_print(const struct config *c, struct buf *ret);
/* The embedded default desk (one channel of each kind), also deploy/config/deskbell.yaml. */
const char *config_default_yaml(void);
/* The manual's table of settings for `section` ("email", "spool", "channel", "mailbox", …), in Markdown. */
void config_manual(const char *section, struct buf *ret);

/* Lends the channel or NULL. */
const struct channel_config *config_channel(const struct config *c, struct slice name);
/* The only enabled channel of a kind, lent; NULL when there is none, or more than one: somebody must say which. */
const struct channel_config *config_only_channel(const struct config *c, enum channel_kind kind);
/* Is there a program that takes messages for it and a way out? A form has none, nor has a provider that only calls us. */
bool config_channel_goes_out(const struct channel_config *channel);
const char *channel_kind_text(enum channel_kind kind);
/* Lends the mailbox or NULL. */
const struct mailbox_config *config_mailbox(const struct config *c, struct slice name);
/* The e-mail channel a recipient belongs to: an address equal to it wins over "@domain", that over "*"; ASCII letters
 * match in either case. Lends the channel or NULL. A disabled channel keeps its addresses, so that the caller can
 * answer "disabled" (550 5.2.1) instead of "unknown": look at `enabled`. `local` is without its "+token". */
const struct channel_config *config_channel_for_recipient(const struct config *c, struct slice local,
                                                          struct slice domain);
/* The same without "*": only a channel that names the address or its domain. */
const struct channel_config *config_channel_of_address(const struct config *c, struct slice local, struct slice domain);
/* Reads secret files of a channel: each trimmed of white space. `ret` has room for `max`; gives heap strings. */
int must_check config_secrets(const struct config *c, const struct channel_config *channel, char **ret, size_t max,
                              size_t *ret_count, struct complaint *complaint);
/* Reads one secret file, trimmed of white space; gives a heap string, to be wiped by its user. */
int must_check config_secret(const struct config *c, const char *file, char **ret, struct complaint *complaint);
/* The desk's own secret: the key of its tokens, 16 to 64 bytes. Appends to `ret`, whose room is its user's to wipe. */
int must_check config_desk_secret(const struct config *c, struct buf *ret, struct complaint *complaint);
/* Joins `dir` and a relative path; gives a heap string. */
char *config_path(const struct config *c, const char *path);

#endif
