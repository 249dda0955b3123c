/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "engine_pcr_banks.h"

#include "expect_error.h"
#include "manufacture.h"

#define SHA1_AND_SHA512 (1U << VTPM_PCR_SHA1 | 1U << VTPM_PCR_SHA512)

static struct vtpm_engine *
start_tpm_with (unsigned int banks)
{
  const struct vtpm_manufacture_spec spec = { .version = VTPM_TPM_2_0, .pcr_banks = banks };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  struct vtpm_engine_state state = { 0 };
  struct vtpm_engine *engine = NULL;

  assert_success (vtpm_manufacture (&spec, NULL, &permanent, &error));
  state.permanent = permanent.data;
  state.permanent_size = permanent.size;
  assert_success (vtpm_engine_new (VTPM_TPM_2_0, &state, &engine, &error));
  assert_success (vtpm_engine_start (engine, &error));
  return engine;
}

Test (engine_pcr_banks, are_as_made)
{
  static const unsigned int sets[] = {
    1U << VTPM_PCR_SHA1, 1U << VTPM_PCR_SHA256, 1U << VTPM_PCR_SHA384, 1U << VTPM_PCR_SHA512,
    SHA1_AND_SHA512,     0xf,
  };

  for (size_t i = 0; i < sizeof (sets) / sizeof (sets[0]); i++)
    {
      _cleanup_engine_ struct vtpm_engine *engine = start_tpm_with (sets[i]);

      assert_success (vtpm_engine_expect_pcr_banks (engine, sets[i], &error));
    }
}

/* One too many is as wrong as one too few.  */
Test (engine_pcr_banks, have_to_be_the_same)
{
  _cleanup_engine_ struct vtpm_engine *engine = start_tpm_with (SHA1_AND_SHA512);

  expect_error (vtpm_engine_expect_pcr_banks (engine, 1U << VTPM_PCR_SHA512, &error), EINVAL,
                "the TPM has the PCR banks sha1,sha512, not sha512");
  expect_error (vtpm_engine_expect_pcr_banks (engine, 0xf, &error), EINVAL,
                "has the PCR banks sha1,sha512, not sha1,sha256,sha384,sha512");
}

Test (engine_pcr_banks, are_asked_of_a_started_tpm)
{
  const struct vtpm_engine_state nothing = { 0 };
  _cleanup_engine_ struct vtpm_engine *engine = NULL;

  assert_success (vtpm_engine_new (VTPM_TPM_2_0, &nothing, &engine, &error));
  expect_error (vtpm_engine_expect_pcr_banks (engine, 0xf, &error), EIO,
                "does not tell its PCR banks");
}
