/* SPDX-License-Identifier: Apache-2.0 */
/* A header as an outsider may write it below the operator's own field, which says that everything failed: nothing may
 * come of it. And a header alone, whose sender may be believed only when a field of the trusted name stands in it. */
#include "mime/authenticity.h"
#include "mime/address_list.h"
#include "mime/own.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *const ids[] = {(char[]){"mx.desk.example"}};
static char *const mine[] = {(char[]){"support@desk.example"}, (char[]){"@help.desk.example"}};
#define FAILED                                                                                                         \
  "Authentication-Results: mx.desk.example; dmarc=fail header.from=x.example; spf=fail smtp.mailfrom=x; dkim=fail\n"   \
  "Received: from outside by mx.desk.example\n"

static contact_event *read_header(struct reading *r, struct slice raw, const struct mime_own *own) {
  const struct mime_trust trust = {.authserv_ids = ids, .authserv_id_count = 1, .own = own};
  struct address_list list = {0};
  struct mail_header h;
  header_read(r, raw, &h);
  contact_event *e = event_new(r->arena);
  address_list_read(r, header_value(r, &h, "From"), &list);
  e->from = list.count ? list.parties[0] : event_party_new(r->arena);
  authenticity_read(r, &h, &trust, SLICE("joe@customer.example"), e);
  authenticity_look(r, own, "x@reply.example", e);
  if (r->failed)
    abort();
  return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct slice raw = slice_of(data, size);
  struct mime_own *own = mime_own_new(mine, 2);
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  const contact_event *e = read_header(&r, raw, own);
  if (*e->from->verified && (!e->authenticity || !*e->from->address || strcmp(e->authenticity->dmarc, "fail") == 0))
    abort();
  if (e->authenticity && strcasecmp(e->authenticity->authserv_id, ids[0]) != 0)
    abort();
  struct buf forged = BUF_INIT(sizeof(FAILED) + size);
  buf_add_text(&forged, FAILED);
  buf_add_slice(&forged, raw);
  e = read_header(&r, buf_slice(&forged), own);
  if (!e->authenticity || *e->from->verified || strcmp(e->authenticity->dmarc, "fail") != 0)
    abort();
  buf_free(&forged);
  arena_free(&r.arena);
  mime_own_free(&own);
  return 0;
}
