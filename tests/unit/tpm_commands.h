/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TEST_TPM_COMMANDS_H
#define OCI_VTPM_TEST_TPM_COMMANDS_H

/*
 * TPM commands, as hexadecimal text, for the tests of the emulator.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tpm_header.h"
#include "tpm_version.h"

#define PASSWORD_AUTH "00000009" "40000009" "0000" "00" "0000"
#define DIGEST_20 "0102030405060708090a0b0c0d0e0f1011121314"
#define DIGEST_32 DIGEST_20 "15161718191a1b1c1d1e1f20"

/* The commands that both families have, each in its own form.  */
struct tpm_commands
{
  const char *get_capability; /* the manufacturer */
  const char *get_random;     /* eight bytes */
  const char *read_pcr_10;
  const char *extend_pcr_10;
  const char *extend_pcr_17;  /* needs locality 2, 3 or 4 */
  const char *set_locality;   /* without the locality itself */
  uint32_t wrong_locality;    /* code of the answer at the wrong one */
  uint32_t wrong_size;        /* code of the answer to a wrong size */
  uint32_t wrong_tag;
  uint32_t not_started;
};

static const struct tpm_commands tpm_commands[] = {
  [VTPM_TPM_2_0] = {
    .get_capability = "8001" "00000016" "0000017a" "00000006" "00000105" "00000001",
    .get_random = "8001" "0000000c" "0000017b" "0008",
    .read_pcr_10 = "8001" "00000014" "0000017e" "00000001" "000b" "03" "000400",
    .extend_pcr_10 = "8002" "00000041" "00000182" "0000000a" PASSWORD_AUTH
                     "00000001" "000b" DIGEST_32,
    .extend_pcr_17 = "8002" "00000041" "00000182" "00000011" PASSWORD_AUTH
                     "00000001" "000b" DIGEST_32,
    .set_locality = "8002" "0000000b" "20001000",
    .wrong_locality = 0x907,
    .wrong_size = 0x142,
    .wrong_tag = 0x84, /* what libtpms says: TPM_RC_VALUE */
    .not_started = 0x100,
  },
  [VTPM_TPM_1_2] = {
    .get_capability = "00c1" "00000016" "00000065" "00000005" "00000004" "00000103",
    .get_random = "00c1" "0000000e" "00000046" "00000008",
    .read_pcr_10 = "00c1" "0000000e" "00000015" "0000000a",
    .extend_pcr_10 = "00c1" "00000022" "00000014" "0000000a" DIGEST_20,
    .extend_pcr_17 = "00c1" "00000022" "00000014" "00000011" DIGEST_20,
    .set_locality = "00c1" "0000000b" "20001000",
    .wrong_locality = 0x3d,
    .wrong_size = 0x19,
    .wrong_tag = 0x1e,
    .not_started = 0x26,
  },
};

/* Turns TEXT into bytes and returns their number.  */
static inline size_t
tpm_command_bytes (const char *text, uint8_t *bytes)
{
  size_t size = strlen (text) / 2;

  for (size_t i = 0; i < size; i++)
    {
      const char pair[] = { text[2 * i], text[2 * i + 1], '\0' };

      bytes[i] = (uint8_t) strtoul (pair, NULL, 16);
    }
  return size;
}

static inline uint32_t
tpm_response_code (const uint8_t *response, size_t size)
{
  struct vtpm_tpm_header header;

  if (!vtpm_tpm_header_read (response, size, &header) || header.size != size)
    return UINT32_MAX;
  return header.code;
}

#endif
