/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IMAP client of one mailbox: a connection that is kept open, requests in, answers out. It decides nothing about
 * mails: which folder, which UIDs, what to keep and what to mark is its user's.
 *
 * Life: it connects by itself and says ready(); when the connection ends it says down(), waits (back-off with jitter,
 * slower after a refused login so that no account gets locked) and connects again. After each ready() no folder is
 * selected. Requests are carried out in the order they were made; each is answered exactly once by its done(), also
 * when the connection is lost (IMAP_LOST: all that wait, before down() is called) or the client is closed. A request
 * made while it is down is answered IMAP_LOST at once, from the loop, never from within the call.
 *
 * Watching: whenever nothing is asked and a folder is selected, the client watches it – IDLE where offered, else a
 * NOOP every poll_ms – and says changed(). A request ends the watching by itself. changed() is a hint that may come
 * once for many mails, or for nothing: search from the first UID not yet seen. Some servers forget to push, so search
 * now and then without it too.
 *
 * A dead connection is noticed within two minutes: every command has a deadline; while watching, a silent server is
 * asked (DONE and IDLE again) after probe_ms; the kernel watches the socket too (keepalive, user timeout).
 *
 * Back-pressure: imap_client_pause() takes effect before the next callback; nothing is read from the network while
 * paused, and the server's deadlines stand still. At most one read (64 KiB) is held. A loss ends the pause.
 *
 * All callbacks come from the loop, and any function here may be called from within them (imap_client_close() too).
 * Folder names are UTF-8, as a person writes them ("INBOX", "Archiv/Märkte"); the client encodes them as the server
 * wants. Flags: "\\Seen" or a keyword such as "$Deskbell".
 *
 * Memory: a read buffer shared by all (64 KiB), and per client the ranges of the requests that wait.
 */
#ifndef EMAIL_IMAP_CLIENT_H
#define EMAIL_IMAP_CLIENT_H

#include "imap/command.h"
#include <uv.h>

struct curl_loop;
struct imap_client;
struct oauth_token;

enum imap_security {
  IMAP_TLS,      /* TLS from the first byte; port 993 */
  IMAP_STARTTLS, /* port 143; a server that does not offer it is refused */
  IMAP_CLEAR,    /* no encryption: only to this machine or in a network one trusts */
};

enum imap_auth {
  IMAP_AUTH_PASSWORD, /* the strongest way the server offers to use the password */
  IMAP_AUTH_PLAIN,
  IMAP_AUTH_LOGIN,
  IMAP_AUTH_XOAUTH2,     /* Google, Microsoft */
  IMAP_AUTH_OAUTHBEARER, /* RFC 7628 */
};

/* Why a client is down; decides how long it waits. */
enum imap_down {
  IMAP_DOWN_UNREACHABLE, /* name not found, refused, no answer */
  IMAP_DOWN_TLS,         /* certificate not believed, or TLS not offered: the operator must act */
  IMAP_DOWN_REFUSED,     /* user, password or token refused */
  IMAP_DOWN_TOKEN,       /* no access token could be had, or a file with a secret cannot be read */
  IMAP_DOWN_LOST,        /* it was up, and was closed or went silent */
  IMAP_DOWN_PROTOCOL,    /* the server said what cannot be understood */
};

enum imap_change {
  IMAP_CHANGE_NEW,  /* the folder has more mails than before */
  IMAP_CHANGE_GONE, /* mails were expunged by somebody */
};

/* All strings are borrowed for the client's life; NULL counts as "". */
struct imap_account {
  const char *host;
  uint16_t port;             /* 0: as the security has it */
  enum imap_security security;
  enum imap_auth auth;
  const char *user;
  const char *password;
  const char *password_file; /* in place of `password`; read for each connection, so a change counts without restart */
  struct oauth_token *token; /* borrowed; for XOAUTH2 and OAUTHBEARER */
  const char *tls_ca_file;   /* PEM; "": the system's authorities */
  const char *tls_pin;       /* "sha256:…", see imap_pin.h; in place of authority and name */
  const char *proxy;         /* "socks5h://host:port", "http://host:port"; "": none, also not from the environment */
};

struct imap_client_options {
  struct imap_account account;
  struct curl_loop *curl;    /* borrowed */
  int64_t connect_ms;        /* each of these 0: the default. 30 s, login included */
  int64_t command_ms;        /* 90 s without any byte while an answer is due */
  int64_t probe_ms;          /* 90 s of silence while watching */
  int64_t idle_ms;           /* 4 min, then IDLE anew; at most 29 min (RFC 2177) */
  int64_t poll_ms;           /* 60 s, where IDLE is not offered */
  bool never_idle;           /* for a server whose IDLE is broken */

