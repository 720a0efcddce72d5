/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver_smtp.h"
#include "base/point.h"
#include "compose.h"
#include "relay.h"
#include <stdio.h>
#include <stdlib.h>

enum { LINGER_MS = 2000, FILES_MAX = 50 };

struct deliver_smtp {
  const struct config *config;
  deliver_smtp_blob *blob;
  struct outbound *store;
  struct smtp_pool *pool;
  struct relay relay;
  struct attempt *all;
};

/* One try. Its message belongs to the store until outbound_done(). */
struct attempt {
  struct smtp_mail mail; /* first */
  struct attempt *above, *below;
  struct deliver_smtp *d;
  const outbound_message *m;
  char id[OUTBOUND_ID_LEN + 1];
  char from[RELAY_ADDRESS_ROOM];
  char *to[1 + FILES_MAX];
  struct buf bytes;
};

const char *deliver_smtp_destination(void *arg, const outbound_message *m) {
  struct deliver_smtp *d = arg;
  const struct channel_config *c = config_channel(d->config, slice_text(m->channel));
  return c && c->kind == CHANNEL_EMAIL && d->pool && relay_own_address(c) ? d->relay.destination : NULL;
}

bool deliver_smtp_resend(void *arg, const outbound_message *m) {
  struct deliver_smtp *d = arg;
  const struct channel_config *c = config_channel(d->config, slice_text(m->channel));
  /* One acknowledgement too few is better than one too many. */
  return m->kind == DESKBELL__V1__OUTBOUND_KIND__REPLY && c && c->unsure == UNSURE_AGAIN;
}

/* ---- in a worker thread: from message to bytes */

static int read_attachment(const struct deliver_smtp *d, const Deskbell__V1__Attachment *a, struct buf *ret) {
  if (!a->blob || a->blob->sha256.len != SHA256_BYTES)
    return BLOB_ABSENT;
  return d->blob(d->config, a->blob->sha256.data, ret);
}

static bool say(struct smtp_mail *mail, enum outbound_outcome outcome, const char *why) {
  mail->outcome = outcome;
  mail->relay_down = false;
  snprintf(mail->why, sizeof(mail->why), "%s", why);
  mail->code[0] = '\0';
  return false;
}

static bool compose(struct attempt *a, const struct channel_config *c, const struct slice *files) {
  char reply_to[RELAY_ADDRESS_ROOM];
  const char *why, *address = relay_own_address(c);
  relay_with_token(address, a->m->reply_token, reply_to);
  const struct compose_sender sender = {.address = slice_text(address), .name = slice_text(c->from_name),
                                        .reply_to = *a->m->reply_token ? slice_text(reply_to) : SLICE("")};
  a->bytes = BUF_INIT(COMPOSE_MAX);
  if (compose_mail(a->m, &sender, files, &a->bytes, &why) != 0)
    return say(&a->mail, OUTBOUND_FAILED, why);
  a->mail.bytes = buf_slice(&a->bytes);
  return true;
}

static bool prepare(void *arg, struct smtp_mail *mail) {
  struct attempt *a = (struct attempt *)mail;
  const struct channel_config *c = config_channel(a->d->config, slice_text(a->m->channel));
  struct buf files[FILES_MAX];
  struct slice slices[FILES_MAX];
  size_t count = 0;
  bool good = c && relay_own_address(c);
  (void)arg;
  POINT("smtp.prepare");
  if (!good)
    return say(mail, OUTBOUND_FAILED, "its channel has no address to write from");
  if (a->m->n_attachments > FILES_MAX)
    return say(mail, OUTBOUND_FAILED, "it has more than 50 attachments");
  for (; good && count < a->m->n_attachments; count++) {
    files[count] = BUF_INIT(COMPOSE_MAX);
    int r = read_attachment(a->d, a->m->attachments[count], &files[count]);
    slices[count] = buf_slice(&files[count]);
    if (r)
      good = say(mail, r < 0 ? OUTBOUND_DEFERRED : OUTBOUND_FAILED,
                 r < 0 ? "an attachment cannot be read just now" : "an attachment is not in the store any more, or damaged");
  }
  if (good)
    good = compose(a, c, slices);
  for (size_t i = 0; i < count; i++)
    buf_free(&files[i]);
  return good;
}

