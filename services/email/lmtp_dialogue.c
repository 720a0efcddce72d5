/* SPDX-License-Identifier: Apache-2.0 */
/* What is said is in two tables (replies, commands); the functions below only decide which row. A command ends with
 * CRLF and nothing else, as content does: a byte that two programs could take for a line end in different ways is how
 * mail is smuggled (TR-05). */
#include "lmtp_dialogue.h"
#include "lmtp_content.h"
#include <inttypes.h>
#include <stdlib.h>

enum reply {
  REPLY_BYE,
  REPLY_RESET,
  REPLY_NOTHING_DONE,
  REPLY_CANNOT_VERIFY,
  REPLY_SENDER,
  REPLY_RECIPIENT,
  REPLY_GO_AHEAD,
  REPLY_UNKNOWN_COMMAND,
  REPLY_NOT_SMTP,
  REPLY_TOO_LONG,
  REPLY_STRAY_BYTES,
  REPLY_SYNTAX,
  REPLY_PARAMETER,
  REPLY_SAY_LHLO,
  REPLY_SAY_MAIL,
  REPLY_SAY_RCPT,
  REPLY_ALREADY,
  REPLY_TOO_MANY_RECIPIENTS,
  REPLY_UNKNOWN_MAILBOX,
  REPLY_DISABLED_MAILBOX,
  REPLY_TOO_LARGE,
  REPLY_NO_ROOM,
  REPLY_TROUBLE,
  REPLY_MISTAKES,
  REPLY_FOREIGN,
  REPLY_DRAINING,
  REPLY_IDLE,
};

#define CLOSES 1  /* the connection ends after it */
#define MISTAKE 2 /* counts towards LMTP_MISTAKES_MAX */

static const struct {
  const char *text;
  unsigned effect;
} replies[] = {
    [REPLY_BYE] = {"221 2.0.0 Bye", CLOSES},
    [REPLY_RESET] = {"250 2.0.0 Forgotten", 0},
    [REPLY_NOTHING_DONE] = {"250 2.0.0 Here", 0},
    [REPLY_CANNOT_VERIFY] = {"252 2.5.0 Send some mail to find out", 0},
    [REPLY_SENDER] = {"250 2.1.0 Sender taken", 0},
    [REPLY_RECIPIENT] = {"250 2.1.5 Recipient taken", 0},
    [REPLY_GO_AHEAD] = {"354 End the data with <CRLF>.<CRLF>", 0},
    [REPLY_UNKNOWN_COMMAND] = {"500 5.5.2 Unknown command", MISTAKE},
    [REPLY_NOT_SMTP] = {"500 5.5.1 This is LMTP, say LHLO", MISTAKE},
    [REPLY_TOO_LONG] = {"500 5.5.2 The line is too long", MISTAKE},
    [REPLY_STRAY_BYTES] = {"500 5.5.2 A line ends with CRLF and holds no bare CR, LF or NUL", MISTAKE},
    [REPLY_SYNTAX] = {"501 5.5.4 Cannot read the argument", MISTAKE},
    [REPLY_PARAMETER] = {"555 5.5.4 Unknown parameter", MISTAKE},
    [REPLY_SAY_LHLO] = {"503 5.5.1 Say LHLO first", MISTAKE},
    [REPLY_SAY_MAIL] = {"503 5.5.1 Say MAIL first", MISTAKE},
    [REPLY_SAY_RCPT] = {"503 5.5.1 No recipient was accepted", 0},
    [REPLY_ALREADY] = {"503 5.5.1 A sender was given already", MISTAKE},
    [REPLY_TOO_MANY_RECIPIENTS] = {"452 4.5.3 Too many recipients", 0},
    [REPLY_UNKNOWN_MAILBOX] = {"550 5.1.1 No such mailbox here", 0},
    [REPLY_DISABLED_MAILBOX] = {"550 5.2.1 The mailbox is switched off", 0},
    [REPLY_TOO_LARGE] = {"552 5.3.4 The message is too large", 0},
    [REPLY_NO_ROOM] = {"452 4.3.1 No room for the message now, try again later", 0},
    [REPLY_TROUBLE] = {"451 4.3.0 The message could not be stored, try again later", 0},
    [REPLY_MISTAKES] = {"421 4.7.0 Too many mistakes", CLOSES},
    [REPLY_FOREIGN] = {"421 4.7.0 This is LMTP", CLOSES},
    [REPLY_DRAINING] = {"421 4.3.2 Stopping, try again later", CLOSES},
    [REPLY_IDLE] = {"421 4.4.2 Nothing heard for too long", CLOSES},
};

