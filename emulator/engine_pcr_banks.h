/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_ENGINE_PCR_BANKS_H
#define OCI_VTPM_ENGINE_PCR_BANKS_H

#include "manufacture_spec.h"
#include "tpm_engine.h"

/* Asks a started TPM 2.0 for its PCR banks (TPM 2.0 Library, part 3, 30.2,
   TPM_CAP_PCRS).  Others than BANKS are an error that names both.  */
int vtpm_engine_expect_pcr_banks (struct vtpm_engine *engine, unsigned int banks,
                                  struct vtpm_error **error);

#endif