  /* Logged in. `capabilities`: enum imap_capability. */
  void (*ready)(void *arg, struct imap_client *c, unsigned capabilities);
  /* `why`: one sentence for an operator, without secrets; `retry_ms`: from now to the next try. Also called for each
   * failed try to connect. */
  void (*down)(void *arg, struct imap_client *c, enum imap_down reason, const char *why, int64_t retry_ms);
  void (*changed)(void *arg, struct imap_client *c, enum imap_change change);
  /* The server has something to tell the operator ([ALERT]). May be NULL. */
  void (*alert)(void *arg, struct imap_client *c, struct slice words);
  void *arg;
};

/* Gives the client, which begins to connect from the loop. */
struct imap_client *imap_client_open(uv_loop_t *loop, const struct imap_client_options *options);
/* Answers what waits with IMAP_LOST, says LOGOUT as far as that works at once, and frees itself from the loop. down()
 * is not called. */
void imap_client_close(struct imap_client **c);
bool imap_client_ready(const struct imap_client *c);
/* Connects now instead of after the back-off. */
void imap_client_hurry(struct imap_client *c);
/* Ends the connection as if it had been lost: for a user who finds that the server makes no sense. `why` goes to
 * down() as IMAP_DOWN_PROTOCOL. */
void imap_client_drop(struct imap_client *c, const char *why);
/* Requests not yet answered. */
size_t imap_client_waiting(const struct imap_client *c);

void imap_client_pause(struct imap_client *c);
void imap_client_resume(struct imap_client *c);

typedef void imap_done(void *arg, const struct imap_result *result);

/* `folder` is lent to selected() and NULL when the result is not IMAP_OK; no folder is selected then. `examine`: read
 * only. Some servers answer a mark in a folder that is read_only with OK and do nothing. */
typedef void imap_selected(void *arg, const struct imap_result *result, const struct imap_folder *folder);
void imap_client_select(struct imap_client *c, const char *folder, bool examine, imap_selected *done, void *arg);

/* The found UIDs: ascending, disjoint; lent. Empty unless IMAP_OK. */
typedef void imap_found(void *arg, const struct imap_result *result, const struct uid_range *ranges, size_t count);
void imap_client_search(struct imap_client *c, const struct imap_search *search, imap_found *done, void *arg);

/* The ranges of the following are copied, and split into as many commands as needed: all are sent, and the first answer
 * that is not IMAP_OK is the result (a move stops there). UIDs that do not exist are no error: nothing comes for them.
 * But ask for UIDs that a search found: a command goes for every 50 UIDs of a fetch, be there mails or not. */

/* Size, date and flags of mails; each() in whatever order the server likes, each UID once. */
void imap_client_sizes(struct imap_client *c, const struct uid_range *ranges, size_t count,
                       void (*each)(void *arg, const struct imap_mail *mail), imap_done *done, void *arg);

/* Never sets \Seen (TR-42). For each mail: begin, any number of run, end; never two mails at a time. At begin() only
 * what the server said before the bytes is known (the UID may still be 0); at end() all of it. Each UID comes WHOLE at
 * most once for a request. Between a mail's begin() and end() nothing else is called but run(), also when the
 * connection is lost. */
struct imap_fetch_user {
  void (*begin)(void *arg, const struct imap_mail *mail);
  void (*run)(void *arg, struct slice bytes);
  void (*end)(void *arg, const struct imap_mail *mail, enum imap_mail_end end);
};
void imap_client_fetch(struct imap_client *c, const struct uid_range *ranges, size_t count, enum imap_part part,
                       const struct imap_fetch_user *user, imap_done *done, void *arg);

/* Adds a flag, silently. */
void imap_client_mark(struct imap_client *c, const struct uid_range *ranges, size_t count, const char *flag,
                      imap_done *done, void *arg);
/* UID MOVE; where it is not offered COPY, \Deleted and UID EXPUNGE of just these; where that is not offered either
 * IMAP_UNSUPPORTED. Never a plain EXPUNGE (TR-43). IMAP_NO with IMAP_CODE_TRYCREATE: the folder is not there. */
void imap_client_move(struct imap_client *c, const struct uid_range *ranges, size_t count, const char *folder,
                      imap_done *done, void *arg);

void imap_client_create(struct imap_client *c, const char *folder, imap_done *done, void *arg);

/* Of a folder that need not be selected (RFC 3501 forbids it for the selected one; most servers allow it). */
void imap_client_status(struct imap_client *c, const char *folder,
                        void (*done)(void *arg, const struct imap_result *result, const struct imap_status *status),
                        void *arg);

/* Folders that match `pattern` ("*": all); `selectable` is false for names that only hold others. */
void imap_client_list(struct imap_client *c, const char *pattern,
                      void (*each)(void *arg, const char *folder, bool selectable), imap_done *done, void *arg);

#endif