static const enum reply of_outcome[] = {
    [LMTP_UNKNOWN_MAILBOX] = REPLY_UNKNOWN_MAILBOX, [LMTP_DISABLED_MAILBOX] = REPLY_DISABLED_MAILBOX,
    [LMTP_TOO_LARGE] = REPLY_TOO_LARGE,             [LMTP_NO_ROOM] = REPLY_NO_ROOM,
    [LMTP_TROUBLE] = REPLY_TROUBLE,
};

enum state { COMMANDS, CONTENT, WAITING, CLOSED };
enum question { NONE, OF_RECIPIENT, OF_DATA };

struct lmtp {
  struct lmtp_limits limits;
  char *host;
  enum state state;
  enum question question;
  bool greeted;         /* LHLO was said */
  bool draining;
  unsigned mistakes;
  struct buf line;      /* the command line so far */
  bool line_done;       /* it was obeyed; its bytes stay for lmtp_path() until the next one */
  bool overlong;        /* it does not fit, the rest of it is skipped */
  bool after_cr;        /* its last byte was a CR */
  bool mail;            /* a transaction is open */
  struct buf sender;    /* owns message.sender.path */
  struct slice path;    /* of the recipient in question, in `line` */
  uint32_t *targets;    /* of accepted recipients, in order */
  size_t target_room;
  struct lmtp_message message;
  struct lmtp_content content;
  enum lmtp_outcome refused; /* of the content being skipped; LMTP_ACCEPTED: it is kept */
  struct buf output;
};

#define GO_ON (-1) /* no event yet */

static void say(struct lmtp *l, enum reply reply) {
  buf_add_text(&l->output, replies[reply].text);
  buf_add_text(&l->output, "\r\n");
  if (replies[reply].effect & CLOSES)
    l->state = CLOSED;
  if ((replies[reply].effect & MISTAKE) && ++l->mistakes > LMTP_MISTAKES_MAX)
    say(l, REPLY_MISTAKES);
}

static void forget_transaction(struct lmtp *l) {
  l->mail = false;
  l->message = (struct lmtp_message){0};
  buf_clear(&l->sender);
  if (l->target_room > 64) { /* an idle connection keeps little */
    free(l->targets);
    l->targets = NULL;
    l->target_room = 0;
  }
}

struct lmtp *lmtp_new(const struct lmtp_limits *limits, const char *host) {
  assert(limits->max_recipients > 0);
  struct lmtp *l = must_calloc(1, sizeof(*l));
  l->limits = *limits;
  if (l->limits.command_max < LMTP_COMMAND_LEAST)
    l->limits.command_max = LMTP_COMMAND_LEAST;
  l->host = must_strdup(host);
  l->line = BUF_INIT(l->limits.command_max);
  l->sender = BUF_INIT(LMTP_PATH_MAX);
  l->output = BUF_INIT(LMTP_OUTPUT_MAX + 4096 + 128 * (size_t)limits->max_recipients);
  buf_printf(&l->output, "220 %s Deskbell LMTP\r\n", l->host);
  return l;
}

void lmtp_free(struct lmtp **l) {
  if (!l || !*l)
    return;
  buf_free(&(*l)->line);
  buf_free(&(*l)->sender);
  buf_free(&(*l)->output);
  free((*l)->targets);
  free((*l)->host);
  free(*l);
  *l = NULL;
}

/* Commands */

static int on_lhlo(struct lmtp *l, struct slice argument) {
  if (!argument.len) {
    say(l, REPLY_SYNTAX);
    return GO_ON;
  }
  forget_transaction(l);
  l->greeted = true;
  buf_printf(&l->output,
             "250-%s\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
             "250 SIZE %" PRIu64 "\r\n", l->host, l->limits.max_size);
  return GO_ON;
}

static int on_mail(struct lmtp *l, struct slice argument) {
  struct lmtp_sender sender;
  int r = lmtp_read_mail(argument, &sender);
  if (l->mail)
    say(l, REPLY_ALREADY);
  else if (r)
    say(l, r == LMTP_PARAMETER ? REPLY_PARAMETER : REPLY_SYNTAX);
  else if (sender.size > l->limits.max_size)
    say(l, REPLY_TOO_LARGE);
  else {
    forget_transaction(l);
    buf_add_slice(&l->sender, sender.path);
    sender.path = buf_slice(&l->sender);
    l->message.sender = sender;
    l->mail = true;
    say(l, REPLY_SENDER);
    return LMTP_MAIL;
  }
  return GO_ON;
}

