/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include <openssl/evp.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static const char hex_digits[] = "0123456789abcdef";

void hex_encode(const void *bytes, size_t len, char *ret) {
  const uint8_t *b = bytes;
  for (size_t i = 0; i < len; i++) {
    ret[2 * i] = hex_digits[b[i] >> 4];
    ret[2 * i + 1] = hex_digits[b[i] & 15];
  }
  ret[2 * len] = '\0';
}

void base64_encode(const void *bytes, size_t len, char *ret) {
  EVP_EncodeBlock((unsigned char *)ret, bytes, (int)len);
}

void base32_encode(const void *bytes, size_t len, char *ret) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  const uint8_t *b = bytes;
  unsigned bits = 0, have = 0;
  for (size_t i = 0; i < len; i++) {
    bits = bits << 8 | b[i];
    have += 8;
    while (have >= 5) {
      have -= 5;
      *ret++ = digits[bits >> have & 31];
    }
  }
  if (have)
    *ret++ = digits[bits << (5 - have) & 31];
  *ret = '\0';
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

int hex_decode(struct slice text, void *ret, size_t len, size_t *ret_len) {
  uint8_t *out = ret;
  if (text.len % 2 || text.len / 2 > len)
    return -EINVAL;
  for (size_t i = 0; i < text.len; i += 2) {
    int high = hex_value(text.at[i]), low = hex_value(text.at[i + 1]);
    if (high < 0 || low < 0)
      return -EINVAL;
    out[i / 2] = (uint8_t)(high << 4 | low);
  }
  *ret_len = text.len / 2;
  return 0;
}

static int base64_value(char c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct slice text, void *ret, size_t len, size_t *ret_len) {
  uint8_t *out = ret;
  if (text.len % 4)
    return -EINVAL;
  size_t pad = 0;
  while (pad < 2 && pad < text.len && text.at[text.len - 1 - pad] == '=')
    pad++;
  size_t size = text.len / 4 * 3 - pad;
  if (size > len)
    return -EINVAL;
  unsigned bits = 0, have = 0;
  size_t n = 0;
  for (size_t i = 0; i < text.len - pad; i++) {
    int v = base64_value(text.at[i]);
    if (v < 0)
      return -EINVAL;
    bits = bits << 6 | (unsigned)v;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out[n++] = (uint8_t)(bits >> have);
    }
  }
  if (n != size || (have && (bits & ((1u << have) - 1))))
    return -EINVAL; /* bits left over: not what an encoder writes */
  *ret_len = n;
  return 0;
}

int percent_decode(struct slice text, bool plus, struct buf *ret) {
  char *at;
  int r = buf_reserve(ret, text.len, &at);
  if (r)
    return r;
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.at[i];
    if (c == '+' && plus) {
      c = ' ';
    } else if (c == '%' && i + 2 < text.len && hex_value(text.at[i + 1]) >= 0 && hex_value(text.at[i + 2]) >= 0) {
      c = (char)(hex_value(text.at[i + 1]) << 4 | hex_value(text.at[i + 2]));
      i += 2;
    }
    at[n++] = c;
  }
  buf_advance(ret, n);
  return 0;
}

int percent_encode(struct slice text, struct buf *ret) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.at[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                 c == '_' || c == '~';
    int r = plain ? buf_add_char(ret, c) : buf_printf(ret, "%%%02X", (unsigned)(uint8_t)c);
    if (r)
      return r;
  }
  return 0;
}

/* Bit by bit: the portable form, also what the machine instruction is tested against. */
static uint32_t crc32c_portable(uint32_t crc, const uint8_t *b, size_t len) {
  while (len--) {
    crc ^= *b++;
    for (int i = 0; i < 8; i++)
      crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
  }
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_machine(uint32_t crc, const uint8_t *b, size_t len) {
  uint64_t wide = crc;
  for (; len >= 8; len -= 8, b += 8) {
    uint64_t word;
    memcpy(&word, b, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = (uint32_t)wide;
  while (len--)
    crc = _mm_crc32_u8(crc, *b++);
  return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2"))
    return ~crc32c_machine(~crc, bytes, len);
#endif
  return ~crc32c_portable(~crc, bytes, len);
}