/* ---- in the loop */

static void free_attempt(struct attempt *a) {
  *(a->above ? &a->above->below : &a->d->all) = a->below;
  if (a->below)
    a->below->above = a->above;
  buf_free(&a->bytes);
  free(a);
}

void deliver_smtp_attempt(void *arg, const char *id, const outbound_message *m, uint32_t attempt) {
  struct deliver_smtp *d = arg;
  struct attempt *a = must_calloc(1, sizeof(*a));
  const struct channel_config *c = config_channel(d->config, slice_text(m->channel));
  const char *address = c ? relay_own_address(c) : NULL;
  (void)attempt;
  snprintf(a->id, sizeof(a->id), "%s", id);
  a->d = d;
  a->m = m;
  a->below = d->all;
  if (d->all)
    d->all->above = a;
  d->all = a;
  bool reply = m->kind == DESKBELL__V1__OUTBOUND_KIND__REPLY;
  if (reply && address)
    relay_with_token(address, m->reply_token, a->from);
  a->to[0] = m->to;
  size_t count = 1;
  for (size_t i = 0; i < m->n_cc && count < sizeof(a->to) / sizeof(a->to[0]); i++)
    a->to[count++] = m->cc[i];
  a->mail = (struct smtp_mail){.from = a->from, .to = a->to, .to_count = count, .never_notify = !reply};
  smtp_pool_send(d->pool, &a->mail);
}

static void on_committed(void *arg) {
  struct attempt *a = arg;
  POINT("smtp.committed");
  smtp_pool_commit(a->d->pool, &a->mail);
}

static void on_committing(void *arg, struct smtp_mail *mail) {
  struct deliver_smtp *d = arg;
  struct attempt *a = (struct attempt *)mail;
  outbound_committing(d->store, a->id, on_committed, a);
}

static void on_done(void *arg, struct smtp_mail *mail) {
  struct deliver_smtp *d = arg;
  struct attempt *a = (struct attempt *)mail;
  const struct outbound_result result = {.outcome = mail->outcome, .why = mail->why, .code = mail->code,
                                         .destination_down = mail->relay_down};
  char id[OUTBOUND_ID_LEN + 1];
  memcpy(id, a->id, sizeof(id));
  outbound_done(d->store, id, &result);
  free_attempt(a);
}

/* ---- life */

int deliver_smtp_open(uv_loop_t *loop, const struct config *config, deliver_smtp_blob *blob, struct deliver_smtp **ret,
                      struct complaint *complaint) {
  struct deliver_smtp *d = must_calloc(1, sizeof(*d));
  const struct smtp_pool_user user = {.prepare = prepare, .committing = on_committing, .done = on_done, .arg = d};
  d->config = config;
  d->blob = blob;
  int r = 0;
  if (*config->smtp.host) {
    r = relay_open(config, &d->relay, complaint);
    if (r == 0) {
      r = smtp_pool_open(loop, &d->relay.smtp, d->relay.run, config->smtp.workers, LINGER_MS, &user, &d->pool);
      if (r < 0)
        complain(complaint, "", 0, 0, "threads for the relay cannot be started: %s", strerror(-r));
    }
  }
  if (r < 0) {
    deliver_smtp_close(&d);
    return r;
  }
  *ret = d;
  return 0;
}

void deliver_smtp_serve(struct deliver_smtp *d, struct outbound *store) {
  d->store = store;
}

void deliver_smtp_close(struct deliver_smtp **deliverer) {
  if (!deliverer || !*deliverer)
    return;
  struct deliver_smtp *d = *deliverer;
  *deliverer = NULL;
  smtp_pool_close(&d->pool);
  while (d->all)
    free_attempt(d->all);
  relay_close(&d->relay);
  free(d);
}