static int on_rcpt(struct lmtp *l, struct slice argument) {
  int r = lmtp_read_rcpt(argument, &l->path);
  if (!l->mail)
    say(l, REPLY_SAY_MAIL);
  else if (r)
    say(l, r == LMTP_PARAMETER ? REPLY_PARAMETER : REPLY_SYNTAX);
  else if (l->message.recipients == l->limits.max_recipients)
    say(l, REPLY_TOO_MANY_RECIPIENTS);
  else {
    l->question = OF_RECIPIENT;
    return LMTP_RECIPIENT;
  }
  return GO_ON;
}

static int on_data(struct lmtp *l, struct slice argument) {
  if (argument.len)
    say(l, REPLY_SYNTAX);
  else if (!l->mail)
    say(l, REPLY_SAY_MAIL);
  else if (!l->message.recipients)
    say(l, REPLY_SAY_RCPT);
  else {
    l->question = OF_DATA;
    return LMTP_DATA;
  }
  return GO_ON;
}

static int on_rset(struct lmtp *l, struct slice argument) {
  (void)argument;
  forget_transaction(l);
  say(l, REPLY_RESET);
  return GO_ON;
}

static int on_vrfy(struct lmtp *l, struct slice argument) {
  say(l, argument.len ? REPLY_CANNOT_VERIFY : REPLY_SYNTAX);
  return GO_ON;
}

static const struct {
  int (*handle)(struct lmtp *l, struct slice argument);
  enum reply reply; /* when there is nothing to handle */
  bool after_lhlo;  /* only then */
} commands[] = {
    [VERB_UNKNOWN] = {.reply = REPLY_UNKNOWN_COMMAND},
    [VERB_LHLO] = {.handle = on_lhlo},
    [VERB_HELO] = {.reply = REPLY_NOT_SMTP},
    [VERB_MAIL] = {.handle = on_mail, .after_lhlo = true},
    [VERB_RCPT] = {.handle = on_rcpt, .after_lhlo = true},
    [VERB_DATA] = {.handle = on_data, .after_lhlo = true},
    [VERB_RSET] = {.handle = on_rset},
    [VERB_NOOP] = {.reply = REPLY_NOTHING_DONE},
    [VERB_VRFY] = {.handle = on_vrfy},
    [VERB_QUIT] = {.reply = REPLY_BYE},
    [VERB_FOREIGN] = {.reply = REPLY_FOREIGN},
};

static int obey(struct lmtp *l, struct slice line) {
  struct lmtp_command command;
  lmtp_command_read(line, &command);
  if (commands[command.verb].after_lhlo && !l->greeted) {
    say(l, REPLY_SAY_LHLO);
    return GO_ON;
  }
  if (commands[command.verb].handle)
    return commands[command.verb].handle(l, command.argument);
  say(l, commands[command.verb].reply);
  return GO_ON;
}

/* Moves bytes up to and with the next CRLF into the line. Returns whether it is complete. */
static bool collect_line(struct lmtp *l, struct slice *bytes) {
  if (l->line_done) {
    buf_clear(&l->line);
    l->line_done = l->overlong = l->after_cr = false;
  }
  const char *crlf = NULL;
  size_t len = bytes->len;
  bool complete = l->after_cr && *bytes->at == '\n';
  if (complete)
    len = 1;
  else if ((crlf = memmem(bytes->at, bytes->len, "\r\n", 2)))
    len = (size_t)(crlf - bytes->at) + 2;
  if (!l->overlong && buf_add(&l->line, bytes->at, len))
    l->overlong = true;
  l->after_cr = bytes->at[len - 1] == '\r';
  bytes->at += len;
  bytes->len -= len;
  return l->line_done = complete || crlf;
}

static bool has_stray_bytes(struct slice line) {
  return memchr(line.at, '\r', line.len) || memchr(line.at, '\n', line.len) || memchr(line.at, '\0', line.len);
}

static int next_command(struct lmtp *l, struct slice *bytes) {
  if (l->draining && !l->mail) {
    say(l, REPLY_DRAINING);
    return GO_ON;
  }
  if (l->output.len > LMTP_OUTPUT_MAX)
    return LMTP_WRITE_FIRST;
  if (!bytes->len || !collect_line(l, bytes))
    return LMTP_MORE;
  if (l->overlong) {
    say(l, REPLY_TOO_LONG);
    return GO_ON;
  }
  struct slice line = slice_of(l->line.at, l->line.len - 2);
  if (has_stray_bytes(line)) {
    say(l, REPLY_STRAY_BYTES);
    return GO_ON;
  }
  return obey(l, line);
}

