/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/answer.h"
#include "text/address.h"
#include "text/utf8.h"
#include "token/token.h"

enum { MESSAGE_ID_MAX = 990 }; /* a line of RFC 5322 less its name; longer ones are none */

answer_message *answer_new(struct arena *a) {
  answer_message *m = arena_alloc(a, sizeof(*m));
  if (m)
    deskbell__v1__outbound_message__init(m);
  return m;
}

/* SE-12: nothing a customer sent may break out of a header field. */
static bool usable_id(const char *id) {
  size_t len = strlen(id);
  if (len == 0 || len > MESSAGE_ID_MAX)
    return false;
  for (size_t i = 0; i < len; i++)
    if (id[i] <= ' ' || id[i] == 0x7F || id[i] == '<' || id[i] == '>') /* above ASCII is negative: not either */
      return false;
  return true;
}

struct ids {
  char *list[ANSWER_REFERENCES_MAX];
  size_t count;
};

/* Beyond the limit the second goes: the first and the last 20 stay. One that is there already moves to the end. */
static void add_id(struct ids *ids, char *id) {
  if (!usable_id(id))
    return;
  size_t at = 0;
  while (at < ids->count && strcmp(ids->list[at], id) != 0)
    at++;
  if (at == ids->count && ids->count == ANSWER_REFERENCES_MAX)
    at = 1;
  if (at < ids->count) {
    memmove(&ids->list[at], &ids->list[at + 1], (ids->count - at - 1) * sizeof(ids->list[0]));
    ids->count--;
  }
  ids->list[ids->count++] = id;
}

/* TH-10: its References, or its single In-Reply-To, and itself; the conversation's root in any case. */
static int fill_thread(const Deskbell__V1__ThreadHints *h, const struct answer_options *o, struct arena *a,
                       answer_message *m) {
  struct ids ids = {.count = 0};
  char *root = arena_copy(a, o->root);
  if (!root)
    return -ENOMEM;
  bool named = false;
  for (size_t i = 0; h && i < h->n_references; i++)
    named = named || strcmp(h->references[i], root) == 0;
  if (!named)
    add_id(&ids, root);
  for (size_t i = 0; h && i < h->n_references; i++)
    add_id(&ids, h->references[i]);
  if (h && h->n_references == 0 && h->n_in_reply_to == 1)
    add_id(&ids, h->in_reply_to[0]);
  if (h && usable_id(h->message_id)) {
    add_id(&ids, h->message_id);
    m->in_reply_to = h->message_id;
  }
  m->references = arena_alloc(a, sizeof(ids.list));
  if (!m->references)
    return -ENOMEM;
  memcpy(m->references, ids.list, sizeof(ids.list));
  m->n_references = ids.count;
  return 0;
}

static int fill_ids(const struct answer_options *o, struct arena *a, answer_message *m) {
  char id[TOKEN_MESSAGE_ID_MAX + 1], token[TOKEN_REPLY_LEN + 1];
  int r = token_message_id_make(o->secret, o->channel, o->conversation, o->unique, o->domain, id);
  if (r < 0)
    return r;
  token_reply_make(o->secret, o->channel, o->conversation, token);
  m->message_id = arena_copy(a, slice_text(id));
  m->reply_token = arena_copy(a, slice_of(token, TOKEN_REPLY_LEN));
  return m->message_id && m->reply_token ? 0 : -ENOMEM;
}

static int fill_mail(const contact_event *event, const struct answer_options *o, struct arena *a, answer_message *m) {
  char *address, *key;
  int r = address_email(a, slice_text(m->to), &address, &key);
  if (r)
    return r == ADDRESS_INVALID ? ANSWER_NO_ADDRESS : r;
  m->to = address;
  m->to_key = key;
  m->subject = answer_subject(a, slice_text(event->subject));
  if (!m->subject)
    return -ENOMEM;
  r = fill_thread(event->thread, o, a, m);
  return r < 0 ? r : fill_ids(o, a, m);
}

int answer_to(const contact_event *event, const struct answer_options *o, struct arena *a, answer_message *m) {
  const event_party *from = event->from;
  if (!from || !from->address[0] || !from->key[0] || strpbrk(from->address, "\n\t"))
    return ANSWER_NO_ADDRESS;
  m->channel = arena_copy(a, o->channel);
  m->conversation = arena_copy(a, o->conversation);
  m->to = from->address;
  m->to_key = from->key;
  m->to_name = utf8_one_line(a, slice_text(from->name));
  m->in_answer_to = event->id;
  m->language = event->language;
  if (!m->channel || !m->conversation || !m->to_name)
    return -ENOMEM;
  return o->mail ? fill_mail(event, o, a, m) : 0;
}

int answer_pack(const answer_message *m, struct buf *ret) {
  size_t len = deskbell__v1__outbound_message__get_packed_size(m);
  char *at;
  buf_clear(ret);
  if (len > ANSWER_MAX_BYTES || buf_reserve(ret, len, &at))
    return ANSWER_TOO_LARGE;
  deskbell__v1__outbound_message__pack(m, (uint8_t *)at);
  buf_advance(ret, len);
  return 0;
}
