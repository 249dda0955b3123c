/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "engine_pcr_banks.h"

#include "big_endian.h"
#include "tpm_header.h"

#define CAP_PCRS 5u

/* TPMI_ALG_HASH of each bank.  */
static const uint16_t algorithms[] = {
  [VTPM_PCR_SHA1] = 0x0004,
  [VTPM_PCR_SHA256] = 0x000b,
  [VTPM_PCR_SHA384] = 0x000c,
  [VTPM_PCR_SHA512] = 0x000d,
};

#define ALGORITHM_COUNT (sizeof (algorithms) / sizeof (algorithms[0]))

static unsigned int
bank_of (uint16_t algorithm)
{
  for (size_t i = 0; i < ALGORITHM_COUNT; i++)
    if (algorithms[i] == algorithm)
      return 1U << i;
  return 0;
}

static int
ask (struct vtpm_engine *engine, const uint8_t **answer, size_t *size, struct vtpm_error **error)
{
  static const uint8_t question[] = {
    0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, /* TPM2_GetCapability, no session */
    0,    0,    0, CAP_PCRS,                   /* capability */
    0,    0,    0, 0,                          /* property */
    0,    0,    0, 1,                          /* propertyCount */
  };
  uint8_t command[sizeof (question)];
  struct vtpm_tpm_header header;

  memcpy (command, question, sizeof (question));
  if (vtpm_engine_process (engine, command, sizeof (command), answer, size, error) < 0)
    return -1;
  if (!vtpm_tpm_header_read (*answer, *size, &header) || header.code != 0)
    return vtpm_error_set_plain (error, EIO, "the TPM does not tell its PCR banks");
  *answer += VTPM_TPM_HEADER_SIZE;
  *size -= VTPM_TPM_HEADER_SIZE;
  return 0;
}

/* moreData, capability, and a TPML_PCR_SELECTION.  A bank without a PCR in it is one
   that there is not.  */
static int
parse (const uint8_t *answer, size_t size, unsigned int *banks)
{
  const uint8_t *end = answer + size;
  const uint8_t *next = answer + 9;
  uint32_t count;

  *banks = 0;
  if (size < 9 || vtpm_get_be32 (answer + 1) != CAP_PCRS)
    return -1;
  for (count = vtpm_get_be32 (answer + 5); count > 0; count--)
    {
      uint16_t algorithm;
      uint8_t octets;

      if (end - next < 3)
        return -1;
      algorithm = vtpm_get_be16 (next);
      octets = next[2];
      next += 3;
      if (end - next < octets)
        return -1;
      for (; octets > 0; octets--)
        if (*next++ != 0)
          *banks |= bank_of (algorithm);
    }
  return 0;
}

int
vtpm_engine_expect_pcr_banks (struct vtpm_engine *engine, unsigned int banks,
                              struct vtpm_error **error)
{
  char has[VTPM_SET_TEXT_SIZE], wanted[VTPM_SET_TEXT_SIZE];
  const uint8_t *answer;
  unsigned int found;
  size_t size;

  if (ask (engine, &answer, &size, error) < 0)
    return -1;
  if (parse (answer, size, &found) < 0)
    return vtpm_error_set_plain (error, EBADMSG, "the TPM does not tell its PCR banks");
  if (found != banks)
    return vtpm_error_set_plain (error, EINVAL, "the TPM has the PCR banks %s, not %s",
                                 vtpm_pcr_banks_format (found, has),
                                 vtpm_pcr_banks_format (banks, wanted));
  return 0;
}