/* Content */

static void say_outcome(struct lmtp *l, const struct lmtp_result *result) {
  if (result->outcome != LMTP_ACCEPTED)
    say(l, of_outcome[result->outcome]);
  else
    buf_printf(&l->output, "250 2.0.0 Taken as %" PRIu64 "\r\n", result->record);
}

static void say_refused(struct lmtp *l) {
  for (size_t i = 0; i < l->message.recipients; i++)
    say(l, of_outcome[l->refused]);
  forget_transaction(l);
  l->state = COMMANDS;
}

static int next_content(struct lmtp *l, struct slice *bytes, struct slice *ret_content) {
  struct slice run;
  switch (lmtp_content_next(&l->content, bytes, &run)) {
  case CONTENT_MORE:
    return LMTP_MORE;
  case CONTENT_RUN:
    if (l->refused)
      return GO_ON;
    l->message.size += run.len;
    if (l->message.size > l->limits.max_size) {
      l->refused = LMTP_TOO_LARGE;
      return LMTP_DISCARD;
    }
    *ret_content = run;
    return LMTP_CONTENT;
  case CONTENT_END:
    break;
  }
  if (l->refused) {
    say_refused(l);
    return GO_ON;
  }
  l->message.bare_line_end = l->content.bare_line_end;
  l->state = WAITING;
  return LMTP_MESSAGE;
}

enum lmtp_event lmtp_next(struct lmtp *l, struct slice *bytes, struct slice *ret_content) {
  assert(l->question == NONE);
  for (int event = GO_ON;;) {
    switch (l->state) {
    case COMMANDS:
      event = next_command(l, bytes);
      break;
    case CONTENT:
      event = next_content(l, bytes, ret_content);
      break;
    case WAITING:
      return LMTP_WAIT;
    case CLOSED:
      return LMTP_CLOSE;
    }
    if (event != GO_ON)
      return (enum lmtp_event)event;
  }
}

/* Answers */

struct slice lmtp_path(const struct lmtp *l) {
  assert(l->question == OF_RECIPIENT);
  return l->path;
}

static void add_target(struct lmtp *l, uint32_t target) {
  if (l->message.recipients == l->target_room) {
    l->target_room = l->target_room ? 2 * l->target_room : 8;
    l->targets = must_realloc(l->targets, l->target_room * sizeof(*l->targets));
  }
  l->targets[l->message.recipients++] = target;
}

void lmtp_answer_recipient(struct lmtp *l, enum lmtp_outcome outcome, uint32_t target) {
  assert(l->question == OF_RECIPIENT);
  l->question = NONE;
  if (outcome == LMTP_ACCEPTED)
    add_target(l, target);
  say(l, outcome == LMTP_ACCEPTED ? REPLY_RECIPIENT : of_outcome[outcome]);
}

void lmtp_answer_data(struct lmtp *l, enum lmtp_outcome outcome) {
  assert(l->question == OF_DATA);
  l->question = NONE;
  if (outcome != LMTP_ACCEPTED) {
    say(l, of_outcome[outcome]);
    forget_transaction(l);
    return;
  }
  say(l, REPLY_GO_AHEAD);
  l->content = (struct lmtp_content){0};
  l->refused = LMTP_ACCEPTED;
  l->state = CONTENT;
}

void lmtp_refuse(struct lmtp *l, enum lmtp_outcome outcome) {
  assert(l->state == CONTENT && outcome != LMTP_ACCEPTED);
  l->refused = outcome;
}

const struct lmtp_message *lmtp_message(const struct lmtp *l) {
  return &l->message;
}

void lmtp_answer_message(struct lmtp *l, const struct lmtp_result *results, size_t count) {
  assert(l->state == WAITING);
  l->state = COMMANDS;
  for (size_t i = 0; i < l->message.recipients; i++) {
    assert(l->targets[i] < count);
    say_outcome(l, &results[l->targets[i]]);
  }
  forget_transaction(l);
}

/* The end */

void lmtp_drain(struct lmtp *l) {
  l->draining = true;
}

void lmtp_timeout(struct lmtp *l) {
  if (l->state != CLOSED)
    say(l, REPLY_IDLE);
}

struct slice lmtp_busy_greeting(void) {
  return SLICE("421 4.3.2 Too many connections, try again later\r\n");
}

struct buf *lmtp_output(struct lmtp *l) {
  return &l->output;
}

bool lmtp_waiting(const struct lmtp *l) {
  return l->state == WAITING;
}

bool lmtp_in_transaction(const struct lmtp *l) {
  return l->mail;
}
