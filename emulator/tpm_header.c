/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_header.h"

#include <endian.h>
#include <string.h>

#define SET_LOCALITY_CODE 0x20001000u
#define SET_LOCALITY_SIZE (VTPM_TPM_HEADER_SIZE + 1)

enum
{
  TAG_OFFSET = 0,
  SIZE_OFFSET = 2,
  CODE_OFFSET = 6,
};

static const struct
{
  uint16_t response_tag;
  uint32_t refusals[VTPM_TPM_REFUSE_FAILURE + 1];
} families[] = {
  [VTPM_TPM_2_0] = {
    .response_tag = 0x8001, /* TPM_ST_NO_SESSIONS */
    .refusals = {
      [VTPM_TPM_REFUSE_SIZE] = 0x142,
      [VTPM_TPM_REFUSE_LOCALITY] = 0x907,
      [VTPM_TPM_REFUSE_FAILURE] = 0x101,
    },
  },
  [VTPM_TPM_1_2] = {
    .response_tag = 0x00c4, /* TPM_TAG_RSP_COMMAND */
    .refusals = {
      [VTPM_TPM_REFUSE_SIZE] = 0x19,
      [VTPM_TPM_REFUSE_LOCALITY] = 0x3d,
      [VTPM_TPM_REFUSE_FAILURE] = 0x9,
    },
  },
};

static uint32_t
read_u32 (const uint8_t *bytes)
{
  uint32_t value;

  memcpy (&value, bytes, sizeof (value));
  return be32toh (value);
}

static void
write_u32 (uint32_t value, uint8_t *bytes)
{
  value = htobe32 (value);
  memcpy (bytes, &value, sizeof (value));
}

bool
vtpm_tpm_header_read (const uint8_t *message, size_t length, struct vtpm_tpm_header *header)
{
  uint16_t tag;

  if (length < VTPM_TPM_HEADER_SIZE)
    return false;
  memcpy (&tag, message + TAG_OFFSET, sizeof (tag));
  header->tag = be16toh (tag);
  header->size = read_u32 (message + SIZE_OFFSET);
  header->code = read_u32 (message + CODE_OFFSET);
  return true;
}

void
vtpm_tpm_header_write (const struct vtpm_tpm_header *header, uint8_t message[VTPM_TPM_HEADER_SIZE])
{
  uint16_t tag = htobe16 (header->tag);

  memcpy (message + TAG_OFFSET, &tag, sizeof (tag));
  write_u32 (header->size, message + SIZE_OFFSET);
  write_u32 (header->code, message + CODE_OFFSET);
}

bool
vtpm_tpm_is_set_locality (const uint8_t *command, size_t length, uint8_t *locality)
{
  struct vtpm_tpm_header header;

  if (!vtpm_tpm_header_read (command, length, &header) || header.code != SET_LOCALITY_CODE
      || header.size != SET_LOCALITY_SIZE || length != SET_LOCALITY_SIZE)
    return false;
  *locality = command[VTPM_TPM_HEADER_SIZE];
  return true;
}

static void
write_response (enum vtpm_tpm_version version, uint32_t code,
                uint8_t response[VTPM_TPM_HEADER_SIZE])
{
  const struct vtpm_tpm_header header = {
    .tag = families[version].response_tag,
    .size = VTPM_TPM_HEADER_SIZE,
    .code = code,
  };

  vtpm_tpm_header_write (&header, response);
}

void
vtpm_tpm_success_response (enum vtpm_tpm_version version, uint8_t response[VTPM_TPM_HEADER_SIZE])
{
  write_response (version, 0, response);
}

void
vtpm_tpm_refusal_response (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal,
                           uint8_t response[VTPM_TPM_HEADER_SIZE])
{
  write_response (version, families[version].refusals[refusal], response);
}
