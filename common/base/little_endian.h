/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-width numbers in stored and piped bytes. */
#ifndef BASE_LITTLE_ENDIAN_H
#define BASE_LITTLE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

static inline void put_le(void *at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    ((uint8_t *)at)[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t get_le(const void *at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++)
    value |= (uint64_t)((const uint8_t *)at)[i] << (8 * i);
  return value;
}

#endif
