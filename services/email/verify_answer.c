/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_answer.h"
#include "mail_event.h"

static bool is_ref(const event_blob *b, const struct blob_ref *ref) {
  return b->size == ref->size && b->sha256.len == SHA256_BYTES &&
         memcmp(b->sha256.data, ref->sha256, SHA256_BYTES) == 0;
}

/* A mail's blobs are few; a hostile one's are bounded by PARSER_BLOBS_MAX and mostly named in order. */
static bool is_stored(const event_blob *b, const struct blob_ref *blobs, size_t count, size_t *hint) {
  if (!b)
    return true;
  for (size_t i = 0; i < count; i++) {
    size_t at = (*hint + i) % count;
    if (is_ref(b, &blobs[at])) {
      *hint = at + 1;
      return true;
    }
  }
  return false;
}

static bool all_stored(const contact_event *e, const struct blob_ref *blobs, size_t count) {
  size_t hint = 0;
  for (size_t i = 0; i < e->n_attachments; i++)
    if (!is_stored(e->attachments[i]->blob, blobs, count, &hint))
      return false;
  return is_stored(e->text_blob, blobs, count, &hint) && is_stored(e->html, blobs, count, &hint);
}

bool answer_believable(struct slice packed, const struct event_id *id, const struct mail_record *record,
                       const struct blob_ref *blobs, size_t blob_count, struct arena *a, const char **ret_why) {
  contact_event *e;
  char text[EVENT_ID_LEN + 1];
  event_id_text(id, text);
  *ret_why = "The answer is not an event.";
  if (event_unpack(packed, a, &e, ret_why) != 0)
    return false;
  *ret_why = "The event has another id than its answer.";
  if (strcmp(e->id, text) != 0)
    return false;
  *ret_why = "The event speaks for another channel.";
  if (!slice_equal(slice_text(e->channel), record->channel) || strcmp(e->channel_kind, "email") != 0)
    return false;
  *ret_why = "The event came another way.";
  if (!mail_event_came_so(e, record))
    return false;
  *ret_why = "The event names another original.";
  if (!e->original || !is_ref(e->original, &record->original))
    return false;
  *ret_why = "The event names bytes that were not handed over.";
  return all_stored(e, blobs, blob_count);
}
