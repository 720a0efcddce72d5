/* SPDX-License-Identifier: Apache-2.0 */
/* BER and not DER: Outlook and OpenSSL stream, so lengths may be unsaid and the content may come in thousands of
 * pieces. */
#include "mime/smime.h"

enum { TAG_SEQUENCE = 0x30, TAG_OID = 0x06, TAG_FIRST = 0xA0, TAG_OCTETS = 0x04, TAG_OCTET_PIECES = 0x24 };

struct ber {
  const uint8_t *at, *end;
};

struct element {
  uint8_t tag;
  bool unsaid;  /* its end is marked by two zeros */
  size_t len;   /* of what is left when it is unsaid or claims too much */
};

/* Reads tag and length; `b` then stands at the content. */
static bool open_element(struct ber *b, struct element *ret) {
  if (b->end - b->at < 2 || (b->at[0] & 0x1F) == 0x1F) /* tags of several bytes do not occur where we look */
    return false;
  ret->tag = *b->at++;
  uint8_t first = *b->at++;
  ret->unsaid = first == 0x80;
  ret->len = first < 0x80 ? first : 0;
  size_t bytes = first > 0x80 ? first & 0x7Fu : 0;
  if (bytes > sizeof(size_t) || bytes > (size_t)(b->end - b->at))
    return false;
  for (; bytes; bytes--)
    ret->len = ret->len << 8 | *b->at++;
  size_t left = (size_t)(b->end - b->at);
  if (ret->unsaid || ret->len > left)
    ret->len = left;
  return true;
}

static bool is_end(const struct element *e) {
  return e->tag == 0 && e->len == 0;
}

/* Over one element, whatever is in it: depth is a number, not a stack. */
static bool skip_element(struct ber *b) {
  struct element e;
  size_t open = 0;
  do {
    if (!open_element(b, &e))
      return false;
    if (e.unsaid)
      open++;
    else if (open && is_end(&e))
      open--;
    else
      b->at += e.len;
  } while (open);
  return true;
}

/* Into the next element, which must have that tag. */
static bool enter(struct ber *b, uint8_t tag) {
  struct element e;
  if (!open_element(b, &e) || e.tag != tag)
    return false;
  b->end = b->at + e.len;
  return true;
}

static enum smime kind_of(struct slice oid) {
  static const struct {
    struct slice oid;
    enum smime kind;
  } kinds[] = {
      {{"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02", 9}, SMIME_SIGNED},
      {{"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03", 9}, SMIME_ENCRYPTED},
      {{"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06", 9}, SMIME_ENCRYPTED},
      {{"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17", 11}, SMIME_ENCRYPTED}, /* with authentication, RFC 5083 */
      {{"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09", 11}, SMIME_COMPRESSED},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (slice_equal(oid, kinds[i].oid))
      return kinds[i].kind;
  return SMIME_BROKEN;
}

/* The pieces of a constructed octet string; pieces may be in pieces themselves, which changes nothing. */
static bool join_pieces(struct reading *r, struct ber b, bool unsaid, struct slice *ret) {
  struct element e;
  size_t size = (size_t)(b.end - b.at), len = 0, open = unsaid;
  char *out = reading_alloc(r, size + 1);
  if (!out)
    return false;
  while (b.at < b.end && open_element(&b, &e)) {
    if (is_end(&e) && open) {
      if (--open == 0)
        break;
    } else if (e.tag == TAG_OCTETS) {
      memcpy(out + len, b.at, e.len);
      len += e.len;
      b.at += e.len;
    } else if (e.tag == TAG_OCTET_PIECES) {
      open += e.unsaid;
    } else {
      break;
    }
  }
  reading_shrink(r, out, size + 1, len);
  *ret = slice_of(out, len);
  return true;
}

static enum smime open_signed(struct reading *r, struct ber b, struct slice *ret_inner) {
  struct element e;
  /* SignedData: version, digest algorithms, then what is signed (RFC 5652 5.1). */
  if (!enter(&b, TAG_SEQUENCE) || !skip_element(&b) || !skip_element(&b) || !enter(&b, TAG_SEQUENCE) ||
      !skip_element(&b))
    return SMIME_BROKEN;
  if (!enter(&b, TAG_FIRST))
    return SMIME_DETACHED;
  if (!open_element(&b, &e))
    return SMIME_BROKEN;
  b.end = b.at + e.len;
  if (e.tag == TAG_OCTETS)
    *ret_inner = slice_of(b.at, e.len);
  else if (e.tag != TAG_OCTET_PIECES || !join_pieces(r, b, e.unsaid, ret_inner))
    return SMIME_BROKEN;
  return ret_inner->len ? SMIME_SIGNED : SMIME_DETACHED;
}

enum smime smime_open(struct reading *r, struct slice bytes, struct slice *ret_inner) {
  struct ber b = {(const uint8_t *)bytes.at, (const uint8_t *)bytes.at + bytes.len};
  struct element oid;
  if (!enter(&b, TAG_SEQUENCE) || !open_element(&b, &oid) || oid.tag != TAG_OID)
    return SMIME_BROKEN;
  enum smime kind = kind_of(slice_of(b.at, oid.len));
  b.at += oid.len;
  if (kind != SMIME_SIGNED)
    return kind;
  return enter(&b, TAG_FIRST) ? open_signed(r, b, ret_inner) : SMIME_BROKEN;
}
