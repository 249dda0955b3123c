/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_BIG_ENDIAN_H
#define OCI_VTPM_BIG_ENDIAN_H

/* Numbers in TPM messages and in state files: big endian, at any address.  */

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
vtpm_get_be16 (const uint8_t *bytes)
{
  uint16_t number;

  memcpy (&number, bytes, sizeof (number));
  return be16toh (number);
}

static inline uint32_t
vtpm_get_be32 (const uint8_t *bytes)
{
  uint32_t number;

  memcpy (&number, bytes, sizeof (number));
  return be32toh (number);
}

static inline uint64_t
vtpm_get_be64 (const uint8_t *bytes)
{
  uint64_t number;

  memcpy (&number, bytes, sizeof (number));
  return be64toh (number);
}

/* These return where the next thing goes.  */

static inline uint8_t *
vtpm_put_be16 (uint8_t *to, uint16_t number)
{
  number = htobe16 (number);
  memcpy (to, &number, sizeof (number));
  return to + sizeof (number);
}

static inline uint8_t *
vtpm_put_be32 (uint8_t *to, uint32_t number)
{
  number = htobe32 (number);
  memcpy (to, &number, sizeof (number));
  return to + sizeof (number);
}

static inline uint8_t *
vtpm_put_be64 (uint8_t *to, uint64_t number)
{
  number = htobe64 (number);
  memcpy (to, &number, sizeof (number));
  return to + sizeof (number);
}

#endif
